"""Figures of the GAN lessons: the game seen from above, curves, sheets of samples."""

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
from torch import Tensor

from tutlib.gan.measures import ring_centres
from tutlib.gan.ring import SPAN, Board
from tutlib.plots.data_uri import data_uri
from tutlib.plots.pictures import add_caption, as_image, put
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
    axes.scatter(*start.T.numpy(), s=22, color=COLOURS["generated"], edgecolor=COLOURS["ink"],
                 lw=0.5)  # fmt: skip
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
    axes.set(xlabel="mode", ylabel="share of samples")
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


# ---------------------------------------------------------------- pictures


def sheet(pictures: Tensor, columns: int = 10, gap: int = 1) -> Tensor:
    """Pictures (N, C, H, W) glued into one (1, C, ., .), rows of `columns`, white lines between."""
    count, channels, height, width = pictures.shape
    rows = -(-count // columns)
    out = torch.ones(1, channels, rows * (height + gap) - gap, columns * (width + gap) - gap)
    for i, picture in enumerate(pictures.detach().cpu()):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        out[0, :, top : top + height, left : left + width] = picture
    return out


def sheets(
    stages: Sequence[Tensor],
    titles: Sequence[str],
    *,
    columns: int = 10,
    wide: int = 4,
    caption: str = "",
    each: float = 3.1,
    colour: str = "generated",
) -> Figure:
    """A sheet of samples per stage, at most `wide` in a row, the titles in a meaning's colour."""
    use_style()
    down = -(-len(stages) // wide)
    across = -(-len(stages) // down)
    glued = [sheet(stage, columns) for stage in stages]
    tall = glued[0].shape[-2] / glued[0].shape[-1]
    size = (each * across, (0.97 * each * tall + 0.3) * down + (0.45 if caption else 0))
    figure, axes = plt.subplots(down, across, figsize=size, squeeze=False)
    for place in axes.flat:
        place.axis("off")
    for place, picture, title in zip(axes.flat, glued, titles):
        place.imshow(as_image(picture), vmin=0, vmax=1, cmap="gray", interpolation="nearest")
        place.set_title(title, fontsize=13, color=text_colour(colour))
    add_caption(figure, caption)
    return finish(figure)


def pairs(above: Tensor, below: Tensor, real_above: Sequence[bool] | None = None) -> Figure:
    """Pairs of pictures, A above B, large: which of the two is real?

    Args:
        above, below: pictures (N, C, H, W); real_above: the truth, or None to keep it covered.
    """
    use_style()
    figure, axes = plt.subplots(2, len(above), figsize=(2.15 * len(above), 5.0), squeeze=False)
    for column in range(len(above)):
        for row, pictures in enumerate((above, below)):
            words, mark = "AB"[row], "ink"
            if real_above is not None:
                mark = "real" if bool(real_above[column]) == (row == 0) else "generated"
                words += f": {mark}"
            put(axes[row, column], pictures[column], words, mark)
            axes[row, column].title.set_fontsize(15)
    return finish(figure)


def neighbours(made: Tensor, nearest: Tensor, distances: Tensor, caption: str = "") -> Figure:
    """Generated pictures above, the training picture nearest to each below, with the distance."""
    use_style()
    count = len(made)
    figure, axes = plt.subplots(2, count, figsize=(1.15 * count, 3.4))
    for i in range(count):
        for row, pictures, mark in ((0, made, "generated"), (1, nearest, "real")):
            place = axes[row, i]
            place.imshow(as_image(pictures[i]), vmin=0, vmax=1, cmap="gray")
            place.set(xticks=[], yticks=[])
            place.grid(False)
            for spine in place.spines.values():
                spine.set(visible=True, color=COLOURS[mark], linewidth=2.5)
        axes[1, i].set_xlabel(f"{distances[i]:.1f}", fontsize=12)
    axes[0, 0].set_ylabel("generated")
    axes[1, 0].set_ylabel("nearest\nreal")
    add_caption(figure, caption)
    return finish(figure)


def ablation(results: dict[str, Sequence[float]], caption: str = "") -> Figure:
    """A row for each variant: its distance with every seed, in multiples of the floor, and their
    range; the dashed line is the floor, the grey band the range of the first variant."""
    use_style()
    figure, axes = plt.subplots(figsize=(9.8, 0.5 * len(results) + 1.7))
    first = next(iter(results.values()))
    axes.axvspan(min(first), max(first), color=COLOURS["neutral"], alpha=0.18, lw=0)
    for place, (name, values) in enumerate(results.items()):
        low, high = min(values), max(values)
        axes.plot([low, high], [place, place], color=COLOURS["generated"], lw=5, alpha=0.45)
        axes.scatter(values, [place] * len(values), s=75, zorder=3, color=COLOURS["generated"],
                     edgecolor=COLOURS["ink"])  # fmt: skip
        axes.annotate(f"{name}: {low:.1f} to {high:.1f}", (high, place), (12, 0), va="center",
                      textcoords="offset points", fontsize=12.5)  # fmt: skip
    axes.axvline(1, color=COLOURS["real"], linestyle="--", label="real against real")
    axes.legend(loc="lower left", fontsize=11)
    largest = max(max(values) for values in results.values())
    axes.set(xscale="log", xlabel="Fréchet distance, in multiples of real against real", yticks=[],
             xlim=(0.9, largest * 3.2), ylim=(len(results) - 0.4, -0.6))  # fmt: skip
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500) if tick <= 3.2 * largest]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.grid(False, axis="y")
    add_caption(figure, caption)
    return finish(figure)


def long_game(
    d_loss: Sequence[float],
    g_loss: Sequence[float],
    distance: dict[int, float],
    caption: str = "",
    *,
    window: int = 25,
) -> Figure:
    """Both losses round by round (and their means over `window` rounds), and under them how far
    the pictures were from real ones, in multiples of the floor."""
    use_style()
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(9.4, 5.9), sharex=True,
                                          height_ratios=[1.25, 1])  # fmt: skip
    ends = np.arange(window, len(d_loss) + 1)
    for values, mark, dash, name, level in (
        (d_loss, "ink", "-", "expert", 2 * np.log(2)),
        (g_loss, "generated", "-.", "forger", np.log(2)),
    ):
        sums = np.concatenate([[0.0], np.cumsum(values)])
        upper.plot(range(1, len(values) + 1), values, color=COLOURS[mark], alpha=0.22, lw=0.8)
        upper.plot(ends, (sums[window:] - sums[:-window]) / window, dash, color=COLOURS[mark],
                   lw=2.5, label=f"{name}'s loss")  # fmt: skip
        upper.axhline(level, color=COLOURS[mark], linestyle=":", lw=2,
                      label=f"{name}'s, if nobody can tell")  # fmt: skip
    upper.set(ylabel="loss", ylim=(0, 1.25 * float(np.quantile([*d_loss, *g_loss], 0.99))))
    upper.legend(ncols=2, loc="upper right", fontsize=11)
    lower.plot(list(distance), list(distance.values()), "o-", color=COLOURS["generated"],
               label="the average's pictures")  # fmt: skip
    lower.axhline(1, color=COLOURS["real"], linestyle="--", label="real against real")
    lower.set(xlabel="round", ylabel="times the floor", yscale="log")
    lower.yaxis.set_major_formatter("{x:g}")
    lower.legend(loc="upper right", fontsize=11)
    add_caption(figure, caption)
    return finish(figure)
