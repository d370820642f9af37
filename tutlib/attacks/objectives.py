"""What an attack raises: one number for each picture, made of the logits a model gives.

Each objective also knows when it has `won`, and can be had for some `rows` of the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.check.inputs import check_logits
from tutlib.check.models import at_the_door
from tutlib.descent import gradient
from tutlib.nets import untouched

Model = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class AwayFrom:
    """Make the model doubt the true label `y` (N,): its cross-entropy, one value per picture.

    Example:
        >>> doubt = AwayFrom(lambda x: x, torch.tensor([0]))  # logits are the pixels themselves
        >>> doubt(torch.tensor([[0.5, 0.5]]))  # log 2
        tensor([0.6931])
        >>> doubt.won(torch.tensor([[0.5, 0.6]]))
        tensor([True])
    """

    model: Model
    y: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return F.cross_entropy(self.model(x), self.y, reduction="none")

    def won(self, x: Tensor) -> Tensor:
        """Which pictures (N,) the model no longer calls `y`."""
        return check_logits(self.model(x), self.y).argmax(1) != self.y

    def rows(self, keep: Tensor) -> AwayFrom:
        """The same objective for some of the pictures."""
        return AwayFrom(self.model, self.y[keep])


@dataclass(frozen=True)
class Towards:
    """Make the model believe in `target`: -loss(target).

    Where a true label is given: loss(true) - loss(target). In this difference the log-sum-exp
    cancels: it is logit(target) - logit(true), and looks at these two classes only. The loss of
    the target alone weighs it against *every* other class, so that no third one slips in between
    (measured in lesson 2.1).

    Example:
        >>> belief = Towards(lambda x: x, target=torch.tensor([1]), y=torch.tensor([0]))
        >>> belief(torch.tensor([[0.6, 0.5]]))  # 0.5 - 0.6
        tensor([-0.1000])
    """

    model: Model
    target: Tensor
    y: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        logits = self.model(x)
        if self.y is None:
            return -F.cross_entropy(logits, self.target, reduction="none")
        pick = torch.arange(len(logits), device=logits.device)
        return logits[pick, self.target] - logits[pick, self.y]

    def won(self, x: Tensor) -> Tensor:
        """Which pictures (N,) the model calls `target`."""
        return check_logits(self.model(x), self.target).argmax(1) == self.target

    def rows(self, keep: Tensor) -> Towards:
        """The same objective for some of the pictures."""
        return Towards(self.model, self.target[keep], None if self.y is None else self.y[keep])


def objective_of(model, x: Tensor, y, target=None, box=None, ball=None) -> AwayFrom | Towards:
    """What an attack on (x, y) raises, once everything it was given has been looked at.

    Example:
        >>> type(objective_of(lambda x: x, torch.rand(1, 3), 0, target=2)).__name__
        'Towards'
    """
    model, y, target = at_the_door(model, x, y, target, box, ball)
    return AwayFrom(model, y) if target is None else Towards(model, target)


def input_gradient(model: Model, x: Tensor, y, *, box=(0.0, 1.0)) -> Tensor:
    """The gradient of each picture's own loss with respect to its pixels, shaped like `x`.

    It says where the net looks: which pixels, made brighter, would make it doubt `y` (an int or
    (N,)). The net is left as it was. `box`: lowest and highest legal pixel, None for points.

    Example:
        >>> input_gradient(lambda x: x, torch.tensor([[0.5, 0.5]]), 0)  # p - (1, 0)
        tensor([[-0.5000,  0.5000]])
    """
    objective = objective_of(model, x, y, box=box)
    with untouched(model):
        return gradient(objective, x)
