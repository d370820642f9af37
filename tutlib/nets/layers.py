"""Layers: normalisation is the first one, because a promise about pixels is kept in pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Normalize(nn.Module):
    """(x - mean) / std for each colour channel, as a layer. Default: ImageNet's statistics.

    Example:
        >>> Normalize(mean=(0.5,), std=(0.25,))(torch.tensor([[[[0.5, 1.0]]]]))
        tensor([[[[0., 2.]]]])
    """

    def __init__(self, mean=IMAGENET_MEAN, std=IMAGENET_STD):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


class LocalContrast(nn.Module):
    """Subtract the local mean and divide by the local contrast, as early vision nets did.

    It has no weights. Measured here: it is what makes a small net as fragile as a large one,
    because faint texture is blown up to the size of everything else (see the README in data/).
    (After Jarrett et al., "What is the best multi-stage architecture for object recognition?",
    2009.)

    Args:
        window: side of the neighbourhood, in pixels.
        floor: contrast below which a patch counts as flat, in pixel units.

    Example:
        >>> faint = 0.5 + 0.01 * (torch.arange(16) % 2).expand(1, 3, 16, 16)
        >>> (faint.std() / LocalContrast()(faint).std() < 0.02).item()  # fifty times as loud
        True
    """

    def __init__(self, window: int = 8, floor: float = 4 / 255):
        super().__init__()
        self.window, self.floor = window, floor

    def _blur(self, t: Tensor) -> Tensor:
        small = F.avg_pool2d(t, self.window)
        return F.interpolate(small, size=t.shape[-2:], mode="bilinear")

    def forward(self, x: Tensor) -> Tensor:
        x = x - self._blur(x)
        contrast = self._blur(x.square().mean(1, keepdim=True))
        return x / (contrast + self.floor**2).sqrt()


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a short cut (He et al., 2016).

    Example:
        >>> ResidualBlock(8, 16, stride=2)(torch.rand(2, 8, 12, 12)).shape
        torch.Size([2, 16, 6, 6])
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.short_cut = nn.Identity()
        if channels_in != channels_out or stride != 1:
            self.short_cut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(out)) + self.short_cut(x))
