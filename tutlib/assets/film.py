"""A short walk through the picture world: a film in which it is known where every point was."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tutlib import world
from tutlib.assets.shelves import device
from tutlib.check.inputs import check_count, check_positive
from tutlib.check.patience import bar

FAR = 1e4  # the sky hangs there
ALIKE = 0.02  # two looks met the same point if their distances differ by less than this share


class Walk(NamedTuple):
    """T frames, and where what is seen in each of them was one frame before.

    Attributes:
        frames: (T, 3, size, size) in [0, 1].
        before: (T - 1, size, size, 2): for each pixel of frames 1 ... T - 1 the place (right, down)
            of the same point in the frame before, from -1 to 1 as `grid_sample` wants it.
        seen: (T - 1, 1, size, size): True where that point was in view then, too.
    """

    frames: Tensor
    before: Tensor
    seen: Tensor


def walk(name: str, seed: int = 0, count: int = 8, size: int = 96, *, turn: float = 0.02) -> Walk:
    """Walk around a thing of the picture world with a camera, step by step.

    Args:
        name: one of `THINGS`; seed: which scene of it.
        count: frames, at least 2; size: side in pixels.
        turn: angle between two frames, in radians.

    Returns:
        A `Walk`, on `device()`; everything in it follows from the camera and the depth.

    Raises:
        ValueError: for a thing the world does not know, fewer than 2 frames, a size below 8.

    Example:
        >>> film = walk("hog", count=2, size=16)
        >>> film.frames.shape, film.before.shape, film.seen.shape
        (torch.Size([2, 3, 16, 16]), torch.Size([1, 16, 16, 2]), torch.Size([1, 1, 16, 16]))
    """
    check_count("count", count, 2)
    check_count("size", size, 8)
    check_positive("turn", turn)
    first = world.scene(name, seed)
    scenes = [dataclasses.replace(first, azimuth=first.azimuth + turn * t) for t in range(count)]
    shots = [world.render(scene, size) for scene in bar(scenes, "frames of the walk")]
    pairs = [_traced(now, then) for then, now in pairwise(shots)]
    rgb = torch.from_numpy(np.stack([shot.rgb for shot in shots])).permute(0, 3, 1, 2)
    before, seen = (torch.from_numpy(np.stack(part)) for part in zip(*pairs))
    return Walk(rgb.contiguous().to(device()), before.to(device()), seen[:, None].to(device()))


def _traced(now, then):
    """Where each pixel of `now` was in `then` (H, W, 2), and was it in view (H, W)?"""
    size = now.camera.size
    v, u = np.indices((size, size)).reshape(2, -1) + 0.5
    depth = np.minimum(now.depth.ravel(), FAR).astype(np.float32)
    points = now.camera.eye[:, None] + now.camera.rays(u, v) * depth
    places, away = then.camera.project(points.T)
    inside = np.isfinite(places).all(1) & (places > 0).all(1) & (places < size).all(1)
    column, row = np.where(inside[:, None], places, 0).astype(int).T
    met = np.minimum(then.depth[row, column], FAR)
    # The whole sky is equally far away, seen from anywhere.
    same = (np.abs(met - away) < ALIKE * away) | ((met == FAR) & (depth == FAR))
    places = np.nan_to_num(2 * places / size - 1, nan=2.0).astype(np.float32)
    return places.reshape(size, size, 2), (inside & same).reshape(size, size)
