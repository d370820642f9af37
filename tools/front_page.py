"""The course in numbers, on the front page: counted from the lessons, never typed.

    python -m tools.front_page            write them into README.md (`make render` does it, too)
    python -m tools.front_page --check    change nothing; say whether they are right

Lessons and claims are counted in the notebooks as they are rendered: a claim counts where its tick
was printed. The minutes are those on the lessons' cards, the mutants those of the last full run of
`make mutants` (tests/mutants-killed.json); what nobody has measured or recorded is not shown.
"""

from __future__ import annotations

import json
import re
import sys

from nbformat import NotebookNode

from tools import course, notebooks

README = course.ROOT / "README.md"
KILLED = course.ROOT / "tests" / "mutants-killed.json"  # tools/mutants.py writes it
BEGIN, END = "<!-- numbers: `make render` counts them -->", "<!-- end of numbers -->"
PART = re.compile(f"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", flags=re.S)
MEND = "`python -m tools.front_page` counts them again"
ON_CPU = r"(?:(\d+)|an?) (s|min|minutes?) of computing on (?:two cores|one core)"
ON_GPU = r"(?:(\d+)|an?) (s|min|minutes?) on a GPU"


def main(words: list[str]) -> int:
    if words == ["--check"]:
        wrong = faults()
        print(*wrong, sep="\n", end="\n" if wrong else "")
        return bool(wrong)
    if write():
        print(f"{README.name}: the numbers are new")
    return 0


def faults() -> list[str]:
    """What is wrong with the numbers in the README, in a sentence; empty if nothing is."""
    text = README.read_text(encoding="utf-8")
    return [] if renewed(text) == text else [f"{README.name}: its numbers are old; {MEND}."]


def write() -> bool:
    """Bring the README's numbers up to date; whether anything was new."""
    text = README.read_text(encoding="utf-8")
    new = renewed(text)
    if new != text:
        README.write_text(new, encoding="utf-8", newline="\n")
    return new != text


def renewed(text: str) -> str:
    """A page with the numbers as they are now between its two marks."""
    if len(PART.findall(text)) != 1:
        raise ValueError(f"{README.name} needs the lines {BEGIN} and {END}, once each")
    return PART.sub(lambda _: table() + "\n", text)


def table() -> str:
    """The numbers, as a table in Markdown."""
    cells = numbers()
    lines = [" | ".join(cells), "|".join("---" for _ in cells), " | ".join(cells.values())]
    return "\n".join([f"| {lines[0]} |", f"|{lines[1]}|", f"| {lines[2]} |"])


def numbers() -> dict[str, str]:
    """{what is counted: its number in words}."""
    numbered = [lesson for lesson in course.lessons() if lesson.number]
    read = {lesson.name: lesson.read() for lesson in numbered}
    found = {
        "chapters": str(len({lesson.chapter for lesson in numbered})),
        "lessons": str(len(numbered)),
        "claims proved": str(sum(map(ticks, read.values()))),
        "computing on two cores": minutes(read, ON_CPU),
        "on a GPU": minutes(read, ON_GPU),
    }
    if KILLED.is_file():
        told = json.loads(KILLED.read_text(encoding="utf-8"))
        share = 100 * told["killed"] / told["mutants"]
        found["mutants killed"] = f"{share:.0f} % of {told['mutants']:,}"
    return found


def ticks(notebook: NotebookNode) -> int:
    """How many claims of a lesson held when it was rendered."""
    return notebooks.ticks(notebooks.Run(notebook, "", 0.0))


def minutes(read: dict[str, NotebookNode], pattern: str) -> str:
    """What all cards say together; "not measured" where none says anything.

    Raises:
        ValueError: if some cards say it and others do not.
    """
    found = {name: re.search(pattern, notebook.cells[0].source) for name, notebook in read.items()}
    silent = [name for name, match in found.items() if match is None]
    if len(silent) == len(found):
        return "not measured"
    if silent:
        raise ValueError(f"the cards of these lessons do not say it as the others do: {silent}")
    seconds = sum(int(m[1] or 1) * (1 if m[2] == "s" else 60) for m in found.values())
    return f"{seconds / 60:.0f} minutes"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
