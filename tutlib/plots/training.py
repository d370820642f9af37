"""Figures of chapter 4: boundaries in the plane, learning curves, surfaces,
and where gradients lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from tutlib.nets import untouched
from tutlib.plots.losses import signed
from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate

CLASSES = (("real", "o"), ("target", "s"))  # colour and marker of the two classes of points
REGIONS = LinearSegmentedColormap.from_list(
    "regions", [COLOURS["real"], "white", COLOURS["target"]]
)
INNERS = ("neutral", "perturbation", "clean", "ink")
STYLES = ("-", "--", ":", "-.")
FLOOR = 1e-5  # lower losses are drawn as this one: a log scale has no zero


def leaning(model: Callable[[Tensor], Tensor], side: int = 121, device="cpu") -> np.ndarray:
    """How sure a net is of class 1 on a grid over the unit square: (side, side), row 0 at the
    bottom."""
    line = torch.linspace(0, 1, side, device=device)
    points = torch.cartesian_prod(line, line)
    with untouched(model), torch.no_grad():
        return model(points).softmax(1)[:, 1].view(side, side).T.cpu().numpy()


def plane(axes: Axes, sure: np.ndarray, x: Tensor, y: Tensor, eps: float, title: str = "") -> None:
    """Regions and boundary of a net, the points, and the square of radius eps around each.

    Args:
        sure: from `leaning`; x: points (N, 2); y: labels (N,), 0 or 1.
    """
    axes.imshow(sure, origin="lower", extent=(0, 1, 0, 1), cmap=REGIONS, vmin=0, vmax=1,
                alpha=0.45, interpolation="bilinear")  # fmt: skip
    line = np.linspace(0, 1, len(sure))
    if sure.min() < 0.5 < sure.max():
        axes.contour(line, line, sure, levels=[0.5], colors=COLOURS["ink"], linewidths=2.2)
    x, y = x.cpu().numpy(), y.cpu().numpy()
    for (px, py), label in zip(x, y):
        colour, marker = CLASSES[label]
        axes.add_patch(Rectangle((px - eps, py - eps), 2 * eps, 2 * eps, facecolor="none",
                                 edgecolor=COLOURS[colour], lw=2))  # fmt: skip
        axes.plot(px, py, marker, color=COLOURS[colour], mec="white", mew=1, ms=9)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], aspect="equal")
    axes.set_title(title, loc="center")
    axes.grid(False)
    axes.spines[:].set(visible=True, color=COLOURS["neutral"])


def boundaries(
    nets: Mapping[str, Callable], x: Tensor, y: Tensor, eps: float, caption: str = ""
) -> Figure:
    """Several nets' boundaries around the same points, side by side (titles: the keys)."""
    use_style()
    figure, axes = plt.subplots(
        1, len(nets), figsize=(4.6 * len(nets), 5.1), squeeze=False, layout="constrained"
    )
    for place, (title, net) in zip(axes[0], nets.items()):
        plane(place, leaning(net, device=x.device), x, y, eps, title)
    add_caption(figure, caption)
    return finish(figure)


def boundary_frame(result) -> Figure:
    """One frame of the training panel: the plane, the adversary at work, and what is right."""
    use_style()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(8.6, 5.1), width_ratios=[1.25, 1], layout="constrained"
    )
    figure.get_layout_engine().set(h_pad=0.12)
    plane(left, result["sure"], result["x"], result["y"], result["eps"],
          f"{result['inner']}, epoch {result['epoch']}")  # fmt: skip
    if result["moved"] is not None:
        _moves(left, result["x"], result["moved"], result["fooled"])
    names = ("points right", "right when moved by FGSM", "squares not refuted")
    values = (result["clean"], result["fgsm"], result["robust"])
    colours = [COLOURS[name] for name in ("clean", "adversarial", "adversarial")]
    bars = right.barh([2, 1, 0], values, color=colours, height=0.42, edgecolor="white")
    bars[1].set_hatch("//")
    for height, name, value in zip([2, 1, 0], names, values):
        right.text(0.0, height + 0.3, f"{name}: {100 * value:.0f} %", fontsize=13)
    right.set(xlim=(0, 1), ylim=(-0.4, 2.6), yticks=[], xticks=[0, 0.5, 1])
    right.set_xticklabels(["0 %", "50 %", "100 %"])
    right.spines["left"].set_visible(False)
    right.grid(False)
    return finish(figure)


def _moves(axes: Axes, x: Tensor, moved: Tensor, fooled: Tensor) -> None:
    """Where the adversary puts every point: a line to a cross (the net falls) or a dot (not)."""
    kinds = (("fooled", fooled, "X", "adversarial"), ("still right", ~fooled, "o", "neutral"))
    for name, chosen, marker, colour in kinds:
        for start, end in zip(x[chosen], moved[chosen]):
            axes.plot(*zip(start.tolist(), end.tolist()), color=COLOURS[colour], lw=1.4)
        ends = moved[chosen].reshape(-1, 2)
        axes.plot(ends[:, 0], ends[:, 1], marker, color=COLOURS[colour], mec="white", mew=0.8,
                  ms=9 if marker == "X" else 6, ls="none", label=f"moved, {name}")  # fmt: skip
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=2,
                       fontsize=12)  # fmt: skip


def four_curves(runs: Mapping[str, Sequence[dict]], caption: str = "") -> Figure:
    """Errors by epoch, for every run (its `history`): train and held out, clean and attacked."""
    use_style()
    figure, axes = plt.subplots(
        1, len(runs), figsize=(3.7 * len(runs), 4.4), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    kinds = (
        ("train_clean", "clean", "--", "trained on, clean"),
        ("watch_clean", "clean", "-", "held out, clean"),
        ("train_robust", "adversarial", "--", "trained on, attacked"),
        ("watch_robust", "adversarial", "-", "held out, attacked"),
    )
    for place, (title, history) in zip(axes[0], runs.items()):
        epochs = [row["epoch"] for row in history]
        for key, colour, style, label in kinds:
            errors = [100 * (1 - row[key]) for row in history]
            place.plot(epochs, errors, style, color=COLOURS[colour], label=label, marker=".")
        place.set(xlabel="epoch", ylim=(-2, 102), xticks=epochs)
        place.set_title(title, loc="center")
    axes[0, 0].set_ylabel("error, per cent")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4)
    add_caption(figure, caption)
    return finish(figure)


def surfaces(values: Mapping[str, Tensor], eps: float, caption: str = "") -> Figure:
    """Loss around one picture as contours, one log scale for all: name -> (S, S) losses.

    Rows follow a random direction, columns the gradient's sign, both from -eps to eps. Every line
    carries its loss; the thick one is log 2, where the true class has half of the probability.
    """
    use_style()
    figure, axes = plt.subplots(
        1, len(values), figsize=(4.1 * len(values) + 0.7, 4.9), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    losses = {name: as_array(loss).clip(FLOOR) for name, loss in values.items()}
    ends = [np.log10([loss.min(), loss.max()]) for loss in losses.values()]
    low, high = np.floor(np.min(ends) + 1e-3), np.ceil(np.max(ends))  # 1e-5 in float32 is below it
    scale = LogNorm(10**low, 10**high)
    fine = 10 ** np.arange(low, high + 0.01, 0.25)
    decades = 10 ** np.arange(low, high + 0.5)
    rungs = np.sort(np.concatenate([decades, 3 * decades[:-1]]))
    for place, (title, loss) in zip(axes[0], losses.items()):
        line = np.linspace(-eps, eps, len(loss))
        drawn = place.contourf(line, line, loss, levels=fine, norm=scale, cmap="cividis")
        rings = place.contour(line, line, loss, rungs, colors="white", linewidths=1.2)
        where = _crossings(line, loss, rungs)
        place.clabel(rings, fmt=_plain, fontsize=11, manual=list(where.values()))
        if loss.min() < np.log(2) < loss.max():
            half = place.contour(line, line, loss, [np.log(2)], colors=COLOURS["adversarial"],
                                 linewidths=3)  # fmt: skip
            place.clabel(half, fmt=lambda value: "log 2", fontsize=12, colors=COLOURS["ink"])
        place.plot(0, 0, "o", color=COLOURS["clean"], mec="white", mew=1.5, ms=10)
        place.set(xlabel="along the gradient's sign", xticks=[-eps, 0, eps], yticks=[-eps, 0, eps])
        place.set(aspect="equal")
        place.set_title(title, loc="center")
        place.grid(False)
    axes[0, 0].set_ylabel("along random signs")
    bar = figure.colorbar(drawn, ax=axes[0], ticks=decades, label="loss (log scale)")
    clipped = "≤ " if min(float(loss.min()) for loss in values.values()) < FLOOR else ""
    bar.ax.set_yticklabels([clipped + _plain(decades[0]), *map(_plain, decades[1:])])
    add_caption(figure, caption)
    return finish(figure)


def _plain(value: float) -> str:
    """A number without an exponent: 0.00001."""
    return np.format_float_positional(value, precision=1, fractional=False, trim="-")


def _crossings(line: np.ndarray, loss: np.ndarray, levels) -> dict[float, tuple[float, float]]:
    """A place (x, y) for each level's label: where some row crosses it, another row each time."""
    rows = [round((len(line) - 1) * share) for share in (0.8, 0.62, 0.2, 0.38)] + [len(line) // 2]
    found = {}
    for k, level in enumerate(levels):
        for row in rows[k % 4 : 4] + rows[: k % 4] + rows[4:]:
            (steps,) = np.nonzero(np.diff(loss[row] > level))
            if len(steps):
                found[level] = (line[steps[-1] : steps[-1] + 2].mean(), line[row])
                break
    return found


def exams(
    clean: Mapping[str, Sequence[Estimate]], robust: Mapping[str, Sequence[Estimate]],
    prices: Mapping[str, float], caption: str = "",
) -> Figure:  # fmt: skip
    """Errors of several ways to train, untouched and attacked: a dot and a band for every run.

    Args:
        clean, robust: name -> its runs' errors; prices: name -> gradients for each picture.
    """
    use_style()
    figure, axes = plt.subplots(
        1, 2, figsize=(11.6, 1.7 + 0.66 * len(prices)), sharey=True, layout="constrained"
    )
    for place, found, colour, marker in zip(
        axes, (clean, robust), ("clean", "adversarial"), ("o", "s")
    ):
        for row, name in enumerate(prices):
            for k, run in enumerate(found[name]):
                height = row + 0.2 * (k - (len(found[name]) - 1) / 2)
                place.plot([100 * end for end in run.band], [height, height], lw=5, alpha=0.35,
                           color=COLOURS[colour], solid_capstyle="butt")  # fmt: skip
                place.plot(100 * run.value, height, marker, color=COLOURS[colour], ms=7)
        place.set(xlim=(0, None), ylim=(len(prices) - 0.5, -0.5))
        place.set_yticks(range(len(prices)), [f"{n} ({p:g})" for n, p in prices.items()])
        place.axhline(len(prices) - 1.5, color=COLOURS["neutral"], lw=1, ls=":")
        place.grid(axis="y", visible=False)
    axes[0].set_ylabel("teacher (gradients for each digit)")
    axes[0].set_xlabel("clean pictures wrong, per cent")
    attack = next(iter(robust.values()))[0].how.split(",")[0]
    axes[1].set_xlabel(f"wrong under {attack}, per cent (at least)")
    add_caption(figure, caption)
    return finish(figure)


def energies(shares: Mapping[str, Mapping[str, float]], caption: str = "") -> Figure:
    """Where a gradient's energy lies: row name -> {place: share}, the same places in each row."""
    use_style()
    figure, axes = plt.subplots(figsize=(9.6, 1.5 + 0.62 * len(shares)), layout="constrained")
    looks = (("ink", ""), ("neutral", ".."), ("perturbation", "//"))
    places = list(next(iter(shares.values())))
    left = np.zeros(len(shares))
    for place, (colour, hatch) in zip(places, looks):
        width = np.array([100 * row[place] for row in shares.values()])
        axes.barh(range(len(shares)), width, left=left, height=0.62, label=place, hatch=hatch,
                  color=COLOURS[colour], edgecolor="white")  # fmt: skip
        left += width
    for height, row in enumerate(shares.values()):
        axes.text(101.5, height, f"{places[-1]}: {100 * row[places[-1]]:.1f} %", va="center",
                  fontsize=13)  # fmt: skip
    axes.set(xlim=(0, 100), xlabel="share of the gradient's energy, per cent")
    axes.set_yticks(range(len(shares)), list(shares))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    add_caption(figure, caption)
    return finish(figure)


def gradient_rows(
    x: Tensor, gradients: Mapping[str, Tensor], caption: str = "", *, size: float = 1.5
) -> Figure:
    """Pictures (N, C, H, W) in the first row, below them each net's gradients, of the same shape.

    A grey picture's gradient is drawn in two colours for its two signs; one of a colour picture as
    a picture itself, around grey: each colour channel brighter where the loss would rise.
    """
    use_style()
    rows, columns = 1 + len(gradients), len(x)
    figure, axes = plt.subplots(
        rows, columns, figsize=(size * columns + 1.2, 1.04 * size * rows + 0.6),
        layout="constrained", squeeze=False,
    )  # fmt: skip
    for k in range(columns):
        put(axes[0, k], x[k], colour="clean")
        for row, gradient in enumerate(gradients.values(), 1):
            if x.shape[1] == 1:
                signed(axes[row, k], gradient[k, 0].detach().cpu().numpy())
            else:
                put(axes[row, k], 0.5 + gradient[k] / (6 * gradient[k].std()), colour="neutral")
    for place, name in zip(axes[:, 0], ["picture", *gradients]):
        place.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=14)
    add_caption(figure, caption)
    return finish(figure)
