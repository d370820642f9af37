"""Checks for the exercises of 6.3, One forward pass."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once
from tutlib.style import adain, instance_norm


def norm_by_hand() -> Checks:
    """For `my_norm(features)`: (N, C, H, W), each channel of each picture normalised."""
    features = 3 * _random(2, 4, 6, 5) - 1
    made = once(lambda f: f(features))

    return [
        ("the shape stays as it is", lambda f: made(f).shape == features.shape),
        (
            "the mean of each channel of each picture is 0",
            lambda f: made(f).mean((2, 3)).abs().max() < 1e-4,
        ),
        (
            "and its deviation 1 (divide by the root of the variance)",
            lambda f: (made(f).std((2, 3), correction=0) - 1).abs().max() < 1e-2,
        ),
        (
            "each picture on its own: a neighbour in the batch changes nothing",
            lambda f: torch.allclose(f(features[:1]), made(f)[:1], atol=1e-5),
        ),
        (
            "a flat channel becomes 0 (something small under the root)",
            lambda f: f(torch.full((1, 1, 4, 4), 0.3)).abs().max() < 1e-2,
        ),
        (
            "and all agrees with the package's instance_norm",
            lambda f: torch.allclose(made(f), instance_norm(features), atol=1e-3),
        ),
    ]


def dressed_like() -> Checks:
    """For `dressed(content, style)`: AdaIN by hand."""
    content, style = _random(1, 3, 7, 6), 2 * _random(1, 3, 4, 9, seed=1) + 5
    made = once(lambda f: f(content, style))

    return [
        ("the result has the content's shape", lambda f: made(f).shape == content.shape),
        (
            "its channels have the style's means",
            lambda f: torch.allclose(made(f).mean((2, 3)), style.mean((2, 3)), atol=1e-3),
        ),
        (
            "and the style's deviations",
            lambda f: torch.allclose(_spread(made(f)), _spread(style), atol=1e-2),
        ),
        (
            "where the content is large the result is large: places are the content's",
            lambda f: torch.equal(made(f).flatten(2).argmax(2), content.flatten(2).argmax(2)),
        ),
        (
            "and it agrees with the package's adain",
            lambda f: torch.allclose(made(f), adain(content, style), atol=1e-2),
        ),
    ]


def votes_of_a_transposed_one() -> Checks:
    """For `votes(n, side, stride)`: how many of n inputs reach each output of a row."""

    def truth(n: int, side: int, stride: int) -> Tensor:
        ones = torch.ones(1, 1, side)
        return F.conv_transpose1d(torch.ones(1, 1, n), ones, stride=stride).flatten()

    def same(f, n: int, side: int, stride: int) -> bool:
        found = torch.as_tensor(f(n, side, stride)).flatten().float()
        wanted = truth(n, side, stride)
        return found.shape == wanted.shape and torch.equal(found, wanted)

    return [
        (
            "n inputs with a stride make (n - 1) * stride + side outputs",
            lambda f: len(f(5, 3, 2)) == 11,
        ),
        ("with stride 1 and side 1 everybody gets one vote", lambda f: same(f, 4, 1, 1)),
        ("side 3, stride 2: 1 1 2 1 2 ... 2 1 1", lambda f: same(f, 5, 3, 2)),
        ("side 4, stride 2: inside everybody gets the same", lambda f: same(f, 6, 4, 2)),
        ("and for other numbers", lambda f: same(f, 7, 5, 3) and same(f, 3, 2, 4)),
    ]


def _spread(features: Tensor) -> Tensor:
    return features.std((2, 3), correction=0)


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))
