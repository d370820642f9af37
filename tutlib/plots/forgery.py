"""Figures of forged pictures (5.2): sheets, pairs, neighbours, and how a design did."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption, as_image, put
from tutlib.plots.theme import COLOURS, finish, text_colour, use_style


def sheet(pictures: Tensor, columns: int = 10, gap: int = 1) -> Tensor:
    """Pictures (N, C, H, W) glued into one (1, C, ., .), rows of `columns`, white lines between."""
    count, channels, height, width = pictures.shape
    rows = -(-count // columns)
    out = torch.ones(1, channels, rows * (height + gap) - gap, columns * (width + gap) - gap)
    for i, picture in enumerate(pictures.detach().cpu()):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        out[0, :, top : top + height, left : left + width] = picture
    return out


def sheets(
    stages: Sequence[Tensor],
    titles: Sequence[str],
    *,
    columns: int = 10,
    wide: int = 4,
    caption: str = "",
    each: float = 3.1,
    colour: str = "generated",
) -> Figure:
    """A sheet of samples per stage, at most `wide` in a row, the titles in a meaning's colour."""
    use_style()
    down = -(-len(stages) // wide)
    across = -(-len(stages) // down)
    glued = [sheet(stage, columns) for stage in stages]
    tall = glued[0].shape[-2] / glued[0].shape[-1]
    size = (each * across, (0.97 * each * tall + 0.3) * down + (0.45 if caption else 0))
    figure, axes = plt.subplots(down, across, figsize=size, squeeze=False)
    for place in axes.flat:
        place.axis("off")
    for place, picture, title in zip(axes.flat, glued, titles):
        place.imshow(as_image(picture), vmin=0, vmax=1, cmap="gray", interpolation="nearest")
        place.set_title(title, fontsize=13, color=text_colour(colour))
    add_caption(figure, caption)
    return finish(figure)


def pairs(above: Tensor, below: Tensor, real_above: Sequence[bool] | None = None) -> Figure:
    """Pairs of pictures, A above B, large: which of the two is real?

    Args:
        above, below: pictures (N, C, H, W); real_above: the truth, or None to keep it covered.
    """
    use_style()
    figure, axes = plt.subplots(2, len(above), figsize=(2.15 * len(above), 5.0), squeeze=False)
    for column in range(len(above)):
        for row, pictures in enumerate((above, below)):
            words, mark = "AB"[row], "ink"
            if real_above is not None:
                mark = "real" if bool(real_above[column]) == (row == 0) else "generated"
                words += f": {mark}"
            put(axes[row, column], pictures[column], words, mark)
            axes[row, column].title.set_fontsize(15)
    return finish(figure)


def neighbours(made: Tensor, nearest: Tensor, distances: Tensor, caption: str = "") -> Figure:
    """Generated pictures above, the training picture nearest to each below, with the distance."""
    use_style()
    count = len(made)
    figure, axes = plt.subplots(2, count, figsize=(1.15 * count, 3.4))
    for i in range(count):
        for row, pictures, mark in ((0, made, "generated"), (1, nearest, "real")):
            place = axes[row, i]
            place.imshow(as_image(pictures[i]), vmin=0, vmax=1, cmap="gray")
            place.set(xticks=[], yticks=[])
            place.grid(False)
            for spine in place.spines.values():
                spine.set(visible=True, color=COLOURS[mark], linewidth=2.5)
        axes[1, i].set_xlabel(f"{distances[i]:.1f}", fontsize=12)
    axes[0, 0].set_ylabel("generated")
    axes[1, 0].set_ylabel("nearest\nreal")
    add_caption(figure, caption)
    return finish(figure)


def ablation(results: dict[str, Sequence[float]], caption: str = "") -> Figure:
    """A row for each variant: its distance with every seed, in multiples of the floor, and their
    range; the dashed line is the floor, the grey band the range of the first variant."""
    use_style()
    figure, axes = plt.subplots(figsize=(9.8, 0.5 * len(results) + 1.7))
    first = next(iter(results.values()))
    axes.axvspan(min(first), max(first), color=COLOURS["neutral"], alpha=0.18, lw=0)
    for place, (name, values) in enumerate(results.items()):
        low, high = min(values), max(values)
        axes.plot([low, high], [place, place], color=COLOURS["generated"], lw=5, alpha=0.45)
        axes.scatter(values, [place] * len(values), s=75, zorder=3, color=COLOURS["generated"],
                     edgecolor=COLOURS["ink"])  # fmt: skip
        axes.annotate(f"{name}: {low:.1f} to {high:.1f}", (high, place), (12, 0), va="center",
                      textcoords="offset points", fontsize=12.5)  # fmt: skip
    axes.axvline(1, color=COLOURS["real"], linestyle="--")
    axes.annotate("real against real", (1, 0), (8, 0), textcoords="offset points", va="center",
                  fontsize=12.5, color=text_colour("real"))  # fmt: skip
    largest = max(max(values) for values in results.values())
    axes.set(xscale="log", xlabel="Fréchet distance, in multiples of real against real", yticks=[],
             xlim=(0.9, largest * 4.2), ylim=(len(results) - 0.4, -0.6))  # fmt: skip
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500) if tick <= 4.2 * largest]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.grid(False, axis="y")
    add_caption(figure, caption)
    return finish(figure)


def long_game(
    d_loss: Sequence[float],
    g_loss: Sequence[float],
    distance: dict[int, float],
    caption: str = "",
    *,
    window: int = 25,
) -> Figure:
    """Both losses round by round (and their means over `window` rounds), and under them how far
    the pictures were from real ones, in multiples of the floor."""
    use_style()
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(9.4, 5.9), sharex=True,
                                          height_ratios=[1.25, 1])  # fmt: skip
    ends = np.arange(window, len(d_loss) + 1)
    for values, mark, dash, name, level in (
        (d_loss, "ink", "-", "expert", 2 * np.log(2)),
        (g_loss, "generated", "-.", "forger", np.log(2)),
    ):
        sums = np.concatenate([[0.0], np.cumsum(values)])
        upper.plot(range(1, len(values) + 1), values, color=COLOURS[mark], alpha=0.22, lw=0.8)
        upper.plot(ends, (sums[window:] - sums[:-window]) / window, dash, color=COLOURS[mark],
                   lw=2.5, label=f"{name}'s loss")  # fmt: skip
        upper.axhline(level, color=COLOURS[mark], linestyle=":", lw=2,
                      label=f"{name}'s, if nobody can tell")  # fmt: skip
    upper.set(ylabel="loss", ylim=(0, 1.25 * float(np.quantile([*d_loss, *g_loss], 0.99))))
    upper.legend(ncols=2, loc="upper right", fontsize=11)
    lower.plot(list(distance), list(distance.values()), "o-", color=COLOURS["generated"],
               label="the average's pictures")  # fmt: skip
    lower.axhline(1, color=COLOURS["real"], linestyle="--", label="real against real")
    lower.set(xlabel="round", ylabel="times the floor", yscale="log")
    lower.yaxis.set_major_formatter("{x:g}")
    lower.legend(loc="upper right", fontsize=11)
    add_caption(figure, caption)
    return finish(figure)
