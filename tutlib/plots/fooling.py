"""Figures of nets (and people) that are sure and wrong: habits, rubbish, twisted cords (3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import ndimage
from torch import Tensor

from tutlib.plots.pictures import add_caption, answers, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate

LOOKS = (
    {"color": COLOURS["ink"], "marker": "o", "ls": "-"},
    {"color": COLOURS["neutral"], "marker": "D", "ls": "--", "mfc": "white", "mew": 2.5},
    {"color": COLOURS["neutral"], "marker": "s", "ls": ":"},
)  # no meaning of their own: they only tell what is compared


def sure(value: float) -> str:
    """A probability in words short enough for a title; nothing measured is called certain."""
    return "> 99.9 %" if value > 0.999 else f"{100 * value:.0f} %" if value >= 0.01 else "< 1 %"


def dots(groups: Mapping[str, Mapping[str, Estimate]], axis: str, caption: str = "", *,
         chance: float | None = None) -> Figure:  # fmt: skip
    """Shares or mean confidences with their bands: a few things compared, for each group.

    Args:
        groups: name of a row -> what is compared -> its estimate, between 0 and 1.
        axis: what the horizontal axis shows ("in per cent" is added).
        chance: where a guess would lie, drawn as a line.
    """
    use_style()
    names = list(dict.fromkeys(name for found in groups.values() for name in found))
    looks = dict(zip(names, LOOKS, strict=False))
    height = 1.7 + 0.44 * sum(len(found) for found in groups.values())
    figure, axes = plt.subplots(figsize=(10.8, height), layout="constrained")
    for place, found in enumerate(groups.values()):
        for row, (name, estimate) in enumerate(found.items()):
            _dot(axes, place + 0.28 * (row - (len(found) - 1) / 2), estimate, looks[name])
    for name, look in looks.items():
        axes.plot([], [], **(look | {"ls": ""}), ms=10, label=name)
    if chance is not None:
        axes.axvline(100 * chance, color=COLOURS["neutral"], ls=":", lw=1.8, label="a guess")
    axes.set(yticks=range(len(groups)), yticklabels=list(groups), xlim=(-3, 103))
    axes.set(ylim=(len(groups) - 0.5, -0.5), xlabel=f"{axis}, in per cent")
    handles = axes.get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=len(handles[0]))
    add_caption(figure, caption)
    return finish(figure)


def _dot(axes: Axes, height: float, estimate: Estimate, look: Mapping) -> None:
    low, high = (100 * end for end in estimate.band)
    axes.plot([low, high], [height] * 2, color=look["color"], lw=6, alpha=0.35,
              solid_capstyle="butt")  # fmt: skip
    axes.plot(100 * estimate.value, height, **(look | {"ls": ""}), ms=9)


def exceptions(counts: Sequence[int], curves: Mapping[str, Sequence[Estimate]], of: int) -> Figure:
    """How often a net is right against the number of exceptions among its training pictures.

    Args:
        counts: exceptions in each class; curves: what is judged -> an estimate for each count;
        of: training pictures of each class.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(10.8, 4.8), layout="constrained")
    places = np.arange(len(counts))
    for (name, estimates), look in zip(curves.items(), LOOKS, strict=False):
        low, high = (100 * np.array(end) for end in zip(*(e.band for e in estimates)))
        axes.fill_between(places, low, high, color=look["color"], alpha=0.15, lw=0)
        axes.plot(places, [100 * e.value for e in estimates], **look, ms=9, label=name)
    axes.set(xticks=places, xticklabels=[f"{count} of {of}" for count in counts])
    axes.set(xlabel="training pictures of each animal on the other ground")
    axes.set(ylabel="right, in per cent", ylim=(-3, 103))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    add_caption(figure, "The same animals, seen from the same side, in the same light; only the "
                "ground under some of them was changed. Shaded: 95 % bands.")  # fmt: skip
    return finish(figure)


def sheet(rows: Mapping[str, Sequence[tuple[Tensor, str, str]]], caption: str = "", *,
          size: float = 2.0) -> Figure:  # fmt: skip
    """Rows of pictures with a name at their left: each picture with a title and a meaning.

    Args:
        rows: name -> (picture (1, C, H, W) or (C, H, W), title, meaning of the frame's colour).
    """
    use_style()
    columns = max(map(len, rows.values()))
    figure, places = plt.subplots(
        len(rows), columns, squeeze=False, layout="constrained",
        figsize=(columns * size + 0.5, len(rows) * (size + 0.36) + 0.6),
    )  # fmt: skip
    for line, (name, shown) in zip(places, rows.items()):
        for place in line[len(shown) :]:
            place.axis("off")
        for place, (picture, title, meaning) in zip(line, shown):
            put(place, picture, title, meaning)
            place.title.set_fontsize(13)
        line[0].set_ylabel(name, fontsize=13)
    add_caption(figure, caption)
    return finish(figure)


def illusion(picture: Tensor, caption: str = "") -> Figure:
    """One drawing (1, 1, H, W), as large as a screen allows."""
    use_style()
    figure, axes = plt.subplots(figsize=(8.4, 8.4), layout="constrained")
    put(axes, picture)
    add_caption(figure, caption)
    return finish(figure)


def unrolled(drawings: Mapping[str, Tensor], caption: str = "") -> Figure:
    """Drawings (1, 1, H, H) around a middle, cut open and unrolled: angle across, radius up."""
    use_style()
    figure, row = plt.subplots(1, len(drawings), figsize=(11.4, 4.8), sharey=True, squeeze=False,
                               layout="constrained")  # fmt: skip
    for axes, (name, picture) in zip(row[0], drawings.items()):
        flat = as_array(picture)[0, 0]
        half = len(flat) / 2
        radius, angle = np.ogrid[0.5:half, 0 : 2 * np.pi : 900j]
        places = half - 0.5 - radius * np.sin(angle), half - 0.5 + radius * np.cos(angle)
        level = ndimage.map_coordinates(flat, places, order=0, mode="nearest")
        axes.imshow(level, cmap="gray", vmin=0, vmax=1, origin="lower", aspect="auto",
                    extent=(0, 360, 0, half))  # fmt: skip
        axes.set(xlabel="angle, in degrees", xticks=[0, 90, 180, 270, 360])
        axes.grid(False)
        axes.set_title(name, size=13)
    row[0, 0].set_ylabel("distance from the middle, in pixels")
    add_caption(figure, caption)
    return finish(figure)


def where_it_stands(found: Mapping) -> Figure:
    """The panel's figure: one animal on a ground, and what two nets make of it.

    Args:
        found: `picture` (1, 3, H, W), `truth` and the nets' answers `said`: name of a net ->
            pairs (class, probability).
    """
    use_style()
    figure, places = plt.subplots(1, 1 + len(found["said"]), figsize=(7.8, 3.2), squeeze=False,
                                  width_ratios=[1.25] + [1] * len(found["said"]))  # fmt: skip
    put(places[0, 0], found["picture"], f"truth: {found['truth']}", found["meaning"])
    for axes, (name, pairs) in zip(places[0, 1:], found["said"].items()):
        classes, values = zip(*pairs)
        first = max(pairs, key=lambda pair: pair[1])[0]
        marks = {found["truth"]: "clean"}
        if first != found["truth"]:
            marks[first] = "adversarial"
        answers(axes, classes, values, highlight=marks)
        axes.set(ylim=(-0.9, len(pairs) - 0.1), xticklabels=["0", "50", "100 %"])
        axes.set_title(name, size=13)
    return finish(figure)
