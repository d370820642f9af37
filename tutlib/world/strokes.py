"""From the path of a pen to a picture: the curve through some points, its frame, its ink."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

SIZE, BOX = 28, 20  # MNIST's: pixels of a picture, and of the box that a digit fills
POINTS = 80  # along a digit
FINE = 32  # steps to a pixel, see `ink`
EDGE = 1.25  # pixels from white to black


def template(text):
    """Points (K, 2), and the matrices (POINTS, K) that make a polygon and a curve of them.

    Both are linear in the points: moved points can be put in.
    """
    points, pieces = [], [[]]  # a piece goes up to a corner, or to where the pen is lifted
    for word in text.split():
        if word == "/":
            pieces.append([])
            continue
        pieces[-1].append(len(points))
        points.append([float(v) / 100 - 0.5 for v in word.rstrip("!").split(",")])
        if word.endswith("!"):
            pieces.append([len(points) - 1])
    points = np.array(points)
    chords = [np.hypot(*np.diff(points[piece], axis=0).T) for piece in pieces]
    ends = np.cumsum([0] + [chord.sum() for chord in chords])
    ends = np.rint(ends / ends[-1] * POINTS).astype(int)
    polygon, curve = np.zeros((2, POINTS, len(points)))
    for piece, chord, a, b in zip(pieces, chords, ends[:-1], ends[1:]):
        arc, knot = np.cumsum([0, *chord]), np.cumsum([0, *np.sqrt(chord)])  # does not overshoot
        where, unit = np.linspace(0, arc[-1], b - a), np.eye(len(points))[piece]
        polygon[a:b] = np.transpose([np.interp(where, arc, column) for column in unit.T])
        spline = CubicSpline(knot, unit, bc_type="natural")
        curve[a:b] = spline(np.interp(where, arc, knot))
    return points, polygon, curve


def framed(x, y, pen):
    """In pixels, as MNIST's digits: the longer side is 20, and starts where a pixel does."""
    margin = pen[:, None] + 0.5  # the edge is grey, and grey is in the box, too
    scale = (BOX - 2 * margin) / np.maximum(np.ptp(x, 1), np.ptp(y, 1))[:, None]
    x, y = (scale * (v - v.min(1, keepdims=True)) + margin for v in (x, y))
    room = (np.rint((SIZE - margin - v.max(1, keepdims=True)) / 2) for v in (x, y))
    return x + next(room), y + next(room)


def ink(x, y, half):
    """Grey pictures of curves, by each pixel's distance to the nearest of the curve's points.

    `x`, `y` and `half` (the pen's half breadth) are (N, POINTS), in pixels.

    All lengths are whole numbers of 1/32 px, so that the matrix product (|g - p|^2 - half^2 =
    |g|^2 + a product) is exact in float32, and the pictures are the same on every machine.
    """
    grid = (np.arange(SIZE) + 0.5) * FINE
    gx, gy = (g.ravel() for g in np.meshgrid(grid, grid))
    pixel = np.stack([gx, gy, np.ones(SIZE * SIZE)], 1).astype(np.float32)
    x, y, half = (np.rint(FINE * v) for v in (x, y, half))
    usual, far = np.rint(half.mean(1))[:, None], gx * gx + gy * gy
    pictures = np.empty((len(x), SIZE * SIZE), np.uint8)
    for some in np.array_split(np.arange(len(x)), -(-len(x) // 16)):  # 16: stays in the cache
        rest = x[some] ** 2 + y[some] ** 2 - half[some] ** 2
        curve = np.stack([-2 * x[some], -2 * y[some], rest], 1).astype(np.float32)
        near = (pixel @ curve).min(2) + far + usual[some] ** 2
        edge = (np.sqrt(np.maximum(near, 0)) - usual[some]) / FINE
        white = np.clip(0.5 - edge / EDGE, 0, 1)
        pictures[some] = 255 * white**2 * (3 - 2 * white)  # gently into white and into black
    return pictures.reshape(-1, SIZE, SIZE)


def steps(x, y):
    """How far each point of the curves (N, POINTS) lies from the one before."""
    return np.hypot(np.diff(x, axis=1, prepend=x[:, :1]), np.diff(y, axis=1, prepend=y[:, :1]))


def centred(pictures):
    """Shifted by whole pixels, so that the centre of mass comes to lie at pixel 14, 14."""
    grid, ink = np.arange(SIZE), pictures.sum((1, 2))
    down, across = (pictures.sum(axis) @ grid / ink - SIZE // 2 for axis in (2, 1))
    rows, columns = (np.rint(v).astype(int)[:, None] + grid for v in (down, across))
    each = np.arange(len(pictures))[:, None, None]
    return pictures[each, rows[:, :, None] % SIZE, columns[:, None, :] % SIZE]
