"""Checks for the exercises of 1.3, A short history."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def fewest_words() -> Checks:
    """For `fewest(score, weights)`: how many of these absent words take a score to 0 or below."""
    return [
        ("one heavy word is enough for a score of 2", lambda f: f(2.0, [-0.5, -3.0, 1.0]) == 1),
        ("the best words come first, wherever they stand",
         lambda f: f(5.0, [-1.0, -2.0, 4.0, -3.0, -1.5]) == 2),
        ("a word that speaks for spam is no help, however heavy",
         lambda f: f(2.0, [3.0, -1.5, -1.0]) == 2),
        ("a score of exactly 0 is through", lambda f: f(3.0, [-1.0, -1.0, -1.0, -1.0]) == 3),
        ("what is through already needs none", lambda f: f(-0.5, [-1.0, -2.0]) == 0),
        ("where no words are enough the answer is None",
         lambda f: _says_none(f, 9.0, [-1.0, 2.0, -3.0])),
    ]  # fmt: skip


def _says_none(f, score: float, weights: list[float]) -> bool:
    """Is the answer None? (A checked function may not return nothing, so it is asked itself.)"""
    return getattr(f, "function", f)(score, weights) is None


def only_adding(budget: int = 3) -> Checks:
    """For `add_best(x, w, budget)`: programs (N, d) of 0 and 1, a linear detector's weights."""
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand(8, 12, generator=generator) < 0.4).float()
    x[0], x[1] = 1.0, 0.0  # one that can do everything, one that can do nothing
    w = torch.randn(12, generator=generator)
    made = once(lambda f: f(x, w, budget))
    none = torch.where(w < 0, 0.4, w)  # a detector to which nothing speaks for innocence
    return [
        ("every number is 0 or 1", lambda f: bool(((made(f) == 0) | (made(f) == 1)).all())),
        ("nothing is taken away", lambda f: bool((made(f) >= x).all())),
        ("at most `budget` abilities are added",
         lambda f: (made(f) - x).sum(1).max() <= budget),
        ("no score rises", lambda f: bool((made(f) @ w <= x @ w + 1e-6).all())),
        ("and no other choice is better",
         lambda f: torch.allclose(made(f) @ w, _lowest(x, w, budget), atol=1e-5)),
        ("where nothing helps, nothing is added", lambda f: torch.equal(f(x, none, budget), x)),
    ]  # fmt: skip


def _lowest(x: Tensor, w: Tensor, budget: int) -> Tensor:
    """The lowest score of each program after at most `budget` additions: the budget lightest."""
    gain = torch.where(x > 0, 0.0, w).clamp_max(0).sort(1).values[:, :budget]
    return x @ w + gain.sum(1)


def neighbours() -> Checks:
    """For `by_the_neighbours(x, y, k)`: every label becomes that of most of its k neighbours."""
    generator = torch.Generator().manual_seed(1)
    truth = torch.arange(40) % 2 * 2 - 1
    x = torch.stack([3.0 * truth, 0 * truth], 1) + 0.7 * torch.randn(40, 2, generator=generator)
    y = truth.clone()
    y[[4, 9, 21]] *= -1
    line, own = (
        torch.tensor([[0.0], [1.0], [10.0], [11.5], [13.5]]),
        torch.tensor([1, 1, -1, -1, 1]),
    )
    made = once(lambda f: f(x, y, 5))
    return [
        ("there is one label for each point, -1 or 1",
         lambda f: made(f).shape == y.shape and bool((made(f).abs() == 1).all())),
        ("flipped labels among many true ones are put right",
         lambda f: torch.equal(made(f), truth)),
        ("a point does not vote for itself",
         lambda f: f(line, own, 1).tolist() == [1, 1, -1, -1, -1]),
        ("the votes are the given labels, also of points that were put right",
         lambda f: f(line[2:], torch.tensor([1, -1, 1]), 1).tolist() == [-1, 1, -1]),
    ]  # fmt: skip
