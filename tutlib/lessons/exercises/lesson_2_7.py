"""Checks for the exercises of 2.7, The smallest change, and the strongest attack."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.attacks import logit_ratio, third_wish
from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def _logits() -> tuple[Tensor, Tensor]:
    z = torch.tensor([[3.0, 1.0, 2.0, -1.0], [0.5, 4.0, 1.0, 3.5], [-2.0, -1.0, -3.0, -9.0]])
    return z, torch.tensor([0, 3, 1])


def wish() -> Checks:
    """For `wish(z, t)`: z_t minus the largest other logit, for logits (N, K) and targets (N,)."""
    z, t = _logits()
    made = once(lambda f: f(z, t))
    return [
        ("one number for each picture", lambda f: made(f).shape == (3,)),
        ("a leading target leads by so much",
         lambda f: abs(made(f)[0] - 1) < 1e-5),
        ("a target that is behind has a negative value", lambda f: abs(made(f)[1] + 0.5) < 1e-5),
        ("also where all logits are negative", lambda f: abs(made(f)[2] - 1) < 1e-5),
        ("logits alone count: adding ten changes nothing",
         lambda f: torch.allclose(torch.as_tensor(f(z + 10, t)), third_wish(z, t, t), atol=1e-4)),
    ]  # fmt: skip


def ratio() -> Checks:
    """For `ratio(z, y)`: the difference-of-logits ratio of logits (N, K), labels (N,)."""
    z, y = _logits()
    return [
        ("the three pictures", lambda f: torch.allclose(f(z, y), logit_ratio(z, y), atol=1e-5)),
        ("a hundredfold of all logits changes nothing",
         lambda f: torch.allclose(f(100 * z, y), logit_ratio(z, y), atol=1e-5)),
        ("adding ten to all logits changes nothing",
         lambda f: torch.allclose(f(z + 10, y), logit_ratio(z, y), atol=1e-4)),
    ]  # fmt: skip


def tally() -> Checks:
    """For `tally(right, falls)`: who took whom.

    `right` (N,): called right untouched. `falls`: attack -> (N,) pictures that it turns, in order.
    """
    right = torch.tensor([True, True, True, True, False, True])
    one = torch.tensor([True, False, False, False, True, True])
    two = torch.tensor([True, True, False, False, True, False])
    made = once(lambda f: {k: int(v) for k, v in f(right, {"one": one, "two": two}).items()})
    return [
        ("each attack has a count", lambda f: set(made(f)) == {"one", "two"}),
        ("what was wrong already is nobody's", lambda f: made(f)["one"] == 2),
        ("what the first has taken the second cannot take", lambda f: made(f)["two"] == 1),
        ("the order counts",
         lambda f: {k: int(v) for k, v in f(right, {"two": two, "one": one}).items()}
         == {"two": 2, "one": 1}),
    ]  # fmt: skip
