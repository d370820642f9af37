"""The nets of lesson 5.5, and the words of a caption: what a bird has that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib import gan
from tutlib.assets import bundled, shelves
from tutlib.world.captions import PARTS
from tutlib.world.flock import FACTORS

BIRD_WORDS = {part: FACTORS[part].options for part in PARTS}  # {"body": ("small", "large"), ...}
OPTIONS = {part: len(words) for part, words in BIRD_WORDS.items()}
# What the reader of birds names: what captions can ask for, and two things that they cannot.
SCORED = {name: FACTORS[name].options for name in (*PARTS, "side", "ground")}


class BirdReader(nn.Module):
    """Pictures (N, 3, 64, 64) in [0, 1] -> logits (N, 31), a group for each name in `SCORED`.

    Example:
        >>> reader = BirdReader().eval()
        >>> reader.named(torch.rand(2, 3, 64, 64)).shape
        torch.Size([2, 7])
    """

    def __init__(self):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((3, 24), (24, 48), (48, 64), (64, 64)):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
        self.names = list(SCORED)
        self.groups = [len(options) for options in SCORED.values()]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 4 * 4, sum(self.groups)))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(2 * x - 1)

    def named(self, x: Tensor) -> Tensor:
        """Which option it sees of each name in `SCORED`: (N, 7)."""
        return torch.stack([part.argmax(1) for part in self(x).split(self.groups, 1)], 1)


def bird_truth(factors: Mapping) -> Tensor:
    """The true options (N, 7) of drawn birds, in the order of `SCORED`.

    Example:
        >>> from tutlib import assets
        >>> sheet = assets.flock(1, size=8, body="large", beak="red", side="right", seen=True)
        >>> assets.bird_truth(sheet.factors)[0, [0, 4, 5]]
        tensor([1, 2, 1])
    """
    return torch.stack([torch.as_tensor(factors[name]).long() for name in SCORED], 1)


class BirdPainter(nn.Module):
    """z (N, 48), wishes (N, 31) -> pictures (N, 3, 64, 64): lots are drawn, then `forger` paints.

    What a wish leaves open, and what no caption can say (side, ground), is drawn by lot: each
    option has a number of z, and the largest wins. The other numbers are the forger's own.

    Example:
        >>> painter = BirdPainter()
        >>> painter(torch.randn(2, 48), torch.zeros(2, 31)).shape
        torch.Size([2, 3, 64, 64])
    """

    def __init__(self):
        super().__init__()
        self.groups = [len(options) for options in SCORED.values()]
        self.z_size, self.told = 48, sum(OPTIONS.values()) + len(OPTIONS)
        self.forger = gan.Forger(z_size=self.z_size - sum(self.groups), told=sum(self.groups))

    def forward(self, z: Tensor, wish: Tensor) -> Tensor:
        if z.dim() != 2 or z.shape[1] != self.z_size:
            raise ValueError(f"z must be (N, {self.z_size}), and this is {tuple(z.shape)}.")
        if wish.shape != (len(z), self.told):
            raise ValueError(f"wishes must be ({len(z)}, {self.told}), not {tuple(wish.shape)}.")
        lots = z[:, : sum(self.groups)].split(self.groups, 1)
        drawn = [F.one_hot(lot.argmax(1), lot.shape[1]).float() for lot in lots]
        asked = wish.float().split([count + 1 for count in OPTIONS.values()], 1)
        whole = [part[:, :-1] + part[:, -1:] * lot for part, lot in zip(asked, drawn)]
        return self.forger(z[:, sum(self.groups) :], torch.cat(whole + drawn[len(asked) :], 1))


def bird_painter() -> BirdPainter:
    """The bundled generator of birds (lesson 5.5): z (N, 48) and wishes (N, 31) -> pictures.

    Example:
        >>> painter = bird_painter()
        >>> painter.z_size, painter.told
        (48, 31)
    """
    return bundled.load_weights(BirdPainter(), "bird-painter").to(shelves.device())


def bird_reader() -> BirdReader:
    """The bundled net that names what a bird has; it learnt from drawn birds alone.

    Example:
        >>> bird_reader().names
        ['body', 'breast', 'wings', 'crown', 'beak', 'side', 'ground']
    """
    return bundled.load_weights(BirdReader(), "bird-reader").to(shelves.device())
