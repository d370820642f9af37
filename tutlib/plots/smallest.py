"""Figures of lesson 2.7: the smallest change, and who took which picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate, Strongest, wilson

NETS = ({"color": COLOURS["neutral"], "ls": "--", "marker": "s"},
        {"color": COLOURS["ink"], "ls": "-", "marker": "o"})  # fmt: skip
HATCHES = ("", "//", "..", "xx")
SHADES = (1.0, 0.7, 0.45, 0.25)  # how much of the adversarial colour an attack gets


def neighbours(rows: Mapping[str, tuple[Tensor, Sequence[str]]], caption: str) -> Figure:
    """Digits, and below them the nearest digit that each net calls otherwise.

    Args:
        rows: what a row shows -> (pictures (N, C, H, W), a title for each); the first row is clean.
    """
    use_style()
    count = len(next(iter(rows.values()))[0])
    figure, grid = plt.subplots(len(rows), count, figsize=(1.6 * count + 1.6, 2.05 * len(rows)),
                                layout="constrained", squeeze=False)  # fmt: skip
    for number, (line, (name, (pictures, titles))) in enumerate(zip(grid, rows.items())):
        for axes, picture, title in zip(line, pictures, titles):
            put(axes, picture, title, "adversarial" if number else "clean")
            axes.title.set_fontsize(12)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", size=13, labelpad=8)
    add_caption(figure, caption)
    return finish(figure)


def distances(found: Mapping[str, Mapping[str, Tensor]]) -> Figure:
    """How far the nearest fooling picture is, as a distribution; and which method found it.

    Args:
        found: net -> method -> distance of each picture (N,), infinite where none was found.
    """
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.4, 4.9), width_ratios=[1.3, 1],
                                         layout="constrained")  # fmt: skip
    for place, ((net, ways), look) in enumerate(zip(found.items(), NETS)):
        every = np.stack([as_array(way) for way in ways.values()])
        best = np.sort(every.min(0))
        n = len(best)
        low, high = zip(*(wilson(k, n) for k in range(n, -1, -1)))
        reach = np.concatenate([[0], best])
        standing = 100 * np.arange(n, -1, -1) / n
        style = {"color": look["color"], "ls": look["ls"], "lw": 2.2}
        left.step(reach, standing, where="post", label=net, **style)
        left.fill_between(reach, 100 * np.array(low), 100 * np.array(high), step="post",
                          color=look["color"], alpha=0.15, lw=0)  # fmt: skip
        nearest = every.argmin(0)
        for row, _ in enumerate(ways):
            hits = int((nearest == row).sum())
            ends = [100 * end for end in wilson(hits, n)]
            height = row + 0.3 * (place - 0.5)
            right.plot(ends, [height] * 2, color=look["color"], lw=6, alpha=0.35,
                       solid_capstyle="butt")  # fmt: skip
            right.plot(100 * hits / n, height, look["marker"], color=look["color"], ms=9,
                       label=net if row == 0 else None)  # fmt: skip
    left.axhline(50, color=COLOURS["ink"], lw=1, ls=":")
    left.annotate("median", (0, 50), (4, 4), textcoords="offset points", size=12)
    left.set(xlabel="L2 distance (1 is the way of one pixel from black to white)", xlim=(0, None))
    left.set(ylabel="still right, in per cent", ylim=(0, 103))
    left.set_title("who stands when changes may be this large", size=13)
    left.legend(loc="upper right")
    methods = list(next(iter(found.values())))
    right.set(yticks=range(len(methods)), yticklabels=methods, xlim=(0, 103))
    right.set(ylim=(len(methods) - 0.5, -0.5), xlabel="found the nearest, in per cent of pictures")
    right.set_title("who found the nearest", size=13)
    right.legend(loc="best")
    add_caption(figure, "Left: the nearest of all three searches, for each picture that was called "
                "right. Shaded, and bars on the right: 95 % bands.")  # fmt: skip
    return finish(figure)


def masked(heats: Sequence[float], found: Mapping[str, Sequence[Estimate]]) -> Figure:
    """The share called wrong when all logits are multiplied, for several attacks."""
    use_style()
    figure, axes = plt.subplots(figsize=(9.2, 4.8), layout="constrained")
    looks = ({"color": COLOURS["neutral"], "ls": "--", "marker": "s"},
             {"color": COLOURS["adversarial"], "ls": "-", "marker": "o"})  # fmt: skip
    for (name, estimates), look in zip(found.items(), looks):
        low, high = (100 * np.array(end) for end in zip(*(e.band for e in estimates)))
        axes.fill_between(heats, low, high, color=look["color"], alpha=0.15, lw=0)
        axes.plot(heats, [100 * e.value for e in estimates], **look, label=name)
    axes.set(xscale="log", xlabel="all logits are multiplied by", ylim=(0, 103))
    axes.set(ylabel="called wrong, in per cent", xticks=list(heats))
    axes.set_xticks([], minor=True)
    axes.set_xticklabels([f"{heat:g}" for heat in heats])
    axes.legend(loc="lower left")
    add_caption(figure, "One net, one eps, the same pictures. Multiplying all logits changes no "
                "answer. Shaded: 95 % bands.")  # fmt: skip
    return finish(figure)


def tint(colour: str, part: float) -> tuple[float, ...]:
    """So much of a colour on white."""
    return tuple(1 - part * (1 - value) for value in to_rgb(colour))


def eaten(found: Mapping[str, Strongest]) -> Figure:
    """For each net, what was wrong already, what each attack took, and what stands."""
    use_style()
    figure, axes = plt.subplots(figsize=(11.4, 1.9 + 0.85 * len(found)), layout="constrained")
    for place, result in enumerate(found.values()):
        begin, attacks = 0, iter(zip(SHADES, HATCHES))
        for name, mask in result.took.items():
            already = name == "wrong already"
            part, hatch = (1.0, "") if already else next(attacks)
            colour = tint(COLOURS["neutral" if already else "adversarial"], part)
            hits = int(mask.sum())
            axes.barh(place, hits, left=begin, height=0.6, color=colour, hatch=hatch,
                      edgecolor="white" if part > 0.5 else COLOURS["ink"], lw=0,
                      label=name if place == 0 else None)  # fmt: skip
            if hits >= len(mask) / 40:
                axes.text(begin + hits / 2, place, str(hits), ha="center", va="center", size=12,
                          bbox={"fc": "white", "ec": "none", "pad": 1.2})  # fmt: skip
            begin += hits
        stands = int(result.stands.sum())
        axes.barh(place, stands, left=begin, height=0.6, color="white", edgecolor=COLOURS["ink"],
                  lw=1.4, label="still right" if place == 0 else None)  # fmt: skip
        axes.text(begin + stands / 2, place, str(stands), ha="center", va="center", size=12)
    axes.set(yticks=range(len(found)), yticklabels=list(found), xlabel="pictures")
    axes.set(ylim=(len(found) - 0.5, -0.5), xlim=(0, None))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    add_caption(figure, "From left to right in the order of the attacks: each gets only what the "
                "ones before it have left.")  # fmt: skip
    return finish(figure)


def one_change(found: Mapping) -> Figure:
    """The panel's figure: a digit, the smallest change that one method found, and how far it is.

    Args:
        found: `clean`, `changed` (1, C, H, W), `says` two labels, `truth` a label, `ways` method ->
            distance, `method`, `longest` for the axis.
    """
    use_style()
    figure, (one, change, two, bars) = plt.subplots(1, 4, figsize=(11.0, 3.3), layout="constrained",
                                                    width_ratios=[1, 1, 1, 1.4])  # fmt: skip
    put(one, found["clean"], f"a {found['truth']}", "clean")
    delta = found["changed"] - found["clean"]
    top = max(float(delta.abs().max()), 1e-9)
    louder = 0.5 / top
    put(change, 0.5 + 0.5 * delta / top, f"the change x {louder:.{int(louder < 10)}f}",
        "perturbation")  # fmt: skip
    fell = found["says"][1] != found["truth"]
    put(two, found["changed"], f"the net says {found['says'][1]}",
        "adversarial" if fell else "neutral")  # fmt: skip
    names = list(found["ways"])
    for place, name in enumerate(names):
        chosen = name == found["method"]
        bars.barh(
            place,
            found["ways"][name],
            height=0.6,
            hatch="//" if chosen else "",
            color=COLOURS["adversarial" if chosen else "neutral"],
            edgecolor="white",
        )
        bars.text(found["ways"][name], place, f" {found['ways'][name]:.2f}", va="center", size=12)
    bars.set(yticks=range(len(names)), yticklabels=names, xlim=(0, 1.25 * found["longest"]))
    bars.set(ylim=(len(names) - 0.5, -0.5), xlabel="L2 distance")
    return finish(figure)
