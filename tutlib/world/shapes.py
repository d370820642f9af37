"""Signed distance primitives and the clay they are pressed into.

A point set `p` is a tuple (x, y, z) of float32 arrays of one length; x is forward, y is up, z is
to the right. Every primitive returns the distance to its surface (negative inside), in the same
units, exactly or a little short of it, which is all that ray marching needs.
"""

import math

import numpy as np


def rgb(red, green, blue):
    """A colour (linear light) as a (3, 1) float32 column that broadcasts over points."""
    return np.array([[red], [green], [blue]], np.float32)


def shifted(p, centre):
    """Coordinates as seen from `centre` (untouched where the shift is zero: it saves time)."""
    return tuple(v - c if c else v for v, c in zip(p, centre))


def mirrored(p):
    """Fold left onto right: whatever is modelled at z > 0 then exists twice."""
    x, y, z = p
    return x, y, abs(z)


def rotated(a, b, angle):
    """Turn the (a, b) plane by `angle` radians."""
    c, s = math.cos(angle), math.sin(angle)
    return c * a + s * b, c * b - s * a


def turned(p, pivot, yaw, nod=0.0):
    """Coordinates of a head on the neck joint `pivot`: it looks sideways by yaw, down by nod."""
    x, y, z = shifted(p, pivot)
    x, z = rotated(x, z, yaw)
    x, y = rotated(x, y, -nod)
    return x, y, z


def length(*parts):
    """Euclidean length of the vector with these components."""
    total = parts[0] * parts[0]
    for part in parts[1:]:
        total = total + part * part
    return np.sqrt(total)


def ellipsoid(p, centre, radii):
    """Ellipsoid with half axes `radii`."""
    squares = [v * v for v in shifted(p, centre)]
    a, b, c = (1 / (r * r) for r in radii)
    x, y, z = squares[0] * a, squares[1] * b, squares[2] * c
    k = np.sqrt(x + y + z)
    slope = np.sqrt(x * a + y * b + z * c)
    return k * (k - 1) / (slope + 1e-6)


def stick(p, a, b, radius_a, radius_b):
    """Rounded stick from `a` to `b`, as thick as the two radii at its ends."""
    x, y, z = shifted(p, a)
    dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    scale = 1 / (dx * dx + dy * dy + dz * dz)
    along = np.clip(sum(v * (d * scale) for v, d in zip((x, y, z), (dx, dy, dz)) if d), 0, 1)
    x, y, z = (v - along * d if d else v for v, d in zip((x, y, z), (dx, dy, dz)))
    return length(x, y, z) - (radius_a + (radius_b - radius_a) * along)


def box(p, centre, half, rounding):
    """Box with half sizes `half` and rounded edges."""
    x, y, z = (abs(v) - (h - rounding) for v, h in zip(shifted(p, centre), half))
    inside = np.minimum(np.maximum(x, np.maximum(y, z)), 0)
    return length(*(np.maximum(v, 0) for v in (x, y, z))) + inside - rounding


_AXES = {"x": (1, 2, 0), "y": (0, 2, 1), "z": (0, 1, 2)}


def disc(p, centre, radius, half, axis, rounding=0.02):
    """Short cylinder of thickness 2 * half around `axis`."""
    q = shifted(p, centre)
    a, b, along = (q[i] for i in _AXES[axis])
    rim, face = length(a, b) - (radius - rounding), abs(along) - (half - rounding)
    inside = np.minimum(np.maximum(rim, face), 0)
    return inside + length(np.maximum(rim, 0), np.maximum(face, 0)) - rounding


def ring(p, centre, radius, thickness, axis="z"):
    """Torus around `axis`."""
    q = shifted(p, centre)
    a, b, along = (q[i] for i in _AXES[axis])
    return length(length(a, b) - radius, along) - thickness


def inside(*margins):
    """Where every margin is positive: for `Clay.paint`; each margin is a length."""
    result = margins[0]
    for margin in margins[1:]:
        result = np.minimum(result, margin)
    return result


class Clay:
    """The sculpture so far at the points p: distance, and while painting colour and gloss.

    A thing is a function that presses primitives into the clay. While rays march only the distance
    is wanted; the surface points are visited once more with `painting` on.
    """

    def __init__(self, p, painting=False, pixel=0.01):
        self.p = tuple(p)
        self.painting = painting
        self.pixel = pixel  # width of a pixel at the surface: finer detail would only flicker
        self.distance = self.colour = self.gloss = None

    def add(self, distance, colour, blend=0.03, gloss=0.15):
        """Press a primitive in; seams closer than `blend` flow into each other."""
        if self.distance is None:
            self.distance = distance
            if self.painting:
                self.colour = np.broadcast_to(colour, (3, distance.size))
                self.gloss = np.full(distance.size, gloss, np.float32)
            return
        gap = self.distance - distance
        if self.painting:
            share = np.clip(0.5 + gap * (0.5 / min(blend, 0.04)), 0, 1)
            self._mix(colour, gloss, share)
        seam = np.maximum(blend - abs(gap), 0)
        self.distance = np.minimum(self.distance, distance) - seam * seam * (0.25 / blend)

    def paint(self, margin, colour, gloss=None):
        """Colour the surface where margin (a length) is positive; call it only when painting."""
        self._mix(colour, gloss, np.clip(0.5 + margin * (0.85 / self.pixel), 0, 1))

    def _mix(self, colour, gloss, share):
        self.colour = self.colour + (colour - self.colour) * share
        if gloss is not None:
            self.gloss = self.gloss + (gloss - self.gloss) * share
