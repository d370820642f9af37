"""Checks for the exercises of 3.2, Too linear."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib import nets
from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def where_it_falls() -> Checks:
    """For `smallest_eps(w, b, x, y)`: the eps at which a linear score can be brought to zero."""
    w, x = torch.tensor([[2.0, -1.0], [0.0, 1.0]]), torch.tensor([[0.5, 0.25], [1.0, 0.5]])

    def near(f, expected: float, *given) -> bool:
        return abs(float(f(*given)) - expected) < 1e-5

    return [
        ("a margin of 1.25, and 4 for each unit of eps", lambda f: near(f, 1.25 / 4, w, 0.0, x, 1)),
        ("the bias belongs to the score", lambda f: near(f, 1.75 / 4, w, 0.5, x, 1)),
        ("the other class", lambda f: near(f, 0.75 / 4, w, -2.0, x, -1)),
        ("what is wrong already falls at 0", lambda f: near(f, 0.0, w, -2.0, x, 1)),
    ]


def finer_screen() -> Checks:
    """For `copied(w, n)`: weights (H, W) -> (nH, nW), the same score on pictures with copies."""
    source = torch.Generator().manual_seed(0)
    w, x = torch.randn(4, 5, generator=source), torch.rand(4, 5, generator=source)
    large = x.repeat_interleave(3, 0).repeat_interleave(3, 1)
    made = once(lambda f: f(w, 3))
    return [
        ("its shape is (12, 15)", lambda f: made(f).shape == (12, 15)),
        (
            "the score of an enlarged picture is the old one",
            lambda f: abs(float((made(f) * large).sum() - (w * x).sum())) < 1e-4,
        ),
        (
            "the copies of a pixel share its weight equally",
            lambda f: abs(float(made(f).norm() - w.norm() / 3)) < 1e-4,
        ),
        ("n = 1 changes nothing", lambda f: torch.allclose(f(w, 1), w)),
    ]


def layers_from_outside() -> Checks:
    """For `count_layers(scaled)`: scaled(c) are the logits when all weights are multiplied by c."""

    def knob(*widths: int):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(len(widths))
            net, x = nets.mlp(*widths), torch.rand(1, widths[0])
        layers = [layer.weight.detach() for layer in net[::2]]

        def scaled(c: float) -> Tensor:
            z = x
            for weight in layers[:-1]:
                z = (z @ (c * weight).T).relu()
            return (z @ (c * layers[-1]).T)[0]

        return scaled

    def count(f, *widths: int) -> bool:
        return int(f(knob(*widths))) == len(widths) - 1

    return [
        ("a net of two layers", lambda f: count(f, 6, 20, 3)),
        ("a single layer", lambda f: count(f, 6, 3)),
        ("a deep one of seven", lambda f: count(f, 6, *[30] * 6, 3)),
    ]
