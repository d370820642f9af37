"""One bibliography for all lessons: every work once, with one key, one year, and who cites it.

    python -m tools.bibliography            write book/bibliography.toml from the notebooks
    python -m tools.bibliography --check    change nothing; say what is not in order

A lesson's references are a list, each entry `Authors, *Title* (year)`, perhaps with what it is for
behind a colon. Where one lesson names all authors and another says "et al.", all are kept.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from dataclasses import dataclass, field

from tools import course

FILE = course.ROOT / "book" / "bibliography.toml"
WORK = re.compile(
    r"(?:^|, and )(?P<authors>[^*]+?), \*(?P<title>[^*]+)\*(?P<kind>[^(*]*?) \((?P<year>\d{4})\)"
)
HEAD = "# Made by `python -m tools.bibliography` from the references of the notebooks.\n"


@dataclass
class Work:
    authors: str
    title: str
    year: int
    kind: str = ""
    lessons: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The first author's surname and the year: "szegedy-2014"."""
        first = re.split(r" and |, | et al", self.authors)[0].split()[-1]
        plain = (
            unicodedata.normalize("NFKD", first.replace("ı", "i"))
            .encode("ascii", "ignore")
            .decode()
        )
        return f"{re.sub('[^a-z]', '', plain.lower())}-{self.year}"


def entries(prose: str) -> list[str]:
    """The list items under `## References`."""
    parts = re.split(r"^## +", prose, flags=re.M)[1:]
    text = next((part for part in parts if part.lower().startswith("references")), "")
    return re.findall(r"^[-*] +(.+)$", text, flags=re.M)


def works_in(entry: str) -> list[Work]:
    """The works that an entry names: one, as a rule."""
    return [
        Work(found["authors"], found["title"], int(found["year"]), found["kind"].strip(" ,"))
        for found in WORK.finditer(entry)
    ]


def collect() -> tuple[dict[str, Work], list[str]]:
    """{key: work} of all lessons, by first author and year, and what is not in order."""
    found: dict[tuple[str, int], Work] = {}
    faults, titles = [], {}
    for lesson in course.lessons():
        cells = lesson.read().cells
        prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        for entry in entries(prose):
            works = works_in(entry)
            if not works:
                faults.append(f"{lesson.name}: not `Authors, *Title* (year)`: {entry}")
            for work in works:
                name = re.sub(r"\W+", " ", work.title.lower()).strip()
                if titles.setdefault(name, work.year) != work.year:
                    faults.append(
                        f"{lesson.name}: {work.title} has the year {titles[name]} elsewhere"
                    )
                _merge(found.setdefault((name, work.year), work), work, lesson.number, faults)
    return _keyed(list(found.values())), faults


def _merge(kept: Work, other: Work, lesson: str, faults: list[str]) -> None:
    if kept.key != other.key:
        faults.append(
            f"{lesson}: {other.title} is by {kept.authors} elsewhere, not {other.authors}"
        )
    if "et al." in kept.authors and "et al." not in other.authors:
        kept.authors = other.authors
    kept.kind = kept.kind or other.kind
    if lesson and lesson not in kept.lessons:
        kept.lessons.append(lesson)


def _keyed(works: list[Work]) -> dict[str, Work]:
    """Sorted, and with a letter behind the year where one is not enough."""
    works = sorted(works, key=lambda work: (work.key, work.title.lower()))
    keys = [work.key for work in works]
    letters = [chr(97 + keys[:i].count(key)) if keys.count(key) > 1 else ""
               for i, key in enumerate(keys)]  # fmt: skip
    return {work.key + letter: work for work, letter in zip(works, letters)}


def as_toml(works: dict[str, Work]) -> str:
    parts = [HEAD]
    for key, work in works.items():
        lines = [f"[{key}]", f"authors = {_quoted(work.authors)}", f"title = {_quoted(work.title)}"]
        lines += [f"kind = {_quoted(work.kind)}"] if work.kind else []
        parts.append(
            "\n".join([*lines, f"year = {work.year}", f"lessons = {json.dumps(work.lessons)}"])
        )
    return "\n\n".join(parts).replace(HEAD + "\n", HEAD) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main(words: list[str]) -> int:
    works, faults = collect()
    text = as_toml(works)
    stale = not FILE.exists() or FILE.read_text(encoding="utf-8") != text
    if stale and "--check" in words:
        faults.append(f"{FILE.name} is not up to date: run `python -m tools.bibliography`")
    elif stale:
        FILE.write_text(text, encoding="utf-8")
    print("\n".join(faults) or f"{len(works)} works, each with one key and one year.")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
