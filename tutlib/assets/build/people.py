"""How the two nets of lesson 5.3 are made: one that reads portraits, and one that paints them.

The reader learns from drawn portraits, whose truth is known. The forger plays the game of 5.2 with
pictures that grow from 8 to 64 pixels (`gan.grow`); what ships is the average of its weights.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib import gan
from tutlib.assets.build.record import ship_net
from tutlib.assets.people import (
    MAPS,
    Z_SIZE,
    face_reader,
    heads,
    portraits,
    reader_net,
)
from tutlib.check.patience import bar
from tutlib.gan import measures
from tutlib.training import one_cycle

SHEETS, TEST = 4, 400  # sheets of 400 portraits to learn from; portraits that nobody learnt from
EPOCHS, BATCH, LR = 10, 32, 3e-3  # the reader's
SITTERS, SITTERS_SEED = 6000, 1000  # the portraits that the forger's judge knows
JUDGE = (128, 112, 72, 36, 16)
STAGES = (
    gan.Stage(8, 300, 64, (1e-3, 1e-3)),
    gan.Stage(16, 800, 64, (1e-3, 1e-3)),
    gan.Stage(32, 1800, 48, (7e-4, 1e-3)),
    gan.Stage(64, 2200, 32, (4e-4, 5e-4)),
    gan.Stage(64, 500, 32, (1e-4, 1e-4)),
)


@functools.cache
def library() -> tuple[Tensor, dict[str, Tensor]]:
    """What there is to learn from: 1,600 portraits (1600, 3, 64, 64), and their factors."""
    sheets = [portraits(400, seed) for seed in bar(range(SHEETS), "sheets of 400 portraits")]
    factors = {name: torch.cat([s.factors[name] for s in sheets]) for name in sheets[0].factors}
    return _eight_bit(torch.cat([s.pictures for s in sheets])), factors


def _eight_bit(x: Tensor) -> Tensor:
    return (x * 255).round() / 255


def train_reader(seed: int) -> nn.Module:
    """Seven questions at once, in a loop of its own: `training.fit` knows one label a picture."""
    torch.manual_seed(seed)
    (x, factors), net = library(), reader_net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=1e-2)
    dice = torch.Generator().manual_seed(seed)
    steps = len(x) // BATCH
    net.train()
    for epoch in bar(range(EPOCHS), "epochs of reading faces"):
        for i, rows in enumerate(torch.randperm(len(x), generator=dice).split(BATCH)):
            for settings in optimizer.param_groups:
                settings["lr"] = LR * one_cycle(min(1.0, (epoch + i / steps) / EPOCHS))
            answers = heads(net(roughened(x[rows], dice)))
            loss = sum(F.cross_entropy(a, factors[name][rows]) for name, a in answers.items())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.eval()


def roughened(x: Tensor, dice: torch.Generator) -> Tensor:
    """Shifted, a little blurred and noisy: generated faces are never quite clean."""
    down, right = torch.randint(0, 5, (2,), generator=dice).tolist()
    height, width = x.shape[-2:]
    x = F.pad(x, (2,) * 4, mode="replicate")[..., down : down + height, right : right + width]
    blur, noise = torch.rand(2, generator=dice).tolist()
    x = x.lerp(F.avg_pool2d(F.pad(x, (1,) * 4, mode="replicate"), 3, 1), 0.6 * blur)
    return (x + 0.03 * noise * torch.randn(x.shape, generator=dice)).clamp(0, 1)


@torch.no_grad()
def figures_reader(net: nn.Module) -> dict:
    """Per cent right on portraits that nobody trained on."""
    sheet = portraits(TEST, seed=10**6)
    answers = heads(torch.cat([net(part) for part in sheet.pictures.split(100)]))
    return {
        name: round(100 * (a.argmax(1) == sheet.factors[name]).float().mean().item(), 1)
        for name, a in answers.items()
    }


def reader(seed: int, ship: bool) -> dict:
    """What `build` calls."""
    return ship_net("faces-reader", train_reader(seed), figures_reader, ship)


def sitters(seed: int) -> Tensor:
    """What the forger's judge is shown: `SITTERS` portraits, uint8 (SITTERS, 3, 64, 64)."""
    return (portraits(SITTERS, SITTERS_SEED + seed).pictures * 255).round().byte()


def mirrored(x: Tensor) -> Callable:
    """Deal rows of x (uint8) as pictures in [0, 1], every second one mirrored."""

    def deal(n: int, rng: torch.Generator | None = None) -> Tensor:
        rows = torch.randint(len(x), (n,), generator=rng)
        y = x[rows].float() / 255
        flip = torch.rand(n, generator=rng) < 0.5
        return torch.where(flip[:, None, None, None], y.flip(-1), y)

    return deal


def train_forger(seed: int, x: Tensor) -> gan.Forger:
    """Play all stages with portraits x (uint8); the average of the weights at the end."""
    torch.manual_seed(seed)
    forger, judge = gan.Forger(Z_SIZE, MAPS), gan.Judge(JUDGE)
    dice = torch.Generator().manual_seed(seed)
    for last in gan.grow(forger, judge, mirrored(x), STAGES, rng=dice):
        average = last.average
    return average.eval()


@torch.no_grad()
def figures_forger(net: gan.Forger, x: Tensor) -> dict:
    """How near its faces come to portraits, how often they have what, and whether it copied.

    distance: Frechet's, on the reader's features, `TEST` faces on either side, in multiples of
    portraits against portraits; shortened: the same for 0.7 z. off: the largest difference of an
    option's share from the portraits' (points). nearest: how far a face is from the nearest
    portrait that was learnt from, over the same for new portraits (medians, pixels).
    """
    reader, dice = face_reader(), torch.Generator().manual_seed(1)
    new, others = (portraits(TEST, seed=10**6 + k) for k in (0, 1))
    z = torch.randn(5 * TEST, Z_SIZE, generator=dice)
    made = gan.sample(net.to(memory_format=torch.contiguous_format), z)
    real = reader.features(new.pictures)
    floor = measures.frechet_distance(reader.features(others.pictures), real)
    short = gan.sample(net, 0.7 * z[:TEST])
    far = {"distance": made[:TEST], "shortened": short}
    far = {k: measures.frechet_distance(reader.features(v), real) / floor for k, v in far.items()}
    said, off = reader.says(made), 0.0
    for name, options in reader.options.items():
        drawn = torch.cat([new.factors[name], others.factors[name]])
        shares = [torch.bincount(v.cpu(), minlength=len(options)) / len(v)
                  for v in (said[name], drawn)]  # fmt: skip
        off = max(off, (shares[0] - shares[1]).abs().max().item())
    known = torch.cat([x, x.flip(-1)]).float() / 255
    near = [measures.nearest_neighbours(v, known)[0].median() for v in (made[:100], new.pictures)]
    return {k: round(v, 2) for k, v in far.items()} | {
        "off": round(100 * off, 1), "nearest": round((near[0] / near[1]).item(), 2),
    }  # fmt: skip


def forger(seed: int, ship: bool) -> dict:
    """What `build` calls."""
    x = sitters(seed)
    net = train_forger(seed, x)
    return ship_net("faces-forger", net, lambda net: figures_forger(net, x), ship)
