"""Checks for the exercises of 4.4, Other models, remaining weak spots."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def price() -> Checks:
    """For `price(w, b, x, y, eps)`: the slope of the adversarial logistic loss in ||w||_1."""
    rng = torch.Generator().manual_seed(0)
    x = torch.rand(50, 6, generator=rng)
    y = torch.where(torch.rand(50, generator=rng) < 0.5, 1.0, -1.0)
    w, b, eps = torch.randn(6, generator=rng), torch.tensor(0.2), 0.3

    def slope(w, b) -> float:
        extra = torch.zeros((), requires_grad=True)
        loss = F.softplus(-(y * (x @ w + b) - eps * (w.abs().sum() + extra))).mean()
        return float(torch.autograd.grad(loss, extra)[0])

    return [
        ("one number", lambda f: float(f(w, b, x, y, eps)) >= 0),
        ("at the start, when all weights are zero, it is half of eps",
         lambda f: abs(float(f(0 * w, 0 * b, x, y, eps)) - eps / 2) < 1e-5),
        ("it is the slope of the loss, measured",
         lambda f: abs(float(f(w, b, x, y, eps)) - slope(w, b)) < 1e-5),
        ("an adversary without eps asks for nothing",
         lambda f: abs(float(f(w, b, x, y, 0.0))) < 1e-7),
    ]  # fmt: skip


def nearest_leaf() -> Checks:
    """For `smallest(x, low, high, answers, y)`: a tree's exact smallest L-inf change."""
    low = torch.tensor([[0.0, 0.0], [0.5, 0.0], [0.5, 0.6]])
    high = torch.tensor([[0.5, 1.0], [1.0, 0.6], [1.0, 1.0]])
    answers = torch.tensor([0, 1, 0])
    made = once(lambda f: f(torch.tensor([0.8, 0.3]), low, high, answers, 1))
    return [
        ("from (0.8, 0.3), a 1: both ways out cost 0.3",
         lambda f: abs(float(made(f)) - 0.3) < 1e-6),
        ("the largest move of a pixel counts, and the nearest leaf: 0.1 from (0.6, 0.4)",
         lambda f: abs(float(f(torch.tensor([0.6, 0.4]), low, high, answers, 1)) - 0.1) < 1e-6),
        ("both pixels have to move: 0.3, not 0.3 + 0.2",
         lambda f: abs(float(f(torch.tensor([0.2, 0.8]), low, high, answers, 0)) - 0.3) < 1e-6),
        ("a picture that is misread already needs no change",
         lambda f: float(f(torch.tensor([0.2, 0.8]), low, high, answers, 1)) == 0),
    ]  # fmt: skip


def one_purse() -> Checks:
    """For `worst(margins, length, purse)`: hinge losses against one budget for all pictures."""
    margins = torch.tensor([2.0, 0.5, -1.0, 3.0])

    def hinge(m):
        return (1 - m).clamp_min(0)

    best = max(float(hinge(margins - 0.3 * 4.0 * torch.eye(4)[k]).sum()) for k in range(4))
    far = torch.tensor([5.0, 4.0])
    return [
        ("one picture is inside the margin: all of purse * length is added",
         lambda f: abs(float(f(margins, 4.0, 0.3)) - best) < 1e-5),
        ("an empty purse leaves the loss alone",
         lambda f: abs(float(f(margins, 4.0, 0.0)) - float(hinge(margins).sum())) < 1e-6),
        ("where all are far from the margin, part of the purse is lost on the way",
         lambda f: abs(float(f(far, 4.0, 1.0)) - 1.0) < 1e-6),
        ("and a small purse buys nothing", lambda f: abs(float(f(far, 4.0, 0.5))) < 1e-6),
    ]  # fmt: skip
