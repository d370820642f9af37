"""Outlines: where a drawing would have a line, read off the renderer's own ground truth."""

from __future__ import annotations

import numpy as np
from skimage.morphology import thin

STEP = 0.10  # a jump of the depth, in world units
FOLD = 0.75  # a change of the unit normal from one pixel to the next
MATERIAL = 0.16  # a change of the plain colour


def outline(frame) -> np.ndarray:
    """The outline of a scene's thing, (H, W) bool, one pixel thin.

    A line is drawn on the thing's own pixels where its silhouette ends, where one part stands in
    front of another (a jump of the depth), where its surface folds (the normal) and where its
    material changes (the colour without any light). The ground, the sky and shadows have none.

    Args:
        frame: what `render` returns.

    Example:
        >>> from tutlib import world
        >>> frame = world.render(world.scene("teapot", seed=1), size=64)
        >>> lines = world.outline(frame)
        >>> lines.shape, bool((lines & ~frame.mask).any())
        ((64, 64), False)
    """
    if not all(hasattr(frame, name) for name in ("mask", "depth", "normal", "colour")):
        raise TypeError(
            f"outline needs what world.render returns, and this is {type(frame).__name__}."
        )
    truth = frame.depth, frame.normal, frame.colour
    return traced(frame.mask[None], *(values[None] for values in truth))[0]


def traced(mask, depth, normal, colour):
    """Outlines (N, H, W), thin, on pixels of the mask (N, H, W); the rest as in `Frame`."""
    line = edges(mask, depth, colour, normal, step=STEP, material=MATERIAL) & mask
    line |= mask & ~_eroded(mask)
    return np.stack([thin(picture) for picture in line])


def edges(mask, depth, colour, normal=None, *, step=0.08, material=0.22):
    """Pixels (N, H, W) bool on either side of a jump in depth, of colour or of the normal."""
    near = np.where(mask, depth, np.float32(100))
    edge = np.zeros(mask.shape, bool)
    for axis in (1, 2):
        jump = abs(np.diff(near, axis=axis)) > step
        jump |= abs(np.diff(colour, axis=axis)).max(3) > material
        if normal is not None:
            jump |= np.square(np.diff(normal, axis=axis)).sum(3) > FOLD**2
        for side in (slice(0, -1), slice(1, None)):
            edge[(slice(None),) * axis + (side,)] |= jump
    return edge


def _eroded(mask):
    """The mask without the pixels at its border (the frame's border is none)."""
    whole = np.pad(mask, ((0, 0), (1, 1), (1, 1)), mode="edge")
    inner = mask.copy()
    for axis in (1, 2):
        for by in (-1, 1):
            inner &= np.roll(whole, by, axis)[:, 1:-1, 1:-1]
    return inner
