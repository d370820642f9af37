"""The anatomy every notebook has, one small rule after the other.

    python -m tools.anatomy [NOTEBOOK ...]     say what is missing

A rule takes a `Page` and yields one sentence for each thing that is not as it should be.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from nbformat import NotebookNode

from tools import notebooks, render

CARD = ("you will learn", "you need", "time", "downloads")
SLIDES = {"slide", "subslide", "fragment", "notes", "skip", "-"}
LINES, IMPORTS = 25, 8  # at most, in one code cell
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
START, GALLERY = "start.ipynb", "gallery.ipynb"


@dataclass(frozen=True)
class Page:
    """A notebook and where it lies."""

    path: Path
    notebook: NotebookNode

    @property
    def cells(self) -> list[NotebookNode]:
        return self.notebook.cells

    @property
    def code(self) -> list[NotebookNode]:
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def prose(self) -> str:
        return "\n\n".join(cell.source for cell in self.cells if cell.cell_type == "markdown")

    def section(self, title: str) -> str:
        """The prose under a heading `## title ...`, down to the next one; "" if there is none."""
        parts = re.split(r"^## +", self.prose, flags=re.M)[1:]
        return next((part for part in parts if part.lower().startswith(title.lower())), "")

    def tagged(self, tag: str) -> list[NotebookNode]:
        return [cell for cell in self.cells if tag in notebooks.tags(cell)]


Rule = Callable[[Page], Iterator[str]]


def title_and_promise(page: Page) -> Iterator[str]:
    first = page.cells[0] if page.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell must begin with the title, as in `# Diving right in`."
        return
    below = first.source.partition("\n")[2]
    promise = (_blocks(below) or [""])[0]
    if not re.fullmatch(r"([*_])(?![*_])(.+?)(?<![*_])\1", promise, flags=re.S):
        yield "under the title a promise must stand, in italics: `*In the next ...*`."
    elif len(re.findall(r"[.!?…](?=\s|[*_]$)", promise)) != 1:
        yield f"the promise under the title must be one sentence; it is: {promise}"


def card(page: Page) -> Iterator[str]:
    tables = [block.split("\n") for block in _blocks(page.prose) if block.startswith("|")]
    for rows in tables:
        if tuple(word.lower() for word in _columns(rows[0])) == CARD and len(rows) >= 3:
            values = _columns(rows[2])
            if len(values) != 4 or not all(values):
                yield "the card needs something in each of its four columns."
            elif not re.search(r"\d", values[2]):
                yield f"the card's time must be a measured one, with a number: {values[2]}"
            return
    yield f"there is no card: a table with the columns | {' | '.join(CARD)} |."


def hero(page: Page) -> Iterator[str]:
    outputs = [out for cell in page.code[:2] for out in cell.outputs]
    if not any({"image/png", "image/jpeg"} & set(out.get("data", {})) for out in outputs):
        yield (
            "the first two code cells show no picture (a PNG or JPEG among their outputs): "
            "begin with one, and `make render`."
        )


def alt_texts(page: Page) -> Iterator[str]:
    for cell in page.code:
        for out in cell.outputs:
            for kind in {"image/png", "image/jpeg"} & set(out.get("data", {})):
                if not out.get("metadata", {}).get(kind, {}).get("alt"):
                    yield f"a picture of cell {cell.id} has no alt text: draw it with tutlib.plots."


def predict_run_explain(page: Page) -> Iterator[str]:
    guesses = [i for i, cell in enumerate(page.cells) if _asks(cell)]
    if not guesses:
        yield "no section asks for a guess: begin a paragraph with `**Predict.**`."
    for i in guesses:
        after = [cell.cell_type for cell in page.cells[i + 1 :]]
        if after[:1] != ["code"]:
            yield f"cell {page.cells[i].id} asks for a guess, and no code cell follows."
        elif "markdown" not in after:
            yield f"what cell {page.cells[i].id} asks for is never explained."


def sections(page: Page) -> Iterator[str]:
    for title, why in (
        ("Takeaways", "what to remember"),
        ("Exercises", "what to try"),
        ("References", "where it comes from"),
    ):
        if not page.section(title):
            yield f"there is no section `## {title}`: {why}."


def exercises(page: Page) -> Iterator[str]:
    text = page.section("Exercises")
    if not text:
        return
    headings = re.findall(r"^#{3,} +.*$", text, flags=re.M)
    starred = [heading for heading in headings if "★" in heading]
    if not starred:
        yield "no exercise: each begins with a heading with 1 to 3 stars, `### ★★ Title`."
    if len(starred) > 4:
        yield f"{len(starred)} exercises: 2 to 4 are what a lesson asks for."
    for heading in starred:
        if heading.count("★") > 3:
            yield f"1 to 3 stars, not more: {heading}"
    summaries = re.findall(r"<details>\s*<summary>(.*?)</summary>", text, flags=re.S | re.I)
    for word in ("hint", "solution"):
        count = sum(word in summary.lower() for summary in summaries)
        if count < len(starred):
            yield (
                f"{len(starred)} exercises and {count} folded {word}s: each needs a "
                f"<details><summary>{word.title()}</summary> ... </details>."
            )
    if re.search(r"<details\s+open", text, flags=re.I):
        yield "a hint or solution is folded away at first: `<details>`, without `open`."
    checks = sum("check.exercise(" in cell.source for cell in page.code)
    if checks < len(starred):
        yield f"{len(starred)} exercises and {checks} cells that call check.exercise(...)."


def references(page: Page) -> Iterator[str]:
    text = page.section("References")
    entries = re.findall(r"^\s*(?:[-*]|\d+\.) +.*$", text, flags=re.M)
    if text and not entries:
        yield "the references must be a list: authors, title, year."
    for entry in entries:
        if not re.search(r"\b(?:18|19|20)\d\d\b", entry):
            yield f"a reference names its year: {entry.strip()[:80]}"


def neighbours(page: Page) -> Iterator[str]:
    links = neighbours_of(page)
    for word in ("previous", "next"):
        if word not in links:
            yield f"the last cell must link the {word} notebook, as in `[{word}: ...](....ipynb)`."


def neighbours_of(page: Page) -> dict[str, Path]:
    """Where "previous" (or ←) and "next" (or →) in the last cell of prose lead."""
    last = [cell.source for cell in page.cells if cell.cell_type == "markdown"][-1:]
    found = {}
    for line in re.split(r"\n|·|\|", "".join(last)):
        for _, target in LINK.findall(line):
            for word, arrow in (("previous", "←"), ("next", "→")):
                if (word in line.lower() or arrow in line) and target.endswith(".ipynb"):
                    found[word] = (page.path.parent / target).resolve()
    return found


def links(page: Page) -> Iterator[str]:
    for _, target in LINK.findall(page.prose):
        if re.match(r"[a-z]+:|#", target):
            continue
        if not (page.path.parent / target.split("#")[0].replace("%20", " ")).exists():
            yield f"a link leads nowhere: {target}"


def code_cells(page: Page) -> Iterator[str]:
    for cell in page.code:
        lines = cell.source.count("\n") + 1
        if lines > LINES:
            yield f"cell {cell.id} has {lines} lines; {LINES} are what the eye takes in."
        imports = len(re.findall(r"^(?:import|from) ", cell.source, flags=re.M))
        if imports > IMPORTS:
            yield f"cell {cell.id} is a wall of {imports} imports: import where the need arises."
    for before, after in pairwise(page.cells):
        if before.cell_type == after.cell_type == "code":
            tags = notebooks.tags(after)
            if "claim" not in tags or "claim" in notebooks.tags(before):
                yield f"between the code cells {before.id} and {after.id} prose must stand."


def claims(page: Page) -> Iterator[str]:
    tagged = page.tagged("claim")
    if not tagged:
        yield "nothing is proved: tag a cell `claim` and state something with claim(...)."
    for cell in page.code:
        if ("claim" in notebooks.tags(cell)) != bool(re.search(r"\bclaim\(", cell.source)):
            yield f"cell {cell.id}: the tag `claim` and calls of claim(...) belong together."


def budget(page: Page) -> Iterator[str]:
    count = len(page.tagged("budget"))
    if count != 1:
        yield f"one cell, tagged `budget`, holds every knob of effort; here {count} are tagged so."


def seed(page: Page) -> Iterator[str]:
    if not page.code or "check.seed()" not in page.code[0].source:
        yield "the first code cell must set `SEED = check.seed()`, which reads TUTLIB_SEED."


def slides(page: Page) -> Iterator[str]:
    for cell in page.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if kind not in SLIDES:
            yield f"cell {cell.id} says nothing about slides (metadata.slideshow.slide_type)."
        elif re.match(r"##? ", cell.source) and cell.cell_type == "markdown" and kind != "slide":
            yield f"cell {cell.id} begins a section, so its slide_type is `slide`, not `{kind}`."


def identities(page: Page) -> Iterator[str]:
    ids = [cell.get("id", "") for cell in page.cells]
    for cell_id in sorted(set(ids)):
        if ids.count(cell_id) > 1:
            yield f"{ids.count(cell_id)} cells are called {cell_id!r}."
        if not re.fullmatch(r"[A-Za-z0-9_-]{4,12}", cell_id):
            yield f"a cell id has 4 to 12 letters, digits, - and _ (8 is usual): {cell_id!r}"


def metadata(page: Page) -> Iterator[str]:
    data = page.notebook.metadata
    if data.get("kernelspec", {}).get("name") != "python3":
        yield "metadata.kernelspec.name must be python3."
    if data.get("language_info", {}).get("name") != "python":
        yield "metadata.language_info.name must be python."
    if data.get("execution", {}).get("allow_errors"):
        yield "metadata.execution.allow_errors would hide what goes wrong."
    for cell in page.tagged("raises-exception"):
        yield f"cell {cell.id} is allowed to raise: catch the error it means to show."


def one_machine(page: Page) -> Iterator[str]:
    yield from render.paths_in(page.notebook)
    yield from render.too_large(render.serialise(page.notebook))


RULES: tuple[Rule, ...] = (
    title_and_promise, card, hero, alt_texts, predict_run_explain, sections, exercises, references,
    neighbours, links, code_cells, claims, budget, seed, slides, identities, metadata, one_machine,
)  # fmt: skip
# The map and the gallery teach nothing themselves, so they have no lesson's parts.
EXEMPT: dict[str, tuple[Rule, ...]] = {
    START: (card, predict_run_explain, sections, exercises, references, budget),
    GALLERY: (card, predict_run_explain, sections, exercises, references, budget, neighbours),
}


def faults(path: Path) -> list[str]:
    """All that is not as it should be in one notebook."""
    page = Page(path, notebooks.read(path))
    rules = [rule for rule in RULES if rule not in EXEMPT.get(path.name, ())]
    return [f"{rule.__name__}: {sentence}" for rule in rules for sentence in rule(page)]


def course_faults(paths: list[Path]) -> list[str]:
    """What is wrong with the course as a whole: "next" must lead round it once, and back."""
    if not paths:
        return []
    where = {path.resolve(): neighbours_of(Page(path, notebooks.read(path)))
             for path in paths if path.name != GALLERY}  # fmt: skip
    found = []
    for path, links in where.items():
        follower = links.get("next")
        if follower in where and where[follower].get("previous") != path:
            found.append(f"{path.name} leads on to {follower.name}, which does not lead back.")
    here = next((path for path in where if path.name == START), None)
    if here is None:
        return [*found, f"the course has no {START}."]
    walked: list[Path] = []
    while here in where and here not in walked:
        walked.append(here)
        here = where[here].get("next")
    found += [f"no chain of next links reaches {p.name}." for p in where if p not in walked]
    if here != walked[0]:
        found.append(f"from {walked[-1].name}, next does not lead back to {START}.")
    return found


def _blocks(text: str) -> list[str]:
    return [block.strip() for block in re.split(r"\n\s*\n", text) if block.strip()]


def _columns(row: str) -> list[str]:
    return [part.strip() for part in row.strip().strip("|").split("|")]


def _asks(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" and "**Predict." in cell.source


def main(words: list[str]) -> int:
    paths = [Path(word) for word in words] or notebooks.find()
    lines = [f"{path}: {line}" for path in paths for line in faults(path)]
    lines += [] if words else course_faults(paths)
    print("\n".join(lines) or "All is in its place.")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
