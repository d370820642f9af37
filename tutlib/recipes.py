"""How every bundled file is made: pictures rendered, nets trained, figures measured, from a seed.

`python -m tutlib build NAME` calls these. What is measured goes to `data/figures.json`, one entry
for each file and seed, and from there into the tables of `data/README.md`.
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm, trange

from tutlib import assets, nets, style_recipes, world
from tutlib.attacks import pgd
from tutlib.balls import Linf

TRAIN_PER_THING, TEST_PER_THING = 168, 30
WEBP_QUALITY = 82


# ---------------------------------------------------------------- pictures


def build_things(seed: int = 0) -> dict:
    """Render the picture world's training and test sheets into `data/things`."""
    folder = assets.DATA / "things"
    folder.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    for number, name in enumerate(world.NAMES):
        for part, count in (("test", TEST_PER_THING), ("train", TRAIN_PER_THING)):
            first = 10**6 * (1 + seed) if part == "test" else 10**3 * seed
            draw = functools.partial(_render_tile, name)
            with ProcessPoolExecutor(os.cpu_count()) as pool:
                tiles = list(pool.map(draw, range(first, first + count), chunksize=4))
            _save_sheet(tiles, folder / f"{assets.file_name(name)}-{part}.webp")
        print(f"{number + 1:2d}/10  {name}  {time.perf_counter() - begin:.0f} s", flush=True)
    size = sum(path.stat().st_size for path in folder.glob("*.webp"))
    return {
        "train": TRAIN_PER_THING * len(world.NAMES),
        "test": TEST_PER_THING * len(world.NAMES),
        "megabytes": round(size / 1e6, 2),
    }


def _render_tile(name: str, seed: int) -> np.ndarray:
    """One scene as 8-bit pixels (224, 224, 3)."""
    frame = world.render(world.scene(name, seed=seed), size=assets.SIZE)
    return (frame.rgb * 255).round().astype(np.uint8)


def _save_sheet(tiles: list[np.ndarray], path: Path) -> None:
    columns = assets.TILE_COLUMNS
    rows = [np.concatenate(tiles[i : i + columns], 1) for i in range(0, len(tiles), columns)]
    # 224 is a multiple of WebP's 16-pixel blocks: neighbours on a sheet do not bleed.
    Image.fromarray(np.concatenate(rows, 0)).save(path, quality=WEBP_QUALITY, method=6)


# ---------------------------------------------------------------- training


def train(
    net: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    epochs: int,
    lr: float,
    seed: int,
    batch: int = 50,
    change: Callable[[Tensor, Tensor, torch.Generator], Tensor] = lambda x, y, generator: x,
) -> nn.Module:
    """AdamW with a one-cycle schedule; `change` augments (or attacks) each batch."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr, weight_decay=1e-2)
    per_epoch = len(x) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, lr, total_steps=epochs * per_epoch, pct_start=0.2
    )
    for epoch in trange(epochs, desc="training"):
        order, total = torch.randperm(len(x), generator=generator), 0.0
        for rows in order[: per_epoch * batch].split(batch):
            net.train()
            pictures = change(_as_float(x[rows]), y[rows], generator)
            loss = F.cross_entropy(net(pictures), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        tqdm.write(f"epoch {epoch + 1:2d}  loss {total / per_epoch:.4f}")
    return net.eval()


def _as_float(x: Tensor) -> Tensor:
    return x.float() / 255 if x.dtype == torch.uint8 else x


def mirror_shift_noise(
    x: Tensor, y: Tensor, generator: torch.Generator, *, noise: float = 1 / 255, reach: int = 12
) -> Tensor:
    """Mirror half of the batch, shift it by up to `reach` pixels, add a little Gaussian noise."""
    flip = torch.rand(len(x), generator=generator) < 0.5
    x = torch.where(flip.view(-1, 1, 1, 1), x.flip(-1), x)
    down, right = torch.randint(0, 2 * reach + 1, (2,), generator=generator).tolist()
    height, width = x.shape[-2:]
    x = F.pad(x, (reach,) * 4, mode="reflect")[..., down : down + height, right : right + width]
    return (x + noise * torch.randn(x.shape, generator=generator)).clamp(0, 1)


def _scene_batches() -> tuple[Tensor, Tensor]:
    """The training pictures as bytes (a quarter of the memory), shuffled."""
    x, y = assets.things().train
    return (x * 255).round().to(torch.uint8), y


def train_things(seed: int) -> nn.Module:
    """The standard net: clean pictures and a whisper of noise."""
    torch.manual_seed(seed)
    x, y = _scene_batches()
    return train(nets.world_net(), x, y, epochs=14, lr=4e-3, seed=seed, change=mirror_shift_noise)


def train_things_plain(seed: int) -> nn.Module:
    """The robust twin's own twin: the same net on the same pictures, but nobody attacks them."""
    torch.manual_seed(seed)
    net, quiet = nets.world_net(contrast=False), functools.partial(mirror_shift_noise, noise=0.0)
    return train(net, *_scene_batches(), epochs=14, lr=4e-3, seed=seed, change=quiet)


def train_things_robust(seed: int) -> nn.Module:
    """The robust twin: without the contrast layer, trained on FGSM-RS pictures at 8/255."""
    torch.manual_seed(seed)
    net, ball = nets.world_net(contrast=False), Linf(8 / 255)

    def first_attacked(x: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
        x = mirror_shift_noise(x, y, generator, noise=0.0)
        return pgd(net, x, y, ball, steps=1, step_size=1.25 * ball.eps, generator=generator)

    return train(net, *_scene_batches(), epochs=14, lr=4e-3, seed=seed, change=first_attacked)


def train_digits(seed: int) -> nn.Module:
    """The digit reader: the tutorial's convolutional net on scikit-learn's digits."""
    torch.manual_seed(seed)
    shift = functools.partial(_shifted, reach=1)
    return train(
        nets.digit_net(16), *assets.digits().train, epochs=16, lr=2e-3, seed=seed, change=shift
    )


def _shifted(x: Tensor, y: Tensor, generator: torch.Generator, *, reach: int) -> Tensor:
    down, right = torch.randint(0, 2 * reach + 1, (2,), generator=generator).tolist()
    height, width = x.shape[-2:]
    return F.pad(x, (reach,) * 4)[..., down : down + height, right : right + width]


# ---------------------------------------------------------------- figures


@torch.no_grad()
def predictions(net: nn.Module, x: Tensor) -> Tensor:
    """The class of every picture, 100 at a time."""
    return torch.cat([net(part).argmax(1) for part in x.split(100)])


def attacked(net: nn.Module, x: Tensor, y: Tensor, ball: Linf, **options) -> Tensor:
    """PGD-20, 50 pictures at a time (memory)."""
    parts = zip(x.split(50), y.split(50))
    return torch.cat([pgd(net, a, b, ball, steps=20, **options) for a, b in parts])


def figures_things(net: nn.Module, eps_255: tuple[float, ...] = (1, 2, 4)) -> dict:
    """Clean accuracy, and at each eps what PGD-20, a targeted attack and noise do (per cent).

    At 2/255, the eps of the lessons, on all test pictures; elsewhere on a hundred.
    """
    everything = assets.things().test
    airliner = assets.THINGS.index("airliner")
    table = {"clean": _percent(predictions(net, everything[0]) == everything[1])}
    for level in eps_255:
        x, y = everything if level == 2 else (part[:100] for part in everything)
        signs = torch.randint(0, 2, x.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
        ball, others = Linf(level / 255), y != airliner
        pushed = attacked(net, x, y, ball)
        flown = attacked(net, x[others], y[others], ball, target=airliner)
        noisy = (x + ball.eps * signs).clamp(0, 1)
        table[f"{level:g}/255"] = {
            "PGD-20": _percent(predictions(net, pushed) == y),
            "targeted airliner": _percent(predictions(net, flown) == airliner),
            "noise": _percent(predictions(net, noisy) == y),
        }
    return table


def figures_digits(net: nn.Module) -> dict:
    """Clean accuracy of the digit reader, and accuracy under PGD-20 at eps 0.1 (per cent)."""
    x, y = assets.digits().test
    pushed = attacked(net, x, y, Linf(0.1))
    return {
        "clean": _percent(predictions(net, x) == y),
        "PGD-20 at 0.1": _percent(predictions(net, pushed) == y),
    }


def _percent(hits: Tensor) -> float:
    return round(100 * hits.float().mean().item(), 1)


def save_weights(net: nn.Module, name: str) -> Path:
    """Write `data/NAME.safetensors` as float16, whole or not at all."""
    state = {key: t.half() if t.is_floating_point() else t for key, t in net.state_dict().items()}
    path = assets.DATA / f"{name}.safetensors"
    partial = path.with_suffix(".partial")
    save_file({key: t.contiguous() for key, t in state.items()}, partial)
    partial.chmod(0o644)
    partial.replace(path)
    return path


def build_cover(seed: int = 0) -> dict:
    """The picture in the README: the pig, the change, and the airliner."""
    from tutlib import plots  # the only recipe that draws

    net, pig = assets.classifier(), assets.picture("hog")
    y, target = net.index("hog"), net.index("airliner")
    generator = torch.Generator().manual_seed(seed)
    x_fly = pgd(net, pig, y, Linf(2 / 255), steps=30, target=target, generator=generator)
    figure = plots.before_after(pig, x_fly - pig, net, y=y, target=target)
    figure.savefig(assets.DATA / "cover.png", dpi=100)
    return {"airliner": _percent(net.prob(x_fly, target))}


# name -> (train from a seed, measure)
NETS: dict[str, tuple[Callable[[int], nn.Module], Callable[[nn.Module], dict]]] = {
    "things-standard": (train_things, figures_things),
    "things-plain": (train_things_plain, functools.partial(figures_things, eps_255=(2, 4, 8))),
    "things-robust": (train_things_robust, functools.partial(figures_things, eps_255=(2, 4, 8))),
    "digits": (train_digits, figures_digits),
    "style": (style_recipes.train_style, style_recipes.figures_style),
}


def names() -> list[str]:
    """What `build` can make."""
    return ["things", *NETS, "cover"]


def build(name: str, seed: int = 0, *, ship: bool = True) -> dict:
    """Make one bundled file from a seed, measure it, and record the figures.

    Args:
        name: one of `names()`; seed: 0 made what ships; ship: False only measures.

    Returns:
        The figures, as they are recorded in `data/figures.json`.
    """
    begin = _cpu_seconds()
    if name == "cover":
        return build_cover(seed)  # a picture for the README: there is nothing to record
    if name == "things":
        figures = build_things(seed)
    else:
        make, measure = NETS[name]
        net = make(seed)
        if ship:
            save_weights(net, name)  # what is measured is what ships, rounded to float16
            assets.load_weights(net, name)
        figures = measure(net) | {"parameters": nets.parameter_count(net)}
    record(name, seed, figures | {"CPU seconds": round(_cpu_seconds() - begin)})
    return figures


def _cpu_seconds() -> float:
    """Of this process and of those it has waited for."""
    return sum(os.times()[:4])


def record(name: str, seed: int, figures: dict) -> None:
    """Write the figures of one build into `data/figures.json`, and renew the README's tables."""
    path = assets.DATA / "figures.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known.setdefault(name, {})[str(seed)] = figures
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    renew_tables(json.loads(path.read_text()))  # in the order of the file


def renew_tables(known: dict) -> None:
    """Put the figures between the README's markers, one table for each bundled file."""
    path = assets.DATA / "README.md"
    text = path.read_text()
    for name, seeds in known.items():
        begin, end = f"<!-- figures: {name} -->", f"<!-- end: {name} -->"
        if begin in text:
            before, after = text.split(begin)[0], text.split(end)[1]
            text = f"{before}{begin}\n{figures_table(seeds)}\n{end}{after}"
    path.write_text(text)


def figures_table(seeds: dict) -> str:
    """The figures of one file as a Markdown table: one row for each seed."""
    flat = {seed: _flatten(figures) for seed, figures in sorted(seeds.items())}
    columns = list(next(iter(flat.values())))
    lines = ["| seed | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for seed, row in flat.items():
        lines.append(f"| {seed} | " + " | ".join(str(row.get(name, "")) for name in columns) + " |")
    return "\n".join(lines)


def _flatten(figures: dict) -> dict:
    """{"2/255": {"PGD-20": 1.0}} -> {"2/255 PGD-20": 1.0}"""
    flat = {}
    for key, value in figures.items():
        if isinstance(value, dict):
            flat |= {f"{key} {inner}": number for inner, number in value.items()}
        else:
            flat[key] = value
    return flat
