"""What a JPEG file does to a picture, with a gradient that an attack can follow."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.check.inputs import check_pictures

# The tables of the standard (ITU-T T.81, 1992, annex K): how coarsely each frequency is written.
LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61), (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56), (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77), (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101), (72, 92, 95, 98, 112, 100, 103, 99),
)  # fmt: skip
COLOUR = (
    (17, 18, 24, 47, 99, 99, 99, 99), (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99), (47, 66, 99, 99, 99, 99, 99, 99),
    *[(99,) * 8] * 4,
)  # fmt: skip
TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def soft_round(x: Tensor) -> Tensor:
    """Rounding with a slope: round(x) + (x - round(x))^3.

    (Shin and Song, "JPEG-resistant adversarial images", 2017.) Right at whole numbers, off by at
    most 1/8 half-way between them; its slope is 3 (x - round(x))^2, where true rounding has none.

    Example:
        >>> soft_round(torch.tensor([2.0, 2.2, 2.4]))
        tensor([2.0000, 2.0080, 2.0640])
    """
    whole = x.detach().round()
    return whole + (x - whole) ** 3


def jpeg(x: Tensor, quality: float | Tensor = 75, *,
         rounding: Callable[[Tensor], Tensor] = soft_round) -> Tensor:  # fmt: skip
    """The pictures as a JPEG file would give them back, smoothly enough for gradients.

    Colours are split into brightness and two colour differences (these at half the size, as a
    photo's are), each 8 x 8 block into its frequencies (the cosine transform), and each frequency
    is written in whole multiples of a step from the standard's table. Only the rounding has no
    useful slope; `soft_round` stands in for it.

    Args:
        x: pictures (N, 3, H, W) or grey ones (N, 1, H, W) in [0, 1], of any size.
        quality: from 1 to 100, as in Pillow; a number, or one for each picture (N,).
        rounding: ``torch.round`` gives what an encoder gives, without a slope.

    Returns:
        Pictures shaped like `x`, in [0, 1].

    Raises:
        ValueError, TypeError: wrong range or shape, or a quality outside 1 to 100.

    Example:
        >>> x = torch.linspace(0, 1, 64).view(1, 1, 8, 8)
        >>> (jpeg(x, 90) - x).abs().max() < 0.02, (jpeg(x, 5) - x).abs().max() < 0.02
        (tensor(True), tensor(False))
    """
    check_pictures(x)
    if x.dim() != 4 or x.shape[1] not in (1, 3):
        raise ValueError(f"JPEG knows (N, 3, H, W) and (N, 1, H, W), and this is {tuple(x.shape)}.")
    scale = _table_scale(quality, x)
    height, width = x.shape[-2:]
    if x.shape[1] == 1:
        return (_written(x * 255 - 128, LUMINANCE, scale, rounding) + 128).div(255).clamp(0, 1)
    matrix = torch.tensor(TO_YCC, dtype=x.dtype, device=x.device)
    ycc = torch.einsum("kc,nchw->nkhw", matrix, x * 255)
    bright = _written(ycc[:, :1] - 128, LUMINANCE, scale, rounding) + 128
    small = F.avg_pool2d(_padded(ycc[:, 1:], 2), 2)
    wide = F.interpolate(_written(small, COLOUR, scale, rounding), scale_factor=2, mode="bilinear")
    ycc = torch.cat([bright, wide[..., :height, :width]], 1)
    back = torch.einsum("kc,nchw->nkhw", torch.linalg.inv(matrix.double()).to(x), ycc)
    return back.div(255).clamp(0, 1)


def _table_scale(quality: float | Tensor, x: Tensor) -> Tensor:
    """How much coarser than its table each picture is written, in per cent (N, 1, 1, 1, 1, 1)."""
    q = torch.as_tensor(quality, dtype=x.dtype, device=x.device).detach()
    if q.dim() > 1 or (q.dim() == 1 and len(q) not in (1, len(x))):
        raise ValueError(f"one quality, or one for each of the {len(x)} pictures, is needed, and "
                         f"this has shape {tuple(q.shape)}.")  # fmt: skip
    if not bool(((q >= 1) & (q <= 100)).all()):
        raise ValueError(f"a JPEG's quality goes from 1 to 100, and this is {quality}.")
    scale = torch.where(q < 50, (5000 / q).floor(), 200 - 2 * q)
    return scale.expand(len(x)).view(-1, 1, 1, 1, 1, 1)


def _written(planes: Tensor, table, scale: Tensor, rounding) -> Tensor:
    """Planes (N, C, H, W) around zero, block by block into whole steps, and back."""
    height, width = planes.shape[-2:]
    blocks = _padded(planes, 8).unfold(2, 8, 8).unfold(3, 8, 8)  # (N, C, rows, columns, 8, 8)
    cosines = _cosines().to(planes)
    steps = torch.tensor(table, dtype=planes.dtype, device=planes.device)
    steps = ((steps * scale + 50) / 100).floor().clamp(1, 255)
    found = rounding(cosines @ blocks @ cosines.T / steps) * steps
    whole = (cosines.T @ found @ cosines).permute(0, 1, 2, 4, 3, 5).flatten(4).flatten(2, 3)
    return whole[..., :height, :width]


def _padded(planes: Tensor, block: int) -> Tensor:
    """Planes (N, C, H, W), their last row and column repeated up to a multiple of `block`."""
    height, width = planes.shape[-2:]
    return F.pad(planes, (0, -width % block, 0, -height % block), mode="replicate")


@functools.cache
def _cosines() -> Tensor:
    """The orthogonal 8 x 8 matrix of the discrete cosine transform."""
    k = torch.arange(8, dtype=torch.double)
    matrix = torch.cos(math.pi / 8 * k[:, None] * (k + 0.5)) / 2
    matrix[0] /= math.sqrt(2)
    return matrix
