"""Checks for the exercises of 4.1, Min-max."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib import nets, training
from tutlib.balls import Linf
from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once
from tutlib.training import points


def robust_loss(eps: float = 0.1) -> Checks:
    """For `robust_loss(w, b, x, y, eps)`: the exact worst logistic loss of a linear net."""
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(30, generator=generator)
    x = torch.rand(8, 30, generator=generator)
    y = torch.tensor([1.0, -1.0] * 4)

    def by_trying(w: Tensor) -> Tensor:
        return F.softplus(-(y * (x @ w + 0.3) - eps * w.abs().sum()))

    def gap(f) -> Tensor:
        moved = x + eps * (2 * torch.rand(2000, *x.shape, generator=generator) - 1)
        return (f(w, 0.3, x, y, eps) - F.softplus(-y * (moved @ w + 0.3))).min()

    def slopes(f) -> tuple[Tensor, Tensor]:
        v = w.clone().requires_grad_(True)
        pair = (f(v, 0.3, x, y, eps).sum(), by_trying(v).sum())
        return tuple(torch.autograd.grad(value, v)[0] for value in pair)

    return [
        ("one loss for each picture", lambda f: f(w, 0.3, x, y, eps).shape == (8,)),
        ("2,000 random perturbations find nothing worse", lambda f: gap(f) >= -1e-5),
        (
            "and it is reached: the bound is exact",
            lambda f: torch.allclose(f(w, 0.3, x, y, eps), by_trying(w), atol=1e-5),
        ),
        ("the gradient over w is right", lambda f: torch.allclose(*slopes(f), atol=1e-4)),
    ]


def corners(eps: float = 0.065) -> Checks:
    """For `corners(model, x, y, generator=None)`, an inner maximiser for points in the plane."""
    x, y = points.points_apart(14, 0.15, seed=0)
    with torch.random.fork_rng(devices=[]):  # a check takes no chance from the notebook around it
        torch.default_generator.manual_seed(0)
        net = nets.mlp(2, 100, 100, 100, 2)
    moved = once(lambda inner: inner(net, x, y))

    def losses(points: Tensor) -> Tensor:
        with torch.no_grad():
            return F.cross_entropy(net(points), y, reduction="none")

    signs = eps * torch.cartesian_prod(torch.tensor([-1.0, 1.0]), torch.tensor([-1.0, 1.0]))

    def trained(inner) -> float:
        training.fit(net, x, y, inner=inner, epochs=300, batch=14, lr=4e-3, progress=False)
        return points.right_in_squares(net, x, y, eps)

    return [
        (
            "each point stays in its square",
            lambda f: Linf(eps).norm(moved(f) - x).max() < eps + 1e-6,
        ),
        (
            "no corner has a higher loss than the one you chose",
            lambda f: all(bool((losses(moved(f)) >= losses(x + s) - 1e-6).all()) for s in signs),
        ),
        ("300 epochs with it get nine of ten whole squares right", lambda f: trained(f) >= 0.9),
    ]
