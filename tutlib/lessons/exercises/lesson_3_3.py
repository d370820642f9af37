"""Checks for the exercises of 3.3, Maps."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def enough() -> Checks:
    """For `times`: how far, in distances, to have a hundred right-angled ways out."""
    return [
        ("with 100 directions each has a tenth of the way out", lambda t: abs(float(t) - 10) < 1e-6)
    ]


def both_ways() -> Checks:
    """For `right_angle(u, seed)`: a random unit direction (d,) at right angles to u (d,)."""
    u = torch.linspace(-1, 2, 50, dtype=torch.float64)
    made = once(lambda f: torch.as_tensor(f(u, 0)).double())
    other = once(lambda f: torch.as_tensor(f(u, 1)).double())
    return [
        ("it is shaped like u", lambda f: made(f).shape == u.shape),
        ("it has length one", lambda f: abs(float(made(f).norm()) - 1) < 1e-5),
        ("it stands at right angles to u", lambda f: abs(float(made(f) @ u)) < 1e-5),
        ("another seed gives another one", lambda f: float((made(f) - other(f)).norm()) > 0.1),
        ("nearly every pixel has a part", lambda f: int((made(f).abs() > 1e-3).sum()) > 40),
    ]


def dealt() -> Checks:
    """For `deal(g, k)`: unit directions (k, d) that share no pixel, with even parts of g (d,)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        g = torch.randn(400, dtype=torch.float64)
    made = once(lambda f: torch.as_tensor(f(g, 16)).double())
    spiky = g.abs().sort(descending=True).values  # in rows from the front, the first takes it all
    sorted_ = once(lambda f: torch.as_tensor(f(spiky, 16)).double())

    def parts(frame: Tensor, way: Tensor) -> Tensor:
        return frame @ way / way.norm()

    return [
        ("sixteen directions", lambda f: made(f).shape == (16, 400)),
        ("each has length one", lambda f: (made(f).norm(dim=1) - 1).abs().max() < 1e-5),
        ("no pixel is used twice", lambda f: ((made(f) != 0).sum(0) <= 1).all()),
        ("none has less than 0.9 of a quarter of g", lambda f: parts(made(f), g).min() > 0.225),
        (
            "also where the large slopes come first",
            lambda f: parts(sorted_(f), spiky).min() > 0.225,
        ),
    ]
