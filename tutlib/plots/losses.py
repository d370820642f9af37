"""Figures of lesson 1.2: scores, probabilities, the loss, and its two gradients."""

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
LIMIT = 1.5  # of the panel's gradients: none of their entries goes further


def signed_text(value: float, digits: int) -> str:
    """A number with its sign, and no "-0.00"; with the minus that the axes have."""
    text = f"{value:+.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def probability(value: float) -> str:
    """A probability to three places that calls nothing certain, and nothing impossible.

    Example:
        >>> probability(0.25), probability(0.00002), probability(0.99999)
        ('0.250', '< 0.0001', '> 0.999')
    """
    if value < 1e-4:
        return "< 0.0001"
    if value > 0.9995:
        return "> 0.999"
    return f"{value:.3f}" if value >= 0.001 else f"{value:.4f}"


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
    signed(axes[2], pixels, "the gradient over the picture\n(every place)", limit=bright)
    add_caption(
        figure,
        "The same backward pass, asked two questions: about the weights (left, every filter on its "
        "own scale), about the pixels (right). Purple: more of it raises the loss. Orange: more of "
        "it lowers the loss. (The three colours of a place are added up.)",
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
    """Two ways to punish a wrong answer, and how strongly each pulls, against the lead.

    The lead is the log-odds of the true class, so the curves hold for any number of classes.
    """
    use_style()
    lead = np.linspace(-10, 10, 401)
    p = 1 / (1 + np.exp(-lead))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    curves = (("$-\\log p_y$", np.logaddexp(0, -lead), 1 - p, "ink", "-"),
              ("$1 - p_y$", 1 - p, p * (1 - p), "neutral", "--"))  # fmt: skip
    for name, loss, pull, meaning, dash in curves:
        left.plot(lead, loss, dash, color=COLOURS[meaning], label=name)
        right.plot(lead, pull, dash, color=COLOURS[meaning], label=name)
    for axes, title, label in ((left, "two losses", "loss"), (right, "and their slopes",
                               "fall for each unit of lead")):  # fmt: skip
        axes.axvline(0, color=COLOURS["neutral"], lw=1)
        axes.set(title=title, xlabel="the lead of the true class", ylabel=label)
        axes.set_xticks([-10, -5, 0, 5, 10])
        axes.legend(loc="upper right")
    figure.get_layout_engine().set(wspace=0.06)
    right.text(-9.7, 0.1, "sure and wrong", va="bottom", size=12)
    right.text(9.7, 0.1, "sure and right", va="bottom", ha="right", size=12)
    add_caption(figure, "Left: what the net pays. Right: how hard each loss pulls the lead up. At "
                "lead 0 the net is torn, half and half.")  # fmt: skip
    return finish(figure)


def two_walks(down: Sequence[float], up: Sequence[float]) -> Figure:
    """The loss while the weights move down it, and while the pictures move up it."""
    use_style()
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    axes[0].plot(down, color=COLOURS["ink"], lw=1.6)
    axes[0].set(title="down: the weights move", ylabel="mean loss of one batch")
    axes[1].plot(up, color=COLOURS["adversarial"])
    axes[1].set(title="up: the pictures move", ylabel="mean loss of the pictures")
    for place in axes:
        place.set(xlabel="step", ylim=(0, None))
    add_caption(figure, "The same lines of code, called twice. On the left the pictures are held, "
                "on the right the weights. (The scales differ.)")  # fmt: skip
    return finish(figure)


def who_fell(doubt, first, moved, fallen) -> Figure:
    """How much the net doubted each picture at the start, and what became of it uphill.

    Args:
        doubt: (N,), 1 - p_y before the walk; first: (N,), the length of the first gradient over
            the picture; moved: (N,), the length of the whole change; fallen: (N,), True where the
            net misreads the picture now.
    """
    use_style()
    doubt, first, moved, fallen = (as_array(values) for values in (doubt, first, moved, fallen))
    figure, places = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
    ends = np.array([doubt.min(), doubt.max()])
    places[0].plot(ends, np.median(first / doubt) * ends, ":", color=COLOURS["ink"], lw=1.6,
                   label="in proportion to the doubt")  # fmt: skip
    looks = ((~fallen, "neutral", "s", "still read right"), (fallen, "adversarial", "o", "misread"))
    for axes, values, title in ((places[0], first, "length of the first gradient"),
                                (places[1], moved, "how far it moved in the end")):  # fmt: skip
        for those, colour, mark, name in looks:
            axes.plot(doubt[those], values[those], mark, color=COLOURS[colour], ms=6.5, mec="white",
                      mew=0.6, label=name)  # fmt: skip
        axes.set(xscale="log", yscale="log", xlabel="doubt at the start, $1 - p_y$", ylabel=title)
        axes.minorticks_off()
    places[0].legend(loc="upper left")
    figure.get_layout_engine().set(wspace=0.06)
    add_caption(figure, "A mark is a digit. Left: before the first step. Right: after the last. "
                "Each line of the grid is a power of ten. A length is the root of the sum of the "
                "squares of all pixels.")  # fmt: skip
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
    marks = [COLOURS["ink" if k == result.y else "neutral"] for k in range(3)]
    names = [f"{name}\n(true)" if k == result.y else name for k, name in enumerate(result.names)]
    _bars(columns[0], names, result.z, marks, "logits $z$", (-11.5, 11.5),
          lambda z: signed_text(z, 1))  # fmt: skip
    _bars(columns[1], names, result.p, marks, "softmax $p$", (0, 1.4), probability)
    _bars(columns[2], names, result.pull, marks,
          "over the logits: $p - e_y$", (-2.4, 2.4), lambda pull: signed_text(pull, 2))  # fmt: skip
    for column, ticks in zip(columns, ([-6, 0, 6], [0, 0.5, 1], [-1, 0, 1])):
        column.set_xticks(ticks)
    columns[1].set_xlabel(f"loss  $-\\log p_y$ = {result.loss:.3f}", weight="bold", size=14)
    tiles = lower.subplots(1, 5, width_ratios=[1, 1, 1, 1, 1])
    for k in range(3):
        signed(tiles[k], result.grad_w[k], f"over the weights\nof {result.names[k]}", limit=LIMIT,
               numbers=True)  # fmt: skip
    signed(tiles[3], result.grad_x, "over the\npicture", limit=LIMIT, numbers=True)
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
