"""Paintings that nobody painted: patterns by chance, to learn style itself from.

Streaks, stripes, pebbles, dots, contours, checks and rings, in colours drawn anew for each one. The
four painters of 6.1 make none of them: no whirling sky, no upright lines, no lead, no fans.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from scipy.spatial import cKDTree
from torch import Tensor


def invent(seed: int, size: int = 128) -> Tensor:
    """One invented painting: (1, 3, size, size) in [0, 1]."""
    random = np.random.default_rng(seed)
    x, y = _bent_plane(random, size)
    kind, other = (KINDS[random.integers(len(KINDS))] for _ in range(2))
    field, lined = kind(random, x, y), kind is not _pebbles
    if random.random() < 0.3:  # two kinds, each in its own lands
        lined, other = lined and other is not _pebbles, other(random, x, y)
        field = np.where(_clouds(random, size, size / 5) > 0.5, field, other)
    colours = _palette(random)
    places = np.clip(field, 0, 1) * (len(colours) - 1)
    if random.random() < 0.5:  # flat colours side by side, or all that lie between
        places = ndimage.gaussian_filter(np.round(places), 0.5)
    steps = np.arange(len(colours))
    canvas = np.stack([np.interp(places, steps, colours[:, k]) for k in range(3)])
    if lined and random.random() < 0.4:  # lines where the field changes fast, dark or light
        drawn = np.hypot(*np.gradient(ndimage.gaussian_filter(places, 0.7)))
        share = np.clip(drawn / (np.quantile(drawn, 0.9) + 1e-6), 0, 1) ** 2
        canvas += share * (random.choice([0.03, 0.97]) - canvas)
    canvas += random.uniform(0, 0.06) * random.standard_normal((1, size, size))
    return torch.from_numpy(canvas.clip(0, 1).astype(np.float32))[None]


def _bent_plane(random, size):
    """Coordinates in pixels, turned and bent."""
    y, x = np.mgrid[:size, :size].astype(float)
    bend, long = random.uniform(0, 0.12) * size, random.uniform(0.15, 0.5) * size
    x, y = (a + bend * (2 * _clouds(random, size, long) - 1) for a in (x, y))
    turn = random.uniform(0.15, 1.4) + np.pi / 2 * random.integers(2)  # never upright
    return np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x


def _clouds(random, size, long):
    """Soft noise, each value as frequent as any other in [0, 1]."""
    field = ndimage.gaussian_filter(random.standard_normal((size, size)), long / 3, mode="wrap")
    return field.ravel().argsort().argsort().reshape(size, size) / size**2


def _palette(random):
    """Three to six colours (k, 3), dark ones and light ones, near a hue or anywhere."""
    count = random.integers(3, 7)
    light = np.sort(random.uniform(0, 1, count))[:, None]
    tint = random.uniform(0, 1, (1, 3)) + random.uniform(0, 0.7) * random.standard_normal(
        (count, 3)
    )
    strength = random.uniform(0.15, 0.9)
    colours = (1 - strength) * light + strength * np.clip(tint, 0, 1) * (0.35 + 0.65 * light)
    return random.permutation(colours) if random.random() < 0.6 else colours


def _period(random):
    return np.exp(random.uniform(np.log(5), np.log(32)))


def _streaks(random, x, y):
    """Brush strokes: noise blurred along one direction of the bent plane."""
    size, long, wide = len(x), random.uniform(6, 20), random.uniform(1, 3)
    noise = ndimage.gaussian_filter(random.standard_normal((2 * size, 2 * size)), (wide, long))
    places = (y + 2 * size) % (2 * size), (x + 2 * size) % (2 * size)
    field = ndimage.map_coordinates(noise, places, order=1, mode="wrap")
    return field.ravel().argsort().argsort().reshape(size, size) / size**2


def _stripes(random, x, y):
    return 0.5 + 0.5 * np.sin(2 * np.pi * x / _period(random))


def _checks(random, x, y):
    one, two = (2 * np.pi / _period(random) for _ in range(2))
    return 0.5 + 0.25 * (np.sin(one * x) + np.sign(np.sin(two * y)))


def _pebbles(random, x, y):
    """Round stones: nearest of some points, each stone with its own colour and its own light."""
    size = len(x)
    count = int((size / np.clip(_period(random), 8, 30)) ** 2) + 2
    centres = random.uniform(x.min(), x.max(), (count, 2))
    centres[:, 1] = random.uniform(y.min(), y.max(), count)
    away, which = cKDTree(centres).query(np.c_[x.ravel(), y.ravel()])
    shade = random.uniform(0, 0.6) * away / away.max()
    return (random.random(count)[which] * 0.9 + shade).reshape(size, size)


def _dots(random, x, y):
    period, part = _period(random), random.uniform(0.2, 0.45)
    r = np.hypot((x / period) % 1 - 0.5, (y / period + 0.5 * ((x // period) % 2)) % 1 - 0.5)
    ground = 0.6 * _clouds(random, len(x), 3 * period)
    return np.where(r < part, 0.4 + ground, ground)


def _contours(random, x, y):
    """Height lines of soft hills."""
    return (_clouds(random, len(x), _period(random) * 2) * random.integers(1, 6)) % 1


def _rings(random, x, y):
    """Whole circles around a few points."""
    centres = random.uniform(0, len(x), (random.integers(2, 9), 2))
    away, _ = cKDTree(centres).query(np.c_[np.abs(x).ravel(), np.abs(y).ravel()])
    return 0.5 + 0.5 * np.sin(2 * np.pi * away.reshape(x.shape) / _period(random))


KINDS = (_streaks, _stripes, _pebbles, _dots, _contours, _checks, _rings)
