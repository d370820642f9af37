"""The panel of lesson 4.3: pick a defence, pick an attack."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.defences import duel
from tutlib.risk import Estimate

DRAWS = 15  # of a defence that plays dice: its belief is the mean of so many answers


def pick_a_duel(defences: Mapping[str, object], x: Tensor, y: Tensor,
                pictures: Mapping[str, Mapping[str, Tensor]],
                right: Mapping[str, Mapping[str, Estimate]]) -> Panel:  # fmt: skip
    """Pick one of the defences and one of the attacks, and see one digit and the whole score.

    Args:
        defences: name -> from pictures to logits; x: pictures (N, 1, H, W); y: labels (N,).
        pictures: defence -> attack -> the pictures (N, 1, H, W) it made of `x`.
        right: defence -> attack -> the share that is read right, on as many pictures as you like.
    """
    attacks = list(next(iter(pictures.values())))
    longest = max(right, key=lambda name: right[name][attacks[-2]].value
                  - right[name][attacks[-1]].value)  # fmt: skip

    def compute(state: dict) -> dict:
        defence, attack, row = state["defence"], state["attack"], state["digit"] - 1
        shown = pictures[defence][attack][row : row + 1]
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(state["digit"])
            passes = [defences[defence](shown).softmax(1)[0] for _ in range(DRAWS)]
        belief = torch.stack(passes).mean(0).cpu()
        return {"clean": x[row : row + 1].cpu(), "shown": shown.cpu(), "truth": int(y[row]),
                "says": int(belief.argmax()), "belief": belief, "attack": attack,
                "right": right[defence]}  # fmt: skip

    return Panel(
        compute,
        duel,
        [
            Choice("defence", list(defences), help="who defends"),
            Choice("attack", attacks, help="who attacks"),
            Slider("digit", stops=list(range(1, len(x) + 1)), help="which digit"),
        ],
        title="Pick a defence, pick an attack",
        question="Choose the defence that you trust most. When the attack knows it, how many of a "
        "hundred digits will it still read right?",
        answers=("fewer than 10", "10 to 50", "more than 50"),
        reveal="Choose your defence, and then the attack: the bars at the right are the score over "
        "all the attacked digits, and the three pictures are one of them.",
        caption="Blue: the truth. Orange: a wrong answer. In the change, grey is none. "
        "A defence that plays dice is asked "
        f"{DRAWS} times, and the mean is shown.",
        frozen={"defence": list(defences), "attack": attacks[-2:]},
        strip=[{"defence": longest, "attack": attack} for attack in attacks],
        alt=lambda state, found: f"{state['defence']}, {state['attack']}, digit {state['digit']}: "
        f"a {found['truth']}, the defence says {found['says']}; right on "
        f"{found['right'][state['attack']].value:.0%}",
    )  # fmt: skip
