"""Figures of lesson 3.1: learning curves, numbers with their bands, risk against eps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate, RiskCurve

MARKERS = "osD^v"
LINES = ("-", "--", "-.", ":")


def learning_curves(
    train: Sequence[Estimate], test: Sequence[Estimate], caption: str = ""
) -> Figure:
    """The errors on training and on test pictures after each epoch, with their bands."""
    use_style()
    figure, axes = plt.subplots(figsize=(7.6, 4.1), layout="constrained")
    epochs = range(1, len(train) + 1)
    for found, name, colour, line, mark in (
        (test, "pictures it has not seen", "clean", "-", "o"),
        (train, "pictures it learns from", "neutral", "--", "s"),
    ):
        _with_band(axes, epochs, found, 100, COLOURS[colour], line, mark, name)
    axes.set(xlabel="epoch", ylabel="wrong, per cent", ylim=(0, None), xticks=list(epochs))
    axes.legend()
    add_caption(figure, caption)
    return finish(figure)


def coverage(
    truths: Tensor, kept: Mapping[str, Tensor], promised: float, caption: str = ""
) -> Figure:
    """How often a band holds the truth, against the truth.

    Args:
        truths: true risks p, (P,), between 0 and 1.
        kept: name -> the probability that this band holds p, (P,); at most two of them.
        promised: what the bands promise, for example 0.95.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(8.6, 4.4), layout="constrained")
    p = 100 * as_array(truths)
    for (name, share), colour, line in zip(kept.items(), ("ink", "neutral"), ("-", "--")):
        axes.plot(p, 100 * as_array(share), line, color=COLOURS[colour], linewidth=1.8, label=name)
    axes.axhline(100 * promised, color=COLOURS["ink"], linewidth=1.2, linestyle=":",
                 label=f"promised: {promised:.0%}")  # fmt: skip
    axes.set(xscale="log", ylim=(0, 103), xlim=(p[0], p[-1]))
    axes.set_xlabel("the true risk, per cent (each mark is ten times the one before)")
    axes.set_ylabel("bands that hold it, per cent")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(loc="lower right")
    add_caption(figure, caption)
    return finish(figure)


def forest(
    estimates: Mapping[str, Estimate], caption: str = "", *, colour: str = "adversarial"
) -> Figure:
    """Estimates one under the other: a point each, and its band as a bar."""
    use_style()
    figure, axes = plt.subplots(figsize=(8.6, 1.3 + 0.52 * len(estimates)), layout="constrained")
    percent = 100 if next(iter(estimates.values())).kind == "error" else 1
    for place, (name, estimate) in enumerate(estimates.items()):
        axes.text(
            -0.015, place, name, transform=axes.get_yaxis_transform(), ha="right", va="center"
        )  # fmt: skip  (a text, so that alt texts name the row)
        low, high = (percent * end for end in estimate.band)
        mark = COLOURS[colour if estimate.lower_bound else "clean"]
        axes.plot([low, high], [place, place], color=mark, linewidth=5, alpha=0.35,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot(percent * estimate.value, place, MARKERS[0], color=mark, markersize=9)
        text = f"≥ {percent * estimate.value:.1f}" if estimate.lower_bound else (
            f"{percent * estimate.value:.1f}")  # fmt: skip
        axes.annotate(text, (high, place), (8, 0), textcoords="offset points", va="center")
    furthest = percent * max(estimate.band[1] for estimate in estimates.values())
    axes.set(yticks=range(len(estimates)), yticklabels=[], xlim=(0, 1.16 * furthest or None))
    axes.set_xlabel("wrong, per cent" if percent == 100 else "mean loss")
    axes.margins(y=0.12)
    axes.invert_yaxis()
    add_caption(figure, caption)
    return finish(figure)


def draw_curves(axes: Axes, curves: Mapping[str, RiskCurve], colours: Mapping[str, str]) -> None:
    """Risk against eps with its bands; each curve has a colour, a line and a marker of its own."""
    for i, (name, curve) in enumerate(curves.items()):
        percent = 100 if curve.estimates[0].kind == "error" else 1
        colour = COLOURS[colours.get(name, "adversarial")]
        line, mark = LINES[i % len(LINES)], MARKERS[i % len(MARKERS)]
        _with_band(axes, curve.eps, curve.estimates, percent, colour, line, mark, name)
    axes.set_xlabel("ε, how far a pixel may go (1 is white)")
    axes.set_ylabel("wrong, per cent" if percent == 100 else "mean loss")
    axes.set_ylim(0, 102 if percent == 100 else None)


def _with_band(axes, places, estimates, percent, colour, line, mark, name) -> None:
    low, high = zip(*(estimate.band for estimate in estimates))
    axes.fill_between(
        places, [percent * v for v in low], [percent * v for v in high],
        color=colour, alpha=0.18, linewidth=0,
    )  # fmt: skip
    values = [percent * estimate.value for estimate in estimates]
    axes.plot(places, values, line, marker=mark, markersize=5, color=colour, label=name)


def curves(
    found: Mapping[str, RiskCurve],
    colours: Mapping[str, str],
    caption: str = "",
    *,
    mark: float | None = None,
) -> Figure:
    """Several risk curves in one figure.

    Args:
        found: name -> curve; colours: name -> a meaning of `COLOURS`.
        mark: an eps to be marked by a vertical line.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(8.6, 4.6), layout="constrained")
    draw_curves(axes, found, colours)
    if mark is not None:
        axes.axvline(mark, color=COLOURS["neutral"], linewidth=1.2, linestyle=":")
        axes.annotate(f"ε = {mark:g}", (mark, 26), (6, 0), textcoords="offset points")
    axes.legend()
    add_caption(figure, caption)
    return finish(figure)


def pairs(
    pictures: Tensor, changed: Tensor, before: Sequence[str], after: Sequence[str],
    caption: str = "",
) -> Figure:  # fmt: skip
    """Pictures above, the same pictures changed below, each with what the net says."""
    use_style()
    count = len(pictures)
    figure, axes = plt.subplots(
        2, count, figsize=(1.32 * count, 3.75), layout="constrained", squeeze=False
    )
    figure.get_layout_engine().set(h_pad=0.08)
    for i in range(count):
        put(axes[0, i], pictures[i], before[i], "clean")
        put(axes[1, i], changed[i], after[i], "adversarial")
    add_caption(figure, caption)
    return finish(figure)


def fallen(
    curve: RiskCurve, eps: float, pictures: Tensor, titles: Sequence[str], down: Sequence[bool]
) -> Figure:
    """A risk curve with one eps marked, and a dozen pictures beside it: standing or fallen.

    Args:
        pictures: (12, C, H, W) as they are at this eps; titles: what the net says of each.
        down: which of them have fallen.
    """
    use_style()
    figure = plt.figure(figsize=(9.2, 3.8), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.0, 1.25))
    axes = left.subplots()
    draw_curves(axes, {"PGD": curve}, {})
    place = min(range(len(curve.eps)), key=lambda i: abs(curve.eps[i] - eps))
    height = 100 * curve.values[place]
    axes.axvline(eps, color=COLOURS["ink"], linewidth=1.2, linestyle=":")
    axes.plot(eps, height, "o", markersize=13, color=COLOURS["adversarial"], mec=COLOURS["ink"])
    bound = "at least " if eps > 0 else ""
    axes.set_title(f"ε = {eps:g}: {bound}{height:.1f} % wrong")
    for place, picture, title, fell in zip(right.subplots(3, 4).flat, pictures, titles, down):
        put(place, picture, title, "adversarial" if fell else "clean")
        place.title.set(fontsize=11, weight="bold" if fell else "normal")
    return finish(figure)
