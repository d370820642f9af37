"""Checks for the exercises of 4.6, The universal engineering machine."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.balls import Box
from tutlib.check import Checks
from tutlib.descent import Adam, ascend


def surprise() -> Checks:
    """For `surprise(promises, truths)`: how disappointing is the winner?"""
    promises, truths = torch.tensor([150.0, 190.0, 170.0]), torch.tensor([90.0, 140.0, 171.0])
    kept = torch.tensor([150.0, 160.0, 140.0])
    return [
        (
            "the winner was promised 190 and does 140",
            lambda f: abs(float(f(promises, truths)) - 50) < 1e-4,
        ),
        ("a promise that is kept is no surprise", lambda f: abs(float(f(kept, kept))) < 1e-4),
        (
            "a winner that does better than promised: below zero",
            lambda f: abs(float(f(kept, kept + 3)) + 3) < 1e-4,
        ),
    ]


def homesick() -> Checks:
    """For `homesick(net, table, weight)`: a score that does not like to leave the table."""
    table = torch.tensor([[0.2, 0.2], [0.6, 0.2], [0.4, 0.5]])
    inside, away = table, torch.tensor([[0.2, 0.5], [0.9, 0.6], [1.0, 0.2]])
    distance = torch.tensor([0.2, 0.5, 0.4])  # to the nearest of the three

    def net(x: Tensor) -> Tensor:
        return 100 * x[:, 0]

    def close(a: Tensor, b: Tensor) -> bool:
        return a.shape == b.shape and torch.allclose(a, b, atol=1e-3)

    def end(f, weight: float) -> float:
        score = f(net, table, weight)
        return float(ascend(score, torch.tensor([[0.55, 0.3]]), Box(), Adam(0.01), 150)[0, 0])

    return [
        ("on cars of the table it is the net's promise", lambda f: close(
            f(net, table, 30.0)(inside), net(inside))),
        ("elsewhere: less 30 for each unit of distance to the nearest car", lambda f: close(
            f(net, table, 30.0)(away), net(away) - 30 * distance)),
        ("with a small weight a design climbs to the wall", lambda f: end(f, 30.0) > 0.95),
        ("with a large one it stays at home", lambda f: end(f, 500.0) < 0.7),
    ]  # fmt: skip


def conservative() -> Checks:
    """For `conservative(net, x, y, x_adv, alpha)`: the loss that pushes promises down."""
    x, y = torch.tensor([[0.1, 0.2], [0.3, 0.4]]), torch.tensor([1.0, 3.0])
    x_adv, w = torch.tensor([[0.9, 0.8]]), torch.tensor([1.0, 2.0])

    def net(z: Tensor) -> Tensor:
        return z @ w

    fit = ((net(x) - y) ** 2).mean()
    above = net(x_adv).mean() - net(x).mean()

    def near(value, wanted) -> bool:
        return abs(float(value) - float(wanted)) < 1e-4

    def slope(f) -> Tensor:
        v = w.clone().requires_grad_(True)
        return torch.autograd.grad(f(lambda z: z @ v, x, y, x_adv, 2.0), v)[0]

    def expected() -> Tensor:
        return 2 * ((net(x) - y)[:, None] * x).mean(0) + 2.0 * (x_adv.mean(0) - x.mean(0))

    return [
        (
            "with alpha 0 it is the mean squared error",
            lambda f: near(f(net, x, y, x_adv, 0.0), fit),
        ),
        (
            "with alpha it grows by how much more is promised there than on the table",
            lambda f: near(f(net, x, y, x_adv, 2.0), fit + 2 * above),
        ),
        (
            "its gradient reaches the weights",
            lambda f: torch.allclose(slope(f), expected(), atol=1e-4),
        ),
    ]
