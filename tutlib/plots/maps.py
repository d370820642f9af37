"""Maps of the space around a picture, and its right-angled ways out (3.3)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from tutlib.plots.pictures import add_caption, put
from tutlib.plots.theme import COLOURS, as_array, finish, use_style
from tutlib.risk import Estimate

BLUE, ORANGE = (np.array(to_rgb(COLOURS[name])) for name in ("clean", "adversarial"))
TINTS = (0.0, 0.35, 0.6, 0.75)  # how much white is in the largest foreign class, the next ...
NAMED = 0.05  # a class with a smaller share of its map goes without a name
ROOM = 1.5  # and so does a region of no more than two points across
MARKS = ("-", "o"), ("--", "s"), (":", "D")


def coloured(classes, own: int) -> np.ndarray:
    """One map (S, S) of class numbers as a picture (S, S, 3), its lowest row at the bottom.

    Blue is the picture's own class. The others are orange, the more of the map they have, the
    darker: so each map can be read without knowing ten colours.
    """
    classes = as_array(classes)
    image = np.empty((*classes.shape, 3))
    image[classes == own] = BLUE
    for tint, name in zip(TINTS + (0.75,) * 9, _by_size(classes, own)):
        image[classes == name] = tint + (1 - tint) * ORANGE
    return image[::-1]


def _by_size(classes: np.ndarray, own: int) -> list[int]:
    """The foreign classes of a map, the largest first."""
    names, counts = np.unique(classes[classes != own], return_counts=True)
    return names[np.argsort(-counts, kind="stable")].tolist()


def atlas(classes, own: Sequence[int], words: tuple[str, str], caption: str, *, columns: int = 9,
          names: Sequence[str] = "0123456789") -> Figure:  # fmt: skip
    """Many maps, each a sheet through one picture, with the name of every large region.

    Args:
        classes: (N, S, S) class numbers; own: (N,) the picture's own class.
        words: what lies to the right, and what upwards.
        names: of the classes, a letter or two each.
    """
    use_style()
    classes, own = as_array(classes), as_array(own)
    rows = -(-len(classes) // columns)
    figure, axes = plt.subplots(rows, columns, squeeze=False, layout="constrained",
                                figsize=(12.4, 12.4 / columns * rows + 0.95))  # fmt: skip
    for k, place in enumerate(axes.flat):
        place.axis("off")
        if k < len(classes):
            _draw(place, classes[k], int(own[k]), names)
    figure.supylabel(f"{words[1]}  →", fontsize=13)
    add_caption(figure, f"→ {words[0]}. {caption}")
    return finish(figure)


def _draw(axes: Axes, classes: np.ndarray, own: int, names: Sequence[str], size: int = 17) -> None:
    """One map with the names of its large regions, and a dot where the picture is."""
    line = np.linspace(-1, 1, len(classes))
    edge = 1 + 1 / max(len(classes) - 1, 1)  # each colour lies around its point, and the map ends
    axes.imshow(coloured(classes, own), extent=(-edge, edge, -edge, edge), interpolation="nearest")
    axes.set(xlim=(-1, 1), ylim=(-1, 1))  # at the outermost points
    for name in np.unique(classes):
        here = classes == name
        if here.mean() < NAMED:
            continue
        place = _deepest(here)
        if place is None:
            continue
        i, j = place
        ink = "white" if name in (own, *_by_size(classes, own)[:1]) else COLOURS["ink"]
        axes.text(line[j], line[i], names[name], color=ink, size=size, weight="bold",
                  ha="center", va="center")  # fmt: skip
    axes.plot(0, 0, "o", ms=6, color="white", mec=COLOURS["ink"], mew=1.2)


def _deepest(here: np.ndarray) -> tuple[int, int] | None:
    """The place in a region furthest from its edge, and off the middle, where the dot is.

    None where the region is too narrow for a letter. The outermost points are half cut off, so
    they do not count.
    """
    depth, left = np.zeros(here.shape), np.pad(here[1:-1, 1:-1], 2)
    while left.any():
        depth += left[1:-1, 1:-1]
        inner = left.copy()
        for axis in (0, 1):
            for step in (-1, 1):
                inner &= np.roll(left, step, axis)
        left = inner
    places = np.indices(here.shape)
    half = (len(here) - 1) / 2
    from_dot = np.hypot(*(places - half))
    centre = [place[here].mean() for place in places]
    from_centre = np.hypot(places[0] - centre[0], places[1] - centre[1])
    good = depth - 99 * (from_dot < half / 3) - 1e-3 * from_centre
    i, j = np.unravel_index(np.argmax(good), here.shape)
    return (int(i), int(j)) if good[i, j] > ROOM else None


def background(classes, own: Sequence[int], columns: int, scale: int = 6) -> bytes:
    """The same maps without words, glued edge to edge, as PNG bytes: what a panel's pad lies on."""
    half = scale // 2  # of an outermost point lies beyond the edge
    rows = []
    for start in range(0, len(classes), columns):
        tiles = [np.kron(coloured(classes[k], int(own[k])), np.ones((scale, scale, 1)))
                 [half:-half, half:-half] for k in range(start, start + columns)]  # fmt: skip
        for tile in tiles:
            tile[:, -3:] = tile[-3:] = 1.0
            middle = tile.shape[0] // 2
            tile[middle - 4 : middle + 4, middle - 4 : middle + 4] = 1.0
        rows.append(np.concatenate(tiles, 1))
    buffer = io.BytesIO()
    whole = Image.fromarray((255 * np.concatenate(rows)).round().astype(np.uint8))
    whole.quantize(32).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def at_a_point(found: Mapping) -> Figure:
    """The panel's figure: one map with a cross, the picture at the cross, and its logits.

    Args:
        found: `classes` (S, S), `own`, `place` from -1 to 1 (right, up), `picture` (1, C, H, W),
            `logits` (K,), `names`.
    """
    use_style()
    figure, (chart, seen, bars) = plt.subplots(1, 3, figsize=(9.0, 2.8),
                                               width_ratios=[1, 1, 1.15])  # fmt: skip
    _draw(chart, as_array(found["classes"]), found["own"], found["names"], 22)
    chart.axis("off")
    chart.plot(*found["place"], "+", ms=26, mew=6, color="white")
    chart.plot(*found["place"], "+", ms=24, mew=3, color=COLOURS["ink"])
    chart.set_title("→ adversarial, ↑ random", size=13, loc="center")
    logits, own = as_array(found["logits"]), found["own"]
    said, moved = int(logits.argmax()), any(found["place"])
    mark = "adversarial" if said != own else "neutral" if moved else "clean"
    put(seen, found["picture"], f"the net says {found['names'][said]}", mark)
    colours = [COLOURS["neutral"]] * len(logits)
    colours[said], colours[own] = COLOURS["adversarial"], COLOURS["clean"]
    bars.barh(range(len(logits)), logits, color=colours)
    bars.axvline(0, color=COLOURS["ink"], lw=1)
    bars.set(yticks=range(len(logits)), yticklabels=list(found["names"]), xlim=found["limits"])
    bars.tick_params(axis="y", labelsize=11)
    bars.invert_yaxis()
    bars.set_title("logits there", size=13, loc="center")
    return finish(figure)


def ways(ceilings, found, means: Mapping[str, tuple[float, tuple[float, float]]], caption: str
         ) -> Figure:  # fmt: skip
    """Left: each picture's count against its ceiling. Right: the means, with bands.

    Args:
        ceilings, found: (N,) numbers of right-angled directions.
        means: what was counted -> (mean, band).
    """
    use_style()
    ceilings, found = (np.asarray(as_array(part), float) for part in (ceilings, found))
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.4, 4.8), layout="constrained")
    top = 1.4 * max(ceilings.max(), found.max(), 2)
    left.plot([1, top], [1, top], "--", color=COLOURS["ink"], label="as many as a flat wall allows")
    for none, look in ((False, {"marker": "o"}), (True, {"marker": "x"})):
        rows = (found == 0) == none
        if rows.any():
            left.scatter(np.maximum(ceilings[rows], 1), np.where(none, 0.7, found[rows]), s=45,
                         color=COLOURS["adversarial"], alpha=0.65, **look,
                         label="one picture, none found" if none else "one picture")  # fmt: skip
    left.set(
        xscale="log",
        yscale="log",
        xlim=(0.9, top),
        ylim=(0.6, top),
        xlabel="(length of the step / distance to the wall) squared",
        ylabel="directions found",
    )
    for axis in (left.xaxis, left.yaxis):
        axis.set_major_formatter("{x:g}")
    left.legend(loc="upper left")
    for place, (name, (mean, (low, high))) in enumerate(means.items()):
        mark = "neutral" if "wall" in name else "adversarial"
        right.barh(place, mean, color=COLOURS[mark], height=0.55, hatch="" if mark != "neutral"
                   else "//", edgecolor="white")  # fmt: skip
        right.plot([low, high], [place, place], color=COLOURS["ink"], lw=3)
        right.annotate(f"{mean:.1f}", (high, place), (8, 0), textcoords="offset points",
                       va="center", size=14)  # fmt: skip
    right.set(yticks=range(len(means)), yticklabels=list(means), xlabel="directions, mean")
    right.set(xlim=(0, 1.25 * max(band[1] for _, band in means.values())))
    right.invert_yaxis()
    right.grid(False, axis="y")
    add_caption(figure, caption)
    return finish(figure)


def transfer(counts: Sequence[int], groups: Mapping[str, Sequence[Estimate]], caption: str
             ) -> Figure:  # fmt: skip
    """How often the other net is fooled, too, against how many directions share the way out.

    Args:
        groups: name -> one estimate for each count.
    """
    use_style()
    figure, axes = plt.subplots(figsize=(9.6, 4.6), layout="constrained")
    shades = (COLOURS["neutral"], COLOURS["ink"], COLOURS["adversarial"])
    for (name, estimates), (line, marker), colour in zip(groups.items(), MARKS[::-1], shades):
        low, high = (100 * np.array(end) for end in zip(*(e.band for e in estimates)))
        axes.fill_between(counts, low, high, color=colour, alpha=0.15, lw=0)
        axes.plot(counts, [100 * e.value for e in estimates], line, marker=marker, color=colour,
                  label=name)  # fmt: skip
    axes.set(xscale="log", xticks=list(counts), xlabel="directions that share the way out",
             ylabel="fool the other net, in %", ylim=(-3, 103))  # fmt: skip
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(title="the formula gives them ...", loc="upper right")
    add_caption(figure, caption)
    return finish(figure)
