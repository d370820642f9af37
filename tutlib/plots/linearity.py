"""Figures of lesson 3.2: weights as a picture, straight lines through nets, equal lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate

LOOKS = {  # what a line or a mark is about
    "formula": {"color": COLOURS["ink"], "ls": "-", "marker": ""},
    "sign of w": {"color": COLOURS["adversarial"], "ls": "", "marker": "o"},
    "random signs": {"color": COLOURS["neutral"], "ls": "--", "marker": "s"},
    "fresh": {"color": COLOURS["neutral"], "ls": "--", "marker": "s"},
    "trained": {"color": COLOURS["adversarial"], "ls": "-", "marker": "o"},
    "linear": {"color": COLOURS["ink"], "ls": "-.", "marker": "D"},
}


def signed(values: Tensor, *, most: float | None = None) -> Tensor:
    """Values of either sign as a picture: mid-grey is zero, black and white are the extremes."""
    return 0.5 + 0.5 * values / max(float(values.abs().max()) if most is None else most, 1e-12)


def no_bend(w: Tensor, before: Tensor, after: Tensor, eps: float, scores: Sequence[float]
            ) -> Figure:  # fmt: skip
    """A three, the weights, their signs, and the three after one step (pictures (1, 1, H, W))."""
    use_style()
    figure, row = plt.subplots(1, 4, figsize=(11.6, 3.7), layout="constrained")
    put(row[0], before, f"a 3: score {scores[0]:+.1f}", "clean")
    put(row[1], signed(w), "the weights w", "ink")
    put(row[2], signed(w.sign(), most=1), "sign(w)", "perturbation")
    put(row[3], after, f"3 + {255 * eps:.0f}/255 · sign(w):\nscore {scores[1]:+.1f}", "adversarial")
    add_caption(figure, "Below zero the score says 3, above zero 7. In the middle: white pulls "
                "towards 7, black towards 3.")  # fmt: skip
    return finish(figure)


def exact_error(levels, formula, found: Mapping[str, tuple[Sequence[float], list[Estimate]]]
                ) -> Figure:  # fmt: skip
    """The error of a linear score for every eps: by the formula, and as found by changes.

    Args:
        levels, formula: eps in levels, and the share that is wrong there; found: what was added
            -> (eps in levels, estimates).
    """
    use_style()
    figure, axes = plt.subplots(figsize=(9.6, 4.6), layout="constrained")
    axes.plot(as_array(levels), 100 * as_array(formula), color=COLOURS["ink"], label="the formula")
    for name, (places, estimates) in found.items():
        look = LOOKS[name]
        low, high = (100 * np.array(end) for end in zip(*(e.band for e in estimates)))
        axes.fill_between(places, low, high, color=look["color"], alpha=0.18, lw=0)
        axes.plot(places, [100 * e.value for e in estimates], label=f"{name}, measured", **look)
    axes.set(xlabel="eps, in levels of 1/255", ylabel="wrong, in per cent", ylim=(-2, 102))
    axes.legend(loc="upper left")
    add_caption(figure, "Every pixel moves by eps; nothing is stopped at black and white. Shaded: "
                "95 % bands.")  # fmt: skip
    return finish(figure)


def over_sizes(sides: Sequence[int], push: Mapping[str, Sequence[float]],
               ratio: Mapping[str, Sequence[float]]) -> Figure:  # fmt: skip
    """What the worst change does, and how many times as much as noise, against the picture's side.

    Args:
        sides: of the pictures, in pixels; push: name -> the median of ||g||_1 at each side;
            ratio: name -> the median of ||g||_1 / ||g||_2.
    """
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.2, 5.4), layout="constrained")
    for axes, values, title in ((left, push, "the worst push, $||g||_1$"),
                                (right, ratio, "worst / chance, $||g||_1/||g||_2$")):  # fmt: skip
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        for name, numbers in values.items():
            axes.plot(sides, numbers, label=name, **LOOKS[name])
        axes.set_title(title, size=14)
        axes.set(xlabel="side of the picture, in pixels", xticks=sides)
        for one in (axes.xaxis, axes.yaxis):
            one.set_major_formatter("{x:g}")
        axes.minorticks_off()
    for name, numbers in push.items():
        law = numbers[0] * np.array(sides) / sides[0]
        left.plot(sides, law, ":", color=LOOKS[name]["color"], lw=1.8)
    right.plot(sides, sides, ":", color=COLOURS["ink"], lw=1.8)
    left.plot([], [], ":", color=COLOURS["ink"], lw=1.8, label="√d (left: if it grew like that)")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    add_caption(figure, "Medians. On these scales equal steps are equal factors, and every power "
                "of d is a straight line.")  # fmt: skip
    return finish(figure)


def two_explanations(axis: Tensor, leads: Mapping[str, Sequence[Tensor]],
                     points: Sequence[tuple[Tensor, Tensor]]) -> Figure:  # fmt: skip
    """The same kind of net, trained twice on different points: a crooked kind and a straight one.

    Args:
        axis: places (G,); leads: title -> the leads (G, G) of two nets over the plane;
            points: for each of the two trainings its points (P, 2) and labels (P,).
    """
    use_style()
    figure, row = plt.subplots(1, len(leads), figsize=(11.6, 5.2), layout="constrained")
    axis = as_array(axis)
    (xy, y), _ = points
    for axes, (title, (first, second)) in zip(row, leads.items()):
        first, second = as_array(first), as_array(second)
        axes.contourf(axis, axis, first > 0, levels=[-0.5, 0.5, 1.5], colors=["#f7f7f7", "#e2e2e2"])
        axes.contour(axis, axis, first, [0], colors=COLOURS["ink"], linewidths=2.6)
        axes.contour(axis, axis, second, [0], colors=COLOURS["neutral"], linewidths=3,
                     linestyles="--")  # fmt: skip
        for label, mark, face in ((0, "o", "white"), (1, "X", COLOURS["ink"])):
            chosen = as_array(xy)[as_array(y) == label]
            axes.scatter(*chosen.T, s=55, marker=mark, c=face, edgecolors=COLOURS["ink"], lw=1.4,
                         zorder=3)  # fmt: skip
        axes.set_title(title, size=14)
        axes.set(xticks=[], yticks=[], aspect="equal", xlim=axis[[0, -1]], ylim=axis[[0, -1]])
    for colour, dash, name in (("ink", "-", "learned from the points shown"),
                               ("neutral", "--", "learned from other points")):  # fmt: skip
        row[0].plot([], [], dash, color=COLOURS[colour], label=name)
    figure.legend(*row[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    add_caption(figure, "Where each net changes its answer. Shaded: the first one says cross.")
    return finish(figure)


def bundles(levels, leads: Mapping[str, Tensor], r2: Mapping[str, float]) -> Figure:
    """Leads of several pictures along the sign of the gradient, a panel for each net.

    Args:
        levels: how far each pixel has moved, in levels (T,); leads: net -> (T, N) leads;
            r2: net -> the median R squared over all pictures.
    """
    use_style()
    figure, row = plt.subplots(1, len(leads), figsize=(13, 4.1), layout="constrained")
    for axes, (name, values) in zip(row, leads.items()):
        axes.plot(as_array(levels), as_array(values), color=COLOURS["perturbation"], lw=1.5)
        axes.axhline(0, color=COLOURS["ink"], lw=1)
        axes.axvline(0, color=COLOURS["neutral"], lw=1, ls=":")
        axes.set_title(f"{name}: $R^2$ = {r2[name]:.3f}", size=14)
        axes.set(xlabel="levels of 1/255", xticks=[-30, 0, 30])
    row[0].set_ylabel("lead of the true class")
    add_caption(figure, "A line is a digit: every pixel moves against the lead (right of 0) or "
                "with it (left). Below zero: fooled. $R^2$: median of all digits.")  # fmt: skip
    return finish(figure)


def dots(found: Mapping[str, Mapping[str, Tensor]], caption: str) -> Figure:
    """R squared of every net along a few kinds of lines: medians, with the middle 80 %.

    Args:
        found: net -> kind of line -> values (N,).
    """
    use_style()
    figure, axes = plt.subplots(figsize=(10.8, 5.6), layout="constrained")
    kinds = list(next(iter(found.values())))
    looks = (("perturbation", "o"), ("perturbation", "s"), ("ink", "D"))
    for place, values in enumerate(found.values()):
        for k, (kind, (colour, mark)) in enumerate(zip(kinds, looks)):
            height = place + 0.25 * (k - 1)
            low, middle, high = np.quantile(as_array(values[kind]), [0.1, 0.5, 0.9])
            axes.plot([low, high], [height] * 2, color=COLOURS[colour], lw=6, alpha=0.35,
                      solid_capstyle="butt")  # fmt: skip
            axes.plot(middle, height, mark, color=COLOURS[colour], ms=10)
    for kind, (colour, mark) in zip(kinds, looks):
        axes.plot([], [], mark, color=COLOURS[colour], ms=10, label=kind)
    axes.set(yticks=range(len(found)), yticklabels=list(found), xlim=(-0.02, 1.02))
    axes.set(ylim=(len(found) - 0.5, -0.5), xlabel="$R^2$: 1 is a straight line")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    add_caption(figure, caption)
    return finish(figure)


def equal_lengths(three: Tensor, rows: Sequence[tuple[str, Tensor, str, str]], length: float
                  ) -> Figure:  # fmt: skip
    """One three and changes of the same L2 length: each change, where it leads, what is said.

    Args:
        three: (1, 1, H, W); rows: (what it is, the picture it leads to, its title, its meaning).
    """
    use_style()
    figure, axes = plt.subplots(2, 1 + len(rows), figsize=(12.6, 5.7), layout="constrained")
    put(axes[0, 0], three, "a 3", "clean")
    axes[1, 0].axis("off")
    words = f"the first three\nchanges are\n{length:.1f} long\n(in $L_2$)"
    axes[1, 0].text(0.5, 0.5, words, ha="center", va="center", size=15)
    for column, (name, picture, title, meaning) in enumerate(rows, 1):
        put(axes[0, column], picture, title, meaning)
        put(axes[1, column], signed(picture - three, most=1), name, "perturbation")
    add_caption(figure, "Above: where each change leads, and what the net says there. Below: the "
                "change itself (grey is no change).")  # fmt: skip
    return finish(figure)


def traversed(result: SimpleNamespace) -> Figure:
    """The panel's figure: all logits along a line, the pictures under it, one picture large.

    Args:
        result: `levels` (T,), `logits` (T, K), `truth`, `level` (where we stand), `said`, `sure`,
            `picture` (1, 1, H, W), `under` pictures (M, 1, H, W) and `places` (M,) their levels,
            `r2` of the lead.
    """
    use_style()
    figure = plt.figure(figsize=(9.0, 4.4))
    grid = figure.add_gridspec(2, 2, height_ratios=[3.3, 1], width_ratios=[1, 2.5])
    here, curves, strip = (figure.add_subplot(place) for place in
                           (grid[:, 0], grid[0, 1], grid[1, 1]))  # fmt: skip
    right = result.said == result.truth
    meaning = "adversarial" if not right else "clean" if result.level == 0 else "neutral"
    sure = "> 99 %" if result.sure > 0.99 else f"{100 * result.sure:.0f} %"
    level = f"{result.level:+.0f}/255" if result.level else "untouched"
    put(here, result.picture, f"{level}: “{result.said}”, {sure}", meaning)
    _logit_curves(curves, result)
    span = result.places[1] - result.places[0]
    for place, picture in zip(result.places, result.under):
        strip.imshow(as_array(picture)[0].clip(0, 1), cmap="gray", vmin=0, vmax=1, aspect="auto",
                     extent=(place - 0.46 * span, place + 0.46 * span, 0, 1))  # fmt: skip
    strip.axvline(result.level, color=COLOURS["ink"], lw=1.6)
    strip.set(xlim=curves.get_xlim(), ylim=(0, 1), yticks=[], xticks=list(result.places))
    strip.set_xlabel("how far every pixel has moved, in levels")
    strip.grid(False)
    return finish(figure)


def _logit_curves(axes: Axes, result: SimpleNamespace) -> None:
    """Ten logits along the line: the true class, the one that is said, and the others."""
    logits, levels = as_array(result.logits), as_array(result.levels)
    for k, values in enumerate(logits.T):
        colour, width, dash = "neutral", 1.0, "-"
        if k == result.truth:
            colour, width = "clean", 3.0
        elif k == result.said:
            colour, width, dash = "adversarial", 3.0, "--"
        axes.plot(levels, values, dash, color=COLOURS[colour], lw=width)
        winner = logits.argmax(1) == k
        if winner.any():  # its name, where it is on top
            middle = int(np.flatnonzero(winner).mean())
            axes.annotate(str(k), (levels[middle], values[middle]), (0, 5), ha="center",
                          textcoords="offset points", size=13, weight="bold")  # fmt: skip
    axes.axvline(result.level, color=COLOURS["ink"], lw=1.6)
    room = 0.14 * (logits.max() - logits.min())
    axes.set(xlim=(levels[0] * 1.17, levels[-1] * 1.17), xticklabels=[], ylabel="logits")
    axes.set_ylim(logits.min() - 0.3 * room, logits.max() + room)
    axes.set_title(f"the ten logits; $R^2$ of the lead {result.r2:.3f}", size=13)
