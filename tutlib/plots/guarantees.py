"""Figures of lesson 3.5: how a ReLU is held, ladders of bounds, who is proved, squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import PercentFormatter
from torch import Tensor

from tutlib.plots.pictures import add_caption, as_image, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.plots.training import leaning, plane
from tutlib.risk import Estimate

INK, FOOLED = COLOURS["ink"], COLOURS["adversarial"]
# What is proved is grey, the darker the cheaper; what is fooled is orange; in between is nothing.
INTERVALS, LINES, OPEN = "#4d4d4d", "#b5b5b5", "white"
KEYS = [
    Patch(color=INTERVALS, label="proved by intervals"),
    Patch(color=LINES, label="proved by lines"),
    Patch(fc=OPEN, ec=INK, hatch="..", lw=0.8, label="no answer from either side"),
    Patch(color=FOOLED, alpha=0.55, label="fooled by the attack"),
]
STAR = Line2D([], [], ls="", marker="*", ms=15, color="white", mec=INK, label="the exact answer")


def held(low: float = -1.0, high: float = 2.0) -> Figure:
    """Three ways to hold a ReLU whose input lies between `low` and `high`."""
    use_style()
    figure, axes = plt.subplots(1, 3, figsize=(11.6, 3.9), sharey=True, layout="constrained")
    inputs = np.array([low, 0, high])
    for place in axes:
        place.plot([low - 0.5, 0, high + 0.5], [0, 0, high + 0.5], color=COLOURS["neutral"], lw=1.4)
        place.plot(inputs, inputs.clip(0), color=INK, lw=3)
        place.set(xlim=(low - 0.5, high + 0.5), ylim=(low - 0.2, high + 0.5), xlabel="input z")
        place.set_xticks([low, 0, high], ["lowest", "0", "highest"])
        place.set_yticks([0])
    axes[0].add_patch(Rectangle((low, 0), high - low, high, color=INTERVALS, alpha=0.45, lw=0))
    axes[0].set_title("intervals: a box", loc="center")
    axes[1].fill_between([low, high], [low, high], [0, high], color=LINES, alpha=0.75, lw=0)
    axes[1].set_title("two straight lines", loc="center")
    for (start, end), word in zip(((low, 0), (0, high)), ("off", "on")):
        axes[2].axvspan(start, end, color=COLOURS["neutral"], alpha=0.12 if word == "off" else 0.25)
        axes[2].text((start + end) / 2, 0.85 * high if word == "off" else -0.8, word, ha="center",
                     size=15)  # fmt: skip
    axes[2].set_title("exact: a yes-or-no question", loc="center")
    axes[0].set_ylabel("output max(z, 0)")
    add_caption(figure, "Black: what the ReLU does. Grey: what a bound reckons with. Right: "
                "nothing is added, and every such ReLU splits the world in two.")  # fmt: skip
    return finish(figure)


def ladder(pictures: Tensor, radii: Mapping[str, Tensor], caption: str = "") -> Figure:
    """For every picture, how far each method vouches for it, and where an attack gets through.

    Args:
        pictures: (N, C, H, W); radii: "intervals", "lines", "exact" and "attack" -> (N,) eps.
    """
    use_style()
    order = np.argsort(as_array(radii["exact"]))
    intervals, lines, exact, attack = (
        as_array(radii[name])[order] for name in ("intervals", "lines", "exact", "attack")
    )
    top, places = 1.12 * attack.max(), np.arange(len(order))
    figure, axes = plt.subplots(figsize=(12.4, 6.0), layout="constrained")
    look = {"width": 0.72, "lw": 0}
    axes.bar(places, intervals, color=INTERVALS, **look)
    axes.bar(places, lines - intervals, bottom=intervals, color=LINES, **look)
    axes.bar(places, attack - lines, bottom=lines, width=0.72, fc=OPEN, ec=INK, hatch="..", lw=0.5)
    axes.bar(places, top - attack, bottom=attack, color=FOOLED, alpha=0.55, **look)
    axes.plot(places, exact, "*", color="white", mec=INK, ms=16, zorder=5)
    axes.set(ylim=(0, top), xlim=(-0.6, len(order) - 0.4), xticks=[])
    axes.set_ylabel("eps: how far every pixel may move")
    axes.grid(axis="x", visible=False)
    width = 0.9 / (len(order) + 0.2)
    for place, row in zip(places, order):
        left = (place + 0.6 - 0.45) / (len(order) + 0.2)
        small = axes.inset_axes([left, -0.12, width, 0.11])
        small.imshow(as_image(pictures[row]), cmap="gray", vmin=0, vmax=1)
        small.set_axis_off()
    figure.legend(handles=[*KEYS, STAR], loc="outside upper center", ncols=5, fontsize=12)
    add_caption(figure, caption)
    return finish(figure)


def shares(
    levels: Sequence[float], nets: Mapping[str, Mapping[str, Sequence[Estimate]]], mark: float,
    caption: str = "",
) -> Figure:  # fmt: skip
    """For several nets: the share of pictures proved, fooled, and neither, as eps grows.

    Args:
        levels: (L,) values of eps; mark: the eps of training.
        nets: title -> {"intervals", "lines", "stand"} -> (L,) shares proved, and standing.
    """
    use_style()
    figure, axes = plt.subplots(
        1, len(nets), figsize=(4.2 * len(nets), 5.2), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for place, (title, found) in zip(axes[0], nets.items()):
        intervals, lines, stand = (
            np.array([share.value for share in found[name]])
            for name in ("intervals", "lines", "stand")
        )
        place.fill_between(levels, stand, 1, color=FOOLED, alpha=0.55, lw=0)
        place.fill_between(levels, lines, stand, fc=OPEN, ec=INK, hatch="..", lw=0.5)
        place.fill_between(levels, intervals, lines, color=LINES, lw=0)
        place.fill_between(levels, 0, intervals, color=INTERVALS, lw=0)
        for values, marker in ((intervals, "o"), (lines, "s"), (stand, "X")):
            place.plot(levels, values, "-" + marker, color=INK, ms=6, lw=1.3, mec="white",
                       clip_on=False)  # fmt: skip
        for name in ("intervals", "lines", "stand"):
            band = found[name][levels.index(mark)].band
            place.plot([mark, mark], band, color=INK, lw=5, alpha=0.45, solid_capstyle="butt")
        place.axvline(mark, color=INK, ls=":", lw=1.4)
        place.set(xlim=(levels[0], levels[-1]), ylim=(0, 1), xlabel="eps")
        place.set_title(title, loc="center")
        place.grid(False)
        place.yaxis.set_major_formatter(PercentFormatter(1))
    axes[0, 0].set_ylabel("share of digits")
    figure.legend(handles=KEYS, loc="outside upper center", ncols=4)
    add_caption(figure, caption)
    return finish(figure)


def certified_squares(net, x: Tensor, y: Tensor, radii: Mapping[str, Tensor], caption: str = ""):
    """A net in the plane, and around each point the largest square that each method proves.

    Args:
        x, y: points (N, 2) and labels 0 or 1; radii: "intervals", "lines", "exact" -> (N,).
    """
    use_style()
    figure, axes = plt.subplots(figsize=(7.4, 7.6), layout="constrained")
    plane(axes, leaning(net, device=x.device), x, y, 0.0)
    looks = {"intervals": {"ls": ":", "lw": 2.2}, "lines": {"ls": "--", "lw": 1.6},
             "exact": {"ls": "-", "lw": 2.4}}  # fmt: skip
    for name, look in looks.items():
        for middle, radius in zip(as_array(x), as_array(radii[name])):
            corner = np.clip(middle - radius, 0, 1)
            size = np.clip(middle + radius, 0, 1) - corner
            axes.add_patch(Rectangle(corner, *size, fill=False, ec=INK, clip_on=False, **look))
    keys = [Line2D([], [], color=INK, label=name, **look) for name, look in looks.items()]
    figure.legend(handles=keys, loc="outside upper center", ncols=3)
    add_caption(figure, caption)
    return finish(figure)


def beyond(noisy: Mapping[str, Tensor], times: Sequence[float], changed: Sequence[Estimate],
           caption: str = "") -> Figure:  # fmt: skip
    """One digit under noise, and how many votes an attack changes at multiples of the radius.

    Args:
        noisy: title -> picture (1, C, H, W); times: (T,) multiples; changed: the share at each.
    """
    use_style()
    figure = plt.figure(figsize=(12.2, 4.4), layout="constrained")
    grid = figure.add_gridspec(1, len(noisy) + 2)
    for k, (title, picture) in enumerate(noisy.items()):
        put(figure.add_subplot(grid[k]), picture.clamp(0, 1), title)
    axes = figure.add_subplot(grid[len(noisy) :])
    low, high = zip(*(share.band for share in changed))
    axes.axvspan(0, 1, color=LINES, alpha=0.55, lw=0)
    axes.fill_between(times, low, high, color=FOOLED, alpha=0.2, lw=0)
    axes.plot(times, [share.value for share in changed], "X-", color=FOOLED, ms=10, mec="white")
    axes.text(0.5, 0.62, "promised", ha="center", size=14)
    axes.set(xlim=(0, times[-1] * 1.03), ylim=(-0.04, 1.04), ylabel="digits whose vote turned")
    axes.set_xlabel("L2 distance allowed, in certified radii")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    add_caption(figure, caption)
    return finish(figure)


def four_answers(result: SimpleNamespace) -> Figure:
    """One digit, one eps, four methods: who proves, who finds, who has no answer.

    Args:
        result: `eps`, `top`, `clean` and `attacked` (1, C, H, W), `says` (label, label), `radii`
            name -> eps, `verdicts` name -> words, `fooled`.
    """
    use_style()
    figure = plt.figure(figsize=(10.6, 4.3), layout="constrained")
    grid = figure.add_gridspec(2, 3, width_ratios=[1, 1, 3.3])
    pair = zip(("the digit", "attacked"), (result.clean, result.attacked), result.says)
    for k, (name, picture, label) in enumerate(pair):
        colour = "adversarial" if k and result.fooled else "clean" if not k else "ink"
        put(figure.add_subplot(grid[:, k]), picture, f"{name}:\nread as {label}", colour)
    axes = figure.add_subplot(grid[:, 2])
    fill = {"intervals": INTERVALS, "lines": LINES, "exact": "#dddddd"}
    for place, (name, radius) in enumerate(result.radii.items()):
        if name == "attack":
            axes.barh(place, result.top - radius, left=radius, color=FOOLED, alpha=0.55)
        else:
            axes.barh(place, radius, color=fill[name], ec=INK, lw=0.8)
        if name == "exact":
            axes.barh(place, result.top - radius, left=radius, color=FOOLED, alpha=0.55)
            axes.plot(radius, place, "*", color="white", mec=INK, ms=17, zorder=5)
    axes.axvline(result.eps, color=INK, lw=2.4)
    axes.set_yticks(range(4), [f"{name}:\n{result.verdicts[name]}" for name in result.radii])
    axes.set(xlim=(0, result.top), ylim=(3.6, -0.6), xlabel="eps")
    axes.set_title(f"eps = {result.eps:.3f}", loc="center")
    axes.grid(axis="y", visible=False)
    return finish(figure)
