"""One look everywhere: colours with fixed meanings, and the style sheet."""

from __future__ import annotations

import functools
from importlib import resources
from types import MappingProxyType

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

# Okabe and Ito's colours (2008): a colour-blind eye can tell them apart. Theirs has two blues, and
# here blue means clean and nothing else: so "generated" takes the wine of Paul Tol's muted scheme
# (2021). A meaning keeps its colour through the whole course, never carried by the colour alone.
COLOURS = MappingProxyType(
    {
        "clean": "#0072B2",
        "adversarial": "#D55E00",
        "perturbation": "#CC79A7",
        "target": "#E69F00",
        "real": "#009E73",
        "generated": "#882255",
        "neutral": "#777777",
        "ink": "#222222",
    }
)


MOST_WORDS = 12  # notes inside one pair of axes that are read out


def text_colour(meaning: str) -> str:
    """A colour of a meaning for words: dark enough to be read on white (contrast 4.5 or more)."""
    colour = COLOURS.get(meaning, meaning)
    red, green, blue = to_rgb(colour)
    dark = {"perturbation": 0.7, "target": 0.58, "real": 0.72}.get(meaning, 0.95)
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
    """Hand a figure over: it carries its alt text, and a notebook shows it once and not twice."""
    figure._repr_mimebundle_ = functools.partial(_shown, figure)
    plt.close(figure)  # or pyplot would show it, too
    return figure


def _shown(figure: Figure, include=None, exclude=None) -> tuple[dict, dict]:
    """The picture for a notebook, and beside it what it says in words."""
    from IPython.core.pylabtools import print_figure  # only a notebook asks for it

    alt = {"alt": in_words(figure)}
    return {"image/png": print_figure(figure), "text/plain": "a figure"}, {"image/png": alt}


def in_words(figure: Figure) -> str:
    """All that a figure says, for who cannot see it: titles, axes, legends, words, the caption."""
    said = [_text(figure, "_suptitle")]
    for axes in figure.axes:
        named = [axes.get_title(loc=place) for place in ("center", "left", "right")]
        named.append(" against ".join(filter(None, (axes.get_ylabel(), axes.get_xlabel()))))
        legend = axes.get_legend()
        named += [text.get_text() for text in legend.get_texts()] if legend else []
        named += [text.get_text() for text in axes.texts[:MOST_WORDS]]
        said.append(", ".join(dict.fromkeys(filter(str.strip, named))))
    said += [", ".join(text.get_text() for text in legend.get_texts()) for legend in figure.legends]
    said.append(_text(figure, "_supxlabel"))
    return " ".join("; ".join(filter(None, said)).split()) or "a figure without words"


def _text(figure: Figure, name: str) -> str:
    label = getattr(figure, name, None)
    return label.get_text() if label is not None else ""
