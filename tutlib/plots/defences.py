"""Figures of lesson 4.3: twelve defences against who does not know them, and against who does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tutlib.plots.pictures import add_caption, answers, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate

MARKS = {
    "untouched": {"color": COLOURS["clean"], "marker": "|", "ms": 13, "mew": 3},
    "naive": {"color": COLOURS["neutral"], "marker": "D", "ms": 8, "mfc": "white", "mew": 2.2},
    "knowing": {"color": COLOURS["adversarial"], "marker": "o", "ms": 10},
}
LEGEND = {
    "untouched": "untouched",
    "naive": "the naive attack",
    "knowing": "the attack that knows the defence",
}
LINES = (
    {"color": COLOURS["neutral"], "ls": "--"},
    {"color": COLOURS["adversarial"], "ls": "-"},
)


def dumbbells(found: Mapping[str, Mapping[str, Estimate]], caption: str = "", *,
              apart: Sequence[str] = ()) -> Figure:  # fmt: skip
    """What is still read right: a line from the naive attack down to the one that knows.

    Args:
        found: defence -> "untouched", "naive", "knowing" -> share that is right, from above down.
        apart: rows to stand below a line, as a yardstick.
    """
    use_style()
    rows = [*(name for name in found if name not in apart), *apart]
    figure, axes = plt.subplots(figsize=(11.4, 1.4 + 0.42 * len(rows)), layout="constrained")
    for place, name in enumerate(rows):
        row = found[name]
        ends = [100 * row[kind].value for kind in ("naive", "knowing")]
        axes.plot(ends, [place] * 2, color=COLOURS["ink"], lw=2, alpha=0.55, zorder=1)
        for kind, mark in MARKS.items():
            if kind != "untouched":
                low, high = (100 * end for end in row[kind].band)
                axes.plot([low, high], [place] * 2, color=mark["color"], lw=8, alpha=0.22,
                          solid_capstyle="butt", zorder=0)  # fmt: skip
            axes.plot(100 * row[kind].value, place, **mark, ls="", zorder=3)
    if apart:
        axes.axhline(len(rows) - len(apart) - 0.5, color=COLOURS["ink"], lw=1)
    for kind, words in LEGEND.items():
        axes.plot([], [], **MARKS[kind], ls="", label=words)
    axes.set(yticks=range(len(rows)), yticklabels=rows, ylim=(len(rows) - 0.4, -0.6))
    axes.set(xlim=(-2, 102), xlabel="digits still read right, in per cent")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    add_caption(figure, caption)
    return finish(figure)


def slices(found: Mapping[str, Mapping[str, Sequence[float]]], reach: Sequence[float],
           caption: str = "") -> Figure:  # fmt: skip
    """A panel for each defence: the mean loss along a few straight ways out of the picture.

    Args:
        found: defence -> name of the way -> the loss at each place of `reach`.
        reach: how far along each way, in parts of it.
    """
    use_style()
    columns = 4
    lines = -(-len(found) // columns)
    figure, grid = plt.subplots(lines, columns, figsize=(12.4, 0.9 + 2.05 * lines), squeeze=False,
                                sharex=True, layout="constrained")  # fmt: skip
    for axes in grid.flat[len(found) :]:
        axes.axis("off")
    for axes, (name, ways) in zip(grid.flat, found.items()):
        for (way, losses), look in zip(ways.items(), LINES, strict=True):
            axes.plot(reach, losses, **look, label=way)
        axes.set_title(name, size=13)
        axes.set(xlim=(reach[0], reach[-1]), xticks=[0, 0.5, 1], xticklabels=["0", "½", "1"])
        axes.set_ylim(0, 1.08 * max(max(losses) for losses in ways.values()))
        axes.tick_params(labelsize=11)
    for axes in grid[:, 0]:
        axes.set_ylabel("mean loss")
    for axes in grid[-1]:
        axes.set_xlabel("part of the way")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    add_caption(figure, caption)
    return finish(figure)


def duel(found: Mapping) -> Figure:
    """The panel's figure: a digit as the attack left it, what is said of it, and the score.

    Args:
        found: `clean` and `shown` (1, 1, H, W), `truth`, `says` (the first answer), `belief` (10,),
            `attack`, and `right`: attack -> an `Estimate` of the share that is right.
    """
    use_style()
    figure, (left, change, middle, right) = plt.subplots(
        1, 4, figsize=(10.2, 2.8), layout="constrained", width_ratios=[1, 1, 0.95, 1.35]
    )
    fell, moved = found["says"] != found["truth"], bool((found["shown"] != found["clean"]).any())
    meaning = "adversarial" if fell else "neutral" if moved else "clean"
    put(left, found["shown"], f"a {found['truth']}; it says {found['says']}", meaning)
    delta = found["shown"] - found["clean"]
    put(change, 0.5 + delta / max(2 * float(delta.abs().max()), 1e-9),
        "the change", "perturbation")  # fmt: skip
    marks = {str(found["truth"]): "clean"}
    marks |= {str(found["says"]): "adversarial"} if fell else {}
    answers(middle, [str(k) for k in range(len(found["belief"]))], as_array(found["belief"]),
            highlight=marks)  # fmt: skip
    middle.set(xticks=[0, 0.5, 1], xticklabels=["0", "50", "100 %"])
    middle.set_title("its belief", size=13)
    for axes in (left, change):
        axes.title.set_fontsize(13)
    _score(right, found["right"], found["attack"])
    return finish(figure)


def _score(axes: Axes, rows: Mapping[str, Estimate], chosen: str) -> None:
    """How many stay right under each attack; the chosen one hatched."""
    for place, (name, share) in enumerate(rows.items()):
        picked = name == chosen
        axes.barh(place, 100 * share.value, height=0.62, edgecolor="white",
                  color=COLOURS["ink" if picked else "neutral"],
                  hatch="//" if picked else "")  # fmt: skip
        low, high = (100 * end for end in share.band)
        axes.plot([low, high], [place] * 2, color=COLOURS["ink"], lw=1.6)
        axes.text(max(100 * share.value, high), place, f"  {100 * share.value:.0f}", va="center")
    axes.set(yticks=np.arange(len(rows)), yticklabels=list(rows), xlim=(0, 118))
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlabel="read right, in per cent", xticks=[0, 50, 100])
