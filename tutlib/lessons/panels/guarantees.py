"""The panel of lesson 3.5: one digit, one eps, and what four methods say about it."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import torch
from torch import Tensor

from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.guarantees import four_answers

METHODS = ("intervals", "lines", "exact", "attack")
STEPS, SHOWN, STOPS, FROZEN = 30, 4, 13, 6


def verdicts(eps: float, radii: Mapping[str, float]) -> dict[str, str]:
    """What each method says at `eps`, by its radius.

    A bound proves or is silent; an attack fools or finds nothing; the exact method always knows.
    """
    proofs = {name: "proved" if eps <= radii[name] else "no answer" for name in METHODS[:2]}
    exact = "safe" if eps < radii["exact"] else "can be fooled"
    attack = "fooled" if eps >= radii["attack"] else "nothing found"
    return {**proofs, "exact": exact, "attack": attack}


def four_answers_panel(net, x: Tensor, y: Tensor, radii: Mapping[str, Tensor]) -> Panel:
    """Choose a digit, slide eps.

    Args:
        net: from pictures to logits; x, y: pictures (N, C, H, W) that it reads right, and labels.
        radii: for each of `METHODS` (N,): how far it proves, and from where it fools.
    """
    if len(x) < SHOWN:
        raise ValueError(f"the panel needs {SHOWN} pictures, and these are {len(x)}.")
    shown = radii["exact"].argsort()[torch.linspace(0, len(x) - 1, SHOWN).round().long()].tolist()
    names = {f"a {int(y[row])} ({place})": row for place, row in zip("abcd", shown)}
    top = round(1.25 * max(float(radii["attack"][row]) for row in shown), 2)
    stops = [round(top * k / (STOPS - 1), 4) for k in range(STOPS)]

    def compute(state: dict) -> SimpleNamespace:
        row, eps = names[state["digit"]], float(state["eps"])
        clean, label = x[row : row + 1], int(y[row])
        own = {name: float(radii[name][row]) for name in METHODS}
        attacked = pgd(net, clean, label, Linf(eps), steps=STEPS, restarts=2) if eps else clean
        with torch.no_grad():
            says = [int(net(picture).argmax()) for picture in (clean, attacked)]
        own["attack"] = min(own["attack"], eps) if says[1] != label else own["attack"]
        return SimpleNamespace(
            eps=eps,
            top=top,
            clean=clean.cpu(),
            attacked=attacked.cpu(),
            says=says,
            radii=own,
            verdicts=verdicts(eps, own),
            fooled=says[1] != label,
        )

    def describe(state: dict, result: SimpleNamespace) -> str:
        said = ", ".join(f"{name}: {words}" for name, words in result.verdicts.items())
        return f"{state['digit']}, eps {result.eps:.3f}. {said}."

    middle = stops[STOPS // 3]
    return Panel(
        compute,
        four_answers,
        [
            Choice("digit", list(names), label="digit"),
            Slider("eps", stops=stops, value=stops[0], label="eps",
                   help="How far every pixel may move; 1 is the way from black to white."),
        ],
        title="Four answers to one question",
        question="Slide eps up from zero. Who is the first of the four to change the answer?",
        answers=METHODS,
        reveal="Intervals fall silent first, by far. Go on, and see how narrow the zone is in "
        "which the lines are silent and the attack has nothing.",
        caption="Bars: how far each method proves the digit safe. Orange: fooled. Star: the "
        "nearest wrong picture there is. The upright line is your eps.",
        frozen={"digit": list(names), "eps": stops[:: (STOPS - 1) // (FROZEN - 1)][:FROZEN]},
        strip=[{"digit": list(names)[1], "eps": eps} for eps in (0, stops[1], middle, stops[-4])],
        alt=describe,
    )  # fmt: skip
