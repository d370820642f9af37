"""The nets of the course that answer with logits: small, and readable in one sitting.

Every net takes pictures (N, C, H, W) in [0, 1] and returns logits (N, K).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from torch import nn

from tutlib.nets.layers import LocalContrast, Normalize, ResidualBlock


def world_net(classes: int = 10, *, contrast: bool = True) -> nn.Sequential:
    """The small ResNet that looks at the picture world, natively at 224 px (0.58 M weights).

    Args:
        classes: number of logits.
        contrast: `LocalContrast` as the first layer; False takes `Normalize` instead.

    Example:
        >>> world_net().eval()(torch.rand(1, 3, 64, 64)).shape
        torch.Size([1, 10])
    """
    widths = (32, 48, 96, 160)
    return nn.Sequential(
        LocalContrast() if contrast else Normalize(),
        nn.Conv2d(3, widths[0], 7, stride=4, padding=3, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
        ResidualBlock(widths[0], widths[0]),
        ResidualBlock(widths[0], widths[1], stride=2),
        ResidualBlock(widths[1], widths[2], stride=2),
        ResidualBlock(widths[2], widths[3], stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(widths[3], classes),
    )


def digit_net(
    size: int = 16, classes: int = 10, channels: int = 1, width: int = 32
) -> nn.Sequential:
    """The convolutional net of Kolter and Madry's tutorial (2018), for size x size pictures.

    conv 3x3 32 - conv 3x3 32, stride 2 - conv 64 - conv 64, stride 2 - linear 100 - linear.
    `width` is the first 32; a width of 16 costs a third.

    Raises:
        ValueError: if size is not a multiple of 4 (it is halved twice).

    Example:
        >>> digit_net(size=16, width=4)(torch.rand(2, 1, 16, 16)).shape
        torch.Size([2, 10])
    """
    if size % 4:
        raise ValueError(f"size must be a multiple of 4 (it is halved twice), and this is {size}.")
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(2 * width, 2 * width, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear((size // 4) ** 2 * 2 * width, 100),
        nn.ReLU(),
        nn.Linear(100, classes),
    )


def mlp(*widths: int, activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """A fully connected net: ``mlp(2, 64, 64, 3)`` has two hidden layers of 64.

    Example:
        >>> mlp(2, 5, 3)
        Sequential(
          (0): Linear(in_features=2, out_features=5, bias=True)
          (1): ReLU()
          (2): Linear(in_features=5, out_features=3, bias=True)
        )
    """
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), activation()]
    return nn.Sequential(*layers[:-1])


def parameter_count(model: nn.Module) -> int:
    """How many numbers a training run would move.

    Example:
        >>> parameter_count(mlp(2, 5, 3))  # 2 * 5 + 5 and 5 * 3 + 3
        33
    """
    return sum(weight.numel() for weight in model.parameters())
