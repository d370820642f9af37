"""Virtual adversarial training: let an answer change as little as it can around every point.

No label is asked for: the adversary attacks what the net says itself (Miyato et al., 2019).

    r_adv = argmax over ||r|| <= eps of  KL( p(x) || p(x + r) ),      lowered by the weights

Near r = 0 this divergence is a bowl, r^T H r / 2, so the worst direction is the leading eigenvector
of H. Power iteration finds it, and power iteration is `ascend` with a very long step in a very
small ball: after each step the point lies on the sphere in the direction of the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.balls import L2
from tutlib.check.inputs import check_count, check_pictures, check_positive
from tutlib.check.models import check_model
from tutlib.descent import Steepest, ascend

FAR = 1e4  # a step so many times as long as the small ball: what it began with no longer counts


class Divergence:
    """How far the answer at x + r is from the answer at x: KL(p(x) || p(x + r)), in nats.

    The answer at `x` is held still: no gradient goes through it.

    Args:
        model: from points (N, ...) to logits (N, K); x: the points, of any range.

    Example:
        >>> change = Divergence(lambda x: x, torch.tensor([[0.0, 0.0]]))
        >>> change(torch.tensor([[0.0, 0.0]])), change(torch.tensor([[0.0, 1.0]]))
        (tensor([0.]), tensor([0.1201]))
    """

    def __init__(self, model, x: Tensor):
        self.model, self.x = model, x
        with torch.no_grad():
            self.here = model(x).log_softmax(1)

    def __call__(self, r: Tensor) -> Tensor:
        there = self.model(self.x + r).log_softmax(1)
        return F.kl_div(there, self.here, reduction="none", log_target=True).sum(1)


def virtual_direction(model, x: Tensor, *, steps: int = 1, xi: float = 0.1,
                      generator: torch.Generator | None = None) -> Tensor:  # fmt: skip
    """The direction in which the answer changes most, for each point: `steps` power iterations.

    (Miyato, Maeda, Koyama and Ishii, 2019.) One gradient for each iteration; with none of them it
    is a random direction. Where no slope can be seen, the direction stays what it was.

    Args:
        model: from points (N, ...) to logits (N, K).
        x: points of any range.
        xi: how far from x the gradient is looked at. Too small and it drowns in rounding.
        generator: where the random start comes from.

    Returns:
        Unit vectors, shaped like `x`.

    Raises:
        ValueError: if `x` is empty or not finite, `steps` is below 0 or `xi` not above 0.

    Example:
        >>> steep = lambda x: x * torch.tensor([1.0, 9.0])  # the second number matters more
        >>> virtual_direction(steep, torch.zeros(1, 2), steps=9).abs()
        tensor([[0.1104, 0.9939]])
    """
    check_pictures(x, None)
    check_model(model)
    check_count("steps", steps, 0)
    check_positive("xi", xi)
    ball = L2(xi)
    noise = torch.randn(x.shape, dtype=x.dtype, generator=generator).to(x.device)
    start = xi * ball.steepest(noise)
    found = ascend(Divergence(model, x.detach()), torch.zeros_like(x), ball,
                   Steepest(FAR * xi), steps, start=start, box=None)  # fmt: skip
    return ball.steepest(found)


def smoothness(model, x: Tensor, ball: L2, *, steps: int = 1, xi: float = 0.1,
               generator: torch.Generator | None = None) -> Tensor:  # fmt: skip
    """What the worst move of length `ball.eps` does to the answer: KL for each point, (N,).

    The weights can lower it: it has a gradient with respect to them. The points are not clamped
    to [0, 1]; they may be anything, vectors of words as well.

    Raises:
        TypeError: if `ball` is not an `L2`.

    Example:
        >>> flat = lambda x: torch.zeros(len(x), 3)
        >>> smoothness(lambda x: flat(x) + 0 * x.sum(), torch.rand(2, 5), L2(1.0))
        tensor([0., 0.])
    """
    _check_round(ball)
    direction = virtual_direction(model, x, steps=steps, xi=xi, generator=generator)
    return Divergence(model, x)(ball.eps * direction)


@dataclass(eq=False)
class Virtual:
    """A loss for `fit`: cross-entropy on the labelled, and smoothness around unlabelled points.

    Chance is torch's own, so that a checkpoint of `fit` goes on exactly.

    Args:
        points: unlabelled points (M, ...), on the model's device.
        ball: the `L2` ball in which the answer shall stay what it is.
        weight: of the smoothness.
        batch: unlabelled points in a step; steps, xi: of `virtual_direction`.

    Example:
        >>> from tutlib.training import fit
        >>> net, two = mlp(2, 8, 2), torch.tensor([[0.0, 0.0], [1.0, 1.0]])
        >>> loss = Virtual(torch.rand(50, 2), L2(0.2))
        >>> fit(net, two, torch.tensor([0, 1]), loss=loss, epochs=2, progress=False).finished
        True
    """

    points: Tensor
    ball: L2
    weight: float = 1.0
    batch: int = 100
    steps: int = 1
    xi: float = 0.1

    def __post_init__(self) -> None:
        check_pictures(self.points, None)
        _check_round(self.ball)
        check_count("batch", self.batch, 1)
        check_count("steps", self.steps, 0)
        for name, value in (("weight", self.weight), ("xi", self.xi)):
            check_positive(name, value)

    @property
    def __name__(self) -> str:  # a checkpoint knows by this that it belongs to another run
        return (
            f"virtual({len(self.points)} points, {self.ball}, weight={self.weight}, "
            f"batch={self.batch}, steps={self.steps}, xi={self.xi})"
        )

    def __call__(self, model, x: Tensor, y: Tensor) -> Tensor:
        rows = torch.randint(len(self.points), (self.batch,)).to(self.points.device)
        points = self.points[rows]
        moved = smoothness(model, points, self.ball, steps=self.steps, xi=self.xi)
        return F.cross_entropy(model(x), y) + self.weight * moved.mean()


def _check_round(ball) -> None:
    if not isinstance(ball, L2):
        raise TypeError(f"the direction is a unit vector of L2: pass L2(eps) as ball, not {ball}.")
