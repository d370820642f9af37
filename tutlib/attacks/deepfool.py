"""DeepFool: the smallest change, by walking to the nearest boundary of a straightened net."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tutlib.attacks.candidates import ascend_until_fooled
from tutlib.attacks.objectives import Model
from tutlib.balls import one_each
from tutlib.check.inputs import check_count, check_effort, check_logits
from tutlib.check.models import at_the_door
from tutlib.nets import untouched

BEYOND = 1e-4  # of the largest logit


@dataclass(frozen=True)
class Nearest:
    """Minus half the squared distance to the nearest boundary, if the model were straight at `x`.

    Between `y` and another class k the lead z_y - z_k of a linear model falls to zero at the
    distance lead / ||gradient of the lead||, measured in the dual norm. The objective's gradient is
    then as long (in that norm) as the way to the boundary, and points along it: in L2 it *is* that
    way. A picture that has crossed has the value 0, and stays.

    Attributes:
        model: from pictures to logits (N, K); y: labels (N,); ball: its `dual_norm` measures.
        candidates: how many other classes are looked at, those with the highest logits.
        box: lowest and highest legal pixel: a black pixel that should get darker does not count.

    Example:
        >>> nearest = Nearest(lambda x: x, torch.tensor([0]), L2(1.0))  # the brightest pixel wins
        >>> nearest(torch.tensor([[0.9, 0.5]], requires_grad=True)).item()  # 0.4 / sqrt(2) away
        -0.04...
    """

    model: Model
    y: Tensor
    ball: object
    candidates: int = 10
    box: tuple[float, float] | None = None

    def __call__(self, x: Tensor) -> Tensor:
        logits = self.model(x)
        own = self.y[:, None]
        others = logits.detach().scatter(1, own, -torch.inf)
        columns = others.topk(min(self.candidates, logits.shape[1] - 1)).indices
        leads = logits.gather(1, own) - logits.gather(1, columns)  # (N, candidates)
        # A hair more than to the tie, or rounding may keep a picture there for ever.
        beyond = BEYOND * logits.detach().abs().amax(1)
        away, steep = torch.full_like(leads[:, 0].detach(), torch.inf), torch.ones_like(leads[:, 0])
        way = torch.zeros_like(x)
        for lead in leads.T:
            slope = self._legal(torch.autograd.grad(lead.sum(), x, retain_graph=True)[0], x)
            size = self.ball.dual_norm(slope)
            distance = torch.where(size > 0, (lead.detach() + beyond) / size, torch.inf)
            nearer = distance < away
            away, steep = torch.where(nearer, distance, away), torch.where(nearer, size, steep)
            way = torch.where(one_each(nearer, x), slope, way)
        standing = (leads.detach() >= 0).all(1) & away.isfinite()
        # The straightened lead: its value here, and its slope.
        here = away.where(standing, torch.zeros_like(away))
        straight = here + ((x - x.detach()) * way).flatten(1).sum(1) / steep
        return torch.where(standing, -(straight**2) / 2, 0 * straight)

    def _legal(self, slope: Tensor, x: Tensor) -> Tensor:
        """Without the pixels that would leave the box: they cannot help (the lead shall fall)."""
        if self.box is None:
            return slope
        low, high = self.box
        stuck = ((x <= low) & (slope > 0)) | ((x >= high) & (slope < 0))
        return slope.masked_fill(stuck, 0)

    def won(self, x: Tensor) -> Tensor:
        """Which pictures (N,) the model no longer calls `y`."""
        return check_logits(self.model(x), self.y).argmax(1) != self.y

    def rows(self, keep: Tensor) -> Nearest:
        """The same objective for some of the pictures."""
        return replace(self, y=self.y[keep])


@dataclass(frozen=True)
class AllTheWay:
    """Go as far as the gradient is long in the dual norm, in the steepest direction, and a bit.

    Up `Nearest`, that is Newton's step to the boundary. `overshoot` is the bit, as a part of it.

    Example:
        >>> step = AllTheWay(overshoot=0.0).start(L2(1.0))
        >>> step(torch.tensor([[0.3, 0.4]]), torch.zeros(1, 2))  # in L2: the gradient itself
        tensor([[0.3000, 0.4000]])
    """

    overshoot: float = 0.02

    def start(self, ball):
        def move(grad: Tensor, point: Tensor) -> Tensor:
            length = one_each(ball.dual_norm(grad), grad)
            return point.add_(ball.steepest(grad) * length, alpha=1 + self.overshoot)

        return move


def deepfool(model: Model, x: Tensor, y, ball, *, steps: int = 50, overshoot: float = 0.02,
             candidates: int = 10, box: tuple[float, float] | None = (0.0, 1.0)
             ) -> Tensor:  # fmt: skip
    """Straighten the net, walk to its nearest boundary, look again: a small change that fools.

    (Moosavi-Dezfooli, Fawzi and Frossard, "DeepFool: a simple and accurate method to fool deep
    neural networks", 2016.) For a linear model without a box the change is the smallest there is.

    Args:
        model: from pictures in [0, 1] to logits (N, K); x: pictures (N, C, H, W) in [0, 1].
        y: the true label, an int or (N,). What the model calls otherwise is left as it is.
        ball: `L2(eps)` or `Linf(eps)`: its norm is the one kept small, and eps, in pixel units, is
            as far as a picture may go.
        steps: times to look, at most; overshoot: how much further each step goes, as a part.
        candidates: how many other classes are looked at, those with the highest logits. Each costs
            a gradient.
        box: lowest and highest legal pixel; None for points that are not pictures.

    Returns:
        x_adv, shaped like `x`, in the ball and in the box, without a graph.

    Raises:
        ValueError, TypeError: wrong range, shape or dtype, labels outside the classes, an empty
            batch, or NaN in the model's output.

    Example:
        >>> vote = lambda x: x  # a net with as many classes as pixels: the brightest one wins
        >>> deepfool(vote, torch.tensor([[0.6, 0.5, 0.2]]), 0, L2(1.0))  # they meet at 0.55
        tensor([[0.5490, 0.5510, 0.2000]])
    """
    check_effort(steps, rate=overshoot)
    check_count("candidates", candidates, 1)
    model, y, _ = at_the_door(model, x, y, None, box, ball)
    looks = Nearest(model, y, ball, candidates), Nearest(model, y, ball, candidates, box)
    step, few, x = AllTheWay(overshoot), steps // 5, x.detach()
    with untouched(model):
        # What the box cuts off a step is made up for by the next one, but never quite: at last
        # only the pixels count that still may move.
        found = ascend_until_fooled(looks[0], x, ball, step, few, start=None, box=box)
        return ascend_until_fooled(looks[1], x, ball, step, steps - few, start=found, box=box)
