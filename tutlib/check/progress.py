"""What a learner has solved, remembered on this machine in one small file, and nowhere else.

The file is `progress.json` in the user's folder for data. `TUTLIB_PROGRESS` names another file (or
a folder; what does not begin at the root begins at home), or says `off`: nothing is remembered.
Nothing here ever keeps a lesson from going on: what cannot be written is said once, in a sentence.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from tutlib.check.files import alone_with, at_home, write_whole

Record = dict[str, dict[str, datetime]]  # lesson -> exercise -> when it was first solved, in UTC
PATIENCE = 2.0  # seconds to wait for another notebook that is just writing
MAKER = re.compile(r"tutlib\.lessons\.exercises\.lesson_(\d+)_(\d+)")
_said: set[str] = set()


class RecordError(ValueError):
    """The file is there, and holds no record."""


def place() -> Path | None:
    """Where the record lies or would lie; None if nothing is to be remembered."""
    own = os.environ.get("TUTLIB_PROGRESS")
    if own is None:
        return Path(platformdirs.user_data_dir("tutlib", appauthor=False)) / "progress.json"
    if own.strip().lower() in ("", "off"):
        return None
    path = Path.home() / at_home(own)
    return path / "progress.json" if path.is_dir() else path


def read(path: Path) -> Record:
    """The record in a file; empty where there is no file.

    Raises:
        RecordError: if the file holds something else.
        OSError: if it cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        return {
            str(lesson): {str(name): _moment(when) for name, when in solved.items()}
            for lesson, solved in json.loads(text)["solved"].items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise RecordError(f"{path} holds no record of solved exercises.") from None


def write(path: Path, record: Record) -> None:
    """Write a record, whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    solved = {
        lesson: {name: when.isoformat(timespec="seconds") for name, when in sorted(row.items())}
        for lesson, row in sorted(record.items())
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"solved": solved}, indent=1) + "\n"
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


def merged(one: Record, other: Record) -> Record:
    """All that stands in either; what stands in both was solved at the earlier time.

    Example:
        >>> noon, one_o_clock = (datetime(2026, 5, 4, hour, tzinfo=UTC) for hour in (12, 13))
        >>> both = merged({"1.1": {"a": one_o_clock}}, {"1.1": {"a": noon}, "1.2": {"b": noon}})
        >>> both == {"1.1": {"a": noon}, "1.2": {"b": noon}}
        True
    """
    both = {lesson: dict(solved) for lesson, solved in one.items()}
    for lesson, solved in other.items():
        row = both.setdefault(lesson, {})
        for name, when in solved.items():
            row[name] = min(when, row.get(name, when))
    return both


def add(path: Path, new: Record) -> str:
    """Merge `new` into the record in a file; two notebooks may do it at once.

    Returns:
        A sentence, if the file held no record: it is kept under another name. Otherwise "".

    Raises:
        OSError: if it cannot be written, or another program keeps it busy (TimeoutError).
    """
    said = ""
    with alone_with(path, PATIENCE):
        try:
            known = read(path)
        except RecordError:
            known, aside = {}, _free_name(path)
            path.replace(aside)
            said = f"{path} held no record of solved exercises: it is kept as {aside.name}."
        write(path, merged(known, new))
    return said


def remember(checks: Sequence[tuple[str, Callable]]) -> None:
    """Note that these checks have passed, if they belong to a lesson of the course.

    It raises nothing: what is wrong with the file is said once, in a sentence.
    """
    try:
        path, solved = place(), origin(checks)
        if path is None or solved is None:
            return
        lesson, name = solved
        if name in _known(path).get(lesson, {}):
            return
        now = datetime.now(UTC).replace(microsecond=0)
        _say(add(path, {lesson: {name: now}}))
    except OSError as error:
        why = error.strerror or "another program keeps the file busy"
        _say(f"(Solved, but not noted for `python -m tutlib progress`: {why}.)")
    except Exception as error:  # a lesson goes on, whatever is wrong with a file beside it
        _say(f"(Solved, but not noted for `python -m tutlib progress`: {type(error).__name__}.)")


def origin(checks: Sequence[tuple[str, Callable]]) -> tuple[str, str] | None:
    """("1.1", "project_l2"): whose exercise these checks are; None if no lesson's.

    The tests of a check are born in a function of `tutlib.lessons.exercises.lesson_1_1`, and its
    docstring begins with what the learner is to give: For `project_l2(delta, eps)`.
    """
    for _, test in checks:
        module = getattr(test, "__module__", None) or ""
        if number := MAKER.fullmatch(module):
            maker = test.__qualname__.partition(".")[0]
            name = asked_for(getattr(getattr(sys.modules[module], maker, None), "__doc__", ""))
            if name:
                return ".".join(number.groups()), name
    return None


def asked_for(docstring: str | None) -> str:
    """What the docstring of a maker of checks says that the learner gives; "" if nothing.

    Example:
        >>> asked_for("For `project_l2(delta, eps)`.")
        'project_l2'
    """
    found = re.match(r"For `(\w+)", docstring or "")
    return found[1] if found else ""


def _known(path: Path) -> Record:
    try:
        return read(path)
    except RecordError:
        return {}  # `add` keeps it and says so


def _moment(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.stem}-unreadable-{n}{path.suffix}") for n in range(1, 10_000))
    return next(name for name in names if not name.exists())


def _say(sentence: str) -> None:
    """Once in a run: a full disk is no news the second time."""
    if sentence and sentence not in _said:
        _said.add(sentence)
        print(sentence)
