"""Checks for the exercises of 4.2, Training robust nets."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from tutlib import training
from tutlib.attacks import pgd
from tutlib.balls import L2, Linf
from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def worst_of(net, x: Tensor, y: Tensor, eps: float) -> Checks:
    """For `worst_error(net, x, y, eps)`: a picture is lost if any of several attacks gets it."""
    found = once(lambda f: torch.tensor(float(f(net, x, y, eps))))

    def alone(**options) -> float:
        return 1 - training.accuracy(net, x, y, functools.partial(pgd, ball=Linf(eps), **options))

    return [
        ("it is a share, between 0 and 1", lambda f: 0 <= found(f) <= 1),
        ("no smaller than the clean error", lambda f: found(f) >= 1 - training.accuracy(net, x, y)),
        ("no smaller than the error under FGSM", lambda f: found(f) >= alone(
            steps=1, step_size=eps, random_start=False) - 1e-6),
        ("no smaller than the error under PGD-20", lambda f: found(f) >= alone(steps=20) - 1e-6),
        ("and no larger than PGD-40 with 5 restarts, plus 3 points",
         lambda f: found(f) <= alone(steps=40, restarts=5) + 0.03),
    ]  # fmt: skip


def l2_inner(net, x: Tensor, y: Tensor, eps: float = 1.0) -> Checks:
    """For `inner(model, x, y, generator=None)`: three PGD steps in the L2 ball."""
    moved = once(lambda inner: inner(net, x, y, generator=torch.Generator().manual_seed(0)))

    def loss(pictures: Tensor) -> float:
        with torch.no_grad():
            return float(torch.nn.functional.cross_entropy(net(pictures), y))

    def noisy() -> Tensor:
        return L2(eps).sample(x, torch.Generator().manual_seed(0)).clamp(0, 1)

    return [
        ("it returns pictures", lambda f: moved(f).shape == x.shape and moved(f).min() >= 0
         and moved(f).max() <= 1),
        ("none moved further than eps", lambda f: bool(
            (L2(eps).norm(moved(f) - x) <= eps + 1e-5).all())),
        ("not all moved by the same amount in every pixel, as in an L-inf ball", lambda f: (
            moved(f) - x).abs().amax() > 1.2 * eps / x[0].numel() ** 0.5),
        ("the loss is higher than after random noise", lambda f: loss(moved(f)) > loss(noisy())),
    ]  # fmt: skip


def smallest(net, x: Tensor, y: Tensor, levels: list[float]) -> Checks:
    """For `smallest_eps(net, x, y, levels)`: per picture the first level that is too much."""
    found = once(lambda f: torch.as_tensor(f(net, x, y, levels), dtype=torch.float64).cpu())

    def falls(eps: float, **options) -> Tensor:
        with torch.no_grad():
            return (net(pgd(net, x, y, Linf(eps), **options)).argmax(1) != y).cpu()

    def truly(f) -> float:
        """The share of the answers at which a strong attack agrees that the picture falls."""
        said = [(found(f) - eps).abs() < 1e-6 for eps in levels]
        hits = sum(int((falls(eps, steps=40, restarts=3) & at).sum())
                   for eps, at in zip(levels, said) if at.any())  # fmt: skip
        return hits / max(1, int(sum(at.sum() for at in said)))

    def too_late(f) -> float:
        """The share of pictures that PGD-20 fools at a level below the answer."""
        early = [falls(eps, steps=20) & (found(f) > eps + 1e-6) for eps in levels]
        return torch.stack(early).any(0).double().mean().item()

    return [
        ("one number for each picture", lambda f: found(f).shape == (len(x),)),
        ("each is one of the levels, or infinity", lambda f: all(
            value == torch.inf or min(abs(value - eps) for eps in levels) < 1e-6
            for value in found(f).tolist())),
        ("at that eps the picture falls", lambda f: truly(f) >= 0.9),
        ("and PGD-20 does not fool it at a smaller one", lambda f: too_late(f) <= 0.1),
    ]  # fmt: skip
