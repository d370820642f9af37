"""Expectation over transformation: an objective, averaged over what chance may do to a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tutlib.attacks.objectives import AwayFrom, Model, Towards, objective_of
from tutlib.check.inputs import check_count, check_effort
from tutlib.descent import Steepest, ascend
from tutlib.nets import untouched


@dataclass(frozen=True)
class OverDraws:
    """The mean of an objective over `draws` random versions of each picture, new ones every time.

    (Athalye, Engstrom, Ilyas and Kwok, "Synthesizing robust adversarial examples", 2018.) Its
    gradient is the mean of the single gradients, so it points uphill for the average version: an
    unbiased estimate of the slope of the expectation. Where the *model* is what plays dice (a
    randomised defence), let `change` return its pictures as they are.

    Args:
        inner: `AwayFrom`, `Towards`, or anything that can be called, has `won` and `rows`.
        change: from pictures (M, ...) to as many changed at random, each on its own.
        draws: how many versions of each picture one value costs.

    Example:
        >>> inner = AwayFrom(lambda x: x, torch.tensor([0]))
        >>> dimmed = lambda x: x * torch.rand(len(x), 1)
        >>> OverDraws(inner, dimmed, draws=4)(torch.tensor([[0.9, 0.1]])).shape
        torch.Size([1])
    """

    inner: AwayFrom | Towards
    change: Callable[[Tensor], Tensor]
    draws: int = 8

    def __post_init__(self) -> None:
        check_count("draws", self.draws, 1)

    def __call__(self, x: Tensor) -> Tensor:
        return self._each(x, self.inner.__class__.__call__).mean(1)

    def won(self, x: Tensor) -> Tensor:
        """Which pictures (N,) win in more than half of the draws."""
        return self._each(x, self.inner.__class__.won).float().mean(1) > 0.5

    def rows(self, keep: Tensor) -> OverDraws:
        """The same objective for some of the pictures."""
        return OverDraws(self.inner.rows(keep), self.change, self.draws)

    def _each(self, x: Tensor, ask) -> Tensor:
        """What `inner` answers for each draw of each picture: (N, draws)."""
        many = torch.arange(len(x), device=x.device).repeat_interleave(self.draws)
        return ask(self.inner.rows(many), self.change(x[many])).view(len(x), self.draws)


def eot(model: Model, x: Tensor, y, ball, change: Callable[[Tensor], Tensor], *, draws: int = 8,
        steps: int = 40, step_size: float | None = None, target=None,
        box: tuple[float, float] | None = (0.0, 1.0), callback=None) -> Tensor:  # fmt: skip
    """An attack that survives what chance does to the picture: ascent on the mean over draws.

    (Athalye, Engstrom, Ilyas and Kwok, "Synthesizing robust adversarial examples", 2018.) It costs
    `draws` * `steps` looks of the model at each picture.

    Args:
        model, x, y, ball, target, box: as for `pgd`.
        change: from pictures (M, C, H, W) in the box to as many, changed at random: a `Camera`,
            say. It should be differentiable.
        draws: versions of each picture in one step; steps: gradient steps; step_size: length of
            each in the ball's norm, 2.5 * eps / steps unless given.
        callback: as for `ascend`.

    Returns:
        x_adv, shaped like `x`, in the ball and in the box.

    Raises:
        ValueError, TypeError: as `pgd`, or where `draws` is not a whole number above 0.

    Example:
        >>> vote = lambda x: x  # the brightest of two pixels wins
        >>> dimmed = lambda x: x * (0.5 + torch.rand(len(x), 1) / 2)
        >>> eot(vote, torch.tensor([[0.6, 0.5]]), 0, Linf(0.1), dimmed)
        tensor([[0.5000, 0.6000]])
    """
    check_effort(steps, rate=step_size)
    inner = objective_of(model, x, y, target, box, ball)
    step = Steepest(2.5 * ball.eps / max(steps, 1) if step_size is None else step_size)
    over = OverDraws(inner, change, draws)
    with untouched(model):
        with torch.no_grad():
            inner.won(x)  # the model's first answers are looked at, on the pictures as they are
        return ascend(over, x, ball, step, steps, box=box, callback=callback)
