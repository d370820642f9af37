"""Make the book: one static site of the whole course, in build/book.

    python -m tools.book

The notebooks are taken as they are rendered: nothing runs here. They, the pages of `book/` and
those that are made from data (glossary, bibliography, the reference of `tutlib`) are staged in
build/book-source, and Sphinx turns them into pages that ask no host for anything. Four panels are
live there (`tools/live.py`): in the staged copies they stand where the frozen ones did.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from sphinx.cmd.build import build_main

from tools import course, live, pages

ROOT = course.ROOT
SOURCE, BOOK, DOCTREES = (ROOT / "build" / name for name in ("book-source", "book", "book-trees"))
GUESS = re.compile(r"^\*\*Predict\.\*\* *(.+?)(?=\n\s*\n|\Z)", flags=re.M | re.S)
TITLE = re.compile(r"<p><strong>.+?</strong></p>")  # of a panel, frozen or live
LESSON = re.compile(r'href="([^":]+)\.ipynb"')  # in an output that is a page, as the map of 6.4 is
# What MathJax needs to set formulas; speech and other output stay behind (20 MB).
MATHJAX = ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions")


def main() -> int:
    stage()
    shutil.rmtree(BOOK, ignore_errors=True)
    quiet = ["-q", "-W", "--keep-going"]  # a warning is a fault: what it warns of, a reader meets
    failed = build_main([*quiet, "-b", "html", "-d", str(DOCTREES), str(SOURCE), str(BOOK)])
    if not failed:
        tidy()
        size = sum(file.stat().st_size for file in BOOK.rglob("*") if file.is_file())
        print(f"{BOOK.relative_to(ROOT)}/index.html: the book, {size / 1e6:.0f} MB")
    return failed


def stage() -> None:
    """Lay everything that Sphinx reads into build/book-source, under the repository's own paths.

    What has not changed keeps its date, so that Sphinx reads it only once.
    """
    files = {path.relative_to(ROOT / "book").as_posix(): path.read_bytes()
             for path in (ROOT / "book").rglob("*") if path.is_file()}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        awake = live.live(Path(folder), base="../../_static/live")
        for path in Path(folder).iterdir():
            if path.suffix != ".html":
                files[f"_static/live/{path.name}"] = path.read_bytes()
    for lesson in course.lessons():
        files[f"{lesson.place}.ipynb"] = nbformat.writes(staged(lesson, awake)).encode()
    for name in ("data/README.md", "data/cover.png"):
        files[name] = (ROOT / name).read_bytes()
    files |= {name: text.encode() for name, text in pages.all_pages().items()}
    for name in MATHJAX:
        found = mathjax() / name
        for path in found.rglob("*") if found.is_dir() else [found]:
            if path.is_file():
                files[f"_static/mathjax/{path.relative_to(mathjax())}"] = path.read_bytes()
    lay(files)


def lay(files: dict[str, bytes]) -> None:
    """Make build/book-source hold these files, and nothing else."""
    for path in SOURCE.rglob("*"):
        if path.is_file() and path.relative_to(SOURCE).as_posix() not in files:
            path.unlink()
    for name, content in files.items():
        path = SOURCE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def staged(lesson: course.Lesson, awake: dict[str, str]) -> NotebookNode:
    """A lesson as the book shows it: numbered, guesses framed, alt texts where MyST-NB looks.

    `awake`: {name: HTML} of the live panels.
    """
    notebook = lesson.read()
    for name, (_, number) in live.PANELS.items():
        if number == lesson.number:
            wake(notebook, name, awake[name])
    first = notebook.cells[0]
    first.source = first.source.replace(f"# {lesson.title}", f"# {lesson.name}", 1)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = GUESS.sub(
                r":::{admonition} Predict\n:class: predict\n\1\n:::", cell.source
            )
        elif alt := next(filter(None, map(alt_text, cell.outputs)), ""):
            cell.metadata["mystnb"] = {"image": {"alt": alt}}
        for out in cell.get("outputs", ()):
            if page := out.get("data", {}).get("text/html"):
                out.data["text/html"] = LESSON.sub(r'href="\1.html"', page)
    return notebook


def wake(notebook: NotebookNode, name: str, panel: str) -> None:
    """A live panel in the place of its frozen page; one that has none gets a place of its own."""
    title = TITLE.search(panel)[0]
    frozen = [out.data for cell in notebook.cells for out in cell.get("outputs", ())
              if title in out.get("data", {}).get("text/html", "")]  # fmt: skip
    if name in pages.ADDED:
        before, words = pages.ADDED[name]
        places = [i for i, cell in enumerate(notebook.cells) if cell.source.startswith(before)]
        cell = nbformat.v4.new_markdown_cell(f"{words}\n\n{panel}", id=f"live-{name}")
        if len(places) == 1 and not frozen:
            notebook.cells.insert(places[0], cell)
            return
    elif len(frozen) == 1:
        frozen[0]["text/html"] = panel
        return
    raise ValueError(f"the live panel {name} finds no place in its lesson")


def alt_text(output: NotebookNode) -> str:
    """The alt text of an output's picture; "" if it has no picture."""
    pictures = (output.get("metadata", {}).get(f"image/{kind}", {}) for kind in ("png", "jpeg"))
    return next((picture["alt"] for picture in pictures if picture.get("alt")), "")


def tidy() -> None:
    """Offer each notebook once, as it stands in the repository but unrun; drop other sources.

    Templates that the theme leaves among its static files go, too.
    """
    for template in (BOOK / "_static").rglob("*.html"):
        template.unlink()
    sources = BOOK / "_sources"
    shutil.rmtree(sources, ignore_errors=True)
    for lesson in course.lessons():
        notebook = lesson.read()
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = []
        target = sources / f"{lesson.place}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def mathjax() -> Path:
    """Where the package sphinx-mathjax-offline keeps MathJax."""
    return Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static/mathjax"


if __name__ == "__main__":
    sys.exit(main())
