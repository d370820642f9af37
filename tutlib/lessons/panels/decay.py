"""The panel of lesson 4.4: an adversary or a decay, how strong, and what the reader becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import torch
from torch import Tensor

from tutlib.lessons.readers import legal_margins
from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.other_models import reader_card

EPS = [k / 40 for k in range(13)]  # 0 to 0.3


def inside_or_outside(kinds: Mapping[str, Sequence[tuple[float, Tensor]]], x: Tensor, y: Tensor
                      ) -> Panel:  # fmt: skip
    """Choose who is in the training, and how strong: weights and exact errors follow.

    Args:
        kinds: name -> pairs (strength, reader (D + 1,)), from weak to strong, as many each; the
            first of the first is the reader trained as always.
        x: pictures (N, D) in [0, 1] that no reader has learnt from; y: +1 or -1 (N,).
    """
    counts = {len(row) for row in kinds.values()}
    if len(counts) != 1:
        raise ValueError(f"each kind must have as many strengths, and they have {sorted(counts)}.")
    stops = list(range(1, counts.pop() + 1))

    def wrong(reader: Tensor) -> Tensor:
        return torch.stack([(legal_margins(reader, x, y, e) <= 0).double().mean() for e in EPS])

    plain = wrong(next(iter(kinds.values()))[0][1])

    def compute(state: dict) -> SimpleNamespace:
        strength, reader = kinds[state["kind"]][state["strength"] - 1]
        return SimpleNamespace(
            weights=reader[:-1].cpu(), eps=EPS, wrong=wrong(reader).cpu(), plain=plain.cpu(),
            name=f"{state['kind']}: {strength:g}\nweights together: {reader[:-1].abs().sum():.1f}",
        )  # fmt: skip

    def describe(state: dict, result: SimpleNamespace) -> str:
        at = dict(zip(EPS, result.wrong.tolist()))
        name = result.name.replace("\n", ", ")
        return f"{name}; wrong: clean {at[0]:.0%}, at eps 0.1 {at[0.1]:.0%}, at 0.2 {at[0.2]:.0%}"

    return Panel(
        compute,
        reader_card,
        [
            Choice("kind", list(kinds), label="in the training"),
            Slider("strength", stops=stops, value=1, label="how strong",
                   help="From weak to strong; the number stands over the weights."),
        ],
        title="Inside the loss, or outside",
        question="Turn each of the three up as far as it goes. Which one costs the fewest clean "
        "digits, and what does it buy?",
        answers=tuple(kinds),
        reveal="Look at the blue dot, then at the right end of the orange curve, and at how many "
        "pixels each reader still uses.",
        caption="Left: what ink in a pixel counts (purple: for a 7, orange: for a 3; each map has "
        "its own scale). Right: errors under the worst legal change, exact, on new digits.",
        frozen={"kind": list(kinds), "strength": stops},
        strip=[{"kind": kind, "strength": stops[-2]} for kind in kinds],
        alt=describe,
    )  # fmt: skip
