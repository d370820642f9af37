"""Checks for the exercises of 2.4, One noise for all."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def counting() -> Checks:
    """For `fooling_rate(before, after, y)`: answers without and with the noise, and the truth."""
    y = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2])
    before = torch.tensor([0, 0, 0, 1, 1, 1, 1, 0])  # the last two are wrong already
    after = torch.tensor([0, 2, 2, 1, 2, 1, 1, 0])
    rate = once(lambda f: torch.as_tensor(f(before, after, y)).double())
    return [
        ("three of the six that were right are fooled", lambda f: abs(rate(f) - 0.5) < 1e-6),
        ("no noise fools nobody", lambda f: abs(float(f(before, before, y))) < 1e-6),
        (
            "where all are fooled, the rate is one",
            lambda f: abs(float(f(before, (before + 1) % 3, y)) - 1) < 1e-6,
        ),
    ]


def exact_distance() -> Checks:
    """For `distance(W, b, x, y)`: how far x (D,) is from the nearest boundary of Wx + b, in L2."""
    W = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-3.0, 0.0]])
    b = torch.tensor([0.0, 0.0, 0.5])
    x, y = torch.tensor([0.9, 0.5]), 0
    steep, offset = W * torch.tensor([[1.0], [1.0], [9.0]]), torch.tensor([0.0, 0.0, 22.4])
    # At x class 1 is 0.4 / sqrt(2) away; the steep class 2 has a larger lead, and is nearer.
    return [
        ("the nearest boundary", lambda f: abs(float(f(W, b, x, y)) - 0.4 / 2**0.5) < 1e-5),
        (
            "the smallest lead is not always the nearest boundary",
            lambda f: abs(float(f(steep, offset, x, y)) - 2.8 / 28) < 1e-5,
        ),
        ("another true class", lambda f: abs(float(f(W, b, x.flip(0), 1)) - 0.4 / 2**0.5) < 1e-5),
    ]  # fmt: skip


def towards_one_class(eps: float = 0.35) -> Checks:
    """For `one_noise_to(model, x, target, eps, steps, step_size)`: L-inf, from zero."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(48, 24), nn.Tanh(), nn.Linear(24, 4))
        x = torch.rand(30, 3, 4, 4) * 0.5 + 0.25
    target = int(model(x).mean(0).argmin())  # where nobody goes by chance
    made: Callable[[Callable], Tensor] = once(
        lambda f: f(model, x, target, eps, 20, eps / 8).detach()
    )

    def arrive(delta: Tensor) -> float:
        said = model((x + delta).clamp(0, 1)).argmax(1)
        return float((said == target).float().mean())

    return [
        ("one noise for all: its shape is (1, 3, 4, 4)", lambda f: made(f).shape == (1, 3, 4, 4)),
        ("no pixel of it is larger than eps", lambda f: made(f).abs().max() <= eps + 1e-6),
        ("at least nine in ten are sent to the target", lambda f: arrive(made(f)) >= 0.9),
    ]
