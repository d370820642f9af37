"""Figures of translated pictures (5.6): rows of pictures, a pixel's many answers, a kept secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, as_array, finish, text_colour, use_style

DPI = 92  # of rows of pictures: they have 64 pixels a side, and a page carries many of them
MARKS = ("ink", "neutral", "generated")  # of curves that come one after another
DASHES = ("-", "--", ":")


def smooth(axes, picture: Tensor, title: str = "", colour: str = "ink") -> None:
    """`put`, enlarged without blocks: 64 pixels are few for a hall."""
    put(axes, picture, title, colour)
    axes.images[-1].set_interpolation("bicubic")


def rows_of(
    rows: Mapping[str, Tensor],
    marks: Sequence[str] | str = "ink",
    caption: str = "",
    *,
    size: float = 1.35,
) -> Figure:
    """Rows of pictures that belong together column by column, each with its name at the left.

    Args:
        rows: name -> pictures (N, C, H, W), as many in each row.
        marks: the meaning of each row, for the colour of its frames.
    """
    use_style()
    columns = len(next(iter(rows.values())))
    marks = [marks] * len(rows) if isinstance(marks, str) else marks
    size_all = (columns * size + 1.5, len(rows) * size * 1.02 + (0.55 if caption else 0.1))
    figure, axes = plt.subplots(len(rows), columns, figsize=size_all, squeeze=False)
    for line, (name, pictures), mark in zip(axes, rows.items(), marks):
        for place, picture in zip(line, pictures):
            smooth(place, picture, "", mark)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8, fontsize=13.5,
                           color=text_colour(mark))  # fmt: skip
    add_caption(figure, caption)
    finish(figure).set_dpi(DPI)  # last of all: closing a figure resets it
    return figure


def side_by_side(
    pictures: Sequence[Tensor], titles: Sequence[str], marks: Sequence[str], caption: str = "",
    *, size: float = 2.2,
) -> Figure:  # fmt: skip
    """A few pictures in a row, large, each with its title."""
    use_style()
    figsize = (size * len(pictures), size + (0.95 if caption else 0.55))
    figure, axes = plt.subplots(1, len(pictures), squeeze=False, figsize=figsize)
    for place, picture, title, mark in zip(axes[0], pictures, titles, marks):
        smooth(place, picture, title, mark)
        place.title.set_fontsize(12.5)
    add_caption(figure, caption)
    return finish(figure)


def best_answers(values: Tensor, caption: str = "") -> Figure:
    """What one pixel is in many true pictures, and what each constant answer would pay for it.

    Args:
        values: (N,), in [0, 1].
    """
    use_style()
    answers = torch.linspace(0, 1, 201, device=values.device)
    away = answers[:, None] - values
    costs = {"mean distance (L1)": away.abs().mean(1), "mean square (L2)": away.square().mean(1)}
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(8.2, 4.4), sharex=True,
                                          height_ratios=[1, 1.5])  # fmt: skip
    upper.hist(as_array(values), bins=np.linspace(0, 1, 41), color=COLOURS["real"],
               edgecolor="white", label="true pictures")  # fmt: skip
    upper.set_ylabel("how many")
    upper.legend(loc="upper center")
    for (name, cost), mark, dash in zip(costs.items(), ("generated", "ink"), DASHES):
        lower.plot(as_array(answers), as_array(cost), dash, color=COLOURS[mark], label=name)
        best = answers[cost <= cost.min() + 1e-4 * cost.max()]  # one answer, or a flat stretch
        low, high = float(best.min()), float(best.max())
        where = f"{(low + high) / 2:.2f}" if high - low < 0.03 else f"{low:.2f} to {high:.2f}"
        lower.plot([low, high], [float(cost.min())] * 2, "-o", color=COLOURS[mark], ms=9, lw=6,
                   solid_capstyle="round", label=f"pays least: {where}")  # fmt: skip
    lower.set(xlabel="the answer: how bright the pixel is painted", ylabel="what it pays",
              ylim=(0, 1.7 * float(costs["mean distance (L1)"].max())), xlim=(0, 1))  # fmt: skip
    lower.legend(ncols=2, fontsize=11, loc="upper center")
    add_caption(figure, caption)
    return finish(figure)


def kept_secret(
    noise: Sequence[float], shares: Mapping[str, Sequence[tuple[float, float, float]]],
    chance: float, caption: str = "",
) -> Figure:  # fmt: skip
    """How often the coat is right after there and back, against the noise on the picture between.

    Args:
        noise: standard deviations, in levels of 1/255.
        shares: name -> (low end, share, high end) for each of them; chance: what guessing gets.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(8.4, 4.2))
    for (name, band), mark, dash in zip(shares.items(), MARKS[::-1], DASHES):
        low, share, high = np.array(band).T
        axes.plot(noise, share, dash, color=COLOURS[mark], marker="o", label=name)
        axes.fill_between(noise, low, high, color=COLOURS[mark], alpha=0.18, lw=0)
    axes.axhline(chance, color=COLOURS["neutral"], lw=1.2, ls=(0, (1, 3)), label="guessing")
    axes.set(xlabel="noise on the zebra (standard deviation, in levels of 1/255)", ylim=(0, 1.03),
             ylabel="the right coat")  # fmt: skip
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.legend(loc="center right")
    add_caption(figure, caption)
    return finish(figure)


def quiz(pictures: Tensor, made: Sequence[bool] | None, guess: Sequence[int] = ()) -> Figure:
    """Twelve numbered pictures; with the truth, frames that say it, and which guesses were right.

    Args:
        pictures: (N, C, H, W); made: which are generated, or None to keep it covered.
        guess: the numbers, from 1, that somebody believes to be generated.
    """
    use_style()
    columns = -(-len(pictures) // 2)
    figure, axes = plt.subplots(2, columns, figsize=(1.25 * columns, 3.1), squeeze=False)
    for place, picture, number in zip(axes.flat, pictures, range(1, len(pictures) + 1)):
        words, mark = f"{number}", "ink"
        if made is not None:
            mark = "generated" if made[number - 1] else "real"
            words += f": {mark}"
        elif number in guess:
            words += ": made?"
        smooth(place, picture, words, mark)
        place.title.set_fontsize(12)
    return finish(figure)
