"""The panel of lesson 2.4: one noise, carried from picture to picture."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.universal import carried

LEVELS = [0, 0.5, 1, 2, 3, 4]
KINDS = ("the one noise", "random noise")


def one_noise(net, x: Tensor, y: Tensor, noises: Mapping[str, Tensor], *, seed: int = 0) -> Panel:
    """Slide the size, pick a norm, walk through pictures that the noise was not learnt from.

    Args:
        net: a classifier with `top` and `labels`; x: pictures (N, C, H, W) in [0, 1]; y: (N,).
        noises: norm -> the noise (1, C, H, W); "L2" noises are scaled by their length, others by
            their largest pixel.
        seed: of the random noises.
    """
    source, random = torch.Generator().manual_seed(seed), {}
    for norm, delta in noises.items():
        draw = torch.randn(delta.shape, generator=source)
        random[norm] = (draw if norm == "L2" else draw.sign()).to(delta.device)
    pools = {KINDS[0]: noises, KINDS[1]: random}

    def compute(state: dict) -> dict:
        delta = pools[state["noise"]][state["norm"]]
        # One unit for both: a level in every pixel, or as long in L2 as that.
        size = delta.square().mean().sqrt() if state["norm"] == "L2" else delta.abs().max()
        delta = delta * (state["eps"] / 255 / size)
        row = state["picture"] - 1
        seen = (x[row : row + 1] + delta).clamp(0, 1)
        strongest = 2.5 * LEVELS[-1] / 255 if state["norm"] == "L2" else LEVELS[-1] / 255
        return {"picture": seen, "delta": delta, "top": net.top(seen, 4),
                "truth": net.labels[int(y[row])], "strongest": strongest}  # fmt: skip

    return Panel(
        compute,
        carried,
        [
            Slider("picture", stops=list(range(1, len(x) + 1)), help="held-out pictures"),
            Slider("eps", stops=LEVELS, value=2, format="{}/255", label="size",
                   help="of every pixel; in L2, as long as such a noise"),
            Choice("norm", list(noises), help="which kind of noise"),
            Choice("noise", list(KINDS), help="learnt, or tossed"),
        ],
        title="One noise, many pictures",
        question="Before you move on to the next picture: will the noise rename it, and to what?",
        answers=("no", "yes, to the same name as the last", "yes, to another name"),
        reveal="Guess each time, and count how often you are right. Then take random noise.",
        caption="Left: the picture with the noise. Middle: 32 by 32 pixels of the noise, drawn "
        "far too strong. Right: the net's answers; blue is the truth, orange a wrong one.",
        frozen={"picture": [1, 2, 3, 4], "noise": list(KINDS)},
        strip=[{"picture": 2}],
        alt=_alt,
    )  # fmt: skip


def _alt(state: dict, found: dict) -> str:
    name, value = found["top"][0]
    return (
        f"Picture {state['picture']}, a {found['truth']}, with {state['noise']} of "
        f"{state['eps']:g}/255 ({state['norm']}): the net says {name} ({value:.0%})"
    )
