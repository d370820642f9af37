"""Coarse to fine: paint a small picture first, enlarge it, and go on."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional as F

from tutlib.style.extractors import Extractor
from tutlib.style.transfer import transfer

SIZES, STEPS = (64, 128, 256), (40, 25, 15)


def resized(x: Tensor, side: int) -> Tensor:
    """A picture (N, C, H, W) whose shorter side becomes `side` pixels; smaller means blurred first.

    Example:
        >>> resized(torch.rand(1, 3, 60, 80), 30).shape
        torch.Size([1, 3, 30, 40])
    """
    height, width = x.shape[-2:]
    if min(height, width) == side:
        return x
    size = [round(side * n / min(height, width)) for n in (height, width)]
    # Between pixels, and so between 0 and 1: nothing overshoots.
    return F.interpolate(x, size=size, mode="bilinear", antialias=True)


def coarse_to_fine(
    extractor: Extractor,
    content: Tensor,
    style: Tensor,
    *,
    sizes: Sequence[int] = SIZES,
    steps: Sequence[int] = STEPS,
    start: Tensor | None = None,
    **options,
) -> Tensor:
    """`transfer`, first on a small picture, then on larger ones, each begun where the last ended.

    In a small picture every filter sees a larger part, and a gradient costs a sixteenth (Gatys et
    al., "Controlling perceptual factors in neural style transfer", 2017).

    Args:
        extractor, content, style: as for `transfer`; both pictures are made as small as needed.
        sizes: shorter sides in pixels, in this order; steps: how many gradients at each.
        start: where to begin (any size); default: at the content. options: handed to `transfer`.

    Returns:
        A picture in [0, 1] whose shorter side is the last of `sizes`.

    Raises:
        ValueError: sizes and steps differ in number, and whatever `transfer` raises.

    Example:
        >>> from tutlib.style.extractors import bundled, crop_net
        >>> net, (photo, painting) = bundled(crop_net()), torch.rand(2, 1, 3, 80, 80)
        >>> coarse_to_fine(net, photo, painting, sizes=(40, 60), steps=(2, 1)).shape
        torch.Size([1, 3, 60, 60])
    """
    x = content if start is None else start
    extractor.check(x)
    for side, count in zip(sizes, steps, strict=True):
        small = (resized(picture, side) for picture in (content, style))
        x = transfer(extractor, *small, start=resized(x, side), steps=count, **options)
    return x
