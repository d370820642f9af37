"""Teapot."""

import numpy as np

from .palette import DARK
from .shapes import disc, ellipsoid, inside, length, rgb, ring, stick
from .thing import register

GLAZES = (
    (0.75, 0.74, 0.70),
    (0.08, 0.18, 0.45),
    (0.50, 0.08, 0.06),
    (0.12, 0.35, 0.25),
    (0.65, 0.42, 0.10),
    (0.35, 0.20, 0.14),
    (0.45, 0.50, 0.55),
)
PATTERNS = ((0.08, 0.15, 0.45), (0.70, 0.50, 0.10), (0.60, 0.10, 0.15), (0.80, 0.80, 0.75))


@register("teapot", grounds=("floor",), zoom=1.05)
def teapot(draw):
    """Glazed, with a spout, a handle and a lid; plain, banded or dotted."""
    glaze = rgb(*draw.choose(GLAZES)) * draw.between(0.85, 1.1)
    pattern, kind = rgb(*draw.choose(PATTERNS)), draw.choose(("plain", "bands", "dots"))
    tall, fat = draw.between(0.40, 0.56), draw.between(0.52, 0.62)

    def sculpt(clay):
        p = (clay.p[0], clay.p[1] - 0.05, clay.p[2])
        x, y, z = p
        top = 2 * tall
        clay.add(ellipsoid(p, (0, tall, 0), (fat, tall, fat)), glaze, gloss=0.9)
        clay.add(disc(p, (0, 0.03, 0), 0.36, 0.05, "y"), glaze, 0.06, 0.9)
        clay.add(disc(p, (0, top - 0.05, 0), 0.26, 0.035, "y"), glaze, 0.03, 0.9)
        clay.add(ellipsoid(p, (0, top - 0.04, 0), (0.24, 0.12, 0.24)), glaze, 0.02, 0.9)
        clay.add(ellipsoid(p, (0, top + 0.13, 0), (0.075, 0.07, 0.075)), glaze, 0.03, 0.9)
        elbow, lip = (fat + 0.22, tall * 1.1, 0), (fat + 0.38, tall * 1.75, 0)
        clay.add(stick(p, (fat - 0.1, tall * 0.7, 0), elbow, 0.17, 0.10), glaze, 0.08, 0.9)
        clay.add(stick(p, elbow, lip, 0.095, 0.06), glaze, 0.06, 0.9)
        flat = ((x + fat + 0.06) * 0.9, y, z)
        handle = ring(flat, (0, tall * 1.08, 0), tall * 0.62, 0.058)
        clay.add(handle, glaze, 0.04, 0.9)
        if clay.painting:
            belly = fat + 0.03 - length(x, z)
            if kind == "bands":
                clay.paint(inside(0.035 - abs(abs(y - tall) - 0.16), belly), pattern)
            elif kind == "dots":
                around = (np.arctan2(z, x) * 0.55) % 0.288 - 0.144
                clay.paint(inside(0.08 - length(around, y - tall), belly), pattern)
            seam = inside(0.012 - abs(y - top + 0.07), 0.3 - length(x, z))
            clay.paint(seam, glaze * 0.4)
            mouth = inside(0.038 - length(x - lip[0] - 0.02, z), y - lip[1] - 0.045)
            clay.paint(mouth, DARK)

    return sculpt
