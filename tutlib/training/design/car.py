"""A racing car in eight numbers, and its speed round a track in closed form.

A design is a point x in [0, 1]^8, one number for each knob of `KNOBS`; 0 and 1 are the ends of
that knob's range. What a driver would call the car comes out of school physics: weight, power,
drag, downforce and grip. The driver is perfect: corners are taken on the limit, brakes need no
room, and the wheels never spin. Every formula is differentiable, so the truth itself has a
gradient (a machine that is to *learn* the car never gets to see it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tutlib.check.inputs import check_pictures

# name -> (lowest, highest, unit)
KNOBS = {
    "length": (2.5, 6.0, "m"),
    "height": (0.5, 2.0, "m"),
    "nose": (0.1, 2.0, "m"),
    "engine": (0.5, 8.0, "l"),
    "tyre": (0.1, 0.6, "m"),
    "wing": (0.0, 3.0, "m²"),
    "angle": (0.0, 40.0, "°"),
    "clearance": (0.02, 0.32, "m"),
}
AIR, GRAVITY, WIDTH = 1.2, 9.81, 1.8  # kg/m³, m/s², m (all cars are equally wide)
CORNERS = ((25.0, 80.0), (60.0, 120.0), (140.0, 200.0))  # radius, length, in m
STRAIGHTS = (700.0, 450.0, 250.0)  # m; one after each corner


@dataclass(frozen=True)
class Workings:
    """What eight numbers make of a car; every field is (N,).

    Attributes:
        mass: kg. power: W, what is left of it when the engine is hot.
        drag, down: areas in m²: at speed v the air holds the car back by AIR/2 drag v² newtons, and
            presses it down by AIR/2 down v².
        grip: how hard the tyres hold, in units of what presses them down.
        room: m³ of body for each litre of the engine.
        cool, attached, free: shares in [0, 1]: of the engine's power, of the wing's lift, of the
            floor's suction that the car truly has (below 1: hot, stalled, scraping the road).
    """

    mass: Tensor
    power: Tensor
    drag: Tensor
    down: Tensor
    grip: Tensor
    room: Tensor
    cool: Tensor
    attached: Tensor
    free: Tensor


def in_units(x: Tensor) -> dict[str, Tensor]:
    """Designs (..., 8) in [0, 1] as knobs in their units: name -> (...).

    Example:
        >>> in_units(torch.full((1, 8), 0.5))["length"]
        tensor([4.2500])
    """
    return {
        name: low + x[..., k] * (high - low)
        for k, (name, (low, high, _)) in enumerate(KNOBS.items())
    }


def body(length: Tensor, height: Tensor, nose: Tensor) -> tuple[Tensor, Tensor]:
    """Volume of the body, and the room in it (m³): a wedge at the nose holds nothing."""
    volume = WIDTH * length * height
    return volume, volume - 0.5 * WIDTH * nose * height


def weight(volume: Tensor, engine: Tensor, wing: Tensor, tyre: Tensor | float = 0.0) -> Tensor:
    """Mass in kg: chassis and driver, body, engine, wing, four wheels."""
    return 300 + 60 * volume + 45 * engine + 15 * wing + 600 * tyre


def workings(x: Tensor) -> Workings:
    """What the car of each design (N, 8) in [0, 1] is like, before it drives.

    - A litre of engine gives 70 kW and needs 1.7 m³ of body around it to keep cool; with much less
      it runs hot, at a quarter of its power.
    - A blunt nose is held back by the air like a plate, a long one hardly. A wing is pressed down
      by 4 sin a cos a of the wind on it and held back by 1.2 sin² a, until at 15° the air lets go.
    - The floor is sucked to the road, more so the closer it is, until at 6 cm it scrapes.
    - Tyres hold best at 7.5 kN for each metre of their width: with more they are overloaded, with
      less they stay cold.

    Raises:
        TypeError, ValueError: for what is no batch of designs in [0, 1].

    Example:
        >>> car = workings(torch.full((1, 8), 0.5))
        >>> car.mass.round(), car.power.round()
        (tensor([1298.]), tensor([251940.]))
    """
    _check(x)
    knob = in_units(x)
    height, nose, tyre, wing = (knob[name] for name in ("height", "nose", "tyre", "wing"))
    volume, inside = body(knob["length"], height, nose)
    mass = weight(volume, knob["engine"], wing, tyre)
    room = inside / knob["engine"]
    cool = 0.25 + 0.75 * torch.sigmoid((room - 1.7) / 0.2)
    slope = knob["angle"] * (math.pi / 180)
    attached = torch.sigmoid(15 - knob["angle"])
    lift = 4 * slope.sin() * slope.cos() * attached
    free = torch.sigmoid((knob["clearance"] - 0.06) / 0.006)
    front = (0.15 + 0.45 * height**2 / (height**2 + nose**2)) * WIDTH * height
    behind = wing * (0.02 + 1.2 * slope.sin() ** 2)
    suction = 0.1 * knob["length"] * WIDTH * (0.1 / knob["clearance"]) * free
    load = mass * GRAVITY / (4 * tyre) / 1000  # kN for each metre
    return Workings(
        mass=mass,
        power=70_000 * knob["engine"] * cool,
        drag=front + behind + 0.6 * tyre + 3 * (1 - free),  # a scraping floor: a parachute of 3 m²
        down=wing * lift + suction,
        grip=1.6 * torch.exp(-0.5 * ((load / 7.5).log() / 0.6) ** 2),
        room=room,
        cool=cool,
        attached=attached,
        free=free,
    )


def round_the_corner(car: Workings, radius: float, top: Tensor) -> Tensor:
    """The highest speed (m/s) at which the tyres hold the car on a bend of `radius` m.

    The road must push the car inwards with m v² / radius; the tyres can push with grip (m g +
    AIR/2 down v²). Solved for v; where downforce wins at every speed, the engine sets the limit.

    Example:
        >>> car = workings(torch.full((1, 8), 0.5))
        >>> round_the_corner(car, 60.0, torch.tensor([100.0])).round()
        tensor([30.])
    """
    needed = 1 / (car.grip * GRAVITY * radius) - AIR * car.down / (2 * car.mass * GRAVITY)
    return torch.maximum(needed, 1 / top**2) ** -0.5


def on_the_straight(car: Workings, length: float, speed: Tensor, top: Tensor) -> Tensor:
    """Seconds for a straight of `length` m, entered at `speed` (m/s), with all the power there is.

    m v dv/ds = P/v - k v² has the solution top³ - v³ = (top³ - speed³) exp(-3 k s / m), and the
    time that goes with it is elementary (partial fractions).

    Example:
        >>> car = workings(torch.full((1, 8), 0.5))
        >>> top = (car.power / (AIR / 2 * car.drag)) ** (1 / 3)
        >>> torch.allclose(on_the_straight(car, 90.0, top, top), 90 / top)  # nothing left to gain
        True
    """
    rate = 3 * (AIR / 2) * car.drag / car.mass
    after = (top**3 - (top**3 - speed**3) * torch.exp(-rate * length)) ** (1 / 3)

    def part(v: Tensor) -> Tensor:
        angle = torch.atan((2 * v + top) / (math.sqrt(3) * top))
        return 1.5 * (top**2 + top * v + v**2).log() - math.sqrt(3) * angle

    return length / top + (part(after) - part(speed)) / (rate * top)


def lap_speed(x: Tensor) -> Tensor:
    """The truth: the mean speed of a lap, in km/h, of each design: (N, 8) in [0, 1] -> (N,).

    Raises:
        TypeError, ValueError: for what is no batch of designs in [0, 1].

    Example:
        >>> lap_speed(torch.full((1, 8), 0.5)).round()
        tensor([156.])
    """
    car = workings(x)
    top = (car.power / (AIR / 2 * car.drag)) ** (1 / 3)  # where drag eats all the power
    seconds, metres = torch.zeros_like(top), 0.0
    for (radius, bend), straight in zip(CORNERS, STRAIGHTS):
        speed = round_the_corner(car, radius, top)
        seconds = seconds + bend / speed + on_the_straight(car, straight, speed, top)
        metres += bend + straight
    return 3.6 * metres / seconds


def _check(x: Tensor) -> None:
    if isinstance(x, Tensor) and x.dim() == 1:
        raise ValueError(f"a batch of designs (N, {len(KNOBS)}) is needed: x[None] makes one.")
    if isinstance(x, Tensor) and (x.dim() != 2 or x.shape[1] != len(KNOBS)):
        raise ValueError(
            f"a design has {len(KNOBS)} numbers, so a batch is (N, {len(KNOBS)}), "
            f"and this is {tuple(x.shape)}."
        )
    check_pictures(x)
