"""Figures of norms, balls and steepest steps (lessons 1.2 and 2.2)."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon, Rectangle

from tutlib.plots.pictures import add_caption, put
from tutlib.plots.style import COLOURS, use_style

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
    g = np.asarray(gradient, dtype=float)
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
    g = np.asarray(gradient, dtype=float)
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
    return figure


def _arrow(axes: Axes, start, step, colour: str, **look) -> None:
    look = {"lw": 2.4, "mutation_scale": 16, "shrinkA": 0, "shrinkB": 0} | look
    end = (start[0] + step[0], start[1] + step[1])
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, **look})


def _level_line(axes: Axes, g: np.ndarray, through: np.ndarray) -> None:
    """The line of all points with the same <g, point> as `through`."""
    along = np.array([-g[1], g[0]]) / np.linalg.norm(g)
    ends = np.stack([through - 4 * along, through + 4 * along])
    axes.plot(*ends.T, "--", color=COLOURS["neutral"], lw=1.6)
