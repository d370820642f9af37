"""The panel of lesson 1.2: move three logits, watch the loss and its two gradients."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch.nn import functional as F

from tutlib.panel import Choice, Panel, Slider
from tutlib.plots import losses as figures

NAMES = ("hog", "wombat", "airliner")
# A picture of 2 x 2 pixels and a linear net with one template for each class. Fixed, so that only
# the logits move; each slider stands for that class's bias.
PICTURE = torch.tensor([[0.9, 0.2], [0.5, 0.7]])
TEMPLATES = torch.tensor(
    [[[1.0, -0.5], [0.0, 0.5]], [[-0.5, 0.5], [1.0, -0.5]], [[-0.5, 1.0], [-0.5, 0.5]]]
)


def compute(state: dict) -> SimpleNamespace:
    """Softmax, loss and both gradients at three logits.

    Args:
        state: "hog", "wombat", "airliner" (the logits) and "true" (an index).
    """
    y = int(state["true"])
    wanted = torch.tensor([float(state[name]) for name in NAMES])
    x, weights = PICTURE.clone().requires_grad_(True), TEMPLATES.clone().requires_grad_(True)
    bias = wanted - (TEMPLATES * PICTURE).sum((1, 2))
    z = (weights * x).sum((1, 2)) + bias
    loss = F.cross_entropy(z[None], torch.tensor([y]))
    pull, grad_w, grad_x = torch.autograd.grad(loss, [z, weights, x])
    return SimpleNamespace(
        names=NAMES,
        y=y,
        z=wanted.tolist(),
        p=wanted.softmax(0).tolist(),
        loss=loss.item(),
        pull=pull.tolist(),
        grad_w=grad_w.numpy(),
        x=PICTURE.numpy(),
        grad_x=grad_x.numpy(),
    )


def describe(state: dict, result: SimpleNamespace) -> str:
    """The picture in words, for those who do not see it."""
    said = zip(NAMES, result.z, map(figures.probability, result.p))
    logits = ", ".join(f"{name} {z:+.1f} (p = {p})" for name, z, p in said)
    length = float((result.grad_x**2).sum() ** 0.5)
    return (
        f"Logits: {logits}. The true class is {NAMES[result.y]}, the loss {result.loss:.3f}. "
        f"The gradient over the picture has length {length:.3f}."
    )


def three_logits() -> Panel:
    """The panel: three sliders and the true class."""
    sliders = [
        Slider(name, min=-6.0, max=6.0, step=0.5, value=start, label=f"logit {name}")
        for name, start in zip(NAMES, (2.0, 1.0, -1.0))
    ]
    true = Choice("true", {name: k for k, name in enumerate(NAMES)}, label="true class")
    return Panel(
        compute,
        figures.logits_panel,
        [*sliders, true],
        title="Three logits, one loss, two gradients",
        question="Move the true class's logit from 6 down to -6. The loss keeps growing. "
        "And the gradient that reaches the picture?",
        answers=("it keeps growing, too", "it grows, and then levels off", "it shrinks"),
        reveal="It grows, and then levels off: both gradients are made of p - e_y, and no entry of "
        "that goes beyond 1. (At 6 there is next to nothing left of it. Remember that end.)",
        caption="Both gradients are made from the same three numbers, p - e_y: the weights get "
        "them times the picture, the picture gets them times the weights (orange is below zero, "
        "purple above).",
        frozen={"hog": [-6.0, -2.0, 2.0, 6.0], "true": [0, 1]},
        strip=[{"hog": -6.0}, {"hog": -2.0}, {"hog": 2.0}, {"hog": 6.0}],
        alt=describe,
    )
