"""Faces with known attributes, drawn by `portray`: portraits in the soft light of a studio.

    sheet = world.portray(64, seed=0)                  # sheet.pictures, sheet.factors["smile"]
    smiling = world.portray(64, seed=0, smile="yes")   # the same people, who smile now

All factors are independent and uniform. "man" says which features a face is drawn with (jaw, neck,
shoulders, brows, lips, lashes) and nothing else follows from it: hair, beard and glasses have dice
of their own. So each attribute can be changed alone, and measured alone.
"""

from __future__ import annotations

import numpy as np

from .factors import Choice, Sheet, Span, check_order, roll
from .noise import noise3
from .palette import BLACK, DARK
from .shapes import ellipsoid, inside, length, ring, stick
from .studio import Subject, orbit, sheet_of, sun_traits

NO_YES = ("no", "yes")
SKINS = {
    "very light": (0.72, 0.475, 0.375), "light": (0.66, 0.415, 0.29), "tan": (0.55, 0.33, 0.205),
    "brown": (0.33, 0.175, 0.105), "dark brown": (0.175, 0.088, 0.055),
}  # fmt: skip
HAIRS = {
    "black": (0.018, 0.015, 0.014), "brown": (0.105, 0.05, 0.024), "blond": (0.58, 0.38, 0.14),
    "red": (0.36, 0.095, 0.025), "grey": (0.40, 0.40, 0.41),
}  # fmt: skip
IRISES = ((0.09, 0.045, 0.02), (0.16, 0.09, 0.035), (0.07, 0.15, 0.30), (0.10, 0.19, 0.09))
SHIRTS = ((0.05, 0.12, 0.30), (0.45, 0.07, 0.06), (0.09, 0.25, 0.14), (0.62, 0.58, 0.50),
          (0.55, 0.34, 0.06), (0.16, 0.15, 0.17))  # fmt: skip
WALLS = ((0.33, 0.42, 0.46), (0.50, 0.44, 0.36), (0.36, 0.44, 0.36), (0.47, 0.36, 0.36),
         (0.36, 0.35, 0.46))  # fmt: skip
FACTORS = {
    "smile": Choice(NO_YES),
    "man": Choice(NO_YES),
    "beard": Choice(NO_YES),
    "glasses": Choice(NO_YES),
    "hair": Choice(("short", "middle", "long")),
    "hair_colour": Choice(tuple(HAIRS)),
    "skin": Choice(tuple(SKINS)),
    "yaw": Span(-0.5, 0.5),  # radians, to the right of the picture
    "nod": Span(-0.12, 0.16),  # radians, downwards
    "width": Span(0.94, 1.05),
    "eye_size": Span(0.92, 1.10),
    "nose": Span(0.85, 1.15),
    "curls": Span(0.0, 1.0),
    "parting": Span(-1.0, 1.0),
    "iris": Choice(("brown", "hazel", "blue", "green")),
    "shirt": Choice(("blue", "red", "green", "white", "yellow", "black")),
    "wall": Choice(("blue", "sand", "green", "rose", "violet")),
    "light": Span(-1.0, 1.0),  # the side it comes from
    "shift": Span(0.0, 30.0),  # where in the endless noise hair and wall lie
}


def portray(count: int, seed: int = 0, size: int = 64, *, device="cpu", **asked) -> Sheet:
    """Draw faces. The same call draws the same pictures.

    Args:
        count: how many; seed: of everything; size: pixels along a side.
        device: where the tensors go (they are drawn on the CPU, so no device changes a pixel).
        asked: factors of `FACTORS` that are given, a number or a word, or one for each picture,
            while all others stay as they were: ``smile="yes"``, ``hair=0``, ``yaw=0.0``.

    Raises:
        ValueError: for a factor that there is not, or a value that it cannot have.

    Example:
        >>> from tutlib import world
        >>> sheet = world.portray(2, seed=1, size=32, beard="no")
        >>> sheet.pictures.shape, sheet.factors["beard"].tolist()
        (torch.Size([2, 3, 32, 32]), [0, 0])
    """
    check_order(count, seed, size)
    factors = roll(FACTORS, count, seed, asked)
    return sheet_of(_FACE, _traits(factors), factors, seed, size, device)


def _traits(f):
    """What the sculptor and the camera need, from the factors."""

    def pick(table, name):
        return np.array(table, np.float32)[f[name]].T

    one = np.ones(len(f["yaw"]), np.float32)
    azimuth, elevation = f["yaw"], f["nod"] + 0.05 * one
    aim = np.stack([-0.02 * one, 0.735 * one, 0 * one])
    traits = {name: f[name].astype(np.float32) for name in ("smile", "man", "beard", "glasses")}
    traits |= {name: f[name] for name in ("width", "eye_size", "nose", "curls", "parting")}
    traits |= {
        "skin": pick(list(SKINS.values()), "skin"), "wall": pick(WALLS, "wall"),
        "shirt": pick(SHIRTS, "shirt"), "iris": pick(IRISES, "iris"),
        "tress": pick(list(HAIRS.values()), "hair_colour"),
        "long": f["hair"].astype(np.float32) / 2, "exposure": 0.66 * one,
        "phase": f["shift"],
    }  # fmt: skip
    sun = azimuth + 0.75 * f["light"] + 0.25 * np.sign(f["light"])
    traits |= sun_traits(sun, 0.55 * one, 2.3 * one, 0.03 * one, 0.95 * one)
    still = np.full((3, len(one)), 0.5, np.float32)
    traits |= {"zenith": still, "horizon": still, "bounce": still * 0.7}
    return traits | orbit(azimuth, elevation, 4.9 * one, aim, 0.30 * one)


def _sculpt(clay, of):
    """A bust that looks along +x: head, ears, neck and shoulders, then hair and glasses."""
    x, y, z = clay.p
    z = abs(z)
    face = (x, y, z / of.width)
    man, skin = of.man, of.skin
    clay.add(ellipsoid(face, (0, 0.84, 0), (0.40, 0.42, 0.365)), skin)
    jaw = (x, y, face[2] / (1 + 0.13 * man))
    clay.add(ellipsoid(jaw, (0.09, 0.60, 0), (0.29, 0.29, 0.265)), skin, 0.16)
    clay.add(ellipsoid(jaw, (0.27, 0.405, 0), (0.085, 0.07, 0.10)), skin, 0.12)  # chin
    _nose(clay, face, of)
    clay.add(ellipsoid(face, (-0.04, 0.74, 0.375), (0.075, 0.115, 0.045)), skin * 0.97, 0.03)
    neck = (x, y, z / (1 + 0.25 * man))
    clay.add(stick(neck, (-0.08, 0.45, 0), (-0.10, 0.05, 0), 0.155, 0.175), skin, 0.06)
    if clay.painting:
        _features(clay, face, of)
    if clay.painting or of.beard.any():
        _beard(clay, face, of)
    broad = (x, y, z / (1 + 0.16 * man))
    clay.add(ellipsoid(broad, (-0.10, -0.17, 0), (0.27, 0.33, 0.58)), of.shirt, 0.008, 0.02)
    _hair(clay, face, of)
    if clay.painting or of.glasses.any():
        _glasses(clay, face, of)


def _nose(clay, face, of):
    x, y, z = face
    small = (x, y, z / of.nose)
    skin = of.skin
    clay.add(stick(small, (0.355, 0.84, 0), (0.435, 0.685, 0), 0.035, 0.048), skin, 0.07)
    clay.add(ellipsoid(small, (0.395, 0.675, 0.05), (0.045, 0.036, 0.036)), skin, 0.03)
    if clay.painting:
        clay.paint(inside(0.0155 - length(y - 0.643, (z - 0.036) * 0.8), x - 0.36), skin * 0.4)


def _features(clay, face, of):
    """Eyes, brows, cheeks and mouth are painted: nothing bulges, and nothing else moves."""
    x, y, z = face
    front = x - 0.16
    skin, man = of.skin, of.man
    blush = np.exp(-((y - 0.64) ** 2 + (z - 0.20) ** 2) / 0.012) * (x > 0.1) * (1 - 0.5 * man)
    warm = np.array([[0.02], [0.20], [0.16]], np.float32)
    clay.colour = clay.colour * (1 - warm * blush)
    a, b = (z - 0.152) / 0.083, (y - 0.795 - 0.10 * (z - 0.152)) / of.eye_size  # in the eye
    lid = 0.044 * (1 - a * a) * (1 - 0.22 * of.smile * (b < 0))
    opening = inside(np.where(b > 0, lid - b, lid * 0.72 + b) * 0.8, (1 - abs(a)) * 0.083, front)
    lashes = inside(0.020 + 0.004 * (1 - man) + opening, b - 0.012, front)
    clay.paint(lashes, skin * 0.18)
    clay.paint(opening, np.array([[0.80], [0.79], [0.76]], np.float32), 0.55)
    disc = length(a * 0.083, b - 0.002)
    clay.paint(inside(0.041 - disc, opening), of.iris, 0.8)
    clay.paint(inside(0.021 - disc, opening), BLACK, 0.9)
    shine = length(a * 0.083 + 0.012, b - 0.017)
    clay.paint(inside(0.0105 - shine, opening), np.ones((3, 1), np.float32), 0.3)
    arch = 0.908 - 2.6 * (z - 0.165) ** 2 - 0.03 * (z - 0.16) + 0.006 * (1 - man)
    thick = (0.013 + 0.009 * man) * (1 - 0.55 * np.clip((z - 0.13) / 0.115, -0.3, 1))
    brow = inside(thick - abs(y - arch), 0.088 - abs(z - 0.155), front)
    clay.paint(brow, of.tress * 0.65 + skin * 0.06, 0.0)
    _mouth(clay, face, of)


def _mouth(clay, face, of):
    x, y, z = face
    smile, man, skin = of.smile, of.man, of.skin
    q = z / (0.118 + 0.040 * smile)
    curve = 0.508 + 0.045 * smile * q * q - 0.012 * smile
    bow = np.maximum(1 - q * q, 0)
    gap = 0.030 * smile * bow
    red = np.array([[0.92], [0.42], [0.42]]) * (1 - man) + np.array([[0.88], [0.58], [0.54]]) * man
    lips = skin * red.astype(np.float32)
    full = (0.030 - 0.006 * man) * np.sqrt(bow) + gap
    front = inside((1 - abs(q)) * 0.12, x - 0.2)
    clay.paint(inside(full - abs(y - curve), front), lips, 0.35)
    inner = inside(gap - abs(y - curve - 0.004), front)
    clay.paint(np.where(smile > 0, inner, -1), np.full((3, 1), 0.82, np.float32), 0.4)
    closed = inside(0.0055 - abs(y - curve), front)
    clay.paint(np.where(smile > 0, -1, closed), skin * 0.22)


def _beard(clay, face, of):
    """A short full beard with a moustache: a thin layer over chin, jaw and upper lip."""
    x, y, z = face
    q = z / (0.118 + 0.040 * of.smile)
    mouth = length(q * 0.95, (y - 0.506) / 0.062)  # 1 at the rim of the lips
    jaw = 0.565 + 0.50 * np.maximum(z - 0.17, 0) - y
    if clay.painting:
        jaw = jaw + 0.010 * noise3(x * 26, y * 26, z * 26)
    edge = inside(jaw, y - 0.30, x + 0.02 - 0.25 * (y - 0.5), (mouth - 1.0) * 0.05)
    grown = np.where(of.beard > 0, edge, np.float32(-1))
    clay.distance = clay.distance - 0.030 * np.clip(grown * 14, 0, 1)
    if clay.painting:
        strands = 1 + 0.45 * noise3(x * 22 + of.phase, y * 12, z * 30)
        clay.paint(grown - 0.003, of.tress * (0.9 * strands), 0.05)


def _hair(clay, face, of):
    x, y, z = face
    long = of.long
    tress = of.tress
    if clay.painting:
        wave = of.curls
        combed = noise3(x * 7 + of.phase, y * 3.5 + 3 * wave * z, z * 30)
        fine = noise3(x * 40 + of.phase, y * 7, z * 80) * np.minimum(0.006 / clay.pixel, 1)
        tress = tress * (1 + 0.26 * combed + 0.16 * noise3(x * 20, y * 8, z * 60) + 0.26 * fine)
    rough = 0.016 * of.curls * np.sin(24 * y + 5 * z) * np.sin(22 * z + 15 * x)
    cap = ellipsoid(face, (-0.035, 0.865, 0), (0.448, 0.455, 0.415)) + rough
    # The hairline: parted over the brow, down in front of the ears, and to the nape.
    part = (clay.p[2] - 0.17 * of.parting) / 0.15
    line = 1.005 + 0.095 / (1 + part * part) - 0.35 * z * z
    line = line + 0.03 * (1 - 2 * long) * (long < 0.25)  # short hair shows more of the brow
    line = np.maximum(line + 1.1 * np.minimum(x - 0.20, 0), 0.70)
    line = np.where(x < -0.12, 0.62 + 1.0 * (x + 0.12), line)
    cap = cap + 0.45 * np.maximum(0.055 - (y - line), 0)  # thin at its edge: no step, no shade
    clay.add(np.maximum(cap, (line - y) * 0.7), tress, 0.008, 0.22)
    if clay.painting or long.any():
        low = 0.50 - 0.62 * np.maximum(long - 0.5, 0)
        swing = 0.02 * of.curls * np.sin(13 * y)
        side = (x + 0.13 + swing, y, z - 0.345 + 0.35 * np.maximum(y - 0.72, 0) ** 2)
        curtain = length(side[0] / 1.7, _beyond(y, low, 0.93), side[2]) - 0.105
        nape = length(x + 0.24, _beyond(y, low, 0.95), z / 1.6) - 0.19
        grown = np.minimum(curtain, nape) * 0.6
        clay.add(np.where(long > 0, grown, np.float32(1.0)), tress, 0.012, 0.22)


def _beyond(y, low, high):
    """How far y is outside of [low, high]."""
    return np.maximum(np.maximum(low - y, y - high), 0)


def _glasses(clay, face, of):
    x, y, z = face
    worn = np.where(of.glasses > 0, np.float32(0), np.float32(1.0))
    front = (x - 0.425 + 0.5 * z * z, y, z)
    rim = ring(front, (0, 0.79, 0.155), 0.106, 0.0115, axis="x")
    bridge = stick(front, (0.0, 0.815, 0.0), (0.0, 0.815, 0.05), 0.013, 0.013)
    arm = stick(face, (0.39, 0.815, 0.262), (-0.02, 0.80, 0.395), 0.014, 0.014)
    clay.add(np.minimum(np.minimum(rim, bridge), arm) * 0.9 + worn, DARK, 0.003, 0.5)


def _backdrop(of, d, p):
    """A painted wall, lighter behind the head, out of focus."""
    a, b = (d * of.right).sum(0) / of.fov, (d * of.up).sum(0) / of.fov
    glow = np.exp(-3.2 * (a * a + (b - 0.05) ** 2))
    cloud = noise3(a * 3 + of.phase, b * 3, of.phase)
    return of.wall * (0.75 + 0.75 * glow + 0.10 * cloud)


_FACE = Subject(_sculpt, _backdrop, (-0.03, 0.55, 0.0), 0.98, ground=False, shadows=0.0)
