"""Checks for the exercises of 2.1, Turning a pig into an airliner."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import legal, once

EPS = 2 / 255


def least_likely(net, x: Tensor, y: int) -> Checks:
    """For `to_the_least_likely(net, x, y, eps)`."""
    made = once(lambda attack: attack(net, x, y, EPS))
    goal = int(net(x).argmin(1))
    return [
        *legal(made, x, EPS),
        (
            f"the net now says {net.labels[goal]}, the last thing it expected",
            lambda f: int(net(made(f)).argmax(1)) == goal,
        ),
    ]


def guardian(net, x: Tensor, y: int, noise: float = 16 / 255, draws: int = 24) -> Checks:
    """For `protect(net, x, y, eps)`: surer of the truth, also under noise."""
    made = once(lambda attack: attack(net, x, y, EPS))
    generator = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, (draws, *x.shape[1:]), generator=generator).to(x) * 2 - 1

    def under_noise(picture: Tensor) -> Tensor:
        with torch.no_grad():
            return net((picture + noise * signs).clamp(0, 1)).log_softmax(1)[:, y].mean()

    return [
        *legal(made, x, EPS),
        (
            "the net is surer of the truth than before",
            lambda f: net(made(f)).log_softmax(1)[0, y] > net(x).log_softmax(1)[0, y],
        ),
        (
            "and under noise of 16/255 it doubts it less",
            lambda f: under_noise(made(f)) > under_noise(x),
        ),
    ]


def two_stories(net, pair: Tensor, goals: list[str], eps: float = 4 / 255) -> Checks:
    """For `two_stories(net, xs, targets, eps)`, which returns one delta for two pictures."""
    targets = torch.tensor([net.index(goal) for goal in goals], device=pair.device)
    made: Callable[[Callable], Tensor] = once(lambda attack: attack(net, pair, targets, eps))

    def answers(f: Callable) -> list[int]:
        return net((pair + made(f)).clamp(0, 1)).argmax(1).tolist()

    return [
        ("there is one delta, not two", lambda f: made(f).shape == pair[:1].shape),
        ("no pixel moves by more than 4/255", lambda f: made(f).abs().max() <= eps + 1e-6),
        (f"the first picture becomes: {goals[0]}", lambda f: answers(f)[0] == int(targets[0])),
        (f"the second becomes: {goals[1]}", lambda f: answers(f)[1] == int(targets[1])),
    ]
