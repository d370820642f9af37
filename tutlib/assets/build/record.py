"""Make one bundled file, measure it, and write its figures into `data/figures.json` and README."""

from __future__ import annotations

import json
import os
import pkgutil
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import save_file
from torch import nn

from tutlib import nets
from tutlib.assets import bundled, catalogue
from tutlib.check.files import write_whole


def make(name: str, seed: int = 0, *, ship: bool = True) -> dict:
    """Make one bundled file from a seed, measure it, and record the figures.

    Args:
        name: one of `catalogue.SHIPPED`; seed: 0 made what ships; ship: False only measures.

    Returns:
        The figures, as they are recorded in `data/figures.json`.
    """
    begin = _cpu_seconds()
    recipe = pkgutil.resolve_name(f"tutlib.assets.build.{catalogue.SHIPPED[name].recipe}")
    figures = recipe(seed, ship)
    record(name, seed, figures | {"CPU seconds": round(_cpu_seconds() - begin)})
    return figures


def ship_net(name: str, net: nn.Module, measure: Callable[[nn.Module], dict], ship: bool) -> dict:
    """Write a trained net's weights as float16, unless it is only to be measured; its figures."""
    if ship:
        state = {k: t.half() if t.is_floating_point() else t for k, t in net.state_dict().items()}
        state = {key: t.contiguous() for key, t in state.items()}
        (path,) = catalogue.SHIPPED[name].files()
        write_whole(path, lambda part: save_file(state, part))
        bundled.load_weights(net, name)  # what is measured is what ships
    return measure(net) | {"parameters": nets.parameter_count(net)}


def _cpu_seconds() -> float:
    """Of this process and of those it has waited for."""
    return sum(os.times()[:4])


def record(name: str, seed: int, figures: dict) -> None:
    """Write the figures of one build into `data/figures.json`, and renew the README's tables."""
    path = catalogue.DATA / "figures.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known.setdefault(name, {})[str(seed)] = figures
    _write(path, json.dumps(known, indent=1, sort_keys=True) + "\n")
    renew_tables(json.loads(path.read_text(encoding="utf-8")))  # in the order of the file


def renew_tables(known: dict) -> None:
    """Put the figures between the README's markers, one table for each bundled file."""
    path = catalogue.DATA / "README.md"
    text = path.read_text(encoding="utf-8")
    for name, seeds in known.items():
        begin, end = f"<!-- figures: {name} -->", f"<!-- end: {name} -->"
        if begin in text:
            before, after = text.split(begin)[0], text.split(end)[1]
            text = f"{before}{begin}\n{figures_table(seeds)}\n{end}{after}"
    _write(path, text)


def _write(path: Path, text: str) -> None:
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


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
