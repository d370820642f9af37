"""Handwritten digits, drawn by strokes: white ink on black, 28 x 28, framed as MNIST frames them.

    from tutlib import world
    sheet = world.write(1000, seed=0)     # sheet.pictures, sheet.labels, sheet.factors["slant"]
    neat = world.write(1000, seed=0, mess=0.3, allographs=2)

A digit can be written in several ways, its *allographs*. A *writer* has favourites among them, and
habits: slant, width, pen and so on (`HABITS`). Each picture varies a little around these habits.

How the templates came about: they were typed by hand, by somebody who looked at those of MNIST's
digits that a net misread which had learnt from the earlier templates (see `allographs`). The usual
slant, width and pen were set from MNIST's averages; how common each template is, and how messy
people write, by how well such a net reads MNIST's training pictures, and a net that learnt those
reads drawn ones. No pixel of MNIST is in here, but "never saw MNIST" would be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tutlib.world.allographs import ALLOGRAPHS, USUAL
from tutlib.world.strokes import BOX, POINTS, centred, framed, ink, steps, template

WRITERS = 2000  # the same people for every seed
KNOTS = 14  # the most points of a template: so many of a writer's habits there are for each digit
FAITHFUL = 0.7  # how often a writer takes the favourite allograph


class Habit(NamedTuple):
    """How a factor spreads: between people, and within what one of them writes."""

    mean: float
    between: float
    within: float
    lowest: float
    highest: float
    ratio: bool = False  # then the first three are of its logarithm


HABITS = {
    "slant": Habit(0.17, 0.21, 0.10, -0.40, 0.75),  # sideways for each step up
    "width": Habit(-0.14, 0.16, 0.10, 0.40, 2.00, ratio=True),  # next to the template's
    "turn": Habit(0.00, 0.05, 0.05, -0.50, 0.50),  # of the whole digit, in radians
    "pen": Habit(0.13, 0.20, 0.08, 0.50, 3.00, ratio=True),  # half its breadth, in pixels
    "pressure": Habit(0.00, 0.10, 0.10, -0.25, 0.25),  # how much the pen's breadth changes
    "smooth": Habit(0.95, 0.15, 0.10, 0.00, 1.05),  # 0: a polygon, 1: a curve
    "mess": Habit(-0.58, 0.43, 0.15, 0.00, 1.30, ratio=True),  # how far the points stray
    "grain": Habit(-1.55, 0.35, 0.15, 0.00, 0.60, ratio=True),  # of paper and scanner, in pixels
}


@dataclass(frozen=True)
class Handwriting:
    """Drawn digits, and everything that made them.

    Attributes:
        pictures: (N, 28, 28), uint8: 0 is black, 255 is white ink.
        labels: (N,), int64: 0 to 9.
        factors: arrays (N,): "label", "writer" (0 to 1999), "allograph" (counted for each digit, 0
            is the commonest), and those in `HABITS`.
    """

    pictures: np.ndarray
    labels: np.ndarray
    factors: dict[str, np.ndarray]


def write(
    count: int,
    seed: int,
    *,
    writers: Sequence[int] = range(WRITERS),
    allographs: int | None = None,
    **asked,
) -> Handwriting:
    """Draw digits: as many of each, in random order. The same call draws the same pictures.

    Args:
        count: how many; seed: of everything but the writers, who are the same people always.
        writers: who may write, numbers below 2000: give training and test sets different ones.
        allographs: only so many ways of writing each digit, the commonest.
        asked: factors that are given, a number or one for each picture, while all others stay as
            they were: ``slant=0``, ``mess=0.3`` (neat hands), ``label=7``, ``writer=...``.

    Raises:
        ValueError: for a factor that is not known, or has a value that it cannot have.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, and this is {count}.")
    given = {name: np.broadcast_to(value, count) for name, value in asked.items()}
    rng, people = np.random.default_rng(seed), np.random.default_rng(2024)
    factors = {
        "label": rng.permutation(np.arange(count) % 10),
        "writer": np.asarray(writers)[rng.integers(len(writers), size=count)],
    }
    factors |= {name: given[name] for name in factors.keys() & given.keys()}
    _check_range("label", factors["label"], 0, 9)
    _check_range("writer", factors["writer"], 0, WRITERS - 1)
    factors["allograph"] = _favourites(rng, people, factors, allographs)
    for name, habit in HABITS.items():
        factors[name] = _by_habit(rng, people, factors, name, habit)
    if unknown := given.keys() - factors.keys():
        raise ValueError(f"no such factor: {unknown.pop()}. There are {', '.join(factors)}.")
    factors |= given
    for name, habit in HABITS.items():
        _check_range(name, factors[name], habit.lowest, habit.highest)
    _check_range("allograph", factors["allograph"], 0, _WAYS[factors["label"]] - 1)
    x, y = _bent(rng, *_curves(rng, people, factors), factors)
    wave = np.sin(steps(x, y).cumsum(1) + 7 * rng.random((count, 1)))
    half = factors["pen"][:, None] * (1 + factors["pressure"][:, None] * wave)
    x, y = factors["grain"][:, None] / BOX * rng.standard_normal((2, count, POINTS)) + [x, y]
    pictures = centred(ink(*framed(x, y, factors["pen"]), half))
    return Handwriting(pictures, factors["label"].astype(np.int64), factors)


def _check_range(name, values, lowest, highest):
    bad = ~((values >= lowest) & (values <= highest))  # a NaN is bad, too
    if bad.any():
        low, high = (np.broadcast_to(v, bad.shape)[bad][0] for v in (lowest, highest))
        raise ValueError(f"{name} goes from {low} to {high}, and this is {values[bad][0]}.")


def _favourites(rng, people, factors, most):
    """The favourite allograph, or another one; drawn by how common they are."""
    label, count = factors["label"], len(factors["label"])
    favourite = people.random((WRITERS, 10))[factors["writer"], label]
    draw = np.where(rng.random(count) < FAITHFUL, favourite, rng.random(count))
    ways = _WAYS[label] if most is None else np.minimum(most, _WAYS[label])
    return (draw[:, None] * _SHARE[label, ways - 1][:, None] >= _SHARE[label]).sum(1)


def _by_habit(rng, people, factors, name, habit):
    usual, today = people.standard_normal(WRITERS), rng.standard_normal(len(factors["label"]))
    value = habit.mean + habit.between * usual[factors["writer"]] + habit.within * today
    if name in USUAL:
        value = value + np.array(USUAL[name])[factors["label"]]
    return (np.exp(value) if habit.ratio else value).clip(habit.lowest, habit.highest)


def _curves(rng, people, factors):
    """The templates, their points moved by the writer's habit and by chance: x, y (N, POINTS)."""
    count = len(factors["label"])
    habit = people.standard_normal((WRITERS, 10, KNOTS, 2))[factors["writer"], factors["label"]]
    shift = 0.04 * habit + 0.045 * rng.standard_normal((count, KNOTS, 2))
    shift[:, 1:] = 0.75 * shift[:, 1:] + 0.65 * shift[:, :-1]  # neighbours move together
    shift *= factors["mess"][:, None, None]
    line = np.empty((count, POINTS, 2))
    for (digit, way), (points, polygon, curve) in _TEMPLATES.items():
        rows = np.flatnonzero((factors["label"] == digit) & (factors["allograph"] == way))
        moved = points + shift[rows, : len(points)]
        smooth = factors["smooth"][rows, None, None]
        line[rows] = (1 - smooth) * (polygon @ moved) + smooth * (curve @ moved)
    return line[..., 0], line[..., 1]


def _bent(rng, x, y, factors):
    """The sheet bends and the hand trembles; then width, slant and turn."""
    slant, width, turn, mess = (factors[k][:, None] for k in ("slant", "width", "turn", "mess"))
    b = 0.12 * mess * rng.standard_normal((8, len(x), 1))
    xx, yy, xy = x * x - 0.1, y * y - 0.1, x * y
    x, y = (
        x + b[0] * yy + b[1] * xy + b[4] * y * (0.6 - 4 * yy) - b[6] * xx,
        y + b[2] * xx + b[3] * xy + b[5] * x * (0.6 - 4 * xx) - b[7] * yy,
    )
    along = steps(x, y).cumsum(1)
    for waves in (6, 10, 16):
        size = 0.008 * mess * rng.standard_normal((2, len(x), 1))
        x = x + size[0] * np.sin(waves * along + 7 * rng.random((len(x), 1)))
        y = y + size[1] * np.sin(waves * along + 7 * rng.random((len(x), 1)))
    x = x * width - slant * y
    return np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y


_TEMPLATES = {
    (digit, way): template(text)
    for digit, ways in ALLOGRAPHS.items()
    for way, (_, text) in enumerate(ways)
}
_WAYS = np.array([len(ways) for ways in ALLOGRAPHS.values()])
_SHARE = np.full((10, _WAYS.max()), np.inf)  # summed up: _SHARE[digit, k] of the first k + 1
for _digit, _ways in ALLOGRAPHS.items():
    _SHARE[_digit, : len(_ways)] = np.cumsum([share for share, _ in _ways])
