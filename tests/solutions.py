"""The solutions printed in a lesson, run: so that the tests check what the reader sees."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
BLOCK = re.compile(
    r"<details>\s*<summary>Solution</summary>.*?```python\n(.*?)```.*?</details>", re.S
)


def solutions(lesson: str) -> list[str]:
    """The code of every folded solution of a notebook, in order; `lesson` is e.g. "1-1"."""
    (path,) = NOTEBOOKS.rglob(f"{lesson}-*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return BLOCK.findall(prose)


def solution(lesson: str, name: str, namespace: dict):
    """The function `name` as a lesson's solution defines it, run in `namespace`."""
    (code,) = [text for text in solutions(lesson) if re.search(rf"\b{name}\b", text)]
    exec(code, namespace)
    return namespace[name]
