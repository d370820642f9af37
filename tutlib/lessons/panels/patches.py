"""The panel of 6.2: a photograph, a painting, and how firmly the photograph is held."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import torch
from matplotlib.figure import Figure
from torch import Tensor

from tutlib import assets
from tutlib.assets import photos
from tutlib.panel import Choice, Panel, Slider, Upload
from tutlib.plots import style_transfer as figures
from tutlib.style import distances, paintings, repainting, resized

HOLDS = [0, 0.1, 0.3, 0.6, 1.5, 4]
ASKED = 400  # patches in each direction of a distance: a tenth of a second


def patches_panel(
    device: torch.device | None = None,
    *,
    sitters: tuple[str, ...] = ("chelsea", "china", "astronaut"),
    size: int = 128,
) -> Panel:
    """Hold, painting, photograph, both of your own if you like; live progress, and a Stop.

    Args:
        device: where it is painted (default: `assets.device()`); sitters: names out of
            `paintings.PHOTOS`; size: shorter side in pixels.
    """
    device = device or assets.device()

    @functools.cache
    def sitter(name: str) -> Tensor:
        return paintings.photo(name, size).to(device)

    @functools.cache
    def painting(name: str) -> Tensor:
        return paintings.paint(name, size).to(device)

    def own(file: bytes | None) -> Tensor | None:
        return None if file is None else photos.read(file, size, square=False).to(device)

    def compute(state: dict) -> Iterator[tuple[float, dict]]:
        content = own(state["your photo"])
        content = sitter(state["content"]) if content is None else content
        style = own(state["your painting"])
        style = painting(state["style"]) if style is None else style
        found = {"content": content, "style": style, "hold": state["hold"]}
        found["yours"] = [key for key in ("photo", "painting") if state[f"your {key}"] is not None]
        x = content
        for done, x in repainting(content, style, side=size, hold=state["hold"]):
            if done < 1:
                yield done, found | {"picture": resized(x, size), "far": None}
        yield 1.0, found | {"picture": x, "far": distances(x, style, count=ASKED)}

    return Panel(
        compute,
        _draw,
        controls=[
            Slider("hold", stops=HOLDS, value=0.6, help="how much the photo's light counts"),
            Choice("style", list(paintings.STYLES), value="stained glass", help="whose patches"),
            Choice("content", list(sitters), help="which photograph is painted"),
            Upload("your photo", help="instead of the content: JPEG, PNG, WebP ...: it stays here"),
            Upload("your painting", help="instead of the style: it stays here, too"),
        ],
        title="Whole patches of a painting",
        question="Which painter will lose the cat first, when the hold is loosened?",
        answers=["starry night", "mondrian", "stained glass", "waves"],
        reveal="Loosen the hold stop by stop, then change the style. Or bring a picture of your "
        "own.",
        caption="Left: photograph and painting. Right: the picture made of the painting's patches; "
        "above it, how strange it is to the painting, and how much of that is left out.",
        frozen={"hold": [0.1, 0.6, 4], "style": list(paintings.STYLES)},
        strip=[{"style": name} for name in paintings.STYLES],
        alt=_alt,
    )


def _measured(found: dict) -> str:
    far = found["far"]
    return (
        "painting ..." if far is None else f"strange {far.strange:.2f}, left out {far.left_out:.2f}"
    )


def _draw(found: dict) -> Figure:
    titles = ("the photograph", "the painting", _measured(found))
    return figures.equation(
        found["content"], found["style"], found["picture"], size=2.3, titles=titles
    )


def _alt(state: dict, found: dict) -> str:
    content = "your photo" if "photo" in found["yours"] else state["content"]
    style = "your painting" if "painting" in found["yours"] else state["style"]
    return f"{content} in patches of {style}, hold {state['hold']:g}: {_measured(found)}"
