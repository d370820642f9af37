"""DCGAN's two nets, its five guidelines as switches (Radford, Metz and Chintala, 2016).

Both can be told which class is meant: the generator reads it beside z (Mirza and Osindero, 2014),
the discriminator has a part of its answer for each class (Miyato and Koyama, 2018).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DENSE = 256  # width of the fully connected hidden layers that guideline 3 removes


@dataclass(frozen=True)
class Guidelines:
    """The five guidelines; every one is followed unless it is switched off.

    The fourth is two switches, one for each place where G could have a sigmoid.

    Attributes:
        strided: convolutions with a stride instead of pooling (D) and of stretching (G).
        batch_norm: BatchNorm in both nets, except at G's output and D's input; off: none, and
            weights that start at a size which fits (see `_start`).
        no_dense: no fully connected hidden layers.
        relu: G's hidden layers use ReLU; off: sigmoids.
        tanh: G ends in tanh, brought to [0, 1]; off: a sigmoid.
        leaky: D uses LeakyReLU; off: plain ReLU.

    Example:
        >>> ALL.without("batch_norm").batch_norm
        False
    """

    strided: bool = True
    batch_norm: bool = True
    no_dense: bool = True
    relu: bool = True
    tanh: bool = True
    leaky: bool = True

    def without(self, name: str) -> Guidelines:
        """The same, with one guideline switched off.

        Raises:
            ValueError: if there is no such guideline.
        """
        names = [field.name for field in fields(self)]
        if name not in names:
            raise ValueError(f"a guideline is one of {', '.join(names)}, and this is {name!r}.")
        return replace(self, **{name: False})


ALL = Guidelines()


class Generator(nn.Module):
    """z (N, z_size), and labels (N,) if it has classes -> pictures (N, C, H, W) in [0, 1]."""

    def __init__(self, body: nn.Sequential, z_size: int, classes: int = 0):
        super().__init__()
        self.body, self.z_size, self.classes = body, z_size, classes

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        if z.dim() != 2 or z.shape[1] != self.z_size:
            raise ValueError(f"z must be (N, {self.z_size}), and this is {tuple(z.shape)}.")
        if self.classes:
            z = torch.cat([z, one_hot(y, self.classes)], 1)
        return self.body(z)


class Discriminator(nn.Module):
    """Pictures (N, C, H, W) in [0, 1], and labels (N,) if it has classes -> logits (N,).

    With classes its body gives 1 + classes answers: one about every picture, and one for each
    class, of which that of the picture's own class is added to the first.
    """

    def __init__(self, body: nn.Sequential, classes: int = 0):
        super().__init__()
        self.body, self.classes = body, classes

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # Normalisation is inside the net, as everywhere in the course.
        answers = self.body(2 * x - 1).flatten(1)
        if not self.classes:
            return answers.flatten()
        return answers[:, 0] + (answers[:, 1:] * one_hot(y, self.classes)).sum(1)


def one_hot(y: Tensor | None, classes: int) -> Tensor:
    """Labels (N,) -> (N, classes) of zeros and a one."""
    if y is None:
        raise ValueError(f"this net asks for labels: pass y, numbers from 0 to {classes - 1}.")
    return F.one_hot(y, classes).float()


class ToPixels(nn.Module):
    """From tanh's [-1, 1] to the pixels' [0, 1]."""

    def forward(self, t: Tensor) -> Tensor:
        return (t + 1) / 2


def dcgan_generator(
    size: int = 28,
    *,
    z_size: int = 32,
    width: int = 32,
    channels: int = 1,
    classes: int = 0,
    follow: Guidelines = ALL,
) -> Generator:
    """The generator: from a point z to a (size / 4)-pixel map, doubled twice.

    Args:
        size: side of the pictures, a multiple of 4; width: maps before the last layer.
        classes: 0, or how many labels it listens to; follow: which guidelines hold.
    """
    small, inputs = _quarter(size), z_size + classes
    hidden = nn.ReLU if follow.relu else nn.Sigmoid
    layers: list[nn.Module] = []
    if not follow.no_dense:
        layers += _dense(inputs, follow, hidden)
        inputs = DENSE
    layers += [nn.Unflatten(1, (inputs, 1, 1)), nn.ConvTranspose2d(inputs, 2 * width, small)]
    layers += [*_norm(2 * width, follow), hidden(), *_twice(2 * width, width, follow)]
    layers += [*_norm(width, follow), hidden(), *_twice(width, channels, follow)]
    layers += [nn.Tanh(), ToPixels()] if follow.tanh else [nn.Sigmoid()]
    return Generator(_started(layers, follow), z_size, classes)


def dcgan_discriminator(
    size: int = 28,
    *,
    width: int = 16,
    channels: int = 1,
    classes: int = 0,
    follow: Guidelines = ALL,
) -> Discriminator:
    """The discriminator: halved three times, and one logit (or 1 + classes of them) at the end.

    Args:
        size: side of the pictures, a multiple of 4; width: maps after the first layer.
        classes: 0, or how many labels it listens to; follow: which guidelines hold.
    """
    small = _quarter(size) // 2
    hidden = (lambda: nn.LeakyReLU(0.2)) if follow.leaky else nn.ReLU
    layers: list[nn.Module] = [*_half(channels, width, follow), hidden()]
    for maps in (width, 2 * width):
        layers += [*_half(maps, 2 * maps, follow), *_norm(2 * maps, follow), hidden()]
    if follow.no_dense:
        layers += [nn.Conv2d(4 * width, 1 + classes, small)]
    else:
        layers += [nn.Flatten(), *_dense(4 * width * small**2, follow, hidden)]
        layers += [nn.Linear(DENSE, 1 + classes)]
    return Discriminator(_started(layers, follow), classes)


def _quarter(size: int) -> int:
    if size < 8 or size % 4:
        raise ValueError(f"size must be a multiple of 4, from 8 on, and this is {size}.")
    return size // 4


def _norm(channels: int, follow: Guidelines) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels)] if follow.batch_norm else []


def _dense(inputs: int, follow: Guidelines, hidden: Callable[[], nn.Module]) -> list[nn.Module]:
    """A fully connected hidden layer, normalised like any other."""
    norm = [nn.BatchNorm1d(DENSE)] if follow.batch_norm else []
    return [nn.Linear(inputs, DENSE), *norm, hidden()]


def _twice(channels_in: int, channels_out: int, follow: Guidelines) -> list[nn.Module]:
    """A map of twice the side: learned (a fractional stride), or stretched and then looked at."""
    if follow.strided:
        return [nn.ConvTranspose2d(channels_in, channels_out, 4, stride=2, padding=1)]
    return [nn.Upsample(scale_factor=2), nn.Conv2d(channels_in, channels_out, 3, padding=1)]


def _half(channels_in: int, channels_out: int, follow: Guidelines) -> list[nn.Module]:
    """A map of half the side: by a stride, or by keeping the largest of four."""
    if follow.strided:
        return [nn.Conv2d(channels_in, channels_out, 4, stride=2, padding=1)]
    return [nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.MaxPool2d(2)]


def _started(layers: list[nn.Module], follow: Guidelines) -> nn.Sequential:
    start = _start if follow.batch_norm else he_start
    return nn.Sequential(*layers).apply(start)


def _start(layer: nn.Module) -> None:
    """DCGAN's initialisation: weights from N(0, 0.02), BatchNorm's scale from N(1, 0.02)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)


def he_start(layer: nn.Module) -> None:
    """He et al.'s initialisation (2015): N(0, 2 / n), n the numbers that an output is summed from.

    Without BatchNorm nothing else keeps a signal's size from layer to layer: with weights of 0.02
    it would shrink at each of them, and not learning would be the start's fault. An output of a
    transposed convolution with a stride is summed from fewer numbers than its kernel has.

    Example:
        >>> layer = nn.ConvTranspose2d(64, 1, 4, stride=2)
        >>> he_start(layer)
        >>> 0.07 < layer.weight.std() < 0.11  # (2 / (64 * 4)) ** 0.5 = 0.088
        tensor(True)
    """
    if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        return
    if isinstance(layer, nn.Linear):
        summed = layer.in_features
    else:
        summed = layer.in_channels * math.prod(layer.kernel_size)
    if isinstance(layer, nn.ConvTranspose2d):
        summed /= math.prod(layer.stride)
        if layer.stride == (1, 1):  # from a map of one pixel: every tile lies alone
            summed = layer.in_channels
    nn.init.normal_(layer.weight, 0.0, math.sqrt(2 / summed))
    nn.init.zeros_(layer.bias)
