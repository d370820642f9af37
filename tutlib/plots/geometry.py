"""Figures of norms, balls and steepest steps (lessons 1.2 and 2.2)."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.ticker import MaxNLocator

from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, as_array, finish, text_colour, use_style

INK, EDGE = COLOURS["ink"], COLOURS["perturbation"]


def ball_patch(norm: str, center=(0.0, 0.0), eps: float = 1.0, **look):
    """The ball {p : ||p - center|| <= eps} of a norm "L1", "L2" or "Linf" as a patch."""
    (cx, cy), look = center, {"facecolor": EDGE, "alpha": 0.22, "edgecolor": EDGE, "lw": 2} | look
    if norm == "L2":
        return Circle(center, eps, **look)
    if norm == "Linf":
        return Rectangle((cx - eps, cy - eps), 2 * eps, 2 * eps, **look)
    if norm == "L1":
        return Polygon([(cx + eps, cy), (cx, cy + eps), (cx - eps, cy), (cx, cy - eps)], **look)
    raise ValueError(f'norm must be "L1", "L2" or "Linf", and this is {norm!r}.')


def furthest(norm: str, gradient, eps: float = 1.0) -> np.ndarray:
    """The point of the ball around 0 that lies furthest along `gradient` (2,)."""
    g = as_array(gradient).astype(float)
    if norm == "L2":
        return eps * g / max(np.linalg.norm(g), 1e-30)
    if norm == "Linf":
        return eps * np.sign(g)
    point, best = np.zeros_like(g), np.abs(g).argmax()
    point[best] = eps * np.sign(g[best])
    return point


def norm_balls(gradient=(2.0, 1.0)) -> Figure:
    """Four ways to say "small" for a picture of two pixels, and how far each goes uphill."""
    use_style()
    g = as_array(gradient).astype(float)
    figure, axes = plt.subplots(1, 4, figsize=(13, 4.1), layout="constrained")
    names = {
        "L0": "$L_0$: one pixel, any amount",
        "L1": "$L_1$: amounts add up",
        "L2": "$L_2$: as the crow flies",
        "Linf": "$L_\\infty$: each pixel a little",
    }
    for place, (norm, title) in zip(axes, names.items()):
        place.set(xlim=(-1.75, 1.75), ylim=(-1.75, 1.75), aspect="equal", title=title)
        place.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1], xlabel="change of pixel 1")
        if norm == "L0":
            place.plot([-1.75, 1.75], [0, 0], color=EDGE, lw=4, alpha=0.7)
            place.plot([0, 0], [-1.75, 1.75], color=EDGE, lw=4, alpha=0.7)
        else:
            place.add_patch(ball_patch(norm))
            best = furthest(norm, g)
            _level_line(place, g, best)
            place.plot(*best, "o", color=COLOURS["adversarial"], ms=10, zorder=5)
        _arrow(place, (0, 0), g / np.linalg.norm(g) * 0.8, INK)
    axes[0].set_ylabel("change of pixel 2")
    add_caption(
        figure,
        "Arrow: the gradient. Dashed: the furthest level line that still touches the ball; the "
        "dot is where. L1 likes corners on the axes (one pixel does it all), L-inf the corners "
        "off the axes (every pixel goes all the way), L2 has none.",
    )
    return finish(figure)


def _arrow(axes: Axes, start, step, colour: str, **look) -> None:
    look = {"lw": 2.4, "mutation_scale": 16, "shrinkA": 0, "shrinkB": 0} | look
    end = (start[0] + step[0], start[1] + step[1])
    props = {"arrowstyle": "-|>", "color": colour, **look}
    arrow = axes.annotate("", end, start, arrowprops=props, annotation_clip=False)
    arrow.arrow_patch.set(clip_on=True, clip_box=axes.bbox)


def _level_line(axes: Axes, g: np.ndarray, through: np.ndarray) -> None:
    """The line of all points with the same <g, point> as `through`."""
    along = np.array([-g[1], g[0]]) / np.linalg.norm(g)
    ends = np.stack([through - 4 * along, through + 4 * along])
    axes.plot(*ends.T, "--", color=COLOURS["neutral"], lw=1.6)


def equation(picture, x_adv, net, eps: float) -> Figure:
    """The picture + eps x sign = the changed picture, with the net's answer under each.

    Args:
        picture, x_adv: (1, C, H, W) in [0, 1]; net: a classifier with `top(x)`.
        eps: the size of the change, in pixel units.
    """
    use_style()
    sign = (x_adv - picture).sign()
    parts = (
        ("clean", "the picture $x$", picture),
        ("perturbation", r"sign$(\nabla_x \ell)$", (sign + 1) / 2),
        ("adversarial", "the sum", x_adv),
    )
    figure, axes = plt.subplots(
        1, 5, figsize=(12.4, 4.6), width_ratios=[1, 0.34, 1, 0.12, 1], layout="constrained"
    )
    for place, (meaning, title, shown) in zip(axes[::2], parts):
        put(place, shown, title, meaning)
        (name, chance), *_ = net.top(shown, 1)
        place.set_xlabel(f"“{name}”, {100 * chance:.1f} %", fontsize=14, weight="bold",
                         color=text_colour(meaning))  # fmt: skip
    for place, text in zip(axes[1::2], (f"+ {eps * 255:g}/255 ×", "=")):
        place.axis("off")
        place.text(0.5, 0.5, text, ha="center", va="center", fontsize=17)
    return finish(figure)


def ray(levels, leads: dict[str, np.ndarray], slopes: dict[str, float]) -> Figure:
    """How far the other classes lead, along straight lines through the picture; the tangents.

    Args:
        levels: distances, in steps of a screen (255 of them); leads: name -> the lead there;
        slopes: name -> how much the lead should rise per step of a screen, by the gradient.
    """
    use_style()
    levels, leads = as_array(levels), {name: as_array(lead) for name, lead in leads.items()}
    figure, axes = plt.subplots(figsize=(9.2, 4.6), layout="constrained")
    looks = (("adversarial", "-"), ("real", "-."), ("neutral", "--"))
    low = min(float(np.min(values)) for values in leads.values())
    high = max(float(np.max(values)) for values in leads.values())
    room = 0.1 * (high - low)
    for (name, values), (meaning, dash) in zip(leads.items(), looks):
        axes.plot(levels, values, dash, color=COLOURS[meaning], label=name)
        here = float(np.interp(0, levels, values))
        axes.plot(levels, here + slopes[name] * levels, ":", color=COLOURS[meaning], lw=1.8)
    axes.axvline(0, color=COLOURS["neutral"], lw=1)
    axes.axhline(0, color=INK, lw=1)
    above = "above: the true class is below 50 %"
    axes.text(levels[-1], 0.15 * room, above, ha="right", va="bottom", size=11.5)
    axes.set(ylim=(low - room, high + room), xlabel="how far, in steps of a screen (255 of them)",
             ylabel="lead of the other classes")  # fmt: skip
    axes.legend(loc="upper left")
    add_caption(figure, "Thick lines: what the net does. Dotted: the straight line that the "
                "gradient promises.")  # fmt: skip
    return finish(figure)


def step_panel(result: SimpleNamespace) -> Figure:
    """The loss over two pixels, a ball, the steepest step and the true worst case in the ball.

    Args:
        result: `axis` (G,), `surface` (G, G) the loss at (x, y), `point`, `gradient`, `step`,
            `worst` (2,), `norm`, `eps`, `profile` (T,) the loss along the step, `loss`,
            `promised`, `reached`, `highest` (numbers).
    """
    use_style()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9.4, 4.5), width_ratios=[1.15, 1], layout="constrained"
    )
    left.contourf(result.axis, result.axis, result.surface, levels=14, cmap="Greys", alpha=0.75)
    left.add_patch(ball_patch(result.norm, result.point, result.eps, alpha=0.3))
    length = np.linalg.norm(result.gradient)
    if length > 1e-9:
        _arrow(left, result.point, result.gradient / length * 0.16, COLOURS["clean"])
        end = np.asarray(result.point) + result.step
        left.plot(*zip(result.point, end), color=COLOURS["adversarial"], lw=2)
        left.plot(*end, "o", color=COLOURS["adversarial"], ms=14, label="the one step",
                  clip_on=False)  # fmt: skip
    left.plot(*result.worst, "*", color=COLOURS["target"], ms=15, mec=INK, label="the true worst",
              clip_on=False, zorder=5)  # fmt: skip
    left.plot(*result.point, "s", color=COLOURS["clean"], ms=9, mec="white", label="the picture",
              clip_on=False, zorder=6)  # fmt: skip
    left.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="pixel 1", ylabel="pixel 2")
    left.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    left.set_title("the loss (dark is high)", size=13)
    left.grid(False)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    share = np.linspace(0, 1, len(result.profile))
    right.plot(share, result.profile, color=COLOURS["adversarial"])
    right.plot([0, 1], [result.loss, result.promised], ":", color=COLOURS["clean"], lw=2.2)
    right.axhline(result.highest, color=COLOURS["target"], ls="--", lw=1.8)
    top = 1.5 * max(result.highest, result.promised, 0.3)
    right.set(ylim=(0, top), xlabel="along the step", xticks=[0, 1])
    right.set_xticklabels(["the picture", "the edge"])
    right.set_title("the loss along the step", size=13)
    text = f"promised {result.promised:.2f}\nreached {result.reached:.2f}\n" \
        f"worst {result.highest:.2f}"  # fmt: skip
    right.text(0.03, 0.97, text, transform=right.transAxes, va="top", size=13)
    return finish(figure)


def duel(one_step, many_steps, right: dict[str, float]) -> Figure:
    """Loss after one step against loss after many, picture by picture; and what is left right.

    Args:
        one_step, many_steps: losses (N,) of the same pictures; right: name -> accuracy, 0 to 1.
    """
    use_style()
    one_step, many_steps = as_array(one_step), as_array(many_steps)
    figure, (left, bars) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    top = 1.05 * float(max(one_step.max(), many_steps.max()))
    left.fill_between([0, top], [0, top], top, color=COLOURS["adversarial"], alpha=0.08, lw=0)
    left.plot([0, top], [0, top], "--", color=COLOURS["neutral"], lw=1.6)
    left.plot(one_step, many_steps, "o", color=COLOURS["adversarial"], ms=5, alpha=0.55, mew=0)
    left.set(xlim=(0, top), ylim=(0, top), xlabel="loss after FGSM", ylabel="loss after PGD")
    for axis in (left.xaxis, left.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
    left.text(0.04 * top, 0.9 * top, "PGD is worse for the net", size=12)
    names, values = list(right), [100 * value for value in right.values()]
    places = range(len(names))[::-1]
    colours = ["clean"] + ["adversarial"] * (len(names) - 1)
    bars.barh(places, values, color=[COLOURS[meaning] for meaning in colours], height=0.66)
    for place, value in zip(places, values):
        bars.text(value + 1.5, place, f"{value:.0f} %", va="center")
    bars.set(yticks=list(places), yticklabels=names, xlim=(0, 115), xticks=[0, 50, 100])
    bars.set_xlabel("still read right, in per cent")
    bars.grid(False)
    add_caption(figure, "Left: a dot is a picture; above the dashed line many steps found more "
                "than one. Right: accuracy that each attack leaves.")  # fmt: skip
    return finish(figure)


def loss_over_eps(levels, one_step, worst) -> Figure:
    """What one step reaches at growing eps, and the worst found so far, for every picture.

    Args:
        levels: (L,) values of eps; one_step, worst: losses (L, N).
    """
    use_style()
    one_step, worst = as_array(one_step), as_array(worst)
    drop = (np.maximum.accumulate(one_step) - one_step).max(0)
    shown = np.argsort(-drop)[:2]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.3), layout="constrained")
    left.plot(levels, worst.mean(1), "o-", color=COLOURS["adversarial"], label="worst found")
    left.plot(levels, one_step.mean(1), "s--", color=COLOURS["clean"], label="one step (FGSM)")
    left.set(title="on average", xlabel="eps", ylabel="loss", ylim=(0, None))
    left.legend()
    for i in shown:
        right.plot(levels, worst[:, i], "o-", color=COLOURS["adversarial"], lw=1.6, ms=5)
        right.plot(levels, one_step[:, i], "s--", color=COLOURS["clean"], lw=1.6, ms=5)
    right.set(title="two pictures on which one step overshoots", xlabel="eps", ylim=(0, None))
    add_caption(figure, "On average one longer step does more harm. For single pictures it may "
                "do less; the worst case in a larger ball never does.")  # fmt: skip
    return finish(figure)


def reach(ratios, losses: dict[str, list[float]]) -> Figure:
    """Loss against how far all steps together could go, in units of eps.

    Args:
        ratios: steps * step_size / eps; losses: name -> mean loss at each ratio.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(9.6, 4.4), layout="constrained")
    looks = (("clean", "s--"), ("adversarial", "o-"))
    for (name, values), (meaning, dash) in zip(losses.items(), looks):
        axes.plot(ratios, values, dash, color=COLOURS[meaning], label=name)
    top = 1.12 * max(max(values) for values in losses.values())
    axes.axvspan(2, 4, color=COLOURS["real"], alpha=0.13, lw=0)
    for place, words in ((1, "the edge"), (2, "the far edge")):
        axes.axvline(place, color=COLOURS["neutral"], lw=1.4, ls=":")
        axes.text(place * 1.03, 0.02 * top, words, rotation=90, ha="left", va="bottom", size=11)
    axes.set_xscale("log")
    axes.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios])
    axes.minorticks_off()
    axes.set(ylim=(0, top), xlabel="steps × step size / eps", ylabel="mean loss")
    axes.legend(loc="upper left")
    add_caption(figure, "Too short and the steps never arrive; far too long and they only jump "
                "from corner to corner. Shaded: a good range.")  # fmt: skip
    return finish(figure)


def lengths(norms, rates, fooled, by_sign: float) -> Figure:
    """How long gradients are, and what plain gradient steps achieve at each learning rate.

    Args:
        norms: gradient lengths (N,); rates: learning rates; fooled: share fooled at each;
        by_sign: share fooled by as many sign steps.
    """
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    powers = np.log10(np.maximum(as_array(norms).astype(float), 1e-12))
    left.hist(powers, bins=24, color=COLOURS["perturbation"])
    ticks = np.arange(np.floor(powers.min()), np.ceil(powers.max()) + 1, 2)
    left.set_xticks(ticks, [f"$10^{{{int(tick)}}}$" for tick in ticks])
    left.set(xlabel="length of the gradient at the picture", ylabel="pictures")
    left.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    right.plot(rates, 100 * as_array(fooled), "o-", color=COLOURS["clean"], label="plain steps")
    right.axhline(100 * by_sign, color=COLOURS["adversarial"], ls="--", label="sign steps")
    right.set_xscale("log")
    right.set(xlabel="learning rate", ylabel="fooled, in per cent", ylim=(0, 100))
    right.minorticks_off()
    right.legend(loc="lower right")
    add_caption(figure, "One net, many pictures, one loss: gradients of every length. No learning "
                "rate suits them all; a sign step asks only for the direction.")  # fmt: skip
    return finish(figure)
