"""The panel of lesson 3.3: click into a map, and see the picture that is there."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.check import patience
from tutlib.nets import untouched
from tutlib.panel import Pad, Panel
from tutlib.plots import maps as figures
from tutlib.risk import maps

WIDE = 3  # maps in a row of the pad


def click_a_map(net, x: Tensor, y: Tensor, right: Tensor, up: Tensor, reach: float, *,
                side: int = 21, names: str = "0123456789") -> Panel:  # fmt: skip
    """Nine maps on a pad; where the point lies, there is a picture, and the net's logits for it.

    Args:
        net: from pictures (N, C, H, W) in [0, 1] to logits; x: nine pictures; y: (9,), their class.
        right, up: like x, directions of length one; reach: how far a map goes to each side.
        side: points along each side of a map; names: of the classes, a letter each.

    Raises:
        ValueError: if there are not nine pictures.
    """
    if len(x) != WIDE**2:
        raise ValueError(f"the pad has room for {WIDE**2} maps, and here are {len(x)} pictures.")
    with patience.silence():
        logits = maps.cross_section(net, x, right, up, reach, side=side)
    classes, own = logits.argmax(-1).cpu(), [int(label) for label in y]
    limits = float(logits.min()) - 1, float(logits.max()) + 1

    def compute(state: dict) -> dict:
        k, across, above = _where(state["place"])
        rows = slice(k, k + 1)
        picture = (x[rows] + reach * (across * right[rows] + above * up[rows])).clamp(0, 1)
        with untouched(net), torch.no_grad():
            answer = net(picture)[0].cpu()
        return {"classes": classes[k], "own": own[k], "place": (across, above), "names": names,
                "picture": picture, "logits": answer, "limits": limits}  # fmt: skip

    places = [(i + across, j + above) for j in (2.5, 1.5, 0.5) for i in (0.5, 1.5, 2.5)
              for across, above in ((0.0, 0.0), (0.4, 0.0))]  # fmt: skip
    places += [(0.5, 2.9), (0.1, 2.5)]
    return Panel(
        compute,
        figures.at_a_point,
        [Pad("place", x=(0, WIDE), y=(0, WIDE), value=(0.5, 2.5), step=(0.05, 0.05),
             names=("across", "up"), label="nine maps: click, or drag the point",
             help="arrow keys move it by a twentieth of a map",
             background=figures.background(classes, own, WIDE))],
        title="What is there on the map?",
        question="In the orange parts the net reads another digit. How many of the pictures there "
        "can you still read?",
        answers=("hardly any", "about half", "nearly all"),
        reveal="Click into the orange of each map, at its edge and far out, and read for yourself.",
        caption="Left: the map you clicked, and a cross where. Middle: the picture there. Right: "
        "what the net makes of it; blue is the digit's own class, orange a wrong answer.",
        frozen=[{"place": place} for place in places],
        strip=[{"place": place} for place in places[:4]],
        alt=_alt,
    )  # fmt: skip


def _where(place: tuple[float, float]) -> tuple[int, float, float]:
    """Which map a point of the pad is in, and where in it, from -1 to 1 (to the right, up)."""
    column, row = (min(int(value), WIDE - 1) for value in place)
    across, above = (round(2 * (v - n) - 1, 6) for v, n in zip(place, (column, row)))
    return (WIDE - 1 - row) * WIDE + column, across, above


def _alt(state: dict, found: dict) -> str:
    k, across, above = _where(state["place"])
    logits = found["logits"]
    said, own = int(logits.argmax()), found["own"]
    return (
        f"Map {k + 1} of 9, a {found['names'][own]}: at {across:+.2f} on the adversarial and "
        f"{above:+.2f} on the random direction the net says {found['names'][said]} (logit "
        f"{logits[said]:.1f}; its own class {logits[own]:.1f})"
    )
