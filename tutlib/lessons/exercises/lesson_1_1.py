"""Checks for the exercises of 1.1, Diving right in."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import legal, once

EPS = 2 / 255


def l2_projection() -> Checks:
    """For `project_l2(delta, eps)`."""
    generator = torch.Generator().manual_seed(0)
    long = torch.randn(1, 3, 8, 8, generator=generator)
    short = 0.01 * long / long.norm()
    return [
        ("a short delta stays as it is", lambda f: torch.allclose(f(short, 0.5), short)),
        ("a long delta is cut to length eps", lambda f: abs(f(long, 0.5).norm() - 0.5) < 1e-5),
        (
            "and keeps its direction",
            lambda f: torch.cosine_similarity(f(long, 0.5).flatten(), long.flatten(), 0) > 0.9999,
        ),
        (
            "projecting twice is projecting once",
            lambda f: torch.allclose(f(f(long, 0.5), 0.5), f(long, 0.5), atol=1e-6),
        ),
    ]


def sky_attack(net, x: Tensor, y: int, eps: float = 4 * EPS, rows: int = 75) -> Checks:
    """For `attack_the_sky(net, x, y, eps)`, where only the upper rows may change."""
    attacked = once(lambda attack: attack(net, x, y, eps))

    return [
        (
            f"nothing below row {rows} has changed",
            lambda f: torch.equal(attacked(f)[:, :, rows:], x[:, :, rows:]),
        ),
        *legal(attacked, x, eps),
        (
            f"the net is less than half as sure as before (eps {eps * 255:g}/255)",
            lambda f: net.prob(attacked(f), y) < 0.5 * net.prob(x, y),
        ),
    ]


def gradient_free(net, x: Tensor, y: int, calls: int = 300) -> Checks:
    """For `without_gradient(ask, x, eps, calls)`; compared with `calls` tosses of coins."""
    asked = 0

    def ask(picture: Tensor) -> float:
        nonlocal asked
        asked += 1
        return float(net.prob(picture, y))

    attacked = once(lambda attack: attack(ask, x, EPS, calls))

    def best_of_the_coins() -> float:
        generator = torch.Generator().manual_seed(1)
        coins = (torch.rand(x.shape, generator=generator).to(x).round() * 2 - 1 for _ in range(50))
        return min(float(net.prob((x + EPS * coin).clamp(0, 1), y)) for coin in coins)

    return [
        *legal(attacked, x, EPS),
        (f"it asked at most {calls} times (and one to begin with)", lambda f: asked <= calls + 1),
        (
            "the net is less sure than after any of 50 coin-toss pictures",
            lambda f: float(net.prob(attacked(f), y)) < best_of_the_coins(),
        ),
    ]
