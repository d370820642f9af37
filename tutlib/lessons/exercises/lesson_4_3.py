"""Checks for the exercises of 4.3, Twelve defences that failed."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once

DRAWS = 400


def few_levels() -> Checks:
    """For `posterised(x)`: four grey levels forward, the slope of the picture itself back."""
    x = torch.tensor([[0.0, 0.1, 0.2, 0.45], [0.6, 0.8, 0.9, 1.0]])
    levels = torch.tensor([[0.0, 0.0, 1.0, 1.0], [2.0, 2.0, 3.0, 3.0]]) / 3

    def slope(f) -> Tensor:
        with torch.enable_grad():
            leaf = x.clone().requires_grad_()
            value = (f(leaf) * torch.arange(8.0).view(2, 4)).sum()
            if not value.requires_grad:
                return torch.zeros_like(x)
            return torch.autograd.grad(value, leaf)[0]

    return [
        ("the result has the shape of `x`", lambda f: f(x).shape == x.shape),
        (
            "every pixel goes to the nearest of 0, 1/3, 2/3 and 1",
            lambda f: (f(x) - levels).abs().max() < 1e-6,
        ),
        (
            "the slope that comes back is the one that came in, as if nothing had been rounded",
            lambda f: (slope(f) - torch.arange(8.0).view(2, 4)).abs().max() < 1e-6,
        ),
    ]


class _Shaky(nn.Module):
    """A net that plays dice: one pixel of two is covered, each half of the time."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
        self.passes = 0

    def forward(self, x: Tensor) -> Tensor:
        self.passes += len(x)
        return (x * (torch.rand_like(x) < 0.5)) @ self.weight.T


def mean_slope() -> Checks:
    """For `mean_slope(model, x, y, draws)`: the mean over draws of each picture's own slope."""
    x, y = torch.tensor([[0.3, 0.4], [0.5, 0.1], [0.2, 0.9]]), torch.tensor([0, 1, 0])

    def asked(f, draws: int) -> tuple[Tensor, int]:
        net = _Shaky()
        with torch.random.fork_rng(), torch.enable_grad():
            torch.manual_seed(1)
            return f(net, x, y, draws).detach(), net.passes

    many = once(lambda f: asked(f, DRAWS)[0])
    exact = _expected(x, y)
    return [
        ("one slope for each picture, shaped like it", lambda f: many(f).shape == x.shape),
        (
            "with 5 draws the model is asked five times about each picture",
            lambda f: asked(f, 5)[1] == 5 * len(x),
        ),
        (
            "the mean over many draws is near the true mean slope, which sums over all four cases",
            lambda f: (many(f) - exact).abs().max() < 0.15 * exact.abs().max(),
        ),
    ]


def _expected(x: Tensor, y: Tensor) -> Tensor:
    """The mean slope of `_Shaky`'s cross-entropy, over its four equally likely masks."""
    total, weight = torch.zeros_like(x), _Shaky().weight
    for mask in torch.cartesian_prod(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0])):
        with torch.enable_grad():
            leaf = x.clone().requires_grad_()
            loss = F.cross_entropy((leaf * mask) @ weight.T, y, reduction="sum")
            total += torch.autograd.grad(loss, leaf)[0] / 4
    return total


def report() -> Checks:
    """For `honest(right)`: attack -> (N,) True where still right; to (best attack, worst case)."""
    rows = {
        "one step": torch.tensor([1, 1, 0, 1, 1, 1, 0, 1]).bool(),
        "many steps": torch.tensor([1, 0, 1, 1, 0, 1, 0, 0]).bool(),
        "transfer": torch.tensor([0, 1, 1, 1, 1, 1, 1, 0]).bool(),
    }
    return [
        (
            "the strongest single attack leaves 4 of 8",
            lambda f: abs(float(f(rows)[0]) - 4 / 8) < 1e-6,
        ),
        (
            "only two pictures stand under every attack",
            lambda f: abs(float(f(rows)[1]) - 2 / 8) < 1e-6,
        ),
        (
            "with one attack both numbers are the same",
            lambda f: [float(v) for v in f({"one": rows["one step"]})] == [6 / 8, 6 / 8],
        ),
    ]
