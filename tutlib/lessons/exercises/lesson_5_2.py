"""Checks for the exercises of 5.2, DCGAN."""

from __future__ import annotations

import torch
from torch import nn

from tutlib.check import Checks


def side_after() -> Checks:
    """For `side_after(side, kernel, stride, padding)`, of a transposed convolution."""

    def right(f, side: int, kernel: int, stride: int, padding: int) -> bool:
        layer = nn.ConvTranspose2d(1, 1, kernel, stride, padding)
        return f(side, kernel, stride, padding) == layer(torch.zeros(1, 1, side, side)).shape[-1]

    return [
        ("4 becomes 8 (kernel 4, stride 2, padding 1)", lambda f: right(f, 4, 4, 2, 1)),
        ("1 becomes 7 (kernel 7, stride 1, no padding)", lambda f: right(f, 1, 7, 1, 0)),
        ("5 becomes 13 (kernel 5, stride 2, no padding)", lambda f: right(f, 5, 5, 2, 0)),
    ]


def frechet_line() -> Checks:
    """For `frechet_line(a, b)`: two samples of one number each, as tensors (N,) and (M,)."""
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(500, generator=generator)
    a = (a - a.mean()) / a.std()
    return [
        ("a sample is at distance 0 from itself", lambda f: abs(float(f(a, a))) < 1e-5),
        ("moving it by 3 costs 9", lambda f: abs(float(f(a, a + 3)) - 9) < 1e-3),
        ("making it three times as wide costs 4", lambda f: abs(float(f(a, 3 * a)) - 4) < 1e-3),
        ("both together cost 13", lambda f: abs(float(f(a, 3 * a + 3)) - 13) < 1e-3),
    ]


def copies() -> Checks:
    """For `copies(made, library, radius)`: how many of `made` are nearly in the library."""
    generator = torch.Generator().manual_seed(0)
    library = torch.rand(50, 1, 8, 8, generator=generator)
    fresh = torch.rand(20, 1, 8, 8, generator=generator)
    stolen = (library[:6] + 0.01).clamp(0, 1)
    return [
        ("it finds none among fresh pictures", lambda f: int(f(fresh, library, 0.5)) == 0),
        ("it finds six that were hardly changed",
         lambda f: int(f(torch.cat([fresh, stolen]), library, 0.5)) == 6),
        ("two copies of the same picture count twice",
         lambda f: int(f(stolen[:1].repeat(2, 1, 1, 1), library, 0.5)) == 2),
        ("with radius 0 it forgives a changed pixel", lambda f: int(f(stolen, library, 0.0)) == 0),
    ]  # fmt: skip
