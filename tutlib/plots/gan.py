"""Figures of the game on the ring and on the line (5.1): seen from above, and as curves."""

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
from PIL import Image
from torch import Tensor

from tutlib.gan.measures import ring_centres
from tutlib.gan.ring import SPAN, Board
from tutlib.plots.data_uri import data_uri
from tutlib.plots.pictures import add_caption
from tutlib.plots.theme import COLOURS, as_array, finish, text_colour, use_style

# White where D cannot tell, green where it says "real", orange where it says "generated"; few
# steps, which read like a map's contours and keep the pictures small.
BELIEF = LinearSegmentedColormap.from_list("belief", ["#ee9a6a", "#ffffff", "#6cc4a6"], N=15)


# ---------------------------------------------------------------- the ring


def draw_board(axes: Axes, board: Board, *, arrows: int = 60, title: str | None = None) -> None:
    """The game from above: D's belief as colour, samples as dots, G's wishes as arrows."""
    span = (-SPAN, SPAN, -SPAN, SPAN)
    axes.imshow(board.belief, extent=span, origin="lower", cmap=BELIEF, vmin=0, vmax=1,
                interpolation="bilinear")  # fmt: skip
    centres = ring_centres()
    axes.scatter(*centres.T.numpy(), s=110, facecolor="none", edgecolor=COLOURS["real"], lw=2)
    dots = board.fake[:500]
    axes.scatter(*dots.T.numpy(), s=7, color=COLOURS["clean"], alpha=0.6, lw=0)
    moves, start = board.arrows[:arrows], board.fake[:arrows]
    length = moves.norm(dim=1, keepdim=True).clamp(min=1e-9)
    moves = 0.6 * moves / length * (3 * length).clamp(max=1)  # long wishes are cut
    tails, tips = start.T.numpy(), moves.T.numpy()
    axes.quiver(*tails, *tips, angles="xy", scale_units="xy", scale=1, width=0.006,
                color=COLOURS["ink"], alpha=0.75)  # fmt: skip
    axes.set(xlim=span[:2], ylim=span[2:], xticks=[], yticks=[], aspect="equal")
    axes.grid(False)
    axes.spines[:].set(visible=True, color=COLOURS["neutral"])
    outside = (board.fake.abs() > SPAN).any(1).float().mean().item()
    if outside >= 0.005:  # an empty board would look like an empty game
        paper = {"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 2}
        axes.text(0.03, 0.03, f"{outside:.0%} of the dots lie outside", transform=axes.transAxes,
                  fontsize=11, bbox=paper)  # fmt: skip
    axes.set_title(f"round {board.t}" if title is None else title)


def number_modes(axes: Axes) -> None:
    """The modes' numbers beside their circles, on the outer side of the ring."""
    for number, (x, y) in enumerate(1.24 * ring_centres().numpy()):
        axes.text(x, y, str(number), ha="center", va="center", fontsize=12,
                  color=text_colour("real"), weight="bold")  # fmt: skip


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
        draw_board(place, one, arrows=30, title=title)
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


def discriminator_1d(x: Tensor, p: Tensor, q: Tensor, learned: Tensor, caption: str = "") -> Figure:
    """Two densities over x, and between them the best discriminator and the learned one."""
    use_style()
    x, p, q, learned = map(as_array, (x, p, q, learned))
    figure, axes = plt.subplots(figsize=(8.4, 4.2))
    for density, name, mark in ((p, "real", "real"), (q, "generated", "generated")):
        axes.fill_between(x, density, color=COLOURS[mark], alpha=0.35, lw=0)
        top = int(density.argmax())
        axes.text(x[top], density[top] + 0.015, name, ha="center", color=text_colour(mark))
    axes.plot(x, p / (p + q), color=COLOURS["ink"], lw=5, alpha=0.3, label="p / (p + q)")
    axes.plot(x, learned, "--", color=COLOURS["adversarial"], label="what D learned")
    axes.set(xlabel="x", ylabel="D(x), and the densities", ylim=(0, 1.04))
    axes.legend(loc="center right")
    add_caption(figure, caption)
    return finish(figure)


def lines(
    x,
    curves: dict[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    log: bool = False,
    colours: Sequence[str] = ("clean", "adversarial", "real"),
    caption: str = "",
    axes: Axes | None = None,
) -> Figure:
    """A few named curves over one axis, each with its own colour and its own dash."""
    use_style()
    alone = axes is None
    if alone:
        _, axes = plt.subplots(figsize=(7.6, 4.0))
    for (name, values), mark, dash in zip(curves.items(), colours, ("-", "--", "-.")):
        axes.plot(as_array(x), as_array(values), dash, color=COLOURS[mark], label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    axes.legend()
    add_caption(axes.figure, caption)
    return finish(axes.figure) if alone else axes.figure


def two_losses(caption: str = "") -> Figure:
    """The two generator losses as functions of D's logit, and the size of their slopes."""
    use_style()
    s = torch.linspace(-9, 5, 200)
    minimax, non_saturating = -torch.nn.functional.softplus(s), torch.nn.functional.softplus(-s)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.0))
    names = ("minimax: log(1 - D)", "non-saturating: -log D")
    lines(s, dict(zip(names, (minimax, non_saturating))), xlabel="D's logit for what is generated",
          ylabel="generator's loss", axes=left)  # fmt: skip
    slopes = dict(zip(names, (s.sigmoid(), (-s).sigmoid())))
    lines(s, slopes, xlabel="D's logit for what is generated", ylabel="size of the slope",
          log=True, axes=right)  # fmt: skip
    right.get_legend().remove()
    for axes in (left, right):
        axes.axvspan(-9, -4.6, color=COLOURS["neutral"], alpha=0.13, lw=0)
    right.text(-6.8, 0.12, "D is sure", ha="center", color=COLOURS["ink"])
    add_caption(figure, caption)
    return finish(figure)


def two_games(one: dict, five: dict, truth: dict[str, float], caption: str = "") -> Figure:
    """The line's game with k = 1 and k = 5: the expert's gap, the forger's spread and mean."""
    use_style()
    figure, places = plt.subplots(1, 3, figsize=(12, 3.9))
    labels = {"gap": "distance of D from D*", "a": "spread a", "b": "mean b"}
    for axes, (key, label) in zip(places, labels.items()):
        curves = {"k = 1": one[key], "k = 5": five[key]}
        lines(range(1, len(one[key]) + 1), curves, xlabel="round", ylabel=label, axes=axes)
        if key in truth:
            axes.axhline(truth[key], color=COLOURS["real"], linestyle=":", label="real")
            axes.legend()
    add_caption(figure, caption)
    return finish(figure)
