"""Figures of chapter 4: boundaries in the plane, learning curves, surfaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from tutlib.nets import untouched
from tutlib.plots.losses import signed
from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, finish, use_style

CLASSES = (("real", "o"), ("target", "s"))  # colour and marker of the two classes of points
REGIONS = LinearSegmentedColormap.from_list(
    "regions", [COLOURS["real"], "white", COLOURS["target"]]
)


def leaning(model: Callable[[Tensor], Tensor], side: int = 121, device="cpu") -> np.ndarray:
    """How sure a net is of class 1 on a grid over the unit square: (side, side), row 0 at the
    bottom."""
    line = torch.linspace(0, 1, side, device=device)
    points = torch.cartesian_prod(line, line)
    with untouched(model), torch.no_grad():
        return model(points).softmax(1)[:, 1].view(side, side).T.cpu().numpy()


def plane(axes: Axes, sure: np.ndarray, x: Tensor, y: Tensor, eps: float, title: str = "") -> None:
    """Regions and boundary of a net, the points, and the square of radius eps around each.

    Args:
        sure: from `leaning`; x: points (N, 2); y: labels (N,), 0 or 1.
    """
    axes.imshow(sure, origin="lower", extent=(0, 1, 0, 1), cmap=REGIONS, vmin=0, vmax=1,
                alpha=0.45, interpolation="bilinear")  # fmt: skip
    line = np.linspace(0, 1, len(sure))
    if sure.min() < 0.5 < sure.max():
        axes.contour(line, line, sure, levels=[0.5], colors=COLOURS["ink"], linewidths=2.2)
    x, y = x.cpu().numpy(), y.cpu().numpy()
    for (px, py), label in zip(x, y):
        colour, marker = CLASSES[label]
        axes.add_patch(Rectangle((px - eps, py - eps), 2 * eps, 2 * eps, facecolor="none",
                                 edgecolor=COLOURS[colour], lw=2))  # fmt: skip
        axes.plot(px, py, marker, color=COLOURS[colour], mec="white", mew=1, ms=9)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], aspect="equal")
    axes.set_title(title, loc="center")
    axes.grid(False)
    axes.spines[:].set(visible=True, color=COLOURS["neutral"])


def boundaries(
    nets: Mapping[str, Callable], x: Tensor, y: Tensor, eps: float, caption: str = ""
) -> Figure:
    """Several nets' boundaries around the same points, side by side (titles: the keys)."""
    use_style()
    figure, axes = plt.subplots(
        1, len(nets), figsize=(4.6 * len(nets), 5.1), squeeze=False, layout="constrained"
    )
    for place, (title, net) in zip(axes[0], nets.items()):
        plane(place, leaning(net, device=x.device), x, y, eps, title)
    add_caption(figure, caption)
    return finish(figure)


def boundary_frame(result) -> Figure:
    """One frame of the training panel: the plane, and how far the training has come."""
    use_style()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(8.6, 4.6), width_ratios=[1.25, 1], layout="constrained"
    )
    plane(left, result["sure"], result["x"], result["y"], result["eps"],
          f"{result['inner']}, epoch {result['epoch']}")  # fmt: skip
    names = ("points right", "whole squares right")
    values = (result["clean"], result["robust"])
    right.barh([1, 0], values, color=[COLOURS["clean"], COLOURS["adversarial"]], height=0.5)
    for height, name, value in zip([1, 0], names, values):
        right.text(0.0, height + 0.32, f"{name}: {100 * value:.0f} %", fontsize=13)
    right.set(xlim=(0, 1), ylim=(-0.5, 1.7), yticks=[], xticks=[0, 0.5, 1])
    right.set_xticklabels(["0 %", "50 %", "100 %"])
    right.spines["left"].set_visible(False)
    right.grid(False)
    return finish(figure)


def four_curves(runs: Mapping[str, Sequence[dict]], caption: str = "") -> Figure:
    """Errors by epoch, for every run (its `history`): train and held out, clean and attacked."""
    use_style()
    figure, axes = plt.subplots(
        1, len(runs), figsize=(4.3 * len(runs), 4.4), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    kinds = (
        ("train_clean", "clean", "--", "trained on, clean"),
        ("watch_clean", "clean", "-", "held out, clean"),
        ("train_robust", "adversarial", "--", "trained on, attacked"),
        ("watch_robust", "adversarial", "-", "held out, attacked"),
    )
    for place, (title, history) in zip(axes[0], runs.items()):
        epochs = [row["epoch"] for row in history]
        for key, colour, style, label in kinds:
            errors = [100 * (1 - row[key]) for row in history]
            place.plot(epochs, errors, style, color=COLOURS[colour], label=label, marker=".")
        place.set(xlabel="epoch", ylim=(-2, 102), xticks=epochs)
        place.set_title(title, loc="center")
    axes[0, 0].set_ylabel("error, per cent")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4)
    add_caption(figure, caption)
    return finish(figure)


def surfaces(values: Mapping[str, Tensor], eps: float, caption: str = "") -> Figure:
    """Loss surfaces around one picture, all on one scale: name -> (S, S) losses.

    Rows follow a random direction, columns the gradient's sign, both from -eps to eps.
    """
    use_style()
    figure = plt.figure(figsize=(4.4 * len(values), 4.7), layout="constrained")
    top = max(float(v.max()) for v in values.values())
    for k, (title, loss) in enumerate(values.items()):
        axes = figure.add_subplot(1, len(values), k + 1, projection="3d")
        line = np.linspace(-eps, eps, len(loss))
        across, along = np.meshgrid(line, line)
        axes.plot_surface(across, along, loss.cpu().numpy(), cmap="cividis", vmin=0, vmax=top,
                          rstride=1, cstride=1, linewidth=0)  # fmt: skip
        axes.set(zlim=(0, top), xticks=[-eps, 0, eps], yticks=[-eps, 0, eps])
        axes.set_xlabel("gradient's sign")
        axes.set_ylabel("random signs")
        axes.set_title(title, loc="center")
        axes.view_init(22, -120)
    add_caption(figure, caption)
    return finish(figure)


def gradient_rows(
    x: Tensor, gradients: Mapping[str, Tensor], caption: str = "", *, size: float = 1.5
) -> Figure:
    """Pictures (N, C, H, W) in the first row, below them each net's gradients, of the same shape.

    A grey picture's gradient is drawn in two colours for its two signs; one of a colour picture as
    a picture itself, around grey: each colour channel brighter where the loss would rise.
    """
    use_style()
    rows, columns = 1 + len(gradients), len(x)
    figure, axes = plt.subplots(
        rows, columns, figsize=(size * columns + 1.2, 1.04 * size * rows + 0.6),
        layout="constrained", squeeze=False,
    )  # fmt: skip
    for k in range(columns):
        put(axes[0, k], x[k], colour="clean")
        for row, gradient in enumerate(gradients.values(), 1):
            if x.shape[1] == 1:
                signed(axes[row, k], gradient[k, 0].detach().cpu().numpy())
            else:
                put(axes[row, k], 0.5 + gradient[k] / (6 * gradient[k].std()), colour="neutral")
    for place, name in zip(axes[:, 0], ["picture", *gradients]):
        place.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=14)
    add_caption(figure, caption)
    return finish(figure)
