"""What happens to a batch before anybody attacks it: ``augment(x, generator=...) -> x``."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.check.inputs import device_of


def shifted(x: Tensor, pixels: int = 1, *, generator: torch.Generator | None = None) -> Tensor:
    """Every picture moved by up to `pixels` to each side, at random; what comes in is black.

    A reader of digits should not care where on the paper they stand: with few pictures to learn
    from this is worth as much as several times as many.

    Args:
        x: pictures (N, C, H, W); pixels: the largest shift.

    Example:
        >>> dot = F.pad(torch.ones(1, 1, 1, 1), (2, 2, 2, 2))  # in the middle of 5 x 5
        >>> shifted(dot, 2).sum()  # it moved, and is still in the picture
        tensor(1.)
    """
    height, width = x.shape[-2:]
    room = 2 * pixels + 1
    how = {"generator": generator, "device": device_of(generator)}
    across, down = torch.randint(room, (2, len(x), 1), **how).to(x.device)
    across, down = across + torch.arange(width).to(across), down + torch.arange(height).to(down)
    padded = F.pad(x, (pixels,) * 4).permute(0, 2, 3, 1)  # so that one index takes whole pixels
    every = torch.arange(len(x), device=x.device)[:, None, None]
    return padded[every, down[:, :, None], across[:, None, :]].permute(0, 3, 1, 2).contiguous()
