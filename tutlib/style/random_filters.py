"""Random filters: features that nobody chose."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# The larger a filter, the less its answer changes from one pixel to the next.
SIDES_AND_STRIDES = ((7, 1), (11, 2), (15, 2), (23, 3))


class RandomFilters(nn.Module):
    """One layer of random filters of several sizes and a ReLU (Ustyuzhaninov et al., 2016).

    Each size is a layer of its own, `random7` ... `random23` after its side in pixels: (N, 3, H, W)
    -> (N, count, H', W'). Nothing is added around the picture: statistics of a margin would tell
    where its border is. The filters come out of a fixed seed, and are of length 1.

    Example:
        >>> filters = RandomFilters(count=5)
        >>> filters(torch.rand(1, 3, 40, 40), {"random23"})["random23"].shape  # every third pixel
        torch.Size([1, 5, 6, 6])
    """

    def __init__(self, count: int = 48, seed: int = 0):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.strides = {}
        for side, stride in SIDES_AND_STRIDES:
            name = f"random{side}"
            bank = torch.randn(count, 3, side, side, generator=generator)
            bank /= bank.flatten(1).norm(dim=1)[:, None, None, None]
            self.register_buffer(name, bank, persistent=False)
            self.strides[name] = stride
        self.names = tuple(self.strides)

    def forward(self, x: Tensor, wanted: set[str]) -> dict[str, Tensor]:
        return {
            name: F.relu(F.conv2d(x - 0.5, getattr(self, name), stride=stride))
            for name, stride in self.strides.items()
            if name in wanted
        }
