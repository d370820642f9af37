"""Curves of lesson 5.1: best answers, both losses, perfect experts, the signs of collapse."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.gan import lines
from tutlib.plots.pictures import add_caption
from tutlib.plots.theme import COLOURS, as_array, finish, use_style


def discriminator_1d(x: Tensor, p: Tensor, q: Tensor, logit: Tensor, caption: str = "") -> Figure:
    """Two densities over x, the best discriminator and the learned one: its belief, its logit."""
    use_style()
    x, p, q, logit = (as_array(values).flatten() for values in (x, p, q, logit))
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.3))
    for density, mark, alpha in ((p, "real", 0.35), (q, "generated", 0.6)):
        left.fill_between(x, density, color=COLOURS[mark], alpha=alpha, lw=0, label=mark)
    least = np.finfo(p.dtype).tiny  # where a density underflows
    best = np.log(np.maximum(p, least)) - np.log(np.maximum(q, least))
    for axes, true, learned in (
        (left, p / (p + q), 1 / (1 + np.exp(-logit))),
        (right, best, logit),
    ):
        axes.plot(x, true, color=COLOURS["ink"], lw=6, alpha=0.3, label="closed form")
        axes.plot(x, learned, "--", color=COLOURS["ink"], label="what D learnt")
        axes.set_xlabel("x")
    left.set(ylabel="D(x), and the two densities", ylim=(0, 1.04))
    left.legend(loc="center left")
    flat = int(np.abs(np.gradient(best, x)).argmin())
    right.plot(x[flat], best[flat], "o", color=COLOURS["ink"], ms=11, mfc="white", mew=2,
               label=f"flat: x = {x[flat]:.1f}")  # fmt: skip
    right.axhline(0, color=COLOURS["neutral"], lw=1)
    right.set(ylabel="logit of D(x)", ylim=(-6, 12))
    right.legend(loc="upper center")
    add_caption(figure, caption)
    return finish(figure)


def two_losses(caption: str = "") -> Figure:
    """The two generator losses as functions of D's logit, and the size of their slopes.

    Example:
        >>> len(two_losses().axes)
        2
    """
    use_style()
    s = torch.linspace(-9, 5, 200)
    minimax, non_saturating = -torch.nn.functional.softplus(s), torch.nn.functional.softplus(-s)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.0))
    names = ("textbook: log(1 - D)", "non-saturating: -log D")
    lines(s, dict(zip(names, (minimax, non_saturating))), xlabel="D's logit for a generated point",
          ylabel="forger's loss", axes=left)  # fmt: skip
    slopes = dict(zip(names, (s.sigmoid(), (-s).sigmoid())))
    lines(s, slopes, xlabel="D's logit for a generated point", ylabel="size of the slope",
          log=True, axes=right)  # fmt: skip
    right.get_legend().remove()
    for axes in (left, right):
        axes.axvspan(-9, -4.6, color=COLOURS["neutral"], alpha=0.13, lw=0)
    right.text(-6.8, 0.12, "D is sure", ha="center", color=COLOURS["ink"])
    add_caption(figure, caption)
    return finish(figure)


def two_games(
    one: Sequence[dict], five: Sequence[dict], truth: dict[str, float], caption: str = ""
) -> Figure:
    """The line's game with k = 1 and k = 5, several seeds each: D's gap, G's spread and mean."""
    use_style()
    figure, places = plt.subplots(1, 3, figsize=(12, 3.9))
    labels = {"gap": "distance of D from D*", "a": "spread a", "b": "mean b"}
    for axes, (key, label) in zip(places, labels.items()):
        for games, name, mark, dash in (
            (one, "k = 1", "ink", "-"), (five, "k = 5", "neutral", "--"),
        ):  # fmt: skip
            for i, game in enumerate(games):
                axes.plot(range(1, len(game[key]) + 1), game[key], dash, color=COLOURS[mark],
                          lw=1.8, label=None if i else name)  # fmt: skip
        axes.set(xlabel="round", ylabel=label)
        if key in truth:
            axes.axhline(truth[key], color=COLOURS["real"], linestyle=":", lw=3, label="real")
        axes.set_ylim(bottom=0)
        axes.legend()
    add_caption(figure, caption)
    return finish(figure)


def perfect_games(
    runs: dict[str, Sequence[float]],
    x: Tensor,
    real: Tensor,
    ends: dict[str, Tensor],
    caption: str = "",
) -> Figure:
    """Against a perfect expert: the JSD along each run, and where each run's heap comes to rest."""
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.2))
    steps = range(max(map(len, runs.values())))
    lines(steps, runs, xlabel="step of the forger", ylabel="JSD of real and generated", axes=left)
    left.set_ylim(bottom=0)
    x, real = as_array(x), as_array(real)
    right.fill_between(x, real, color=COLOURS["real"], alpha=0.35, lw=0, label="real")
    lines(x, ends, xlabel="x", ylabel="density", axes=right)
    right.set_xlim(-4.5, 4.5)
    right.legend(loc="upper left")
    add_caption(figure, caption)
    return finish(figure)


def collapse_signs(
    rounds: Sequence[int],
    games: dict[str, Sequence[dict[str, Sequence[float]]]],
    labels: dict[str, str],
    marks: dict[str, float],
    caption: str = "",
) -> Figure:
    """A sign per pair of axes, over the rounds; each game has a dash, each of its seeds a line.

    Args:
        games: name -> for each seed, sign -> a number for each look.
        labels: sign -> what its axis says; marks: sign -> where a line is drawn across.
    """
    use_style()
    figure, places = plt.subplots(1, len(labels), figsize=(3.3 * len(labels), 3.8))
    for axes, (sign, label) in zip(places, labels.items()):
        for (name, seeds), mark, dash in zip(games.items(), ("neutral", "ink"), ("--", "-")):
            for i, one in enumerate(seeds):
                axes.plot(rounds, one[sign], dash, color=COLOURS[mark], lw=1.6,
                          label=None if i else name)  # fmt: skip
        if sign in marks:
            axes.axhline(marks[sign], color=COLOURS["ink"], linestyle=":", lw=2)
        axes.set(xlabel="round", title=label)
        axes.set_ylim(bottom=0)
    figure.legend(*places[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    add_caption(figure, caption)
    return finish(figure)
