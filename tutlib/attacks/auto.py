"""Auto-PGD: a climb that finds its own step size, and looks only at what still stands."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from tutlib.attacks.margins import SCORES, check_score, fallen
from tutlib.attacks.objectives import Model
from tutlib.balls import one_each
from tutlib.check.inputs import check_count, check_effort
from tutlib.check.models import at_the_door
from tutlib.descent import ascend
from tutlib.nets import untouched

RISING = 0.75  # of the steps since the last look: more have to go up, or the steps were too long


@dataclass(frozen=True)
class Halving:
    """Auto-PGD's step: long at first, halved where it no longer climbs, then from the best point.

    (Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
    parameter-free attacks", 2020, Algorithm 1.) Every picture has a step of its own. It starts
    with twice the radius. At a few fixed times each picture is looked at: if its value rose in at
    most three quarters of the steps since then, or if neither step nor best value has changed, its
    step is halved and it goes on from its best point. A quarter of each move is momentum.

    Attributes:
        steps: how long the climb will be: the looks come at 22 %, 41 %, 57 %, ... of it.

    Example:
        >>> hill = lambda x: -((x - 0.5) ** 2).sum(1)  # a fixed step of 0.6 jumps over the top
        >>> ascend(hill, torch.tensor([[0.3, 0.6]]), Linf(0.3), Halving(40), 40).round(decimals=2)
        tensor([[0.5000, 0.5000]])
    """

    steps: int
    looks = True

    def start(self, ball):
        t, due, wait = 0, 0, max(int(0.22 * self.steps), 1)
        size = last = before = rose = best = grad_best = value_best = halved = value_due = None

        def move(grad: Tensor, point: Tensor, values: Tensor, inside) -> None:
            nonlocal t, due, wait, size, last, before, rose, best, grad_best, value_best
            nonlocal halved, value_due
            values = values.expand(len(point))
            if t == 0:
                size = torch.full_like(values, 2 * ball.eps)
                before, rose = point.clone(), torch.zeros_like(values)
                best, grad_best, value_best = point.clone(), grad.clone(), values.clone()
                halved, value_due = torch.ones_like(values).bool(), values.clone()
            else:
                rose += values > last
                higher = values > value_best
                best = torch.where(one_each(higher, point), point, best)
                grad_best = torch.where(one_each(higher, grad), grad, grad_best)
                value_best = torch.where(higher, values, value_best)
            here, slope = point.clone(), grad
            if t - due == wait:
                stuck = (rose <= RISING * wait) | (~halved & (value_best <= value_due))
                size = torch.where(stuck, size / 2, size)
                here = torch.where(one_each(stuck, point), best, point)
                slope = torch.where(one_each(stuck, grad), grad_best, grad)
                halved, value_due, due = stuck, value_best.clone(), t
                rose = torch.zeros_like(rose)
                wait = max(wait - max(int(0.03 * self.steps), 1), int(0.06 * self.steps), 1)
            new = part = inside(here + ball.steepest(slope) * one_each(size, here))
            if t > 0:
                part = here + 0.75 * (new - here) + 0.25 * (here - before)
            before, last, t = here, values, t + 1
            point.copy_(part)

        return move


@dataclass(eq=False)
class Standing:
    """An objective that looks only at pictures that still stand, and keeps what it has seen.

    One forward pass serves both questions: how high is the picture, and has it fallen? A fallen
    picture is put aside as it is, and never shown to the model again.

    Attributes:
        model, y, kind, target: as for `Score`.
        found: (N, ...) each picture as it fell; the highest seen where it stands.
        stands: (N,) who has not fallen; best: (N,) the highest value seen.
    """

    model: Model
    y: Tensor
    kind: str
    target: Tensor | None
    found: Tensor
    stands: Tensor = field(init=False)
    best: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.found = self.found.clone()
        self.stands = torch.ones_like(self.y, dtype=torch.bool)
        self.best = self.found.new_full(self.y.shape, -torch.inf)

    def __call__(self, x: Tensor) -> Tensor:
        rows = self.stands.nonzero()[:, 0]
        target = None if self.target is None else self.target[rows]
        logits = self.model(x[rows])
        values = SCORES[self.kind](logits, self.y[rows], target)
        fell = fallen(logits, self.y[rows])  # any other class will do
        seen = torch.where(fell, math.inf, values.detach().to(self.best.dtype))
        higher = rows[seen > self.best[rows]]
        self.found[higher], self.best[rows] = x.detach()[higher], seen.maximum(self.best[rows])
        self.stands[rows[fell]] = False
        return values.new_zeros(len(x)).index_put((rows,), values)

    def is_done(self, *_) -> bool:
        """True once nobody stands (a callback for the loop)."""
        return not bool(self.stands.any())


def apgd(model: Model, x: Tensor, y, ball, *, steps: int = 100, score: str = "cross-entropy",
         target=None, restarts: int = 1, box: tuple[float, float] | None = (0.0, 1.0),
         generator: torch.Generator | None = None) -> Tensor:  # fmt: skip
    """Auto-PGD: projected ascent without a step size to choose (Croce and Hein, 2020).

    Args:
        model: from pictures in [0, 1] to logits (N, K); x: pictures (N, C, H, W) in [0, 1].
        y: the true label, an int or (N,); ball: `Linf(eps)` or `L2(eps)`, eps in pixel units.
        steps: gradients for each picture, at most: it is left alone as soon as it has fallen.
        score: "cross-entropy", or "ratio", the difference-of-logits ratio, which cannot fade away
            when a net is very sure, or "lead".
        target: a label to climb *towards*, an int or (N,). Any other class than `y` counts.
        restarts: random starts; later ones only for pictures that still stand.
        box: lowest and highest legal pixel; None for points that are not pictures.
        generator: source of the starts; without one, they are the same in every call.

    Returns:
        x_adv, shaped like `x`, in the ball and in the box: as each picture fell, and the highest
        that was seen where it stands. What the model calls otherwise already is left as it is.

    Raises:
        ValueError, TypeError: wrong range, shape or dtype, labels outside the classes, a target
            that is the label, an empty batch, or NaN in the model's output.

    Example:
        >>> vote = lambda x: x  # the brightest of three pixels wins
        >>> apgd(vote, torch.tensor([[0.6, 0.5, 0.2]]), 0, Linf(0.1), score="ratio").argmax(1)
        tensor([1])
    """
    check_effort(steps, restarts)
    check_score(score)
    model, y, target = at_the_door(model, x, y, target, box, ball)
    x = x.detach()
    generator = generator or torch.Generator().manual_seed(0)
    with untouched(model), torch.inference_mode(False):
        return climbs(model, x, y, ball, [(score, target)] * restarts, steps, box, generator)


def apgd_targeted(model: Model, x: Tensor, y, ball, *, steps: int = 100, targets: int = 9,
                  score: str = "ratio", restarts: int = 1,
                  box: tuple[float, float] | None = (0.0, 1.0),
                  generator: torch.Generator | None = None) -> Tensor:  # fmt: skip
    """Auto-PGD towards one other class after the other, the likeliest first.

    (APGD-T of Croce and Hein, 2020, is the one on the ratio.) Arguments as for `apgd`; `targets`
    classes are tried at most, each of them once before any gets another start.

    Example:
        >>> vote = lambda x: x
        >>> apgd_targeted(vote, torch.tensor([[0.6, 0.5, 0.2]]), 0, Linf(0.1)).argmax(1)
        tensor([1])
    """
    check_effort(steps, restarts)
    check_score(score)
    check_count("targets", targets, 1)
    model, y, _ = at_the_door(model, x, y, None, box, ball)
    generator, x = generator or torch.Generator().manual_seed(0), x.detach()
    with untouched(model), torch.inference_mode(False):
        rivals = likeliest(model, x, y, targets)
        runs = [(score, rivals[:, k]) for k in range(rivals.shape[1])] * restarts
        return climbs(model, x, y, ball, runs, steps, box, generator)


@torch.no_grad()
def likeliest(model: Model, x: Tensor, y: Tensor, count: int) -> Tensor:
    """The other classes with the highest logits, highest first: (N, count or K - 1).

    Example:
        >>> likeliest(lambda x: x, torch.tensor([[0.6, 0.5, 0.2]]), torch.tensor([0]), 2)
        tensor([[1, 2]])
    """
    others = model(x).scatter(1, y[:, None], -torch.inf)
    return others.topk(min(count, others.shape[1] - 1)).indices


def climbs(model: Model, x: Tensor, y: Tensor, ball, runs, steps: int, box, generator) -> Tensor:
    """One climb for each (score, target) of `runs`; each only for those who still stand."""
    # The first look is at the untouched picture: what has fallen already is left as it is.
    first = Standing(model, y, runs[0][0], runs[0][1], x)
    with torch.no_grad():
        first(x)
    found, rows = x.clone(), first.stands.nonzero()[:, 0]
    highest = torch.full_like(first.best, -torch.inf)
    for kind, target in runs:
        if not len(rows):
            break
        seen = climb(model, x[rows], y[rows], ball, kind,
                     None if target is None else target[rows], steps, box, generator)  # fmt: skip
        # Values of one score towards different classes, too, say how near the picture came.
        better = rows[seen.best > highest[rows]]
        found[better] = seen.found[seen.best > highest[rows]]
        highest[rows] = seen.best.maximum(highest[rows])
        rows = rows[seen.stands]
    return found


def climb(model, x: Tensor, y: Tensor, ball, kind: str, target, steps: int, box, generator
          ) -> Standing:  # fmt: skip
    """One climb from a random start, for all of `x`."""
    watched = Standing(model, y, kind, target, x)
    last = ascend(watched, x, ball, Halving(steps), steps, start=ball.sample(x, generator),
                  box=box, callback=watched.is_done)  # fmt: skip
    if watched.stands.any():
        with torch.no_grad():
            watched(last)  # the loop does not look at its last point
    return watched
