"""Figures of 6.4: six faces of one call, the pig between three wishes, and the course's map."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots import style_transfer
from tutlib.plots.data_uri import base64_of
from tutlib.plots.pictures import put
from tutlib.plots.theme import COLOURS, as_array, text_colour, use_style


def faces(
    pictures: Mapping[str, tuple[Tensor, str]], points: tuple[str, Tensor, Tensor, Tensor],
    caption: str = "",
) -> Figure:  # fmt: skip
    """Five pictures and a cloud of points, two rows of three.

    Args:
        pictures: title -> (a picture (1, C, H, W) in [0, 1], its meaning out of `COLOURS`).
        points: title, real points (N, 2), generated ones (M, 2), and where each shall go (M, 2);
            they stand in the fifth place.
    """
    use_style()
    figure, axes = style_transfer.subplots(2, 3, figsize=(9.6, 7.0))
    places = list(axes.flat)
    cloud = places.pop(4)
    for place, (title, (picture, mark)) in zip(places, pictures.items(), strict=True):
        put(place, picture, title, mark)
    title, real, fake, wish = points
    _cloud(cloud, as_array(real), as_array(fake), as_array(wish))
    cloud.set_title(title, color=text_colour("generated"), loc="center")
    for place in axes.flat:
        place.title.set_fontsize(12.5)
    return style_transfer.finish(figure, caption)


def _cloud(axes: Axes, real, fake, wish) -> None:
    axes.plot(*real.T, "o", color=COLOURS["real"], markersize=4, alpha=0.5, label="real")
    axes.plot(*fake.T, "x", color=COLOURS["generated"], markersize=6, label="generated")
    axes.quiver(*fake.T, *(wish - fake).T, color=COLOURS["generated"], angles="xy",
                scale_units="xy", scale=1, width=0.006)  # fmt: skip
    axes.set(aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, fontsize=11,
                frameon=False)  # fmt: skip


def wishes(found: Mapping) -> Figure:
    """The picture between three wishes, and what the net says of it: for the panel of 6.4."""
    use_style()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(7.6, 3.5), width_ratios=[1, 1], layout="constrained"
    )
    put(left, found["picture"], found["title"], "generated")
    left.title.set_fontsize(12.5)
    names, values = zip(*found["said"][::-1])
    meanings = {"hog": "clean", "airliner": "target"}
    colours = [COLOURS[meanings.get(name, "neutral")] for name in names]
    right.barh(names, values, color=colours)
    for k, (name, value) in enumerate(zip(names, values)):
        on_dark = value > 0.7 and name != "airliner"
        right.text(min(value, 0.7) + 0.02, k, percent(value), va="center", fontsize=12,
                   color="white" if on_dark else COLOURS["ink"])  # fmt: skip
    right.set(xlim=(0, 1), xlabel="how sure the net is", xticks=[0, 0.5, 1])
    right.set_xticklabels(["0 %", "50 %", "100 %"])
    plt.close(figure)
    return figure


def percent(value: float) -> str:
    """A probability as words: 3.1 %, "< 0.01 %" near 0 and "> 99.9 %" near 1.

    Example:
        >>> percent(0.031), percent(1e-7), percent(0.99999)
        ('3.1 %', '< 0.01 %', '> 99.9 %')
    """
    if value > 0.9995:
        return "> 99.9 %"
    if value < 1e-4:
        return "< 0.01 %"
    return f"{100 * value:.2f} %" if value < 0.001 else f"{100 * value:.1f} %"


class MapFigure(Figure):
    """A figure that shows itself as a page of links (`html`), and as a picture elsewhere."""

    html: str = ""

    def _ipython_display_(self) -> None:
        drawn = io.BytesIO()
        self.savefig(drawn, format="png", dpi=80)
        bundle = {"image/png": base64_of(drawn.getvalue()), "text/plain": "the map of the course"}
        if self.html:
            bundle["text/html"] = self.html
        words = [" ".join(text.get_text().split()) for text in self.axes[0].texts]
        display(bundle, raw=True, metadata={"image/png": {"alt": "; ".join(words)}})


def draw_map(lines: Mapping[str, Sequence[tuple[str, str]]], here: str = "") -> MapFigure:
    """A line for each chapter, a stop for each (number, title); the one at `here` is filled."""
    use_style()
    most = max(len(some) for some in lines.values())
    figure, axes = plt.subplots(
        FigureClass=MapFigure, figsize=(1.75 * most, 1.4 * len(lines)), layout="constrained"
    )
    for row, (name, some) in enumerate(lines.items()):
        axes.text(-0.12, -row + 0.2, name, fontsize=13, weight="bold")
        axes.plot([0, len(some) - 1], [-row, -row], color=COLOURS["neutral"], linewidth=4)
        for k, (number, title) in enumerate(some):
            fill = COLOURS["ink"] if number == here else "white"
            axes.plot(k, -row, "o", markersize=12, color=COLOURS["ink"], markerfacecolor=fill)
            words = textwrap.fill(f"{number} {title}", 19)
            axes.text(k - 0.12, -row - 0.14, words, fontsize=10.5, va="top")
    axes.set(xlim=(-0.2, most - 0.1), ylim=(-len(lines) + 0.25, 0.45))
    axes.axis("off")
    plt.close(figure)
    return figure
