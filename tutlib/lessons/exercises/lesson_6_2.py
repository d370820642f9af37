"""Checks for the exercises of 6.2, A painting is its patches."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once
from tutlib.style import Crowd, nearest, paintings


def two_directions() -> Checks:
    """For `both_ways(ours, theirs)`: two mean distances."""
    ours, theirs = _crowds(6, 9)
    one, many = torch.zeros(1, 3), torch.tensor([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]])
    pair = once(lambda f: [float(v) for v in f(one, many)])
    way = once(lambda f: [float(v) for v in f(ours, theirs)])
    apart = (ours[:, None] - theirs).square().sum(2).sqrt()

    return [
        ("it gives two numbers", lambda f: len(pair(f)) == 2),
        (
            "a single patch that the painting has is not strange: the first number is 0",
            lambda f: pair(f)[0] == 0,
        ),
        (
            "and leaves out one of two that is 5 away (3, 4, 0): the second is 2.5",
            lambda f: abs(pair(f)[1] - 2.5) < 1e-5,
        ),
        (
            "on crowds at random: the mean over ours of the smallest distance",
            lambda f: abs(way(f)[0] - apart.amin(1).mean()) < 1e-4,
        ),
        (
            "and the mean over theirs of the smallest distance",
            lambda f: abs(way(f)[1] - apart.amin(0).mean()) < 1e-4,
        ),
    ]


def fair_choice() -> Checks:
    """For `fair_picks(ours, theirs, alpha)`: (N,) numbers."""
    ours, theirs = _crowds(40, 25)
    line, ends = torch.tensor([[0.0], [0.1], [0.4]]), torch.tensor([[0.0], [1.0]])

    return [
        ("one number for each of ours", lambda f: f(ours, theirs, 0.1).shape == (40,)),
        (
            "where alpha is huge only similarity counts",
            lambda f: torch.equal(f(ours, theirs, 1e6), nearest(ours, theirs)),
        ),
        (
            "of 0, 0.1 and 0.4 the last one picks the lonely 1 (alpha 0.1)",
            lambda f: f(line, ends, 0.1).tolist() == [0, 0, 1],
        ),
        (
            "and on crowds at random the picks are those of the formula",
            lambda f: all(
                torch.equal(f(ours, theirs, alpha), nearest(ours, theirs, alpha))
                for alpha in (10.0, 2.0, 0.05)
            ),
        ),
    ]


def only_there(size: int = 32) -> Checks:
    """For `painted_where(crowd, x, mask, steps)`: the loop in a box of the learner's own."""
    photo = paintings.photo("coffee", size)
    painting = paintings.paint("waves", size)
    mask = torch.zeros(1, 1, size, size)
    mask[..., : size // 2] = 1

    def crowd() -> Crowd:
        return Crowd(painting, generator=torch.Generator().manual_seed(0))

    painted = once(lambda f: f(crowd(), photo, mask, 4))

    def strange(x: Tensor) -> float:
        """On the masked side, away from its border."""
        half = x[..., : size // 2 - 3]
        return (half - crowd().collage(x)[..., : size // 2 - 3]).square().mean().item()

    return [
        ("the result is a picture like x", lambda f: _is_picture(painted(f), photo)),
        (
            "where the mask is 0 no pixel has moved",
            lambda f: (
                (painted(f) - photo).abs()[..., size // 2 :].max() < 1e-6
                and photo[..., size // 2 :].std() > 0
            ),
        ),
        (
            "where it is 1 the picture is nearer to its collage, by half at least",
            lambda f: strange(painted(f)) < 0.5 * strange(photo),
        ),
        (
            "with a mask of zeros nothing happens",
            lambda f: torch.allclose(f(crowd(), photo, 0 * mask, 1), photo, atol=1e-6),
        ),
    ]


def _crowds(n: int, k: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 5, generator=generator), torch.randn(k, 5, generator=generator)


def _is_picture(x: Tensor, like: Tensor) -> bool:
    return x.shape == like.shape and bool(x.isfinite().all() and x.min() >= 0 and x.max() <= 1)
