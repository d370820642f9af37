"""Lesson 3.1: turn eps up and watch the digits fall, one by one."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.panel import Panel, Slider
from tutlib.plots import risk as figures
from tutlib.risk import RiskCurve

SHOWN = 12


def falling_digits(net, curve: RiskCurve, x: Tensor, y: Tensor) -> Panel:
    """A slider over the eps of a risk curve: the risk there, and a dozen pictures there.

    Args:
        net: from pictures to logits; curve: of `net` on `x`, `y` (0-1 error).
        x, y: the pictures (N, C, H, W) in [0, 1] and labels (N,) the curve was measured on.
    """
    rows = (curve.falls_at > 0).nonzero()[:SHOWN, 0]  # a dozen that are right when untouched
    if len(rows) < SHOWN:
        raise ValueError(f"the panel needs {SHOWN} pictures that the net reads correctly.")
    with torch.no_grad():
        answers = net(curve.pictures[rows]).argmax(1).tolist()
    truth = y[rows].tolist()

    def compute(state: dict) -> dict:
        eps = state["eps"]
        down = (curve.falls_at[rows] <= eps + 1e-9).tolist()
        where = torch.tensor(down, device=x.device).view(-1, 1, 1, 1)
        titles = [f"{t} → {a}" if d else str(t) for t, a, d in zip(truth, answers, down)]
        pictures = torch.where(where, curve.pictures[rows], x[rows]).cpu()
        return {"eps": eps, "down": down, "titles": titles, "pictures": pictures}

    def draw(result: dict):
        return figures.fallen(
            curve, result["eps"], result["pictures"], result["titles"], result["down"]
        )

    stops = [round(eps, 6) for eps in curve.eps]
    middle = stops[2 * round(len(stops) / 6)]  # one that the frozen page can show
    return Panel(
        compute,
        draw,
        [Slider("eps", stops=stops, value=stops[0], label="ε",
                help="How far every pixel may move; 1 is the way from black to white.")],
        title="Which digits fall?",
        question=f"At ε = {middle:g}, how many of these twelve digits will the net misread?",
        answers=("none or one", "a few", "about half", "nearly all"),
        reveal=lambda state, result: f"{sum(compute({'eps': middle})['down'])} of 12. "
        "Move ε and see which go first.",
        caption="Left: the risk curve, from below, with its 95 % band. Right: digits framed in "
        "blue have not fallen and are drawn untouched; those in orange have (truth → answer) and "
        "are drawn as they fell.",
        alt=lambda state, result: f"At eps {state['eps']:g}, {sum(result['down'])} of 12 digits "
        "have fallen.",
        frozen={"eps": stops[::2]},  # every other stop: 400 kB hold no more
        strip=[{"eps": stops[i * (len(stops) - 1) // 3]} for i in range(4)],
    )  # fmt: skip
