"""Checks for the exercises of 2.2, The fast gradient sign method."""

from __future__ import annotations

import torch

from tutlib.check import Checks


def l1_step() -> Checks:
    """For `steepest_l1(g)`, from gradients (N, C, H, W) to steps of L1 length one."""
    g = torch.randn(6, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    largest = g.abs().amax((1, 2, 3))
    return [
        ("the shape is kept", lambda f: f(g).shape == g.shape),
        ("the L1 length of each picture's step is one",
         lambda f: torch.allclose(f(g).abs().sum((1, 2, 3)), torch.ones(6))),
        ("only one pixel of each picture moves",
         lambda f: ((f(g) != 0).sum((1, 2, 3)) == 1).all()),
        ("it promises the largest |g_i|, each picture its own",
         lambda f: torch.allclose((f(g) * g).sum((1, 2, 3)), largest)),
    ]  # fmt: skip


def least_score() -> Checks:
    """For `worst_score(w, x, eps)`: the least <w, x'> of all pictures x' within eps of x."""
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(8, dtype=torch.float64, generator=generator)
    x = torch.rand(8, dtype=torch.float64, generator=generator)
    grey = torch.full_like(x, 0.5)
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 8)

    def agrees(f, x, eps: float) -> bool:
        return abs(f(w, x, eps) - ((x + eps * corners).clamp(0, 1) @ w).min()) < 1e-9

    return [
        ("in the middle, with no wall near, it is the formula",
         lambda f: abs(f(w, grey, 0.1) - (w @ grey - 0.1 * w.abs().sum())) < 1e-9),
        ("with walls near by it agrees with trying every corner (eps 0.3)",
         lambda f: agrees(f, x, 0.3)),
        ("and where every pixel may become anything (eps 1)", lambda f: agrees(f, x, 1.0)),
    ]  # fmt: skip


def colour_step() -> Checks:
    """For `steepest_colour(g)`: every place's colour (N, 3, H, W) moves by a length of one."""
    g = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    lengths = g.norm(dim=1)
    return [
        ("the shape is kept", lambda f: f(g).shape == g.shape),
        ("no place's colour moves further than one",
         lambda f: f(g).norm(dim=1).max() <= 1 + 1e-5),
        ("it promises the sum of all places' gradient lengths",
         lambda f: torch.allclose((f(g) * g).sum((1, 2, 3)), lengths.sum((1, 2)), rtol=1e-4)),
    ]  # fmt: skip
