"""Figures of faces in latent space (5.3): rows of faces, an equation, lengths, steps, a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tutlib.plots.pictures import add_caption, as_image
from tutlib.plots.theme import COLOURS, as_array, finish, text_colour, use_style


def rows(
    faces: Mapping[str, Tensor], caption: str = "", *, heads: Sequence[str] = (),
    frames: Mapping[str, str] | None = None, size: float = 1.15,
) -> Figure:  # fmt: skip
    """Faces in named rows: each row (N, 3, H, W), enlarged smoothly.

    Args:
        heads: a word above each column; frames: row name -> meaning, whose colour frames the row.
    """
    use_style()
    wide = max(len(row) for row in faces.values())
    figure, axes = plt.subplots(
        len(faces), wide, squeeze=False, gridspec_kw={"wspace": 0.02, "hspace": 0.02},
        figsize=(size * wide + 1.4, size * len(faces) + (0.3 if heads else 0.1) + 0.5),
    )  # fmt: skip
    for line, (name, row) in zip(axes, faces.items()):
        for place in line:
            bare(place)
        for place, face in zip(line, row):
            face_into(place, face, (frames or {}).get(name))
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=13, labelpad=8)
    for place, word in zip(axes[0], heads):
        place.set_title(word, fontsize=12)
    add_caption(figure, caption)
    return finish(figure)


def bare(place: Axes) -> None:
    """Axes without ticks, grid and frame."""
    place.set(xticks=[], yticks=[])
    place.grid(False)
    for spine in place.spines.values():
        spine.set_visible(False)


def face_into(place: Axes, face: Tensor, meaning: str | None = None) -> None:
    """One face, enlarged smoothly: its pixels are no blocks."""
    place.imshow(as_image(face), interpolation="bicubic")
    if meaning:
        for spine in place.spines.values():
            spine.set(visible=True, color=COLOURS[meaning], linewidth=2.5)


def equation(parts: Sequence[Tensor], words: Sequence[str], caption: str = "") -> Figure:
    """a - b + c = d in faces: four sheets (N, 3, H, W), the result large and framed."""
    use_style()
    figure, axes = plt.subplots(1, 4, figsize=(12.4, 3.9))
    for place, faces, word, sign in zip(axes, parts, words, ("", "−", "+", "=")):
        bare(place)
        side = int(np.ceil(len(faces) ** 0.5))
        height, width = faces.shape[-2:]
        sheet = np.ones((side * height, side * width, 3), np.float32)
        for i, face in enumerate(faces):
            top, left = i // side * height, i % side * width
            sheet[top : top + height, left : left + width] = as_image(face)
        place.imshow(sheet, interpolation="bicubic")
        place.set_title(word, fontsize=14)
        place.set_ylabel(sign, rotation=0, fontsize=26, labelpad=16, va="center")
    for spine in axes[-1].spines.values():
        spine.set(visible=True, color=COLOURS["generated"], linewidth=3)
    add_caption(figure, caption)
    return finish(figure)


def lengths(found: Mapping[str, Tensor], size: int, caption: str = "") -> Figure:
    """Histograms of |z|, each set in its own colour and hatch; dotted: the root of d."""
    use_style()
    figure, axes = plt.subplots(figsize=(9.4, 3.9))
    looks = (("neutral", ""), ("perturbation", "//"), ("generated", ".."))
    top = max(float(v.max()) for v in found.values())
    edges = np.linspace(0, 1.05 * top, 60)
    for (name, values), (mark, hatch) in zip(found.items(), looks):
        axes.hist(as_array(values), edges, density=True, alpha=0.55, hatch=hatch, label=name,
                  color=COLOURS[mark], edgecolor=COLOURS["ink"], linewidth=0.4)  # fmt: skip
    axes.axvline(size**0.5, color=COLOURS["ink"], linestyle=":", label=f"√{size}")
    axes.set(xlabel="length of z", ylabel="share per unit of length", xlim=(0, edges[-1]))
    axes.legend(fontsize=12)
    add_caption(figure, caption)
    return finish(figure)


def steps(found: Mapping[str, Tensor], caption: str = "", *, of: str = "pixels") -> Figure:
    """How far each step of a walk goes, one line for each way (T,)."""
    use_style()
    figure, axes = plt.subplots(figsize=(9.4, 3.9))
    looks = (("generated", "-", "o"), ("ink", "--", "s"), ("neutral", ":", "^"))
    for (name, values), (mark, dash, sign) in zip(found.items(), looks):
        axes.plot(np.arange(1, len(values) + 1), as_array(values), dash + sign, ms=5, label=name,
                  color=COLOURS[mark])  # fmt: skip
    axes.set(xlabel="step of the walk", ylabel=f"how far it goes ({of})")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=12)
    add_caption(figure, caption)
    return finish(figure)


def matrices(found: Mapping[str, Tensor], names: Sequence[str], caption: str = "") -> Figure:
    """What each direction (a row) does to each attribute (a column), in points of probability."""
    use_style()
    figure, axes = plt.subplots(1, len(found), figsize=(5.6 * len(found), 4.9), squeeze=False)
    for place, (title, table) in zip(axes[0], found.items()):
        values = 100 * as_array(table)
        place.imshow(values, cmap="PuOr", vmin=-100, vmax=100)
        place.set_xticks(range(len(names)), names)
        place.set_yticks(range(len(names)), names)
        place.grid(False)
        place.set_title(title, fontsize=14)
        for (i, j), value in np.ndenumerate(values):
            place.text(j, i, f"{value:+.0f}", ha="center", va="center", fontsize=13,
                       color="white" if abs(value) > 60 else COLOURS["ink"])  # fmt: skip
        place.set_xlabel("what is read")
    axes[0, 0].set_ylabel("direction")
    add_caption(figure, caption)
    return finish(figure)


def counts(found: Mapping[str, tuple], caption: str = "") -> Figure:
    """Shares with their bands: name -> (at: numbers, shares, lows, highs)."""
    use_style()
    figure, axes = plt.subplots(figsize=(9.4, 4.1))
    looks = (("generated", "-o"), ("ink", "--s"))
    for (name, (at, share, low, high)), (mark, look) in zip(found.items(), looks):
        at, share, low, high = (as_array(v) for v in (at, share, low, high))
        axes.errorbar(at, share, [share - low, high - share], fmt=look, capsize=4, label=name,
                      color=COLOURS[mark])  # fmt: skip
    axes.set(xscale="log", xlabel="faces averaged in each term", ylabel="share", ylim=(0, 1.04))
    axes.set_xticks(as_array(at), [f"{k:g}" for k in as_array(at)])
    axes.minorticks_off()
    axes.legend(fontsize=12)
    add_caption(figure, caption)
    return finish(figure)


def pad(face: Tensor, said: Mapping[str, float], length: float, usual: float) -> Figure:
    """The panel's face, large, and what its reader says beside it (bars with words)."""
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.0), width_ratios=[1, 1])
    bare(left)
    face_into(left, face, "generated")
    places = np.arange(len(said))[::-1]
    right.barh(places, list(said.values()), color=COLOURS["neutral"], height=0.6)
    for place, (name, value) in zip(places, said.items()):
        box = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1.5}
        right.text(0.02, place, f"{name}  {_percent(value)}", va="center", fontsize=14, bbox=box)
    right.set(xlim=(0, 1), yticks=[], xticks=[0, 0.5, 1], xticklabels=["0 %", "50 %", "100 %"])
    right.grid(False)
    right.set_title("the reader's verdict", fontsize=14, color=text_colour("ink"))
    right.set_xlabel(f"length of z: {length:.1f} (dice: about {usual:.1f})")
    return finish(figure)


def _percent(value: float) -> str:
    return "< 0.01 %" if value < 1e-4 else f"{100 * value:.0f} %"


def dose(found: Mapping[str, Mapping[str, Sequence]], caption: str = "") -> Figure:
    """What an arrow does at each strength: name -> {"at", "share", "low", "high", "moved"}.

    Left: how often the wanted thing is there, with bands. Right: how far the rest moved, in
    distances of two strangers.
    """
    use_style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4))
    looks = (("generated", "-o"), ("ink", "--s"), ("neutral", ":^"))
    for (name, row), (mark, look) in zip(found.items(), looks):
        share, low, high = (np.asarray(row[k]) for k in ("share", "low", "high"))
        left.errorbar(row["at"], share, [share - low, high - share], fmt=look, capsize=4,
                      label=name, color=COLOURS[mark])  # fmt: skip
        right.plot(row["at"], row["moved"], look, label=name, color=COLOURS[mark])
    left.set(xlabel="length of the step along the arrow", ylabel="share that has it now",
             ylim=(0, 1.04))  # fmt: skip
    right.axhline(0.5, color=COLOURS["ink"], linestyle=":", lw=1)
    right.set(xlabel="length of the step along the arrow", ylim=(0, None),
              ylabel="the rest moved (strangers: 1)")  # fmt: skip
    left.legend(fontsize=12)
    add_caption(figure, caption)
    return finish(figure)
