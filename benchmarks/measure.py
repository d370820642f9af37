"""Measuring: contenders take turns within each round, so that a busy machine is fair to all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import nbformat
import torch
from nbclient import NotebookClient

from tutlib import assets
from tutlib.lessons.panels.pig import pig_explorer

ROOT = Path(__file__).resolve().parent.parent
AT_LEAST = 0.1  # CPU seconds that the first contender shall take in a round


def interleaved(contenders: dict[str, Callable], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each contender in each round; the order turns from round to round."""
    names = list(contenders)
    for name in names:
        contenders[name]()  # imports, caches, first-time work
    times = math.ceil(AT_LEAST / _seconds(contenders[names[0]], 1))  # the quick ones: several times
    spent = {name: [] for name in names}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            spent[name].append(_seconds(contenders[name], times))
    return spent


def _seconds(work: Callable, times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - begun


def ratios(spent: dict[str, list[float]], base: str = "floor") -> dict[str, tuple[float, float]]:
    """name -> (median of the ratios to `base` within a round, half their interquartile range)."""
    table = {}
    for name, seconds in spent.items():
        each = sorted(a / b for a, b in zip(seconds, spent[base]))
        quarter = len(each) // 4
        table[name] = median(each), (each[-1 - quarter] - each[quarter]) / 2
    return table


@torch.no_grad()
def accuracy(model, x, y) -> float:
    """Share of right answers, per cent."""
    right = [(model(a).argmax(1) == b).float() for a, b in zip(x.split(100), y.split(100))]
    return 100 * torch.cat(right).mean().item()


def first_picture() -> float:
    """Wall-clock seconds from no kernel at all to the first picture of lesson 1.1."""
    (path,) = (ROOT / "notebooks").glob("1-*/1-1-*.ipynb")
    lesson = nbformat.read(path, as_version=4)
    begun = time.perf_counter()
    client = NotebookClient(lesson, timeout=120, resources={"metadata": {"path": path.parent}})
    with client.setup_kernel():
        for number, cell in enumerate(lesson.cells):
            client.execute_cell(cell, number)
            if any("image/png" in output.get("data", {}) for output in cell.get("outputs", ())):
                return time.perf_counter() - begun
    raise RuntimeError(f"{path.name} shows no picture")


def panel_response(steps: int = 5) -> tuple[float, float]:
    """Median CPU seconds of the Pig explorer when eps is moved: to compute, and to draw."""
    panel = pig_explorer(assets.classifier(), assets.picture("hog"))
    computing, drawing = [], []
    for eps in (0.25, 0.5, 1, 2, 4):
        begun = time.process_time()
        result = panel.compute(panel.state | {"eps": eps, "steps": steps})
        if hasattr(result, "__next__"):
            *_, (_, result) = result
        middle = time.process_time()
        panel.frame(panel.state | {"eps": eps, "steps": steps}, result)
        computing.append(middle - begun)
        drawing.append(time.process_time() - middle)
    return median(computing), median(drawing)
