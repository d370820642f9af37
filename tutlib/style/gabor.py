"""A Gabor pyramid: features that nobody has to learn."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GABOR_LEVELS = 4


class GaborPyramid(nn.Module):
    """What the first cells of the visual cortex are said to compute, at four sizes.

    Edges and lines in 8 directions, in brightness and two colour contrasts, light-on-dark apart
    from dark-on-light; then the picture is halved, and again. No weight is learned (the filters
    are Gabor's, 1946; as a model of simple cells: Daugman, 1985).
    """

    def __init__(self, levels: int = GABOR_LEVELS, directions: int = 8, size: int = 9):
        super().__init__()
        self.names = tuple(f"gabor{level + 1}" for level in range(levels))
        bank = gabor_bank(directions, size)
        binomial = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
        opponent = torch.tensor([[2, 2, 2], [3, -3, 0], [1.5, 1.5, -3]]) / 3
        blur = torch.outer(binomial, binomial)
        # The same filters for each of the three colour planes (groups=3 below).
        self.register_buffer("bank", bank[:, None].repeat(3, 1, 1, 1), persistent=False)
        self.register_buffer("blur", blur.expand(3, 1, -1, -1).clone(), persistent=False)
        self.register_buffer("opponent", opponent[:, :, None, None], persistent=False)

    def forward(self, x: Tensor, wanted: set[str]) -> dict[str, Tensor]:
        features: dict[str, Tensor] = {}
        last = max(level for level, name in enumerate(self.names) if name in wanted)
        x = F.conv2d(x - 0.5, self.opponent)
        for level, name in enumerate(self.names):
            if name in wanted:
                features[name] = self._answers(x)
            if level == last:
                break
            x = self._halve(x)
        return features

    def _answers(self, x: Tensor) -> Tensor:
        answers = F.conv2d(_reflect(x, self.bank.shape[-1] // 2), self.bank, groups=3)
        return torch.cat([x, F.relu(answers), F.relu(-answers)], 1)

    def _halve(self, x: Tensor) -> Tensor:
        """Blur, so that nothing fine is left, then keep every second pixel."""
        return F.conv2d(_reflect(x, 2), self.blur, stride=2, groups=3)


def gabor_bank(directions: int, size: int) -> Tensor:
    """A wave under a Gaussian window, even and odd, in every direction: (2 * directions, s, s)."""
    r = torch.arange(size, dtype=torch.float64) - size // 2
    y, x = torch.meshgrid(r, r, indexing="ij")
    filters = []
    for k in range(directions):
        angle = math.pi * k / directions
        across = x * math.cos(angle) + y * math.sin(angle)
        along = y * math.cos(angle) - x * math.sin(angle)
        window = torch.exp(-(across**2 + 0.35 * along**2) / (2 * 1.9**2))
        for phase in (0, math.pi / 2):
            wave = window * torch.cos(2 * math.pi * across / 4.5 + phase)
            wave -= window * (wave.sum() / window.sum())  # a flat patch gets the answer 0
            filters.append(2 * wave / wave.abs().sum())
    return torch.stack(filters).float()


def _reflect(x: Tensor, margin: int) -> Tensor:
    return F.pad(x, (margin,) * 4, mode="reflect")
