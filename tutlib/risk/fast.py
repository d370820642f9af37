"""The fast way to *measure* robustness: the same loop, in fewer bits and on fewer pictures.

Half the bits (bfloat16) where the chip has them and the memory layout that suits the net, each
only where it pays; and no work on pictures whose fate is known. Two kinds leave the batch, and
both only when the net *in float32* says so (on the low-precision answer alone the attack would be
weaker than the plain one):

* those that are fooled;
* the hopeless: at their pace so far they would not arrive, neither by the last step nor on the
  other side of the ball, where a straight walk ends. Pace and way to go are both read from the
  *margin* (the true class's logit minus the best other one), so a net that is merely loud, all its
  logits ten times as large, is judged no differently.

Such a forecast may be wrong. So of all that look hopeless at the same time the tenth that came
nearest stays to the end. If one of these falls, all that had been given up come back, and walk the
rest of their way from where they stood.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tutlib.attacks import AwayFrom
from tutlib.check.inputs import check_effort, check_logits
from tutlib.check.patience import bar
from tutlib.descent import Steepest, ascend
from tutlib.nets import untouched
from tutlib.risk.precision import quickest

PROBE = 16  # pictures that the ways to run a net are tried on
PATIENCE, EARLIEST = 0.2, 4  # before this share, and number, of the steps nobody is given up
LASTING = 0.8  # a pace is always taken to last for this share of the steps
CONTROL = 0.1  # the share of the hopeless that stay


@torch.inference_mode(False)
def fooled(
    model,
    x: Tensor,
    y: Tensor,
    ball,
    *,
    steps: int,
    step_size: float | None = None,
    restarts: int = 1,
    batch: int = 250,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Which pictures PGD can fool: (N,) bool. Arguments as for `risk.evaluate`."""
    check_effort(steps, restarts)
    generator = generator or torch.Generator().manual_seed(0)
    step = Steepest(step_size if step_size is not None else 2.5 * ball.eps / max(steps, 1))
    with untouched(model):
        quick, exact = quickest(model, x[:PROBE], y[:PROBE])
        wrong, clean = _judged(exact, x, y, batch)
        for _ in range(restarts):
            rows = (~wrong).nonzero()[:, 0]  # only these are attacked
            if len(rows):
                start = ball.sample(x[rows], generator)
                climb = Climb(quick, exact, x[rows], y[rows], ball, step, steps, batch)
                wrong[rows] = climb.run(start, clean[rows])
    return wrong


@dataclass
class Climb:
    """One run of PGD in stretches, each in full batches of the pictures still under way.

    Attributes:
        quick, exact: the net as it is searched, and as it is believed.
        x, y, ball, step, steps, batch: as for `ascend`.
    """

    quick: Callable[[Tensor], Tensor]
    exact: Callable[[Tensor], Tensor]
    x: Tensor
    y: Tensor
    ball: object
    step: Steepest
    steps: int
    batch: int

    def run(self, start: Tensor, clean: Tensor) -> Tensor:
        """Which pictures fall on the way from `start`, (N,) bool; `clean`: their margin untouched.

        The way so far is measured from the larger of two margins, that of the clean picture and
        that of the start: half the bits may not even see a few small steps.
        """
        everyone = torch.arange(len(self.y), device=self.y.device)
        self.point = ascend(self.exact, self.x, self.ball, self.step, 0, start=start)  # projected
        self.margin = clean.clone()  # where the way began
        self.fell = torch.zeros_like(everyone, dtype=torch.bool)
        self.hopeless = torch.zeros_like(self.fell)  # by the forecast, whether given up or not
        self.control = torch.zeros_like(self.fell)  # hopeless, and stays
        self.left = torch.full_like(everyone, self.steps)  # after which step
        self._walk(everyone, 0)
        if bool((self.fell & self.control).any()):
            self.control[:] = True
            for done in self.left[self.left < self.steps].unique().tolist():
                self._walk(everyone[(self.left == done) & ~self.fell], done)
        return self.fell

    def _walk(self, rows: Tensor, done: int) -> None:
        """From step `done` to the end with some `rows`."""
        for stop in bar(_stops(self.steps), "looks at the pictures"):
            if stop <= done or not len(rows):
                continue
            margin = self._stretch(rows, stop - done)  # one step before `stop`
            if done == 0:
                self.margin[rows] = self.margin[rows].maximum(margin)
            if stop < self.steps:
                self._look(rows, stop, margin)
            gone = (self.fell | (self.hopeless & ~self.control))[rows]
            self.left[rows[gone]] = stop
            rows, done = rows[~gone], stop
        self.fell[rows], _ = _judged(self.exact, self.point[rows], self.y[rows], self.batch)

    def _stretch(self, rows: Tensor, steps: int) -> Tensor:
        """Move the points some steps; the margin (R,) that `quick` saw before the last of them."""
        margins = []
        for part in rows.split(self.batch):
            x, y, watched = self.x[part], self.y[part], _Watched(self.quick)
            objective, start = AwayFrom(watched, y), self.point[part]
            self.point[part] = ascend(objective, x, self.ball, self.step, steps, start=start)
            margins.append(_margin(watched.logits, y))
        return torch.cat(margins)

    def _look(self, rows: Tensor, stop: int, margin: Tensor) -> None:
        """Show the pictures that may have fallen, or look hopeless, to the exact net."""
        share = self._arrived(rows, margin, stop - 1)
        hopeless = (share < 1) & (stop >= _patience(self.steps)) & ~self.hopeless[rows]
        shown = rows[hopeless | (margin <= (self.margin[rows] - margin) / max(stop - 1, 1))]
        self.fell[shown], margin = _judged(self.exact, self.point[shown], self.y[shown], self.batch)
        share = self._arrived(shown, margin, stop)
        sure = torch.isin(shown, rows[hopeless]) & (share < 1) & ~self.fell[shown]
        self.hopeless[shown[sure]] = True
        nearest = share[sure].argsort(descending=True)[: math.ceil(CONTROL * int(sure.sum()))]
        self.control[shown[sure][nearest]] = True

    def _arrived(self, rows: Tensor, margin: Tensor, done: int) -> Tensor:
        """What share (R,) of its margin a picture will have lost at the end, at its pace so far."""
        first = self.margin[rows]
        return (first - margin) / first * self._lasting() / max(done, 1)

    def _lasting(self) -> float:
        """For how many steps a pace may last: a straight walk ends when it has crossed the ball.

        Small steps do not get that far. Large ones do not walk straight, so they get `LASTING`.
        """
        across = 2 * self.ball.eps / self.step.size if self.step.size else math.inf
        return min(self.steps, max(across, LASTING * self.steps))


class _Watched:
    """A model that keeps the logits it gave last."""

    def __init__(self, model):
        self.model = model

    def __call__(self, x: Tensor) -> Tensor:
        logits = self.model(x)
        self.logits = logits.detach().clone()  # it may be a view of x, which will move
        return logits


def _stops(steps: int) -> list[int]:
    """After which steps to look: 1, 2, 4 ..., then every twentieth of the way, and the last."""
    patience, stride = _patience(steps), max(1, steps // 20)
    early = [2**k for k in range(steps.bit_length()) if 2**k < min(patience, steps)]
    return early + list(range(patience, steps, stride)) + [steps]


def _patience(steps: int) -> int:
    return max(math.ceil(PATIENCE * steps), EARLIEST)


def _judged(model, x: Tensor, y: Tensor, batch: int) -> tuple[Tensor, Tensor]:
    """Whether the model is wrong (N,), and by what margin it is right (N,)."""
    wrong = torch.zeros_like(y, dtype=torch.bool)
    margins = torch.zeros(len(y), dtype=torch.float32, device=y.device)
    with torch.no_grad():
        for rows in torch.arange(len(y), device=y.device).split(batch):
            if len(rows):
                logits = check_logits(model(x[rows]), y[rows])
                wrong[rows] = logits.argmax(1) != y[rows]
                margins[rows] = _margin(logits, y[rows])
    return wrong, margins


def _margin(logits: Tensor, y: Tensor) -> Tensor:
    """The true class's logit minus the best other one: (N, K), (N,) -> (N,) float32."""
    others = logits.scatter(1, y[:, None], -math.inf).amax(1)
    return (logits.gather(1, y[:, None])[:, 0] - others).float()
