"""The panel of lesson 3.2: from -30/255 to 30/255, the ten logits and the pictures under them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import torch
from torch import Tensor

from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.linearity import traversed
from tutlib.risk.linearity import along, straightness

FURTHEST, UNDER = 30, 7
STOPS = list(range(-FURTHEST, FURTHEST + 1, 3))
DIRECTIONS = ("against the lead", "random signs")


def lead_of(logits: Tensor, y: Tensor, rival: Tensor) -> Tensor:
    """By how much class y is ahead of its rival: (..., N, K) logits -> (..., N)."""
    rows = torch.arange(len(y), device=logits.device)
    return logits[..., rows, y] - logits[..., rows, rival]


def traverse(models: Mapping[str, Callable], x: Tensor, y: Tensor, *, seed: int = 0) -> Panel:
    """Choose a net, a digit, a direction; slide every pixel along it.

    Args:
        models: name -> a net from pictures to logits; x: pictures (N, 1, H, W) in [0, 1], all read
            right by all nets; y: labels (N,).
        seed: of the random signs.
    """
    coin = torch.randn(x[:1].shape, generator=torch.Generator().manual_seed(seed)).sign().to(x)
    names = {f"a {int(label)} ({place})": row for row, (label, place) in
             enumerate(zip(y.tolist(), "abcdefghij"))}  # fmt: skip
    levels = torch.linspace(-FURTHEST, FURTHEST, 41, device=x.device)

    def compute(state: dict) -> SimpleNamespace:
        model, row = models[state["net"]], names[state["digit"]]
        picture, truth = x[row : row + 1], y[row : row + 1]
        direction, rival = _against(model, picture, truth)
        direction = coin if state["direction"] == DIRECTIONS[1] else direction
        logits = along(model, picture, direction / 255, levels)
        places = torch.linspace(-FURTHEST, FURTHEST, UNDER)
        level = float(state["level"])
        here = along(model, picture, direction / 255, torch.tensor([level]))[0, 0].softmax(0)
        return SimpleNamespace(
            levels=levels.cpu(),
            logits=logits[:, 0].cpu(),
            truth=int(truth),
            level=level,
            said=int(here.argmax()),
            sure=float(here.max()),
            picture=(picture + level / 255 * direction).cpu(),
            under=torch.cat([picture + k / 255 * direction for k in places.tolist()]).cpu(),
            places=places.tolist(),
            r2=float(straightness(levels, lead_of(logits, truth, rival)[:, 0])),
        )

    return Panel(
        compute,
        traversed,
        [
            Choice("net", list(models), help="four kinds of hidden units"),
            Choice("digit", list(names)),
            Choice("direction", list(DIRECTIONS), help="where every pixel goes by one level"),
            Slider("level", stops=STOPS, value=0, format="{}/255", label="how far",
                   help="to the right: against the true class"),
        ],
        title="A walk along one straight line",
        question="To the right the true class sinks. And to the left, at -30 levels: is a net "
        "surer of it than at 0, or does another class come up?",
        answers=("surer", "another class", "it depends on the net"),
        reveal="Go to both ends with each net, and compare. Then let a coin choose the signs.",
        caption="Blue: the true class. Orange: what the net says instead. The numbers stand "
        "where a class is on top. Pixels may leave [0, 1] here; they are drawn as black or white.",
        frozen={"net": list(models), "level": [-30, 0, 15, 30]},
        strip=[{"level": level} for level in (-30, 0, 30)],
        alt=_alt,
    )  # fmt: skip


def _against(model, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The signs that lower the lead over the nearest rival at x, and the rival."""
    with torch.enable_grad():
        moved = x.clone().requires_grad_(True)
        logits = model(moved)
        rival = logits.detach().scatter(1, y[:, None], -torch.inf).argmax(1)
        (slope,) = torch.autograd.grad(lead_of(logits, y, rival).sum(), moved)
    return -slope.sign(), rival


def _alt(state: dict, result: SimpleNamespace) -> str:
    return (
        f"{state['net']}, {state['digit']}, {state['direction']}, {result.level:.0f}/255: the net "
        f"says {result.said} ({result.sure:.0%}); R squared of the lead {result.r2:.3f}"
    )
