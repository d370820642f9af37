"""Checks for the exercises of 5.3, Walking in latent space."""

from __future__ import annotations

import torch

from tutlib import gan
from tutlib.check import Checks


def _close(found, wanted, slack: float = 1e-4) -> bool:
    found = torch.as_tensor(found, dtype=torch.float32)
    return found.shape == wanted.shape and torch.allclose(found, wanted, atol=slack)


def arc() -> Checks:
    """For `arc(a, b, t)`: ends (d,) of one length, one number t, to a point (d,)."""
    a, b = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 3.0])
    c = torch.tensor([-2.0, 2.0, 1.0])
    third = gan.slerp(a, c, torch.tensor([1 / 3]))[0]
    return [
        ("it begins at a", lambda f: _close(f(a, b, 0.0), a)),
        ("it ends at b", lambda f: _close(f(a, b, 1.0), b)),
        ("half way it is as long as the ends",
         lambda f: abs(float(torch.as_tensor(f(a, b, 0.5)).norm()) - 3) < 1e-4),
        ("after a third of the way it has turned a third of the angle, for ends that are not at "
         "right angles", lambda f: _close(f(a, c, 1 / 3), third)),
    ]  # fmt: skip


def solve() -> Checks:
    """For `solve(a, b, c)`: three sets of z, (N, d) each, to one z (d,)."""
    a = torch.tensor([[1.0, 2.0], [3.0, 2.0]])
    b = torch.tensor([[1.0, 0.0], [1.0, 0.0], [4.0, 3.0]])
    c = torch.tensor([[0.0, 5.0]])
    return [
        ("one z in each term: a - b + c",
         lambda f: _close(f(a[:1], b[:1], c), torch.tensor([0.0, 7.0]))),
        ("sets of different sizes are averaged first",
         lambda f: _close(f(a, b, c), torch.tensor([0.0, 6.0]))),
        ("a and b alike leave c", lambda f: _close(f(a, a, c), c[0])),
    ]  # fmt: skip


def free() -> Checks:
    """For `free(v, w)`: two directions (d,), to the part of v at right angles to w."""
    v, w = torch.tensor([2.0, 1.0, 0.0]), torch.tensor([0.0, 4.0, 3.0])
    return [
        ("what is left is at right angles to w",
         lambda f: abs(float(torch.as_tensor(f(v, w)) @ w)) < 1e-4),
        ("together with a part along w it is v again",
         lambda f: _close(f(v, w), gan.without(v, w[None]))),
        ("what is at right angles already stays",
         lambda f: _close(f(torch.tensor([5.0, 0.0, 0.0]), w), torch.tensor([5.0, 0.0, 0.0]))),
    ]  # fmt: skip
