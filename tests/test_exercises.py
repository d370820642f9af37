"""The reader of exercises, on made-up notebooks; and no lesson's exercises go untested."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests import exercises
from tools import notebooks

SOLUTION = """\
### ★ Double

<details><summary>Hint</summary>

```python
hint = 1
```
</details>

<details><summary>Solution</summary>

Twice.

```python
def double(n):
    return math.prod([n, two])
```
</details>
"""
CHECK = """\
three = 3
double = None      # your function
check.exercise(double, [("it is right of three", lambda f: f(three) == 6),
                        ("it is right of 0", lambda f: f(0) == 0)])
"""


def written(folder, solution=SOLUTION, check=CHECK):
    cells = [
        new_code_cell("import math\nfrom tutlib import check\nraise SystemError('never run')"),
        new_markdown_cell("## Exercises"),
        new_markdown_cell(solution),
        new_code_cell(check),
    ]
    path = folder / "9-9-made-up.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def double(tmp_path):
    (exercise,) = exercises.read(written(tmp_path))
    return exercise


def test_an_exercise_is_read_as_it_stands(double):
    assert double.name == "double"
    assert double.solution.startswith("def double(n):")
    assert double.made({"two": 2})(4) == 8


def test_a_verdict_holds_what_was_printed(double, capsys):
    verdict = double.tried(double.solution, {"two": 2})
    assert verdict
    assert re.findall("✔.*", verdict.printed)[0].endswith("of three")
    assert not double.tried(double.solution, {"two": 3})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        (lambda n: n + n, True),
        (lambda n: n + 3, False),
        ("double = lambda n: 2 * n", True),
        ("def double(n):\n    return right(n) + 1", False),
        ("double = right", True),
        (None, False),
        (6, False),
    ],
)
def test_an_answer_is_code_or_the_thing_itself(double, answer, passed):
    assert bool(double.tried(answer, {"two": 2})) == passed


def test_the_solution_must_pass_and_wrong_answers_must_not(double):
    names = {"two": 2}
    exercises.settle(double, [lambda n: n], names)
    with pytest.raises(AssertionError, match="wrong answer 1 passes"):
        exercises.settle(double, [lambda n: n, lambda n: 2 * n], names)
    with pytest.raises(AssertionError, match="of three"):
        exercises.settle(double, [lambda n: n], {"two": 3})
    with pytest.raises(AssertionError, match="broken, not wrong"):
        exercises.settle(double, [lambda n: forgotten], names)  # noqa: F821
    with pytest.raises(AssertionError, match="proves nothing"):
        exercises.settle(double, [], names)


@pytest.mark.parametrize(
    ("sentence", "answer", "fault"),
    [
        ("it doubles three and nothing else", lambda n: n, ""),
        ("it doubles three and nothing else", lambda n: 1 / 0, ""),
        ("of three", lambda n: n, "too few words"),
        ("it doubles three and nothing else", lambda n: [][n.none], ""),
        ("it doubles three and nothing else", lambda n: next(iter(())), "error without a word"),
    ],
)
def test_a_refusal_says_what_to_look_at(tmp_path, sentence, answer, fault):
    (asked,) = exercises.read(
        written(tmp_path, check=CHECK.replace("it is right of three", sentence))
    )
    found = exercises.unhelpful(asked.tried(answer, {"two": 2}))
    assert fault in found
    assert bool(found) == bool(fault)


@pytest.mark.parametrize(
    ("printed", "fault"),
    [
        ("nothing", "no sentence"),
        ("\033[31m✘\033[0m it is as it should be\nTraceback", "traceback"),
    ],
)
def test_a_refusal_is_no_silence_and_no_traceback(printed, fault):
    assert fault in exercises.unhelpful(exercises.Verdict(False, printed))


@pytest.mark.parametrize(
    ("solution", "check", "said"),
    [
        ("### ★ Double", CHECK, "0 folded solutions"),
        (SOLUTION + SOLUTION, CHECK, "2 folded solutions"),
        (SOLUTION, CHECK.replace("= None", "= 0"), "one line `double = None`, and it has 0"),
        (SOLUTION, CHECK + "print()", "must end with check.exercise"),
    ],
)
def test_an_odd_exercise_is_noticed(tmp_path, solution, check, said):
    with pytest.raises(AssertionError, match=re.escape(said)):
        exercises.read(written(tmp_path, solution, check))


def test_a_table_names_what_the_notebook_asks_for(tmp_path, monkeypatch):
    written(tmp_path)
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    (case,) = exercises.table("9-9", {"double": [0, 1, 2]})
    assert (case.id, case.values[0].name, case.values[1]) == ("double", "double", [0, 1, 2])
    for few in ({"double": [0, 1]}, {"double": []}):
        with pytest.raises(AssertionError, match=r"fewer than 3 wrong answers \(double: [02]\)"):
            exercises.table("9-9", few)
    for other in ({"treble": [0]}, {}, {"double": [0], "treble": [0]}, [[0]]):
        with pytest.raises(AssertionError, match="asks for"):
            exercises.table("9-9", other)


@pytest.mark.parametrize("path", notebooks.find(), ids=lambda path: path.stem)
def test_the_exercises_of_every_notebook_are_tested(path):
    asked = exercises.read(path)
    cells = notebooks.read(path).cells
    assert len(asked) == sum("check.exercise(" in cell.source for cell in cells)
    if asked:
        number = "-".join(path.stem.split("-")[:2])
        tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
        assert f'exercises.table("{number}", ' in tests
