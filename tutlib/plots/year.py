"""Figures of the year of the GAN (5.4): two heaps, critics' slopes, seven columns of digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.forgery import sheet
from tutlib.plots.pictures import add_caption, as_image
from tutlib.plots.theme import COLOURS, as_array, finish, text_colour, use_style

STROKES = ("-", "--", ":", "-.", (0, (8, 2)))
MARKS = "osD^vP*"


def apart(theta, js, way, caption: str = "", *, here: float | None = None) -> Figure:
    """Jensen-Shannon divergence and Wasserstein distance against the gap, and both slopes.

    Args:
        theta, js, way: (n,) gaps in order, and both numbers at each; here: a gap to be marked.

    Example:
        >>> len(apart([-1, 0, 1], [0.7, 0, 0.7], [1, 0, 1]).axes)
        2
    """
    use_style()
    theta, js, way = (as_array(values) for values in (theta, js, way))
    figure, axes = plt.subplots(1, 2, figsize=(11.5, 4.1), layout="constrained")
    _against_the_gap(axes, theta, js, way, here)
    add_caption(figure, caption)
    return finish(figure)


def _against_the_gap(axes: Sequence[Axes], theta, js, way, here: float | None) -> None:
    slopes = [np.gradient(values, theta) for values in (js, way)]
    for place, pair, name in zip(axes, ((js, way), slopes), ("value", "slope")):
        for values, label, stroke in zip(pair, ("Jensen-Shannon", "Wasserstein"), STROKES):
            colour = COLOURS["neutral" if label[0] == "J" else "ink"]
            place.plot(theta, values, stroke, color=colour, lw=3, label=label)
            if here is not None:
                place.plot(here, np.interp(here, theta, values), "o", color=colour, ms=11,
                           mec="white")  # fmt: skip
        place.set(xlabel="gap θ between the heaps", ylabel=name)
    axes[0].axhline(np.log(2), color=COLOURS["neutral"], lw=1)
    axes[0].annotate("log 2", (theta[0], np.log(2)), (3, 5), textcoords="offset points")
    axes[0].legend(loc="upper center")


def two_heaps(state: dict) -> Figure:
    """The panel's picture: both heaps above, the two numbers and their slopes below.

    Args:
        state: "x", "real", "generated": densities over x; "theta", "js", "way": curves over the
            gap; "here": the gap; "pushes": both slopes there.
    """
    use_style()
    figure = plt.figure(figsize=(10.5, 4.9), layout="constrained")
    above, *below = (figure.add_subplot(2, 2, place) for place in ((1, 2), 3, 4))
    x = as_array(state["x"])
    for mark, alpha in (("real", 0.4), ("generated", 0.55)):
        above.fill_between(x, as_array(state[mark]), color=COLOURS[mark], alpha=alpha, label=mark)
    push = state["pushes"]
    above.set(
        xlabel="x",
        yticks=[],  # heights of densities: only where the heaps stand and touch matters
        title=(
            f"push on the generated heap: JS {abs(push[0]):.3f}, Wasserstein {abs(push[1]):.2f}"
        ),
    )
    above.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))  # beside the heaps
    _against_the_gap(below, *(as_array(state[k]) for k in ("theta", "js", "way")), state["here"])
    return finish(figure)


def slopes(at: Tensor, found: Mapping[str, Tensor], gap: float, caption: str = "") -> Figure:
    """How steep each critic is along a way across both lines, on a logarithmic axis.

    Args:
        at: (n,) places; found: each critic's slopes (n,) there; gap: the lines stand at 0 and gap.

    Example:
        >>> import torch
        >>> len(slopes(torch.arange(3), {"clipped": torch.ones(3)}, 1.0).axes)
        1
    """
    use_style()
    figure, axes = plt.subplots(figsize=(11, 4.6), layout="constrained")
    for (name, values), stroke in zip(found.items(), STROKES):
        values = as_array(values)
        axes.plot(as_array(at), values, linestyle=stroke, color=COLOURS["ink"], lw=3, label=name)
    for place, mark, words in ((0, "real", "real"), (gap, "generated", "generated")):
        axes.axvline(place, color=COLOURS[mark], lw=5, alpha=0.6)
        axes.annotate(words, (place, 0.3), (8, 0), xycoords=("data", "axes fraction"),
                      textcoords="offset points", color=text_colour(mark))  # fmt: skip
    axes.axhline(1, color=COLOURS["neutral"], lw=1)
    axes.set(yscale="log", xlabel="place across the two lines", ylabel="slope of the critic")
    axes.set_xlim(float(at[0]), float(at[-1]))
    figure.legend(loc="outside right center", handlelength=3.4)
    add_caption(figure, caption)
    return finish(figure)


def columns(pictures: Mapping[str, Tensor], distances: Mapping[str, Sequence[float]] | None = None,
            caption: str = "", *, wide: int = 3) -> Figure:  # fmt: skip
    """A column of pictures for each name; beneath, if there are any, its distances as bars.

    Example:
        >>> import torch
        >>> len(columns({"A": torch.rand(4, 1, 8, 8)}, {"A": [2.0, 3.0]}).axes)
        2
    """
    use_style()
    count, bars = len(pictures), distances is not None
    tall = 11.8 / count * -(-len(next(iter(pictures.values()))) // wide) / wide + 0.3
    figure = plt.figure(figsize=(12.4, tall + 0.4 + 2.2 * bars), layout="constrained")
    grid = figure.add_gridspec(1 + bars, count, height_ratios=[tall, 2.2][: 1 + bars])
    for place, (name, made) in enumerate(pictures.items()):
        axes = figure.add_subplot(grid[0, place])
        axes.imshow(as_image(sheet(made, wide)), cmap="gray", vmin=0, vmax=1,
                    interpolation="bicubic")  # fmt: skip
        axes.set_title(name, fontsize=13.5, loc="center")
        axes.axis("off")
    if bars:
        axes = figure.add_subplot(grid[1, :])
        for place, name in enumerate(pictures):
            values = list(distances[name])
            axes.bar(place, float(np.mean(values)), 0.62, color=COLOURS["generated"], alpha=0.5)
            axes.plot([place] * len(values), values, "o", color=COLOURS["generated"], ms=9,
                      mec="white", zorder=3)  # fmt: skip
        axes.axhline(1, color=COLOURS["real"], ls="--")
        axes.set(yscale="log", xlim=(-0.5, count - 0.5), xticks=[], ylabel="distance\n/ floor")
        axes.set_yticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
        axes.minorticks_off()
    add_caption(figure, caption)
    return finish(figure)


def tracks(records: Mapping[str, Sequence[dict]], caption: str = "", after: int = 0) -> Figure:
    """For each game D's success, minus its loss, against the distance: a path for each seed.

    Args:
        records: by title, curves as `assets.year_of_the_gan` hands them on.
        after: so many looks are left out at the beginning.
    """
    use_style()
    figure, row = plt.subplots(1, len(records), figsize=(12.4, 3.9), layout="constrained")
    for axes, (name, runs) in zip(np.atleast_1d(row), records.items()):
        for seed, (run, mark) in enumerate(zip(runs, MARKS)):
            axes.plot(run["distance"][after:], -np.array(run["d_loss"][after:]), "-" + mark,
                      color=COLOURS["ink"], lw=1, ms=8, mfc=COLOURS["generated"], mec="white",
                      alpha=0.85, label=f"seed {seed}")  # fmt: skip
        axes.set(xlabel="distance / floor", title=name)
    np.atleast_1d(row)[0].set_ylabel("D's success")
    figure.legend(*np.atleast_1d(row)[0].get_legend_handles_labels(), loc="outside upper center",
                  ncols=3)  # fmt: skip
    add_caption(figure, caption)
    return finish(figure)


def against_time(records: Mapping[str, Sequence[dict]], caption: str = "") -> Figure:
    """The distance of each game against CPU seconds: the band of its seeds, and their middle."""
    use_style()
    figure, row = plt.subplots(1, len(records), figsize=(12.4, 3.3), sharey=True, sharex=True,
                               layout="constrained")  # fmt: skip
    for axes, (name, runs) in zip(np.atleast_1d(row), records.items()):
        seconds = np.mean([run["seconds"] for run in runs], 0)
        curves = np.array([run["distance"] for run in runs])
        axes.fill_between(seconds, curves.min(0), curves.max(0), color=COLOURS["generated"],
                          alpha=0.3, lw=0)  # fmt: skip
        axes.plot(seconds, np.median(curves, 0), color=COLOURS["generated"], lw=2.5)
        axes.axhline(1, color=COLOURS["real"], ls="--")
        axes.set(yscale="log", title=name, xlabel="CPU s")
        axes.title.set_fontsize(13)
        axes.set_yticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
        axes.minorticks_off()
    np.atleast_1d(row)[0].set_ylabel("distance / floor")
    add_caption(figure, caption)
    return finish(figure)
