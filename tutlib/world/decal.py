"""A picture glued to a thing: the world's only texture."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Decal:
    """A flat picture, laid on whatever part of a thing lies close to its plane.

    picture: (h, w, 3) in [0, 1], as a screen shows it (row 0 is the upper edge).
    centre: the point (3,) in world units where its middle sits; right, up: (3,), from the middle
    to the right edge and to the upper edge, at right angles.
    reach: how far the surface may be in front of the plane or behind it.
    """

    picture: np.ndarray
    centre: tuple[float, float, float]
    right: tuple[float, float, float]
    up: tuple[float, float, float]
    reach: float = 0.02

    def __post_init__(self):
        picture = np.asarray(self.picture, np.float32)
        if picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise ValueError(f"a decal needs a picture (h, w, 3), and this is {picture.shape}.")
        if not (picture.min() >= 0 and picture.max() <= 1):
            raise ValueError("a decal's picture must be in [0, 1].")
        object.__setattr__(self, "picture", picture)

    def paint(self, clay):
        """Colour the surface points of `clay` that the picture covers (its gloss stays)."""
        a, b, far = self.places(np.stack(clay.p))
        on = np.flatnonzero((abs(a) <= 1) & (abs(b) <= 1) & (far <= self.reach))
        colour = np.array(np.broadcast_to(clay.colour, (3, a.size)), np.float32)
        colour[:, on] = self.at(a[on], b[on]) ** 2.2  # from the screen's values to light
        clay.colour = colour

    def places(self, points):
        """Where points (3, N) lie: right and up in [-1, 1] on the picture, and how far off it."""
        right, up = (np.asarray(side, np.float32) for side in (self.right, self.up))
        out = np.cross(right, up)
        offset = points - np.asarray(self.centre, np.float32)[:, None]
        return (right @ offset / (right @ right), up @ offset / (up @ up),
                abs(out @ offset) / np.sqrt(out @ out))  # fmt: skip

    def at(self, a, b):
        """The picture's colours (3, N) at (a, b), mixed from the four nearest pixels."""
        h, w = self.picture.shape[:2]
        x = np.clip((a + 1) * (w / 2) - 0.5, 0, w - 1)
        y = np.clip((1 - b) * (h / 2) - 0.5, 0, h - 1)
        left, top = x.astype(int), y.astype(int)
        x, y = (x - left)[:, None], (y - top)[:, None]
        right, low = np.minimum(left + 1, w - 1), np.minimum(top + 1, h - 1)
        p = self.picture
        upper = p[top, left] * (1 - x) + p[top, right] * x
        return (upper * (1 - y) + (p[low, left] * (1 - x) + p[low, right] * x) * y).T
