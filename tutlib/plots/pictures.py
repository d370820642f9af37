"""Figures that show pictures, and what a net says about them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.theme import COLOURS, finish, text_colour, use_style


def as_image(picture: Tensor):
    """(1, C, H, W) or (C, H, W) in [0, 1] -> an array (H, W, 3) or (H, W) for imshow."""
    picture = picture.detach().float().cpu()
    if picture.dim() == 4:
        if len(picture) != 1:
            raise ValueError(f"one picture is needed, and this is a batch of {len(picture)}.")
        picture = picture[0]
    picture = picture.clamp(0, 1)
    return picture[0].numpy() if len(picture) == 1 else picture.permute(1, 2, 0).numpy()


def put(axes: Axes, picture: Tensor, title: str = "", colour: str = "ink") -> None:
    """Draw one picture into `axes`, framed in the colour of its meaning."""
    axes.imshow(as_image(picture), vmin=0, vmax=1, cmap="gray")
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.set_title(title, color=text_colour(colour), loc="center")
    for spine in axes.spines.values():
        spine.set(visible=True, color=COLOURS.get(colour, colour), linewidth=2.5)


def add_caption(figure: Figure, text: str) -> None:
    """A sentence under the figure, wrapped to its width (in constrained layouts)."""
    if text:
        text = text.replace(" %", "\u00a0%")  # no line begins with a per cent sign
        width = max(30, int(figure.get_figwidth() * 11.5))
        lines = textwrap.wrap(text, width)
        while width > 20 and len(textwrap.wrap(text, width - 1)) == len(lines):  # equal lines
            width -= 1
        label = figure.supxlabel(textwrap.fill(text, width), fontsize=12.5, color="#444444")
        label.set_linespacing(1.25)


def show(picture: Tensor, caption: str = "", *, title: str = "", size: float = 4.2) -> Figure:
    """One picture (1, C, H, W) in [0, 1], large, with a caption."""
    use_style()
    figure, axes = plt.subplots(figsize=(size * 1.25, size + 0.5))
    put(axes, picture, title, "clean")
    add_caption(figure, caption)
    return finish(figure)


def grid(
    pictures: Tensor | Sequence[Tensor],
    titles: Sequence[str] | None = None,
    *,
    columns: int = 6,
    caption: str = "",
    colour: str | Sequence[str] = "ink",
    size: float = 1.9,
) -> Figure:
    """Many pictures, in rows of `columns`, each with a title if there are titles."""
    use_style()
    count = len(pictures)
    if count == 0:
        raise ValueError("there is no picture to show.")
    columns = min(columns, count)
    rows = -(-count // columns)
    extra = 0.32 if titles else 0.05
    figure, axes = plt.subplots(
        rows,
        columns,
        squeeze=False,
        figsize=(columns * size, rows * (size + extra) + (0.5 if caption else 0.1)),
    )
    for i, place in enumerate(axes.flat):
        if i >= count:
            place.axis("off")
            continue
        mark = colour if isinstance(colour, str) else colour[i]
        put(place, pictures[i], titles[i] if titles else "", mark)
        place.title.set_fontsize(12)
    add_caption(figure, caption)
    return finish(figure)


def answers(axes: Axes, names: Sequence[str], probabilities, *, highlight: dict | None = None):
    """A net's first answers as horizontal bars, the surest on top, each with its number.

    Args:
        highlight: class name -> meaning ("clean", "target" ...) whose colour and edge it gets.
    """
    highlight = highlight or {}
    places = range(len(names))[::-1]
    marks = [highlight.get(name, "neutral") for name in names]
    axes.barh(places, probabilities, color=[COLOURS[mark] for mark in marks], height=0.72)
    for place, name, value, mark in zip(places, names, probabilities, marks):
        weight = "bold" if mark != "neutral" else "normal"
        text = f"{name}  {_percent(value)}"
        box = {"facecolor": "white", "alpha": 0.72, "linewidth": 0, "pad": 1.2}
        axes.text(0.015, place, text, va="center", fontsize=12, weight=weight, bbox=box)
    axes.set(xlim=(0, 1), yticks=[], xticks=[0, 0.5, 1], xticklabels=["0 %", "50 %", "100 %"])
    axes.grid(False)
    axes.spines["left"].set_visible(False)


def before_after(
    picture: Tensor,
    delta: Tensor,
    net,
    *,
    amplify: float = 50,
    y: int | None = None,
    target: int | None = None,
) -> Figure:
    """The picture, the change made visible, the changed picture; the net's answers below.

    Args:
        picture: (1, C, H, W) in [0, 1]; delta: the change, of the same shape.
        net: a classifier with `top(x)` and `labels`.
        amplify: how many times too strong the change is drawn (grey is no change).
        y: the true class (the net's first answer unless given); target: the class aimed at.
    """
    before, after = net.top(picture, 4), net.top((picture + delta).clamp(0, 1), 4)
    truth = before[0][0] if y is None else net.labels[y]
    goal = None if target is None else net.labels[target]
    return trio(picture, delta, before, after, truth=truth, goal=goal, amplify=amplify)


def trio(
    picture: Tensor,
    delta: Tensor,
    before: Sequence[tuple[str, float]],
    after: Sequence[tuple[str, float]],
    *,
    truth: str,
    goal: str | None = None,
    amplify: float = 50,
    thin: int = 1,
    scale: float = 1.0,
) -> Figure:
    """`before_after` for answers that are already known: pairs (name, probability).

    Panels draw the change `thin`ned (every second pixel) and the figure smaller (`scale`): snow
    is what weighs most in a page that has to carry its pictures with it.
    """
    use_style()
    size = (11.4 * scale, 6.1 * scale)
    figure, axes = plt.subplots(2, 3, figsize=size, height_ratios=[3.1, 1.7])
    seen = delta[..., ::thin, ::thin] * amplify + 0.5
    put(axes[0, 0], picture, "the picture", "clean")
    put(axes[0, 1], seen, f"the change, × {amplify:g}", "perturbation")
    fallen = "adversarial" if after[0][0] != truth else "neutral"
    put(axes[0, 2], (picture + delta).clamp(0, 1), "picture + change", fallen)
    for place, pairs in ((axes[1, 0], before), (axes[1, 2], after)):
        names, values = zip(*pairs)
        marks = {truth: "clean"}
        if goal is not None:
            marks[goal] = "target"
        elif names[0] != truth:
            marks[names[0]] = "adversarial"
        answers(place, names, values, highlight=marks)
    size = float(delta.abs().max()) * 255
    axes[1, 1].axis("off")
    note = f"largest change\nof any pixel:\n{size:.2f} of 255"
    axes[1, 1].text(0.5, 0.55, note, ha="center", va="center", fontsize=14)
    return finish(figure)


def _percent(value: float) -> str:
    value = float(value)
    if value >= 0.0995 or value == 0:
        return f"{100 * value:.0f} %" if value < 0.995 else f"{100 * value:.1f} %"
    if value < 1e-4:
        return "< 0.01 %"
    return f"{100 * value:.1f} %" if value >= 0.001 else f"{100 * value:.2f} %"
