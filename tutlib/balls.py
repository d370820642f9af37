"""Where a picture may go: a ball around the picture it started from.

Each ball answers four questions, and the one loop in `descent` asks nothing else:
how far is this (`norm`), how do I get back inside (`project`), which way is steepest
(`steepest`), and where may I start (`sample`). A batch holds N pictures; each has its own ball.

`eps` is in pixel units, where 0.0 is black and 1.0 is white: write ``Linf(8 / 255)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tutlib.check.inputs import check_eps, device_of


def _flat_norm(t: Tensor, order: float) -> Tensor:
    """The norm of every picture in a batch: (N, ...) -> (N,)."""
    return torch.linalg.vector_norm(t.flatten(1), ord=order, dim=1)


def one_each(values: Tensor, like: Tensor) -> Tensor:
    """One number for each picture, (N,), in a shape to be multiplied with `like`, (N, ...).

    Example:
        >>> one_each(torch.tensor([1.0, 0.5]), torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 1, 1, 1])
    """
    return values.view(-1, *[1] * (like.dim() - 1))


class _PixelByPixel:
    """What is the same wherever every pixel has `bounds` of its own, whatever the others do."""

    def norm(self, delta: Tensor) -> Tensor:
        """max|delta| of each picture: (N, ...) -> (N,)."""
        return _flat_norm(delta, math.inf)

    def dual_norm(self, grad: Tensor) -> Tensor:
        """sum|grad|, so that max <grad, d> over the ball is eps * dual_norm: (N, ...) -> (N,)."""
        return _flat_norm(grad, 1)

    def steepest(self, grad: Tensor) -> Tensor:
        """The direction of norm one with the largest <grad, d>: the sign."""
        return grad.sign()

    def around(self, center: Tensor) -> Callable[[Tensor], Tensor]:
        """`project` for one centre and many points: the bounds are computed once."""
        low, high = self.bounds(center)
        return lambda x: torch.clamp(x, low, high)


@dataclass(frozen=True)
class Linf(_PixelByPixel):
    """No pixel moves by more than `eps`: {x' : max|x' - x| <= eps}.

    Args:
        eps: radius in pixel units (1.0 is white), for example ``8 / 255``.

    Raises:
        ValueError: if eps is not a positive, finite number.

    Example:
        >>> Linf(0.1).project(torch.tensor([[0.9, 0.52]]), torch.tensor([[0.5, 0.5]]))
        tensor([[0.6000, 0.5200]])
        >>> Linf(0.1).steepest(torch.tensor([[3.0, -0.01]]))
        tensor([[ 1., -1.]])
    """

    eps: float

    def __post_init__(self) -> None:
        check_eps(self.eps)

    def bounds(self, center: Tensor) -> tuple[Tensor, Tensor]:
        """The lowest and highest value of every pixel, in `center`'s dtype.

        Rounding center + eps may land a hair (6e-8 in float32) outside the ball. We aim that much
        inside, so that ``(x_adv - x).abs().max() <= eps`` holds to the last bit.
        """
        radius = self._radius(center)
        return center - radius, center + radius

    def _radius(self, center: Tensor) -> float:
        """eps, less what rounding to `center`'s dtype may add at its largest value.

        An eps as small as the rounding itself: what moves by less than half a place stays where it
        is, what moves by more lands at most twice as far. (And the half is rounded, too.)
        """
        unit, tiny = torch.finfo(center.dtype).eps, torch.finfo(center.dtype).tiny
        inside = self.eps - unit * (center.abs().max().item() + self.eps)
        return max(inside, (self.eps - unit * (self.eps + tiny)) / 2, 0.0)

    def project(self, x: Tensor, center: Tensor) -> Tensor:
        """The point of the ball around `center` that is nearest to `x` (same shapes)."""
        return self.around(center)(x)

    def sample(self, center: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """A point of the ball, uniform: every pixel uniform in [-eps, eps] around `center`."""
        noise = 2 * _random(torch.rand, center.shape, center, generator) - 1
        return torch.add(center, noise, alpha=self._radius(center))


@dataclass(frozen=True)
class L2:
    """No picture moves further than `eps` as the crow flies: {x' : ||x' - x||_2 <= eps}.

    Args:
        eps: radius in pixel units; the largest possible distance is sqrt(number of values).

    Raises:
        ValueError: if eps is not a positive, finite number.

    Example:
        >>> L2(0.5).project(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2))  # 5 away, and then 0.5
        tensor([[0.3000, 0.4000]])
        >>> L2(0.5).steepest(torch.tensor([[3.0, 4.0]]))
        tensor([[0.6000, 0.8000]])
    """

    eps: float

    def __post_init__(self) -> None:
        check_eps(self.eps)

    def norm(self, delta: Tensor) -> Tensor:
        """The Euclidean length of each picture's change: (N, ...) -> (N,)."""
        return _flat_norm(delta, 2)

    def dual_norm(self, grad: Tensor) -> Tensor:
        """The Euclidean norm is its own dual: (N, ...) -> (N,)."""
        return _flat_norm(grad, 2)

    def steepest(self, grad: Tensor) -> Tensor:
        """The gradient, scaled to length one (and zero where the gradient is zero)."""
        # By its largest entry first: the squares of a very sure net's slopes would all be 0.
        tiny = torch.finfo(grad.dtype).tiny
        unit = grad / one_each(_flat_norm(grad, math.inf).clamp_min(tiny), grad)
        return unit / one_each(_flat_norm(unit, 2).clamp_min(tiny), grad)

    def around(self, center: Tensor) -> Callable[[Tensor], Tensor]:
        """`project` for one centre and many points."""
        # Rounding center + delta to float32 may lengthen the step: half a unit in the last place
        # of every pixel, in the worst case. We aim that much inside, so eps is never exceeded
        # (in half the bits: as far as they can measure it).
        last_place = torch.finfo(center.dtype).eps / 2 * center[0].numel() ** 0.5
        slack = last_place * (center.abs().flatten(1).amax(1) + self.eps)
        radius = (self.eps * (1 - 1e-6) - slack).clamp_min(self.eps / 2)

        def project(x: Tensor) -> Tensor:
            delta = x - center
            length = _flat_norm(delta, 2)
            outside = length > self.eps
            moved = center + delta * one_each(radius / length, delta)
            return torch.where(one_each(outside, x), moved, x)

        return project

    def project(self, x: Tensor, center: Tensor) -> Tensor:
        """The point of the ball around `center` that is nearest to `x` (same shapes)."""
        return self.around(center)(x)

    def sample(self, center: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """A point of the ball, uniform: a random direction, a radius that fills the volume."""
        noise = _random(torch.randn, center.shape, center, generator)
        radius = _random(torch.rand, center.shape[:1], center, generator)
        radius = self.eps * radius ** (1 / center[0].numel())
        return self.project(center + self.steepest(noise) * one_each(radius, center), center)


@dataclass(frozen=True)
class Box(_PixelByPixel):
    """Anywhere between `low` and `high`: no ball at all, for fooling images, styles and designs.

    Args:
        low, high: numbers or tensors that broadcast against the point; (0, 1) are legal pixels,
            and (-inf, inf) is the whole space.

    Example:
        >>> Box(0, 1).project(torch.tensor([[1.7, 0.4, -2.0]]))
        tensor([[1.0000, 0.4000, 0.0000]])
    """

    low: float | Tensor = 0.0
    high: float | Tensor = 1.0

    def bounds(self, center: Tensor) -> tuple[Tensor, Tensor]:
        """`low` and `high` as tensors of `center`'s dtype, on its device."""
        low, high = (
            torch.as_tensor(side, dtype=center.dtype, device=center.device).detach()
            for side in (self.low, self.high)
        )
        return low, high

    def project(self, x: Tensor, center: Tensor | None = None) -> Tensor:
        """The nearest point between `low` and `high`; `center` plays no part."""
        return self.around(x)(x)

    def sample(self, center: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Uniform in the box (which must be bounded), in the shape of `center`."""
        low, high = self.bounds(center)
        if not bool(torch.isfinite(high - low).all()):
            raise ValueError("an unbounded Box has no uniform sample: pass a start of your own.")
        return low + _random(torch.rand, center.shape, center, generator) * (high - low)


def _random(draw, shape, like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw on the generator's device (the CPU unless it says otherwise), then move.

    So one seed gives one start, on the CPU and on every GPU.
    """
    how = {"dtype": like.dtype, "device": device_of(generator)}
    return draw(shape, generator=generator, **how).to(like.device)
