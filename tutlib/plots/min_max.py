"""Figures of lesson 4.1: two bounds on one truth, Danskin's theorem, a fair price, slices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter
from torch import Tensor

from tutlib.plots.pictures import add_caption
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.plots.training import leaning, plane

# Who moved the pictures in training (or in the exam): colour, line, marker.
WHO = {"FGSM": ("perturbation", "-", "s"), "a random start": ("neutral", "--", "^"),
       "PGD": ("ink", "-", "o")}  # fmt: skip


def squares_judged(
    nets: Mapping[str, Callable], x: Tensor, y: Tensor, eps: float, wrong: Mapping[str, Tensor],
    proved: Mapping[str, Tensor], caption: str = "",
) -> Figure:  # fmt: skip
    """What is known of every square, for several nets: a wrong point in it, or a proof, or neither.

    Args:
        wrong: title -> (N, 2), a point of each square that the net gets wrong (NaN: none found).
        proved: title -> (N,), which squares are proved right all over.
    """
    use_style()
    figure, axes = plt.subplots(
        1, len(nets), figsize=(5.0 * len(nets), 5.8), squeeze=False, layout="constrained"
    )
    for place, (title, net) in zip(axes[0], nets.items()):
        plane(place, leaning(net, device=x.device), x, y, eps, title)
        place.plot(*as_array(wrong[title]).T, "X", ms=13, mew=1.2, mec="white",
                   color=COLOURS["adversarial"])  # fmt: skip
        sure, found = as_array(proved[title]), np.isfinite(as_array(wrong[title])).all(1)
        for middle, ok, bad in zip(as_array(x), sure, found):
            if ok or not bad:
                place.annotate("✓" if ok else "?", middle + eps * np.array([0.62, -0.62]),
                               ha="center", va="center", size=17, weight="bold")  # fmt: skip
    marks = (("X", "adversarial", "white"), ("$✓$", "ink", "black"), ("$?$", "ink", "black"))
    keys = [Line2D([], [], ls="", marker=mark, ms=11, color=COLOURS[colour], mec=edge)
            for mark, colour, edge in marks]  # fmt: skip
    words = ["the worst wrong point found", "proved right all over", "neither"]
    figure.legend(keys, words, loc="outside upper center", ncols=3)
    add_caption(figure, caption)
    return finish(figure)


def closing(
    pieces: Sequence[int], bounds: Mapping[str, Sequence[tuple[float, float]]], caption: str = ""
) -> Figure:
    """The two bounds on the share of squares right all over, as the squares are cut finer.

    Args:
        pieces: into how many pieces each side was cut; bounds: title -> (from above, from below)
            for each of them.
    """
    use_style()
    figure, axes = plt.subplots(
        1, len(bounds), figsize=(5.2 * len(bounds), 4.6), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for place, (title, both) in zip(axes[0], bounds.items()):
        above, below = zip(*both)
        place.fill_between(pieces, below, above, color=COLOURS["neutral"], alpha=0.18, lw=0,
                           label="the truth lies in here")  # fmt: skip
        place.plot(pieces, above, "-X", color=COLOURS["adversarial"], ms=9,
                   label="from above: corners tried")  # fmt: skip
        place.plot(pieces, below, "--o", color=COLOURS["ink"], label="from below: pieces proved")
        place.set_xscale("log", base=2)
        place.set_xticks(pieces, [str(k) for k in pieces])
        place.set(ylim=(-0.03, 1.05), xlabel="pieces along each side of a square")
        place.yaxis.set_major_formatter(PercentFormatter(1))
        place.set_title(title, loc="center")
    axes[0, 0].set_ylabel("squares right all over")
    axes[0, -1].legend(loc="lower right")
    add_caption(figure, caption)
    return finish(figure)


def by_hand(measured: Tensor, theorem: Tensor, clean: Tensor, caption: str = "") -> Figure:
    """Every weight's slope of the worst loss, measured by hand, against two gradients (W,)."""
    use_style()
    figure, axes = plt.subplots(figsize=(6.6, 5.4), layout="constrained")
    measured = as_array(measured)
    ends = np.array([measured.min(), measured.max()])
    axes.plot(ends, ends, color=COLOURS["neutral"], lw=1.5, label="equal")
    axes.plot(measured, as_array(clean), "x", color=COLOURS["clean"], ms=6,
              label="gradient at the clean points")  # fmt: skip
    axes.plot(measured, as_array(theorem), "o", color=COLOURS["adversarial"], ms=5,
              label="gradient at the worst points")  # fmt: skip
    axes.set(xlabel="slope of the worst loss, measured by hand", ylabel="gradient")
    axes.legend()
    add_caption(figure, caption)
    return finish(figure)


def kink(
    way: Tensor, losses: Mapping[str, Tensor], top: Tensor, at: float, slopes: Sequence[float],
    caption: str = "",
) -> Figure:  # fmt: skip
    """A maximum along a way through the space of weights, where the worst place changes.

    Args:
        way: (S,); losses: name -> (S,), the loss at one place held still; top: (S,), the maximum.
        at: where the two are level; slopes: of the maximum to the left and to the right of it.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(8.6, 4.9), layout="constrained")
    way, top = as_array(way), as_array(top)
    axes.plot(way, top, color=COLOURS["adversarial"], lw=6, alpha=0.5, label="the maximum")
    for (name, values), style in zip(losses.items(), ("--", "-.")):
        axes.plot(way, as_array(values), style, color=COLOURS["ink"], lw=1.8, label=name)
    height, reach = np.interp(at, way, top), 0.3 * (way[-1] - way[0])
    for slope, side in zip(slopes, (-1, 1)):
        ends = [at, at + side * reach], [height, height + side * reach * slope]
        axes.plot(*ends, ":", color=COLOURS["neutral"], lw=3,
                  label="slopes at the tie" if side < 0 else None)  # fmt: skip
    axes.plot(at, height, "o", color=COLOURS["ink"], ms=9, zorder=5)
    axes.set(xlabel="way from the first weights (0) to the trained ones (1)", ylabel="loss")
    axes.legend()
    add_caption(figure, caption)
    return finish(figure)


def equal_price(
    start: Sequence[float],
    curves: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]],
    ends: Mapping[str, Mapping[str, Sequence[tuple[float, float, float]]]],
    caption: str = "",
) -> Figure:
    """Several ways of training at one price, each from the same few nets, and how they end.

    Args:
        start: accuracy under PGD of each net before.
        curves: name (of `WHO`) -> for each net (gradients spent for each picture, accuracies).
        ends: name -> {attack: (accuracy, low, high) for each net}.
    """
    use_style()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12.4, 5.2), width_ratios=[1, 1.15], sharey=True, layout="constrained"
    )
    for name, nets in curves.items():
        colour, style, marker = WHO[name]
        for before, (spent, values) in zip(start, nets):
            left.plot([0, *spent], [before, *values], style, marker=marker, ms=4, lw=1.7,
                      color=COLOURS[colour])  # fmt: skip
    left.set(xlabel="gradients spent for each picture", ylabel="accuracy", ylim=(-0.02, 1.02))
    left.set_title("under PGD, along the way", loc="center")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    attacks = list(next(iter(ends.values())))
    for k, (name, found) in enumerate(ends.items()):
        for place, attack in enumerate(attacks):
            for j, (value, low, high) in enumerate(found[attack]):
                spot = place + 0.27 * (k - (len(ends) - 1) / 2) + 0.07 * (j - 1)
                _band(right, spot, value, low, high, name)
    right.set_xticks(range(len(attacks)), attacks)
    right.set_title("at the end", loc="center")
    right.grid(axis="x")
    for axes in (left, right):
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    keys = [Line2D([], [], ls=style, marker=marker, color=COLOURS[colour])
            for colour, style, marker in map(WHO.get, curves)]  # fmt: skip
    names = [f"trained against {name}" for name in curves]
    figure.legend(keys, names, loc="outside upper center", ncols=len(keys))
    add_caption(figure, caption)
    return finish(figure)


def _band(axes: Axes, spot: float, value: float, low: float, high: float, name: str) -> None:
    colour, _, marker = WHO[name]
    axes.plot([spot, spot], [low, high], color=COLOURS[colour], lw=4, alpha=0.4,
              solid_capstyle="butt")  # fmt: skip
    axes.plot(spot, value, marker, color=COLOURS[colour], ms=7)


def slices(
    eps: float, losses: Mapping[str, Mapping[str, Sequence[Tensor]]], caption: str = ""
) -> Figure:
    """The loss on straight ways inside the ball, for several nets.

    Means over several nets share one scale; a panel of a single net has its own.

    Args:
        losses: title -> {name (of `WHO`) of who chose the way: (S,) losses for each of some nets},
            from the picture itself to the end of the way, where a pixel moves by up to `eps`.
    """
    use_style()
    figure, axes = plt.subplots(
        1, len(losses), figsize=(4.4 * len(losses), 4.8), squeeze=False, layout="constrained"
    )
    means = [place for place, ways in zip(axes[0], losses.values())
             if min(map(len, ways.values())) > 1]  # fmt: skip
    for place in means[1:]:
        place.sharey(means[0])
    for place, (title, ways) in zip(axes[0], losses.items()):
        for name, curves in ways.items():
            colour, style, marker = WHO[name]
            for values in curves:
                place.plot(np.linspace(0, eps, len(values)), as_array(values), style, lw=2,
                           color=COLOURS[colour], marker=marker, ms=4)  # fmt: skip
        place.set_title(title, loc="center")
        place.set_xlabel("largest change of a pixel")
        if place not in means[1:]:
            place.set_ylabel("mean loss" if place in means else "loss")
    for place in axes[0]:
        place.set_ylim(bottom=0)  # when all is drawn: it ends autoscaling
    keys = [Line2D([], [], ls=WHO[name][1], marker=WHO[name][2], color=COLOURS[WHO[name][0]])
            for name in ways]  # fmt: skip
    figure.legend(keys, [f"straight to {name}'s end" for name in ways], loc="outside upper center",
                  ncols=len(keys))  # fmt: skip
    add_caption(figure, caption)
    return finish(figure)
