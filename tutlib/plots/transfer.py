"""Figures of attacks that cross from model to model, and of attacks on a service (2.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate

# In this order: orange is the attack, grey is chance, and never by colour alone.
LOOKS = (
    {"color": COLOURS["adversarial"], "marker": "o"},
    {"color": COLOURS["ink"], "marker": "D"},
    {"color": COLOURS["target"], "marker": "^"},
)
CHANCE = {"color": COLOURS["neutral"], "marker": "s"}
FALLING = "Oranges"  # the more of a model's pictures fall, the more orange


def twins(one, other, names: Sequence[str]) -> Figure:
    """The weights of two linear models, class by class, one row each.

    Args:
        one, other: (K, side * side) weights; names: what the two were trained on.
    """
    use_style()
    weights = [as_array(one), as_array(other)]
    classes, side = len(weights[0]), int(weights[0].shape[1] ** 0.5)
    figure, rows = plt.subplots(2, classes, figsize=(12.4, 3.3), layout="constrained")
    for place, (axes_row, rows_of, name) in enumerate(zip(rows, weights, names)):
        for label, (axes, row) in enumerate(zip(axes_row, rows_of)):
            limit = np.abs(row).max()
            axes.imshow(row.reshape(side, side), cmap="PuOr", vmin=-limit, vmax=limit)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if place == 0:
                axes.set_title(str(label), size=14, loc="center")
        axes_row[0].set_ylabel(name, size=13)
    add_caption(figure, "What ink in a pixel counts for each digit: orange speaks against it, "
                "purple for it. Each picture has its own scale.")  # fmt: skip
    return finish(figure)


def matrices(tables: Mapping[str, tuple[Sequence[str], Sequence[str], Sequence[Sequence]]]
             ) -> Figure:  # fmt: skip
    """Who falls to whose pictures, in per cent: one table, or several side by side.

    Args:
        tables: title -> (sources, targets, a row of per cents for each source; None stays empty).
    """
    use_style()
    figure, row = plt.subplots(1, len(tables), figsize=(6.3 * len(tables), 5.4), squeeze=False,
                               layout="constrained")  # fmt: skip
    for axes, (title, (sources, targets, values)) in zip(row[0], tables.items()):
        numbers = np.array([[np.nan if v is None else v for v in line] for line in values], float)
        axes.imshow(numbers, cmap=FALLING, vmin=0, vmax=130, aspect="auto")
        for at, value in np.ndenumerate(numbers):
            if np.isfinite(value):
                axes.text(at[1], at[0], f"{value:.0f}", ha="center", va="center", size=15,
                          color=COLOURS["ink"])  # fmt: skip
        axes.set(xticks=range(len(targets)), yticks=range(len(sources)))
        axes.set_xticklabels(targets, size=13)
        axes.set_yticklabels(sources, size=13)
        axes.tick_params(length=0)
        axes.grid(False)
        axes.set_title(title, size=14)
        axes.set_xlabel("shown to", size=13)
    row[0, 0].set_ylabel("made for", size=13)
    add_caption(figure, "Per cent fooled. Papernot's row for the ensemble is empty: there it was "
                "a target only." if len(tables) > 1 else "Per cent fooled.")  # fmt: skip
    return finish(figure)


def compared(groups: Mapping[str, Mapping[str, Estimate]], caption: str) -> Figure:
    """Shares fooled with their bands: for each group a few things compared."""
    use_style()
    names = list(dict.fromkeys(name for found in groups.values() for name in found))
    plain = [name for name in names if "noise" not in name]
    looks = {name: CHANCE if "noise" in name else LOOKS[plain.index(name)] for name in names}
    height = 1.7 + 0.34 * sum(len(found) for found in groups.values())
    figure, axes = plt.subplots(figsize=(10.6, height), layout="constrained")
    for place, found in enumerate(groups.values()):
        for row, (name, estimate) in enumerate(found.items()):
            _dot(axes, place + 0.2 * (row - (len(found) - 1) / 2), estimate, looks[name])
    for name, look in looks.items():
        axes.plot([], [], ls="", **look, ms=10, label=name)
    axes.set(yticks=range(len(groups)), yticklabels=list(groups), xlim=(-3, 103))
    axes.set(ylim=(len(groups) - 0.5, -0.5), xlabel="fooled, in per cent")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=len(looks))
    add_caption(figure, caption)
    return finish(figure)


def _dot(axes: Axes, height: float, estimate: Estimate, look: Mapping) -> None:
    low, high = (100 * end for end in estimate.band)
    axes.plot([low, high], [height] * 2, color=look["color"], lw=6, alpha=0.35,
              solid_capstyle="butt")  # fmt: skip
    axes.plot(100 * estimate.value, height, **look, ms=9)


def by_questions(asked: Sequence[int], found: Sequence[Estimate], noise: Estimate,
                 scores: tuple[Sequence[int], Sequence[Estimate]] | None = None
                 ) -> Figure:  # fmt: skip
    """What questions buy: a copy trained on labels, and beside it a search led by scores.

    Args:
        asked, found: questions in all, and the share that the copy's pictures fool; noise: the
            share that random noise of this size fools; scores: questions about each picture, and
            the share fooled by then.
    """
    use_style()
    curves = [("made on a copy", asked, found, LOOKS[0])]
    curves += [("Square", *scores, LOOKS[1])] if scores else []
    figure, row = plt.subplots(1, len(curves), figsize=(4.2 + 4.2 * len(curves), 4.6), sharey=True,
                               squeeze=False, layout="constrained")  # fmt: skip
    for axes, (name, asked, found, look) in zip(row[0], curves):
        low, high = (100 * np.array(end) for end in zip(*(e.band for e in found)))
        axes.fill_between(asked, low, high, color=look["color"], alpha=0.15, lw=0)
        marks = look if len(asked) < 12 else {"color": look["color"]}
        axes.plot(asked, [100 * e.value for e in found], **marks, label=name)
        axes.axhspan(*(100 * end for end in noise.band), color=CHANCE["color"], alpha=0.2, lw=0)
        axes.axhline(100 * noise.value, color=CHANCE["color"], ls="--", label="random noise")
        axes.set(ylim=(-3, 103))
        axes.legend(loc="upper left" if look is LOOKS[0] else "center right")
    left, questions = row[0, 0], list(curves[0][1])
    left.set(xscale="log", xticks=questions, xticklabels=[f"{n:,}" for n in questions])
    left.minorticks_off()
    left.set(xlabel="questions in all, answered by a label", ylabel="fooled, in per cent")
    if scores:
        row[0, 1].set(xlabel="questions about each picture, answered by scores")
    add_caption(figure, "The service's answers to new digits, of those it reads right untouched. "
                "Shaded: 95 % bands.")  # fmt: skip
    return finish(figure)


def fallen_readers(found: Mapping) -> list[str]:
    """Who is wrong now and was right about the digit untouched: `found` as for `who_falls`."""
    wrong = [name for name, digit in found["says"].items() if digit != found["truth"]]
    return [name for name in wrong if name not in found["misread"]]


def who_falls(found: Mapping) -> Figure:
    """The panel's figure: a digit with a change made for one model, and what six models say.

    Args:
        found: `picture`, `delta` (1, 1, H, W), `truth` int, `source` its name, `says` name -> int,
            `misread` the names of those who are wrong about the digit untouched.
    """
    use_style()
    figure, (seen, change, words) = plt.subplots(1, 3, figsize=(8.8, 3.5))
    touched = bool(found["delta"].any())
    put(seen, found["picture"], "what they see", "neutral" if touched else "clean")
    size = max(float(found["delta"].abs().max()), 1e-9)
    title = f"the change, made for {found['source']}" if touched else "no change"
    put(change, 0.5 + found["delta"] * 0.45 / size, title, "perturbation")
    words.set(xlim=(0, 1), ylim=(len(found["says"]) - 0.4, -0.9))
    words.axis("off")
    words.set_title(f"truth: {found['truth']}; they say", size=13)
    for place, (name, digit) in enumerate(found["says"].items()):
        fallen, misread = name in fallen_readers(found), name in found["misread"]
        colour, mark = (COLOURS["adversarial"], "✗") if fallen else (COLOURS["ink"], "")
        mark = "(misread anyway)" if misread else mark
        words.text(0.05, place, name, size=13, color=colour, va="center")
        words.text(0.42, place, f"{digit} {mark}", size=14, color=colour, va="center",
                   weight="bold" if fallen else "normal")  # fmt: skip
    return finish(figure)
