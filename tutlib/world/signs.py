"""Road signs: five faces, drawn flat, and the plate on a pole that carries one."""

from itertools import pairwise

import numpy as np

from .decal import Decal
from .shapes import box, disc, inside, length, rgb
from .thing import register

SIGNS = ("stop", "give way", "no entry", "priority road", "speed limit")
MIDDLE, HALF = (0.03, 1.30, 0.0), 0.55  # of the plate's front
RED, WHITE, YELLOW, BLACK = (0.75, 0.07, 0.09), (0.93, 0.93, 0.91), (0.98, 0.78, 0.10), (0.08,) * 3
STEEL = (0.62, 0.64, 0.66)
# Letters and figures as strokes, in a square from -1 to 1 (right, up).
STROKES = {
    "S": [(0.8, 0.7), (0.2, 1), (-0.5, 0.9), (-0.8, 0.5), (-0.4, 0.1), (0.4, -0.1), (0.8, -0.5),
          (0.5, -0.9), (-0.2, -1), (-0.8, -0.7)],
    "T": [(-0.9, 1), (0.9, 1), (0, 1), (0, -1)],
    "O": [(0, 1), (0.6, 0.75), (0.8, 0.2), (0.8, -0.2), (0.6, -0.75), (0, -1), (-0.6, -0.75),
          (-0.8, -0.2), (-0.8, 0.2), (-0.6, 0.75), (0, 1)],
    "P": [(-0.7, -1), (-0.7, 1), (0.3, 1), (0.75, 0.75), (0.75, 0.25), (0.3, 0), (-0.7, 0)],
    "3": [(-0.7, 0.85), (0, 1), (0.65, 0.75), (0.6, 0.25), (0, 0.05), (0.7, -0.3), (0.65, -0.8),
          (0, -1), (-0.75, -0.8)],
}  # fmt: skip
STROKES["0"] = STROKES["O"]


def face(name, size=64):
    """The face of a sign, flat and square, (size, size, 3) float32 in [0, 1].

    Raises:
        ValueError: for a sign the world does not know.

    Example:
        >>> face("stop", 32).shape
        (32, 32, 3)
    """
    if name not in SIGNS:
        raise ValueError(f"the world has no sign {name!r}; it has {', '.join(SIGNS)}")
    middle = (np.arange(size, dtype=np.float32) + 0.5) * (2 / size) - 1
    x, y = np.meshgrid(middle, -middle)
    picture = np.broadcast_to(np.float32(STEEL), (size, size, 3))
    for margin, colour in _layers(name, x, y):  # margin: how far inside, in half widths
        share = np.clip(0.5 + margin * (size / 2), 0, 1)[..., None]
        picture = picture + (np.float32(colour) - picture) * share
    return picture.astype(np.float32)


def _layers(name, x, y):
    """What is painted, one over the other: (margin, colour)."""
    if name == "stop":
        octagon = np.maximum(np.maximum(abs(x), abs(y)), (abs(x) + abs(y)) / 2**0.5)
        words = _written("STOP", x, y, (0.165, 0.28), 0.05)
        return (0.90 - octagon, WHITE), (0.83 - octagon, RED), (words, WHITE)
    if name == "give way":
        y = y - 0.22  # a triangle reaches further down than up
        triangle = np.maximum(y, abs(x) * 0.866 - y * 0.5)
        return (0.54 - triangle, RED), (0.31 - triangle, WHITE)
    if name == "no entry":
        bar = inside(0.16 - abs(y), 0.62 - abs(x))
        return (0.88 - length(x, y), RED), (bar, WHITE)
    if name == "priority road":
        diamond = (abs(x) + abs(y)) / 2**0.5
        return (0.64 - diamond, WHITE), (0.46 - diamond, YELLOW)
    words = _written("30", x, y, (0.27, 0.36), 0.075)
    return (0.88 - length(x, y), RED), (0.68 - length(x, y), WHITE), (words, BLACK)


def _written(word, x, y, half, thick):
    """How far inside the strokes of a word in the middle of the face (negative: outside)."""
    best = np.full(x.shape, -9.0, np.float32)
    for place, letter in enumerate(word):
        across = (place - (len(word) - 1) / 2) * 2.3 * half[0]
        points = [(across + a * half[0] * 0.85, b * half[1]) for a, b in STROKES[letter]]
        for (ax, ay), (bx, by) in pairwise(points):
            dx, dy = bx - ax, by - ay
            along = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
            best = np.maximum(best, thick - length(x - ax - along * dx, y - ay - along * dy))
    return best


def on_the_plate(picture):
    """The `Decal` that covers the plate of a "road sign" with a picture (h, w, 3)."""
    return Decal(picture, MIDDLE, (0.0, 0.0, -HALF), (0.0, HALF, 0.0))


@register(
    "road sign", grounds=("grass", "road", "sand"), zoom=1.0,
    azimuths=(-0.6, 0.6), elevations=(-0.1, 0.35), aim_heights=(1.3, 1.3),
)  # fmt: skip
def road_sign(draw):
    """A bare square plate on a pole, looking along +x; a decal gives it a face."""
    steel = rgb(*STEEL) * draw.between(0.8, 1.0)

    def sculpt(clay):
        plate = box(clay.p, (0, MIDDLE[1], 0), (MIDDLE[0], HALF, HALF), 0.02)
        clay.add(plate, steel, gloss=0.25)
        clay.add(disc(clay.p, (-0.09, 0.85, 0), 0.05, 0.85, "y"), steel * 0.7, 0.01, 0.4)

    return sculpt
