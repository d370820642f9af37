"""The panel of lesson 2.7: one digit, two nets, three searches for the smallest change."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.smallest import one_change


def smallest_change(nets: Mapping[str, object], x: Tensor, y: Tensor,
                    found: Mapping[str, Mapping[str, Tensor]]) -> Panel:  # fmt: skip
    """Pick a digit, a net and a method: its smallest change, and how far the others had to go.

    Args:
        nets: name -> from pictures to logits; x: pictures (N, C, H, W) in [0, 1]; y: labels (N,).
        found: net -> method -> the changed pictures (N, C, H, W).
    """
    ways = {
        net: {m: (p - x).flatten(1).norm(dim=1).tolist() for m, p in each.items()}
        for net, each in found.items()
    }
    longest = max(way for each in ways.values() for row in each.values() for way in row)
    methods = list(next(iter(found.values())))
    nearest = "; ".join(f"{net}: {_counted(each)}" for net, each in ways.items())

    def compute(state: dict) -> dict:
        row, net, method = state["digit"] - 1, state["net"], state["method"]
        pair = torch.cat([x[row : row + 1], found[net][method][row : row + 1]])
        with torch.no_grad():
            says = nets[net](pair).argmax(1).tolist()
        return {"clean": pair[:1].cpu(), "changed": pair[1:].cpu(), "says": says,
                "truth": int(y[row]), "method": method, "longest": longest,
                "ways": {name: way[row] for name, way in ways[net].items()}}  # fmt: skip

    return Panel(
        compute,
        one_change,
        [
            Slider("digit", stops=list(range(1, len(x) + 1)), help="which digit"),
            Choice("net", list(nets), help="which net is to be fooled"),
            Choice("method", methods, help="which search is shown"),
        ],
        title="The smallest change",
        question="Which of the three will have found the nearest picture for most of these digits?",
        answers=methods,
        reveal=f"So many of these {len(x)} digits each found nearest. {nearest[:1].upper()}"
        f"{nearest[1:]}. Walk through the digits and compare the bars.",
        caption="Blue: the digit. Then the change, on a scale of its own (grey is none), and the "
        "digit with it. Bars: how far each search had to go.",
        frozen={"digit": list(range(1, min(len(x), 4) + 1)), "net": list(nets), "method": methods},
        strip=[{"digit": 1, "net": net} for net in nets],
        alt=lambda state, result: f"Digit {state['digit']}, a {result['truth']}, {state['net']}, "
        f"{state['method']}: the net says {result['says'][1]} at distance "
        f"{result['ways'][state['method']]:.2f}",
    )  # fmt: skip


def _counted(ways: Mapping[str, list[float]]) -> str:
    """Of how many pictures each method found the nearest, in words."""
    far = torch.tensor(list(ways.values()))
    far[far == 0] = torch.inf  # nothing was found
    first = far.argmin(0).bincount(minlength=len(ways))
    return ", ".join(f"{method} {int(hits)}" for method, hits in zip(ways, first))
