"""The twenty-one games of lesson 5.4: seven losses, three seeds, the same nets and the same budget.

Each game that is finished lies in the folder of downloads until all are: a build that was stopped
goes on where it was. CPU seconds are those of one core, play alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tutlib import gan
from tutlib.assets import bundled, catalogue
from tutlib.check.files import write_whole
from tutlib.gan import measures, year

SEEDS, JUDGED = 3, 1000


def ruler() -> tuple[Tensor, float]:
    """Features of the test writers' digits, and the floor: how near the training writers' come."""
    (x, _), (x_test, _) = (bundled.neat_digits(part) for part in ("train", "test"))
    real = features(x_test[:JUDGED])
    return real, measures.frechet_distance(features(x[:JUDGED]), real)


@torch.no_grad()
def features(x: Tensor) -> Tensor:
    """What the reader of drawn digits sees before its last layer."""
    net = bundled.digit_classifier().net
    return torch.cat([net[:-1](part) for part in x.split(500)])


def one_game(name: str, seed: int, folder: Path) -> tuple[dict[str, Tensor], dict]:
    """Play one game, unless it lies in the folder: the averaged generator, and its record."""
    weights, record = (folder / f"{name}-{seed}.{end}" for end in ("safetensors", "json"))
    if record.exists():
        return load_file(weights), json.loads(record.read_text())
    real, floor = ruler()
    x, _ = bundled.neat_digits("train")
    z = torch.randn(JUDGED, year.Z_SIZE, generator=torch.Generator().manual_seed(0))
    curves: dict[str, list] = {}
    for look in year.watch(name, year.cut(x), seed=seed):
        seen = features(year.framed(gan.sample(look.average, z)))
        numbers = {k: v for k, v in vars(look).items() if k != "average"}
        numbers["distance"] = measures.frechet_distance(seen, real) / floor
        for key, value in numbers.items():
            curves.setdefault(key, []).append(float(f"{value:.4g}"))
    state = {
        key: (t.half() if t.is_floating_point() else t).contiguous()
        for key, t in look.average.state_dict().items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(weights, lambda part: save_file(state, part))
    write_whole(record, lambda part: part.write_text(json.dumps(curves)))
    return state, curves


def games(seed: int, ship: bool) -> dict:
    """What `build` calls: games with seeds SEEDS * seed and on."""
    torch.set_num_threads(1)
    folder = catalogue.cache_folder() / "year-of-the-gan"
    states, record, figures = {}, {}, {}
    for name in year.GAMES:
        ends, seconds = [], []
        for k in range(SEEDS):
            state, curves = one_game(name, SEEDS * seed + k, folder)
            states |= {f"{name}/{k}/{key}": t for key, t in state.items()}
            record.setdefault(name, []).append(curves)
            ends.append(curves["distance"][-1])
            seconds.append(curves["seconds"][-1])
        figures[name] = {"distance": " ".join(f"{d:.1f}" for d in ends),
                         "seconds": " ".join(f"{s:.0f}" for s in seconds)}  # fmt: skip
    if ship:
        weights, curves = catalogue.SHIPPED["year"].files()
        write_whole(weights, lambda part: save_file(states, part))
        write_whole(curves, lambda part: part.write_text(json.dumps(record) + "\n"))
    return figures
