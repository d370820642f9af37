"""How the two nets of lesson 5.5 are made: a generator of birds that is told, a reader of birds.

The generator is first taught to repeat drawn birds, whose factors are all known. Then it plays
against a judge that hears the wish and names what it sees. It never meets the combinations of
breast, wings and crown that `is_kept_back` holds back. The reader learns from drawn birds of all
combinations, and meets no generated picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib import gan, world
from tutlib.assets import bundled
from tutlib.assets.asked import OPTIONS, SCORED, BirdPainter, BirdReader, bird_truth
from tutlib.assets.build.record import ship_net
from tutlib.check.patience import bar
from tutlib.training import shifted
from tutlib.training.fit import one_cycle
from tutlib.world.flock import FACTORS

BIRDS = 6000
OPEN = 0.25  # how often a part is left open
# With the drawing teacher: how many rounds with pictures of how many pixels, and of how many.
COPIED = ((8, 150, 64), (16, 250, 48), (32, 400, 32), (64, 1200, 16))
PLAYED, BATCH = 500, 16  # rounds of the game, at 64 pixels
KEPT = 50.0  # what a painted bird that is off the drawn one costs in the game
BEAK = 24.0  # how much more a pixel of the beak weighs with the teacher
JUDGE = (96, 96, 64, 32, 16)  # its maps at 4, 8, 16, 32 and 64 pixels
POSE = ("turn", "elevation", "head", "lift", "fat", "light", "warmth")  # spans, one z for each


def train_painter(x: Tensor, factors: Mapping, seed: int = 0) -> BirdPainter:
    """A painter that has been taught to draw, and has then played the game (x: uint8)."""
    *_, (painter, _) = stages(x, factors, seed)
    return painter


def stages(x: Tensor, factors: Mapping, seed: int) -> Iterator[tuple[BirdPainter, str]]:
    """What stands after each size with the teacher, and then now and again in the game."""
    torch.manual_seed(seed)
    painter = BirdPainter().to(memory_format=torch.channels_last)
    rng = torch.Generator().manual_seed(seed + 1)
    for side, rounds, batch in COPIED:
        copy_drawings(painter.forger.at(side), x, factors, rounds, batch, rng)
        yield painter, f"taught at {side} pixels"
    for average, t in play_on(painter, x, factors, seed + 2):
        if t % 100 == 0 or t == PLAYED:
            yield average, f"after {t} rounds of the game"


def play_on(painter: BirdPainter, x: Tensor, factors: Mapping, seed: int) -> Iterator[tuple]:
    """The game, in which the teacher still has a say (as in pix2pix: Isola et al., 2017)."""
    torch.manual_seed(seed)
    judge = Examiner(gan.Namer(JUDGE, [count + 1 for count in OPTIONS.values()]))
    pupil = Pupil(painter)
    for net in (judge, pupil):
        net.to(memory_format=torch.channels_last)
    game = gan.play(
        pupil, judge, dealer(x, factors), z_size=painter.forger.z_size, rounds=PLAYED, batch=BATCH,
        loss=with_teacher(), lr=(3e-4, 6e-4), betas=(0.5, 0.99), reuse_fakes=True, average=0.99,
        rng=torch.Generator().manual_seed(seed),
    )  # fmt: skip
    for last in game:
        yield last.average.painter, last.t


class Pupil(nn.Module):
    """The painter in the game: the bird it paints has the pose and parts of a drawn one."""

    def __init__(self, painter: BirdPainter):
        super().__init__()
        self.painter = painter

    def forward(self, z: Tensor, wish: Tensor, told: Tensor, posed: Tensor, *_: Tensor):
        return self.painter.forger(torch.cat([posed, z[:, posed.shape[1] :]], 1), told)


class Examiner(nn.Module):
    """A `Namer` with a third answer: minus how far the picture is off the drawn one, (N, 3)."""

    def __init__(self, namer: gan.Namer):
        super().__init__()
        self.namer = namer

    def forward(self, x: Tensor, wish: Tensor, told: Tensor, posed: Tensor, drawn: Tensor,
                weighed: Tensor):  # fmt: skip
        off = (weighed * (x - drawn).abs()).mean((1, 2, 3))
        return torch.cat([self.namer(x, wish), -off[:, None]], 1)


def with_teacher() -> gan.Loss:
    """`gan.told_as_well`, and for the generator the teacher's word."""
    plain = gan.told_as_well()

    def generator(fake: Tensor) -> Tensor:
        return plain.generator(fake) - KEPT * fake[:, 2].mean()

    return gan.Loss(plain.discriminator, generator)


def copy_drawings(forger: gan.Forger, x: Tensor, factors: Mapping, rounds: int, batch: int,
                  rng: torch.Generator) -> None:  # fmt: skip
    """The drawing teacher: all that is in a drawn bird is told; repeat its picture.

    (Dosovitskiy et al., "Learning to generate chairs with convolutional neural networks", 2015.)
    """
    weights = [weight for weight in forger.parameters() if weight.requires_grad]
    adam = torch.optim.Adam(weights, betas=(0.5, 0.99), fused=True)
    told, beaks = _told(factors), torch.from_numpy(world.beaks_at(factors))
    forger.train()
    for t in bar(range(rounds), f"rounds at {forger.side} pixels"):
        for settings in adam.param_groups:
            settings["lr"] = 3e-3 * one_cycle((t + 0.5) / rounds, 0.1)
        rows = torch.randint(len(x), (batch,), generator=rng)
        z = torch.randn(batch, forger.z_size, generator=rng)
        z[:, : len(POSE)] = pose(factors, rows)
        drawn = F.avg_pool2d(x[rows].float() / 255, 64 // forger.side)
        adam.zero_grad()
        off = forger(z, told[rows]) - drawn
        weight = F.avg_pool2d(weights_at(beaks[rows]), 64 // forger.side)
        # Squares as well: beaks and eyes are few pixels, and far off as long as they are missing.
        (weight * (off.abs() + 5 * off.square())).mean().backward()
        adam.step()


def weights_at(beaks: Tensor) -> Tensor:
    """How much the teacher minds each pixel (N, 1, 64, 64): a beak is few of 4,096."""
    centres = torch.arange(64) + 0.5
    squares = (centres - beaks[:, :, None]).square()  # (N, 2, 64)
    away = squares[:, 1, :, None] + squares[:, 0, None, :]
    return 1 + BEAK * torch.exp(-away / (2 * 3.0**2))[:, None]


def pose(factors: Mapping, rows: Tensor) -> Tensor:
    """How these birds stand, and in what light: each span is bent into a Gaussian, (N, 7)."""
    columns = []
    for name in POSE:
        low, high = FACTORS[name].low, FACTORS[name].high
        share = (torch.as_tensor(factors[name])[rows].float() - low) / (high - low)
        columns.append(torch.special.ndtri(share.clamp(0.002, 0.998)))
    return torch.stack(columns, 1)


def dealer(x: Tensor, factors: Mapping) -> Callable:
    """`real` for `gan.play`: birds in [0, 1], wishes that leave parts open, and what is told."""
    truth, told = bird_truth(factors), _told(factors)
    beaks = torch.from_numpy(world.beaks_at(factors))

    def deal(n: int, rng: torch.Generator | None = None) -> tuple[Tensor, ...]:
        rows = torch.randint(len(x), (n,), generator=rng)
        left_open = torch.rand(n, len(OPTIONS), generator=rng) < OPEN
        wanted = torch.where(left_open, -1, truth[rows, : len(OPTIONS)])
        wish = gan.wishes_from(dict(zip(OPTIONS, wanted.T)), OPTIONS)
        drawn = x[rows].float() / 255
        return drawn, wish, told[rows], pose(factors, rows), drawn, weights_at(beaks[rows])

    return deal


def _told(factors: Mapping) -> Tensor:
    """All that the forger is told of drawn birds (N, 31): one-hot, a group for each of `SCORED`."""
    truth = bird_truth(factors).T
    parts = [F.one_hot(y, len(SCORED[name])) for y, name in zip(truth, SCORED)]
    return torch.cat(parts, 1).float()


def seen_birds(seed: int = 0) -> tuple[Tensor, dict]:
    """Drawn birds (N, 3, 64, 64), uint8, none of a combination that is kept back; factors."""
    sheet = world.flock(BIRDS, seed)
    kept = ~torch.as_tensor(world.is_kept_back(sheet.factors))
    x = (sheet.pictures * 255).round().byte()
    return x[kept], {name: torch.as_tensor(value)[kept] for name, value in sheet.factors.items()}


def train_reader(x: Tensor, truth: Tensor, seed: int = 0, rounds: int = 1200) -> BirdReader:
    """Teach a reader on drawn birds x (N, 3, 64, 64), uint8, and their options (N, 7)."""
    torch.manual_seed(seed)
    reader, rng = BirdReader().train(), torch.Generator().manual_seed(seed)
    adam = torch.optim.AdamW(reader.parameters(), weight_decay=0.01)
    weights = torch.tensor([3.0 if name == "beak" else 1.0 for name in SCORED])  # a few pixels
    for t in bar(range(rounds), "rounds"):
        for settings in adam.param_groups:
            settings["lr"] = 4e-3 * one_cycle((t + 0.5) / rounds)
        rows = torch.randint(len(x), (64,), generator=rng)
        pictures, y = _turned(x[rows].float() / 255, truth[rows], rng)
        guesses = reader(_worn(shifted(pictures, 3, generator=rng), rng)).split(reader.groups, 1)
        losses = [F.cross_entropy(guess, options) for guess, options in zip(guesses, y.T)]
        adam.zero_grad()
        (torch.stack(losses) * weights).mean().backward()
        adam.step()
    return reader.eval()


def _turned(x: Tensor, truth: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Every other picture in a mirror, with the side that it then looks to."""
    mirrored = torch.rand(len(x), generator=rng) < 0.5
    side, truth = list(SCORED).index("side"), truth.clone()
    truth[mirrored, side] = 1 - truth[mirrored, side]
    return torch.where(mirrored[:, None, None, None], x.flip(3), x), truth


def _worn(x: Tensor, rng: torch.Generator) -> Tensor:
    """Softer and noisier by chance: a painted bird may be both."""
    strength, amount = torch.rand(2, generator=rng).tolist()
    soft = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bilinear")
    noise = torch.randn(x.shape, generator=rng)
    return (torch.lerp(x, soft, 0.6 * strength) + 0.04 * amount * noise).clamp(0, 1)


def right_reader(reader: BirdReader, x: Tensor, truth: Tensor) -> dict:
    """Per cent of pictures (uint8) whose option is named rightly, for each name."""
    with torch.no_grad():
        named = torch.cat([reader.named(part.float() / 255) for part in x.split(200)])
    shares = (named == truth).float().mean(0).mul(100).tolist()
    return {name: round(share, 1) for name, share in zip(reader.names, shares)}


def painter(seed: int, ship: bool) -> dict:
    """What `build` calls for the generator: the average after the game."""
    x, factors = seen_birds(seed)
    details = {}
    for net, words in stages(x, factors, seed):
        if words in ("taught at 64 pixels", f"after {PLAYED} rounds of the game"):
            details[f"detail {words}"] = detail(net, x, factors)
    return details | ship_net("bird-painter", net, figures_painter, ship)


@torch.no_grad()
def detail(net: BirdPainter, x: Tensor, factors: Mapping, count: int = 500) -> float:
    """Differences between neighbouring pixels of painted birds: per cent of those of drawn ones."""
    rng = torch.Generator().manual_seed(10**6)
    wishes = gan.wishes_from({part: factors[part][:count] for part in OPTIONS}, OPTIONS)
    painted = gan.sample(net, torch.randn(len(wishes), net.z_size, generator=rng), wishes)
    steps = [t.diff(dim=-1).abs().mean().item() for t in (painted, x[:count].float() / 255)]
    return round(100 * steps[0] / steps[1], 1)


@torch.no_grad()
def figures_painter(net: BirdPainter) -> dict:
    """Per cent of 1,000 birds of combinations never seen whose part is read as asked for."""
    rng = torch.Generator().manual_seed(10**6)
    every = torch.cartesian_prod(*map(torch.arange, OPTIONS.values()))
    every = every[world.is_kept_back(dict(zip(OPTIONS, every.T)))]
    wanted = every[torch.randint(len(every), (1000,), generator=rng)]
    wishes = gan.wishes_from(dict(zip(OPTIONS, wanted.T)), OPTIONS)
    reader = bundled.load_weights(BirdReader(), "bird-reader")
    x = gan.sample(net, torch.randn(1000, net.z_size, generator=rng), wishes)
    named = torch.cat([reader.named(part) for part in x.split(200)])[:, : len(OPTIONS)]
    shares = (named == wanted).float().mean(0).mul(100).tolist()
    return {part: round(share, 1) for part, share in zip(OPTIONS, shares)}


def reader(seed: int, ship: bool) -> dict:
    """What `build` calls for the reader; its figures: right on 1,000 birds that it never saw."""
    sheet, new = world.flock(BIRDS, seed), world.flock(1000, 10**6)
    x, x_new = ((part.pictures * 255).round().byte() for part in (sheet, new))
    net = train_reader(x, bird_truth(sheet.factors), seed)
    truth = bird_truth(new.factors)
    return ship_net("bird-reader", net, lambda net: right_reader(net, x_new, truth), ship)
