"""Figures of norms, balls and steepest steps (lesson 2.2)."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon, Rectangle

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
        "L2": "$L_2$: the straight distance",
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
        "dot is where. $L_1$ has its corners on the axes (one pixel does it all), $L_\\infty$ has "
        "them off the axes (every pixel goes all the way), $L_2$ has none.",
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
    fallen = net.top(x_adv, 1)[0][0] != net.top(picture, 1)[0][0]
    parts = (
        ("clean", "the picture $x$", picture),
        ("perturbation", "which way each pixel moves", (sign + 1) / 2),
        ("adversarial" if fallen else "neutral", "the sum", x_adv),
    )
    figure, axes = plt.subplots(
        1, 5, figsize=(10.8, 4.2), width_ratios=[1, 0.34, 1, 0.12, 1], layout="constrained"
    )
    for place, (meaning, title, shown) in zip(axes[::2], parts):
        put(place, shown, title, meaning)
        (name, chance), *_ = net.top(shown, 1)
        place.set_xlabel(f"“{name}”, {100 * chance:.1f} %", fontsize=14, weight="bold",
                         color=text_colour(meaning))  # fmt: skip
    for place, text in zip(axes[1::2], (f"+ {eps * 255:g}/255 ×", "=")):
        place.axis("off")
        place.text(0.5, 0.5, text, ha="center", va="center", fontsize=17)
    add_caption(figure, "Under each picture what the net says, and how sure it is. The one in "
                "the middle is drawn at full strength; in the sum it is hard to see.")  # fmt: skip
    return finish(figure)


def ray(levels, leads: dict[str, np.ndarray], slopes: dict[str, float]) -> Figure:
    """How far the true class leads, along straight lines through the picture; the tangents.

    Args:
        levels: distances, in levels of 1/255; leads: name -> the lead (log-odds) there;
        slopes: name -> how much the lead should change per level, by the gradient.
    """
    use_style()
    levels, leads = as_array(levels), {name: as_array(lead) for name, lead in leads.items()}
    figure, axes = plt.subplots(figsize=(9.4, 4.7), layout="constrained")
    looks = (("adversarial", "-"), ("ink", "-."), ("neutral", "--"))
    low = min(float(np.min(values)) for values in leads.values())
    high = max(float(np.max(values)) for values in leads.values())
    room = 0.1 * (high - low)
    for (name, values), (meaning, dash) in zip(leads.items(), looks):
        axes.plot(levels, values, dash, color=COLOURS[meaning], label=name)
        here = float(np.interp(0, levels, values))
        axes.plot(levels, here + slopes[name] * levels, ":", color=COLOURS[meaning], lw=1.8)
    axes.axvline(0, color=COLOURS["neutral"], lw=1)
    axes.axhline(0, color=INK, lw=1)
    axes.set(ylim=(low - room, high + room), xlabel="how far a pixel may have moved, in levels",
             ylabel="lead of the true class")  # fmt: skip
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    add_caption(figure, "Thick lines: what the net does; below zero it gives the true class less "
                "than one half. Dotted: the straight line that the gradient promises. Left of 0: "
                "the opposite way.")  # fmt: skip
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
        _arrow(left, result.point, result.gradient / length * 0.16, INK)
        end = np.asarray(result.point) + result.step
        left.plot(*zip(result.point, end), color=COLOURS["adversarial"], lw=2)
        left.plot(*end, "o", color=COLOURS["adversarial"], ms=14, label="the one step",
                  clip_on=False)  # fmt: skip
    left.plot(*result.worst, "*", color="white", ms=16, mec=INK, label="the true worst",
              clip_on=False, zorder=5)  # fmt: skip
    left.plot(*result.point, "s", color=COLOURS["clean"], ms=9, mec="white", label="the picture",
              clip_on=False, zorder=6)  # fmt: skip
    left.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="pixel 1", ylabel="pixel 2")
    left.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    left.set_title("the loss (dark is high)", size=13)
    left.grid(False)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    share = np.linspace(0, 1, len(result.profile))
    right.axhline(result.highest, color=INK, ls="--", lw=1.8,
                  label=f"the true worst, {result.highest:.2f}")  # fmt: skip
    right.plot([0, 1], [result.loss, result.promised], ":", color=COLOURS["adversarial"], lw=2.2,
               label=f"promised, {result.promised:.2f}")  # fmt: skip
    right.plot(share, result.profile, color=COLOURS["adversarial"],
               label=f"reached, {result.reached:.2f}")  # fmt: skip
    top = 1.65 * max(result.highest, result.promised, 0.3)
    right.set(ylim=(0, top), xlabel="along the step", ylabel="loss", xticks=[0, 1])
    right.set_xticklabels(["the picture", "the edge"])
    right.set_title("the loss along the step", size=13)
    right.legend(loc="upper left")
    return finish(figure)


def against_chance(ratios: dict[str, object], dimensions: dict[str, int], chance) -> Figure:
    """What the sign promises for each picture, in units of a random step's typical promise.

    Args:
        ratios: kind of picture -> ||g||_1 / ||g||_2 of each (N,); dimensions: kind -> pixels.
        chance: promises of random signs for one picture (R,), in the same unit.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(10.4, 3.9), layout="constrained")
    chance, looks = np.abs(as_array(chance)), {"ms": 9, "alpha": 0.55, "mew": 0}
    axes.plot(chance, np.zeros(len(chance)), "|", color=COLOURS["neutral"], ms=20,
              label="random signs, up or down")  # fmt: skip
    for place, (name, values) in enumerate(ratios.items(), start=1):
        most = dimensions[name] ** 0.5
        axes.plot([1, most], [place, place], color=INK, lw=1.2, zorder=1)
        axes.plot(as_array(values), np.full(len(values), place), "o", color=COLOURS["adversarial"],
                  label="the sign of the gradient" if place == 1 else None, **looks)  # fmt: skip
        axes.plot(most, place, "D", color=INK, ms=9,
                  label=r"the most there can be, $\sqrt{d}$" if place == 1 else None)  # fmt: skip
        axes.text(1.12 * most, place, f"{most:.0f}", va="center")
    axes.set_xscale("log")
    axes.set(xlim=(0.005, 900), ylim=(-0.6, len(ratios) + 0.6), yticks=range(len(ratios) + 1))
    axes.set_yticklabels(["chance", *ratios])
    axes.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    axes.set_xlabel("promise, in units of what random signs typically promise")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    add_caption(figure, "A dot is a picture, a stroke a throw of random signs for one picture (a "
                "few may lie too far left). Line: from least to most. The unit is the standard "
                "deviation of such throws.")  # fmt: skip
    return finish(figure)


def wrong_corner(shifts, losses, slope: float) -> Figure:
    """A loss over one pixel that bends: where the slope leads, and where the worst point lies.

    Args:
        shifts: changes of the pixel (S,), from -eps over 0 to eps; losses: (S,) there.
        slope: of the loss at no change.
    """
    use_style()
    shifts, losses = as_array(shifts), as_array(losses)
    middle, end = len(shifts) // 2, -1 if slope > 0 else 0
    figure, axes = plt.subplots(figsize=(8.6, 4.2), layout="constrained")
    axes.plot(shifts, losses, color=COLOURS["adversarial"], label="the loss")
    axes.plot(shifts, losses[middle] + slope * shifts, ":", color=COLOURS["adversarial"], lw=2,
              label="what the gradient promises")  # fmt: skip
    axes.plot(0, losses[middle], "s", color=COLOURS["clean"], ms=10, label="the picture")
    axes.plot(shifts[end], losses[end], "o", color=COLOURS["adversarial"], ms=14,
              label="the one step", clip_on=False)  # fmt: skip
    worst = losses.argmax()
    axes.plot(shifts[worst], losses[worst], "*", color="white", mec=INK, ms=18,
              label="the true worst", clip_on=False)  # fmt: skip
    axes.set(xlabel="change of the pixel", ylabel="loss", ylim=(0, 1.12 * losses.max()))
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    add_caption(figure, "One pixel, three classes, a linear model. The loss is a valley, and "
                "uphill from the picture is the lower of its two sides.")  # fmt: skip
    return finish(figure)
