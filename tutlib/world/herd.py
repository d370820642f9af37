"""Horses and zebras in the same poses, drawn by `herd`: only the coat is another.

    horses = world.herd(64, seed=0, coat="horse")
    zebras = world.herd(64, seed=0, coat="zebra")     # the same animals and meadows, in stripes

For unpaired training take two seeds; the pairs of one seed are the ground truth.
"""

from __future__ import annotations

import numpy as np

from .factors import Choice, Sheet, Span, check_order, roll
from .meadow import behind, outdoors
from .noise import fbm3, noise3
from .palette import BLACK
from .shapes import ellipsoid, inside, length, shifted, stick
from .studio import Subject, orbit, sheet_of

TINTS = {
    "bay": ((0.25, 0.095, 0.038), (0.025, 0.020, 0.018)),  # coat, and mane
    "chestnut": ((0.36, 0.135, 0.045), (0.38, 0.17, 0.065)),
    "brown": ((0.115, 0.060, 0.034), (0.022, 0.018, 0.016)),
    "palomino": ((0.56, 0.35, 0.14), (0.74, 0.68, 0.55)),
}
FACTORS = {
    "coat": Choice(("horse", "zebra")),
    "tint": Choice(tuple(TINTS)),  # of a horse; a zebra has none
    "side": Choice(("left", "right")),  # where it looks
    "turn": Span(0.75, 1.85),  # radians from looking into the camera
    "elevation": Span(0.05, 0.30),
    "distance": Span(0.96, 1.16),
    "head": Span(-0.45, 0.45),  # sideways
    "nod": Span(-0.20, 0.30),
    "stride": Span(-0.16, 0.16),
    "fat": Span(0.94, 1.06),
    "stripes": Span(0.90, 1.12),  # of a zebra; a horse has none
    "ground": Choice(("grass", "straw", "sand")),
    "light": Span(-1.0, 1.0),
    "warmth": Span(-0.06, 0.12),
    "shift": Span(0.0, 30.0),
}


def herd(count: int, seed: int = 0, size: int = 64, *, device="cpu", **asked) -> Sheet:
    """Draw horses and zebras. The same call draws the same pictures.

    Args:
        count: how many; seed: of everything; size: pixels along a side.
        device: where the tensors go (they are drawn on the CPU, so no device changes a pixel).
        asked: factors of `FACTORS` that are given, a number or a word, or one for each picture,
            while all others stay as they were: ``coat="zebra"``.

    Raises:
        ValueError: for a factor that there is not, or a value that it cannot have.

    Example:
        >>> from tutlib import world
        >>> horses, zebras = (world.herd(2, 1, 32, coat=coat) for coat in ("horse", "zebra"))
        >>> bool((horses.masks == zebras.masks).all())
        True
    """
    check_order(count, seed, size)
    factors = roll(FACTORS, count, seed, asked)
    return sheet_of(_HORSE, _traits(factors), factors, seed, size, device)


def _traits(f):
    one = np.ones(len(f["side"]), np.float32)
    azimuth = f["turn"] * np.where(f["side"] == 0, -1, 1)
    coats, manes = (np.array([pair[i] for pair in TINTS.values()], np.float32) for i in (0, 1))
    turn, nod = f["head"], f["nod"] - 0.62
    traits = {
        "zebra": f["coat"].astype(np.float32), "fat": f["fat"], "stride": f["stride"],
        "stripes": f["stripes"], "coat": coats[f["tint"]].T, "mane": manes[f["tint"]].T,
        "turn_cos": np.cos(turn), "turn_sin": np.sin(turn),
        "nod_cos": np.cos(nod), "nod_sin": np.sin(nod),
    }  # fmt: skip
    aim = np.stack([0.06 * one, 0.80 * one, 0 * one])
    return {
        **traits,
        **outdoors(f, azimuth),
        **orbit(azimuth, f["elevation"], 6.2 * f["distance"], aim, 0.42 * one),
    }


def _sculpt(clay, of):
    """An animal that looks along +x; stripes are painted at the end, so no shape knows of them."""
    x, y, z = clay.p
    both, coat = (x, y, abs(z)), of.coat
    round_ = (x, y, z / of.fat)
    clay.add(ellipsoid(round_, (-0.02, 0.95, 0), (0.56, 0.255, 0.245)), coat, gloss=0.12)
    clay.add(ellipsoid(both, (-0.43, 0.98, 0.07), (0.25, 0.265, 0.185)), coat, 0.10)
    clay.add(ellipsoid(round_, (0.38, 0.95, 0), (0.235, 0.275, 0.215)), coat, 0.12)
    _legs(clay, of, coat)
    neck = (x, y, z * 1.25)
    clay.add(stick(neck, (0.44, 1.04, 0), (0.74, 1.44, 0), 0.215, 0.125), coat, 0.12)
    head = _head(clay, of, coat)
    stripes = _striped(clay, of) if clay.painting else None
    _hair(clay, of, stripes)
    if clay.painting:
        _points(clay, of, head)


def _legs(clay, of, coat):
    """Each leg has a knee; left and right swing against each other."""
    x, y, z = clay.p
    way = of.stride * np.sign(z)
    for place, sign, hock in ((0.38, 1, 0.02), (-0.50, -1, -0.07)):
        p = (x - sign * way * (1 - y / 0.85), y, abs(z))
        knee, foot = (place + hock, 0.44, 0.145), (place + 0.4 * hock, 0.07, 0.145)
        clay.add(stick(p, (place, 0.84, 0.125), knee, 0.135, 0.068), coat, 0.08)
        clay.add(stick(p, knee, foot, 0.064, 0.046), coat, 0.03)
        hoof = (place + 0.4 * hock + 0.02, 0.055, 0.145)
        clay.add(ellipsoid(p, hoof, (0.078, 0.062, 0.062)), coat, 0.02, 0.3)


def _head(clay, of, coat):
    x, y, z = shifted(clay.p, (0.74, 1.46, 0.0))
    x, z = of.turn_cos * x + of.turn_sin * z, of.turn_cos * z - of.turn_sin * x
    x, y = of.nod_cos * x + of.nod_sin * y, of.nod_cos * y - of.nod_sin * x
    both = (x, y, abs(z))
    clay.add(ellipsoid((x, y, z), (0.07, 0, 0), (0.19, 0.145, 0.115)), coat, 0.07)
    clay.add(stick((x, y, z * 1.1), (0.10, -0.015, 0), (0.40, -0.03, 0), 0.115, 0.082), coat, 0.05)
    clay.add(ellipsoid((x, y, z), (0.43, -0.035, 0), (0.085, 0.085, 0.080)), coat, 0.04)
    ear = (x + 0.25 * (y - 0.13), y, abs(z))
    clay.add(ellipsoid(ear, (-0.055, 0.195, 0.075), (0.035, 0.10, 0.036)), coat, 0.02)
    clay.add(ellipsoid(both, (0.135, 0.050, 0.098), (0.030, 0.028, 0.024)), BLACK, 0.006, 1.0)
    return x, y, z


def _striped(clay, of):
    """How black (M,) a zebra is: rings round body, neck and legs."""
    x, y, z = clay.p
    bend = 0.10 * fbm3(x * 2.5 + of.shift, y * 2.5, z * 2.5, 2)
    neck = np.clip((x - 0.42) * 4, 0, 1) * np.clip((y - 0.9) * 4, 0, 1)
    rump = np.clip((-0.22 - x) * 3, 0, 1)
    along = x + bend + 0.28 * rump * (y - 1.2) * 1.6 + 0.75 * neck * (y - 1.1)
    rings = np.where(y < 0.66, y * 1.75 + 0.3 * bend, along)
    wave = np.sin(rings * 25 * of.stripes)
    belly = np.clip((y - 0.70) * 12, 0, 1) + (y < 0.66)  # white underneath
    soft = 0.10 + 12 * clay.pixel
    return np.clip(0.5 + (wave - 0.05) / soft, 0, 1) * np.minimum(belly, 1)


def _hair(clay, of, stripes):
    """Mane and tail; a zebra's mane carries on the stripes of its neck."""
    x, y, z = clay.p
    zebra, mane = of.zebra, of.mane
    if clay.painting:
        white = np.array([[0.80], [0.78], [0.72]], np.float32)
        fur = 1 + 0.07 * noise3(x * 8 + of.shift, y * 14, z * 14)
        pattern = white + (np.float32(0.018) - white) * stripes
        clay.colour = np.where((zebra > 0) & (clay.gloss < 0.9), pattern, clay.colour) * fur
        strands = 1 + 0.5 * noise3(x * 30 + of.shift, y * 9, z * 30)
        mane = np.where(zebra > 0, pattern, mane * strands)
    crest = (x, y, z * 1.6)
    clay.add(stick(crest, (0.34, 1.28, 0), (0.66, 1.60, 0), 0.060, 0.065), mane, 0.04, 0.05)
    tail = (x + 0.03 * np.sin(8 * y), y, z)
    tuft = np.where(zebra > 0, np.float32(0.02), of.mane) if clay.painting else mane
    clay.add(stick(tail, (-0.66, 1.10, 0), (-0.80, 0.80, 0), 0.042, 0.045), mane, 0.04, 0.05)
    clay.add(stick(tail, (-0.80, 0.80, 0), (-0.84, 0.46, 0), 0.062, 0.035), tuft, 0.05, 0.05)


def _points(clay, of, head):
    """Dark muzzle, nostrils and hooves."""
    hx, hy, hz = head
    on_head = inside(0.3 - abs(hz), 0.3 - abs(hy), hx + 0.2)
    muzzle = inside(hx - 0.40, on_head)
    clay.paint(muzzle, clay.colour * (1 - of.zebra) * 0.45 + 0.022 * of.zebra)
    clay.paint(inside(0.018 - length(hx - 0.475, hy - 0.0), abs(hz) - 0.03), BLACK)
    clay.paint(0.10 - clay.p[1], np.array([[0.045], [0.038], [0.032]], np.float32), 0.3)


_HORSE = Subject(_sculpt, behind, (0.05, 0.85, 0.0), 1.38)
