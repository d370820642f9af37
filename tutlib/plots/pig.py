"""Figures of the first attacks: noise against gradient, how little is enough, who can be whom."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.theme import COLOURS, finish, use_style


def noise_against_gradient(noise: Tensor, before, after, name: str) -> Figure:
    """How sure the net is of `name`: after each random change (N,), before, and after ours."""
    use_style()
    figure, axes = plt.subplots(figsize=(9.5, 3.0))
    heights = [0.16 + 0.68 * ((37 * k) % 100) / 100 for k in range(len(noise))]  # only to spread
    axes.scatter(noise.cpu(), heights, s=34, color=COLOURS["neutral"], alpha=0.7,
                 label=f"{len(noise)} random changes")  # fmt: skip
    axes.axvline(float(before), color=COLOURS["clean"], ls="--", label="the picture itself")
    axes.plot(float(after), 0.5, "X", ms=17, color=COLOURS["adversarial"], clip_on=False,
              label="thirty gradient steps")  # fmt: skip
    axes.set(xlim=(-0.03, 1.03), ylim=(0, 1), yticks=[], xlabel=f"how sure the net is of {name}")
    axes.legend(loc="center", bbox_to_anchor=(0.45, 0.5), frameon=True)
    return finish(figure)


def how_little(levels: Sequence[float], left: Sequence[float], name: str) -> Figure:
    """The certainty that is left (between 0 and 1) against eps in steps of 255."""
    use_style()
    figure, axes = plt.subplots(figsize=(8, 3.6))
    axes.plot(levels, left, "o-", color=COLOURS["adversarial"])
    axes.axhline(0.5, color=COLOURS["neutral"], ls=":", lw=1.5)
    axes.set(xlabel="eps, in steps of 255", ylabel=f"how sure of {name}", ylim=(-0.03, 1.03))
    axes.set_xlim(left=0)
    return finish(figure)


def success_table(rates: Tensor, names: Sequence[str], *, title: str = "") -> Figure:
    """A K x K table (row: what it is, column: target) of success rates; the diagonal is empty."""
    use_style()
    count = len(names)
    figure, axes = plt.subplots(figsize=(8.6, 7.2))
    shown = rates.cpu().clone()
    shown.fill_diagonal_(float("nan"))
    axes.imshow(shown, vmin=0, vmax=1, cmap="Blues")
    for row in range(count):
        for column in range(count):
            if row != column:
                value = float(shown[row, column])
                ink = "white" if value > 0.6 else "black"
                axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=ink)
    axes.set_xticks(range(count), names, rotation=40, ha="right")
    axes.set_yticks(range(count), names)
    axes.set(xlabel="the target", ylabel="what it is")
    axes.set_title(title)
    axes.grid(False)
    return finish(figure)


def flight(path: Sequence[tuple[int, float, float]], start: str, goal: str) -> Figure:
    """How sure of the start and of the target after each step: triples (step, start, goal)."""
    use_style()
    steps, starts, goals = zip(*path)
    figure, axes = plt.subplots(figsize=(8.5, 3.6))
    axes.plot(steps, starts, "o-", ms=5, color=COLOURS["clean"], label=start)
    axes.plot(steps, goals, "s--", ms=5, color=COLOURS["target"], label=goal)
    axes.set(xlabel="step", ylabel="how sure", ylim=(-0.03, 1.03))
    axes.legend(loc="center right")
    return finish(figure)
