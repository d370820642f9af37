"""One look everywhere: colours with fixed meanings, and the style sheet."""

from __future__ import annotations

from importlib import resources
from types import MappingProxyType

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

# Okabe and Ito's colours (2008): a colour-blind eye can tell them apart. A meaning keeps its
# colour through the whole course, and is never carried by the colour alone.
COLOURS = MappingProxyType(
    {
        "clean": "#0072B2",
        "adversarial": "#D55E00",
        "perturbation": "#CC79A7",
        "target": "#E69F00",
        "real": "#009E73",
        "generated": "#56B4E9",
        "neutral": "#777777",
        "ink": "#222222",
    }
)


def text_colour(meaning: str) -> str:
    """A colour of a meaning for words: dark enough to be read on white (contrast 4.5 or more)."""
    colour = COLOURS.get(meaning, meaning)
    red, green, blue = to_rgb(colour)
    dark = {"perturbation": 0.7, "target": 0.58, "real": 0.72, "generated": 0.6}.get(meaning, 0.95)
    return to_hex((dark * red, dark * green, dark * blue))


def as_array(values) -> np.ndarray:
    """What a figure draws, as an array; tensors may lie on a GPU and ask for gradients."""
    if isinstance(values, list | tuple):
        return np.asarray([as_array(value) for value in values])
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
    return np.asarray(values)


def use_style() -> None:
    """Load the course's style sheet (every figure function here does it for you)."""
    with resources.as_file(resources.files("tutlib.plots") / "tutlib.mplstyle") as path:
        plt.style.use(path)


def finish(figure: Figure) -> Figure:
    """Hand a figure over: pyplot forgets it, so that a notebook shows it once and not twice."""
    plt.close(figure)
    return figure
