"""Birds with named colours of parts, and captions in plain English that say them: `flock`.

    sheet = world.flock(64, seed=0)
    world.captions(sheet.factors)[0]    # "a small bird with a pink breast, black wings, ..."
    world.read_caption("a bird with a pink breast")     # {"breast": 6}
    world.is_kept_back(sheet.factors)   # combinations that `flock(..., seen=True)` never draws

Breast, wings and crown have one of seven colours each, the beak one of three, the bird one of two
sizes: 2,058 kinds. The colours are far apart in the Lab space, for colour-blind eyes, too (tested).
"""

from __future__ import annotations

import numpy as np
import torch

from .factors import Choice, Sheet, Span, check_order, roll
from .meadow import behind, outdoors
from .noise import noise3
from .palette import BLACK
from .shapes import ellipsoid, inside, length, shifted, stick
from .studio import Subject, orbit, sheet_of

COLOURS = {
    "black": (0.018, 0.018, 0.022), "white": (0.84, 0.83, 0.80), "red": (0.42, 0.012, 0.015),
    "yellow": (0.80, 0.56, 0.03), "green": (0.07, 0.37, 0.08), "blue": (0.03, 0.12, 0.55),
    "pink": (0.78, 0.17, 0.42),
}  # fmt: skip
BEAKS = ("black", "yellow", "red")
SIZES = ("small", "large")
FACTORS = {
    "body": Choice(SIZES),
    "breast": Choice(tuple(COLOURS)),
    "wings": Choice(tuple(COLOURS)),
    "crown": Choice(tuple(COLOURS)),
    "beak": Choice(BEAKS),
    "side": Choice(("left", "right")),  # where the beak points
    "turn": Span(0.55, 1.15),  # radians from looking into the camera
    "elevation": Span(0.05, 0.28),
    "head": Span(-0.45, 0.45),
    "lift": Span(0.10, 0.45),  # how upright it stands
    "fat": Span(0.92, 1.10),
    "ground": Choice(("grass", "straw", "sand")),
    "light": Span(-1.0, 1.0),
    "warmth": Span(-0.06, 0.12),
    "shift": Span(0.0, 30.0),
}


def flock(
    count: int, seed: int = 0, size: int = 64, *, seen: bool | None = None, device="cpu", **asked
) -> Sheet:
    """Draw birds. The same call draws the same pictures.

    Args:
        count: how many; seed: of everything; size: pixels along a side.
        seen: True leaves out the combinations of `is_kept_back`, False draws only those.
        device: where the tensors go (they are drawn on the CPU, so no device changes a pixel).
        asked: factors of `FACTORS` that are given, a number or a word, or one for each picture.

    Raises:
        ValueError: for a factor that there is not, or a value that it cannot have.

    Example:
        >>> from tutlib import world
        >>> sheet = world.flock(2, seed=0, size=32, breast="pink", wings="black")
        >>> world.captions(sheet.factors, ("breast", "wings"))[1]
        'a bird with a pink breast and black wings'
    """
    check_order(count, seed, size)
    factors = roll(FACTORS, count, seed, asked)
    if seen is not None:
        _keep_back(factors, seed, seen, asked)
    return sheet_of(_BIRD, _traits(factors), factors, seed, size, device)


def is_kept_back(factors):
    """Which birds (N,) belong to the seventh of all combinations that is kept for tests.

    Every colour of every part, and every pair of two parts, occurs among the others: only the
    three together are new.
    """
    return (factors["breast"] + 2 * factors["wings"] + 3 * factors["crown"]) % 7 == 0


def beaks_at(factors, size=64):
    """Where the middle of each bird's beak appears: (N, 2) pixels to the right and down, NumPy.

    Args:
        factors: of `Sheet.factors`; size: pixels along a side of the picture.

    Raises:
        ValueError: for factors that are not all there, or not those of birds.

    Example:
        >>> from tutlib import world
        >>> sheet = world.flock(1, seed=0, size=8, side="left", turn=1.15, head=0)
        >>> bool(world.beaks_at(sheet.factors)[0, 0] < 32)  # in the left half
        True
    """
    if missing := [name for name in FACTORS if name not in factors]:
        raise ValueError(f"the factors lack {missing[0]!r}: pass those of a sheet of birds.")
    count = torch.as_tensor(factors["side"]).numel()
    check_order(count, 0, size)
    of = _traits(roll(FACTORS, count, 0, factors))
    x, y = 0.34 + 0.28 * of["head_cos"], 0.25 - 0.03  # the head turns, the body lifts: as `_sculpt`
    x, y, z = of["cos"] * x - of["sin"] * y, of["sin"] * x + of["cos"] * y, 0.28 * of["head_sin"]
    offset = of["scale"] * np.stack([x, y + 0.50, z]) - of["eye"]
    pixel = of["fov"] * (offset * of["forward"]).sum(0) / size
    across, above = ((offset * of[axis]).sum(0) / pixel for axis in ("right", "up"))
    return np.stack([size / 2 + across, size / 2 - above], 1).astype(np.float32)


def _keep_back(factors, seed, seen, asked):
    """Move the crown's colour where the combination is on the wrong side."""
    if not isinstance(seen, bool):
        raise TypeError(f"seen is True, False or None, and this is {seen!r}.")
    if "crown" in asked:
        raise ValueError("seen chooses the crown's colour: ask for one of the two.")
    rest = factors["breast"] + 2 * factors["wings"]
    new = (2 * rest) % 7  # the one crown that makes the combination new: 3 * 2 = -1 modulo 7
    other = np.random.default_rng((5, seed)).integers(1, 7, len(new))
    wrong = factors["crown"] == new
    factors["crown"] = np.where(wrong, (new + other) % 7, factors["crown"]) if seen else new


def _traits(f):
    one = np.ones(len(f["side"]), np.float32)
    colours = np.array(list(COLOURS.values()), np.float32)
    azimuth = f["turn"] * np.where(f["side"] == 0, -1, 1)
    scale = np.where(f["body"] == 0, 0.70, 1.0).astype(np.float32)
    beaks = np.array([(0.03, 0.028, 0.026), (0.80, 0.42, 0.02), (0.52, 0.05, 0.03)], np.float32)
    lift = -f["lift"]
    traits = {
        **{part: colours[f[part]].T for part in ("breast", "wings", "crown")},
        "beak": beaks[f["beak"]].T, "scale": scale, "fat": f["fat"],
        "cos": np.cos(lift), "sin": np.sin(lift),
        "head_cos": np.cos(f["head"]), "head_sin": np.sin(f["head"]),
    }  # fmt: skip
    aim = np.stack([-0.06 * one, 0.14 + 0.36 * scale, 0 * one])
    return {
        **traits,
        **outdoors(f, azimuth),
        **orbit(azimuth, f["elevation"], 4.6 * one, aim, 0.385 * one),
    }


def _sculpt(clay, of):
    """A perching bird that looks along +x: belly, wings, tail, head, beak and thin legs."""
    scale = of.scale
    world = tuple(v / scale for v in clay.p)
    x, y, z = shifted(world, (0.0, 0.50, 0.0))
    c, s = of.cos, of.sin
    x, y = c * x + s * y, c * y - s * x
    body = (x, y, abs(z))
    fat = of.fat
    plump = (x, y / fat, z / fat)
    plumage = _ruffled(of, x, y, z) if clay.painting else 1.0
    front, back = of.breast * plumage, of.wings * plumage
    clay.add(ellipsoid(plump, (0, 0, 0), (0.47, 0.285, 0.275)), front, gloss=0.03)
    if clay.painting:
        clay.paint(inside(y - 0.075 - 0.25 * np.maximum(x, 0), 0.36 - x), back)
    tail = (x, y - 0.05, z / (1 - 0.35 * np.minimum(x + 0.35, 0)))
    clay.add(ellipsoid(tail, (-0.62, 0, 0), (0.36, 0.035, 0.085)) * 0.8, back, 0.10, 0.05)
    wing = (x, y + 0.22 * x, body[2] - 0.035 * fat)
    clay.add(ellipsoid(wing, (-0.16, 0.015, 0.225), (0.44, 0.175, 0.065)), back * 0.97, 0.015, 0.05)
    if clay.painting:
        _feathers(clay, wing)
    _head(clay, (x - 0.34, y - 0.25, z), of, plumage)
    _legs(clay, world)
    clay.distance = clay.distance * scale


def _ruffled(of, x, y, z):
    return 1 + 0.16 * noise3(x * 11 + of.shift, y * 26, z * 26)


def _feathers(clay, wing):
    """Dark seams between the flight feathers."""
    x, y, z = wing
    rows = abs(((y - 0.30 * x) * 13) % 1 - 0.5) - 0.40
    seam = inside(rows * 0.06, -0.12 - x, z - 0.2)
    clay.paint(np.where(clay.pixel < 0.03, seam, np.float32(-1)), clay.colour * 0.55)


def _head(clay, head, of, plumage):
    x, y, z = head
    x, z = of.head_cos * x + of.head_sin * z, of.head_cos * z - of.head_sin * x
    both = (x, y, abs(z))
    clay.add(
        ellipsoid((x, y, z), (0, 0, 0), (0.215, 0.205, 0.195)), of.breast * plumage, 0.12, 0.03
    )
    if clay.painting:
        clay.paint(inside(y - 0.055 + 0.20 * np.maximum(x - 0.05, 0), 0.34 - length(x, y, z)),
                   of.crown * plumage)  # fmt: skip
    clay.add(
        stick((x, y, z), (0.13, -0.015, 0), (0.40, -0.05, 0), 0.100, 0.018), of.beak, 0.012, 0.4
    )
    if clay.painting:
        clay.paint(inside(0.006 - abs(y + 0.012 + 0.14 * (x - 0.15)), x - 0.20), of.beak * 0.4)
        clay.paint(inside(0.05 - length(x - 0.115, y - 0.030), abs(z) - 0.08),
                   np.full((3, 1), 0.85, np.float32))  # fmt: skip
    clay.add(ellipsoid(both, (0.115, 0.030, 0.150), (0.036, 0.036, 0.036)), BLACK, 0.004, 1.0)


def _legs(clay, world):
    x, y, z = world
    both, horn = (x, y, abs(z)), np.array([[0.16], [0.10], [0.07]], np.float32)
    clay.add(stick(both, (-0.02, 0.30, 0.09), (0.03, 0.03, 0.11), 0.030, 0.022), horn, 0.02, 0.1)
    clay.add(stick(both, (-0.05, 0.018, 0.11), (0.16, 0.018, 0.11), 0.018, 0.014), horn, 0.01, 0.1)
    toe = (x, y, abs(both[2] - 0.11))
    clay.add(stick(toe, (0.03, 0.018, 0.0), (0.13, 0.018, 0.055), 0.017, 0.013), horn, 0.01, 0.1)


_BIRD = Subject(_sculpt, behind, (-0.05, 0.45, 0.0), 1.12)
