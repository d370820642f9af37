"""The panel of lesson 4.6: your hand on the knobs, against the machine's winner."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor

from tutlib.panel import Panel, Slider
from tutlib.plots import design as figures
from tutlib.training.design import KNOBS, lap_speed, workings

STOPS = 8  # steps of a slider from one end to the other


def stops(name: str) -> list[float]:
    """Where a knob's slider may stand, in the knob's unit."""
    low, high, _ = KNOBS[name]
    return [round(low + k * (high - low) / STOPS, 2) for k in range(STOPS + 1)]


def nearest(design: Tensor) -> dict[str, float]:
    """A design (8,) in [0, 1] as stops of the sliders."""
    return {name: stops(name)[round(v * STOPS)] for name, v in zip(KNOBS, design.tolist())}


def as_design(state: dict) -> Tensor:
    """The sliders' values in their units as a design (8,) in [0, 1]."""
    ends = ((state[name], low, high) for name, (low, high, _) in KNOBS.items())
    return torch.tensor([(value - low) / (high - low) for value, low, high in ends]).clamp(0, 1)


def trouble(design: Tensor) -> str:
    """What goes wrong in a car (8,), in a few words."""
    car = workings(design[None])
    found = [(car.cool < 0.7, "runs hot"), (car.attached < 0.5, "wing stalls"),
             (car.free < 0.5, "floor scrapes")]  # fmt: skip
    return ", ".join(words for bad, words in found if bad) or "nothing is wrong"


def largest_lie(net: Callable, design: Tensor) -> tuple[str, float]:
    """The knob that, turned alone, makes the promise exceed the truth most, and by how much."""
    lies = {}
    for k, name in enumerate(KNOBS):
        cars = design.repeat(STOPS + 1, 1)
        cars[:, k] = torch.linspace(0, 1, STOPS + 1)
        with torch.no_grad():
            lies[name] = (net(cars) - lap_speed(cars)).max().item()
    name = max(lies, key=lies.get)
    return name, lies[name]


def against_the_machine(net: Callable, table: Tensor, winner: Tensor, roof: float) -> Panel:
    """The panel: eight knobs, your car beside the machine's.

    Args:
        net: the fitted net, (N, 8) -> (N,); table: the designs it was fitted to (N, 8).
        winner: the machine's design (8,); roof: the speed of the fastest car we know.
    """
    truths = lap_speed(table)
    best = table[truths.argmax()]
    start = nearest(best)

    def compute(state: dict) -> SimpleNamespace:
        yours = as_design(state)
        with torch.no_grad():
            said = net(torch.stack([yours, winner])).tolist()
        true = lap_speed(torch.stack([yours, winner])).tolist()
        bars = [(name, *pair) for name, *pair in zip(("your car", "machine's"), said, true)]
        return SimpleNamespace(yours=yours, winner=winner, bars=bars, best=truths.max().item(),
                               roof=roof, warnings=[trouble(yours), trouble(winner)])  # fmt: skip

    def describe(state: dict, result: SimpleNamespace) -> str:
        said = (f"{name}: promised {promise:.0f}, true {truth:.0f} km/h, {words}"
                for (name, promise, truth), words in zip(result.bars, result.warnings))  # fmt: skip
        return "; ".join(said) + f". The best of the table: {result.best:.0f}."

    def reveal(state: dict, result: SimpleNamespace) -> str:
        name, lie = largest_lie(net, as_design(state))
        return (
            f"On this car and with this net it is the {name} (a promise up to {lie:.0f} km/h too "
            "high). Try it, and look at the car. Then try to beat the best car of the table."
        )

    moved = {"engine": [start["engine"], stops("engine")[-3]],
             "height": [start["height"], stops("height")[5]],
             "angle": [start["angle"], stops("angle")[5]],
             "wing": [start["wing"], stops("wing")[-2]]}  # fmt: skip
    return Panel(
        compute,
        figures.knobs_panel,
        [Slider(name, stops=stops(name), value=start[name], label=name,
                format="{}°" if unit == "°" else f"{{}} {unit}")
         for name, (_, _, unit) in KNOBS.items()],
        title="Your knobs against the machine",
        question="One knob of this sensible car is turned, and all the others stay. Which knob can "
        "make the net promise most above the truth?",
        answers=("engine", "wing", "tyre", "clearance"),
        reveal=reveal,
        caption="Circle: what the net promises. Square: what the car does. Puffs: the engine runs "
        "hot. Curls: the wing stalls. Sparks: the floor scrapes.",
        frozen=moved,
        strip=[{}, {"engine": moved["engine"][1]}, {"angle": moved["angle"][1]}],
        alt=describe,
    )  # fmt: skip
