"""A car drawn from its eight numbers: every knob can be seen, and so can what goes wrong."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Ellipse, FancyBboxPatch, Polygon, Rectangle
from torch import Tensor

from tutlib.plots.theme import COLOURS
from tutlib.training.design import KNOBS, in_units, workings
from tutlib.training.design.car import WIDTH

WHEEL = 0.36  # m, radius
GAP = 0.9  # m between the two views
LEFT, RIGHT, LOWEST = -1.2, KNOBS["length"][1] + 0.2, -0.12  # what the side of any car needs
DARK, GLASS, METAL = "#222222", "#cfe3ef", "#9a9a9a"


def draw_car(
    axes: Axes, design: Tensor, colour: str = "clean", *, front: bool = True, high: float = 3.2
) -> None:
    """Draw a design (8,) in [0, 1] from the side and (if `front`) from the front, in metres.

    The dark block is the engine. Puffs: it runs hot. Curls: the wing stalls. Sparks: the floor
    scrapes. `high`: metres shown; the same for all cars that are to be compared (`tallest`).
    """
    design = design.detach().cpu().float()
    knob = {name: value.item() for name, value in in_units(design).items()}
    car = workings(design[None])
    paint = COLOURS.get(colour, colour)
    right = RIGHT + (GAP + WIDTH if front else 0)
    axes.axis("off")
    axes.set(xlim=(LEFT, right), ylim=(LOWEST, high), aspect="equal")
    axes.plot([LEFT, right], [0, 0], color="#666666", lw=2.5, zorder=0)
    roof = knob["clearance"] + knob["height"]
    _body(axes, knob, paint)
    _engine(axes, knob, hot=car.cool.item() < 0.7)
    _wing(axes, knob, roof, paint, stalled=car.attached.item() < 0.5)
    if car.free.item() < 0.5:
        for start in np.linspace(0.25, 0.75, 4):
            spark = np.array([[0, 0.02], [-0.22, 0.12], [-0.17, 0.04], [-0.4, 0.1]])
            axes.plot(
                *(spark + np.array([knob["length"] * start, 0])).T, color=COLOURS["target"], lw=2
            )
    if front:
        _front(axes, knob, roof, paint)


def tallest(designs: Tensor) -> float:
    """How many metres high a picture of these designs (N, 8) must be: wings and puffs included."""
    knob, car = in_units(designs.detach().cpu()), workings(designs.detach().cpu())
    roof = knob["clearance"] + knob["height"]
    wing = roof + 0.38 + 0.5 * knob["wing"] / WIDTH * (knob["angle"] * math.pi / 180).sin()
    wing = wing + 0.08 + 0.2 * (car.attached < 0.5)  # its thickness; and its curls
    engine = (knob["clearance"] + 0.12 + 0.42 * knob["engine"].sqrt()).maximum(roof)
    return float(wing.maximum(engine + 1.3 * (car.cool < 0.7)).max())


def _body(axes: Axes, knob: dict, paint: str) -> None:
    """The side: a box with a wedge for its nose, a window, two wheels."""
    low, tall, long, nose = (knob[k] for k in ("clearance", "height", "length", "nose"))
    outline = [(0, low), (0, low + 0.82 * tall), (0.12 * long, low + tall),
               (long - nose, low + tall), (long, low + 0.12 * tall), (long, low)]  # fmt: skip
    axes.add_patch(Polygon(outline, closed=True, fc=paint, ec=DARK, lw=1.4, joinstyle="round"))
    back = max(0.45 * long, long - nose - 0.9)
    back_low = low + 0.62 * tall
    window = [(back, back_low), (back, low + 0.92 * tall),
              (long - nose, low + 0.92 * tall), (long - 0.66 * nose, back_low)]  # fmt: skip
    axes.add_patch(Polygon(window, closed=True, fc=GLASS, ec=DARK, lw=1))
    for place in (0.18 * long, 0.82 * long):
        axes.add_patch(Circle((place, WHEEL), WHEEL, fc=DARK, ec="white", lw=1.2, zorder=4))
        axes.add_patch(Circle((place, WHEEL), 0.45 * WHEEL, fc=METAL, ec="none", zorder=5))


def _engine(axes: Axes, knob: dict, hot: bool) -> None:
    """A block whose area grows with the litres; what does not fit looks out of the bonnet."""
    side = 0.42 * math.sqrt(knob["engine"])
    wide = 1.25 * side
    place, floor = 0.24 * knob["length"], knob["clearance"] + 0.12
    shape = FancyBboxPatch((place, floor), wide, side, boxstyle="round,pad=0,rounding_size=0.05",
                           fc=DARK, ec="white", lw=1.2, zorder=3)  # fmt: skip
    axes.add_patch(shape)
    for pipe in np.linspace(0.15, 0.85, max(2, round(knob["engine"]))):
        axes.plot([place + pipe * wide] * 2, [floor + 0.15 * side, floor + 0.85 * side],
                  color=METAL, lw=1.6, zorder=3)  # fmt: skip
    if hot:
        top = max(floor + side, knob["clearance"] + knob["height"])
        for k, size in enumerate((0.3, 0.42, 0.55)):
            spot = (place + 0.5 * wide - 0.42 * k, top + 0.2 + 0.34 * k)
            axes.add_patch(Ellipse(spot, 1.25 * size, 0.8 * size, fc="#dddddd", ec="#777777",
                                   lw=1.2, zorder=2))  # fmt: skip


def _wing(axes: Axes, knob: dict, roof: float, paint: str, stalled: bool) -> None:
    """A plate on a post at the rear, as long as its area over the width, turned by its angle."""
    chord, slope = knob["wing"] / WIDTH, math.radians(knob["angle"])
    tip, height = 0.15, roof + 0.28
    if chord < 0.02:
        return
    axes.plot([tip, tip], [roof - 0.2, height], color=DARK, lw=2.5, zorder=1)
    ends = np.array([[-0.5, 0.5], [0.5, -0.5]]) * chord
    back, nose = ([tip + a * math.cos(slope), height + b * math.sin(slope)] for a, b in ends)
    axes.plot(*zip(back, nose), color=DARK, lw=6.5, solid_capstyle="round", zorder=6)
    axes.plot(*zip(back, nose), color=paint, lw=3.5, solid_capstyle="round", zorder=6)
    if stalled:
        turn = np.linspace(0, 1.6 * math.pi, 30)
        for k in range(2):
            middle = back[0] - 0.25 - 0.3 * k, back[1] - 0.1 + 0.2 * k
            curl = middle[0] + 0.13 * np.cos(turn), middle[1] + 0.13 * np.sin(turn)
            axes.plot(*curl, color="#777777", lw=1.8)


def _front(axes: Axes, knob: dict, roof: float, paint: str) -> None:
    """The front: how wide the tyres are, how high the floor is, the wing above."""
    left = KNOBS["length"][1] + GAP
    for place in (left - 0.12, left + WIDTH + 0.12 - knob["tyre"]):
        axes.add_patch(Rectangle((place, 0), knob["tyre"], 2 * WHEEL, fc=DARK, ec="white", lw=1))
    round_edges = "round,pad=0,rounding_size=0.12"
    shape = FancyBboxPatch((left + 0.1, knob["clearance"]), WIDTH - 0.2, knob["height"],
                           boxstyle=round_edges, fc=paint, ec=DARK, lw=1.4)  # fmt: skip
    axes.add_patch(shape)
    tall = max(0.05, knob["wing"] / WIDTH * math.sin(math.radians(knob["angle"])))
    if knob["wing"] / WIDTH >= 0.02:
        axes.add_patch(Rectangle((left, roof + 0.28 - tall / 2), WIDTH, tall, fc=paint, ec=DARK,
                                 lw=1.2, zorder=6))  # fmt: skip
        for place in (left + 0.45, left + WIDTH - 0.45):
            axes.plot([place, place], [roof, roof + 0.28], color=DARK, lw=2)
