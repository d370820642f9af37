"""Figures of readers that are no nets, with and without an adversary in their training (4.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate

# No meaning of their own: they only tell readers apart, and never by colour alone.
LOOKS = (
    {"color": COLOURS["ink"], "marker": "o", "ls": "-"},
    {"color": COLOURS["neutral"], "marker": "D", "ls": "--"},
    {"color": COLOURS["ink"], "marker": "s", "ls": ":"},
    {"color": COLOURS["neutral"], "marker": "^", "ls": "-."},
)


def weight_maps(weights: Mapping[str, Tensor], caption: str = "") -> Figure:
    """The weights of linear readers, side by side.

    Args:
        weights: name -> (side * side,): above zero where ink speaks for the second class.
    """
    use_style()
    figure, row = plt.subplots(1, len(weights), figsize=(3.6 * len(weights), 4.2), squeeze=False,
                               layout="constrained")  # fmt: skip
    for axes, (name, values) in zip(row[0], weights.items()):
        _map(axes, values)
        axes.set_title(name, size=15, loc="center")
    add_caption(figure, caption)
    return finish(figure)


def _map(axes: Axes, values: Tensor) -> None:
    flat = as_array(values)
    side, limit = int(len(flat) ** 0.5), max(np.abs(flat).max(), 1e-9)
    axes.imshow(flat.reshape(side, side), cmap="PuOr", vmin=-limit, vmax=limit)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)


def prices(found: Mapping[str, tuple[Sequence[float], Sequence[float]]], caption: str = ""
           ) -> Figure:  # fmt: skip
    """What a unit of weight costs while readers train, and how long their weights grow.

    Args:
        found: name -> (price at each step, sum of the weights' sizes at each step).
    """
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(11.6, 4.8), layout="constrained")
    for (name, (price, length)), look in zip(found.items(), LOOKS):
        steps = 1 + np.arange(len(price))
        style = look | {"markevery": max(1, len(steps) // 8), "ms": 7}
        left.plot(steps, as_array(price), **style, label=name)
        right.plot(steps, as_array(length), **style)
    left.set(yscale="log", xlabel="step", ylabel="price of a unit of weight")
    right.set(xlabel="step", ylabel="all weights together, sum of sizes", ylim=(0, None))
    handles = left.get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=2)
    add_caption(figure, caption)
    return finish(figure)


def in_the_end(eps: Sequence[float], sides: Mapping[str, Mapping[str, tuple]], caption: str = ""
               ) -> Figure:  # fmt: skip
    """Errors against eps, each reader's, without and with an adversary in the training.

    Args:
        eps: where they were judged; sides: title -> name of a reader -> (estimates of its error,
            what is proved that no attack can beat, between 0 and 1, or None), at each eps.
    """
    use_style()
    figure, row = plt.subplots(1, len(sides), figsize=(12.4, 5.6), sharey=True, squeeze=False,
                               layout="constrained")  # fmt: skip
    for axes, (title, readers) in zip(row[0], sides.items()):
        for (name, (found, proved)), look in zip(readers.items(), LOOKS):
            low = 100 * np.array([e.value for e in found])
            ends = 100 * np.array([e.band for e in found]).T
            if proved is not None:
                axes.fill_between(eps, low, 100 * as_array(proved), color=look["color"],
                                  alpha=0.15, lw=0)  # fmt: skip
            axes.vlines(eps, *ends, color=look["color"], lw=1.5)
            axes.plot(eps, low, **look, ms=8, label=name)
        axes.set(xlabel="eps of the attack", xticks=eps[::2], ylim=(-3, 103))
        axes.set_title(title, size=14)
    row[0, 0].set_ylabel("wrong, in per cent")
    handles = row[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=len(handles[0]))
    add_caption(figure, caption)
    return finish(figure)


def bargain(eps: Sequence[float], curves: Mapping[str, Sequence[Estimate]], caption: str = ""
            ) -> Figure:  # fmt: skip
    """Errors against the eps of the *training*: one line for each eps of the test.

    Args:
        curves: name -> an estimate for each training eps; clean first.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(10.6, 5.0), layout="constrained")
    colours = [COLOURS["clean"]] + [COLOURS["adversarial"]] * (len(curves) - 1)
    for (name, found), look, colour in zip(curves.items(), LOOKS, colours):
        low, high = (100 * np.array(end) for end in zip(*(e.band for e in found)))
        axes.fill_between(eps, low, high, color=colour, alpha=0.15, lw=0)
        axes.plot(eps, [100 * e.value for e in found], **(look | {"color": colour}), ms=8,
                  label=name)  # fmt: skip
    axes.set(xlabel="eps in the training", ylabel="wrong, in per cent", ylim=(0, 103), xticks=eps)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=len(curves))
    add_caption(figure, caption)
    return finish(figure)


def arrivals(rows: Mapping[str, Sequence[float]], targets: Sequence[str], of: int,
             caption: str = "") -> Figure:  # fmt: skip
    """How many of a few pictures arrive at each target: a strip for each net.

    Args:
        rows: name of a net -> a count for each target; of: how many set out.
    """
    use_style()
    counts = np.array([as_array(row) for row in rows.values()])
    figure, axes = plt.subplots(figsize=(12.4, 1.9 + 0.8 * len(rows)), layout="constrained")
    axes.imshow(counts, cmap="Oranges", vmin=0, vmax=2 * of, aspect="auto")
    for (row, column), value in np.ndenumerate(counts):
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", size=17,
                  color=COLOURS["ink"])  # fmt: skip
    axes.set(xticks=range(len(targets)), yticks=range(len(rows)))
    axes.set_xticklabels([target.replace(" ", "\n") for target in targets], size=14)
    axes.set_yticklabels(list(rows), size=14)
    axes.tick_params(length=0)
    axes.grid(False)
    add_caption(figure, caption)
    return finish(figure)


def reader_card(result) -> Figure:
    """The panel's figure: a linear reader's weights, and its exact error at every eps.

    Args:
        result: `weights` (D,), `eps`, `wrong` (at each eps), `plain` (likewise, of the reader
            trained as always), `name`.
    """
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.9), width_ratios=[1, 1.5],
                                         layout="constrained")  # fmt: skip
    _map(left, result.weights)
    left.set_title(result.name, size=13, loc="center")
    right.plot(result.eps, 100 * as_array(result.plain), color=COLOURS["neutral"], ls="--",
               label="trained as always")  # fmt: skip
    right.plot(result.eps, 100 * as_array(result.wrong), color=COLOURS["adversarial"],
               label="this reader, attacked")  # fmt: skip
    right.plot(0, 100 * float(result.wrong[0]), "o", ms=10, color=COLOURS["clean"],
               label="this reader, clean")  # fmt: skip
    right.set(xlabel="eps of the attack", ylabel="wrong, in per cent", ylim=(-3, 103))
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper center", ncols=3,
                  fontsize=12)  # fmt: skip
    return finish(figure)
