"""The panel of lesson 5.2: which of the two do you believe?"""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.forgery import pairs

EACH = 5  # pairs on a sheet


def which_is_real(
    real: Tensor, real_labels: Tensor, made: Tensor, made_labels: Tensor, *, seed: int = 0,
    count: int = 4,
) -> Panel:  # fmt: skip
    """Sheets of pairs, a real digit and a generated one of the same class: which is which?

    Nobody picks the prettiest: each pair takes the next picture of its class.

    Args:
        real, made: pictures (N, 1, H, W) in [0, 1], and their labels (N,).
        seed: decides which of each pair stands above; count: how many sheets.

    Raises:
        ValueError: if a class has too few pictures.
    """
    rng = torch.Generator().manual_seed(seed)
    asked = torch.cat([torch.randperm(10, generator=rng) for _ in range(-(-count * EACH // 10))])
    asked = asked[: count * EACH]
    real_above = torch.rand(len(asked), generator=rng) < 0.5
    chosen = [_in_order(*heap, asked) for heap in ((real, real_labels), (made, made_labels))]
    where = real_above.view(-1, 1, 1, 1)
    above, below = torch.where(where, *chosen), torch.where(where, *chosen[::-1])

    def compute(state: dict) -> dict:
        first = (state["sheet"] - 1) * EACH
        rows = slice(first, first + EACH)
        truth = real_above[rows].tolist() if state["truth"] == "shown" else None
        return {"above": above[rows], "below": below[rows], "digits": asked[rows].tolist(),
                "truth": truth}  # fmt: skip

    sheets = list(range(1, count + 1))
    return Panel(
        compute,
        lambda result: pairs(result["above"], result["below"], result["truth"]),
        [Slider("sheet", stops=sheets, help=f"{EACH} pairs on each"),
         Choice("truth", ["covered", "shown"], help="uncover it when you have written yours down")],
        title="Which do you believe?",
        question=f"In each pair one digit is real and one is made. Of {len(asked)} pairs, in how "
        "many will you find the real one?",
        answers=("about half: I shall guess", "about three in four", "nearly all"),
        reveal="Go through the sheets with the truth covered and write down A or B for each pair. "
        "Then uncover it, and count.",
        caption="Pairs of the same digit, A above B. Green frame: real, from the test set, which "
        "the forger never saw. Dark red frame: generated.",
        frozen={"sheet": sheets, "truth": ["covered", "shown"]},
        strip=[{"sheet": k, "truth": t} for t in ("covered", "shown") for k in sheets[:2]],
        alt=_alt,
    )  # fmt: skip


def _in_order(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    """For each class that is asked for its next picture."""
    seen, rows = [0] * 10, []
    for digit in asked.tolist():
        of_class = (y == digit).nonzero()[:, 0]
        if seen[digit] == len(of_class):
            raise ValueError(f"there are too few pictures of a {digit} to make so many pairs.")
        rows.append(of_class[seen[digit]])
        seen[digit] += 1
    return x[torch.stack(rows)].cpu()


def _alt(state: dict, result: dict) -> str:
    digits = ", ".join(map(str, result["digits"]))
    words = f"Sheet {state['sheet']}: pairs of handwritten digits ({digits}), one real, one made"
    if result["truth"] is None:
        return words + "; the truth is covered"
    return words + "; real are " + ", ".join("A" if up else "B" for up in result["truth"])
