"""Checks for the exercises of 5.5, Asked-for pictures."""

from __future__ import annotations

import torch

from tutlib.check import Checks


def best_logit() -> Checks:
    """For `best_logit(p, q)`: tables (C, X), row c is p(x | c), or q(x | c)."""
    p = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    q = torch.tensor([[0.25, 0.5, 0.25], [0.4, 0.4, 0.2]])
    mixed = p.flip(0)  # the right pictures, each for the wrong wish

    return [
        ("where both are equal, it is 0", lambda f: torch.allclose(f(p, p), 0 * p, atol=1e-6)),
        ("twice as likely among the real ones: log 2", lambda f: _near(f(p, q)[0, 0], 0.6931)),
        ("half as likely: minus log 2", lambda f: _near(f(p, q)[0, 1], -0.6931)),
        ("it objects to a right picture for the wrong wish",
         lambda f: bool((f(p, mixed).abs() > 0.5).any())),
    ]  # fmt: skip


def _near(value, wanted: float) -> bool:
    return abs(float(value) - wanted) < 1e-3


def same_bag() -> Checks:
    """For `same_bag(a, b)`: the same words, as often, and yet two different birds."""
    pink, black = ("a bird with a pink breast and black wings",
                   "a bird with a black breast and pink wings")  # fmt: skip
    turned = "black wings and a pink breast with a bird"
    return [
        ("pink and black change places: True", lambda f: f(pink, black) is True),
        ("the same bird in another order: False", lambda f: f(pink, turned) is False),
        ("a caption and itself: False", lambda f: f(pink, pink) is False),
        ("other words: False", lambda f: f(pink, "a bird with red wings") is False),
        ("a word more often than before: False",
         lambda f: f("a bird with a red beak and a red crown and yellow wings",
                     "a bird with a red beak and a yellow crown and yellow wings") is False),
    ]  # fmt: skip


def named() -> Checks:
    """For `named_part(logits, wish)`: logits (N, K), wishes (N, K + 1), the last is open."""
    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    eye = torch.eye(4)
    both = logits.log_softmax(1)

    return [
        ("an option that is named: the log of its probability",
         lambda f: torch.allclose(f(logits, eye[[0, 1]]), both[[0, 1], [0, 1]], atol=1e-5)),
        ("what is left open is no question: 0",
         lambda f: torch.allclose(f(logits, eye[[3, 3]]), torch.zeros(2), atol=1e-6)),
        ("one number for each picture", lambda f: f(logits, eye[[0, 3]]).shape == (2,)),
    ]  # fmt: skip
