"""The panel of lesson 2.6: a digit changed for one model, shown to all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.transfer import fallen_readers, who_falls

PARTS = [0, 25, 50, 75, 100, 125, 150]


def shown_to_all(models: Mapping[str, Callable], made: Mapping[str, Tensor], x: Tensor, y: Tensor
                 ) -> Panel:  # fmt: skip
    """Pick the model that a change was made for, walk through the digits, turn the change up.

    Args:
        models: name -> a function from pictures (N, C, H, W) in [0, 1] to scores (N, K).
        made: name -> x_adv (N, C, H, W), made for the model of this name.
        x: the digits untouched (N, C, H, W); y: their labels (N,).
    """

    @torch.no_grad()
    def compute(state: dict) -> dict:
        row = slice(state["digit"] - 1, state["digit"])
        change = (made[state["source"]][row] - x[row]) * (state["part"] / 100)
        seen = (x[row] + change).clamp(0, 1)
        says = {name: int(model(seen).argmax(1)) for name, model in models.items()}
        misread = [name for name, model in models.items() if int(model(x[row]).argmax(1)) != y[row]]
        return {"picture": seen, "delta": seen - x[row], "truth": int(y[row]),
                "source": state["source"], "says": says, "misread": misread}  # fmt: skip

    return Panel(
        compute,
        who_falls,
        [
            Choice("source", list(made), label="made for", help="the model that was attacked"),
            Slider("digit", stops=list(range(1, len(x) + 1)), help="digits nobody was trained on"),
            Slider("part", stops=PARTS, value=100, format="{} %", label="strength",
                   help="how much of the change is there"),
        ],
        title="Made for one, shown to all",
        question="Before you choose another source: how many of the six will fall?",
        answers=("none or one", "two or three", "four or more"),
        reveal="Guess each time. Which source surprises you, and who is fooled by nearly anything?",
        caption="Left: the digit as all six see it. Middle: the change, drawn so that its largest "
        "pixel is strong. Right: their answers; orange with a cross has fallen. Who misreads "
        "the digit untouched cannot fall.",
        frozen={"source": list(made), "digit": [1, 2, 3, 4]},
        strip=[{"source": next(iter(made))}],
        alt=_alt,
    )  # fmt: skip


def _alt(state: dict, found: dict) -> str:
    fallen = fallen_readers(found)
    return (
        f"Digit {state['digit']}, a {found['truth']}, with {state['part']} % of a change made for "
        f"{state['source']}: {len(fallen)} of {len(found['says'])} fall"
        + (f" ({', '.join(fallen)})" if fallen else "")
    )
