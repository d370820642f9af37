"""What ships with the course, made ready for use: the picture world, its nets, drawn digits."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib import nets, world
from tutlib.assets import catalogue
from tutlib.assets.datasets import PictureSet
from tutlib.check.patience import bar
from tutlib.gan import year
from tutlib.style import AnyPainter, Extractor, Painter, extractors, paintings

THINGS = list(world.NAMES)
SIZE = 224  # the side of the picture world's pictures, and what its net sees
# Which test picture comes first, chosen for its looks alone; the others keep their order.
PORTRAITS = {
    "hog": 13, "wombat": 9, "airliner": 2, "giant panda": 3, "ostrich": 6,
    "school bus": 11, "sports car": 10, "speedboat": 1, "tabby": 7, "teapot": 13,
}  # fmt: skip
SHEET = 5000  # digits drawn at once
DIGITS = {"train": (range(12), range(1800)), "test": (range(12, 14), range(1800, 2000))}
NEAT = {"mess": 0.3, "allographs": 1, "grain": 0.1}  # one way to write each digit, steady hands
TILE_COLUMNS = 6  # pictures in one row of a sheet in data/things


def classifier(twin: str) -> nets.Classifier:
    """One of the three nets that know the picture world, see `assets.classifier`."""
    names = {
        "standard": "the bundled net",
        "fragile": "the fragile net",
        "plain": "the plain net",
        "robust": "the robust net",
    }
    if twin not in names:
        raise ValueError(f"twin must be one of {', '.join(names)}, and this is {twin!r}.")
    net = nets.world_net(len(THINGS), contrast=twin in ("standard", "fragile"))
    load_weights(net, "things-standard" if twin == "fragile" else f"things-{twin}")
    return nets.Classifier(net, THINGS, SIZE, "bundled", names[twin])


def digit_classifier() -> nets.Classifier:
    """The net that reads the digits of `digits`."""
    net = load_weights(nets.digit_net(28), "digits")
    return nets.Classifier(net, digits().labels, 28, "bundled", "the digit net")


def extractor() -> Extractor:
    """The Gabor pyramid beside the self-trained net of chapter 6."""
    (path,) = catalogue.SHIPPED["style"].files()
    with _shipped(path, "style"):
        classes = len(load_file(path)["20.bias"])
    return extractors.bundled(load_weights(extractors.crop_net(classes), "style"))


def painter() -> Painter:
    """The net of lesson 6.3: one body, and a code for each of the four paintings."""
    return load_weights(Painter(list(paintings.STYLES)), "painter").requires_grad_(False)


def any_painter() -> AnyPainter:
    """The net of lesson 6.3 that reads its code from a painting."""
    (path,) = catalogue.SHIPPED["any-painter"].files()
    with _shipped(path, "any-painter"):
        told = len(load_file(path)["reader.centre"])
    return load_weights(AnyPainter(told), "any-painter").requires_grad_(False)


def picture(name: str, which: int) -> Tensor:
    """One test picture of a thing, (1, 3, SIZE, SIZE); `PORTRAITS` come first."""
    tiles = _tiles(name, "test")
    which = (which + PORTRAITS[name]) % len(tiles)
    return tiles[which][None].float().div(255)


def things(size: int) -> PictureSet:
    """The picture world, `size` pixels a side."""
    return PictureSet(
        functools.partial(_load_things, "train", size),
        functools.partial(_load_things, "test", size),
        labels=list(THINGS),
        eps=2 / 255,
        source="bundled",
        name="the picture world",
    )


def digits() -> PictureSet:
    """Drawn digits (`world.write`): as many as MNIST has, and of the same size.

    The people who write the test digits write none of the training digits.
    """
    return PictureSet(
        functools.partial(_load_digits, "train"),
        functools.partial(_load_digits, "test"),
        labels=[str(digit) for digit in range(10)],
        eps=0.1,
        source="bundled",
        name="drawn digits, 60,000 to train on and 10,000 to test on",
        load_factors=_digit_factors,
        load_first=functools.partial(_load_digits, "train"),
    )


@functools.cache
def neat_digits(part: str) -> tuple[Tensor, Tensor]:
    """6,000 digits to learn from or 1,000 to test on, in neat hands; see `assets.neat_digits`."""
    if part not in DIGITS:
        raise ValueError(f"part must be one of {', '.join(DIGITS)}, and this is {part!r}.")
    count = {"train": 6000, "test": 1000}[part]
    seed = {"train": 100, "test": 200}[part]  # sheets that `digits` does not hold
    sheet = world.write(count, seed, writers=DIGITS[part][1], **NEAT)
    pixels = torch.from_numpy(sheet.pictures)
    return pixels[:, None].float().div(255), torch.from_numpy(sheet.labels)


def year_of_the_gan() -> tuple[dict[str, list[nn.Module]], dict[str, list[dict]]]:
    """The games of lesson 5.4, see `assets.year_of_the_gan`."""
    weights, curves = catalogue.SHIPPED["year"].files()
    with _shipped(weights, "year"):
        states, players = load_file(weights), {}
        for name in year.GAMES:
            for k in range(3):
                begin = f"{name}/{k}/"
                state = {key[len(begin):]: t.float() if t.is_floating_point() else t
                         for key, t in states.items() if key.startswith(begin)}  # fmt: skip
                generator, _ = year.players(name)
                generator.load_state_dict(state)
                players.setdefault(name, []).append(generator.eval().requires_grad_(False))
    with _shipped(curves, "year"):
        return players, json.loads(curves.read_text())


def load_weights(net: nn.Module, name: str) -> nn.Module:
    """Fill `net` with the bundled weights `data/NAME.safetensors` (stored as float16).

    Raises:
        FileNotFoundError, ValueError: if they are not there, or damaged, with what to do.
    """
    (path,) = catalogue.SHIPPED[name].files()
    with _shipped(path, name):
        state = load_file(path)
        net.load_state_dict(
            {key: t.float() if t.is_floating_point() else t for key, t in state.items()}
        )
    return net.eval()


@contextmanager
def _shipped(path: Path, name: str) -> Iterator[None]:
    """A file of `data/` is read; where it is missing or damaged, a sentence says what to do."""
    cure = f"`git checkout -- data` brings it back, `python -m tutlib build {name}` makes it anew"
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"{path.name} is not in {path.parent}: {cure}.") from None
    except (SafetensorError, RuntimeError, OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} is damaged: {cure}.") from error


def _tiles(thing: str, part: str) -> Tensor:
    """A sheet of square pictures in rows of `TILE_COLUMNS` -> uint8 (N, 3, 224, 224)."""
    path = catalogue.DATA / "things" / f"{catalogue.file_name(thing)}-{part}.webp"
    with _shipped(path, "things"), Image.open(path) as sheet:
        if sheet.width != TILE_COLUMNS * SIZE or sheet.height % SIZE:
            raise ValueError("its tiles have another size")
        pixels = torch.frombuffer(bytearray(sheet.convert("RGB").tobytes()), dtype=torch.uint8)
        pixels = pixels.view(sheet.height, sheet.width, 3)
    rows, columns = pixels.shape[0] // SIZE, pixels.shape[1] // SIZE
    pixels = pixels.view(rows, SIZE, columns, SIZE, 3).permute(0, 2, 4, 1, 3)
    return pixels.reshape(rows * columns, 3, SIZE, SIZE)


def _load_things(part: str, size: int) -> tuple[Tensor, Tensor]:
    """All pictures of one part, shuffled once and for all so that any slice is a fair sample."""
    sheets = [_tiles(name, part) for name in THINGS]
    y = torch.cat([torch.full((len(tiles),), k) for k, tiles in enumerate(sheets)])
    x = torch.cat([_shrink(tiles, size) for tiles in sheets])
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    return x[order], y[order]


def _shrink(tiles: Tensor, size: int) -> Tensor:
    x = tiles.float() / 255
    return x if size == SIZE else F.interpolate(x, size=(size, size), mode="area")


def _load_digits(part: str, count: int | None = None) -> tuple[Tensor, Tensor]:
    """All digits of a part, or as many whole sheets as hold `count` of them."""
    sheets = _drawn(part, count)
    pixels = torch.cat([torch.from_numpy(sheet.pictures) for sheet in sheets])
    labels = torch.cat([torch.from_numpy(sheet.labels) for sheet in sheets])
    return pixels[:, None].float().div(255), labels


def _digit_factors(part: str) -> dict[str, Tensor]:
    sheets = [sheet.factors for sheet in _drawn(part)]
    return {
        name: torch.cat([torch.from_numpy(sheet[name]) for sheet in sheets]) for name in sheets[0]
    }


def _drawn(part: str, count: int | None = None) -> list[world.Handwriting]:
    seeds = DIGITS[part][0][: count and math.ceil(count / SHEET)]
    return [_sheet(part, seed) for seed in bar(seeds, f"sheets of {SHEET:,} digits")]


@functools.cache
def _sheet(part: str, seed: int) -> world.Handwriting:
    """`SHEET` digits from a seed of their own: about 0.1 s of CPU for 1,000."""
    return world.write(SHEET, seed, writers=DIGITS[part][1])
