"""Figures of the first attacks: along the change, how little is enough, who can be whom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption
from tutlib.plots.theme import COLOURS, as_array, finish, use_style


def along_the_change(
    shares: Sequence[float], ours: Tensor, shuffled: Tensor, coins: Tensor, name: str
) -> Figure:
    """How far `name` leads (log-odds), and how probable that makes it, on the way to a change.

    Args:
        shares: (S,) how much of the change was added, 0 to 1.
        ours: (S,) the lead after our change; shuffled, coins: (D, S) after D random ones each.
    """
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.2), layout="constrained")
    for axes, seen in ((left, lambda lead: 100 * lead.sigmoid()), (right, lambda lead: lead)):
        for noise, colour, style in ((shuffled, "perturbation", "--"), (coins, "neutral", ":")):
            axes.plot(shares, as_array(seen(noise).T), style, color=COLOURS[colour], lw=1.5)
        axes.plot(shares, as_array(seen(ours)), "o-", color=COLOURS["adversarial"])
        axes.set_xlabel("share of the change that is added")
    left.set(ylabel=f"probability of {name}, in %", ylim=(-4, 104))
    right.set_ylabel(f"lead of {name} (log-odds)")
    right.axhline(0, color=COLOURS["ink"], lw=1)
    marks = [("adversarial", "o-", "our change"), ("perturbation", "--", "the same, shuffled"),
             ("neutral", ":", "coin tosses")]  # fmt: skip
    for colour, style, label in marks:
        right.plot([], [], style, color=COLOURS[colour], label=label)
    right.legend(loc="lower left")
    add_caption(figure, "Left: softmax turns a lead into a probability, and draws an edge where "
                "there is none. Right: the lead itself.")  # fmt: skip
    return finish(figure)


def how_little(
    levels: Sequence[float], left: Mapping[str, Sequence[float]], name: str, caption: str = ""
) -> Figure:
    """The certainty that is left (between 0 and 1) against eps in steps of 255, for some steps."""
    use_style()
    figure, axes = plt.subplots(figsize=(8.4, 4.2), layout="constrained")
    for (label, values), mark in zip(left.items(), ("o-", "s--")):
        colour = COLOURS["adversarial" if mark == "o-" else "ink"]
        axes.plot(levels, [100 * value for value in values], mark, color=colour, label=label)
    axes.axhline(50, color=COLOURS["neutral"], ls=":", lw=1.5)
    axes.set(xlabel="eps, in steps of 255", ylabel=f"probability of {name}, in %", ylim=(-4, 104))
    axes.set_xlim(left=0)
    axes.legend()
    add_caption(figure, caption)
    return finish(figure)


def eps_table(needed: Tensor, names: Sequence[str], caption: str = "") -> Figure:
    """The smallest eps (K, K), in levels, for every pair; infinity where none was enough."""
    use_style()
    figure, axes = plt.subplots(figsize=(10.4, 6.3), layout="constrained")
    near = -needed.cpu().clamp(0.125, 4).log2()  # dark is near
    near.fill_diagonal_(-4)
    axes.imshow(near, vmin=-4, vmax=2.2, cmap="Greys", aspect="auto")
    for row in range(len(names)):
        for column in range(len(names)):
            value = float(needed[row, column])
            text = "more" if math.isinf(value) else f"{value:g}"
            ink = "white" if near[row, column] > -0.5 else "black"
            axes.text(column, row, "–" if row == column else text, ha="center", va="center",
                      color=ink)  # fmt: skip
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="the target", ylabel="what it is")
    axes.grid(False)
    add_caption(figure, caption)
    return finish(figure)


def flights(
    logits: Mapping[str, Sequence[Tensor]], labels: Sequence[str], truth: str, goal: str,
    caption: str = "",
) -> Figure:  # fmt: skip
    """All logits (K,) at every step, one pair of axes for each wish; few of them in colour.

    Args:
        logits: wish -> one (K,) tensor for each step; truth, goal: drawn in their own colours, and
            so is the class that is ahead in the end under the first wish.
    """
    use_style()
    figure, places = plt.subplots(1, len(logits), figsize=(11.6, 4.8), sharey=True,
                                  layout="constrained")  # fmt: skip
    paths = [as_array(torch.stack(list(path))) for path in logits.values()]
    marked = {truth: ("clean", "-"), goal: ("target", "--")}
    winner = labels[int(paths[0][-1].argmax())]
    marked.setdefault(winner, ("adversarial", "-."))
    for axes, wish, path in zip(places, logits, paths):
        if path.shape[1] <= 20:  # of a thousand classes only those that matter
            axes.plot(path, color="#cccccc", lw=1)
        for name, (colour, style) in marked.items():
            values = path[:, labels.index(name)]
            axes.plot(values, style, color=COLOURS[colour], label=name)
        axes.set(title=wish, xlabel="step")
    places[0].set_ylabel("logit")
    places[1].legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncol=3)
    add_caption(figure, caption)
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
