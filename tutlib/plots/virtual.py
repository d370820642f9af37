"""Figures of virtual adversarial training: boundaries, power iterations, paired runs (4.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.nets import untouched
from tutlib.plots.pictures import add_caption
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.plots.training import CLASSES, REGIONS

LOW, HIGH = (-2.0, -1.3), (2.0, 1.3)  # the corner of the plane that is drawn, and its opposite


def leaning_on_plane(model, side: int = 121, device="cpu") -> np.ndarray:
    """How sure a net is of class 1 on a grid over the drawn plane: (side, side)."""
    across, up = (torch.linspace(low, high, side, device=device) for low, high in zip(LOW, HIGH))
    with untouched(model), torch.no_grad():
        return as_array(model(torch.cartesian_prod(across, up)).softmax(1)[:, 1].view(side, side).T)


def boundary(axes: Axes, sure: np.ndarray, points: Tensor, x: Tensor, y: Tensor, title: str):
    """Regions, boundary, unlabelled points (M, 2), and the labelled x (N, 2) with y (N,)."""
    extent = (LOW[0], HIGH[0], LOW[1], HIGH[1])
    axes.imshow(sure, origin="lower", extent=extent, cmap=REGIONS, vmin=0, vmax=1, alpha=0.45,
                interpolation="bilinear")  # fmt: skip
    if sure.min() < 0.5 < sure.max():
        lines = (np.linspace(low, high, len(sure)) for low, high in zip(LOW, HIGH))
        axes.contour(*lines, sure, levels=[0.5], colors=COLOURS["ink"], linewidths=3)
    points, x, y = as_array(points), as_array(x), as_array(y)
    axes.plot(points[:, 0], points[:, 1], "o", color=COLOURS["neutral"], ms=3.2, ls="none",
              label="no label")  # fmt: skip
    for label, (colour, marker) in enumerate(CLASSES):
        axes.plot(*x[y == label].T, marker, color=COLOURS[colour], mec="white", mew=1.5, ms=15,
                  ls="none", label=f"labelled, class {label}")  # fmt: skip
    axes.set(xticks=[], yticks=[], xlim=extent[:2], ylim=extent[2:], aspect="equal")
    axes.set_title(title, loc="center", size=15)
    axes.grid(False)


def boundaries(models: Mapping[str, object], points: Tensor, x: Tensor, y: Tensor,
               caption: str = "") -> Figure:  # fmt: skip
    """The same points and the same labels, and what each net makes of them."""
    use_style()
    figure, row = plt.subplots(1, len(models), figsize=(11.6, 4.9), layout="constrained")
    for axes, (name, model) in zip(row, models.items()):
        boundary(axes, leaning_on_plane(model, device=points.device), points, x, y, name)
    figure.legend(*row[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    add_caption(figure, caption)
    return finish(figure)


def power(steps: Sequence[int], by_step: Tensor, sizes: Sequence[float], by_size: Tensor,
          caption: str = "") -> Figure:  # fmt: skip
    """|cosine| to the exact eigenvector: after so many steps (S, N), and by how far we look.

    Args:
        by_size: (Z, N), in float32, one for each of `sizes`.
    """
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(11.6, 4.6), sharey=True,
                                         layout="constrained")  # fmt: skip
    for axes, places, found in ((left, steps, by_step), (right, sizes, by_size)):
        low, middle, high = np.quantile(as_array(found), [0.1, 0.5, 0.9], axis=1)
        axes.fill_between(places, low, high, color=COLOURS["perturbation"], alpha=0.3, lw=0,
                          label="80 % of the digits")  # fmt: skip
        axes.plot(places, middle, "o-", color=COLOURS["perturbation"], label="median")
    left.set(xlabel="power iterations", ylabel="|cosine| to the exact direction", ylim=(0, 1.04))
    right.set(xlabel=r"$\xi$, how far away the slope is taken (float32)", xscale="log")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    add_caption(figure, caption)
    return finish(figure)


def paired(errors: Mapping[str, Sequence[float]], what: str, caption: str = "") -> Figure:
    """Errors of several trainings, each with the same seeds: every run, their mean, a band.

    Args:
        errors: name -> an error in [0, 1] for every seed; the band is a standard error each way.
    """
    use_style()
    values = 100 * np.array(list(errors.values()))
    figure, axes = plt.subplots(figsize=(10.8, 4.8), layout="constrained")
    places = np.arange(len(values))
    for k, run in enumerate(values.T):
        axes.plot(places, run, "o:", color=COLOURS["neutral"], lw=1.6, ms=7,
                  label=None if k else "one draw")  # fmt: skip
    spread = values.std(1, ddof=1) / values.shape[1] ** 0.5
    axes.errorbar(places, values.mean(1), spread, fmt="D", color=COLOURS["ink"], ms=11, capsize=9,
                  elinewidth=3, capthick=3, label="mean, a standard error each way")  # fmt: skip
    axes.set(xticks=places, xticklabels=list(errors), xlim=(-0.5, len(values) - 0.5))
    axes.set(ylabel=f"{what}, in per cent", ylim=(0, 1.12 * values.max()))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    add_caption(figure, caption)
    return finish(figure)


def frame(found: Mapping) -> Figure:
    """The panel's figure: one net in the plane, and how many points without a label it gets."""
    use_style()
    figure, axes = plt.subplots(figsize=(7.2, 3.8), layout="constrained")
    boundary(axes, found["sure"], found["points"], found["x"], found["y"],
             f"{found['wrong']} of {len(found['points'])} points wrong")  # fmt: skip
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return finish(figure)
