"""What the world can show: the registry of things, and the dice their makers roll."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


class Draw:
    """Random choices of one scene, from one seeded generator."""

    def __init__(self, *key):
        self._rng = np.random.default_rng(key)

    def between(self, low, high):
        """A number from [low, high)."""
        return float(self._rng.uniform(low, high))

    def choose(self, options):
        """One of the options, all equally likely."""
        return options[int(self._rng.integers(len(options)))]

    def chance(self, probability):
        """True with this probability."""
        return bool(self._rng.random() < probability)


@dataclass(frozen=True)
class Thing:
    """One kind of thing.

    make: make(draw, **traits) draws the random proportions and returns sculpt(clay), which presses
        the shape into a `shapes.Clay`. It stands on y = 0, looks along +x and fits into the ball
        around (0, 0.72, 0) of radius 1.55.
    grounds: where it is found; repeat a name to make it more likely (see `ground.GROUNDS`).
    zoom: larger brings the camera closer.
    azimuths, elevations, aim_heights: ranges (radians, radians, units) the camera is drawn from.
    """

    make: Callable
    grounds: tuple[str, ...]
    zoom: float = 1.0
    azimuths: tuple[float, float] = (0.0, 2 * math.pi)
    elevations: tuple[float, float] = (0.06, 0.5)
    aim_heights: tuple[float, float] = (0.55, 0.75)


THINGS: dict[str, Thing] = {}


def register(name, **options):
    """Decorator: put a maker into THINGS under `name`; options are the fields of `Thing`."""

    def keep(make):
        THINGS[name] = Thing(make, **options)
        return make

    return keep


NAMES = (
    "hog", "wombat", "airliner", "giant panda", "ostrich", "school bus", "sports car", "speedboat",
    "tabby", "teapot",
)  # fmt: skip
