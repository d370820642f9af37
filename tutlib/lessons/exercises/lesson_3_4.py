"""Checks for the exercises of 3.4, Wrong almost everywhere."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def other_ground() -> Checks:
    """For `habit(right_at_home, right_moved)`: how many points of accuracy hang on the ground."""
    home = torch.tensor([1, 1, 1, 0, 1, 1, 1, 1]).bool()
    moved = torch.tensor([0, 1, 0, 1, 0, 0, 1, 1]).bool()

    def share(f, *pair: Tensor) -> float:
        return float(torch.as_tensor(f(*pair)).double())

    return [
        (
            "four of eight change from right to wrong, and one from wrong to right",
            lambda f: abs(share(f, home, moved) - 5 / 8) < 1e-6,
        ),
        (
            "no answer changes: nothing hangs on the ground",
            lambda f: abs(share(f, home, home)) < 1e-6,
        ),
        (
            "equally many right on both grounds, and yet answers change",
            lambda f: (
                abs(share(f, torch.tensor([True, False]), torch.tensor([False, True])) - 1) < 1e-6
            ),
        ),
    ]


def rubbish() -> Checks:
    """For `rubbish(model, target, shape, steps, size)`: from the grey picture, by signed steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(48, 24), nn.Tanh(), nn.Linear(24, 4))
    model = model.requires_grad_(False)
    with torch.no_grad():
        # Where nobody is by chance.
        target = int(model(torch.full((1, 3, 4, 4), 0.5)).argmin())
    made = once(lambda f: f(model, target, (1, 3, 4, 4), 30, 0.05).detach())
    one = once(lambda f: f(model, target, (1, 3, 4, 4), 1, 0.05).detach())

    def belief(x: Tensor) -> float:
        with torch.no_grad():
            return float(model(x).softmax(1)[0, target])

    with torch.enable_grad():
        grey = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
        loss = -model(grey).log_softmax(1)[0, target]
        first = (0.5 - 0.05 * torch.autograd.grad(loss, grey)[0].sign()).detach()
    best = first
    for _ in range(29):
        leaf = best.clone().requires_grad_()
        slope = torch.autograd.grad(model(leaf).log_softmax(1)[0, target], leaf)[0]
        best = (best + 0.05 * slope.sign()).clamp(0, 1)
    return [
        ("it is one picture of the shape asked for", lambda f: made(f).shape == (1, 3, 4, 4)),
        (
            "every pixel is between 0 and 1",
            lambda f: made(f).min() >= 0 and made(f).max() <= 1,
        ),
        (
            "the first step moves every pixel of the grey picture by `size`, towards the target",
            lambda f: (one(f) - first).abs().max() < 1e-5,
        ),
        (
            "after thirty steps the net believes in the target as firmly as it can be made to",
            lambda f: belief(made(f)) > belief(best) - 0.02,
        ),
    ]


def radial() -> Checks:
    """For `bumps(x, centres, width)`: (N, D) and (M, D) to the bumps (N, M)."""
    centres = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    x = torch.tensor([[0.0, 0.0], [3.0, 3.0]])
    squared = torch.tensor([[0.0, 25.0, 1.0], [18.0, 1.0, 13.0]])
    got = once(lambda f: f(x, centres, 2.0))
    return [
        ("a row for each picture, a column for each centre", lambda f: got(f).shape == (2, 3)),
        ("a bump is 1 at its centre", lambda f: abs(float(got(f)[0, 0]) - 1) < 1e-6),
        (
            "exp(-distance squared / (2 width squared))",
            lambda f: (got(f) - torch.exp(-squared / 8)).abs().max() < 1e-5,
        ),
        (
            "twice as wide falls off at twice the distance",
            lambda f: (f(2 * x, 2 * centres, 4.0) - got(f)).abs().max() < 1e-5,
        ),
    ]
