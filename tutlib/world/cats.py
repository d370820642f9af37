"""Tabby."""

import numpy as np

from .noise import fbm3
from .palette import BLACK, WHITE, hair, legs
from .shapes import ellipsoid, inside, length, mirrored, rgb, stick, turned
from .thing import register

COATS = ((0.42, 0.33, 0.24), (0.36, 0.33, 0.30), (0.62, 0.33, 0.12), (0.48, 0.40, 0.30))
IRISES = ((0.45, 0.50, 0.08), (0.50, 0.35, 0.05), (0.20, 0.50, 0.25))


@register("tabby", grounds=("floor", "grass", "floor"), zoom=0.95)
def tabby(draw):
    """A striped cat, sitting with its tail round it or walking with it up."""
    sits, yaw, nod = draw.chance(0.55), draw.between(-0.7, 0.7), draw.between(-0.15, 0.2)
    swing, stripes, curl = draw.between(-0.12, 0.12), draw.between(9, 13), draw.between(-0.5, 0.5)
    coat = rgb(*draw.choose(COATS)) * draw.between(0.85, 1.1)
    iris, shift = rgb(*draw.choose(IRISES)), draw.between(0, 30)

    def sculpt(clay):
        fur = _striped(clay, coat, sits, stripes, shift) if clay.painting else coat
        neck = _sitting(clay, fur) if sits else _walking(clay, fur, coat, swing, curl)
        _head(clay, turned(clay.p, neck, yaw, nod), coat, iris)

    return sculpt


def _striped(clay, coat, sits, stripes, shift):
    x, y, z = clay.p
    along = y * 2.4 if sits else x * 2.2 - y * 0.7
    wave = np.sin(along * stripes + 2.5 * fbm3(x * 3 + shift, y * 3, z * 3))
    return coat * hair(clay, shift) * (1 - 0.62 * np.clip(wave * 2.5 - 0.6, 0, 1))


def _sitting(clay, fur):
    x, y, z = clay.p
    both = mirrored(clay.p)
    clay.add(ellipsoid(clay.p, (-0.14, 0.36, 0), (0.38, 0.38, 0.33)), fur, gloss=0)
    clay.add(stick(clay.p, (-0.02, 0.5, 0), (0.12, 0.92, 0), 0.29, 0.19), fur, 0.15, 0)
    clay.add(stick(both, (0.20, 0.62, 0.12), (0.28, 0.07, 0.12), 0.10, 0.075), fur, 0.06, 0)
    clay.add(ellipsoid(both, (0.34, 0.06, 0.12), (0.11, 0.065, 0.08)), fur, 0.03, 0)
    clay.add(ellipsoid(both, (0.02, 0.2, 0.25), (0.26, 0.2, 0.12)), fur, 0.06, 0)
    tail = length(length(x + 0.1, z) - 0.48, y - 0.07) - 0.07
    clay.add(np.maximum(tail, -0.2 - z), fur * 0.8, 0.03, 0)
    return 0.16, 1.14, 0


def _walking(clay, fur, coat, swing, curl):
    x, y, z = clay.p
    clay.add(stick(clay.p, (-0.50, 0.62, 0), (0.34, 0.64, 0), 0.25, 0.25), fur, gloss=0)
    legs(clay, (0.36, -0.52), 0.5, 0.14, 0.13, 0.065, swing, fur, 0.08, 0)
    bent = (x + 0.3 * np.sin(3 * (y - 0.7)) * curl, y, z)
    clay.add(stick(bent, (-0.70, 0.72, 0), (-0.92, 1.35, 0), 0.07, 0.055), fur, 0.06, 0)
    return 0.58, 0.88, 0


def _head(clay, head, coat, iris):
    both = mirrored(head)
    x, y, z = both
    fur = coat
    if clay.painting:
        brow = 1 - 0.5 * np.clip(3 * np.sin(head[2] * 42) - 1, 0, 1) * (y > 0.06)
        cheek = 1 - 0.45 * np.clip(4 * np.sin(y * 40 + z * 8) - 2, 0, 1) * (z > 0.17)
        fur = coat * brow * cheek
    clay.add(ellipsoid(head, (0.05, 0, 0), (0.26, 0.24, 0.29)), fur, 0.08, 0)
    pale = coat * 0.4 + WHITE * 0.55
    clay.add(ellipsoid(both, (0.27, -0.07, 0.045), (0.09, 0.065, 0.08)), pale, 0.03, 0)
    nose = rgb(0.55, 0.22, 0.20)
    clay.add(ellipsoid(head, (0.35, -0.03, 0), (0.03, 0.024, 0.035)), nose, 0.01, 0.4)
    ear = stick(both, (0.02, 0.14, 0.17), (0.0, 0.38, 0.24), 0.12, 0.012)
    clay.add(np.maximum(ear, abs(x - 0.02) - 0.05), fur * 0.9, 0.03, 0)
    if clay.painting:
        hollow = 0.05 - abs(z - 0.19 - 0.25 * (y - 0.2)) - 0.3 * np.maximum(y - 0.24, 0)
        clay.paint(inside(hollow, x - 0.055, y - 0.2), rgb(0.60, 0.35, 0.30))
    clay.add(ellipsoid(both, (0.245, 0.055, 0.12), (0.05, 0.055, 0.058)), iris, 0.005, 1.0)
    clay.add(ellipsoid(both, (0.285, 0.055, 0.125), (0.02, 0.045, 0.02)), BLACK, 0.005, 1.0)
