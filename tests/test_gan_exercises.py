"""The exercises of chapter 5: the solution in the notebook passes its check, wrong answers fail."""

import math
import re

import pytest
import torch

from tools import notebooks
from tutlib import check
from tutlib.lessons.exercises import lesson_5_1, lesson_5_2

FOLDER = notebooks.FOLDER / "5-gans"
GAME, DCGAN = FOLDER / "5-1-the-two-player-game.ipynb", FOLDER / "5-2-dcgan.ipynb"

# name of the answer -> (notebook, its checks, wrong answers)
EXERCISES = {
    "logit": (GAME, lesson_5_1.a_thousandth, [math.log(1000), -3.0, "minus seven"]),
    "best_answer": (
        GAME,
        lesson_5_1.unequal_shares,
        [lambda p, q, share: p / (p + q), lambda p, q, share: share * p],
    ),
    "with_spread": (
        GAME,
        lesson_5_1.spread_column,
        [
            lambda x: torch.cat([x, x.var(0).sqrt().mean().expand(len(x), 1)], 1),  # NaN
            lambda x: torch.cat([x, x.std(1, keepdim=True)], 1),
            lambda x: x,
        ],
    ),
    "side_after": (
        DCGAN,
        lesson_5_2.side_after,
        [lambda side, kernel, stride, padding: 2 * side],
    ),
    "frechet_line": (
        DCGAN,
        lesson_5_2.frechet_line,
        [lambda a, b: (a.mean() - b.mean()) ** 2, lambda a, b: (a.std() - b.std()) ** 2],
    ),
    "copies": (
        DCGAN,
        lesson_5_2.copies,
        [lambda made, library, radius: 0, lambda made, library, radius: len(made)],
    ),
}


def solution(path, name):
    """What the notebook's folded solution makes of `name`."""
    prose = "\n".join(c.source for c in notebooks.read(path).cells if c.cell_type == "markdown")
    folded = re.findall(r"<summary>Solution</summary>.*?```python\n(.*?)```", prose, flags=re.S)
    mine = [code for code in folded if re.search(rf"^(def )?{name}\b", code, flags=re.M)]
    assert len(mine) == 1, f"one solution for {name}, not {len(mine)}"
    space = {"torch": torch}
    exec(mine[0], space)
    return space[name]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(name):
    path, checks, wrong = EXERCISES[name]
    assert check.exercise(solution(path, name), checks())
    for answer in wrong:
        assert not check.exercise(answer, checks())


@pytest.mark.parametrize("path", [GAME, DCGAN], ids=lambda path: path.stem)
def test_every_exercise_of_the_notebook_is_tested_here(path):
    source = "\n".join(c.source for c in notebooks.read(path).cells if c.cell_type == "code")
    asked = re.findall(r"check\.exercise\((\w+), ", source)
    assert asked == [name for name, (where, *_) in EXERCISES.items() if where == path]
