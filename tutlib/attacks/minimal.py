"""The smallest change that fools: a bargain of two wishes, and a sphere that breathes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from tutlib.attacks.margins import doubt, fallen, third_wish
from tutlib.attacks.objectives import Model
from tutlib.balls import L2, Box, one_each
from tutlib.check.inputs import check_count, check_effort, check_positive
from tutlib.check.models import at_the_door
from tutlib.check.patience import bar
from tutlib.descent import Adam, ascend
from tutlib.nets import untouched

BREATH, FIRST = 0.05, 1.0  # of DDN, as its authors chose them


@dataclass(eq=False)
class Bargain:
    """Two wishes at once: stay near, and fall. It keeps the nearest point that has fallen.

    The value of a picture is ``-||x' - x||^2 + price * min(third wish, 0)``: once it has fallen,
    only the distance counts. (Carlini and Wagner, 2017.)

    Attributes:
        model, y, target: as for `Score`; x: where the pictures came from (N, ...); ball: measures.
        price: (N,) what a unit of the third wish is worth; None: the value is the cross-entropy.
        nearest: the nearest point of each that has fallen (the picture itself until then).
        distance: (N,) how far that is; infinite until then; fell: (N,) who had fallen at last look.

    Example:
        >>> x, y = torch.tensor([[0.6, 0.5]]), torch.tensor([0])  # the brightest pixel wins
        >>> deal = Bargain(lambda x: x, y, None, x, L2(1.0), price=torch.tensor([2.0]))
        >>> deal(x), deal(torch.tensor([[0.5, 0.6]])), deal.distance
        (tensor([-0.2000]), tensor([-0.0200]), tensor([0.1414]))
    """

    model: Model
    y: Tensor
    target: Tensor | None
    x: Tensor
    ball: object
    price: Tensor | None = None
    nearest: Tensor = field(init=False)
    distance: Tensor = field(init=False)
    fell: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.nearest = self.x.clone()
        self.distance = self.x.new_full(self.x.shape[:1], math.inf)

    def __call__(self, point: Tensor) -> Tensor:
        logits = self.model(point)
        away = self.ball.norm(point.detach() - self.x)
        self.fell = fallen(logits, self.y, self.target)
        kept = self.fell & (away < self.distance)
        self.nearest[kept], self.distance[kept] = point.detach()[kept], away[kept]
        if self.price is None:
            return doubt(logits, self.y, self.target)
        wish = third_wish(logits, self.y, self.target)
        return self.price * wish.clamp_max(0) - (point - self.x).flatten(1).square().sum(1)


def carlini_wagner(model: Model, x: Tensor, y, ball: L2, *, steps: int = 100, prices: int = 6,
                   lr: float = 0.02, first_price: float = 1.0, target=None,
                   box: tuple[float, float] | None = (0.0, 1.0)) -> Tensor:  # fmt: skip
    """The smallest change in L2, as a bargain: distance against the third wish.

    (Carlini and Wagner, "Towards evaluating the robustness of neural networks", 2017.) The right
    price of the wish is searched for each picture: tenfold while nothing falls, then by bisection.
    They keep pixels legal by a change of variables (tanh), of three ways that they compare; here it
    is another of the three, the loop's own projection.

    Args:
        model: from pictures in [0, 1] to logits (N, K); x: pictures (N, C, H, W) in [0, 1].
        y: the true label, an int or (N,). What the model calls otherwise is left as it is.
        ball: `L2(eps)`: eps, in pixel units, is as far as a picture may go.
        steps: of Adam, for each price; prices: how many are tried; lr: Adam's; first_price: the
            first of them.
        target: a label to arrive at, an int or (N,). None: any other than `y`.
        box: lowest and highest legal pixel; None for points that are not pictures.

    Returns:
        x_adv, shaped like `x`: the nearest that was found; `x` itself where nothing was.

    Raises:
        ValueError, TypeError: wrong range, shape or dtype, labels outside the classes, a target
            that is the label, an empty batch, or NaN in the model's output.

    Example:
        >>> vote = lambda x: x  # the brightest of three pixels wins; they meet at 0.55
        >>> carlini_wagner(vote, torch.tensor([[0.6, 0.5, 0.2]]), 0, L2(1.0)).round(decimals=2)
        tensor([[0.5500, 0.5500, 0.2000]])
    """
    check_effort(steps, rate=lr)
    check_count("prices", prices, 1)
    check_positive("first_price", first_price)
    check_round(ball)
    model, y, target = at_the_door(model, x, y, target, box, ball)
    x = x.detach()
    with untouched(model), torch.inference_mode(False):
        nearest, distance = x.clone(), x.new_full(x.shape[:1], math.inf)
        low, high = torch.zeros_like(distance), torch.full_like(distance, math.inf)
        price = torch.full_like(distance, first_price)
        for _ in bar(range(prices), "prices"):
            deal = Bargain(model, y, target, x, ball, price)
            _look(deal, ascend(deal, x, Box(-math.inf, math.inf), Adam(lr), steps, box=box))
            fell = deal.distance.isfinite()
            closer = deal.distance < distance
            nearest[closer], distance[closer] = deal.nearest[closer], deal.distance[closer]
            low, high = torch.where(fell, low, price), torch.where(fell, price, high)
            price = torch.where(high.isfinite(), (low + high) / 2, 10 * price)
    return _within(nearest, distance, x, ball)


@dataclass(frozen=True)
class Breathing:
    """The step of `ddn`: on a sphere that shrinks around what has fallen, and grows otherwise.

    (Rony, Hafemann, Oliveira, Ben Ayed, Sabourin and Granger, "Decoupling direction and norm for
    efficient gradient-based L2 adversarial attacks and defenses", 2019.) The gradient says in
    which direction, the sphere says how far. The step fades to a hundredth along half a wave of the
    cosine.

    One thing is ours: a pixel that its step would push out of the box does not count, for it would
    only use up the length of the step.

    Attributes:
        steps: how long the climb will be; deal: knows who has fallen.

    Example:
        >>> vote, x = lambda x: x, torch.tensor([[0.9, 0.5]])  # they meet 0.28 away, at 0.7
        >>> deal = Bargain(vote, torch.tensor([0]), None, x, L2(2.0))
        >>> _ = ascend(deal, x, L2(2.0), Breathing(60, deal), 60)
        >>> deal.distance
        tensor([0.28...])
    """

    steps: int
    deal: Bargain
    looks = True

    def start(self, ball):
        t, radius = 0, None

        def move(grad: Tensor, point: Tensor, values: Tensor, inside) -> None:
            nonlocal t, radius
            radius = torch.full_like(values, FIRST) if radius is None else radius
            radius = radius * torch.where(self.deal.fell, 1 - BREATH, 1 + BREATH)
            free = inside(point + 0.01 * ball.steepest(grad)) != point
            fade = 0.01 + 0.99 * (1 + math.cos(math.pi * t / self.steps)) / 2
            delta = point + fade * ball.steepest(grad * free) - self.deal.x
            point.copy_(self.deal.x + ball.steepest(delta) * one_each(radius, delta))
            t += 1

        return move


def ddn(model: Model, x: Tensor, y, ball: L2, *, steps: int = 100, target=None,
        box: tuple[float, float] | None = (0.0, 1.0)) -> Tensor:  # fmt: skip
    """The smallest change in L2 by one climb, with direction and norm decoupled.

    (Rony, Hafemann, Oliveira, Ben Ayed, Sabourin and Granger, 2019; see `Breathing`.) It climbs the
    cross-entropy and has no price to search: about a tenth of the work of `carlini_wagner`.

    Args:
        model, x, y, ball, target, box: as for `carlini_wagner`; steps: gradients for each picture.

    Returns:
        x_adv, shaped like `x`: the nearest that was found; `x` itself where nothing was.

    Example:
        >>> vote = lambda x: x  # the brighter of two pixels wins; they meet at 0.55
        >>> ddn(vote, torch.tensor([[0.6, 0.5]]), 0, L2(1.0)).round(decimals=2)
        tensor([[0.5500, 0.5500]])
    """
    check_effort(steps)
    check_round(ball)
    model, y, target = at_the_door(model, x, y, target, box, ball)
    x = x.detach()
    with untouched(model), torch.inference_mode(False):
        deal = Bargain(model, y, target, x, ball)
        # The ball may be small: the search itself goes where it needs to.
        far = L2(1e6)
        _look(deal, ascend(deal, x, far, Breathing(steps, deal), steps, box=box))
    return _within(deal.nearest, deal.distance, x, ball)


def check_round(ball) -> None:
    """Raise unless the ball measures in L2."""
    if not isinstance(ball, L2):
        raise TypeError(f"this attack measures in L2, and this ball is {type(ball).__name__}.")


@torch.no_grad()
def _look(deal: Bargain, point: Tensor) -> None:
    """The loop does not look at its last point."""
    deal(point)


def _within(nearest: Tensor, distance: Tensor, x: Tensor, ball) -> Tensor:
    """What lies in the ball; the picture itself where that is further away, or nothing."""
    return torch.where(one_each(distance <= ball.eps, x), nearest, x)
