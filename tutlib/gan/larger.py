"""Two nets for colour pictures of 64 pixels, which can be told what is wanted (lessons 5.3, 5.5).

DCGAN's plan, doubled four times instead of twice (Radford, Metz and Chintala, 2016). What is wanted
is a row of numbers, so that "a smiling face" or a whole caption will do as well as a class: the
generator reads it beside z (Mirza and Osindero, 2014), the discriminator weighs its features with
it (Miyato and Koyama, 2018). The discriminator's layers stretch nothing: each is divided by its
spectral norm (Miyato et al., 2018). And it sees how much the pictures of a batch differ from each
other, so that a generator with one good picture gives itself away (Karras et al., 2018).
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from tutlib.check.inputs import check_count
from tutlib.gan.nets import ToPixels

SIDE, SEED = 64, 4  # of a picture, and of the map that it grows from


class Forger(nn.Module):
    """z (N, z_size), and wishes (N, told) if it takes any -> pictures (N, 3, 64, 64) in [0, 1].

    Example:
        >>> forger = Forger(z_size=8, width=2, told=3)
        >>> forger(torch.randn(5, 8), torch.zeros(5, 3)).shape
        torch.Size([5, 3, 64, 64])
    """

    def __init__(self, z_size: int = 48, width: int = 24, told: int = 0):
        super().__init__()
        for name, value, least in (("z_size", z_size, 1), ("width", width, 1), ("told", told, 0)):
            check_count(name, value, least)
        self.z_size, self.told = z_size, told
        maps = (8 * width, 8 * width, 4 * width, 2 * width, width)
        layers: list[nn.Module] = [
            nn.Linear(z_size + told, maps[0] * SEED**2, bias=False),
            nn.Unflatten(1, (maps[0], SEED, SEED)),
            nn.BatchNorm2d(maps[0]),
            nn.ReLU(),
        ]
        for before, after in itertools.pairwise(maps):
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.Conv2d(width, 3, 3, padding=1), nn.Tanh(), ToPixels()]
        self.body = nn.Sequential(*layers)

    def forward(self, z: Tensor, wish: Tensor | None = None) -> Tensor:
        if z.dim() != 2 or z.shape[1] != self.z_size:
            raise ValueError(f"z must be (N, {self.z_size}), and this is {tuple(z.shape)}.")
        return self.body(torch.cat([z, _wish(wish, len(z), self.told)], 1) if self.told else z)


class Judge(nn.Module):
    """Pictures (N, 3, 64, 64) in [0, 1], and wishes (N, told) if it takes any -> logits (N,).

    Example:
        >>> Judge(width=2)(torch.rand(5, 3, 64, 64)).shape
        torch.Size([5])
    """

    def __init__(self, width: int = 24, told: int = 0):
        super().__init__()
        check_count("width", width, 1)
        check_count("told", told, 0)
        self.told = told
        layers: list[nn.Module] = []
        for before, after in zip((3, width, 2 * width, 4 * width), (1, 2, 4, 8)):
            layers += [spectral_norm(nn.Conv2d(before, after * width, 4, stride=2, padding=1))]
            layers += [nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers)
        self.verdict = spectral_norm(nn.Linear(8 * width * SEED**2 + 1, 1))
        self.asked = spectral_norm(nn.Linear(told, 8 * width)) if told else None

    def forward(self, x: Tensor, wish: Tensor | None = None) -> Tensor:
        if x.dim() != 4 or tuple(x.shape[1:]) != (3, SIDE, SIDE):
            raise ValueError(f"pictures (N, 3, {SIDE}, {SIDE}) are judged, not {tuple(x.shape)}.")
        # Normalisation is inside the net, as everywhere in the course.
        seen = self.body(2 * x - 1)
        spread = seen.std(0, correction=0).mean().expand(len(x), 1)
        score = self.verdict(torch.cat([seen.flatten(1), spread], 1)).flatten()
        if self.asked is None:
            return score
        return score + (self.asked(_wish(wish, len(x), self.told)) * seen.sum((2, 3))).sum(1) / 4


def _wish(wish: Tensor | None, count: int, told: int) -> Tensor:
    if wish is None or wish.shape != (count, told):
        given = "nothing" if wish is None else tuple(wish.shape)
        raise ValueError(f"this net is told what is wanted: pass ({count}, {told}), not {given}.")
    return wish.float()
