"""Two nets for colour pictures that grow from 8 to 64 pixels, and can be told what is wanted.

Large features first: the game begins with tiny pictures, where a round costs next to nothing, and
every stage doubles them (progressive growing, Karras et al., 2018). The generator adds what each
size knows to what the sizes below have painted, so a new stage begins as the old picture, enlarged;
the discriminator looks at every size at once (Karras et al., 2020).

What is wanted is a row of numbers, so that a whole caption will do as well as a class: the
generator reads it beside z (Mirza and Osindero, 2014), the discriminator weighs its features with
it (Miyato and Koyama, 2018). The discriminator's layers are divided by their spectral norm
(Miyato et al., 2018), and it sees how much the pictures of a batch differ, so that a generator with
one good picture gives itself away (Karras et al., 2018).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from tutlib.check.inputs import check_count
from tutlib.gan.game import Round, play

SEED = 4  # the side of the map that every picture grows from
SIDES = (8, 16, 32, 64)


class Stage(NamedTuple):
    """Play `rounds` with pictures of `side` pixels; lr: the generator's, the discriminator's.

    Example:
        >>> Stage(side=8, rounds=100, batch=64, lr=(1e-3, 1e-3)).rounds
        100
    """

    side: int
    rounds: int
    batch: int
    lr: tuple[float, float]


STAGES = (
    Stage(8, 500, 64, (1e-3, 1e-3)),
    Stage(16, 1000, 64, (1e-3, 1e-3)),
    Stage(32, 1200, 48, (7e-4, 1e-3)),
    Stage(64, 1500, 32, (5e-4, 7e-4)),
)


class _Growing(nn.Module):
    """Parts for each side, of which those up to `side` are at work."""

    side = SIDES[-1]
    parts: tuple[nn.ModuleDict, ...]

    def at(self, side: int) -> _Growing:
        """Work with pictures of `side` pixels; what belongs to larger ones rests, unlearning.

        Raises:
            ValueError: if side is not one of `SIDES`.
        """
        if side not in SIDES:
            raise ValueError(f"side is one of {', '.join(map(str, SIDES))}, and this is {side!r}.")
        self.side = side
        for parts in self.parts:
            for name, part in parts.items():
                part.requires_grad_(int(name) <= side)
        return self


class Forger(_Growing):
    """z (N, z_size), and wishes (N, told) if it takes any -> pictures (N, 3, side, side) in [0, 1].

    Args:
        maps: how many there are at 4, 8, 16, 32 and 64 pixels.

    Example:
        >>> forger = Forger(z_size=8, maps=(4, 4, 4, 2, 2), told=3)
        >>> z, wish = torch.randn(5, 8), torch.zeros(5, 3)
        >>> forger(z, wish).shape, forger.at(16)(z, wish).shape
        (torch.Size([5, 3, 64, 64]), torch.Size([5, 3, 16, 16]))
    """

    def __init__(
        self, z_size: int = 48, maps: Sequence[int] = (128, 128, 64, 32, 16), told: int = 0
    ):
        super().__init__()
        check_count("z_size", z_size, 1)
        check_count("told", told, 0)
        self.z_size, self.told = z_size, told
        maps = _checked(maps)
        self.first = nn.Sequential(
            nn.Linear(z_size + told, maps[0] * SEED**2, bias=False),
            nn.Unflatten(1, (maps[0], SEED, SEED)),
            nn.BatchNorm2d(maps[0]),
            nn.ReLU(),
        )
        pairs = dict(zip(map(str, SIDES), itertools.pairwise(maps)))
        self.doubling = nn.ModuleDict({side: _double(*pair) for side, pair in pairs.items()})
        self.painting = nn.ModuleDict(
            {side: nn.Conv2d(after, 3, 3, padding=1) for side, (_, after) in pairs.items()}
        )
        for side in list(pairs)[1:]:  # at first a new size adds nothing to the old picture
            nn.init.zeros_(self.painting[side].weight)
            nn.init.zeros_(self.painting[side].bias)
        self.parts = (self.doubling, self.painting)

    def forward(self, z: Tensor, wish: Tensor | None = None) -> Tensor:
        if z.dim() != 2 or z.shape[1] != self.z_size:
            raise ValueError(f"z must be (N, {self.z_size}), and this is {tuple(z.shape)}.")
        if self.told:
            z = torch.cat([z, _wish(wish, len(z), self.told)], 1)
        maps, picture = self.first(z), None
        for side in SIDES[: SIDES.index(self.side) + 1]:
            maps = self.doubling[str(side)](maps)
            added = self.painting[str(side)](maps)
            picture = added if picture is None else _enlarged(picture) + added
        return (picture.tanh() + 1) / 2


class Judge(_Growing):
    """Pictures (N, 3, side, side) in [0, 1], and wishes (N, told) if it takes any -> logits (N,).

    Args:
        maps: how many there are at 4, 8, 16, 32 and 64 pixels.

    Example:
        >>> Judge(maps=(4, 4, 4, 2, 2))(torch.rand(5, 3, 64, 64)).shape
        torch.Size([5])
    """

    def __init__(self, maps: Sequence[int] = (128, 96, 64, 32, 16), told: int = 0):
        super().__init__()
        check_count("told", told, 0)
        self.told = told
        maps = _checked(maps)
        pairs = dict(zip(map(str, SIDES), itertools.pairwise(maps)))
        self.looking = nn.ModuleDict(
            {s: spectral_norm(nn.Conv2d(3, after, 3, padding=1)) for s, (_, after) in pairs.items()}
        )
        self.halving = nn.ModuleDict(
            {
                side: spectral_norm(nn.Conv2d(after, before, 4, stride=2, padding=1))
                for side, (before, after) in pairs.items()
            }
        )
        self.verdict = spectral_norm(nn.Linear(maps[0] * SEED**2 + 1, 1))
        self.asked = spectral_norm(nn.Linear(told, maps[0])) if told else None
        self.parts = (self.looking, self.halving)

    def forward(self, x: Tensor, wish: Tensor | None = None) -> Tensor:
        if x.dim() != 4 or tuple(x.shape[1:]) != (3, self.side, self.side):
            raise ValueError(
                f"pictures (N, 3, {self.side}, {self.side}) are judged, not {tuple(x.shape)}."
            )
        maps, x = 0, 2 * x - 1  # normalisation is inside the net, as everywhere in the course
        for side in map(str, reversed(SIDES[: SIDES.index(self.side) + 1])):
            maps = self.halving[side](F.leaky_relu(maps + self.looking[side](x), 0.2))
            x = F.avg_pool2d(x, 2)
        maps = F.leaky_relu(maps, 0.2)
        spread = maps.std(0, correction=0).mean().expand(len(maps), 1)
        score = self.verdict(torch.cat([maps.flatten(1), spread], 1)).flatten()
        if self.asked is None:
            return score
        wish = _wish(wish, len(x), self.told)
        return score + (self.asked(wish) * maps.sum((2, 3))).sum(1) / SEED


def grow(
    forger: Forger,
    judge: Judge,
    real: Callable,
    stages: Sequence[Stage] = STAGES,
    *,
    rng: torch.Generator | None = None,
    **how,
) -> Iterator[Round]:
    """Play the game from small pictures to large ones; leave the loop whenever you like.

    Between two stages the forger goes on with the average of its weights.

    Args:
        real: deals pictures of 64 pixels, as for `play`; they are shrunk for the early stages.
        how: what else `play` is told, in all stages.

    Example:
        >>> forger, judge = Forger(4, maps=(4, 4, 4, 2, 2)), Judge(maps=(4, 4, 4, 2, 2))
        >>> deal = lambda n, rng: torch.rand(n, 3, 64, 64)
        >>> stages = [Stage(side, 2, 3, (1e-3, 1e-3)) for side in (8, 16)]
        >>> [r.average(torch.zeros(1, 4)).shape[-1] for r in grow(forger, judge, deal, stages)]
        [8, 8, 16, 16]
    """
    how = {
        "z_size": forger.z_size,
        "average": 0.99,
        "reuse_fakes": True,
        "betas": (0.5, 0.99),
    } | how
    for side, rounds, batch, lr in stages:
        forger.at(side), judge.at(side)
        for net in (forger, judge):
            net.to(memory_format=torch.channels_last)  # a fifth quicker on a CPU
        state = None
        for state in play(
            forger, judge, shrunk(real, side), rounds=rounds, batch=batch, lr=lr, rng=rng, **how
        ):
            yield state
        if state is not None:
            forger.load_state_dict(state.average.state_dict())


def shrunk(real: Callable, side: int) -> Callable:
    """The same dealer, whose pictures are shrunk to `side` pixels by averaging.

    Example:
        >>> shrunk(lambda n, rng: torch.rand(n, 3, 64, 64), 8)(2, None).shape
        torch.Size([2, 3, 8, 8])
    """

    def deal(n: int, rng: torch.Generator | None = None):
        dealt = real(n, rng)
        x, *rest = dealt if isinstance(dealt, tuple) else (dealt,)
        x = F.avg_pool2d(x, x.shape[-1] // side)
        return (x, *rest) if rest else x

    return deal


def _double(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Upsample(scale_factor=2),
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


def _enlarged(picture: Tensor) -> Tensor:
    return F.interpolate(picture, scale_factor=2, mode="bilinear")


def _checked(maps: Sequence[int]) -> tuple[int, ...]:
    if len(maps) != len(SIDES) + 1:
        raise ValueError(f"maps are {len(SIDES) + 1} numbers, from 4 to 64 pixels, not {maps!r}.")
    for count in maps:
        check_count("maps", count, 1)
    return tuple(maps)


def _wish(wish: Tensor | None, count: int, told: int) -> Tensor:
    if wish is None or wish.shape != (count, told):
        given = "nothing" if wish is None else tuple(wish.shape)
        raise ValueError(f"this net is told what is wanted: pass ({count}, {told}), not {given}.")
    return wish.float()
