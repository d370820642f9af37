"""The course as its files tell it: chapters, lessons, their numbers, titles and neighbours.

    from tools.course import chapters, lessons
    [lesson.name for lesson in lessons()]     # "Start", "1.1 Diving right in", ...

Nothing here is written down twice: a new notebook is found by its place and its name.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
START = "start"


@dataclass(frozen=True)
class Lesson:
    """A notebook: where it lies, its number ("2.3"; "" beside the lessons) and its title."""

    path: Path
    number: str
    title: str

    @property
    def name(self) -> str:
        return f"{self.number} {self.title}".strip()

    @property
    def place(self) -> str:
        """Its path in the repository, without the suffix: "notebooks/1-.../1-1-diving-right-in"."""
        return self.path.relative_to(ROOT).with_suffix("").as_posix()

    @property
    def chapter(self) -> str:
        return self.number.split(".")[0]

    def read(self) -> NotebookNode:
        return nbformat.v4.reads(self.path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Chapter:
    """A folder of lessons: its number, its title, and what the learner will do there."""

    number: str
    title: str
    promise: str
    lessons: tuple[Lesson, ...]

    @property
    def name(self) -> str:
        return f"{self.number} {self.title}"


@cache
def lessons() -> tuple[Lesson, ...]:
    """All notebooks in reading order: `start` first, then the chapters, then what else there is."""
    paths = [path for path in FOLDER.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    found = [_lesson(path) for path in paths]
    return tuple(sorted(found, key=lambda x: (x.path.stem != START, x.number or "~", x.path.stem)))


@cache
def chapters() -> tuple[Chapter, ...]:
    """The chapters with their lessons; titles and promises stand in the README's table."""
    rows = re.findall(
        r"^\| (\d+) ([^|]+?) \| ([^|]+?) \|", (ROOT / "README.md").read_text("utf-8"), re.M
    )
    return tuple(
        Chapter(number, title, promise, tuple(x for x in lessons() if x.chapter == number))
        for number, title, promise in rows
    )


def besides() -> tuple[Lesson, ...]:
    """Notebooks that belong to no chapter: the map first."""
    return tuple(lesson for lesson in lessons() if not lesson.number)


def settings() -> dict[str, str]:
    """`[tool.tutlib]` of pyproject.toml: where the course is published, once it is."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["tool"]["tutlib"]


def _lesson(path: Path) -> Lesson:
    number = re.match(r"(\d+)-(\d+)-", path.name)
    first = nbformat.v4.reads(path.read_text(encoding="utf-8")).cells[0].source
    title = first.split("\n")[0].removeprefix("# ").strip()
    return Lesson(path, ".".join(number.groups()) if number else "", title)
