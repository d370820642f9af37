"""Figures of 6.2: two painters of the same photograph, and what of a painting is used."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import put
from tutlib.plots.style_transfer import Plate, finish
from tutlib.plots.theme import use_style

PAPER = 0.93  # what is left white of a painting that is not used


def rivals(
    content: Tensor, style: Tensor, results: Mapping[str, Tensor], caption: str = "", *,
    size: float = 4.0,
) -> Figure:  # fmt: skip
    """Content above style at the left, small; beside them each of the results, large.

    Args:
        content, style: (1, 3, H, W) in [0, 1], of any two shapes; results: {title: picture}.
    """
    use_style()
    figure = plt.figure(
        FigureClass=Plate, figsize=(size * (len(results) + 0.5), size + 0.85), layout="compressed"
    )
    grid = figure.add_gridspec(2, 1 + len(results), width_ratios=[0.48] + [1] * len(results))
    put(figure.add_subplot(grid[0, 0]), content, "the photograph", "clean")
    put(figure.add_subplot(grid[1, 0]), style, "the painting", "target")
    for column, (title, picture) in enumerate(results.items(), start=1):
        put(figure.add_subplot(grid[:, column]), picture, title, "generated")
    for axes in figure.axes[:2]:
        axes.title.set_fontsize(12.5)
    return finish(figure, caption)


def faded(painting: Tensor, used: Tensor) -> Tensor:
    """The painting (1, 3, H, W) where `used` (1, 1, H, W) is 1, and paper where it is 0."""
    return used * painting + (1 - used) * PAPER
