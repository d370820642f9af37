"""Checks for the exercises of 4.5, Virtual adversarial training."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def divergence() -> Checks:
    """For `kl(before, after)`: logits (N, K) twice to KL(p || q), (N,)."""
    one = torch.tensor([[0.0, 0.0], [2.0, 0.0]])
    other = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    got = once(lambda f: f(one, other))
    truth = (one.softmax(1) * (one.log_softmax(1) - other.log_softmax(1))).sum(1)
    return [
        ("one number for each row", lambda f: got(f).shape == (2,)),
        ("it is 0 where nothing has changed", lambda f: f(one, one).abs().max() < 1e-6),
        ("the answer before the move does the weighing", lambda f: (got(f) - truth).abs().max()
         < 1e-5),
    ]  # fmt: skip


def iteration() -> Checks:
    """For `power(H, d, steps)`: a symmetric matrix and a start to a unit vector."""
    H = torch.tensor([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 0.5]])
    start = torch.tensor([0.0, 0.6, 0.8])
    leading = torch.linalg.eigh(H)[1][:, -1]
    one = F.normalize(H @ start, dim=0)

    def close(a: Tensor, b: Tensor) -> bool:
        return bool((a * (a @ b).sign() - b).abs().max() < 1e-4)

    return [
        ("its length is 1", lambda f: abs(float(f(H, start, 3).norm()) - 1) < 1e-5),
        ("one step: the matrix times the start, made one long",
         lambda f: (f(H, start, 1) - one).abs().max() < 1e-5),
        ("after many steps: the leading eigenvector", lambda f: close(f(H, start, 60), leading)),
        ("a huge matrix overflows nothing", lambda f: close(f(1e6 * H, start, 60), leading)),
    ]  # fmt: skip
