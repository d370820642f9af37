"""Designs as points in a box: a car and its true speed, a table of cars, a machine that improves.

`car` is the closed-form truth, `engineers` make the table, `machine` fits a net to it and climbs.
"""

from tutlib.training.design.car import (
    KNOBS,
    Workings,
    in_units,
    lap_speed,
    on_the_straight,
    round_the_corner,
    workings,
)
from tutlib.training.design.engineers import engineers
from tutlib.training.design.machine import Built, build_and_learn, cautious, fit_table, propose

__all__ = [
    "KNOBS", "Built", "Workings", "build_and_learn", "cautious", "engineers", "fit_table",
    "in_units", "lap_speed", "on_the_straight", "propose", "round_the_corner", "workings",
]  # fmt: skip
