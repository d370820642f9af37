"""Figures of the style lesson: what the extractor sees, pictures rebuilt, balances and races."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from tutlib.plots import theme
from tutlib.plots.data_uri import base64_of
from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, in_words, use_style

# One mark for each half of the objective, in every figure here: never the colour alone.
HALVES = {
    "content": {"color": COLOURS["ink"], "marker": "o", "linestyle": "-"},
    "style": {"color": COLOURS["target"], "marker": "s", "linestyle": "--"},
}
DPI, QUALITY = 68, 80
MARKS = ("s", "^", "D", "v", "P", "X")


class Plate(Figure):
    """A figure that shows itself, once, as a JPEG: no pictures are heavier than paintings."""

    def light(self) -> bytes:
        """The figure as the bytes of a JPEG, its colours as fine as its brightness."""
        drawn, small = io.BytesIO(), io.BytesIO()
        self.savefig(drawn, format="png", dpi=DPI)
        picture = Image.open(drawn).convert("RGB")
        picture.save(small, "JPEG", quality=QUALITY, subsampling=0)
        return small.getvalue()

    def bundle(self) -> tuple[dict, dict]:
        """The figure as a notebook stores it, and its alternative text beside it."""
        stored = {"image/jpeg": base64_of(self.light()), "text/plain": "a figure"}
        return stored, {"image/jpeg": {"alt": in_words(self)}}

    def _ipython_display_(self) -> None:
        stored, about = self.bundle()
        display(stored, raw=True, metadata=about)


class Live:
    """One place under a cell where figures come one after the other, each instead of the last."""

    def __init__(self):
        self._handle = None

    def show(self, figure: Plate) -> None:
        """Put `figure` where the last one was."""
        stored, about = figure.bundle()
        if self._handle is None:
            self._handle = display(stored, raw=True, metadata=about, display_id=True)
        else:
            self._handle.update(stored, raw=True, metadata=about)


subplots = functools.partial(plt.subplots, FigureClass=Plate, layout="compressed")


def finish(figure: Figure, caption: str = "") -> Figure:
    """Draw small paintings without stairs, put the caption under them, leave pyplot's list."""
    for axes in figure.axes:
        for image in axes.images:
            image.set_interpolation("lanczos")
    figure.get_layout_engine().set(h_pad=0.08)
    add_caption(figure, caption)
    plt.close(figure)  # otherwise a notebook would show it a second time
    return figure


def row(
    pictures: Sequence[Tensor],
    titles: Sequence[str],
    caption: str = "",
    *,
    marks: Sequence[str] = (),
    size: float = 2.7,
) -> Figure:
    """Pictures side by side, each with a title; `marks` are meanings out of `COLOURS`."""
    use_style()
    figure, axes = subplots(
        1, len(pictures), figsize=(len(pictures) * size, size + 0.95), squeeze=False
    )
    marks = marks or ["generated"] * len(pictures)
    for place, picture, title, mark in zip(axes[0], pictures, titles, marks):
        put(place, picture, title, mark)
        place.title.set_fontsize(12.5)
    return finish(figure, caption)


def equation(
    content: Tensor,
    style: Tensor,
    result: Tensor,
    caption: str = "",
    *,
    titles: Sequence[str] = ("the content", "the style", "the picture between"),
    size: float = 3.5,
) -> Figure:
    """Content + style = picture: three pictures (1, 3, H, W) in a row, the last one larger."""
    use_style()
    widths = [1, 1, 1.55]
    height = size * 1.5 + (0.75 if caption else 0.35)
    figure, axes = subplots(
        1, 3, figsize=(size * sum(widths), height), width_ratios=widths, layout="constrained"
    )
    for place, picture, title, mark in zip(
        axes, (content, style, result), titles, ("clean", "target", "generated")
    ):
        put(place, picture, title, mark)
    for place, sign in zip(axes, ("+", "=")):
        place.text(1.03, 0.5, sign, transform=place.transAxes, fontsize=26, va="center")
    return finish(figure, caption)


def feature_maps(
    picture: Tensor, features: Mapping[str, Tensor], caption: str = "", *, count: int = 3
) -> Figure:
    """A picture and, for each layer, the `count` channels that vary most (dark: no answer)."""
    use_style()
    figure, axes = subplots(
        count, 1 + len(features), figsize=(2.1 * (1 + len(features)), 2.05 * count + 0.9),
        squeeze=False,
    )  # fmt: skip
    put(axes[0, 0], picture, "the picture", "clean")
    for place in axes[1:, 0]:
        place.axis("off")
    for column, (layer, f) in enumerate(features.items(), start=1):
        best = f[0].flatten(1).var(1).topk(count).indices
        for row, channel in enumerate(best):
            answer = f[0, channel]
            scale = answer.quantile(0.99).clamp_min(1e-9)
            title = f"{layer}\n{f.shape[1]} × {f.shape[2]} × {f.shape[3]}" if row == 0 else ""
            put(axes[row, column], (answer / scale)[None], title)
            axes[row, column].title.set_fontsize(12)
    axes[0, 0].title.set_fontsize(12)
    return finish(figure, caption)


def sheet(
    contents: Sequence[Tensor],
    styles: Mapping[str, Tensor],
    results: Sequence[Sequence[Tensor]],
    caption: str = "",
    *,
    size: float = 2.05,
) -> Figure:
    """Styles across the top, contents down the side, results where they meet."""
    use_style()
    rows, columns = len(contents) + 1, len(styles) + 1
    figure, axes = subplots(
        rows, columns, figsize=(columns * size, rows * size + 0.8), squeeze=False
    )
    axes[0, 0].axis("off")
    for place, (name, picture) in zip(axes[0, 1:], styles.items()):
        put(place, picture, name, "target")
        place.title.set_fontsize(12.5)
    for place, picture in zip(axes[1:, 0], contents):
        put(place, picture, "", "clean")
    for row, pictures in zip(axes[1:, 1:], results):
        for place, picture in zip(row, pictures):
            put(place, picture, "", "generated")
    return finish(figure, caption)


def balance(
    lams: Sequence[float], pictures: Sequence[Tensor], losses: Sequence, caption: str = ""
) -> Figure:
    """One picture for each lambda, and below them what content and style have to pay."""
    use_style()
    figure = plt.figure(FigureClass=Plate, figsize=(2.4 * len(lams), 5.6))
    grid = figure.add_gridspec(2, len(lams), height_ratios=[1.25, 1])
    for column, (lam, picture) in enumerate(zip(lams, pictures)):
        put(figure.add_subplot(grid[0, column]), picture, f"lambda = {lam:g}", "generated")
    axes = figure.add_subplot(grid[1, :])
    for half, look in HALVES.items():
        axes.plot(lams, [float(getattr(one, half)) for one in losses], label=half, **look)
    axes.set(xscale="log", yscale="log", xlabel="lambda", ylabel="loss at the end")
    axes.set_xticks(lams, [f"{lam:g}" for lam in lams])
    axes.minorticks_off()
    axes.legend()
    return finish(figure, caption)


def race(curves: Mapping[str, Sequence[float]], caption: str = "") -> Figure:
    """The objective against the number of gradients: {name: values}; the first in ink, bold."""
    use_style()
    figure, axes = plt.subplots(figsize=(8.6, 4.4))
    greys = [str(0.7 - 0.35 * k / max(1, len(curves) - 2)) for k in range(len(curves) - 1)]
    looks = zip(("o", *MARKS), (COLOURS["ink"], *greys), (3.5, *[1.8] * len(greys)))
    for (name, values), (marker, colour, width) in zip(curves.items(), looks):
        axes.plot(
            values, label=name, marker=marker, color=colour, linewidth=width, markersize=7,
            markevery=max(1, len(values) // 9),
        )  # fmt: skip
    axes.set(yscale="log", xlabel="gradients taken", ylabel="content + lambda × style")
    axes.legend(loc="upper right")
    add_caption(figure, caption)
    return theme.finish(figure)


def bank(filters: Tensor, caption: str = "", *, columns: int = 8) -> Figure:
    """Filters (K, s, s) or (K, 3, s, s), in rows of `columns`; grey is zero."""
    use_style()
    rows = -(-len(filters) // columns)
    figure, axes = subplots(rows, columns, figsize=(columns * 1.25, rows * 1.25 + 0.8))
    for place, one in zip(axes.flat, filters):
        picture = 0.5 + 0.5 * one / one.abs().max()
        put(place, picture if picture.dim() == 3 else picture[None], "", "neutral")
    figure = finish(figure, caption)
    for place in axes.flat:
        place.images[0].set_interpolation("nearest")
    return figure
