"""The panel of lesson 3.4: one animal, any ground, two nets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import torch

from tutlib.assets import on_ground
from tutlib.check.patience import silence
from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.fooling import where_it_stands

GROUNDS = ("grass", "sand", "straw", "mud")
SHOWN = ("all of it", "the animal covered")
GREY = 0.5
TINY = 1e-9  # a softmax that was rounded to 0 is no promise


def swap_the_ground(nets: Mapping[str, torch.nn.Module], names: Sequence[str], seeds: Sequence[int],
                    size: int = 48) -> Panel:  # fmt: skip
    """Put an animal on another ground, or cover it, and ask the nets again.

    Args:
        nets: name -> a net from pictures (N, 3, size, size) to a logit for each of `names`.
        names: the animals, in the order of the logits.
        seeds: scenes that no net was trained on, to walk through.
    """

    @lru_cache(maxsize=128)
    def rendered(name: str, ground: str, seed: int):
        with silence():
            return on_ground(name, ground, [seed], size)

    def compute(state: dict) -> dict:
        truth = state["animal"]
        picture, mask = rendered(truth, state["ground"], seeds[state["picture"] - 1])
        covered = state["shown"] == SHOWN[1]
        if covered:
            picture = picture.masked_fill(mask, GREY)
        with torch.no_grad():
            values = {
                name: net(picture).softmax(1)[0].clamp_min(TINY) for name, net in nets.items()
            }
        said = {name: list(zip(names, found.tolist())) for name, found in values.items()}
        return {"picture": picture, "truth": truth, "said": said,
                "meaning": "neutral" if covered else "clean"}  # fmt: skip

    return Panel(
        compute,
        where_it_stands,
        [
            Choice("animal", list(names), help="what stands there"),
            Choice("ground", list(GROUNDS), help="where it stands"),
            Choice("shown", list(SHOWN), help="is the animal to be seen?"),
            Slider("picture", stops=list(range(1, len(seeds) + 1)), help="another animal"),
        ],
        title="Same animal, other ground",
        question="Neither net has ever seen straw or mud. "
        "Will the better one know its animals there?",
        answers=("both animals", "only one of them", "neither"),
        reveal="Look at both animals on each ground, then at other animals, then cover them.",
        caption="Left: what the nets see. Blue: the truth. Orange: a wrong first answer.",
        frozen={"animal": list(names), "ground": list(GROUNDS[:3]), "shown": list(SHOWN)},
        strip=[{}, {"ground": GROUNDS[1]}],
        alt=_alt,
    )  # fmt: skip


def _alt(state: dict, found: dict) -> str:
    answers = "; ".join(
        f"{name}: {max(pairs, key=lambda pair: pair[1])[0]} ({max(p for _, p in pairs):.0%})"
        for name, pairs in found["said"].items()
    )
    hidden = ", covered in grey" if state["shown"] == SHOWN[1] else ""
    where = f"{state['animal']} on {state['ground']}"
    return f"Animal {state['picture']}, a {where}{hidden}. {answers}"
