"""Figures of one noise for all: whom it renames, how often, and what it has in common (2.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption, answers, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate

NOISE = {"color": COLOURS["adversarial"], "ls": "-", "marker": "o"}
CHANCE = {"color": COLOURS["neutral"], "ls": "--", "marker": "s"}
LOOKS = {"one noise": NOISE, "random noise": CHANCE}
OTHERS = ({"color": COLOURS["ink"], "ls": ":", "marker": "D"},)


def look_of(name: str) -> dict:
    """Colour, line and mark of one thing that is compared; random noise is always grey."""
    return LOOKS.get(name, OTHERS[0])


def middle(picture: Tensor, side: int) -> Tensor:
    """The middle (1, C, side, side) of a picture, or all of it where it is smaller.

    A noise that changes from pixel to pixel must not be thinned out: every second pixel of a
    pattern with period two is one colour.
    """
    top, left = (max(0, size - side) // 2 for size in picture.shape[-2:])
    return picture[..., top : top + side, left : left + side]


def renamed(pictures: Tensor, delta: Tensor, before: Sequence[str], after: Sequence[str]
            ) -> Figure:  # fmt: skip
    """One noise, and sixteen pictures that carry it, each with what the net says now.

    Args:
        pictures: (16, 3, H, W) with the noise; delta: the noise (1, 3, H, W);
        before, after: 16 names each.
    """
    use_style()
    figure = plt.figure(figsize=(11.4, 7.4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 2.3])
    level = float(delta.abs().max())
    drawn = 0.5 + delta * 0.45 / max(level, 1e-9)
    whole, close = left.subplots(2, 1)
    put(whole, drawn, f"one noise of ±{255 * level:.3g}/255", "perturbation")
    put(close, middle(drawn, 56), "its middle, from close by", "perturbation")
    for place, picture, old, new in zip(right.subplots(4, 4).flat, pictures, before, after):
        put(place, picture, new, "neutral" if new == old else "adversarial")
        place.title.set_fontsize(13)
    add_caption(figure, "Sixteen pictures with the same noise (on the left it is drawn far too "
                "strong). Orange: what the net says instead of the truth. Grey: still right."
                )  # fmt: skip
    return finish(figure)


def over_eps(curves: Mapping[str, tuple[Sequence[float], Mapping[str, list[Estimate]]]]
             ) -> Figure:  # fmt: skip
    """The share fooled against the size of the noise, beside random noise of the same size.

    Args:
        curves: title with unit, as in "things, L-inf | eps in levels" -> (sizes, {"one noise":
            estimates, "random noise": estimates}).
    """
    use_style()
    figure, row = plt.subplots(1, len(curves), figsize=(12.4, 4.5), sharey=True, squeeze=False,
                               layout="constrained")  # fmt: skip
    for axes, (title, (sizes, found)) in zip(row[0], curves.items()):
        name, unit = title.split(" | ")
        for what, estimates in found.items():
            low, high = (100 * np.array(end) for end in zip(*(e.band for e in estimates)))
            look = look_of(what)
            axes.fill_between(sizes, low, high, color=look["color"], alpha=0.15, lw=0)
            axes.plot(sizes, [100 * e.value for e in estimates], **look, label=what)
        axes.set(xlabel=unit, ylim=(-3, 103), xticks=list(sizes))
        axes.set_title(name, size=13)
    row[0, 0].set_ylabel("fooled, in per cent")
    row[0, 0].legend(loc="upper left")
    add_caption(figure, "Pictures that the noise was not learnt from, of those the net calls right "
                "without it. Shaded: 95 % bands.")  # fmt: skip
    return finish(figure)


def shares(groups: Mapping[str, Mapping[str, Estimate]], caption: str) -> Figure:
    """Shares fooled with their bands: for each group (a net, a size) a few things compared."""
    use_style()
    names = list(dict.fromkeys(name for found in groups.values() for name in found))
    height = 1.5 + 0.42 * sum(len(found) for found in groups.values())
    figure, axes = plt.subplots(figsize=(10.6, height), layout="constrained")
    others = iter(range(9))
    looks = {name: LOOKS.get(name) or OTHERS[next(others)] for name in names}
    for place, found in enumerate(groups.values()):
        _dots(axes, place, found, looks)
    for name, look in looks.items():
        axes.plot([], [], look["marker"], color=look["color"], ms=10, label=name)
    axes.set(yticks=range(len(groups)), yticklabels=list(groups), xlim=(-3, 103))
    axes.set(ylim=(len(groups) - 0.5, -0.5), xlabel="fooled, in per cent")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=len(looks))
    add_caption(figure, caption)
    return finish(figure)


def _dots(axes: Axes, place: int, found: Mapping[str, Estimate], looks: Mapping) -> None:
    """One group's estimates, one under the other."""
    for row, (name, estimate) in enumerate(found.items()):
        height = place + 0.26 * (row - (len(found) - 1) / 2)
        low, high = (100 * end for end in estimate.band)
        colour = looks[name]["color"]
        axes.plot([low, high], [height] * 2, color=colour, lw=6, alpha=0.35, solid_capstyle="butt")
        axes.plot(100 * estimate.value, height, looks[name]["marker"], color=colour, ms=9)


def new_names(names: Sequence[str], counts, own) -> Figure:
    """What the fooled pictures are called, and what they truly are.

    Args:
        names: of the classes; counts: how many of the fooled got each name (K,); own: how many of
            the fooled truly belong to each (K,).
    """
    use_style()
    counts, own = as_array(counts), as_array(own)
    figure, axes = plt.subplots(figsize=(10.6, 4.7), layout="constrained")
    places = np.arange(len(names))
    axes.barh(places - 0.2, own, height=0.38, color=COLOURS["clean"], label="what they are")
    axes.barh(places + 0.2, counts, height=0.38, color=COLOURS["adversarial"], hatch="//",
              edgecolor="white", label="what the net calls them")  # fmt: skip
    axes.set(yticks=places, yticklabels=names, xlabel="fooled pictures")
    axes.set_ylim(len(names) - 0.4, -0.6)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    add_caption(figure, "All held-out pictures that the noise fools, once by truth and once by the "
                "net's new answer.")  # fmt: skip
    return finish(figure)


def common_directions(normals, chance, spans: Mapping[str, Estimate]) -> Figure:
    """How few directions the shortest ways out have in common; and what noise from them does.

    Args:
        normals, chance: singular values (n,) of the stacked unit ways, and of as many random unit
            vectors; spans: what the noise was drawn from -> share fooled.
    """
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.4, 4.6), layout="constrained")
    for values, look, label in ((normals, NOISE, "shortest ways out"),
                                (chance, CHANCE, "random directions")):  # fmt: skip
        power = as_array(values) ** 2
        held = 100 * np.cumsum(power) / power.sum()
        left.plot(np.arange(1, len(held) + 1), held, color=look["color"], ls=look["ls"],
                  label=label)  # fmt: skip
    left.set(xlabel="number of singular vectors", ylabel="held by them, in per cent", ylim=(0, 103))
    left.set_title("how much of all ways the first few hold", size=13)
    left.legend(loc="lower right")
    for place, (name, estimate) in enumerate(spans.items()):
        look = CHANCE if "whole" in name else NOISE
        low, high = (100 * end for end in estimate.band)
        right.plot([low, high], [place] * 2, color=look["color"], lw=6, alpha=0.35,
                   solid_capstyle="butt")  # fmt: skip
        right.plot(100 * estimate.value, place, look["marker"], color=look["color"], ms=10)
    right.set(yticks=range(len(spans)), yticklabels=list(spans), xlim=(-1, None))
    right.set(ylim=(len(spans) - 0.5, -0.5), xlabel="fooled, in per cent")
    right.set_title("random noise, drawn from ...", size=13)
    add_caption(figure, "Left: 100 % means every direction. Right: noises of the same length; the "
                "bars are 95 % bands.")  # fmt: skip
    return finish(figure)


def carried(found: Mapping) -> Figure:
    """The panel's figure: a picture with its noise, the noise, and what the net says.

    Args:
        found: `picture` (1, C, H, W) as the net sees it, `delta`, `top` pairs (name, probability),
            `truth` its name, `strongest` the largest change that any stop allows.
    """
    use_style()
    figure, (seen, noise, bars) = plt.subplots(1, 3, figsize=(8.8, 3.8))
    first = found["top"][0][0]
    still = "neutral" if found["delta"].any() else "clean"  # a picture with noise is not clean
    put(seen, found["picture"], f"the net says:\n{first}",
        still if first == found["truth"] else "adversarial")  # fmt: skip
    drawn = 0.5 + middle(found["delta"], 32) * 0.45 / max(found["strongest"], 1e-9)
    put(noise, drawn, "middle of the noise\n(far too strong)", "perturbation")
    names, values = zip(*found["top"])
    marks = {first: "adversarial"} | {found["truth"]: "clean"}
    answers(bars, names, values, highlight=marks)
    bars.set_title(f"truth: {found['truth']}", size=13)
    return finish(figure)
