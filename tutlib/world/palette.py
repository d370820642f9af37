"""Colours and small parts that several things share."""

import numpy as np

from .noise import noise3
from .shapes import ellipsoid, inside, rgb, stick

BLACK, WHITE, DARK = rgb(0.02, 0.02, 0.02), rgb(0.85, 0.85, 0.82), rgb(0.06, 0.055, 0.05)
GLASS, CHROME, RUBBER = rgb(0.03, 0.05, 0.08), rgb(0.60, 0.62, 0.65), rgb(0.025, 0.025, 0.028)


def legs(clay, places, top, side, thick, thin, swing, colour, blend=0.1, gloss=0.15):
    """Two pairs of legs at x = places, `top` high; left and right swing against each other."""
    x, y, z = clay.p
    sign = np.sign(z)
    for place, way in zip(places, (swing, -swing)):
        p = (x - way * sign * (1 - y / top), y, abs(z))
        hip, foot = (place, top * 1.3, side), (place, thin * 0.8, side)  # the hip hides inside
        leg = stick(p, hip, foot, thick + 0.3 * (thick - thin), thin)
        clay.add(leg, colour, blend, gloss)


def hooves(clay, colour, height=0.085, gloss=None):
    """Paint everything near the ground."""
    if clay.painting:
        clay.paint(height - clay.p[1], colour, gloss)


def eyes(clay, p, at, radius, iris=BLACK):
    """A shining eye on a head with coordinates p (already mirrored)."""
    clay.add(ellipsoid(p, at, (radius, radius, radius)), iris, 0.005, 1.0)


def spot(p, at, radius, front):
    """Margin of a round spot painted on the front of a head: within `radius` of at, x > front."""
    x, y, z = p
    return inside(radius - np.sqrt((y - at[0]) ** 2 + (z - at[1]) ** 2), x - front)


def hair(clay, shift, depth=0.3):
    """Brightness (N,) around 1 of short hair that lies along the body; for painting only."""
    x, y, z = clay.p
    coat = 1 + 0.5 * depth * noise3(x * 7 + shift, y * 13, z * 13)
    for strands, strength in ((26, 0.6), (52, 0.7)):
        seen = min(max(1.5 - strands * clay.pixel, 0), 1)
        if seen:
            ruffled = x * strands * 0.28 + shift
            coat = coat + (depth * strength * seen) * noise3(ruffled, y * strands, z * strands)
    return coat
