"""Any style: read a painting's code from its statistics, instead of learning it.

A code is nothing but factors and shifts, deviations and means that features shall have. Huang and
Belongie (2017) copy them from the painting's own features. Here, as in Ghiasi et al. (2017), a
linear map makes the code of all norms out of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tutlib.style.extractors import Extractor
from tutlib.style.forward import EPS, Painter

NARROW = 32  # numbers that a painting is told in


def told(extractor: Extractor, painting: Tensor) -> Tensor:
    """Means and deviations of the painting's features in all style layers: (N, numbers).

    Args:
        painting: (N, 3, H, W) in [0, 1].

    Raises:
        TypeError, ValueError: if the extractor cannot look at it, with one sentence.

    Example:
        >>> from tutlib.style.extractors import bundled, crop_net
        >>> net = bundled(crop_net())
        >>> told(net, torch.rand(2, 3, 60, 50)).shape
        torch.Size([2, 1304])
    """
    extractor.check(painting)
    found = []
    for features in extractor(painting, extractor.style_layers).values():
        variance, mean = torch.var_mean(features, (2, 3), correction=0)
        found += [mean, (variance + EPS).sqrt()]
    return torch.cat(found, 1)


class Reader(nn.Module):
    """What is `told` of a painting -> the code (N, numbers) that makes a painter paint like it.

    Args:
        seen: how many numbers are told; numbers: how many a code has; narrow: between the two.

    Example:
        >>> reader = Reader(1304, 822)
        >>> reader(torch.rand(2, 1304)).shape
        torch.Size([2, 822])
    """

    def __init__(self, seen: int, numbers: int, narrow: int = NARROW):
        super().__init__()
        self.register_buffer("centre", torch.zeros(seen))
        self.register_buffer("scale", torch.ones(seen))
        self.summary = nn.Linear(seen, narrow)
        self.spell = nn.Linear(narrow, numbers)
        nn.init.zeros_(self.spell.weight)  # at first every painting has the plain code
        nn.init.zeros_(self.spell.bias)

    @torch.no_grad()
    def fit_summary(self, seen: Tensor) -> None:
        """Summarise by the principal components of what is told of many paintings (K, seen).

        Each is divided by its deviation. They stay as they are; only what is made of them learns.

        Raises:
            ValueError: if there are fewer paintings than numbers in the summary.
        """
        narrow = self.summary.out_features
        if len(seen) < narrow:
            raise ValueError(
                f"{narrow} numbers need {narrow} paintings, and these are {len(seen)}."
            )
        self.centre.copy_(seen.mean(0))
        self.scale.copy_(seen.std(0) + 1e-3)
        _, spread, axes = torch.linalg.svd((seen - self.centre) / self.scale, full_matrices=False)
        deviations = spread[:narrow, None] / len(seen) ** 0.5
        self.summary.weight.copy_(axes[:narrow] / deviations.clamp_min(1e-6))
        self.summary.bias.zero_()

    def forward(self, seen: Tensor) -> Tensor:
        return self.spell(self.summary((seen - self.centre) / self.scale))


class AnyPainter(nn.Module):
    """A painter whose code is read from a painting: any photograph, any painting, one pass.

    Example:
        >>> from tutlib.style.extractors import bundled, crop_net
        >>> net = AnyPainter(1304).eval()
        >>> seen = told(bundled(crop_net()), torch.rand(1, 3, 64, 64))
        >>> net(torch.rand(1, 3, 40, 50), seen).shape
        torch.Size([1, 3, 40, 50])
    """

    def __init__(self, seen: int):
        super().__init__()
        self.painter = Painter(["plain"])
        self.reader = Reader(seen, sum(self.painter.numbers))

    def code(self, seen: Tensor) -> Tensor:
        """The code (N, numbers) of what is `told` of N paintings.

        Raises:
            ValueError: if `seen` is something else.
        """
        wanted = self.reader.summary.in_features
        if not isinstance(seen, Tensor) or seen.dim() != 2 or seen.shape[1] != wanted:
            found = tuple(seen.shape) if isinstance(seen, Tensor) else repr(seen)
            raise ValueError(
                f"what is told of N paintings is (N, {wanted}): give style.told(extractor, "
                f"painting). This is {found}."
            )
        return self.painter.codes + self.reader(seen)

    def forward(self, x: Tensor, seen: Tensor, **options) -> Tensor:
        """Paint `x` (N, 3, H, W) like the painting(s) of which `seen` (1 or N, numbers) is told."""
        return self.painter(x, self.code(seen), **options)
