"""Checks for the exercises of 3.1, From risk to adversarial risk."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.balls import Linf
from tutlib.check import Checks
from tutlib.lessons.exercises.legal import legal, once
from tutlib.risk import per_picture


def how_many(share: float = 0.01, doubt: float = 0.05) -> Checks:
    """For `how_many`: pictures without a single mistake that show the risk is below `share`.

    One-sided: with a risk of `share`, no mistake in so many has a chance of at most `doubt`.
    """
    return [
        ("it is a whole number of pictures", lambda n: n == int(n) and n > 0),
        (
            f"at a risk of {share:.0%} the chance of no mistake in so many is at most {doubt:.0%}",
            lambda n: (1 - share) ** n <= doubt,
        ),
        (
            "and with one picture fewer it is larger",
            lambda n: (1 - share) ** (n - 1) > doubt,
        ),
    ]


def worst_of(seed: int = 0) -> Checks:
    """For `worst_of(clean, *attacks)`: tensors (N,) of 0 and 1 to one risk."""
    generator = torch.Generator().manual_seed(seed)
    clean, a, b = (torch.randint(0, 2, (3, 50), generator=generator) * 1.0).unbind()
    nothing, first, last = torch.zeros(4), torch.eye(4)[0], torch.eye(4)[3]
    return [
        (
            "two attacks that fool different pictures add up",
            lambda f: abs(float(f(nothing, first, last)) - 0.5) < 1e-6,
        ),
        (
            "a picture that is wrong untouched counts, whatever an attack made of it",
            lambda f: abs(float(f(first, nothing)) - 0.25) < 1e-6,
        ),
        (
            "it is right for any two attacks",
            lambda f: (
                abs(float(f(clean, a, b)) - float(((clean + a + b) > 0).double().mean())) < 1e-6
            ),
        ),
    ]


def blind_search(net, x: Tensor, y: Tensor, eps: float) -> Checks:
    """For `blind_search(net, x, y, eps, tries)`: the best of many random corners, no gradient."""
    few = once(lambda search: search(net, x, y, eps, 2))
    many = once(lambda search: search(net, x, y, eps, 30))

    def loss(pictures: Tensor) -> Tensor:
        return per_picture(net, pictures, y, kind="loss")

    return [
        *legal(many, x, eps),
        (
            "no picture's loss is below that of the untouched one",
            lambda f: bool((loss(many(f)) >= loss(x) - 1e-5).all()),
        ),
        (
            "thirty tries find more than two",
            lambda f: loss(many(f)).mean() > loss(few(f)).mean(),
        ),
        (
            "it really moves the pictures: the mean loss has grown",
            lambda f: (
                loss(many(f)).mean() > loss(x).mean()
                and float(Linf(eps).norm(many(f) - x).mean()) > eps / 2
            ),
        ),
    ]
