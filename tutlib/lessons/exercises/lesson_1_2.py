"""Checks for the exercises of 1.2, Notation and losses."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.check import Checks


def from_the_loss() -> Checks:
    """For `from_the_loss(loss)`, which returns (p_y, lead)."""

    def agrees(f, lead: float) -> bool:
        p = 1 / (1 + math.exp(-lead))
        return torch.allclose(
            torch.tensor(f(-math.log(p)), dtype=torch.float64),
            torch.tensor((p, lead), dtype=torch.float64), rtol=1e-4,
        )  # fmt: skip

    return [
        ("a loss of log 10: a tenth, and the odds are 1 to 9",
         lambda f: agrees(f, -math.log(9))),
        ("a loss of log 2: half and half, and a lead of 0",
         lambda f: abs(f(math.log(2))[0] - 0.5) < 1e-6 and abs(f(math.log(2))[1]) < 1e-6),
        ("right for a net that is sure and right", lambda f: agrees(f, 7.0)),
        ("right for a net that is sure and wrong", lambda f: agrees(f, -12.0)),
    ]  # fmt: skip


def log_softmax() -> Checks:
    """For `log_softmax(z)`, from logits (N, K) to log-probabilities (N, K)."""
    calm = torch.randn(20, 5, generator=torch.Generator().manual_seed(0))
    wild = torch.tensor([[1000.0, 0.0, -1000.0], [-500.0, -501.0, -502.0]])
    return [
        ("right for calm logits",
         lambda f: torch.allclose(f(calm), calm.log_softmax(1), atol=1e-5)),
        ("right for wild ones", lambda f: torch.allclose(f(wild), wild.log_softmax(1), atol=1e-3)),
        ("the probabilities still add up to one",
         lambda f: torch.allclose(f(wild).exp().sum(1), torch.ones(2))),
    ]  # fmt: skip


def mixed_truth() -> Checks:
    """For `mixed_gradient(W, b, x, t)`: the gradient over x of -sum_k t_k log p_k, z = Wx + b."""
    generator = torch.Generator().manual_seed(0)
    W, b, x = (torch.randn(*shape, generator=generator) for shape in ((4, 6), (4,), (6,)))
    mixed, sure = torch.tensor([0.1, 0.6, 0.0, 0.3]), torch.eye(4)[2]

    def agrees(f, W: Tensor, t: Tensor) -> bool:
        leaf = x.clone().requires_grad_()
        (wanted,) = torch.autograd.grad(F.cross_entropy((W @ leaf + b)[None], t[None]), leaf)
        return torch.allclose(f(W, b, x, t), wanted, rtol=1e-3, atol=1e-4)

    return [
        ("agrees with autograd where the truth is one class", lambda f: agrees(f, W, sure)),
        ("and where it is a mixture", lambda f: agrees(f, W, mixed)),
        ("for very large logits, too", lambda f: agrees(f, 500 * W, mixed)),
        ("nothing is left where the net says just what is true",
         lambda f: f(W, b, x, (W @ x + b).softmax(0)).abs().max() < 1e-5),
    ]  # fmt: skip
