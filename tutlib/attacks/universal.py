"""One noise for all: a single change that fools a net on most pictures, also on unseen ones."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from tutlib.attacks.deepfool import deepfool
from tutlib.attacks.objectives import AwayFrom, Model
from tutlib.balls import L2
from tutlib.check.inputs import (
    check_ball,
    check_count,
    check_effort,
    check_labels,
    check_pictures,
    device_of,
)
from tutlib.check.models import check_model, first_look
from tutlib.descent import Steepest, ascend
from tutlib.nets import untouched


def universal(model: Model, x: Tensor, y, ball, *, steps: int = 40, batch: int = 50,
              step_size: float | None = None, box: tuple[float, float] = (0.0, 1.0),
              generator: torch.Generator | None = None) -> Tensor:  # fmt: skip
    """One noise for all pictures: projected ascent on their mean loss.

    (The idea of one perturbation for all: Moosavi-Dezfooli, Fawzi, Fawzi and Frossard, "Universal
    adversarial perturbations", 2017. By gradient ascent on mini-batches: Shafahi, Najibi, Xu,
    Dickerson, Davis and Goldstein, "Universal adversarial training", 2020.)

    Args:
        model: from pictures in [0, 1] to logits (N, K).
        x: pictures (N, C, H, W) in [0, 1] to learn the noise from; y: an int or (N,) labels.
        ball: `Linf(eps)` or `L2(eps)`: how large the noise may be, in pixel units.
        steps: gradient steps, each on the next `batch` pictures in a random order.
        step_size: length of each in the ball's norm, 2.5 * eps / steps unless given.
        box: lowest and highest legal pixel: a picture with the noise is cut off there.
        generator: source of the order; without one, it is the same in every call.

    Returns:
        delta (1, C, H, W), in the ball around zero: ``(x + delta).clamp(0, 1)`` are the pictures.

    Raises:
        ValueError, TypeError: wrong range, shape or dtype, labels outside the classes, an empty
            batch, or NaN in the model's output.

    Example:
        >>> vote = lambda x: x  # the brightest of three pixels wins
        >>> universal(vote, torch.tensor([[0.6, 0.5, 0.2], [0.7, 0.3, 0.4]]), 0, Linf(0.1))
        tensor([[-0.1000,  0.1000,  0.1000]])
    """
    check_effort(steps, rate=step_size)
    check_count("batch", batch, 1)
    model, y = _looked_at(model, x, y, ball, box)
    doubt, rows = AwayFrom(model, y), _batches(len(x), batch, generator)

    def mean_loss(delta: Tensor) -> Tensor:
        some = next(rows).to(x.device)
        return doubt.rows(some)((x[some] + delta).clamp(*box)).mean()

    step = Steepest(2.5 * ball.eps / max(steps, 1) if step_size is None else step_size)
    with untouched(model):
        return ascend(mean_loss, torch.zeros_like(x[:1]), ball, step, steps, box=None)


def universal_by_deepfool(model: Model, x: Tensor, y, ball, *, passes: int = 5,
                          enough: float = 0.8, steps: int = 10, candidates: int = 10,
                          box: tuple[float, float] = (0.0, 1.0),
                          generator: torch.Generator | None = None) -> Tensor:  # fmt: skip
    """The original recipe for one noise: picture by picture, push who still stands.

    (Moosavi-Dezfooli, Fawzi, Fawzi and Frossard, "Universal adversarial perturbations", 2017,
    Algorithm 1.) Each picture that the noise does not fool adds its own smallest change, which
    `deepfool` finds in L2; the sum goes back into the ball.

    Args:
        model, x, y, ball, box, generator: as for `universal`.
        passes: times through all pictures, at most; enough: the share of fooled pictures, of those
            that were right before, at which it stops.
        steps, candidates: of `deepfool`.

    Returns:
        delta (1, C, H, W), in the ball around zero.

    Example:
        >>> vote = lambda x: x  # the brightest of three pixels wins
        >>> x = torch.tensor([[0.6, 0.5, 0.2], [0.7, 0.5, 0.4]])
        >>> universal_by_deepfool(vote, x, 0, L2(0.2))
        tensor([[-0.1010,  0.1010,  0.0000]])
    """
    check_count("passes", passes, 1)
    model, y = _looked_at(model, x, y, ball, box)
    generator = generator or torch.Generator().manual_seed(0)
    delta, still = torch.zeros_like(x[:1]), AwayFrom(model, y)
    home, far = torch.zeros_like(delta), L2(float(torch.full_like(x[:1], box[1] - box[0]).norm()))
    with untouched(model):
        right = ~_won(still, x)
        for _ in range(passes):
            for row in torch.randperm(len(x), generator=generator).split(1):
                row = row.to(x.device)
                seen = (x[row] + delta).clamp(*box)
                found = deepfool(model, seen, y[row], far, steps=steps, candidates=candidates,
                                 box=box)  # fmt: skip
                delta = ball.project(delta + found - seen, home)
            fooled = _won(still, (x + delta).clamp(*box)) & right
            if fooled.sum() >= enough * right.sum():
                break
    return delta


@torch.no_grad()
def _won(objective: AwayFrom, x: Tensor, batch: int = 250) -> Tensor:
    rows = torch.arange(len(x), device=x.device).split(batch)
    return torch.cat([objective.rows(some).won(x[some]) for some in rows])


def _batches(count: int, batch: int, generator: torch.Generator | None) -> Iterator[Tensor]:
    """Rows, `batch` at a time, in a random order that is drawn anew when all had their turn."""
    generator = generator or torch.Generator().manual_seed(0)
    while True:
        order = torch.randperm(count, generator=generator, device=device_of(generator))
        yield from order.split(batch)


def _looked_at(model, x: Tensor, y, ball, box) -> tuple[Model, Tensor]:
    """The model, ready for use, and labels (N,), once everything has been looked at."""
    check_pictures(x, box)
    check_ball(ball, x, box)
    check_model(model)
    labels = check_labels(y, x)
    # Where the lowest and the highest label are inside the classes, all of them are.
    ends = torch.stack([labels.argmin(), labels.argmax()])
    with untouched(model), torch.no_grad():
        _, ready = first_look(model, x[ends], labels[ends])
    return ready, labels
