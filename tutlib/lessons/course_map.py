"""The map of the course: a line for each chapter, a stop for each lesson that is there."""

from __future__ import annotations

import html
import json
import os
import re
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tutlib.plots.faces import MapFigure, draw_map

NUMBERED = re.compile(r"(\d)-(\d+)-.+\.ipynb")
NAMES = {"gans": "GANs"}  # a folder's name has no capitals


class Stop(NamedTuple):
    """A lesson on the map: its chapter's name, its number, its title, its file."""

    chapter: str
    number: str
    title: str
    path: Path


def stops(folder: Path) -> list[Stop]:
    """The lessons under `folder` (``notebooks``), in their order, read from the files themselves.

    Raises:
        ValueError: if no lesson lies there.
    """
    found = []
    for path in Path(folder).resolve().glob("*/*.ipynb"):
        match = NUMBERED.fullmatch(path.name)
        if match is None:
            continue  # a file of the learner's own
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        title = "".join(cells[0]["source"]).partition("\n")[0].removeprefix("# ").strip()
        found.append(Stop(_chapter(path.parent.name), f"{match[1]}.{match[2]}", title, path))
    if not found:
        raise ValueError(f"no lesson lies in {Path(folder).name}: a map needs the notebooks.")
    return sorted(found, key=lambda stop: [int(part) for part in stop.number.split(".")])


def course_map(folder: Path, here: str = "") -> MapFigure:
    """All lessons on one page: links where a page can hold them, and else a picture.

    Args:
        folder: where the chapters' folders lie.
        here: the number of the lesson the map stands in, as "6.4"; links are relative to it.

    Raises:
        ValueError: if no lesson lies there, or `here` is none of them.
    """
    all_stops = stops(folder)
    standing = [stop for stop in all_stops if stop.number == here]
    if here and not standing:
        raise ValueError(f"no lesson {here} lies in {Path(folder).name}.")
    base = standing[0].path.parent if standing else Path(folder).resolve()
    lines = {name: list(some) for name, some in groupby(all_stops, lambda stop: stop.chapter)}
    figure = draw_map(
        {name: [(s.number, s.title) for s in some] for name, some in lines.items()}, here
    )
    figure.html = page(lines, base, here)
    return figure


def page(lines: dict[str, list[Stop]], base: Path, here: str = "") -> str:
    """The map as HTML: a list of links for each chapter, which needs neither script nor style."""
    rows = []
    for name, some in lines.items():
        places = "".join(_place(stop, base, stop.number == here) for stop in some)
        rows.append(
            f'<li style="margin:0 0 14px;list-style:none"><strong>{html.escape(name)}</strong>'
            '<ol style="display:flex;flex-wrap:wrap;margin:6px 0 0;padding:0;list-style:none">'
            f"{places}</ol></li>"
        )
    return (
        '<nav aria-label="The map of the course" style="color:#222;background:#fff;padding:8px">'
        f'<ol style="padding:0;margin:0">{"".join(rows)}</ol></nav>'
    )


def _place(stop: Stop, base: Path, here: bool) -> str:
    target = Path(os.path.relpath(stop.path, base)).as_posix()
    dot = "●" if here else "○"
    said = ' aria-current="page"' if here else ""
    return (
        '<li style="list-style:none;width:150px;margin:0 0 8px;border-top:4px solid #777">'
        f'<a href="{html.escape(target, quote=True)}"{said} style="display:block;color:#222;'
        f'text-decoration:underline;padding:2px 10px 6px 0"><span aria-hidden="true">{dot} </span>'
        f"<strong>{stop.number}</strong> {html.escape(stop.title)}</a></li>"
    )


def _chapter(folder: str) -> str:
    number, _, name = folder.partition("-")
    return f"{number} {NAMES.get(name, name.replace('-', ' ').capitalize())}"
