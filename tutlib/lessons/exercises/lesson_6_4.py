"""Checks for the exercises of 6.4, One idea, four faces."""

from __future__ import annotations

import torch

from tutlib.balls import L2, Linf
from tutlib.check import Checks
from tutlib.descent import Plain, Steepest, ascend
from tutlib.lessons.exercises.legal import once


def which_call() -> Checks:
    """For `sentence(objective, x, eps)`: the longest step of an L2 ball, taken once."""
    torch_x = torch.full((2, 1, 2, 2), 0.5)
    slopes = torch.tensor([[3.0, 0.0, 4.0, 0.0], [0.0, 0.0, 0.0, 0.2]]).view(2, 1, 2, 2)

    def hill(x):
        return (slopes * x).flatten(1).sum(1)

    made = once(lambda f: f(hill, torch_x, 0.1))
    expected = ascend(hill, torch_x, L2(0.1), Steepest(0.1), 1)
    near_white = torch.full((1, 1, 1, 2), 0.97)
    return [
        ("a batch of pictures, shaped as before", lambda f: made(f).shape == torch_x.shape),
        (
            "each picture moves by eps as the crow flies, neither less nor more",
            lambda f: torch.allclose(L2(1).norm(made(f) - torch_x), torch.tensor(0.1), atol=1e-4),
        ),
        (
            "it moves straight up the hill",
            lambda f: torch.allclose(made(f), expected, atol=1e-4),
        ),
        (
            "and what is nearly white does not become whiter than white",
            lambda f: f(lambda x: x.flatten(1).sum(1), near_white, 0.2).max() <= 1,
        ),
    ]


def two_wishes() -> Checks:
    """For `between(x, one, other, a, b, steps)`: the picture that pays for two distances."""
    generator = torch.Generator().manual_seed(0)
    x, one, other = torch.rand(3, 1, 3, 4, 4, generator=generator)
    made = once(lambda f: f(x, one, other, 3.0, 1.0, 200))

    return [
        (
            "with weights 3 and 1 it ends a quarter of the way from the first to the other",
            lambda f: torch.allclose(made(f), (3 * one + other) / 4, atol=0.01),
        ),
        (
            "a weight of 0: only the first wish counts",
            lambda f: torch.allclose(f(x, one, other, 1.0, 0.0, 200), one, atol=0.01),
        ),
        ("no steps, no change", lambda f: torch.equal(f(x, one, other, 1.0, 1.0, 0), x)),
        (
            "ten times both weights is the same compromise: divide the step by their sum",
            lambda f: torch.allclose(f(x, one, other, 30.0, 10.0, 200), made(f), atol=0.01),
        ),
    ]


def frozen_corner() -> Checks:
    """For `ball_of(x, mask, eps)`: legal moves of at most eps, and none where the mask is 0."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(1, 3, 6, 6, generator=generator)
    mask = torch.zeros(1, 1, 6, 6)
    mask[..., :3] = 1

    def moved(f, way: float):
        ball = f(x, mask, 0.1)
        return ascend(lambda z: way * z.flatten(1).sum(1), x, ball, Plain(1.0), 1)

    up, down = once(lambda f: moved(f, 1.0)), once(lambda f: moved(f, -1.0))
    free = mask.expand_as(x) == 1
    return [
        (
            "it is a ball: something with `around`, as `Box(low, high)` is",
            lambda f: hasattr(f(x, mask, 0.1), "around"),
        ),
        (
            "where the mask is 0 no pixel moves",
            lambda f: torch.equal(up(f)[~free], x[~free]) and torch.equal(down(f)[~free], x[~free]),
        ),
        (
            "where it is 1 a pixel may go up by eps, as far as white",
            lambda f: torch.allclose(up(f)[free], (x + 0.1).clamp(max=1)[free], atol=1e-5),
        ),
        (
            "and down by eps, as far as black",
            lambda f: torch.allclose(down(f)[free], (x - 0.1).clamp(min=0)[free], atol=1e-5),
        ),
        (
            "with a mask of ones it is the L-inf ball",
            lambda f: torch.allclose(
                f(x, torch.ones_like(mask), 0.1).project(x + 5, x).clamp(0, 1),
                Linf(0.1).project(x + 5, x).clamp(0, 1),
                atol=1e-5,
            ),
        ),
    ]
