"""Checks for the exercises of 2.6, Without looking inside."""

from __future__ import annotations

import torch
from torch import nn

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def crossing() -> Checks:
    """For `crossed(at_home, away)`: who fell at home (N,), who fell away (N,): bools."""
    at_home = torch.tensor([True, True, True, True, False, False])
    away = torch.tensor([True, False, False, False, True, True])
    share = once(lambda f: torch.as_tensor(f(at_home, away)).double())
    return [
        ("of four that fell at home, one falls away", lambda f: abs(share(f) - 0.25) < 1e-6),
        ("where nobody falls twice, the share is zero", lambda f: float(f(at_home, ~at_home)) == 0),
        ("where all cross, the share is one", lambda f: abs(float(f(at_home, at_home)) - 1) < 1e-6),
    ]


def next_questions() -> Checks:
    """For `next_questions(model, x, y, size)`: the step of Jacobian-based augmentation."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 3))
        x = torch.rand(8, 1, 4, 4) * 0.6 + 0.2
        x[0, 0, 0] = torch.tensor([0.0, 1.0, 0.0, 1.0])
    y = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    size = 0.1
    made = once(lambda f: torch.as_tensor(f(model, x.clone(), y, size)).detach())

    def slope() -> torch.Tensor:
        leaf = x.clone().requires_grad_()
        (found,) = torch.autograd.grad(model(leaf).gather(1, y[:, None]).sum(), leaf)
        return found

    return [
        ("as many new pictures as old ones, of their shape", lambda f: made(f).shape == x.shape),
        ("they are pictures: in [0, 1]", lambda f: made(f).min() >= 0 and made(f).max() <= 1),
        (
            "each pixel moves by the size that was asked for (unless it meets black or white)",
            lambda f: torch.allclose((made(f) - x)[1:].abs(), torch.tensor(size), atol=1e-5),
        ),
        (
            "along the sign of the slope of the service's class, uphill",
            lambda f: torch.allclose(made(f), (x + size * slope().sign()).clamp(0, 1), atol=1e-5),
        ),
    ]


def into_the_leaf() -> Checks:
    """For `into_leaf(x, low, high, beyond)`: the point of a leaf's box that is nearest to x."""
    x = torch.tensor([0.1, 0.5, 0.9, 0.5])
    low = torch.tensor([0.4, 0.2, -torch.inf, -torch.inf])
    high = torch.tensor([torch.inf, 0.8, 0.3, torch.inf])
    right = torch.tensor([0.41, 0.5, 0.29, 0.5])
    made = once(lambda f: torch.as_tensor(f(x, low, high, 0.01)))
    return [
        (
            "pixels that are inside already stay",
            lambda f: torch.equal(made(f)[[1, 3]], x[[1, 3]]),
        ),
        (
            "too dark: just above the lower threshold",
            lambda f: abs(float(made(f)[0]) - 0.41) < 1e-5,
        ),
        (
            "too bright: just below the upper threshold",
            lambda f: abs(float(made(f)[2]) - 0.29) < 1e-5,
        ),
        ("all together", lambda f: torch.allclose(made(f).float(), right, atol=1e-5)),
    ]
