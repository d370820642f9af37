"""Attacks: each one is an objective, a ball and a step, handed to the one loop.

An attack is ``attack(model, x, y, ball, ...) -> x_adv``. `model` is any callable from pictures
(N, C, H, W) in [0, 1] to logits (N, K); `x` the pictures; `y` an int or (N,) labels. The result
lies in the ball around `x` and in [0, 1]. Nothing else changes: not `x`, not the random state, and
not the mode, weights, gradients or buffers of a `model` that is a torch module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.descent import Plain, Steepest, ascend, gradient
from tutlib.inputs import (
    check_classes,
    check_effort,
    check_labels,
    check_logits,
    check_pictures,
    label_span,
)
from tutlib.nets import untouched

Model = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class AwayFrom:
    """Objective: the cross-entropy of the true label `y` (N,), one value per picture."""

    model: Model
    y: Tensor

    @cached_property
    def span(self) -> tuple[int, int]:
        """Lowest and highest label: found once, compared with the classes at every step."""
        return label_span(self.y)

    def __call__(self, x: Tensor) -> Tensor:
        logits = check_classes(self.model(x), self.y, self.span)
        return F.cross_entropy(logits, self.y, reduction="none")

    def won(self, x: Tensor) -> Tensor:
        """Which pictures (N,) the model no longer calls `y`."""
        return check_logits(self.model(x), self.y).argmax(1) != self.y

    def rows(self, keep: Tensor) -> AwayFrom:
        """The same objective for some of the pictures."""
        return replace(self, y=self.y[keep])


@dataclass(frozen=True)
class Towards:
    """Objective: -loss(target); or, where a true label is given, loss(true) - loss(target).

    In the difference the log-sum-exp cancels: it is logit(target) - logit(true), and looks at
    these two classes only. The loss of the target alone weighs it against *every* other class, so
    that no third one slips in between (measured in lesson 2.1).
    """

    model: Model
    target: Tensor
    y: Tensor | None = None

    @cached_property
    def span(self) -> tuple[int, int]:
        """Lowest and highest label, of both kinds."""
        return label_span(self.target if self.y is None else torch.cat([self.target, self.y]))

    def __call__(self, x: Tensor) -> Tensor:
        logits = check_classes(self.model(x), self.target, self.span)
        if self.y is None:
            return -F.cross_entropy(logits, self.target, reduction="none")
        pick = torch.arange(len(logits), device=logits.device)
        return logits[pick, self.target] - logits[pick, self.y]

    def won(self, x: Tensor) -> Tensor:
        """Which pictures (N,) the model calls `target`."""
        return check_logits(self.model(x), self.target).argmax(1) == self.target

    def rows(self, keep: Tensor) -> Towards:
        """The same objective for some of the pictures."""
        return replace(self, target=self.target[keep], y=None if self.y is None else self.y[keep])


def away_from(model: Model, y: Tensor) -> AwayFrom:
    """The untargeted objective: make the model doubt the true label."""
    return AwayFrom(model, y)


def towards(model: Model, target: Tensor, y: Tensor | None = None) -> Towards:
    """The targeted objective: make the model believe in `target` (rather than in `y`, if given)."""
    return Towards(model, target, y)


def input_gradient(model: Model, x: Tensor, y) -> Tensor:
    """The gradient of each picture's own loss with respect to its pixels, shaped like `x`.

    It says where the net looks: which pixels, made brighter, would make it doubt `y` (an int or
    (N,)). The net is left as it was.
    """
    objective = away_from(model, check_labels(y, x))
    with untouched(model):
        return gradient(objective, x)


def fgsm(model: Model, x: Tensor, y, ball, *, target=None, box=(0.0, 1.0)) -> Tensor:
    """The fast gradient sign method: one steepest step to the edge of the ball.

    (Goodfellow, Shlens and Szegedy, "Explaining and harnessing adversarial examples", 2015.)
    In an `L2` ball the step is the normalised gradient. Arguments as for `pgd`.
    """
    objective = _objective(model, x, y, target, box)
    with untouched(model):
        return ascend(objective, x, ball, Steepest(ball.eps), 1, box=box)


def sgd_attack(
    model: Model,
    x: Tensor,
    y,
    ball,
    *,
    lr=0.1,
    steps=30,
    target=None,
    box=(0.0, 1.0),
    callback=None,
) -> Tensor:
    """The pig's original recipe: follow the plain gradient, clamp after every step.

    (Kolter and Madry, "Adversarial robustness: theory and practice", 2018, chapter 1.) How far it
    gets depends on how long the gradient happens to be; `pgd` cures that. Arguments as for `pgd`.
    """
    objective = _objective(model, x, y, target, box)
    with untouched(model):
        return ascend(objective, x, ball, Plain(lr), steps, box=box, callback=callback)


def pgd(
    model: Model,
    x: Tensor,
    y,
    ball,
    *,
    steps: int = 40,
    step_size: float | None = None,
    target=None,
    restarts: int = 1,
    random_start: bool = True,
    early_stop: bool = False,
    quantize: bool = False,
    box: tuple[float, float] | None = (0.0, 1.0),
    generator: torch.Generator | None = None,
) -> Tensor:
    """Projected gradient ascent, the standard first-order attack.

    (Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards deep learning models resistant to
    adversarial attacks", 2018.)

    Args:
        model: from pictures in [0, 1] to logits (N, K).
        x: pictures (N, C, H, W) in [0, 1] (or in `box`).
        y: the true label, an int or (N,).
        ball: `Linf(eps)` or `L2(eps)`, eps in pixel units.
        steps: gradient steps; step_size: length of each in the ball's norm, 2.5 * eps / steps
            unless given.
        target: a label to move *towards*, an int or (N,); None moves away from `y`.
        restarts: independent runs; each picture keeps its best.
        random_start: begin at a random point of the ball rather than at `x`.
        early_stop: leave pictures alone once they are fooled (faster, and a milder change).
        quantize: round to whole 8-bit levels inside the ball: the picture survives a PNG file.
        box: lowest and highest legal pixel; None for points that are not pictures.
        generator: source of the random starts; without one, they are the same in every call.

    Returns:
        x_adv, shaped like `x`, in the ball and in the box, without a graph.

    Raises:
        ValueError, TypeError: wrong range, shape or dtype, labels outside the classes, an empty
            batch, or NaN in the model's output.
    """
    check_effort(steps, restarts)
    objective = _objective(model, x, y, target, box)
    step = Steepest(step_size if step_size is not None else 2.5 * ball.eps / max(steps, 1))
    generator = generator or torch.Generator().manual_seed(0)
    climb = ascend_until_fooled if early_stop else ascend

    def run() -> Tensor:
        start = ball.sample(x.detach(), generator) if random_start else None
        found = climb(objective, x, ball, step, steps, start=start, box=box)
        return to_8bit(found, x, ball) if quantize else found

    with untouched(model):
        return keep_best(objective, (run() for _ in range(restarts)))


def keep_best(objective, candidates: Iterable[Tensor]) -> Tensor:
    """For each picture the candidate that wins, and among those the one with the highest value.

    Args:
        objective: `AwayFrom` or `Towards`.
        candidates: tensors (N, C, H, W), for example the results of several attacks.
    """
    candidates = iter(candidates)
    best, best_rank = next(candidates), None
    with torch.no_grad():
        for candidate in candidates:
            if best_rank is None:
                best_rank = _rank(objective, best)
            rank = _rank(objective, candidate)
            better = (rank > best_rank).view(-1, *[1] * (best.dim() - 1))
            best, best_rank = torch.where(better, candidate, best), best_rank.maximum(rank)
    return best


def to_8bit(x_adv: Tensor, x: Tensor, ball) -> Tensor:
    """Round `x_adv` to whole 8-bit levels (k / 255) that are still in the ball around `x`.

    In an `Linf` ball every pixel takes the nearest level inside. In an `L2` ball the change is
    shortened until its rounded version fits. (k / 255 itself is rounded to float32: 6e-8.)

    Raises:
        ValueError: if the ball is too small to hold a picture of whole levels.
    """
    x, x_adv = x.detach(), x_adv.detach()
    if hasattr(ball, "bounds"):
        low, high = (side.double() * 255 for side in ball.bounds(x))
        low, high = (low - 1e-4).ceil().clamp_min(0), (high + 1e-4).floor().clamp_max(255)
        if bool((low > high).any()):
            raise ValueError(
                "this ball holds no whole 8-bit levels: take eps of at least 1/255, "
                "and pictures read from 8-bit files."
            )
        levels = (x_adv.double() * 255).round()
        return (torch.clamp(levels, low, high) / 255).to(x.dtype)
    shorter, longer = torch.zeros(len(x), device=x.device), torch.ones(len(x), device=x.device)
    best = _rounded(x, x_adv, shorter)
    if bool((ball.norm(best - x) > ball.eps).any()):
        raise ValueError("this ball holds no whole 8-bit levels: take a larger eps.")
    for _ in range(20):  # bisect the share of the change that survives rounding
        middle = (shorter + longer) / 2
        fits = ball.norm(_rounded(x, x_adv, middle) - x) <= ball.eps
        shorter, longer = torch.where(fits, middle, shorter), torch.where(fits, longer, middle)
    return _rounded(x, x_adv, shorter).to(x.dtype)


def _rounded(x: Tensor, x_adv: Tensor, share: Tensor) -> Tensor:
    moved = x + (x_adv - x) * share.view(-1, *[1] * (x.dim() - 1))
    return (moved * 255).round().clamp(0, 255) / 255


def _objective(model: Model, x: Tensor, y, target, box) -> AwayFrom | Towards:
    check_pictures(x, box)
    labels = check_labels(y, x)
    if target is None:
        return away_from(model, labels)
    return towards(model, check_labels(target, x, "target"))


def _rank(objective, x: Tensor) -> Tensor:
    """Larger is better: any win beats any loss, and among equals the higher value wins."""
    value = objective(x).double()
    return 2 * objective.won(x).double() + value / (1 + value.abs())


@torch.inference_mode(False)
def ascend_until_fooled(objective, x: Tensor, ball, step, steps: int, *, start, box) -> Tensor:
    """`ascend` in stretches of 1, 1, 2, 4, 8 ... steps; fooled pictures leave the batch."""
    point = ascend(objective, x, ball, step, 0, start=start, box=box)  # no step: only projected
    rows, done, stretch = torch.arange(len(x), device=x.device), 0, 1
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
