"""How the nets of lesson 5.6 are made: outline -> horse (pix2pix), horse <-> zebra (CycleGAN)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib import gan, world
from tutlib.assets.build.record import ship_net
from tutlib.assets.translators import POSE, WIDTH, HerdReader
from tutlib.check.patience import bar

PAIRS, HORSES, ZEBRAS = 4000, 3000, 3000  # pictures to learn from
SEEDS = {"pairs": 100, "horses": 0, "zebras": 5000}  # of their scenes
KINDS = (("horses", HORSES, "horse"), ("zebras", ZEBRAS, "zebra"))
TEST_SEED = 900  # of scenes that no net has learnt from
TINTS = ("bay", "palomino")  # black mane or white: an outline does not say which
ROUNDS = {"pix2pix": 8000, "cyclegan": 1250}


# ---------------------------------------------------------------- outline to horse


def pairs(count: int = PAIRS, seed: int = SEEDS["pairs"]) -> tuple[Tensor, Tensor]:
    """Horses on grass (N, 3, 64, 64), and their outlines (N, 1, 64, 64), both in [0, 1]."""
    sheet = world.herd(count, seed, coat="horse", ground="grass", tint=TINTS * (count // 2))
    return _levels(sheet.pictures), sheet.outlines[:, None].float()


def distance(fake: Tensor, x: Tensor, lines: Tensor) -> Tensor:
    """pix2pix's second wish: close to the true picture, pixel by pixel."""
    return 20 * (fake - x).abs().mean()


def outlines_to_horses(x: Tensor, lines: Tensor, seed: int, rounds: int) -> Iterator[gan.Round]:
    """The game of pix2pix; the net inside `Round.average` is what ships."""
    torch.manual_seed(seed)
    net, judge = gan.Deterministic(gan.UNet(1, 3, WIDTH)), gan.PatchJudge(24, told=1)
    rng = torch.Generator().manual_seed(seed)
    return gan.play(net, judge, gan.deal_from(x, lines), z_size=1, rounds=rounds, batch=8,
                    lr=4e-4, reuse_fakes=True, average=0.999, also=distance, rng=rng)  # fmt: skip


def pix2pix(seed: int, ship: bool) -> dict:
    """Outline to horse: near the truth, and believed by a judge of patches."""
    last = _last(outlines_to_horses(*pairs(), seed, ROUNDS["pix2pix"]))
    return ship_net("pix2pix", last.average.net, figures_of_painter, ship)


@torch.no_grad()
def figures_of_painter(net: nn.Module) -> dict:
    """The mean distance to the true picture, on a hundred new outlines, in levels of 1/255.

    "nearest pair" is the picture of the training pair whose outline is the nearest.
    """
    x, lines = pairs(100, TEST_SEED)
    seen, drawn = pairs()
    nearest = seen[torch.cdist(blurred(lines), blurred(drawn)).argmin(1)]
    return {name: round(255 * (made - x).abs().mean().item(), 2)
            for name, made in (("painted", net(lines)), ("nearest pair", nearest))}  # fmt: skip


def blurred(lines: Tensor) -> Tensor:
    """Outlines as rows of 256 numbers: near where lines lie near each other."""
    return F.avg_pool2d(lines, 4).flatten(1)


# ---------------------------------------------------------------- horse to zebra, and back


def herds() -> tuple[Tensor, Tensor]:
    """Horses, and zebras in other poses on other meadows: no two belong together."""
    return tuple(
        _levels(world.herd(count, SEEDS[name], coat=coat).pictures) for name, count, coat in KINDS
    )


def horses_and_zebras(horses: Tensor, zebras: Tensor, seed: int, rounds: int) -> Iterator[gan.Trip]:
    """CycleGAN's two games."""
    torch.manual_seed(seed)
    generators = tuple(gan.Repainter(WIDTH) for _ in range(2))
    judges = tuple(gan.PatchJudge(24) for _ in range(2))
    rng = torch.Generator().manual_seed(seed)
    deals = gan.deal_from(horses), gan.deal_from(zebras)
    return gan.play_cycle(generators, judges, deals, rounds=rounds, average=0.999, rng=rng)


def cyclegan(seed: int, ship: bool) -> dict:
    """Horse to zebra and back, without a pair."""
    last = _last(horses_and_zebras(*herds(), seed, ROUNDS["cyclegan"]))
    return ship_net("cyclegan", nn.ModuleList((last.there, last.back)), figures_of_repainters, ship)


@torch.no_grad()
def figures_of_repainters(nets: nn.ModuleList) -> dict:
    """How far a hundred new horses and zebras are from themselves after there and back, levels."""
    there, back = nets
    heaps = [world.herd(100, TEST_SEED, coat=coat).pictures for coat in ("horse", "zebra")]
    ways = ((there, back), (back, there))
    lost = [(second(first(x)) - x).abs().mean() for x, (first, second) in zip(heaps, ways)]
    return {f"{coat} and back (levels)": round(255 * value.item(), 2)
            for coat, value in zip(("horse", "zebra"), lost)}  # fmt: skip


# ---------------------------------------------------------------- the reader


def herd_reader(seed: int, ship: bool, epochs: int = 4) -> dict:
    """The net that reads horses and zebras: taught with the truth of every picture."""
    sheets = [world.herd(count, SEEDS[name], coat=coat) for name, count, coat in KINDS]
    x = torch.cat([_levels(sheet.pictures) for sheet in sheets])
    truth = {name: torch.cat([sheet.factors[name] for sheet in sheets])
             for name in sheets[0].factors}  # fmt: skip
    return ship_net("herd-reader", train_reader(x, truth, seed, epochs), figures_of_reader, ship)


def train_reader(x: Tensor, truth: dict[str, Tensor], seed: int, epochs: int) -> HerdReader:
    """AdamW and one cycle; each batch has some noise on it, from none to much."""
    torch.manual_seed(seed)
    net, batch = HerdReader(), 50
    steps = epochs * (len(x) // batch)
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, steps)
    pose = torch.stack([(truth[name] - mean) / deviation
                        for name, (mean, deviation) in POSE.items()], 1)  # fmt: skip
    seen = torch.stack([truth["coat"], truth["side"]], 1).float()
    rows = torch.cat([torch.randperm(len(x)) for _ in range(epochs)]).split(batch)
    for some in bar(rows[:steps], "steps"):
        noise = 0.06 * torch.rand(()) * torch.randn(x[some].shape)
        said, horse = net((x[some] + noise).clamp(0, 1)), truth["coat"][some] == 0
        loss = F.binary_cross_entropy_with_logits(said[:, :2], seen[some])
        loss = loss + F.mse_loss(said[:, 2:5], pose[some])
        loss = loss + F.cross_entropy(said[horse, 5:], truth["tint"][some][horse])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.eval()


def figures_of_reader(net: HerdReader) -> dict:
    """On 500 new horses and 500 new zebras: per cent read right, and the turn's correlation."""
    told = {}
    for coat in ("horse", "zebra"):
        sheet = world.herd(500, TEST_SEED, coat=coat)
        read, true = net.read(sheet.pictures), sheet.factors
        turn = torch.corrcoef(torch.stack([read["turn"], true["turn"]]))[0, 1].item()
        told[coat] = {"read": _percent((read["zebra"] > 0.5) == (coat == "zebra")),
                      "side": _percent(read["side"] == true["side"]),
                      "turn, correlation": round(turn, 3)}  # fmt: skip
        if coat == "horse":
            told[coat]["coat"] = _percent(read["tint"] == true["tint"])
    return told


def _percent(right: Tensor) -> float:
    return round(100 * right.float().mean().item(), 1)


def _levels(x: Tensor) -> Tensor:
    """As a file would keep it: whole levels of 1/255."""
    return (255 * x).round() / 255


def _last(game: Iterator):
    """The last round of a game."""
    (last,) = deque(game, maxlen=1)
    return last
