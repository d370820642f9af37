"""The notebooks' exercises as they stand: an answer goes in, the check cell's verdict comes out.

EXERCISES = exercises.table("1-1", {"project_l2": [wrong, another], ...})

@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_solutions_of_1_1(exercise, wrong, names):
    exercises.settle(exercise, wrong, names)
"""

from __future__ import annotations

import ast
import io
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tools import notebooks
from tutlib.check.claims import RED_CROSS

LEAST = 3  # wrong answers to each exercise that its test must try
FOLDED = re.compile(
    r"<details>\s*<summary>Solution</summary>.*?```python\n(.*?)```.*?</details>", re.S
)


@dataclass(frozen=True)
class Verdict:
    """Did every check pass, and what did the check cell print?"""

    passed: bool
    printed: str

    def __bool__(self) -> bool:
        return self.passed


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    name: what the learner is to give, as the check cell calls it.
    solution: the code that is folded away.
    cell: the check cell.
    imports: what the notebook has imported up to there, as code.
    """

    name: str
    solution: str
    cell: str
    imports: str

    def tried(self, answer, names: dict | None = None) -> Verdict:
        """Run the check cell with `answer` in the place of `NAME = None`.

        Args:
            answer: text is code that defines the answer (there `right` is what the solution
                makes); anything else is the answer itself.
            names: what cells further up have made; imports are the notebook's own.
        """
        space = self._space(names)
        if isinstance(answer, str) and answer != self.solution:
            space["right"] = self.made(names)
        body, printed = ast.parse(self.cell).body, io.StringIO()
        here = next(i for i, line in enumerate(body) if _is_left_open(line, self.name))
        torch.manual_seed(0)  # checks may draw their cases
        with redirect_stdout(printed):
            _run(body[:here], space)
            if isinstance(answer, str):
                exec(answer, space)
            else:
                space[self.name] = answer
            _run(body[here + 1 : -1], space)
            passed = eval(compile(ast.Expression(body[-1].value), "check", "eval"), space)
        assert passed in (True, False), "a check cell ends with check.exercise(...)"
        return Verdict(bool(passed), printed.getvalue())

    def made(self, names: dict | None = None):
        """What the notebook's solution makes: a number, a function."""
        space = self._space(names)
        exec(self.solution, space)
        return space[self.name]

    def _space(self, names: dict | None) -> dict:
        space: dict = {}
        exec(self.imports, space)
        return space | (names or {})


def read(path: Path) -> list[Exercise]:
    """The exercises of a notebook, in order."""
    found, prose, imports = [], "", []
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "markdown":
            prose += cell.source + "\n"
            continue
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            imports += [line for line in tree.body if isinstance(line, ast.Import | ast.ImportFrom)]
            if "check.exercise(" in cell.source:
                found.append(_exercise(cell, tree, prose, imports))
            prose = ""  # what stands above a check cell, up to the cell of code before it
    return found


def of(lesson: str) -> list[Exercise]:
    """The exercises of the lesson with this number, as in `of("1-1")`."""
    (path,) = notebooks.FOLDER.rglob(f"{lesson}-*.ipynb")
    return read(path)


def table(lesson: str, wrong: dict[str, list] | list[list]) -> list:
    """(exercise, wrong answers) for each exercise of a lesson, for `pytest.mark.parametrize`.

    Args:
        wrong: the wrong answers to each, in the notebook's order, under the answers' names; a
            list where all of them are called `answer`.
    """
    asked = of(lesson)
    by_name = isinstance(wrong, dict)
    expected = list(wrong) if by_name else ["answer"] * len(wrong)
    names = [exercise.name for exercise in asked]
    assert names == expected, f"lesson {lesson} asks for {names}, and its test for {expected}"
    ids = names if by_name else range(len(asked))
    tries = list(wrong.values() if by_name else wrong)
    few = [f"{n}: {len(row)}" for n, row in zip(ids, tries) if len(row) < LEAST]
    assert not few, f"lesson {lesson}: fewer than {LEAST} wrong answers ({', '.join(few)})"
    return [pytest.param(*case, id=str(n)) for n, *case in zip(ids, asked, tries)]


def settle(exercise: Exercise, wrong: list, names: dict | None = None) -> None:
    """The solution passes; wrong answers do not, and neither does the notebook as it stands.

    Each wrong answer is refused in words that a learner can use (see `unhelpful`).
    """
    assert wrong, "a check that no wrong answer has failed proves nothing"
    verdict = exercise.tried(exercise.solution, names)
    assert verdict, verdict.printed
    untouched = exercise.tried(None, names)
    assert not untouched
    assert "not tried yet" in untouched.printed
    for number, answer in enumerate(wrong):
        verdict = exercise.tried(answer, names)
        assert not verdict, f"wrong answer {number} passes:\n{verdict.printed}"
        assert "NameError" not in verdict.printed, f"wrong answer {number} is broken, not wrong"
        faults = unhelpful(verdict)
        assert not faults, f"wrong answer {number}: {faults}:\n{verdict.printed}"


def unhelpful(verdict: Verdict) -> str:
    """What keeps a refusal from helping; "" if it says in a sentence what to look at.

    It names a promise that the answer does not keep; behind it may stand what the answer gave, or
    the error it raised with that error's words, and never a traceback.
    """
    refused = [line for line in verdict.printed.splitlines() if line.startswith(RED_CROSS)]
    if not refused:
        return "no sentence is crossed out"
    if "Traceback" in verdict.printed:
        return "a traceback is printed"
    longest = 0
    for line in refused:
        sentence, _, behind = line.removeprefix(RED_CROSS).strip().partition("  (")
        longest = max(longest, len(sentence.split()))
        if re.fullmatch(r"\w+( in line \d+)?:\s*\)", behind):
            return f"an error without a word: {behind!r}"
    return "" if longest >= 4 else f"too few words to learn from: {refused}"


def _exercise(cell, tree: ast.Module, prose: str, imports: list) -> Exercise:
    """Made of a check cell and the prose above it; what is odd about them is said."""
    where, last = f"check cell {cell.id}", tree.body[-1]
    ending = re.match(r"check\.exercise\((\w+), ", ast.unparse(last))
    assert ending, f"{where} must end with check.exercise(NAME, ...)"
    name = ending[1]
    left_open = sum(_is_left_open(line, name) for line in tree.body)
    assert left_open == 1, f"{where} needs one line `{name} = None`, and it has {left_open}"
    solutions = FOLDED.findall(prose)
    assert len(solutions) == 1, f"above {where} stand {len(solutions)} folded solutions, not one"
    return Exercise(name, solutions[0], cell.source, "\n".join(map(ast.unparse, imports)))


def _is_left_open(line: ast.stmt, name: str) -> bool:
    return isinstance(line, ast.Assign) and ast.unparse(line) == f"{name} = None"


def _run(lines: list[ast.stmt], space: dict) -> None:
    exec(compile(ast.Module(lines, []), "check", "exec"), space)
