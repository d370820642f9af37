"""What the two players lower, as small functions, and what they would reach at their best.

The discriminator returns a logit s for each picture; sigmoid(s) is its belief that it is real.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.check.inputs import device_of


class Loss(NamedTuple):
    """What each player lowers: discriminator(real_logits, fake_logits), generator(fake_logits)."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def cross_entropy_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """- E log D(x) - E log(1 - D(G(z))): say 1 to what is real, 0 to what is not."""
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def minimax_g(fake_logits: Tensor) -> Tensor:
    """E log(1 - D(G(z))), the other end of the same rope; flat where D is sure (it saturates)."""
    return -F.softplus(fake_logits).mean()


def non_saturating_g(fake_logits: Tensor) -> Tensor:
    """- E log D(G(z)): the same optimum, and steep exactly where D is sure."""
    return F.softplus(-fake_logits).mean()


def least_squares_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Half the squared distance to 1 for real, to 0 for generated (Mao et al., 2017)."""
    return ((real_logits - 1).square().mean() + fake_logits.square().mean()) / 2


def least_squares_g(fake_logits: Tensor) -> Tensor:
    """Half the squared distance to 1 (Mao et al., 2017)."""
    return (fake_logits - 1).square().mean() / 2


def wasserstein_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The difference of two means (Arjovsky et al., 2017); needs a critic that is not too steep."""
    return fake_logits.mean() - real_logits.mean()


def wasserstein_g(fake_logits: Tensor) -> Tensor:
    """- E D(G(z)) (Arjovsky et al., 2017); the hinge loss shares it."""
    return -fake_logits.mean()


def hinge_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """No reward beyond a margin of 1 on either side (Lim and Ye, 2017)."""
    return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()


LOSSES = {
    "minimax": Loss(cross_entropy_d, minimax_g),
    "non-saturating": Loss(cross_entropy_d, non_saturating_g),
    "least-squares": Loss(least_squares_d, least_squares_g),
    "wasserstein": Loss(wasserstein_d, wasserstein_g),
    "hinge": Loss(hinge_d, wasserstein_g),
}


def optimal_discriminator(p: Tensor, q: Tensor) -> Tensor:
    """The best answer against a generator that stands still: p / (p + q), from two densities."""
    return p / (p + q)


def gradient_penalty(
    discriminator: Callable[..., Tensor],
    real: Tensor,
    fake: Tensor,
    *labels: Tensor,
    rng: torch.Generator | None = None,
) -> Tensor:
    """How far the critic's slope is from 1 between real and fake (Gulrajani et al., 2017).

    Args:
        real, fake: two batches of the same shape (N, ...); labels: what D listens to, if it does.
    """
    shape, device = (len(real), *[1] * (real.dim() - 1)), device_of(rng)
    share = torch.rand(shape, generator=rng, device=device).to(real)
    between = torch.lerp(real.detach(), fake.detach(), share).requires_grad_(True)
    scores = discriminator(between, *labels)
    (slope,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
    # The tiny number keeps the root's own derivative finite where the slope is zero.
    return ((slope.flatten(1).square().sum(1) + 1e-12).sqrt() - 1).square().mean()
