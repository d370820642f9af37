"""Figures of lesson 4.6: cars drawn from their numbers, promises beside the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from tutlib.plots.cars import draw_car, tallest
from tutlib.plots.pictures import add_caption
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.training.design import in_units, workings

PROMISE = {"color": COLOURS["target"], "ls": "--", "marker": "o"}
TRUTH = {"color": COLOURS["ink"], "ls": "-", "marker": "s"}
SPEED = "km/h round the track"


def garage(
    designs: Tensor, titles: Sequence[str], *, colour: str | Sequence[str] = "clean",
    columns: int = 3, caption: str = "",
) -> Figure:  # fmt: skip
    """Cars (N, 8) on one scale, each with its title, in rows of `columns`."""
    use_style()
    rows, high = -(-len(designs) // columns), tallest(designs)
    figure, axes = plt.subplots(
        rows, columns, figsize=(4.2 * columns, (0.42 * high + 0.45) * rows + 0.6), squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for k, place in enumerate(axes.flat):
        place.axis("off")
        if k < len(designs):
            paint = colour if isinstance(colour, str) else colour[k]
            draw_car(place, designs[k], paint, high=high)
            place.set_title(titles[k], loc="center", size=13)
    add_caption(figure, caption)
    return finish(figure)


def habits(x: Tensor, winners: Tensor | None = None, caption: str = "") -> Figure:
    """What engineers build (N, 8), in three planes; with the machine's `winners`, if there are any.

    Grey: where the engine runs hot, the wing stalls, the floor scrapes or the tyres are cold.
    """
    use_style()
    figure, axes = plt.subplots(1, 3, figsize=(12.8, 4.6), layout="constrained")
    for colour, mark, cars, name in (("clean", "o", x, "engineers' cars"),
                                     ("adversarial", "X", winners, "the machine's")):  # fmt: skip
        if cars is None:
            continue
        knob, car = in_units(cars), workings(cars)
        pairs = ((car.room * knob["engine"], knob["engine"]), (knob["angle"], knob["wing"]),
                 (car.mass * 9.81 / 4000 / knob["tyre"], knob["clearance"]))  # fmt: skip
        look = {"ms": 4, "alpha": 0.6} if colour == "clean" else {"ms": 11, "mec": "white"}
        for place, (a, b) in zip(axes, pairs):
            place.plot(as_array(a), as_array(b), mark, color=COLOURS[colour], label=name,
                       clip_on=False, zorder=3, **look)  # fmt: skip
    room = np.linspace(0, 22, 3)
    axes[0].fill_between(room, room / 1.7, 9, color=COLOURS["neutral"], alpha=0.25, lw=0)
    axes[0].set(xlim=(0, 20), ylim=(0, 8.3), xlabel="room in the body (m³)", ylabel="engine (l)")
    axes[1].axvspan(15, 41, color=COLOURS["neutral"], alpha=0.25, lw=0)
    axes[1].set(xlim=(-0.5, 41), ylim=(-0.05, 3.1), xlabel="angle of the wing (°)",
                ylabel="wing (m²)")  # fmt: skip
    axes[2].axhspan(0, 0.06, color=COLOURS["neutral"], alpha=0.25, lw=0)
    axes[2].axvspan(0, 5, color=COLOURS["neutral"], alpha=0.25, lw=0)
    axes[2].set(xlim=(0, 20), ylim=(0, 0.33), xlabel="load on the tyres (kN/m)",
                ylabel="clearance (m)")  # fmt: skip
    words = ("too hot", "stalled", "scraping, or cold tyres")
    for place, title in zip(axes, words):
        place.set_title(f"grey: {title}", loc="center", size=13)
    if winners is not None:
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    add_caption(figure, caption)
    return finish(figure)


def ascent(
    promise: Tensor, truth: Tensor, designs: Tensor, best: float, roof: float, *,
    shown: Sequence[int], caption: str = "",
) -> Figure:  # fmt: skip
    """What the net promises along a climb, and what is true, with some of the cars below.

    Args:
        promise, truth: (T,) in km/h; designs: (T, 8); shown: the steps whose cars are drawn.
        best: of the table; roof: of the fastest car we know.
    """
    use_style()
    figure = plt.figure(figsize=(12.8, 6.6), layout="constrained")
    rows = figure.add_gridspec(2, len(shown), height_ratios=[2.7, 1])
    axes = figure.add_subplot(rows[0, :])
    steps, high = np.arange(len(promise)), tallest(designs[list(shown)])
    for values, look, name in ((promise, PROMISE, "what the net promises"),
                               (truth, TRUTH, "what the car does")):  # fmt: skip
        look = look | {"markevery": list(shown), "ms": 9, "lw": 3}
        axes.plot(steps, as_array(values), **look, label=name)
    axes.axhline(roof, color=COLOURS["real"], ls="-.", lw=1.8, label="the fastest car we know")
    axes.axhline(best, color=COLOURS["clean"], ls=":", lw=2.4, label="the best car of the table")
    axes.set(xlabel="steps of the climb", ylabel=SPEED, xlim=(-1, len(promise)))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    for k, step in enumerate(shown):
        place = figure.add_subplot(rows[1, k])
        paint = "clean" if step == 0 else "adversarial"
        draw_car(place, designs[step], paint, front=False, high=high)
        words = f"step {step}\npromised {float(promise[step]):.0f}\ntrue {float(truth[step]):.0f}"
        place.set_title(words, loc="center", size=12.5)
    add_caption(figure, caption)
    return finish(figure)


def against(groups: Mapping[str, tuple[Tensor, Tensor]], best: float, caption: str = "") -> Figure:
    """Promised against true speed: name -> (promises, truths), engineers first, winners last."""
    use_style()
    figure, axes = plt.subplots(figsize=(7.8, 6.2), layout="constrained")
    looks = (("clean", "o", 5, 0.5), ("neutral", "^", 6, 0.6), ("adversarial", "X", 11, 1))
    every = np.concatenate([as_array(part) for pair in groups.values() for part in pair])
    ends = [every.min() - 4, every.max() + 4]
    axes.plot(ends, ends, color=COLOURS["ink"], lw=1.4, label="a promise that is kept")
    for (name, (promise, truth)), (colour, mark, size, alpha) in zip(groups.items(), looks):
        axes.plot(as_array(truth), as_array(promise), mark, ms=size, alpha=alpha, mew=0.4,
                  mec="white", color=COLOURS[colour], label=name)  # fmt: skip
    axes.axvline(best, color=COLOURS["clean"], ls=":", lw=2.2, label="the best car of the table")
    axes.set(xlim=ends, ylim=ends, aspect="equal")
    axes.set(xlabel="what the car does (km/h)", ylabel="what the net promises (km/h)")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    add_caption(figure, caption)
    return finish(figure)


def kept(
    rows: Mapping[str, Sequence[tuple[float, float]]], best: Sequence[float], roof: float,
    caption: str = "",
) -> Figure:  # fmt: skip
    """Promise and truth of each way's winner, one line for each of several tables.

    Args:
        rows: way -> [(promise, truth) for each table]; best: of each table.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(11.4, 1.0 * len(rows) + 2.6), layout="constrained")
    for level, pairs in enumerate(rows.values()):
        for k, (promise, truth) in enumerate(pairs):
            spot = level + 0.22 * (k - (len(pairs) - 1) / 2)
            axes.plot([truth, promise], [spot, spot], color="#bbbbbb", lw=2, zorder=1)
            axes.plot(promise, spot, "o", color=COLOURS["target"], mec=COLOURS["ink"], ms=9)
            axes.plot(truth, spot, "s", color=COLOURS["ink"], ms=8)
            axes.plot([best[k]] * 2, [spot - 0.1, spot + 0.1], color=COLOURS["clean"], lw=4)
    axes.axvline(roof, color=COLOURS["real"], ls="-.", lw=1.8)
    axes.set(yticks=range(len(rows)), yticklabels=list(rows), ylim=(len(rows) - 0.5, -0.5))
    axes.set(xlabel=SPEED)
    axes.grid(axis="y", visible=False)
    keys = [Line2D([], [], ls="", marker="o", ms=9, color=COLOURS["target"], mec=COLOURS["ink"]),
            Line2D([], [], ls="", marker="s", ms=8, color=COLOURS["ink"]),
            Line2D([], [], color=COLOURS["clean"], lw=4),
            Line2D([], [], color=COLOURS["real"], ls="-.", lw=1.8)]  # fmt: skip
    words = ["promised", "true", "best car of the table", "the fastest car we know"]
    figure.legend(keys, words, loc="outside upper center", ncols=4)
    add_caption(figure, caption)
    return finish(figure)


def leash(
    lengths: Sequence[float], results: Sequence[Sequence[tuple[float, float]]],
    best: Sequence[float], caption: str = "",
) -> Figure:  # fmt: skip
    """What a longer leash promises and what it truly gains, over the best car of each table.

    Args:
        lengths: of the leash; results: for each of them [(promise, truth) for each table].
    """
    use_style()
    figure, axes = plt.subplots(figsize=(9.4, 4.7), layout="constrained")
    pairs = np.asarray(results) - np.asarray(best)[None, :, None]  # (lengths, tables, 2)
    for k, (look, name) in enumerate(((PROMISE, "promised"), (TRUTH, "true"))):
        axes.plot(lengths, pairs[..., k], color=look["color"], ls=look["ls"], lw=1.1, alpha=0.6)
        axes.plot(lengths, pairs[..., k].mean(1), **look, lw=3, ms=9, label=name)
    axes.axhline(0, color=COLOURS["clean"], ls=":", lw=2.4, label="the best car of the table")
    axes.set_xscale("log")
    axes.set_xticks(lengths, [f"{length:g}" for length in lengths])
    axes.minorticks_off()
    axes.set(xlabel="length of the leash (a share of each knob's range)", ylabel="gain in km/h")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    add_caption(figure, caption)
    return finish(figure)


def workshop(
    curves: Mapping[str, Sequence[Sequence[float]]], counts: Sequence[int], roof: float,
    caption: str = "",
) -> Figure:  # fmt: skip
    """The best car built so far against the number of cars built, for several ways and tables."""
    use_style()
    figure, axes = plt.subplots(figsize=(9.4, 4.9), layout="constrained")
    looks = (("adversarial", "-", "o"), ("ink", "--", "^"), ("clean", ":", "s"))
    for (name, runs), (colour, style, mark) in zip(curves.items(), looks):
        mean = np.mean([as_array(run) for run in runs], 0)
        for run in runs:
            axes.plot(counts, as_array(run), style, color=COLOURS[colour], lw=1.2, alpha=0.5)
        axes.plot(counts, mean, style, marker=mark, color=COLOURS[colour], lw=3, label=name)
    axes.axhline(roof, color=COLOURS["real"], ls="-.", lw=1.8, label="the fastest car we know")
    axes.set(xlabel="cars built and measured", ylabel=f"best so far, {SPEED}", xticks=counts)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    add_caption(figure, caption)
    return finish(figure)


def knobs_panel(result) -> Figure:
    """Your car beside the machine's, with promises and truths.

    Args:
        result: `yours`, `winner` (8,), `bars`: [(name, promise, truth)], `best`, `roof` and
            `warnings` (one for each car).
    """
    use_style()
    figure = plt.figure(figsize=(9.6, 5.4), layout="constrained")
    rows = figure.add_gridspec(2, 2, height_ratios=[1.15, 1])
    for k, (design, colour, name) in enumerate(
        ((result.yours, "neutral", "your car"), (result.winner, "adversarial", "the machine's car"))
    ):
        place = figure.add_subplot(rows[0, k])
        draw_car(place, design, colour)
        place.set_title(f"{name}: {result.warnings[k]}", loc="center", size=13)
    axes = figure.add_subplot(rows[1, :])
    for level, (_, promise, truth) in enumerate(result.bars):
        axes.plot([truth, promise], [level, level], color="#bbbbbb", lw=3, zorder=1)
        axes.plot(promise, level, "o", color=COLOURS["target"], mec=COLOURS["ink"], ms=12,
                  label="promised" if level == 0 else None)  # fmt: skip
        axes.plot(truth, level, "s", color=COLOURS["ink"], ms=10,
                  label="true" if level == 0 else None)  # fmt: skip
        side = 1 if promise >= truth else -1
        for value, way in ((promise, side), (truth, -side)):
            axes.annotate(
                f"{value:.0f}", (value, level), (11 * way, 0), textcoords="offset points",
                ha="left" if way > 0 else "right", va="center",
                bbox={"fc": "white", "ec": "none", "pad": 1, "alpha": 0.85},
            )  # fmt: skip
    axes.axvline(result.best, color=COLOURS["clean"], ls=":", lw=2.4, label="best of the table")
    axes.axvline(result.roof, color=COLOURS["real"], ls="-.", lw=1.8, label="fastest we know")
    axes.set(yticks=range(len(result.bars)), yticklabels=[bar[0] for bar in result.bars])
    axes.set(ylim=(len(result.bars) - 0.4, -0.6), xlim=(30, 245), xlabel=SPEED)
    axes.grid(axis="y", visible=False)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return finish(figure)
