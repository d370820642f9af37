"""Panel of 5.6: twelve pictures on a sheet, some real and some made; guess, uncover, count."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from tutlib.panel import Choice, Panel, Slider, Text
from tutlib.plots.translation import quiz

EACH = 12  # pictures on a sheet


def real_or_fake(
    real: Tensor, made: Tensor, *, seed: int = 0, count: int = 2, things: str = "pictures"
) -> Panel:  # fmt: skip
    """Sheets of twelve pictures, six real and six made, in any order: which are made?

    Nobody picks the prettiest: each sheet takes the next six of each heap.

    Args:
        real, made: pictures (N, C, H, W) in [0, 1], at least 6 * count of each.
        seed: decides their order; count: how many sheets; things: what they show ("zebras").

    Raises:
        ValueError: if a heap has too few pictures.

    Example:
        >>> panel = real_or_fake(torch.zeros(12, 3, 8, 8), torch.ones(12, 3, 8, 8))
        >>> panel.at(guess="1 2 3 4 5 6", truth="shown")[0]["score"] in range(0, 13)
        True
    """
    half = EACH // 2
    for name, heap in (("real", real), ("made", made)):
        if len(heap) < half * count:
            raise ValueError(f"{half * count} {name} pictures are needed, not {len(heap)}.")
    rng = torch.Generator().manual_seed(seed)
    orders = [torch.randperm(EACH, generator=rng) for _ in range(count)]

    def compute(state: dict) -> dict:
        sheet = state["sheet"] - 1
        rows = slice(half * sheet, half * (sheet + 1))
        both = torch.cat([real[rows].cpu(), made[rows].cpu()])[orders[sheet]]
        truth = (orders[sheet] >= half).tolist()
        guess = read_guess(state["guess"])
        right = sum((k + 1 in guess) == is_made for k, is_made in enumerate(truth))
        shown = state["truth"] == "shown"
        return {"pictures": both, "guess": guess, "truth": truth if shown else None,
                "score": right if shown and guess else None}  # fmt: skip

    def alt(state: dict, result: dict) -> str:
        words = f"Sheet {state['sheet']}: {EACH} {things}, six real and six made"
        if result["truth"] is None:
            return f"{words}; the truth is covered"
        numbers = ", ".join(str(k + 1) for k, is_made in enumerate(result["truth"]) if is_made)
        score = "" if result["score"] is None else f"; you are right about {result['score']} of 12"
        return f"{words}; made are {numbers}{score}"

    sheets = list(range(1, count + 1))
    return Panel(
        compute,
        _draw,
        [Slider("sheet", stops=sheets, help="twelve other pictures"),
         Text("guess", label="made are", placeholder="their numbers: 2 5 7 ...",
              help="the numbers of those that you believe to be made; then press Enter"),
         Choice("truth", ["covered", "shown"], help="uncover it when you have guessed")],
        title="Real or made?",
        question=f"Six of the twelve {things} are real and six are made. How many will you get "
        "right?",
        answers=("about six: I shall guess", "eight or nine", "eleven or twelve"),
        reveal="Write the numbers of the six you do not believe into the field, then uncover.",
        caption="Green frame: real. Dark red frame: made. A guess is right about a picture if you "
        "named it and it is made, or if you did not and it is real.",
        frozen={"sheet": sheets, "truth": ["covered", "shown"]},
        strip=[{"truth": "covered"}],
        alt=alt,
    )  # fmt: skip


def read_guess(words: str) -> list[int]:
    """The numbers in a line, each once: "2, 5 and 7" -> [2, 5, 7].

    Raises:
        ValueError: for a number that no picture has.

    Example:
        >>> read_guess("2, 5 and 7, or 5?")
        [2, 5, 7]
    """
    numbers = sorted({int(digits) for digits in re.findall(r"\d+", words)})
    if wrong := [n for n in numbers if not 1 <= n <= EACH]:
        raise ValueError(f"the pictures are numbered from 1 to {EACH}; there is no {wrong[0]}.")
    return numbers


def _draw(result: dict):
    figure = quiz(result["pictures"], result["truth"], result["guess"])
    if result["score"] is not None:
        figure.suptitle(f"You are right about {result['score']} of {EACH}", fontsize=14)
    return figure
