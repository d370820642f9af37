"""Fraser's twisted cords (1908): circles that the eye takes for a spiral, and a true spiral."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tutlib.check.inputs import check_count

INNER, OUTER = 0.12, 0.98  # where the cords begin and end, as shares of half the picture
STRANDS, THICK, SLANT = 48, 0.40, 1.5  # strands in a turn; width of a cord; how far they lean


def twisted_cords(size: int = 900, rings: int = 9, climb: int = 0) -> Tensor:
    """Black and white strands twisted into cords, on a patterned ground: (1, 1, size, size).

    Pure black (0) and pure white (1) are cord, greys are ground. Nothing is smoothed, so that it
    can be measured. (James Fraser, "A new visual illusion of direction", 1908; the strands and the
    ground that leans with them follow his idea, the formula is ours.)

    Args:
        size: side in pixels, at least 300.
        rings: number of cords from the middle outwards.
        climb: how many rings further out a cord is after one turn. 0: circles. 1: one spiral.

    Example:
        >>> picture = twisted_cords(300)
        >>> picture.shape, picture.unique().tolist()[::3]
        (torch.Size([1, 1, 300, 300]), [0.0, 0.6200000047683716])
    """
    check_count("size", size, 300)
    check_count("rings", rings, 2)
    check_count("climb", climb, 0)
    places = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(places, places)
    turn = np.arctan2(-y, x) / (2 * np.pi)
    # Rings are equally wide in the log of the radius: a larger copy of one is the next.
    height = np.log(np.maximum(np.hypot(x, y), 1e-9) / INNER) / np.log(OUTER / INNER) * rings
    height = height - climb * turn
    inside = (height >= 0) & (height < rings)
    across = height - np.floor(height) - 0.5  # 0 in the middle of a ring
    strand = STRANDS * turn + SLANT * across / THICK
    waist = THICK / 2 * (0.55 + 0.45 * abs(np.cos(np.pi * strand)))
    cord = inside & (abs(across) < waist)
    checks = (np.floor(STRANDS / 2 * turn + 0.75 * height) + np.floor(height)) % 2
    picture = np.where(inside, np.where(checks > 0, 0.62, 0.42), 0.5)
    picture = np.where(cord, np.floor(strand) % 2, picture)
    return torch.from_numpy(picture.astype(np.float32))[None, None]
