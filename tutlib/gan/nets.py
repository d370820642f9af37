"""DCGAN's two nets, its five guidelines as switches (Radford, Metz and Chintala, 2016)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DENSE = 256  # width of the fully connected hidden layers that guideline 3 removes


@dataclass(frozen=True)
class Guidelines:
    """The five guidelines; every one is followed unless it is switched off.

    Attributes:
        strided: convolutions with a stride instead of pooling (D) and of stretching (G).
        batch_norm: BatchNorm in both nets, except at G's output and D's input.
        no_dense: no fully connected hidden layers.
        relu_tanh: G uses ReLU, and tanh at its output; off: sigmoids throughout.
        leaky: D uses LeakyReLU; off: plain ReLU.
    """

    strided: bool = True
    batch_norm: bool = True
    no_dense: bool = True
    relu_tanh: bool = True
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
    """Pictures (N, C, H, W) in [0, 1], and labels (N,) if it has classes -> logits (N,)."""

    def __init__(self, body: nn.Sequential, classes: int = 0):
        super().__init__()
        self.body, self.classes = body, classes

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        x = 2 * x - 1  # normalisation is inside the net, as everywhere in the course
        if self.classes:
            # A label becomes a stack of flat planes: one is white, the others are black.
            planes = one_hot(y, self.classes)[:, :, None, None]
            x = torch.cat([x, planes.expand(-1, -1, *x.shape[-2:])], 1)
        return self.body(x).flatten()


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
    size: int = 16,
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
    hidden = nn.ReLU if follow.relu_tanh else nn.Sigmoid
    layers: list[nn.Module] = []
    if not follow.no_dense:
        layers += [nn.Linear(inputs, DENSE), hidden()]
        inputs = DENSE
    layers += [nn.Unflatten(1, (inputs, 1, 1)), nn.ConvTranspose2d(inputs, 2 * width, small)]
    layers += [*_norm(2 * width, follow), hidden(), *_twice(2 * width, width, follow)]
    layers += [*_norm(width, follow), hidden(), *_twice(width, channels, follow)]
    layers += [nn.Tanh(), ToPixels()] if follow.relu_tanh else [nn.Sigmoid()]
    return Generator(nn.Sequential(*layers).apply(_start), z_size, classes)


def dcgan_discriminator(
    size: int = 16,
    *,
    width: int = 32,
    channels: int = 1,
    classes: int = 0,
    follow: Guidelines = ALL,
) -> Discriminator:
    """The discriminator: the generator's mirror image, halved twice, one logit at the end."""
    small = _quarter(size)
    hidden = (lambda: nn.LeakyReLU(0.2)) if follow.leaky else nn.ReLU
    layers: list[nn.Module] = [*_half(channels + classes, width, follow), hidden()]
    layers += [*_half(width, 2 * width, follow), *_norm(2 * width, follow), hidden()]
    if follow.no_dense:
        layers += [nn.Conv2d(2 * width, 1, small)]
    else:
        dense = nn.Linear(2 * width * small**2, DENSE)
        layers += [nn.Flatten(), dense, hidden(), nn.Linear(DENSE, 1)]
    return Discriminator(nn.Sequential(*layers).apply(_start), classes)


def _quarter(size: int) -> int:
    if size < 8 or size % 4:
        raise ValueError(f"size must be a multiple of 4, from 8 on, and this is {size}.")
    return size // 4


def _norm(channels: int, follow: Guidelines) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels)] if follow.batch_norm else []


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


def _start(layer: nn.Module) -> None:
    """DCGAN's initialisation: weights from N(0, 0.02), BatchNorm's scale from N(1, 0.02)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
