"""The exercises of chapter 5: the solution in the notebook passes its check, wrong answers fail."""

import math

import pytest
import torch

from tests import exercises

GAME = exercises.table("5-1", {
    "logit": [math.log(1000), -3.0, "logit = 'minus seven'"],
    "best_answer": [
        lambda p, q, share: p / (p + q),
        lambda p, q, share: share * p,
        lambda p, q, share: (1 - share) * q / (share * p + (1 - share) * q),  # the other side's
    ],
    "with_spread": [
        lambda x: torch.cat([x, x.var(0).sqrt().mean().expand(len(x), 1)], 1),  # NaN
        lambda x: torch.cat([x, x.std(1, keepdim=True)], 1),
        lambda x: x,
    ],
})  # fmt: skip
DCGAN = exercises.table("5-2", {
    "side_after": [
        lambda side, kernel, stride, padding: 2 * side,
        lambda side, kernel, stride, padding: (side - 1) * stride + kernel,
        lambda side, kernel, stride, padding: (side + 2 * padding - kernel) // stride + 1,
    ],
    "frechet_line": [
        lambda a, b: (a.mean() - b.mean()) ** 2,
        lambda a, b: (a.std() - b.std()) ** 2,
        lambda a, b: (a.mean() - b.mean()) ** 2 + (a.var() - b.var()) ** 2,
    ],
    "copies": [
        lambda made, library, radius: 0,
        lambda made, library, radius: len(made),
        "copies = lambda made, library, radius: right(library, made, radius)",
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), [*GAME, *DCGAN])
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)
