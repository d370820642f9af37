"""Checks for the exercises of 2.3, Many steps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tutlib.attacks import pgd
from tutlib.balls import L2
from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def arrival() -> Checks:
    """For `can_arrive(steps, step_size, eps)`: from a random start to any corner of the ball."""
    return [
        ("ten steps of eps/4 can", lambda f: f(10, 0.025, 0.1)),
        ("ten steps of eps/8 cannot, from the far side", lambda f: not f(10, 0.0125, 0.1)),
        ("one step of eps cannot", lambda f: not f(1, 0.1, 0.1)),
        ("a hundred short ones can", lambda f: f(100, 0.0025, 0.1)),
    ]


def l2_attack(eps: float = 0.5, steps: int = 12, size: float = 0.12) -> Checks:
    """For `pgd_l2(model, x, y, eps, steps, step_size)`, from the centre of the ball."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(48, 32), nn.Tanh(), nn.Linear(32, 4))
        x = torch.rand(6, 3, 4, 4) * 0.6 + 0.2
    y = model(x).argmax(1)
    made: Callable[[Callable], Tensor] = once(lambda f: f(model, x, y, eps, steps, size).detach())
    ours = pgd(model, x, y, L2(eps), steps=steps, step_size=size, random_start=False)
    return [
        ("the shape is kept", lambda f: made(f).shape == x.shape),
        (
            "nobody moves further than eps",
            lambda f: (made(f) - x).flatten(1).norm(dim=1).max() <= eps + 1e-5,
        ),
        ("and all are still pictures", lambda f: made(f).min() >= 0 and made(f).max() <= 1),
        ("it ends where the package's pgd ends", lambda f: (made(f) - ours).abs().max() < 1e-3),
    ]


def restarts(runs: int = 3) -> Checks:
    """For `with_restarts(attack, model, x, y, runs)`: the worst of several runs, for each.

    The model looks at one pixel, and says class 1 where it is brighter than 0.5.
    """
    x, y = torch.full((3, 1, 1, 1), 0.2), torch.zeros(3, dtype=torch.long)
    finds = [[0.3, 0.9, 0.1], [0.4, 0.6], [0.35, 0.3]]  # by run, for the pictures that are left

    def model(pictures: Tensor) -> Tensor:
        bright = pictures.flatten(1)[:, :1] - 0.5
        return torch.cat([-bright, bright], 1)

    def tried(f: Callable) -> tuple[Tensor, list[int]]:
        asked: list[int] = []

        def attack(_, pictures: Tensor, labels: Tensor) -> Tensor:
            found = torch.tensor(finds[min(len(asked), len(finds) - 1)])
            asked.append(len(pictures))
            return found[: len(pictures)].repeat(len(pictures))[: len(pictures)].view(-1, 1, 1, 1)

        return f(attack, model, x, y, runs), asked

    made = once(tried)
    return [
        ("what has fallen stays fallen", lambda f: made(f)[0].flatten()[1] == torch.tensor(0.9)),
        ("a later run may find what the first one missed",
         lambda f: made(f)[0].flatten()[2] == torch.tensor(0.6)),
        ("and of several failures the worst is kept",
         lambda f: made(f)[0].flatten()[0] == torch.tensor(0.4)),
        ("only those that still stand are tried again", lambda f: made(f)[1] == [3, 2, 1]),
    ]  # fmt: skip
