"""The panel of 6.1: how much style, whose, and seen by which layers; painted as you watch."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import torch
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.balls import Box
from tutlib.descent import LBFGS, descend
from tutlib.panel import Choice, Panel, Slider
from tutlib.plots import style_transfer as figures
from tutlib.style import Losses, losses, paintings, weighed
from tutlib.style.extractors import Extractor
from tutlib.style.transfer import LONGEST

LAMBDAS = [0, 0.3, 1, 3, 10, 30, 100]
UNTRAINED = ("gabor", "random")
STRETCH = 1  # gradients between two looks: short, so that a hand on a slider is felt


class Resumed:
    """A step rule that is started once, so that the loop can be left and entered again."""

    def __init__(self, step, ball):
        self._move = step.start(ball)

    def start(self, ball):
        return self._move


def style_panel(
    extractor: Extractor,
    *,
    photos: tuple[str, ...] = ("china", "chelsea", "astronaut"),
    size: int = 96,
) -> Panel:
    """Lambda, style, layers, content; live progress, and a button that stops.

    Args:
        extractor: see `style.extractors`; photos: names out of `paintings.PHOTOS`; size: pixels
            a side.
    """
    device = next(extractor.buffers()).device
    half = (len(extractor.style_layers) + 1) // 2
    layers = {
        "the usual ones": extractor.style_layers,
        "fine layers only": _fine(extractor)[:half],
        "coarse layers only": _fine(extractor)[half:],
    }
    untrained = [name for name in extractor.layers if name.startswith(UNTRAINED)]
    if untrained:
        layers["untrained only"] = untrained
        layers["trained only"] = [name for name in extractor.layers if name not in untrained]

    @functools.cache
    def photo(name: str) -> Tensor:
        return paintings.photo(name, size).to(device)

    @functools.cache
    def paint(name: str) -> Tensor:
        return paintings.paint(name, size).to(device)

    def compute(state: dict) -> Iterator[tuple[float, dict]]:
        content, style = photo(state["content"]), paint(state["style"])
        measure = losses(extractor, content, style, style_layers=layers[state["layers"]])
        # Where the style weighs nothing, the photograph itself is the answer.
        steps, x = state["steps"] if state["lambda"] else 0, content
        step = Resumed(LBFGS(longest=LONGEST), Box())
        objective = weighed(measure, state["lambda"])
        for done in range(0, steps, STRETCH):
            yield done / steps, _seen(state, content, style, x, measure)
            x = descend(objective, x, Box(), step, min(STRETCH, steps - done))
        yield 1.0, _seen(state, content, style, x, measure)

    return Panel(
        compute,
        _draw,
        controls=[
            Slider("lambda", stops=LAMBDAS, value=10, help="how much the style weighs"),
            Choice("style", list(paintings.STYLES), help="which painting lends its hand"),
            Choice("layers", list(layers), help="which layers compare the style"),
            Choice("content", list(photos), help="which photograph is painted"),
            Slider("steps", stops=[0, 6, 15, 25, 60], value=25, help="gradients of L-BFGS"),
        ],
        title="How much, and whose?",
        question="Where does the photograph stop being recognisable?",
        answers=["lambda 1", "lambda 10", "lambda 100", "never"],
        reveal="Move lambda from 0 upwards, one stop at a time. Then change the painting, and the "
        "layers that look at it.",
        caption="Left: content and style. Right: the picture that pays least to both; above "
        "it, what it pays.",
        frozen={"lambda": [0, 1, 10, 100], "style": ["starry night", "stained glass"]},
        strip=[{"lambda": 0}, {"lambda": 1}, {"lambda": 10}, {"lambda": 100}],
        alt=_alt,
    )


def _fine(extractor: Extractor) -> list[str]:
    """The style layers from fine to coarse: by the size of what they return."""
    with torch.no_grad():
        probe = next(extractor.buffers()).new_zeros(
            1, 3, 2 * extractor.smallest, 2 * extractor.smallest
        )
        sizes = {name: f.shape[-1] for name, f in extractor(probe, extractor.style_layers).items()}
    return sorted(extractor.style_layers, key=lambda name: -sizes[name])


@torch.no_grad()
def _seen(state: dict, content: Tensor, style: Tensor, x: Tensor, measure) -> dict:
    parts = measure(x)
    return {"content": content, "style": style, "picture": x, "lambda": state["lambda"],
            "losses": Losses(float(parts.content), float(parts.style))}  # fmt: skip


def _draw(found: dict) -> Figure:
    paid = found["losses"]
    title = f"content {paid.content:.2f}, style {paid.style:.3f}"
    return figures.equation(
        found["content"], found["style"], found["picture"], size=2.3,
        titles=("the content", "the style", title),
    )  # fmt: skip


def _alt(state: dict, found: dict) -> str:
    paid = found["losses"]
    return (
        f"{state['content']} in the manner of {state['style']}, lambda {state['lambda']:g}: "
        f"content loss {paid.content:.2f}, style loss {paid.style:.3f}"
    )
