"""Figures of many steps: a walk in the plane, FGSM beside PGD, how far steps reach (lesson 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tutlib.plots.geometry import ball_patch
from tutlib.plots.pictures import add_caption
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate

INK, FOUND = COLOURS["ink"], COLOURS["adversarial"]
ONE = {"color": INK, "ls": "--", "marker": "s"}  # one step: never the colour of many
MANY = {"color": FOUND, "ls": "-", "marker": "o"}


def walk(result: SimpleNamespace) -> Figure:
    """A walk over the loss of two pixels, and the loss after each of its steps.

    Args:
        result: `axis` (G,), `surface` (G, G), `point` (2,), `eps`, `path` (T + 1, 2) so far,
            `values` (T + 1,) its losses, `one` (2,) where one step ends, `one_loss`, `worst` (2,),
            `highest`, `steps` (how many there may be).
    """
    use_style()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9.4, 4.6), width_ratios=[1.15, 1], layout="constrained"
    )
    left.contourf(result.axis, result.axis, result.surface, levels=14, cmap="Greys", alpha=0.75)
    left.add_patch(ball_patch("Linf", result.point, result.eps, alpha=0.25))
    left.plot(*zip(result.point, result.one), color=INK, ls="--", lw=1.6, zorder=2)
    left.plot(*result.one, "s", color=INK, ms=10, label="one step", clip_on=False, zorder=3)
    left.plot(*result.path.T, "o-", color=FOUND, ms=6, lw=1.8, label="many steps", clip_on=False,
              zorder=5)  # fmt: skip
    left.plot(*result.path[-1], "o", color=FOUND, ms=13, mec=INK, clip_on=False, zorder=6)
    left.plot(*result.worst, "*", color="white", ms=17, mec=INK, label="the true worst",
              clip_on=False, zorder=7)  # fmt: skip
    left.plot(*result.point, "s", color=COLOURS["clean"], ms=9, mec="white", label="the picture",
              zorder=4)  # fmt: skip
    left.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="pixel 1", ylabel="pixel 2")
    left.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    left.set_title("the loss (dark is high)", size=13)
    left.grid(False)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    taken = np.arange(len(result.values))
    right.axhline(result.highest, color=INK, ls="-", lw=1.4)
    right.axhline(result.one_loss, color=INK, ls="--", lw=1.6)
    right.plot(taken, result.values, "o-", color=FOUND, ms=6)
    right.plot(taken[-1], result.values[-1], "o", color=FOUND, ms=13, mec=INK)
    top = 1.18 * result.highest
    for height, words in ((result.highest, "the true worst"), (result.one_loss, "one step")):
        right.text(0, height + 0.015 * top, words, size=11.5, va="bottom")
    right.set(ylim=(0, top), xlim=(-0.4, result.steps + 0.4), xlabel="steps taken", ylabel="loss")
    right.set_title(f"loss {result.values[-1]:.2f} of at most {result.highest:.2f}", size=13)
    return finish(figure)


def duel(one_step, many_steps, wrong: Mapping[str, Estimate]) -> Figure:
    """Loss after one step against loss after many, picture by picture; and what is left right.

    Args:
        one_step, many_steps: losses (N,) of the same pictures; wrong: attack -> share fooled.
    """
    use_style()
    one_step, many_steps = as_array(one_step), as_array(many_steps)
    figure, (left, bars) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
    top = 1.05 * float(max(one_step.max(), many_steps.max()))
    left.plot([0, top], [0, top], "--", color=COLOURS["neutral"], lw=1.6)
    left.plot(one_step, many_steps, "o", color=FOUND, ms=6, alpha=0.55, mew=0)
    left.set(xlim=(0, top), ylim=(0, top), xlabel="loss after one step",
             ylabel="loss after many steps")  # fmt: skip
    for place, estimate in enumerate(wrong.values()):
        low, high = (100 * (1 - end) for end in estimate.band)
        colour = FOUND if estimate.lower_bound else COLOURS["clean"]
        bars.plot([low, high], [place, place], color=colour, lw=6, alpha=0.35,
                  solid_capstyle="butt")  # fmt: skip
        right = 100 * (1 - estimate.value)
        bars.plot(right, place, "o", color=colour, ms=10)
        bars.annotate(f"{right:.0f} %", (right, place), (0, 11), textcoords="offset points",
                      ha="center")  # fmt: skip
    bars.set(yticks=range(len(wrong)), yticklabels=list(wrong), xlim=(-4, 106))
    bars.set(ylim=(len(wrong) - 0.5, -0.7), xlabel="still read right, in per cent")
    add_caption(figure, "Left: a dot is a digit; above the dashed line many steps did more harm. "
                "Right: what each attack leaves, with 95 % bands.")  # fmt: skip
    return finish(figure)


def loss_over_eps(levels, one_step, worst) -> Figure:
    """What one step reaches at growing eps, and the worst found at each, for every picture.

    Args:
        levels: (L,) values of eps; one_step, worst: losses (L, N).
    """
    use_style()
    one_step, worst = as_array(one_step), as_array(worst)
    shown = (np.maximum.accumulate(one_step) - one_step).max(0).argmax()
    figure, (left, right) = plt.subplots(1, 2, figsize=(11.4, 4.4), layout="constrained")
    for axes, one, many in ((left, one_step.mean(1), worst.mean(1)),
                            (right, one_step[:, shown], worst[:, shown])):  # fmt: skip
        axes.plot(levels, many, **MANY, label="the worst found")
        axes.plot(levels, one, **ONE, label="one step")
        axes.set(xlabel="eps (1 is white)", ylabel="loss", ylim=(0, None))
    left.set_title("the mean of all digits", size=13)
    right.set_title("the digit on which one step falls furthest", size=13)
    left.legend()
    add_caption(figure, "Every point is an attack of its own, from fresh starts: nothing is "
                "carried over from a smaller ball.")  # fmt: skip
    return finish(figure)


def reach(ratios, losses: Mapping[str, list[Estimate]]) -> Figure:
    """Loss against how far all steps together could go, in units of eps.

    Args:
        ratios: steps * step_size / eps; losses: name -> mean loss at each ratio, with its band.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(9.8, 4.5), layout="constrained")
    for (name, found), look in zip(losses.items(), (ONE, MANY)):
        low, high = zip(*(estimate.band for estimate in found))
        axes.fill_between(ratios, low, high, color=look["color"], alpha=0.12, lw=0)
        axes.plot(ratios, [estimate.value for estimate in found], **look, label=name)
    for place, words in ((1, "reaches the edge"), (2, "reaches the far edge")):
        axes.axvline(place, color=COLOURS["neutral"], lw=1.4, ls=":")
        axes.text(place * 1.03, 0.1, words, rotation=90, ha="left", va="bottom", size=11.5)
    axes.set_xscale("log")
    axes.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios])
    axes.minorticks_off()
    axes.set(ylim=(0, None), xlabel="steps × step size / eps", ylabel="mean loss")
    axes.legend(loc="upper left")
    add_caption(figure, "Shaded: 95 % bands for other digits. Ours are the same at every point, so "
                "the curves compare better than their bands.")  # fmt: skip
    return finish(figure)


def by_length(lengths, leads: Mapping[str, object], name: str) -> Figure:
    """How far the true class leads before and after some attacks, against the gradient's length.

    Args:
        lengths: of each picture's gradient (N,); leads: what was done -> (N,), clean first, then
            plain steps, then sign steps; name: of the true class.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(9.8, 4.5), layout="constrained")
    looks = (("clean", "s"), ("ink", "D"), ("adversarial", "o"))
    values = np.stack([as_array(lead) for lead in leads.values()])
    axes.vlines(as_array(lengths), values.min(0), values.max(0), color="#cccccc", lw=1.2, zorder=1)
    for (label, lead), (colour, mark) in zip(leads.items(), looks):
        axes.plot(as_array(lengths), as_array(lead), mark, color=COLOURS[colour], ms=9, label=label)
    axes.axhline(0, color=INK, lw=1)
    axes.set_xscale("log")
    axes.set(xlabel="length of the gradient at the picture", ylabel=f"lead of {name}")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    below = f"Below zero the net gives {name} less than one half."
    add_caption(figure, f"Each upright line is a pig. {below}")
    return finish(figure)


def rates(tried, fooled: list[Estimate], by_sign: Estimate) -> Figure:
    """What plain gradient steps achieve at each learning rate, beside as many sign steps.

    Args:
        tried: learning rates; fooled: share fooled at each; by_sign: by the sign steps.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(9.8, 4.3), layout="constrained")
    _share(axes, tried, fooled, {**ONE, "label": "plain steps"})
    axes.axhspan(*(100 * end for end in by_sign.band), color=FOUND, alpha=0.12, lw=0)
    axes.axhline(100 * by_sign.value, color=FOUND, label="sign steps")
    axes.set_xscale("log")
    axes.set(xlabel="learning rate of the plain steps", ylabel="fooled, in per cent", ylim=(0, 100))
    axes.minorticks_off()
    axes.legend(loc="lower right")
    add_caption(figure, "The same digits, the same number of steps. Shaded: 95 % bands.")
    return finish(figure)


def _share(axes: Axes, places, estimates: list[Estimate], look: dict) -> None:
    low, high = zip(*(estimate.band for estimate in estimates))
    axes.fill_between(places, [100 * v for v in low], [100 * v for v in high],
                      color=look["color"], alpha=0.12, lw=0)  # fmt: skip
    axes.plot(places, [100 * estimate.value for estimate in estimates], **look)
