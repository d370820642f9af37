"""Figures of lesson 2.5: photos with verdicts, the parts of a camera, what survives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption, answers, put
from tutlib.plots.theme import COLOURS, finish, use_style
from tutlib.risk import Estimate

LOOKS = {
    "unchanged": {"color": COLOURS["clean"], "marker": "o"},
    "plain": {"color": COLOURS["neutral"], "marker": "s"},
    "through the camera": {"color": COLOURS["adversarial"], "marker": "D"},
}


def meaning_of(said: str, truth: str, goal: str) -> str:
    """The colour of a verdict: where the attack wanted it, still the truth, or something else."""
    return "target" if said == goal else "neutral" if said == truth else "adversarial"


def photos(rows: Mapping[str, tuple[Tensor, Sequence[str]]], heads: Sequence[str], truth: str,
           goal: str, caption: str) -> Figure:  # fmt: skip
    """Photos in rows, each under the net's verdict.

    Args:
        rows: name of the row -> (pictures (N, 3, H, W), N verdicts); heads: N names of columns.
        truth, goal: the class the pictures belong to, and the one the attack wants.
    """
    use_style()
    columns = len(heads)
    figure, places = plt.subplots(len(rows), columns, squeeze=False, layout="constrained",
                                  figsize=(2.35 * columns, 2.6 * len(rows) + 0.9))  # fmt: skip
    for line, (name, (pictures, said)) in zip(places, rows.items()):
        for axes, picture, verdict in zip(line, pictures, said):
            put(axes, picture, verdict, meaning_of(verdict, truth, goal))
            axes.title.set_fontsize(13)
        line[0].set_ylabel(name, fontsize=14)
    for axes, head in zip(places[-1], heads):
        axes.set_xlabel(head, fontsize=13)
    add_caption(figure, caption)
    return finish(figure)


def survivals(groups: Mapping[str, Mapping[str, Estimate]], unit: str, caption: str) -> Figure:
    """Shares with their bands: for each group (a camera, a part of it) a few things compared.

    Args:
        groups: name -> {"unchanged" | "plain" | "through the camera": estimate}; unit: of the axis.
    """
    use_style()
    count = sum(len(found) for found in groups.values())
    figure, axes = plt.subplots(figsize=(10.6, 1.9 + 0.36 * count), layout="constrained")
    for place, found in enumerate(groups.values()):
        for row, (name, estimate) in enumerate(found.items()):
            height = place + 0.24 * (row - (len(found) - 1) / 2)
            low, high = (100 * end for end in estimate.band)
            look = LOOKS[name]
            axes.plot([low, high], [height] * 2, color=look["color"], lw=6, alpha=0.35,
                      solid_capstyle="butt")  # fmt: skip
            axes.plot(100 * estimate.value, height, look["marker"], color=look["color"], ms=9)
    for name in dict.fromkeys(name for found in groups.values() for name in found):
        axes.plot([], [], LOOKS[name]["marker"], color=LOOKS[name]["color"], ms=10, label=name)
    axes.set(yticks=range(len(groups)), yticklabels=list(groups), xlim=(-3, 103))
    axes.set(ylim=(len(groups) - 0.5, -0.5), xlabel=unit)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    add_caption(figure, caption)
    return finish(figure)


def through_the_finder(found: Mapping) -> Figure:
    """The panel's figure: two photos from one camera, and what the net says of each.

    Args:
        found: `photos` and `tops`, both name -> one photo (1, 3, H, W), or pairs (name,
            probability); `truth` and `goal`, two names.
    """
    use_style()
    figure, places = plt.subplots(2, len(found["photos"]), figsize=(6.6, 4.9), squeeze=False,
                                  height_ratios=[2.3, 1], layout="constrained")  # fmt: skip
    for (picture, bars), (name, photo) in zip(places.T, found["photos"].items()):
        names, values = zip(*found["tops"][name])
        put(picture, photo, name, meaning_of(names[0], found["truth"], found["goal"]))
        marks = {found["truth"]: "clean", found["goal"]: "target"}
        if names[0] not in marks:
            marks[names[0]] = "adversarial"
        answers(bars, names, values, highlight=marks)
    return finish(figure)
