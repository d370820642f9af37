"""Figures of pictures that were asked for (5.5): boards, birds and words, scores with bands."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption, as_image
from tutlib.plots.theme import COLOURS, as_array, finish, text_colour, use_style

RIGHT, WRONG = "real", "adversarial"  # what a reader ticks, and what it crosses out


def boards(games: Mapping[str, tuple], centres: Tensor, held_back: Sequence[int], caption: str = ""
           ) -> Figure:  # fmt: skip
    """One board for each game: points (N, 2) and the fields (N,) that they were asked for.

    A dot has the colour of its row and the shape of its column, those of the field that was asked
    for: a right dot stands in a field of its own sign. Fields that were held back are hatched.
    """
    use_style()
    figure, row = plt.subplots(1, len(games), figsize=(4.15 * len(games), 4.9), sharey=True,
                               squeeze=False)  # fmt: skip
    colours = ["#222222", "#9c5a1f", "#8f8f00", "#a5a5a5"]  # of rows: none that means something
    for axes, (title, (points, asked)) in zip(row[0], games.items()):
        for field, (x, y) in enumerate(as_array(centres)):
            new = field in held_back
            axes.add_patch(plt.Rectangle(
                (x - 0.45, y - 0.45), 0.9, 0.9, facecolor="#eeeeee" if new else "none", lw=1,
                edgecolor="#999999", hatch="//" if new else None, zorder=0))  # fmt: skip
            axes.scatter(x - 0.34, y + 0.33, s=34, marker="osD^"[field % 4], zorder=1,
                         facecolor="none", edgecolor=colours[field // 4], lw=1.6)  # fmt: skip
            at = as_array(points[asked == field])
            axes.scatter(at[:, 0], at[:, 1], s=20, marker="osD^"[field % 4], alpha=0.75, zorder=2,
                         color=colours[field // 4], edgecolor="white", lw=0.4)  # fmt: skip
        axes.set(xlim=(-2.3, 2.3), ylim=(-2.3, 2.3), xticks=[], yticks=[], aspect="equal")
        axes.grid(False)
        axes.set_title(title, fontsize=14, loc="center")
        for spine in axes.spines.values():
            spine.set_visible(False)
    add_caption(figure, caption)
    return finish(figure)


def bird(axes: Axes, picture: Tensor) -> None:
    """One picture, enlarged smoothly, without a frame."""
    axes.imshow(as_image(picture), interpolation="bicubic")
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def aviary(pictures: Tensor, rows: Sequence[str], columns: Sequence[str], caption: str = "",
           each: float = 1.75) -> Figure:  # fmt: skip
    """Pictures (R * C, 3, H, W) as a table: words above the columns, words beside the rows."""
    use_style()
    down, across = max(len(rows), 1), len(pictures) // max(len(rows), 1)
    above = [textwrap.fill(words, int(9.5 * each)) for words in columns]
    lines = max((words.count("\n") + 1 for words in above), default=0)
    size = (each * across + 0.4, each * down + 0.2 * lines + (0.6 if caption else 0.1))
    figure, axes = plt.subplots(down, across, figsize=size, squeeze=False)
    for place, picture in zip(axes.flat, pictures):
        bird(place, picture)
    for place, words in zip(axes[0], above):
        place.set_title(words, fontsize=11.5, loc="center")
    for place, words in zip(axes[:, 0], rows):
        place.set_ylabel(words, fontsize=12)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)
    add_caption(figure, caption)
    return finish(figure)


def scores(groups: Mapping[str, Mapping[str, tuple]], least: float, caption: str = "") -> Figure:
    """Shares with their bands: groups[who][part] = (share, low, high), parts from top to bottom."""
    use_style()
    looks = [("real", "s"), ("neutral", "o"), ("generated", "D")]
    parts = list(next(iter(groups.values())))
    figure, axes = plt.subplots(figsize=(9.6, 0.72 * len(parts) + 1.7))
    for shift, ((who, found), (colour, marker)) in enumerate(zip(groups.items(), looks)):
        place = np.arange(len(parts)) + 0.22 * (shift - (len(groups) - 1) / 2)
        share, low, high = (np.array([100 * found[part][k] for part in parts]) for k in range(3))
        axes.errorbar(share, place, xerr=[share - low, high - share], fmt=marker, ms=8, capsize=4,
                      lw=2, color=COLOURS[colour], label=who)  # fmt: skip
    axes.axvline(100 * least, color=COLOURS["ink"], ls=":", label=f"{least:.0%}")
    axes.set(yticks=range(len(parts)), yticklabels=parts, xlabel="read as asked (%)")
    axes.invert_yaxis()
    axes.set_xlim(right=101)
    figure.legend(loc="outside upper center", ncols=len(groups) + 1)
    add_caption(figure, caption)
    return finish(figure)


def shares(found: Mapping[str, Mapping[str, float]], caption: str = "") -> Figure:
    """How often each option came, for each part that was left open; dotted: all alike."""
    use_style()
    figure, row = plt.subplots(
        1, len(found), figsize=(12.2, 3.6), sharey=True,
        width_ratios=[len(options) + 0.8 for options in found.values()],
    )  # fmt: skip
    for axes, (part, options) in zip(np.atleast_1d(row), found.items()):
        heights = [100 * share for share in options.values()]
        axes.bar(range(len(options)), heights, color=COLOURS["generated"], width=0.7)
        axes.axhline(100 / len(options), color=COLOURS["real"], ls=":")
        axes.set_xticks(range(len(options)), options, rotation=60 if len(options) > 3 else 30)
        axes.set_title(part, fontsize=13)
        axes.grid(False, axis="x")
    np.atleast_1d(row)[0].set_ylabel("of the birds (%)")
    add_caption(figure, caption)
    return finish(figure)


def four_birds(pictures: Tensor, words: Sequence[str], right: Tensor, trouble: str = "") -> Figure:
    """The panel's picture: birds (4, 3, H, W), below each the words asked for, ticked or crossed.

    Args:
        words: what was asked for; right: (4, len(words)), whether the reader sees it.
        trouble: a sentence in the place of the birds.
    """
    use_style()
    figure, row = plt.subplots(1, 4, figsize=(11.6, 3.9), layout="constrained")
    if trouble:
        for axes in row:
            axes.axis("off")
        figure.text(0.5, 0.55, textwrap.fill(trouble, 52), ha="center", va="center", fontsize=20,
                    color=text_colour(WRONG))  # fmt: skip
        return finish(figure)
    for axes, picture, seen in zip(row, pictures, right.tolist()):
        bird(axes, picture)
        for line, (word, good) in enumerate(zip(words, seen)):
            axes.text(0.5, -0.04 - 0.085 * line, f"{'✓' if good else '✗'} {word}", fontsize=13,
                      color=text_colour(RIGHT if good else WRONG), va="top", ha="center",
                      transform=axes.transAxes, fontfamily="DejaVu Sans")  # fmt: skip
    row[0].text(0.5, -0.04 - 0.085 * 5, " ", transform=row[0].transAxes, va="top", fontsize=13)
    return finish(figure)


def film(pictures: Tensor, above: Sequence[str], below: Sequence[str], caption: str = "") -> Figure:
    """A walk: pictures side by side, words above and below."""
    use_style()
    figure, row = plt.subplots(1, len(pictures), figsize=(1.42 * len(pictures), 2.6))
    for axes, picture, over, under in zip(row, pictures, above, below):
        bird(axes, picture)
        axes.set_title(over, fontsize=11, loc="center")
        axes.set_xlabel(under, fontsize=11)
    add_caption(figure, caption)
    return finish(figure)
