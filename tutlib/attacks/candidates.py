"""Several tries at the same picture: which one is kept, and who need not be tried again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.balls import one_each
from tutlib.descent import ascend


def keep_best(objective, candidates: Iterable[Tensor]) -> Tensor:
    """For each picture the candidate that wins, and among those the one with the highest value.

    Args:
        objective: `AwayFrom` or `Towards`.
        candidates: tensors (N, C, H, W), for example the results of several attacks.

    Example:
        >>> from tutlib.attacks import AwayFrom
        >>> doubt = AwayFrom(lambda x: x, torch.tensor([0]))  # the brightest pixel wins
        >>> keep_best(doubt, [torch.tensor([[0.6, 0.5]]), torch.tensor([[0.5, 0.6]])])
        tensor([[0.5000, 0.6000]])
    """
    return functools.reduce(functools.partial(better, objective), candidates)


@torch.no_grad()
def better(objective, one: Tensor, other: Tensor) -> Tensor:
    """The better of two candidates for each picture, `one` where they are equally good."""

    def rank(x: Tensor) -> Tensor:
        return 2 * objective.won(x) + F.softsign(objective(x).double())  # any win beats any loss

    return torch.where(one_each(rank(other) > rank(one), one), other, one)


@torch.inference_mode(False)
def restarted(attack: Callable, objective, x: Tensor, restarts: int) -> Tensor:
    """Run ``attack(objective, x)`` again on what still stands; each picture keeps its best."""
    best, rows = attack(objective, x), torch.arange(len(x), device=x.device)
    for _ in range(restarts - 1):
        rows = rows[~objective.rows(rows).won(best[rows])]
        if not len(rows):
            break
        standing = objective.rows(rows)
        best[rows] = better(standing, best[rows], attack(standing, x[rows]))
    return best


@torch.inference_mode(False)
def ascend_until_fooled(objective, x: Tensor, ball, step, steps: int, *, start, box) -> Tensor:
    """`ascend` in stretches of 1, 1, 2, 4, 8 ... steps; fooled pictures leave the batch.

    Example:
        >>> from tutlib.attacks import AwayFrom
        >>> x, doubt = torch.tensor([[0.6, 0.5]]), AwayFrom(lambda x: x, torch.tensor([0]))
        >>> from tutlib.descent import Steepest
        >>> ascend_until_fooled(doubt, x, Linf(0.3), Steepest(0.04), 30, start=None, box=(0, 1))
        tensor([[0.5200, 0.5800]])
    """
    point = ascend(objective, x, ball, step, 0, start=start, box=box)  # no step: only projected
    rows, done = torch.arange(len(x), device=x.device), 0
    while True:
        with torch.no_grad():
            rows = rows[~objective.rows(rows).won(point[rows])]
        if done >= steps or not len(rows):
            return point
        stretch = min(max(done, 1), steps - done)
        point[rows] = ascend(
            objective.rows(rows), x[rows], ball, step, stretch, start=point[rows], box=box
        )
        done += stretch
