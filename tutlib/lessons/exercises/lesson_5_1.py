"""Checks for the exercises of 5.1, The two-player game."""

from __future__ import annotations

import torch

from tutlib import gan
from tutlib.check import Checks


def a_thousandth() -> Checks:
    """For `logit`: where the minimax slope is a thousandth of the non-saturating one."""

    def slopes(logit: float) -> list[float]:
        s = torch.tensor(float(logit), dtype=torch.float64, requires_grad=True)
        losses = gan.minimax_g(s), gan.non_saturating_g(s)
        return [abs(torch.autograd.grad(loss, s)[0].item()) for loss in losses]

    def ratio(logit: float) -> float:
        minimax, non_saturating = slopes(logit)
        return non_saturating / minimax

    return [
        ("there D says 'generated', so the logit is negative", lambda logit: logit < 0),
        ("the slopes differ by a factor of 1000", lambda logit: abs(ratio(logit) - 1000) < 10),
    ]


def unequal_shares() -> Checks:
    """For `best_answer(p, q, share)`, where a share of what D sees is real."""
    p, q = torch.tensor([0.1, 0.4, 0.0]), torch.tensor([0.3, 0.4, 0.2])
    equal = gan.optimal_discriminator(p, q)
    return [
        ("with equal shares it is p / (p + q)", lambda f: torch.allclose(f(p, q, 0.5), equal)),
        ("where p = q it answers the share", lambda f: abs(float(f(p, q, 0.9)[1]) - 0.9) < 1e-6),
        ("0.75 of the time real: p = 0.1, q = 0.3 is a draw",
         lambda f: abs(float(f(p, q, 0.75)[0]) - 0.5) < 1e-6),
        ("where nothing real ever falls it answers 0", lambda f: float(f(p, q, 0.9)[2]) == 0),
    ]  # fmt: skip


def spread_column() -> Checks:
    """For `with_spread(x)`: one more column, the same for all, that tells how varied x is."""
    wide = torch.tensor([[0.0, 0.0], [2.0, 4.0], [4.0, 8.0]])
    heap = torch.ones(5, 2, requires_grad=True)

    def slope_is_finite(f) -> bool:
        (slope,) = torch.autograd.grad(f(heap)[:, -1].sum(), heap)
        return bool(torch.isfinite(slope).all())

    expected = wide.std(0).mean()
    return [
        ("it adds one column", lambda f: f(wide).shape == (3, 3)),
        ("and leaves the others alone", lambda f: torch.equal(f(wide)[:, :2], wide)),
        ("all rows get the same number", lambda f: f(wide)[:, 2].std() < 1e-6),
        ("which is the mean of the columns' standard deviations",
         lambda f: torch.allclose(f(wide)[0, 2], expected, atol=1e-3)),
        ("for a heap on one spot it is nearly 0", lambda f: f(heap)[0, -1] < 1e-2),
        ("and still has a gradient there, without NaN", slope_is_finite),
    ]  # fmt: skip
