"""Outlines: where a drawing would have a line, read off the renderer's own ground truth."""

from __future__ import annotations

import numpy as np

STEP = 0.10  # a jump of the depth, in world units
FOLD = 0.75  # a change of the unit normal from one pixel to the next
MATERIAL = 0.20  # a change of the plain colour, as a screen shows it


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
    from skimage.morphology import thin  # half a second that who draws no outline need not wait

    rim = mask & ~_eroded(mask, corners=False)
    line = edges(mask, depth, np.sqrt(colour), normal, step=STEP, material=MATERIAL)
    line &= mask & ~_grown(rim)  # the silhouette is drawn once
    return np.stack([thin(a) | thin(b) for a, b in zip(rim, line)])


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


def _eroded(mask, corners=True):
    """The mask without the pixels at its border (the frame's border is none)."""
    whole = np.pad(mask, ((0, 0), (1, 1), (1, 1)), mode="edge")
    height, width = mask.shape[1:]
    inner = mask.copy()
    for down in range(3):
        for right in range(3):
            if corners or 1 in (down, right):
                inner &= whole[:, down : down + height, right : right + width]
    return inner


def _grown(mask):
    return ~_eroded(~mask)
