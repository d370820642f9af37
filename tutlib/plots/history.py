"""Figures of a short history: the timeline, a mail against its filter, programs, poison (1.3)."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tutlib.plots.pictures import add_caption
from tutlib.plots.theme import COLOURS, as_array, finish, text_colour, use_style
from tutlib.risk import bootstrap, wilson

INK, FOUND, CHANGE = COLOURS["ink"], COLOURS["adversarial"], COLOURS["perturbation"]
# year, what attackers found, the stop of lesson 1.3, what defenders built, was it broken later?
EVENTS = (
    (1973, "", "", "robust optimisation (Soyster)", False),
    (1995, "", "", "the widest margin: SVMs (Cortes, Vapnik)", False),
    (2004, "spam filters, as a game (Dalvi et al.)", "1", "", False),
    (2005, "good words (Lowd, Meek)", "1", "", False),
    (2012, "poisoned training sets (Biggio et al.)", "3", "", False),
    (2013, "malware; gradients (Biggio et al.)", "2", "", False),
    (2014, "deep nets, too (Szegedy et al.)", "", "", False),
    (2015, "one step is enough (Goodfellow et al.)", "",
     "train on one-step attacks (the same)", True),
    (2016, "", "", "distillation (Papernot et al.)", True),
    (2017, "distillation falls (Carlini, Wagner)", "", "exact verification (Katz et al.)", False),
    (2018, "seven of nine more fall (Athalye et al.)", "", "PGD training (Madry et al.)", False),
    (2018, "", "", "convex bounds (Wong, Kolter)", False),
    (2018, "", "", "interval bounds (Gowal et al.)", False),
    (2019, "", "", "exact, larger nets (Tjeng et al.)", False),
    (2019, "", "", "smoothing (Cohen et al.)", False),
    (2020, "one yardstick for all (Croce, Hein)", "", "", False),
)  # fmt: skip


def timeline() -> Figure:
    """What attackers found (left) and what defenders built (right), from 1973 to 2019."""
    use_style()
    figure, axes = plt.subplots(figsize=(13, 7.3), layout="constrained")
    rows = len(EVENTS)
    axes.set(xlim=(-1, 1), ylim=(rows - 0.4, -1.5))
    axes.axis("off")
    axes.set_ylabel(told())  # not drawn, but read out to who does not see the figure
    first = next(row for row, event in enumerate(EVENTS) if "deep nets" in event[1])
    axes.axhspan(first - 0.5, rows - 0.5, color="#f1f1f1", lw=0, zorder=0)
    for middle, era in (
        (first / 2 - 0.5, "before deep nets"),
        ((first + rows - 1) / 2, "deep nets"),
    ):
        axes.text(0.965, middle, era, rotation=270, ha="center", va="center", size=15, color=INK)
    axes.plot([0, 0], [0, 2], ":", color=INK, lw=2, zorder=1)
    axes.plot([0, 0], [2, rows - 1], color=INK, lw=2, zorder=1)
    for row, (year, attack, stop, defence, broken) in enumerate(EVENTS):
        if row == 0 or EVENTS[row - 1][0] != year:
            box = {
                "facecolor": "white" if row < first else "#f1f1f1",
                "edgecolor": "none",
                "pad": 2,
            }
            axes.text(0, row, str(year), ha="center", va="center", size=15, weight="bold", bbox=box)
        axes.text(-0.12, row, attack, ha="right", va="center", size=15,
                  color=text_colour("adversarial"))  # fmt: skip
        if stop:
            badge = {"boxstyle": "circle,pad=0.18", "facecolor": INK}
            axes.text(-0.085, row, stop, ha="center", va="center", size=14, weight="bold",
                      color="white", bbox=badge)  # fmt: skip
        if broken:
            axes.text(0.085, row, "×", ha="center", va="center", size=24, color=FOUND)
        axes.text(0.12, row, defence, ha="left", va="center", size=15, color=INK)
    heads = {"size": 17, "weight": "bold", "va": "center"}
    axes.text(-0.12, -1, "they attack", ha="right", color=text_colour("adversarial"), **heads)
    axes.text(0.12, -1, "they defend, and prove", ha="left", color=INK, **heads)
    add_caption(figure, "× was broken later. Black circles: the three stops of this lesson. Years "
                "of publication, as in the references; the line is not to scale.")  # fmt: skip
    return finish(figure)


def told() -> str:
    """The whole timeline in words."""
    lines = []
    for year, attack, _, defence, broken in EVENTS:
        answer = f"defence: {defence}{' (broken later)' if broken else ''}" if defence else ""
        lines.append(f"{year} " + ", ".join(filter(None, (attack and f"attack: {attack}", answer))))
    return "; ".join(lines)


def _share(axes: Axes, places, hits, look: dict) -> None:
    """A share in per cent at every place, with Wilson's band; hits: (L, N) of zeros and ones."""
    hits = as_array(hits)
    low, high = zip(*(wilson(int(row.sum()), len(row)) for row in hits))
    axes.fill_between(places, [100 * v for v in low], [100 * v for v in high],
                      color=look["color"], alpha=0.13, lw=0)  # fmt: skip
    axes.plot(places, 100 * hits.mean(1), **look)


LOOKS = (
    {"color": FOUND, "ls": "-"},
    {"color": INK, "ls": "--"},
    {"color": COLOURS["neutral"], "ls": ":"},
)


def words_needed(needed: Mapping[str, Sequence[int]], most: int) -> Figure:
    """The share of the spam still caught, against the number of words added.

    Args:
        needed: how words are chosen -> how many each mail needs (N,); most: the axis' end.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(9.8, 4.7), layout="constrained")
    places = np.arange(1, most + 1)
    for (name, counts), look in zip(needed.items(), LOOKS):
        caught = as_array(counts)[None, :] > places[:, None]
        _share(axes, places, caught, look | {"label": name, "lw": 3})
        half = places[np.argmax(caught.mean(1) <= 0.5)]  # the first number that is enough
        share = 100 * caught[half - 1].mean()
        if share <= 50:
            axes.plot(half, share, "o", color=look["color"], ms=9, zorder=5)
            axes.annotate(f"{half}", (half, share), (8, 6), textcoords="offset points", size=14,
                          bbox={"facecolor": "white", "lw": 0, "pad": 1})  # fmt: skip
    axes.axhline(50, color=COLOURS["neutral"], lw=1)
    axes.set_xscale("log")
    ticks = [n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500) if n <= most]
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.minorticks_off()
    axes.set(xlabel="words added", ylabel="still caught, in per cent", ylim=(0, 103))
    axes.set(xlim=(1, most))
    axes.legend(loc="lower left")
    add_caption(figure, "Of the spam that the filter caught. Dots: with so many words half of it "
                "is through. Shaded: 95 % bands.")  # fmt: skip
    return finish(figure)


def _mail(axes: Axes, parts: Sequence[tuple[str, float | None]], added: int, width: int) -> None:
    """A mail in a grid of letters, each word shaded by what it weighs; the last ones are added."""
    axes.axis("off")
    row, column = 0, 0
    for number, (word, weight) in enumerate(parts):
        if column + len(word) > width or number == len(parts) - added:
            row, column = row + 1 + (number == len(parts) - added), 0
        new = number >= len(parts) - added
        strength = min(1.0, abs(weight or 0.0) / 3)
        look = {"facecolor": "white", "edgecolor": "white", "pad": 2.2, "lw": 1.4}
        if new:
            look |= {"facecolor": CHANGE, "alpha": 0.45}
        elif weight is not None and weight > 0:
            look |= {"facecolor": str(1 - 0.85 * strength)}
        elif weight is not None and strength > 0.2:
            look |= {"edgecolor": INK}
        dark = not new and weight is not None and weight > 0 and strength > 0.5
        axes.text(column, row, word, family="DejaVu Sans Mono", size=11.5, va="center",
                  color="white" if dark else INK, bbox=look)  # fmt: skip
        column += len(word) + 1
    axes.set(xlim=(0, width), ylim=(max(row, 11) + 0.7, -0.7))


def good_words(result: SimpleNamespace) -> Figure:
    """A spam mail, the words that were added, and the filter's score after each of them.

    Args:
        result: `parts` [(word, weight or None)], the mail's and then the added ones', `added`
            (how many), `scores` (added + 1,) before and after each, `most` (places on the axis),
            `reach` (the highest score shown), `lowest`.
    """
    use_style()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 5), width_ratios=[1.25, 1], layout="constrained"
    )
    _mail(left, result.parts, result.added, width=48)
    left.set_title("the mail", size=13)
    scores = as_array(result.scores)
    right.axvspan(result.lowest, 0, color="#eeeeee", lw=0, zorder=0)
    right.axvline(0, color=INK, lw=1.4)
    names = ["the mail", *(word for word, _ in result.parts[len(result.parts) - result.added :])]
    for place in range(1, len(scores)):
        right.plot(scores[place - 1 : place + 1], [place, place], color=CHANGE, lw=9,
                   solid_capstyle="butt", zorder=2)  # fmt: skip
    right.plot(scores[0], 0, "s", color=COLOURS["clean"], ms=11, zorder=4)
    for place, score in enumerate(scores[1:], 1):
        right.plot(score, place, "o", color=FOUND if score <= 0 else INK, ms=8, zorder=4)
    right.set(xlim=(result.lowest, result.reach), ylim=(result.most + 0.6, -0.9))
    right.set_yticks(range(len(names)), names, size=11)
    right.grid(axis="y", visible=False)
    right.set_xlabel("score (log-odds of spam)")
    verdict = "spam" if scores[-1] > 0 else "wanted mail"
    right.set_title(f"score {scores[-1]:+.1f}: {verdict}".replace("-", "−"), size=14, loc="left",
                    color=FOUND if scores[-1] <= 0 < scores[0] else INK)  # fmt: skip
    right.text(result.lowest / 2, 0, "inbox", size=12, ha="center", va="center")
    return finish(figure)


def additions(curves: Mapping[str, np.ndarray]) -> Figure:
    """The share of malicious programs that is still caught, against how much was changed.

    Args:
        curves: detector -> (budget + 1, N), is program n caught after k changes? Where the name
            says "remove" the line is dashed.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(9.8, 4.7), layout="constrained")
    marks = iter("osD")
    colours = iter((FOUND, INK, COLOURS["neutral"]))
    for name, caught in curves.items():
        look = {"color": next(colours), "marker": next(marks), "label": name, "ms": 8}
        look |= {"ls": "--"} if "remove" in name else {}
        _share(axes, range(len(caught)), caught, look)
    for caught in curves.values():
        axes.plot(0, 100 * caught[0].mean(), "o", color=COLOURS["clean"], ms=12, zorder=6)
    axes.plot([], [], "o", color=COLOURS["clean"], ms=12, label="untouched")
    axes.set(ylim=(0, 103), xlabel="abilities changed", ylabel="still caught, in per cent")
    axes.set_xticks(range(max(len(caught) for caught in curves.values())))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    add_caption(figure, "The limit of both detectors is set for two false alarms on a hundred "
                "harmless programs. Shaded: 95 % bands.")  # fmt: skip
    return finish(figure)


def poisoned(scene: SimpleNamespace, shares, accuracy: Mapping[str, np.ndarray]) -> Figure:
    """A line before and after some labels were flipped; and accuracy against the share of them.

    Args:
        scene: `x` (N, 2), `y` (N,) of -1 and 1, `flipped` (their rows), `before` and `after`
            (each a pair (w, b)).
        shares: poisoned, (K,) in per cent; accuracy: who chose -> (draws, K), in per cent.
    """
    use_style()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11.6, 4.9), width_ratios=[1, 1.15], layout="constrained"
    )
    for side, mark, name in ((1, "^", "one class"), (-1, "o", "the other")):
        rows = scene.y == side
        left.plot(*scene.x[rows].T, mark, color=COLOURS["neutral"], ms=9, mec="white", label=name)
    left.plot(*scene.x[scene.flipped].T, "o", mfc="none", mec=CHANGE, mew=3, ms=18,
              label="its label is flipped")  # fmt: skip
    height = np.abs(scene.x[:, 1]).max() * 1.08
    ends = np.array([-height, height])
    for (w, b), colour, style, name in (
        (scene.before, COLOURS["clean"], "-", "line before"),
        (scene.after, FOUND, "--", "line after"),
    ):
        left.plot(-(b + w[1] * ends) / w[0], ends, style, color=colour, lw=3, label=name)
    wide = np.abs(scene.x[:, 0]).max() * 1.12
    left.set(xlim=(-wide, wide), ylim=(-height, height), xticks=[], yticks=[])
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=5)
    for (name, values), look in zip(accuracy.items(), LOOKS):
        values = as_array(values)
        low, high = zip(*(_mean_band(column) for column in values.T))
        right.fill_between(shares, low, high, color=look["color"], alpha=0.15, lw=0)
        right.plot(shares, values.T, color=look["color"], lw=0.8, alpha=0.3)
        right.plot(shares, values.mean(0), marker="o", label=name, **look)
    right.plot(shares[0], values[:, 0].mean(), "o", color=COLOURS["clean"], ms=12, zorder=6)
    right.set(xlabel="labels flipped, in per cent", ylabel="right on new points, in per cent")
    right.set_ylim(None, 101)
    right.legend(loc="lower left")
    add_caption(figure, "Left: one training set. Right: thin lines are training sets, thick lines "
                "their mean with its 95 % band; the blue dot is untouched.")  # fmt: skip
    return finish(figure)


def _mean_band(values) -> tuple[float, float]:
    return bootstrap(torch.as_tensor(values))


def wrapped(mail: str, width: int = 84) -> str:
    """A mail in lines short enough for a page."""
    return textwrap.fill(mail, width, initial_indent="  ", subsequent_indent="  ")
