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
    """What each player lowers: discriminator(real_logits, fake_logits), generator(fake_logits).

    Example:
        >>> LOSSES["wasserstein"].generator(torch.tensor([1.0, 3.0]))
        tensor(-2.)
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def cross_entropy_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """- E log D(x) - E log(1 - D(G(z))): say 1 to what is real, 0 to what is not.

    Example:
        >>> cross_entropy_d(torch.zeros(4), torch.zeros(4))  # it cannot tell: 2 log 2
        tensor(1.3863)
    """
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def minimax_g(fake_logits: Tensor) -> Tensor:
    """E log(1 - D(G(z))), the other end of the same rope; flat where D is sure (it saturates).

    Example:
        >>> from tutlib.descent import gradient
        >>> gradient(minimax_g, torch.tensor([-7.0]))  # D is sure that it is generated
        tensor([-0.0009])
    """
    return -F.softplus(fake_logits).mean()


def non_saturating_g(fake_logits: Tensor) -> Tensor:
    """- E log D(G(z)): the same optimum, and steep exactly where D is sure.

    Example:
        >>> from tutlib.descent import gradient
        >>> gradient(non_saturating_g, torch.tensor([-7.0]))  # D is just as sure
        tensor([-0.9991])
    """
    return F.softplus(-fake_logits).mean()


def least_squares_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Half the squared distance to 1 for real, to 0 for generated (Mao et al., 2017).

    Example:
        >>> least_squares_d(torch.tensor([1.0]), torch.tensor([2.0]))  # (0 + 4) / 2
        tensor(2.)
    """
    return ((real_logits - 1).square().mean() + fake_logits.square().mean()) / 2


def least_squares_g(fake_logits: Tensor) -> Tensor:
    """Half the squared distance to 1 (Mao et al., 2017).

    Example:
        >>> least_squares_g(torch.tensor([-1.0]))  # 2 * 2 / 2
        tensor(2.)
    """
    return (fake_logits - 1).square().mean() / 2


def wasserstein_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The difference of two means (Arjovsky et al., 2017); needs a critic that is not too steep.

    Example:
        >>> wasserstein_d(torch.tensor([5.0]), torch.tensor([2.0]))
        tensor(-3.)
    """
    return fake_logits.mean() - real_logits.mean()


def wasserstein_g(fake_logits: Tensor) -> Tensor:
    """- E D(G(z)) (Arjovsky et al., 2017); the hinge loss shares it.

    Example:
        >>> wasserstein_g(torch.tensor([2.0, 4.0]))
        tensor(-3.)
    """
    return -fake_logits.mean()


def hinge_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """No reward beyond a margin of 1 on either side (Lim and Ye, 2017).

    Example:
        >>> hinge_d(torch.tensor([9.0]), torch.tensor([-0.5]))  # 0 + 0.5
        tensor(0.5000)
    """
    return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()


LOSSES = {
    "minimax": Loss(cross_entropy_d, minimax_g),
    "non-saturating": Loss(cross_entropy_d, non_saturating_g),
    "least-squares": Loss(least_squares_d, least_squares_g),
    "wasserstein": Loss(wasserstein_d, wasserstein_g),
    "hinge": Loss(hinge_d, wasserstein_g),
}


def optimal_discriminator(p: Tensor, q: Tensor) -> Tensor:
    """The best answer against a generator that stands still: p / (p + q), from two densities.

    Example:
        >>> optimal_discriminator(torch.tensor([0.3, 0.2]), torch.tensor([0.1, 0.2]))
        tensor([0.7500, 0.5000])
    """
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

    Example:
        >>> steep = lambda x: 3 * x.sum(1)  # slope 3 everywhere: (3 - 1)^2
        >>> gradient_penalty(steep, torch.zeros(5, 1), torch.ones(5, 1)).item()
        4.0
    """
    shape, device = (len(real), *[1] * (real.dim() - 1)), device_of(rng)
    share = torch.rand(shape, generator=rng, device=device).to(real)
    between = torch.lerp(real.detach(), fake.detach(), share).requires_grad_(True)
    scores = discriminator(between, *labels)
    (slope,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
    # The tiny number keeps the root's own derivative finite where the slope is zero.
    return ((slope.flatten(1).square().sum(1) + 1e-12).sqrt() - 1).square().mean()
