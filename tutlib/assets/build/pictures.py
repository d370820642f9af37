"""How the picture world's sheets are made: rendered, one process a core, from a seed."""

from __future__ import annotations

import functools
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from tutlib import world
from tutlib.assets import catalogue
from tutlib.assets.bundled import SIZE, TILE_COLUMNS

TRAIN_PER_THING, TEST_PER_THING = 168, 30
WEBP_QUALITY = 82


def things(seed: int, ship: bool) -> dict:
    """Render the picture world's training and test sheets into `data/things` (always)."""
    folder = catalogue.DATA / "things"
    folder.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    for number, name in enumerate(world.NAMES):
        for part, count in (("test", TEST_PER_THING), ("train", TRAIN_PER_THING)):
            first = 10**6 * (1 + seed) if part == "test" else 10**3 * seed
            draw = functools.partial(_render_tile, name)
            with ProcessPoolExecutor(os.cpu_count()) as pool:
                tiles = list(pool.map(draw, range(first, first + count), chunksize=4))
            _save_sheet(tiles, folder / f"{catalogue.file_name(name)}-{part}.webp")
        print(f"{number + 1:2d}/10  {name}  {time.perf_counter() - begin:.0f} s", flush=True)
    size = sum(path.stat().st_size for path in folder.glob("*.webp"))
    return {
        "train": TRAIN_PER_THING * len(world.NAMES),
        "test": TEST_PER_THING * len(world.NAMES),
        "megabytes": round(size / 1e6, 2),
    }


def _render_tile(name: str, seed: int) -> np.ndarray:
    """One scene as 8-bit pixels (224, 224, 3)."""
    frame = world.render(world.scene(name, seed=seed), size=SIZE)
    return (frame.rgb * 255).round().astype(np.uint8)


def _save_sheet(tiles: list[np.ndarray], path: Path) -> None:
    starts = range(0, len(tiles), TILE_COLUMNS)
    rows = [np.concatenate(tiles[i : i + TILE_COLUMNS], 1) for i in starts]
    # 224 is a multiple of WebP's 16-pixel blocks: neighbours on a sheet do not bleed.
    Image.fromarray(np.concatenate(rows, 0)).save(path, quality=WEBP_QUALITY, method=6)
