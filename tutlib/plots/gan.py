"""Figures of the two GAN lessons: the game seen from above, losses, sheets of samples."""

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
from tutlib.plots.pictures import add_caption, as_image
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


def discriminator_1d(x: Tensor, p: Tensor, q: Tensor, logit: Tensor, caption: str = "") -> Figure:
    """Two densities over x, the best discriminator and the learned one: its belief, its logit."""
    use_style()
    x, p, q, logit = (as_array(values).flatten() for values in (x, p, q, logit))
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.3))
    for density, mark in ((p, "real"), (q, "generated")):
        left.fill_between(x, density, color=COLOURS[mark], alpha=0.35, lw=0, label=mark)
    best = np.log(np.maximum(p, 1e-300)) - np.log(np.maximum(q, 1e-300))
    for axes, true, learned in (
        (left, p / (p + q), 1 / (1 + np.exp(-logit))),
        (right, best, logit),
    ):
        axes.plot(x, true, color=COLOURS["ink"], lw=6, alpha=0.3, label="closed form")
        axes.plot(x, learned, "--", color=COLOURS["ink"], label="what D learnt")
        axes.set_xlabel("x")
    left.set(ylabel="D(x), and the two densities", ylim=(0, 1.04))
    left.legend(loc="center left")
    flat = int(np.abs(np.gradient(best, x)).argmin())
    right.plot(x[flat], best[flat], "o", color=COLOURS["ink"], ms=11, mfc="white", mew=2,
               label=f"flat: x = {x[flat]:.1f}")  # fmt: skip
    right.axhline(0, color=COLOURS["neutral"], lw=1)
    right.set(ylabel="logit of D(x)", ylim=(-6, 12))
    right.legend(loc="upper center")
    add_caption(figure, caption)
    return finish(figure)


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


def two_losses(caption: str = "") -> Figure:
    """The two generator losses as functions of D's logit, and the size of their slopes.

    Example:
        >>> len(two_losses().axes)
        2
    """
    use_style()
    s = torch.linspace(-9, 5, 200)
    minimax, non_saturating = -torch.nn.functional.softplus(s), torch.nn.functional.softplus(-s)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.0))
    names = ("textbook: log(1 - D)", "non-saturating: -log D")
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
    caption: str = "",
    each: float = 3.1,
) -> Figure:
    """A sheet of samples per stage, side by side, at most four in a row."""
    use_style()
    down = -(-len(stages) // 4)
    across = -(-len(stages) // down)
    glued = [sheet(stage, columns) for stage in stages]
    tall = glued[0].shape[-2] / glued[0].shape[-1]
    size = (each * across, (0.97 * each * tall + 0.3) * down + (0.45 if caption else 0))
    figure, axes = plt.subplots(down, across, figsize=size, squeeze=False)
    for place in axes.flat:
        place.axis("off")
    for place, picture, title in zip(axes.flat, glued, titles):
        place.imshow(as_image(picture), vmin=0, vmax=1, cmap="gray")
        place.set_title(title, fontsize=12.5)
    add_caption(figure, caption)
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


def ablation(results: dict[str, float], floor: float = 1.0, caption: str = "") -> Figure:
    """A distance per variant, in multiples of the floor: how far each is from that line."""
    use_style()
    figure, axes = plt.subplots(figsize=(8.6, 0.55 * len(results) + 1.7))
    names = list(results)[::-1]
    values = [results[name] for name in names]
    first = next(iter(results))
    colours = [COLOURS["real" if name == first else "neutral"] for name in names]
    axes.hlines(names, floor, values, color=colours, linewidth=6)  # no bars: a log has no zero
    axes.scatter(values, names, s=130, color=colours, zorder=3)
    for place, value in enumerate(values):
        axes.annotate(f"{value:.1f}", (value, place), (11, 0), textcoords="offset points",
                      va="center", fontsize=12)  # fmt: skip
    axes.axvline(floor, color=COLOURS["ink"], linestyle="--")
    axes.set(xscale="log", xlabel="Fréchet distance, in multiples of real against real",
             xlim=(0.7, max(values) * 2))  # fmt: skip
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(y=0.12)
    axes.grid(False, axis="y")
    add_caption(figure, caption)
    return finish(figure)


def two_games(
    one: Sequence[dict], five: Sequence[dict], truth: dict[str, float], caption: str = ""
) -> Figure:
    """The line's game with k = 1 and k = 5, several seeds each: D's gap, G's spread and mean."""
    use_style()
    figure, places = plt.subplots(1, 3, figsize=(12, 3.9))
    labels = {"gap": "distance of D from D*", "a": "spread a", "b": "mean b"}
    for axes, (key, label) in zip(places, labels.items()):
        for games, name, mark, dash in (
            (one, "k = 1", "ink", "-"), (five, "k = 5", "neutral", "--"),
        ):  # fmt: skip
            for i, game in enumerate(games):
                axes.plot(range(1, len(game[key]) + 1), game[key], dash, color=COLOURS[mark],
                          lw=1.8, label=None if i else name)  # fmt: skip
        axes.set(xlabel="round", ylabel=label)
        if key in truth:
            axes.axhline(truth[key], color=COLOURS["real"], linestyle=":", lw=3, label="real")
        axes.set_ylim(bottom=0)
        axes.legend()
    add_caption(figure, caption)
    return finish(figure)


def perfect_games(
    runs: dict[str, Sequence[float]],
    x: Tensor,
    real: Tensor,
    ends: dict[str, Tensor],
    caption: str = "",
) -> Figure:
    """Against a perfect expert: the JSD along each run, and where each run's heap comes to rest."""
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.2))
    steps = range(max(map(len, runs.values())))
    lines(steps, runs, xlabel="step of the forger", ylabel="JSD of real and generated", axes=left)
    left.set_ylim(bottom=0)
    x, real = as_array(x), as_array(real)
    right.fill_between(x, real, color=COLOURS["real"], alpha=0.35, lw=0, label="real")
    lines(x, ends, xlabel="x", ylabel="density", axes=right)
    right.set_xlim(-4.5, 4.5)
    right.legend(loc="upper left")
    add_caption(figure, caption)
    return finish(figure)


def collapse_signs(
    rounds: Sequence[int],
    games: dict[str, Sequence[dict[str, Sequence[float]]]],
    labels: dict[str, str],
    marks: dict[str, float],
    caption: str = "",
) -> Figure:
    """A sign per pair of axes, over the rounds; each game has a dash, each of its seeds a line.

    Args:
        games: name -> for each seed, sign -> a number for each look.
        labels: sign -> what its axis says; marks: sign -> where a line is drawn across.
    """
    use_style()
    figure, places = plt.subplots(1, len(labels), figsize=(3.3 * len(labels), 3.8))
    for axes, (sign, label) in zip(places, labels.items()):
        for (name, seeds), mark, dash in zip(games.items(), ("neutral", "ink"), ("--", "-")):
            for i, one in enumerate(seeds):
                axes.plot(rounds, one[sign], dash, color=COLOURS[mark], lw=1.6,
                          label=None if i else name)  # fmt: skip
        if sign in marks:
            axes.axhline(marks[sign], color=COLOURS["ink"], linestyle=":", lw=2)
        axes.set(xlabel="round", title=label)
        axes.set_ylim(bottom=0)
    figure.legend(*places[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    add_caption(figure, caption)
    return finish(figure)
