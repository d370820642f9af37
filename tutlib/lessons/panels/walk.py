"""The panel of lesson 2.3: many small steps in a ball, one after the other."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import Tensor

from tutlib.balls import Linf
from tutlib.descent import Steepest, ascend
from tutlib.lessons.panels.geometry import surface, two_pixel_loss, worst_in_ball
from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.steps import walk as draw

POINT, BALL, STEPS = (0.34, 0.54), Linf(0.3), 12
STARTS = {"the picture": None, "a random point": 7, "another random point": 3}  # their seeds


def climb(start: Tensor, size: float, steps: int) -> tuple[Tensor, Tensor]:
    """Every point on the way (steps + 1, 2), and its loss: sign steps of `size` (in eps)."""
    center, seen = torch.tensor([POINT]), []
    step = Steepest(size * BALL.eps)

    def note(_, point: Tensor, __) -> None:
        seen.append(point)

    last = ascend(two_pixel_loss, center, BALL, step, steps, start=start, callback=note)
    path = torch.cat([*seen, last])
    return path, two_pixel_loss(path)


def compute(state: dict) -> SimpleNamespace:
    """The walk so far, one full step to compare with, and the true worst point of the ball.

    Args:
        state: "steps" (taken so far), "size" (of a step, in units of eps), "start".
    """
    center, seed = torch.tensor([POINT]), STARTS[state["start"]]
    start = center if seed is None else BALL.sample(center, torch.Generator().manual_seed(seed))
    path, values = climb(start, float(state["size"]), int(state["steps"]))
    one, one_values = climb(center, 1.0, 1)
    worst, highest = worst_in_ball(center, BALL)
    axis, heights = surface()
    return SimpleNamespace(
        axis=axis.numpy(),
        surface=heights.numpy(),
        point=POINT,
        eps=BALL.eps,
        path=path.numpy(),
        values=values.numpy(),
        one=one[-1].numpy(),
        one_loss=one_values[-1].item(),
        worst=worst.numpy(),
        highest=max(highest, values.max().item()),
        steps=STEPS,
    )


def describe(state: dict, result: SimpleNamespace) -> str:
    """The picture in words, for those who do not see it."""
    return (
        f"{state['steps']} steps of {state['size']:g} eps each, from {state['start']}: loss "
        f"{result.values[-1]:.2f}; one step of 1 eps reaches {result.one_loss:.2f}; the worst "
        f"point of the ball has {result.highest:.2f}."
    )


def step_by_step() -> Panel:
    """The panel: take steps one by one, choose how long they are and where the walk begins."""
    controls = [
        Slider("steps", stops=list(range(STEPS + 1)), value=0, play=True, label="steps taken"),
        Slider("size", stops=[0.03, 0.1, 0.2, 0.5, 1], value=0.1, format="{} eps",
               label="step size"),
        Choice("start", list(STARTS), label="start at"),
    ]  # fmt: skip
    return Panel(
        compute,
        draw,
        controls,
        title="Many small steps",
        question="Twelve steps, each a tenth of eps long, from the picture. Where will they end?",
        answers=("at the true worst point", "above the one step, below the worst", "below both"),
        reveal="Press Play and see. Then walk with longer and with shorter steps. And then start "
        "somewhere else: not every climb ends on the same hill.",
        caption="Square: the ball. Dashed: one step of length eps. Orange: the walk, each dot one "
        "step. Star: the worst point of the ball, found by looking everywhere.",
        frozen={
            "steps": [0, 4, 12],
            "size": [0.03, 0.1, 0.2, 1],
            "start": ["the picture", "another random point"],
        },
        strip=[{"steps": 12, "size": size} for size in (0.03, 0.1, 1)]
        + [{"steps": 12, "size": 0.2, "start": "another random point"}],
        alt=describe,
    )
