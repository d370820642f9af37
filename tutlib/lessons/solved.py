"""`python -m tutlib progress`: which exercises are solved, on this machine, by this learner."""

from __future__ import annotations

import argparse
import ast
import csv
import io
import re
import shutil
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

from tutlib.check import progress
from tutlib.check.files import alone_with, write_whole
from tutlib.check.progress import Record, RecordError
from tutlib.lessons.chapters import CHAPTERS

MODULES = Path(__file__).parent / "exercises"
COLUMNS = ("name", "lesson", "exercise", "solved_at")


class Asked(NamedTuple):
    """A lesson and what it asks for."""

    number: str
    title: str
    names: tuple[str, ...]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--export", metavar="FILE.csv", help="for a class: a table (-: print it)")
    what.add_argument("--forget", action="store_true", help="begin again: solved becomes unsolved")
    parser.add_argument("--name", default="", help="whose table it is: a column of --export")
    parser.add_argument("--yes", action="store_true", help="do not ask before --forget")


def main(options: argparse.Namespace) -> int:
    """Show, export or forget; the exit code is 0 when all is well, 1 otherwise."""
    path = progress.place()
    if path is None:
        print("TUTLIB_PROGRESS is off: nothing is remembered.")
        return 1
    try:
        if options.forget:
            return forget(path, options.yes)
        record = progress.read(path)
        if options.export:
            return export(record, options.export, options.name)
    except RecordError as error:
        words = "When you next solve an exercise, it is kept under another name and a new one begun"
        print(f"{error} {words}.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or path}: {error.strerror or error}.", file=sys.stderr)
        return 1
    print(report(record, shutil.get_terminal_size().columns))
    print(f"\n{_shown(path)} holds this, on your machine only.")
    return 0


def course() -> list[Asked]:
    """The lessons in order, with the names of what their exercises ask for.

    They are read from the text of the modules: nothing heavy is imported.
    """
    found = []
    for path in MODULES.glob("lesson_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        number = ".".join(path.stem.split("_")[1:])
        title = re.search(rf"of {re.escape(number)}, (.+)\.$", ast.get_docstring(tree) or "")[1]
        makers = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        names = [progress.asked_for(ast.get_docstring(maker)) for maker in makers]
        found.append(Asked(number, title, tuple(filter(None, names))))
    return sorted(found, key=lambda asked: _order(asked.number))


def report(record: Record, width: int = 80) -> str:
    """What is solved, by chapter and lesson, in plain letters that any terminal shows.

    Args:
        width: of the terminal, in letters.
    """
    lessons, width = course(), max(40, min(width, 100))
    lines = [f"{_count(lessons, record)} exercises solved."]
    for number, title in CHAPTERS.items():
        here = [asked for asked in lessons if asked.number.split(".")[0] == number]
        if here:
            lines += ["", f"{number} {title}: {_count(here, record)}"]
            lines += [line for asked in here for line in _lesson(asked, record, width)]
    known = {(asked.number, name) for asked in lessons for name in asked.names}
    other = [f"{row[0]} {row[1]}" for row in _rows(record) if row[:2] not in known]
    if other:
        lines += ["", *_wrapped("Solved in another version of the course: ", other, width, "  ")]
    return "\n".join(lines)


def _lesson(asked: Asked, record: Record, width: int) -> list[str]:
    solved = record.get(asked.number, {})
    boxes = "".join("x" if name in solved else "." for name in asked.names)
    head = f"  [{boxes}] {asked.number} {asked.title}"
    lines = textwrap.wrap(head, width, subsequent_indent=" " * 8)
    done = [name for name in asked.names if name in solved]
    still = [name for name in asked.names if name not in solved]
    if done:
        lines += _wrapped("        solved: ", done, width)
        lines += _wrapped("        open: ", still, width) if still else []
    return lines


def _wrapped(head: str, names: list[str], width: int, indent: str = " " * 10) -> list[str]:
    return textwrap.wrap(head + ", ".join(names), width, subsequent_indent=indent)


def _count(lessons: list[Asked], record: Record) -> str:
    done = sum(name in record.get(asked.number, {}) for asked in lessons for name in asked.names)
    return f"{done} of {sum(len(asked.names) for asked in lessons)}"


def export(record: Record, target: str, name: str) -> int:
    """Write a table: name, lesson, exercise, when it was solved (UTC)."""
    if name[:1] in ("=", "+", "-", "@"):
        print(f"a table's program takes {name!r} for a formula: name a person.", file=sys.stderr)
        return 1
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows((name, *row) for row in _rows(record))
    if target == "-":
        print(text.getvalue(), end="")
        return 0
    path = Path(target)
    # The mark at the beginning tells spreadsheets that names may be Korean.
    write_whole(path, lambda part: part.write_bytes(text.getvalue().encode("utf-8-sig")))
    print(f"{_shown(path)}: {sum(map(len, record.values()))} solved exercises.")
    return 0


def forget(path: Path, sure: bool) -> int:
    """Take the record away, after a question."""
    if not path.exists():
        print("There is nothing to forget.")
        return 0
    try:
        print(f"What you have solved stands in {_shown(path)}.")
        sure = sure or input("Forget all of it? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        print()
    if not sure:
        print("Nothing is forgotten.")
        return 1
    with alone_with(path, progress.PATIENCE):
        path.unlink(missing_ok=True)
    print("It is forgotten.")
    return 0


def _rows(record: Record) -> list[tuple[str, str, str]]:
    """(lesson, exercise, when), in the order of the lessons and then of the times."""
    rows = [(when, lesson, name) for lesson, row in record.items() for name, when in row.items()]
    rows.sort(key=lambda row: (_order(row[1]), row[0], row[2]))
    return [(lesson, name, when.isoformat(timespec="seconds")) for when, lesson, name in rows]


def _order(number: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", number)]


def _shown(path: Path) -> str:
    """A path in letters that any terminal shows."""
    return str(path).encode("ascii", "backslashreplace").decode()
