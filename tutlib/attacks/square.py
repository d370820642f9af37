"""Square: turn a picture against a net that only tells its scores, by trying squares at random."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tutlib.attacks.margins import doubt, third_wish
from tutlib.attacks.objectives import Model
from tutlib.balls import L2, Linf
from tutlib.check.inputs import check_count, check_finite, device_of
from tutlib.check.models import at_the_door
from tutlib.check.patience import bar
from tutlib.nets import untouched

# When the share of pixels under the square is halved, in ten-thousandths of all queries.
HALVED = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)


def square(model: Model, x: Tensor, y, ball, *, queries: int = 1000, target=None,
           share: float = 0.8, asked: Tensor | None = None,
           box: tuple[float, float] = (0.0, 1.0), generator: torch.Generator | None = None
           ) -> Tensor:  # fmt: skip
    """Paint a square at random; keep it if the scores got worse. No gradient is needed.

    (Andriushchenko, Croce, Flammarion and Hein, "Square attack: a query-efficient black-box
    adversarial attack via random search", 2020.) Away from `y` the score of `y` shall fall behind
    the best other one; towards `target` its cross-entropy shall fall. A picture leaves as soon as
    it is fooled. One thing is ours: where a square would change nothing, the opposite colours are
    tried, for no question should be asked twice.

    Args:
        model: from pictures to scores (N, K), logits or probabilities, for example those that a
            service tells. It is only called.
        x: pictures (N, C, H, W) in [0, 1] (or in `box`); y: the true label, an int or (N,). What
            the model calls otherwise is left as it is.
        ball: `Linf(eps)` or `L2(eps)`, eps in pixel units.
        queries: how often each picture may be shown to the model, with the first time, unchanged.
        target: a label to move *towards*, an int or (N,); None moves away from `y`.
        share: of all pixels, under the first square; it is halved nine times, as in the paper.
        asked: an integer tensor (N,), to which the queries of each picture are added, also when
            the model raises.
        box: lowest and highest legal pixel.
        generator: source of chance; without one, it is the same in every call.

    Returns:
        x_adv, shaped like `x`, in the ball and in the box, without a graph.

    Raises:
        ValueError, TypeError: wrong range, shape or dtype, labels outside the classes, a target
            that is the label, an empty batch, or NaN in the scores.

    Example:
        >>> vote = lambda x: x.flatten(1)  # a net with as many classes as pixels
        >>> x, asked = torch.tensor([[[[0.6, 0.5]]]]), torch.zeros(1, dtype=torch.long)
        >>> square(vote, x, 0, Linf(0.1), asked=asked).flatten(), bool(asked <= 10)
        (tensor([0.5000, 0.6000]), True)
    """
    check_count("queries", queries, 1)
    check_share(share)
    model, y, target = at_the_door(model, x, y, target, box, ball)
    check_for_squares(x, ball)
    asked = torch.zeros_like(y) if asked is None else check_ledger(asked, x)
    generator = generator or torch.Generator().manual_seed(0)
    x = x.detach()
    paint = Windows if isinstance(ball, L2) else Squares
    with untouched(model), torch.inference_mode(False), torch.no_grad():
        search = Search(model, y, target, paint.around(x, ball, box), x.clone(), asked)
        return search.run(queries, share, generator)


class Search:
    """The random search: what is kept of each picture, and which of them still stand."""

    def __init__(self, model, y: Tensor, target: Tensor | None, paint, best: Tensor, asked: Tensor):
        self.model, self.y, self.target, self.paint = model, y, target, paint
        self.found, self.asked, self.rows = best, asked, torch.arange(len(y), device=best.device)
        self.best, self.value = best, torch.full_like(y, -torch.inf, dtype=best.dtype)
        self.rounds, self.total = 0, best.new_zeros(())

    def run(self, queries: int, share: float, generator: torch.Generator) -> Tensor:
        """At most `queries` questions about each picture; the best of each comes back."""
        try:
            for turn in bar(range(queries), "questions about each picture"):
                self.look(self.next(turn, queries, share, generator))
                if not len(self.rows):
                    break
        finally:
            self.asked[self.rows] += self.rounds
        self.found[self.rows] = self.best
        check_finite(self.found, self.total)
        return self.found

    def next(self, turn: int, queries: int, share: float, generator: torch.Generator) -> Tensor:
        """What to ask next: the picture itself, then stripes or waves, then squares."""
        if turn == 0:
            return self.best
        if turn == 1:
            return self.paint.first(generator)
        now = (turn - 2) * 10_000 // queries
        share = share / 2 ** sum(now > limit for limit in HALVED)
        return self.paint.next(self.best, share, generator)

    def look(self, candidate: Tensor) -> None:
        """Ask about one candidate for each picture; keep what is better, let go what is fooled."""
        value, won = lead(self.model(candidate), self.y, self.target)
        self.rounds += 1
        self.total = self.total + value.sum()
        better = won | (value > self.value)
        self.best = torch.where(better.view(-1, 1, 1, 1), candidate, self.best)
        self.value = torch.where(better, value, self.value)
        if not bool(won.any()):
            return
        gone, keep = self.rows[won], ~won
        self.found[gone] = self.best[won]
        self.asked[gone] += self.rounds
        self.rows, self.y = self.rows[keep], self.y[keep]
        self.target = None if self.target is None else self.target[keep]
        self.best, self.value, self.paint = self.best[keep], self.value[keep], self.paint.rows(keep)


def lead(scores: Tensor, y: Tensor, target: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """How far each picture (N,) is from `y` (or towards `target`), and which have arrived.

    Example:
        >>> lead(torch.tensor([[3.0, 2.0], [1.0, 4.0]]), torch.tensor([0, 0]))
        (tensor([-1.,  3.]), tensor([False,  True]))
    """
    if target is not None:
        return doubt(scores, y, target), scores.argmax(1) == target
    return third_wish(scores, y), scores.argmax(1) != y


@dataclass(frozen=True)
class Squares:
    """L-inf: every pixel at one end of what it may be, changed a square at a time.

    Attributes:
        low, high: the ends (N, C, H, W): of the ball, and inside the box.

    Example:
        >>> paint = Squares.around(torch.full((1, 1, 2, 2), 0.5), Linf(0.25), (0, 1))
        >>> one = paint.next(paint.low, 0.25, torch.Generator().manual_seed(0))  # of four pixels
        >>> (one != paint.low).sum().item()
        1
    """

    low: Tensor
    high: Tensor

    @classmethod
    def around(cls, x: Tensor, ball: Linf, box: tuple[float, float]) -> Squares:
        low, high = ball.bounds(x)
        return cls(low.clamp_min(box[0]), high.clamp_max(box[1]))

    def rows(self, keep: Tensor) -> Squares:
        return replace(self, low=self.low[keep], high=self.high[keep])

    def first(self, generator: torch.Generator) -> Tensor:
        """Upright stripes, one pixel wide."""
        n, c, _, w = self.low.shape
        return torch.where(_chance(self.low, (n, c, 1, w), generator) < 0.5, self.low, self.high)

    def next(self, best: Tensor, share: float, generator: torch.Generator) -> Tensor:
        n, c, h, w = best.shape
        side = min(max(round((share * h * w) ** 0.5), 1), h, w)
        random = _chance(best, (n, 2 + c), generator)
        top, left = _corner(random[:, 0], h - side), _corner(random[:, 1], w - side)
        inside = _span(top, side, h)[:, :, None] & _span(left, side, w)[:, None, :]
        dark, inside = (random[:, 2:] < 0.5)[..., None, None], inside[:, None]
        ends = torch.where(dark, self.low, self.high)
        same = ~(inside & (ends != best)).flatten(1).any(1).view(-1, 1, 1, 1)
        ends = torch.where(same & ~dark, self.low, torch.where(same & dark, self.high, ends))
        return torch.where(inside, ends, best)


@dataclass(frozen=True)
class Windows:
    """L2: two hills of opposite signs in a window; its length is taken from another window.

    Attributes:
        x: the pictures (N, C, H, W) the balls lie around; ball, box: where they may go.

    Example:
        >>> paint = Windows.around(torch.full((1, 1, 9, 9), 0.5), L2(1.0), (0, 1))
        >>> first = paint.first(torch.Generator().manual_seed(0))
        >>> round((first - paint.x).norm().item(), 3)
        1.0
    """

    x: Tensor
    ball: L2
    box: tuple[float, float]

    @classmethod
    def around(cls, x: Tensor, ball: L2, box: tuple[float, float]) -> Windows:
        return cls(x, ball, box)

    def rows(self, keep: Tensor) -> Windows:
        return replace(self, x=self.x[keep])

    def inside(self, delta: Tensor) -> Tensor:
        """As long as the ball allows, then back into the box."""
        return self.ball.project(
            self.x + self.ball.eps * self.ball.steepest(delta), self.x
        ).clamp(*self.box)  # fmt: skip

    def first(self, generator: torch.Generator) -> Tensor:
        """A grid of hills, about five by five, each up or down at random."""
        n, c, h, w = self.x.shape
        side = max(min(h, w) // 5, 1)
        down, across = h // side, w // side
        signs = _chance(self.x, (n, c, down, across), generator) - 0.5
        wave = torch.kron(signs.sign(), hills(side).to(self.x))
        edges = ((h - down * side) // 2, (w - across * side) // 2)
        delta = torch.zeros_like(self.x)
        delta[:, :, edges[0] : edges[0] + down * side, edges[1] : edges[1] + across * side] = wave
        return self.inside(delta)

    def next(self, best: Tensor, share: float, generator: torch.Generator) -> Tensor:
        n, c, h, w = best.shape
        side = max(round((share * h * w) ** 0.5), 3)
        side = min(side + (side + 1) % 2, h - (h + 1) % 2, w - (w + 1) % 2)  # odd
        random = _chance(best, (n, 5 + c), generator)
        here, there = self._window(random[:, :2], side), self._window(random[:, 2:4], side)
        delta = best - self.x
        old = delta[here]  # (N, C, side, side)
        both = torch.zeros_like(delta, dtype=torch.bool)
        both[here] = both[there] = True
        hill = hills(side).to(best)
        turned = (random[:, 4] < 0.5).view(-1, 1, 1, 1)
        fresh = torch.where(turned, hill.T, hill) * (random[:, 5:] - 0.5).sign()[..., None, None]
        fresh = fresh + old / _length(old, (2, 3)).clamp_min(1e-12)
        room = (self.ball.eps**2 - _length(delta, (1, 2, 3)) ** 2).clamp_min(0) / c
        length = (room + (delta * both).square().sum((2, 3), keepdim=True)).sqrt()
        delta[there] = 0
        delta[here] = fresh / _length(fresh, (2, 3)).clamp_min(1e-12) * length
        return self.inside(delta)

    def _window(self, random: Tensor, side: int) -> tuple[Tensor, ...]:
        """Where to look in (N, C, H, W) for a window of each picture, in all its channels."""
        n, c, h, w = self.x.shape
        step = torch.arange(side, device=random.device)
        top, left = _corner(random[:, 0], h - side), _corner(random[:, 1], w - side)
        picture = torch.arange(n, device=random.device).view(-1, 1, 1, 1)
        channel = torch.arange(c, device=random.device).view(1, -1, 1, 1)
        rows = (top[:, None] + step).view(n, 1, -1, 1)
        return picture, channel, rows, (left[:, None] + step).view(n, 1, 1, -1)


def hills(side: int) -> Tensor:
    """Two hills in a square, the upper one up and the lower one down: (side, side), of length 1.

    Example:
        >>> hills(3).sign()
        tensor([[ 1.,  1.,  1.],
                [-1., -1., -1.],
                [-1., -1., -1.]])
    """
    both = torch.cat([_hill(side // 2, side), -_hill(side - side // 2, side)])
    return both / both.norm().clamp_min(1e-12)


def _hill(rows: int, columns: int) -> Tensor:
    """Rectangles, each a pixel larger on all sides than the last, weighing 1, 1/4, 1/9, ..."""
    weights = 1 / torch.arange(1, max(rows // 2, columns // 2) + 2) ** 2
    heights = weights.flip(0).cumsum(0).flip(0)
    down, across = (torch.arange(rows) - rows // 2).abs(), (torch.arange(columns) - columns // 2)
    peak = heights[torch.maximum(down[:, None], across.abs()[None])]
    return peak / peak.norm().clamp_min(1e-12)


def _length(t: Tensor, dims: tuple[int, ...]) -> Tensor:
    return t.square().sum(dims, keepdim=True).sqrt()


def _corner(random: Tensor, last: int) -> Tensor:
    """Whole numbers from 0 to `last` out of numbers in [0, 1)."""
    return (random * (last + 1)).long().clamp_max(last)


def _span(start: Tensor, length: int, size: int) -> Tensor:
    """Which of `size` places (N, size) lie in the `length` from `start` (N,) on."""
    place = torch.arange(size, device=start.device) - start[:, None]
    return (place >= 0) & (place < length)


def _chance(like: Tensor, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Uniform numbers, drawn where the generator is: one seed gives the same on every device."""
    return torch.rand(shape, generator=generator, device=device_of(generator)).to(like.device)


def check_share(share: float) -> None:
    """Raise unless a square may cover this share of a picture."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, and this is {share!r}.")


def check_for_squares(x: Tensor, ball) -> None:
    """Raise unless squares can be painted in this ball."""
    if x.dim() != 4:
        raise ValueError(
            f"squares are painted on pictures (N, C, H, W), and these are {tuple(x.shape)}: "
            "reshape them, and the model's input back."
        )
    if not isinstance(ball, Linf | L2):
        raise TypeError(f"square knows Linf and L2 balls, and this is {type(ball).__name__}.")


def check_ledger(asked: Tensor, x: Tensor) -> Tensor:
    """Raise unless queries can be counted here: one whole number for each picture."""
    if not isinstance(asked, Tensor) or asked.is_floating_point() or asked.shape != x.shape[:1]:
        raise ValueError(
            f"asked must be a tensor of {len(x)} whole numbers, one for each picture: "
            "torch.zeros(len(x), dtype=torch.long)."
        )
    return asked
