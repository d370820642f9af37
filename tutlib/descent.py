"""The one loop of the course, and the ways to take a step in it.

    picture  <-  project( picture + step( gradient of an objective with respect to the picture ) )

An objective is any function from a point to a number to be raised, one per picture (or one in
all). A ball (`balls`) says where the point may go. A step turns a gradient into a move. Attacks,
style transfer, fooling images and best designs are all one call of `ascend` or `descend`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tutlib.check.inputs import check_effort, check_finite
from tutlib.check.patience import bar

Objective = Callable[[Tensor], Tensor]
Callback = Callable[[int, Tensor, Tensor], object]


def ascend(objective: Objective, x: Tensor, ball, step, steps: int, *, start: Tensor | None = None,
           box: tuple[float, float] | None = (0.0, 1.0), callback: Callback | None = None
           ) -> Tensor:  # fmt: skip
    """Move `x` uphill on `objective`, never leaving the ball around `x`, nor the pixel box.

    Args:
        objective: from a point shaped like `x` to values (N,), or to one number.
        x: the centre of the ball, for pictures (N, C, H, W) in [0, 1]; it is not changed.
        ball: `Linf`, `L2`, `Box`, or anything with their `around` and `steepest`.
        step: `Plain`, `Steepest`, `Adam` or `LBFGS`.
        steps: how many steps (one gradient each); 0 returns the projected start.
        start: where to begin, if not at `x` (a random point of the ball, say).
        box: lowest and highest legal value, None for points that are not pictures.
        callback: called as ``callback(t, point, values)`` before step t, with the values the
            objective has there; a true answer stops the loop at that point.

    Returns:
        The last point: a new tensor like `x`, inside ball and box, with no graph behind it.

    Raises:
        ValueError: if the objective is NaN or infinite on the way, or the last point is.

    Example:
        >>> bright = lambda x: x.flatten(1).sum(1)  # uphill is brighter
        >>> ascend(bright, torch.tensor([[0.5, 0.95]]), Linf(0.1), Steepest(0.02), steps=10)
        tensor([[0.6000, 1.0000]])
    """
    check_effort(steps)
    # Learners call this inside torch.no_grad(), and validation code inside inference_mode.
    with torch.inference_mode(False), torch.enable_grad():
        project, move, seen = ball.around(x.detach()), step.start(ball), []
        # In this order: seen from inside the box, clamping to the box never leaves the ball.
        inside = project if box is None else lambda point: project(point).clamp(*box)
        leaf = inside((x if start is None else start).detach()).clone().requires_grad_()
        point = leaf.detach()  # the same memory, outside of every graph: here it is moved
        for t in bar(range(steps), "steps"):
            values = objective(leaf)
            (grad,) = torch.autograd.grad(values.sum(), leaf)  # of each picture's own value
            seen.append(values.detach())
            # What a callback keeps stays as it was.
            if callback is not None and callback(t, point.clone(), seen[-1].clone()):
                break
            move(grad, point)
            point.copy_(inside(point))
        check_finite(point, *seen)  # a value may be finite where its slope is not
    return point


def gradient(objective: Objective, x: Tensor) -> Tensor:
    """Which way is uphill at `x`: the gradient of each picture's own value, shaped like `x`.

    Example:
        >>> gradient(lambda x: (x**2).sum(1), torch.tensor([[1.0, 3.0]]))
        tensor([[2., 6.]])
    """
    with torch.inference_mode(False), torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        values = objective(leaf)
        check_finite(values)
        return torch.autograd.grad(values.sum(), leaf)[0]


def descend(objective: Objective, x: Tensor, ball, step, steps: int, **options) -> Tensor:
    """Move `x` downhill: `ascend` on the negative (the callback still sees the objective).

    Example:
        >>> bowl = lambda x: ((x - 0.3) ** 2).sum(1)
        >>> descend(bowl, torch.tensor([[0.9, 0.1]]), Box(), LBFGS(), steps=10)
        tensor([[0.3000, 0.3000]])
    """
    callback = options.pop("callback", None)
    if callback is not None:
        seen = callback
        options["callback"] = lambda t, point, values: seen(t, point, -values)
    return ascend(lambda point: -objective(point), x, ball, step, steps, **options)


@dataclass(frozen=True)
class Plain:
    """Follow the gradient itself, `lr` times as far as it is long (gradient ascent).

    Example:
        >>> ascend(lambda x: 3 * x.sum(1), torch.zeros(1, 2), Box(), Plain(lr=0.1), steps=1)
        tensor([[0.3000, 0.3000]])
    """

    lr: float

    def start(self, ball):
        # Rounded twice, as in everybody's own loop: a large net magnifies what a fused step saves.
        return lambda grad, point: point.add_(self.lr * grad)


@dataclass(frozen=True)
class Steepest:
    """Go `size` far (in the ball's own norm) in the direction the ball calls steepest.

    The sign for L-inf, the normalised gradient for L2 (Goodfellow et al., 2015; Madry et al.,
    2018): the length of the step no longer depends on the length of the gradient.

    Example:
        >>> ascend(lambda x: 3 * x.sum(1), torch.zeros(1, 2), Linf(1.0), Steepest(0.1), steps=1)
        tensor([[0.1000, 0.1000]])
    """

    size: float

    def start(self, ball):
        return lambda grad, point: point.add_(ball.steepest(grad), alpha=self.size)


@dataclass(frozen=True)
class Adam:
    """Adam's step (Kingma and Ba, 2015), with its usual defaults.

    Example:
        >>> ascend(lambda x: 3 * x.sum(1), torch.zeros(1, 2), Box(), Adam(lr=0.1), steps=1)
        tensor([[0.1000, 0.1000]])
    """

    lr: float
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def start(self, ball):
        (b1, b2), t, mean, square = self.betas, 0, 0.0, 0.0

        def move(grad: Tensor, point: Tensor) -> None:
            nonlocal t, mean, square
            t += 1
            mean = b1 * mean + (1 - b1) * grad
            square = b2 * square + (1 - b2) * grad**2
            unbiased = mean / (1 - b1**t)
            eps = max(self.eps, torch.finfo(grad.dtype).tiny)  # in half the bits 1e-8 is 0
            point.add_(unbiased / ((square / (1 - b2**t)).sqrt() + eps), alpha=self.lr)

        return move


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS without a line search (Liu and Nocedal, 1989).

    It learns the curvature from the last `history` moves, so it needs far fewer steps than Adam
    where the objective is smooth (style transfer). One gradient a step; the same iterates as
    ``torch.optim.LBFGS`` with its defaults, as long as that goes on. The whole tensor is one
    point: use it on one picture.

    A jump of this kind may land far outside of where its model is right, so no move is made longer
    than `longest` (root mean square over the pixels; as in trust-region methods, Conn, Gould and
    Toint, 2000). Usually there is no such limit.

    Example:
        >>> away = []
        >>> bowl = lambda x: ((x - 0.3) ** 2).sum()
        >>> note = lambda t, x, value: away.append(round(value.item(), 3))
        >>> _ = descend(bowl, torch.ones(1, 2), Box(), LBFGS(), 3, callback=note)
        >>> away  # one careful step, and then the curvature is known
        [0.98, 0.08, 0.0]
    """

    lr: float = 1.0
    history: int = 20
    longest: float = float("inf")

    def start(self, ball):
        moves: list[Tensor] = []
        changes: list[Tensor] = []
        last: tuple[Tensor, Tensor] | None = None

        def move(grad: Tensor, point: Tensor) -> None:
            nonlocal last
            # As everywhere in optimisation texts we descend, so the gradient changes its sign.
            slope, first = -grad.flatten(), last is None
            if not first:
                s, y = point.flatten() - last[0], slope - last[1]
                if y @ s > 1e-10:  # only where the curvature is positive is the model a bowl
                    moves.append(s)
                    changes.append(y)
                    del moves[: -self.history], changes[: -self.history]
            last = point.flatten().clone(), slope
            length = min(1.0, 1.0 / float(slope.abs().sum())) if first and slope.any() else 1.0
            ahead = self.lr * length * _inverse_hessian(slope, moves, changes).view_as(grad)
            size = float(ahead.square().mean().sqrt())
            point.sub_(ahead if size <= self.longest else ahead * (self.longest / size))

        return move


def _inverse_hessian(slope: Tensor, moves: list[Tensor], changes: list[Tensor]) -> Tensor:
    """The two-loop recursion: the inverse Hessian that the moves suggest, times the slope."""
    q, weights = slope.clone(), []
    for s, y in zip(reversed(moves), reversed(changes)):
        weights.append((s @ q) / (y @ s))
        q -= weights[-1] * y
    if moves:
        q *= (changes[-1] @ moves[-1]) / (changes[-1] @ changes[-1])
    for s, y in zip(moves, changes):
        q += (weights.pop() - (y @ q) / (y @ s)) * s
    return q
