"""Lessons on Colab and wherever else somebody opens a notebook that was taken from the book.

There a first cell brings `tutlib`, and leaves torch alone: a hosted notebook has one that fits its
GPU. The notebooks in the repository stay without it; `make book` puts it into those it offers, and
Colab opens these where the book is published (`[tool.tutlib]` in pyproject.toml: `repository`,
`pages`).
"""

from __future__ import annotations

import nbformat
from nbformat import NotebookNode

ID = "get-tutlib"
COLAB = "https://colab.research.google.com"
CELL = """\
# Only needed where the course is not installed, as on Colab: this brings `tutlib`, and what little
# else is missing. The torch that is there stays as it is.
import importlib
import subprocess
import sys
from importlib import metadata


def installed():
    importlib.invalidate_caches()
    return {{found.name.lower().replace("_", "-") for found in metadata.distributions()}}


def install(*names):
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *names])


if "tutlib" not in installed():
    install("tutlib @ git+{repository}@{branch}")
    lines = [line for line in metadata.requires("tutlib") if "extra" not in line]
    needed = {{line.split(">=")[0] for line in lines}} - {{"torch", "torchvision", "jupyterlab"}}
    if missing := sorted(needed - installed()):
        install(*missing)"""


def first_cell(settings: dict[str, str]) -> NotebookNode:
    """The cell that goes before all others in a notebook that travels alone."""
    return nbformat.v4.new_code_cell(CELL.format(**settings), id=ID)


def address(settings: dict[str, str], place: str) -> str:
    """Where Colab opens a lesson, as the published book offers it. `place`: see `Lesson.place`."""
    owner, name = settings["repository"].rstrip("/").split("/")[-2:]
    return f"{COLAB}/github/{owner}/{name}/blob/{settings['pages']}/_sources/{place}.ipynb"


def redirect(settings: dict[str, str], page: str, buttons: list[dict]) -> None:
    """Let the theme's button for Colab lead there."""
    for group in buttons:
        for button in group.get("buttons", ()):
            if button.get("text") == "Colab":
                button["url"] = address(settings, page)
