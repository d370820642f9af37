"""Figures of the game on the ring (5.1): seen from above, and as curves."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image

from tutlib.gan.measures import ring_centres
from tutlib.gan.ring import SPAN, Board
from tutlib.plots.data_uri import data_uri
from tutlib.plots.pictures import add_caption
from tutlib.plots.theme import COLOURS, as_array, finish, text_colour, use_style

# The surer D is of "real", the greener: one hue, so that no second meaning is borrowed. Few steps,
# which read like a map's contours and keep the pictures small.
BELIEF = LinearSegmentedColormap.from_list("belief", ["#ffffff", "#6cc4a6"], N=15)
DOTS = 100  # on a board, each with its arrow


# ---------------------------------------------------------------- the ring


def draw_board(axes: Axes, board: Board, *, dots: int = DOTS, title: str | None = None) -> None:
    """The game from above: D's belief as colour, samples as dots, G's wish for each as an arrow."""
    span = (-SPAN, SPAN, -SPAN, SPAN)
    axes.imshow(board.belief, extent=span, origin="lower", cmap=BELIEF, vmin=0, vmax=1,
                interpolation="bilinear")  # fmt: skip
    centres = ring_centres()
    axes.scatter(*centres.T.numpy(), s=110, facecolor="none",
                 edgecolor=text_colour("real"), lw=2)  # fmt: skip
    start, moves = board.fake[:dots], board.arrows[:dots]
    axes.scatter(*start.T.numpy(), s=26, color=COLOURS["generated"], edgecolor="white",
                 lw=0.6)  # fmt: skip
    length = moves.norm(dim=1, keepdim=True)
    long = length.quantile(0.9).clamp(min=1e-12)  # of this board: on some all wishes are short
    moves = 0.6 * moves / torch.maximum(length, long)
    tails, tips = start.T.numpy(), moves.T.numpy()
    axes.quiver(*tails, *tips, angles="xy", scale_units="xy", scale=1, width=0.006,
                color=COLOURS["ink"], alpha=0.75)  # fmt: skip
    axes.set(xlim=span[:2], ylim=span[2:], xticks=[], yticks=[], aspect="equal")
    axes.grid(False)
    axes.spines[:].set(visible=True, color=COLOURS["neutral"])
    outside = (board.fake.abs() > SPAN).any(1).float().mean().item()
    if outside >= 0.005:  # an empty board would look like an empty game
        paper = {"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 2}
        axes.text(0.03, 0.03, f"{100 * outside:.0f} % lie outside", transform=axes.transAxes,
                  fontsize=11, bbox=paper)  # fmt: skip
    axes.set_title(f"round {board.t}" if title is None else title)


def number_modes(axes: Axes) -> None:
    """The modes' numbers beside their circles, on the outer side of the ring."""
    for number, (x, y) in enumerate(1.3 * ring_centres().numpy()):
        axes.text(x, y, str(number), ha="center", va="center", fontsize=12,
                  color=text_colour("real"), weight="bold", path_effects=[
                      withStroke(linewidth=3, foreground="white")])  # fmt: skip


def draw_modes(axes: Axes, board: Board) -> None:
    """How much of the samples each of the eight modes got, and the line of a fair share."""
    shares = board.modes.shares
    axes.bar(range(len(shares)), shares, color=COLOURS["generated"], edgecolor=COLOURS["ink"])
    axes.axhline(1 / len(shares), color=COLOURS["real"], linestyle="--")
    axes.text(len(shares) - 0.5, 1 / len(shares) + 0.008, "fair share", ha="right",
              color=text_colour("real"), fontsize=12)  # fmt: skip
    axes.set(ylim=(0, max(0.25, 1.08 * max(shares))), xticks=range(len(shares)))
    axes.set(xlabel="mode", ylabel="share of the points")
    found, good = board.modes.found, board.modes.good
    axes.set_title(f"{found} of {len(shares)} modes, {100 * good:.0f} % on a mode")


def board_figure(board: Board) -> Figure:
    """The board and the measure beside it (the panel's picture)."""
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 4.2), width_ratios=[1, 0.95])
    draw_board(left, board)
    number_modes(left)
    draw_modes(right, board)
    return finish(figure)


def board_strip(boards: Sequence[Board], caption: str = "", titles=None) -> Figure:
    """Several moments of the game side by side."""
    use_style()
    figure, axes = plt.subplots(1, len(boards), figsize=(2.6 * len(boards), 3.4), squeeze=False)
    for i, (place, one) in enumerate(zip(axes[0], boards)):
        title = titles[i] if titles else f"round {one.t}: {one.modes.found} of 8"
        draw_board(place, one, dots=60, title=title)
    add_caption(figure, caption)
    return finish(figure)


class Film:
    """Pictures that move without a kernel and without a script: an animated WebP with alt text."""

    def __init__(self, frames: Sequence[Image.Image], alt: str, *, seconds: float = 6.0):
        if not frames:
            raise ValueError("a film needs at least one picture.")
        buffer, each = io.BytesIO(), round(1000 * seconds / len(frames))
        times = [each] * (len(frames) - 1) + [each + 1500]  # rest on the last picture
        frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], duration=times,
                       loop=0, quality=45, method=4)  # fmt: skip
        self.data, self.alt, self.count = buffer.getvalue(), alt, len(frames)

    def _repr_html_(self) -> str:
        alt = html.escape(self.alt, quote=True)
        return f'<img src="{data_uri(self.data, "webp")}" alt="{alt}" style="max-width:100%">'

    def __repr__(self) -> str:
        return f"a film of {self.count} pictures: {self.alt}"


def board_film(boards: Iterable[Board], alt: str) -> Film:
    """The game as a small film."""
    use_style()
    return Film([_pixels(board_figure(one)) for one in boards], alt)


def _pixels(figure: Figure, dpi: int = 64) -> Image.Image:
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    plt.close(figure)  # otherwise a notebook would show it a second time
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


# ---------------------------------------------------------------- curves


def lines(
    x,
    curves: dict[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    log: bool = False,
    colours: Sequence[str] = ("ink", "neutral", "ink"),  # curves without a meaning of their own
    caption: str = "",
    axes: Axes | None = None,
) -> Figure:
    """A few named curves over one axis, each with its own colour and its own dash."""
    use_style()
    alone = axes is None
    if alone:
        _, axes = plt.subplots(figsize=(7.6, 4.0))
    for (name, values), mark, dash in zip(curves.items(), colours, ("-", "--", ":")):
        axes.plot(as_array(x), as_array(values), dash, color=COLOURS[mark], label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    axes.legend()
    add_caption(axes.figure, caption)
    return finish(axes.figure) if alone else axes.figure
