"""Checks for the exercises of 3.5, Guarantees."""

from __future__ import annotations

import torch

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once
from tutlib.risk.smoothing import clopper_pearson


def verdict() -> Checks:
    """For `verdict(lowest, found)`: "proved", "fooled" or "unknown"."""
    return [
        ("a bound above zero proves", lambda f: f(0.5, 2.0) == "proved"),
        ("an attack below zero has fooled the net", lambda f: f(-3.0, -0.1) == "fooled"),
        ("a bound below zero alone says nothing", lambda f: f(-3.0, 2.0) == "unknown"),
        ("level is not above: nothing is proved at zero", lambda f: f(0.0, 1.0) == "unknown"),
    ]


def widths() -> Checks:
    """For `box_through(W, b, low, high)`: a box through a linear layer."""
    generator = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(4, 6, generator=generator), torch.randn(4, generator=generator)
    low = torch.rand(6, generator=generator) - 0.5
    high = low + torch.rand(6, generator=generator)
    corners = torch.cartesian_prod(*torch.stack([low, high], 1))  # all 64
    outputs = corners @ weight.T + bias
    made = once(lambda f: f(weight, bias, low, high))
    return [
        ("it gives two ends, a number for each output",
         lambda f: [tuple(end.shape) for end in made(f)] == [(4,), (4,)]),
        ("no corner of the box falls below the lower end",
         lambda f: (made(f)[0] <= outputs.amin(0) + 1e-5).all()),
        ("and none rises above the upper end",
         lambda f: (made(f)[1] >= outputs.amax(0) - 1e-5).all()),
        ("some corner reaches each end",
         lambda f: (made(f)[0] - outputs.amin(0)).abs().max() < 1e-4
         and (made(f)[1] - outputs.amax(0)).abs().max() < 1e-4),
    ]  # fmt: skip


def radius() -> Checks:
    """For `radius(count, draws, sigma, alpha)`: the certified L2 radius of a vote."""

    def expected(count: int, draws: int, sigma: float, alpha: float) -> float:
        share = torch.tensor(clopper_pearson(count, draws, alpha)).double()
        return float(sigma * torch.special.ndtri(share))

    def same(f, *given) -> bool:
        return abs(float(f(*given)) - expected(*given)) < 1e-3

    return [
        ("990 votes of 1000, sigma 0.25", lambda f: same(f, 990, 1000, 0.25, 0.001)),
        ("twice the noise, twice the radius", lambda f: same(f, 990, 1000, 0.5, 0.001)),
        ("a bolder alpha buys a larger radius", lambda f: same(f, 990, 1000, 0.25, 0.05)),
        ("all votes are not a share of one", lambda f: same(f, 100, 100, 0.25, 0.001)),
        ("half of the votes promise nothing", lambda f: float(f(50, 100, 0.25, 0.001)) == 0),
    ]
