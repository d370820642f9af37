"""Wishes as rows of numbers, and a judge that also names what it sees (lesson 5.5).

A wish about a bird has one group of numbers for each part that a caption can name. In a group
stands a distribution over the part's options, and the last option is always "left open".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib.gan.larger import SEED, Judge
from tutlib.gan.losses import Loss, hinge_d, wasserstein_g


class Namer(Judge):
    """A judge with a second question: which options does the picture show? (Odena et al., 2017)

    Pictures (N, 3, 64, 64) and wishes (N, told) -> (N, 2): the verdict's logit, and the log of the
    probability that this net gives to the options which the wish names (mean over the groups).

    Args:
        maps: how many there are at 4, 8, 16, 32 and 64 pixels.
        groups: how many numbers of the wish belong to each part; the last of each is "left open".

    Example:
        >>> Namer((4, 4, 4, 2, 2), (3, 4))(torch.rand(5, 3, 64, 64), torch.eye(7)[:5]).shape
        torch.Size([5, 2])
    """

    def __init__(self, maps: Sequence[int], groups: Sequence[int]):
        super().__init__(maps, sum(groups))
        self.groups = tuple(groups)
        self.names = nn.Linear(maps[0] * SEED**2, self.told)

    def forward(self, x: Tensor, wish: Tensor | None = None) -> Tensor:
        seen = self.seen(x)
        verdict = self.weigh(seen, wish)
        guesses = self.names(seen.flatten(1)).split(self.groups, 1)
        wishes = wish.split(self.groups, 1)
        # Only the options are named: what is left open is no question.
        named = [
            (w[:, :-1] * F.log_softmax(guess[:, :-1], 1)).sum(1)
            for guess, w in zip(guesses, wishes)
        ]
        return torch.stack([verdict, torch.stack(named).mean(0)], 1)


def told_as_well(weight: float = 1.0) -> Loss:
    """Hinge loss for `Namer`: real pictures teach it the names, and painted ones must be named.

    Example:
        >>> told_as_well(2.0).generator(torch.tensor([[0.5, -0.25]]))  # -0.5 + 2 * 0.25
        tensor(0.)
    """

    def discriminator(real: Tensor, fake: Tensor) -> Tensor:
        return hinge_d(real[:, 0], fake[:, 0]) - weight * real[:, 1].mean()

    def generator(fake: Tensor) -> Tensor:
        return wasserstein_g(fake[:, 0]) - weight * fake[:, 1].mean()

    return Loss(discriminator, generator)


def wishes_from(factors: Mapping, options: Mapping[str, int]) -> Tensor:
    """One-hot wishes (N, sum of options + 1 each) from numbered factors; -1 is left open.

    Raises:
        ValueError: for a part that the factors lack, or a number that is none of its options.

    Example:
        >>> wishes_from({"beak": torch.tensor([1, -1])}, {"beak": 2})
        tensor([[0., 1., 0.],
                [0., 0., 1.]])
    """
    groups = []
    for part, count in options.items():
        if part not in factors:
            raise ValueError(
                f"the factors lack {part!r}: give a number for each of {list(options)}."
            )
        number = torch.as_tensor(factors[part]).long().flatten()
        if number.numel() and not -1 <= number.min() <= number.max() < count:
            raise ValueError(f"{part} has the options 0 to {count - 1}, and -1 for left open.")
        groups.append(F.one_hot(torch.where(number < 0, count, number), count + 1))
    return torch.cat(groups, 1).float()
