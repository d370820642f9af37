"""Figures of lesson 1.2: scores, chances, the loss, and its two gradients."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style

SIGNED = "PuOr"  # white is zero; colour-blind eyes can tell its two ends apart


def signed_text(value: float, digits: int) -> str:
    """A number with its sign, and no "-0.00"; with the minus that the axes have."""
    text = f"{value:+.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def signed(axes: Axes, values, title: str = "", *, limit: float | None = None, numbers=False):
    """A signed array (H, W) on a symmetric scale: orange is below zero, purple above.

    Args:
        limit: the value drawn in full colour (the largest there is, if not given);
        numbers: write each value into its square.
    """
    values = as_array(values).astype(float)
    limit = limit or float(np.abs(values).max()) or 1.0
    axes.imshow(values, cmap=SIGNED, vmin=-limit, vmax=limit, aspect="equal")
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.set_title(title, loc="center")
    for spine in axes.spines.values():
        spine.set(visible=True, color=COLOURS["neutral"], linewidth=1.0)
    if numbers:
        for (row, column), value in np.ndenumerate(values):
            ink = "white" if abs(value) > 0.6 * limit else COLOURS["ink"]
            axes.text(column, row, signed_text(value, 2), ha="center", va="center", color=ink,
                      size=10.5)  # fmt: skip


def two_gradients(picture: Tensor, grad_theta: Tensor, grad_x: Tensor) -> Figure:
    """One loss, differentiated twice: with respect to the first filters, and to the picture.

    Args:
        picture: (1, C, H, W) in [0, 1]; grad_x: the gradient over it, of the same shape.
        grad_theta: the gradient over a layer's filters (F, C, h, w), drawn as a sheet.
    """
    use_style()
    figure, axes = plt.subplots(1, 3, figsize=(11.6, 4.5), layout="constrained")
    put(axes[1], picture, "one picture, one net, one loss", "clean")
    sheet = _sheet(grad_theta.detach().mean(1).cpu().numpy())
    signed(axes[0], sheet, "the gradient over the weights\n(the net's first filters)")
    pixels = grad_x.detach()[0].sum(0).cpu().numpy()
    bright = float(np.quantile(np.abs(pixels), 0.99)) or None
    signed(axes[2], pixels, "the gradient over the picture\n(every pixel)", limit=bright)
    add_caption(
        figure,
        "The same backward pass, asked two questions: about each weight (left), about each pixel "
        "(right). Purple: more of it raises the loss. Orange: more of it lowers the loss.",
    )
    return finish(figure)


def _sheet(tiles: np.ndarray, gap: int = 1) -> np.ndarray:
    """Filters (F, h, w), each scaled to its own largest value, side by side on one sheet."""
    count, height, width = tiles.shape
    tiles = tiles / np.maximum(np.abs(tiles).max((1, 2), keepdims=True), 1e-30)
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap))
    for i, tile in enumerate(tiles):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def why_the_log() -> Figure:
    """Two ways to punish a wrong answer, and how strongly each pulls, against the margin."""
    use_style()
    margin = np.linspace(-10, 10, 401)
    p = 1 / (1 + np.exp(-margin))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    curves = (("$-\\log p_y$", np.logaddexp(0, -margin), 1 - p, "clean", "-"),
              ("$1 - p_y$", 1 - p, p * (1 - p), "adversarial", "--"))  # fmt: skip
    for name, loss, pull, meaning, dash in curves:
        left.plot(margin, loss, dash, color=COLOURS[meaning], label=name)
        right.plot(margin, pull, dash, color=COLOURS[meaning], label=name)
    for axes, title in ((left, "the loss"), (right, "its slope: how hard it pulls")):
        axes.axvline(0, color=COLOURS["neutral"], lw=1)
        axes.set_title(title)
        axes.set_xlabel("true logit minus the other one")
    left.legend()
    right.text(-9.7, 0.12, "surely wrong:\nonly the log pulls", va="bottom", size=12)
    right.text(3.0, 0.52, "surely right:\nneither pulls", va="bottom", size=12)
    add_caption(figure, "Two classes. With the log a net that is badly wrong is pulled back at "
                "full strength; without it, it is left alone.")  # fmt: skip
    return finish(figure)


def two_walks(down: Sequence[float], up: Sequence[float]) -> Figure:
    """The loss while the weights move down it, and while the pictures move up it."""
    use_style()
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.0), layout="constrained")
    axes[0].plot(down, color=COLOURS["clean"])
    axes[0].set(title="the weights move, the pictures are held", ylabel="loss on the batch")
    axes[1].plot(up, color=COLOURS["adversarial"])
    axes[1].set(title="the pictures move, the weights are held")
    for place in axes:
        place.set(xlabel="step", ylim=(0, None))
    add_caption(figure, "The same ten lines of code, called twice. Training walks down the loss; "
                "an attack walks up the same loss.")  # fmt: skip
    return finish(figure)


def logits_panel(result: SimpleNamespace) -> Figure:
    """Three logits, their softmax, the loss, and what reaches the weights and the picture.

    Args:
        result: `z`, `p` (3,), `y` (an index), `loss`, `pull` = p - e_y (3,), `grad_w` (3, 2, 2),
            `x` and `grad_x` (2, 2), `names` (three).
    """
    use_style()
    figure = plt.figure(figsize=(8.6, 5.1), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    columns = upper.subplots(1, 3)
    marks = [COLOURS["clean" if k == result.y else "neutral"] for k in range(3)]
    _bars(columns[0], result.names, result.z, marks, "logits $z$", (-11.5, 11.5),
          lambda z: signed_text(z, 1))  # fmt: skip
    _bars(columns[1], result.names, result.p, marks, "softmax $p$", (0, 1.25), "{:.3f}".format)
    _bars(columns[2], result.names, result.pull, marks,
          "over the logits: $p - e_y$", (-2.4, 2.4), lambda pull: signed_text(pull, 2))  # fmt: skip
    for column, ticks in zip(columns, ([-6, 0, 6], [0, 0.5, 1], [-1, 0, 1])):
        column.set_xticks(ticks)
    columns[1].set_xlabel(f"loss  $-\\log p_y$ = {result.loss:.3f}", color=COLOURS["clean"],
                          weight="bold", size=14)  # fmt: skip
    tiles = lower.subplots(1, 5, width_ratios=[1, 1, 1, 1, 1])
    for k in range(3):
        signed(tiles[k], result.grad_w[k], f"over the weights\nof {result.names[k]}", limit=1,
               numbers=True)  # fmt: skip
    signed(tiles[3], result.grad_x, "over the\npicture", limit=1, numbers=True)
    tiles[4].imshow(result.x, vmin=0, vmax=1, cmap="gray")
    tiles[4].set(xticks=[], yticks=[])
    tiles[4].grid(False)
    tiles[4].spines[:].set(visible=True, color=COLOURS["neutral"], linewidth=1.0)
    tiles[4].set_title("the picture\n(2 × 2 pixels)", loc="center")
    for tile in tiles:
        tile.title.set_fontsize(12)
    return finish(figure)


def _bars(axes: Axes, names, values, colours, title: str, span, form) -> None:
    """Three horizontal bars, the first on top, each with its number."""
    places = range(len(names))[::-1]
    axes.barh(places, values, color=colours, height=0.66)
    reach = span[1] - span[0]
    for place, value in zip(places, values):
        side = "left" if value >= 0 else "right"
        axes.text(value + (0.02 if value >= 0 else -0.02) * reach, place, form(value),
                  va="center", ha=side, size=12)  # fmt: skip
    axes.axvline(0, color=COLOURS["neutral"], lw=1)
    axes.set(yticks=list(places), yticklabels=list(names), xlim=span)
    axes.set_title(title, size=13)
    axes.grid(False)
