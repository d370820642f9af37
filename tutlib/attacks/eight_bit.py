"""Whole 8-bit levels: an attack that is to survive a PNG file."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tutlib.balls import one_each


def to_8bit(x_adv: Tensor, x: Tensor, ball, box=(0.0, 1.0)) -> Tensor:
    """Round `x_adv` to whole 8-bit levels (k / 255) in the ball around `x`, and in `box`.

    In an `Linf` ball every pixel takes the nearest level inside. In an `L2` ball the change is
    shortened until its rounded version fits. (k / 255 itself is rounded to float32: 6e-8.)

    Raises:
        ValueError: if the ball is too small to hold a picture of whole levels.

    Example:
        >>> x, x_adv = torch.tensor([[100 / 255]]), torch.tensor([[101.7 / 255]])
        >>> (255 * to_8bit(x_adv, x, Linf(1.9 / 255))).round()  # 102 is outside the ball
        tensor([[101.]])
    """
    x, x_adv = x.detach(), x_adv.detach()
    # A file holds nothing darker than black, nor brighter than white.
    least, most = (0.0, 1.0) if box is None else (max(box[0], 0.0), min(box[1], 1.0))
    least, most = math.ceil(255 * least - 1e-4), math.floor(255 * most + 1e-4)
    if hasattr(ball, "bounds"):
        low, high = (side.double() * 255 for side in ball.bounds(x))
        low, high = (low - 1e-4).ceil().clamp_min(least), (high + 1e-4).floor().clamp_max(most)
        if bool((low > high).any()):
            raise ValueError(
                "this ball holds no whole 8-bit levels: take eps of at least 1/255, "
                "and pictures read from 8-bit files."
            )
        levels = (x_adv.double() * 255).round()
        return (torch.clamp(levels, low, high) / 255).to(x.dtype)
    shorter, longer = torch.zeros(len(x), device=x.device), torch.ones(len(x), device=x.device)
    best = _rounded(x, x_adv, shorter, least, most)
    if bool((ball.norm(best - x) > ball.eps).any()):
        raise ValueError("this ball holds no whole 8-bit levels: take a larger eps.")
    for _ in range(20):  # bisect the share of the change that survives rounding
        middle = (shorter + longer) / 2
        fits = ball.norm(_rounded(x, x_adv, middle, least, most) - x) <= ball.eps
        shorter, longer = torch.where(fits, middle, shorter), torch.where(fits, longer, middle)
    return _rounded(x, x_adv, shorter, least, most).to(x.dtype)


def _rounded(x: Tensor, x_adv: Tensor, share: Tensor, least: int, most: int) -> Tensor:
    moved = x + (x_adv - x) * one_each(share, x)
    return (moved * 255).round().clamp(least, most) / 255
