"""The panel of lesson 2.5: a camera in your hand, and two attacks before it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor
from torch.nn import functional as F

from tutlib.attacks import photograph, still
from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.camera import through_the_finder

SHOWN = 112  # pixels of the photos as they are drawn; the net sees all of them
FILES = {"none": 0, "fine": 90, "medium": 60, "coarse": 20}


def in_your_hand(net, attacks: Mapping[str, Tensor], truth: int, target: int) -> Panel:
    """Turn, roll and step back with the camera; look what is left of each attack.

    Args:
        net: a classifier with `top` and `labels`.
        attacks: name -> one picture (1, 3, H, H) in [0, 1]; truth, target: class numbers.
    """
    goal, true = net.labels[target], net.labels[truth]

    def compute(state: dict) -> dict:
        turn, roll = (math.radians(state[name]) for name in ("turn", "roll"))
        view = still(turn=turn, roll=roll, zoom=state["zoom"], blur=state["blur"],
                     light=state["light"], quality=FILES[state["file"]], ground=0.5)  # fmt: skip
        taken = {name: photograph(x, view) for name, x in attacks.items()}
        return {"photos": {name: F.interpolate(photo, size=SHOWN, mode="area")
                           for name, photo in taken.items()},
                "tops": {name: net.top(photo, 3) for name, photo in taken.items()},
                "truth": true, "goal": goal}  # fmt: skip

    return Panel(
        compute,
        through_the_finder,
        [
            Slider("turn", stops=[-45, -30, -15, -5, 0, 5, 15, 30, 45], value=0, format="{}°",
                   help="the print, turned about its upright axis"),
            Slider("roll", stops=[-30, -15, -5, 0, 5, 15, 30], value=0, format="{}°",
                   help="the camera, held askew"),
            Slider("zoom", stops=[0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2], value=1.0,
                   help="1: the print fills the photo"),
            Slider("blur", stops=[0, 0.25, 0.5, 1, 1.5], value=0, format="{} %",
                   help="in hundredths of the photo's width"),
            Slider("light", stops=[0.5, 0.75, 1.0, 1.2, 1.4], value=1.0, format="× {}"),
            Choice("file", list(FILES), help="how much the JPEG file throws away"),
        ],
        title="A camera in your hand",
        question="Both pictures are called what the attacker wants. You turn the print by five "
        "degrees. What happens?",
        answers=("both hold", "one of them fails", "both fail"),
        reveal="Turn on until one of them fails. Is it lost for good, or does it come back? Then "
        "find a view in which the other one fails, too.",
        caption=f"A {true}; both attacks want “{goal}”. Frame and bars: yellow is what the "
        "attack wants, blue or a grey frame the truth, orange something else.",
        frozen={"turn": [-30, -5, 0, 5, 30], "zoom": [1.0, 0.7]},
        strip=[{}, {"turn": 5}, {"turn": 30, "roll": 15}],
        alt=_alt,
    )  # fmt: skip


def _alt(state: dict, found: dict) -> str:
    firsts = {name: top[0] for name, top in found["tops"].items()}
    said = "; ".join(f"{name}: {first} ({sure:.0%})" for name, (first, sure) in firsts.items())
    return (f"Turned by {state['turn']}°, rolled by {state['roll']}°, zoom {state['zoom']:g}. "
            f"{said}")  # fmt: skip
