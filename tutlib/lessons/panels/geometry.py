"""The panel of lesson 2.2: one step in a ball, on a loss over two pixels, with a point to drag."""

from __future__ import annotations

import functools
import io
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.balls import L2, Linf
from tutlib.panel import Choice, Pad, Panel, Slider
from tutlib.plots import geometry as figures

GRID = 81
BALLS = {"Linf": Linf, "L2": L2}


def two_pixel_loss(x: Tensor) -> Tensor:
    """The loss of a small model that sees two pixels: (N, 2) in [0, 1] -> (N,).

    The model's border between its two classes is a wave; the true class lies below it.
    """
    border = 0.55 + 0.16 * torch.sin(7 * x[:, 0]) - 0.1 * x[:, 0]
    return F.softplus(14 * (x[:, 1] - border) * (0.6 + 0.5 * torch.cos(3 * x[:, 0])))


@functools.cache
def surface() -> tuple[Tensor, Tensor]:
    """The loss on a grid, to be drawn: the places along each axis (G,), the heights (G, G)."""
    axis = torch.linspace(0, 1, GRID)
    x, y = torch.meshgrid(axis, axis, indexing="xy")
    return axis, two_pixel_loss(torch.stack([x.flatten(), y.flatten()], 1)).view(GRID, GRID)


def worst_in_ball(point: Tensor, ball, count: int = 121) -> tuple[Tensor, float]:
    """The worst point of the ball around `point` (1, 2), clipped to [0, 1], by looking everywhere.

    Args:
        count: points along each side of the square that is searched.
    """
    side = torch.linspace(-ball.eps, ball.eps, count)
    dx, dy = torch.meshgrid(side, side, indexing="xy")
    delta = torch.stack([dx.flatten(), dy.flatten()], 1)
    allowed = (point + delta[ball.norm(delta) <= ball.eps * (1 + 1e-6)]).clamp(0, 1)
    values = two_pixel_loss(allowed)
    return allowed[values.argmax()], values.max().item()


def compute(state: dict) -> SimpleNamespace:
    """Gradient, steepest step, what it promised, what it reached, and the true worst case.

    Args:
        state: "point" (two pixels), "norm" ("Linf" or "L2"), "eps".
    """
    point = torch.tensor([state["point"]], dtype=torch.float32)
    ball = BALLS[state["norm"]](float(state["eps"]))
    x = point.clone().requires_grad_(True)
    loss = two_pixel_loss(x)
    (gradient,) = torch.autograd.grad(loss.sum(), x)
    edge = (point + ball.eps * ball.steepest(gradient)).clamp(0, 1)
    line = point + torch.linspace(0, 1, 41)[:, None] * (edge - point)
    profile = two_pixel_loss(line)
    worst, highest = worst_in_ball(point, ball)
    axis, heights = surface()
    return SimpleNamespace(
        axis=axis.numpy(),
        surface=heights.numpy(),
        point=tuple(state["point"]),
        gradient=gradient[0].numpy(),
        step=(edge - point)[0].numpy(),
        worst=worst.numpy(),
        norm=state["norm"],
        eps=ball.eps,
        profile=profile.numpy(),
        loss=loss.item(),
        promised=(loss + (gradient * (edge - point)).sum()).item(),
        reached=profile[-1].item(),
        highest=max(highest, profile[-1].item()),
    )


def describe(state: dict, result: SimpleNamespace) -> str:
    """The picture in words, for those who do not see it."""
    x, y = result.point
    return (
        f"A loss over two pixels; the point is at ({x:.2f}, {y:.2f}), in an {result.norm} ball of "
        f"radius {result.eps:g}. Loss there {result.loss:.2f}; the steepest step promises "
        f"{result.promised:.2f} and reaches {result.reached:.2f}; the worst point of the ball has "
        f"{result.highest:.2f}."
    )


@functools.cache
def _background() -> bytes:
    """The loss as a small grey picture, to lie under the point that is dragged."""
    shade = np.asarray(surface()[1])[::-1]
    buffer = io.BytesIO()
    plt.imsave(buffer, 1 - 0.75 * shade / shade.max(), cmap="gray", vmin=0, vmax=1, format="png")
    return buffer.getvalue()


def one_step() -> Panel:
    """The panel: drag the point, choose the norm and the radius."""
    controls = [
        Pad("point", value=(0.7, 0.3), names=("pixel 1", "pixel 2"), label="the picture",
            step=(0.02, 0.02), background=_background()),
        Choice("norm", {"L-inf": "Linf", "L2": "L2"}),
        Slider("eps", stops=[0.02, 0.05, 0.1, 0.15, 0.2, 0.3], value=0.15),
    ]  # fmt: skip
    points = [(0.7, 0.3), (0.3, 0.45), (0.5, 0.7)]
    return Panel(
        compute,
        figures.step_panel,
        controls,
        title="One step to the edge of the ball",
        question="The steepest step is exact for a straight loss. This loss is bent. When does "
        "the step still find the worst point of the ball?",
        answers=("always", "when the ball is small", "never"),
        reveal="When the ball is small enough that the loss is nearly straight inside it. Drag "
        "the point to a bend of the wave, or widen the ball, and the star leaves the dot.",
        caption="Pink: the ball. Black arrow: the gradient. Orange line and dot: the steepest step "
        "for the norm. Star and dashed line: the worst point of the ball, found by looking "
        "everywhere. Dotted: what the gradient promises.",
        frozen={"point": points, "norm": ["Linf", "L2"], "eps": [0.05, 0.15]},
        strip=[{"eps": 0.05}, {"eps": 0.15}, {"eps": 0.3}, {"eps": 0.3, "norm": "L2"}],
        alt=describe,
    )
