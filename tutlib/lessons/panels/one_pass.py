"""The panel of 6.3: a photograph and a painting of yours, painted in one forward pass."""

from __future__ import annotations

import functools

import torch
from matplotlib.figure import Figure
from torch import Tensor

from tutlib import assets
from tutlib.assets import photos
from tutlib.panel import Choice, Panel, Slider, Upload
from tutlib.plots import style_transfer as figures
from tutlib.style import paintings, told

STRENGTHS = [0, 0.25, 0.5, 0.75, 1]
PAINTED = 192  # pixels a side of a painting: how large its strokes are in a picture


def one_pass(
    device: torch.device | None = None,
    *,
    sitters: tuple[str, ...] = ("chelsea", "china", "astronaut"),
    size: int = 192,
) -> Panel:
    """Painting, photograph, both of your own if you like, and how much of the paint is laid on.

    Args:
        device: where it is painted (default: `assets.device()`); sitters: names out of
            `paintings.PHOTOS`; size: shorter side in pixels.
    """
    device = device or assets.device()

    @functools.cache
    def nets() -> tuple:
        found = assets.painter(), assets.any_painter(), assets.features("bundled")
        return tuple(net.to(device) for net in found)

    @functools.cache
    def sitter(name: str) -> Tensor:
        return paintings.photo(name, size).to(device)

    @functools.cache
    def painting(name: str) -> Tensor:
        return paintings.paint(name, PAINTED).to(device)

    @torch.no_grad()
    def compute(state: dict) -> dict:
        known, anyone, extractor = nets()
        own = state["your painting"]
        content = sitter(state["content"])
        if state["your photo"] is not None:
            content = photos.read(state["your photo"], size, square=False).to(device)
        if own is None:
            style = painting(state["style"])
            painted = known(content, state["style"])
        else:
            style = photos.read(own, PAINTED, square=False).to(device)
            painted = anyone(content, told(extractor, style))
        strength = state["strength"]
        picture = strength * painted + (1 - strength) * content
        return {"content": content, "style": style, "picture": picture}

    return Panel(
        compute,
        _draw,
        controls=[
            Choice("style", list(paintings.STYLES), help="whose code the net gets"),
            Slider("strength", stops=STRENGTHS, value=1, help="how much paint is on the photo"),
            Choice("content", list(sitters), help="which photograph is painted"),
            Upload("your photo", help="instead of the content: JPEG, PNG, WebP ...: it stays here"),
            Upload("your painting", help="instead of the style: the net for any painting reads it"),
        ],
        title="One forward pass",
        question="The starry night paints the cat in one pass. What of the painting will you miss?",
        answers=["its colours", "its strokes", "its stars and houses"],
        reveal="Stars and houses: a code says how strong each channel shall be, never where. What "
        "was a thing in the painting comes as colour and stroke. Bring pictures of your own.",
        caption="Left: photograph and painting. Right: what the net made of the photograph in one "
        "pass.",
        frozen={"strength": [0.5, 1], "style": list(paintings.STYLES)},
        strip=[{"style": name} for name in paintings.STYLES],
        alt=_alt,
    )


def _draw(found: dict) -> Figure:
    titles = ("the photograph", "the painting", "one forward pass")
    return figures.equation(
        found["content"], found["style"], found["picture"], size=2.3, titles=titles
    )


def _alt(state: dict, found: dict) -> str:
    content = "your photo" if state["your photo"] is not None else state["content"]
    style = "your painting" if state["your painting"] is not None else state["style"]
    return f"{content} painted by the net for {style}, strength {state['strength']:g}"
