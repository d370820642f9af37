"""How the nets of lesson 5.6 are made: outline -> horse (pix2pix), horse <-> zebra (CycleGAN)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from tutlib import gan, world

PAIRS, HORSES, ZEBRAS = 4000, 3000, 3000  # pictures to learn from
SEEDS = {"pairs": 100, "horses": 0, "zebras": 5000}  # of their scenes; lessons draw from others
WIDTH = 24


def pairs() -> tuple[Tensor, Tensor]:
    """Horses on grass (N, 3, 64, 64), and their outlines (N, 1, 64, 64), both in [0, 1]."""
    sheet = world.herd(PAIRS, SEEDS["pairs"], coat="horse", ground="grass")
    return sheet.pictures, sheet.outlines[:, None].float()


def herds() -> tuple[Tensor, Tensor]:
    """Horses, and zebras in other poses on other meadows: no two belong together."""
    return tuple(
        world.herd(count, SEEDS[name], coat=coat).pictures
        for name, count, coat in (("horses", HORSES, "horse"), ("zebras", ZEBRAS, "zebra"))
    )


def distance(fake: Tensor, x: Tensor, line: Tensor) -> Tensor:
    """pix2pix's second wish: close to the true picture, pixel by pixel."""
    return 20 * (fake - x).abs().mean()


def outlines_to_horses(x: Tensor, lines: Tensor, seed: int, rounds: int) -> Iterator[gan.Round]:
    """The game of pix2pix; `Round.average` is what ships."""
    torch.manual_seed(seed)
    net, judge = Painting(gan.UNet(1, 3, WIDTH)), gan.PatchJudge(WIDTH, told=1)
    rng = torch.Generator().manual_seed(seed)
    return gan.play(net, judge, gan.deal_from(x, lines), z_size=1, rounds=rounds, batch=8,
                    lr=4e-4, reuse_fakes=True, average=0.999, also=distance, rng=rng)  # fmt: skip


class Painting(nn.Module):
    """A generator that has no use for z: all it needs is in the outline."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, z: Tensor, lines: Tensor) -> Tensor:
        return self.net(lines)


def horses_and_zebras(
    horses: Tensor, zebras: Tensor, seed: int, rounds: int, **terms
) -> Iterator[gan.Trip]:
    """CycleGAN's two games."""
    torch.manual_seed(seed)
    generators = tuple(gan.Repainter(20) for _ in range(2))
    judges = tuple(gan.PatchJudge(WIDTH) for _ in range(2))
    rng = torch.Generator().manual_seed(seed)
    deals = gan.deal_from(horses), gan.deal_from(zebras)
    return gan.play_cycle(generators, judges, deals, rounds=rounds, average=0.999, rng=rng, **terms)
