"""Is this attack failing, and why? One sentence.

A net that survives a broken attack looks robust. These are the classical signs that the attack is
at fault (Athalye, Carlini and Wagner, "Obfuscated gradients give a false sense of security", 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tutlib.attacks import keep_best, objective_of, pgd
from tutlib.balls import L2, Linf
from tutlib.descent import gradient
from tutlib.nets import untouched


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found: `healthy`, one `sentence`, and the `measured` shares behind it."""

    healthy: bool
    sentence: str
    measured: dict[str, float]

    def __str__(self) -> str:
        return self.sentence


def diagnose(
    model,
    x: Tensor,
    y,
    ball: Linf | L2,
    *,
    steps: int = 20,
    step_size: float | None = None,
    queries: int = 50,
    generator: torch.Generator | None = None,
) -> Diagnosis:
    """Look for the usual reasons why PGD fails on a net, most telling first.

    Checked in this order: the steps cannot cross the ball; gradients are zero; gradients vanish;
    the loss does not rise; random search, which needs no gradient, beats PGD.

    Args:
        model, x, y, ball, steps, step_size: as for `attacks.pgd`; a few dozen pictures are enough.
        queries: random corners of the ball the black-box search may try on each picture.
        generator: source of the random search.

    Returns:
        A `Diagnosis`; `str()` of it is the sentence.

    Example:
        >>> stairs = lambda x: (4 * x).round() + 0 * x  # rounding: no slope to follow
        >>> print(diagnose(stairs, torch.tensor([[0.9, 0.1]]), 0, Linf(0.1)))
        the gradient is exactly zero on 100% of the pictures that withstand: look for rounding, ...
    """
    size = 2.5 * ball.eps / max(steps, 1) if step_size is None else step_size
    reach = steps * size / ball.eps
    objective = objective_of(model, x, y)
    white = pgd(model, x, y, ball, steps=steps, step_size=size)
    with untouched(model):
        black = _random_search(objective, x, ball, queries, generator)
        with torch.no_grad():
            before, after = objective(x), objective(white)
            pgd_wins, search_wins = objective.won(white), objective.won(black)
        length = gradient(objective, x).flatten(1).abs().amax(1)  # its largest entry
    standing = ~pgd_wins  # what matters is why these withstood
    measured = {
        "reach": reach,
        "zero gradient": _share(length == 0, standing),
        "vanishing gradient": _share(length < 1e-8, standing),
        "loss not rising": _share(after <= before, standing),
        "fooled by PGD": _share(pgd_wins),
        "fooled by random search": _share(search_wins),
    }
    return _verdict(measured, len(x))


def _verdict(measured: dict[str, float], count: int) -> Diagnosis:
    """The first thing that is wrong, in a sentence that says what to do."""
    gap = measured["fooled by random search"] - measured["fooled by PGD"]
    cases = [
        (
            measured["reach"] < 1,
            "the steps are too small to cross the ball: together they reach only"
            f" {measured['reach']:.2f} of its radius; take more or larger steps (usual:"
            " 2.5 * eps / steps)",
        ),
        (
            measured["zero gradient"] > 0.1,
            f"the gradient is exactly zero on {measured['zero gradient']:.0%} of the pictures that"
            " withstand: look for rounding, argmax or a saturated softmax in the net, and attack"
            " through a smooth stand-in",
        ),
        (
            measured["vanishing gradient"] > 0.1,
            f"the gradient nearly vanishes on {measured['vanishing gradient']:.0%} of the pictures"
            " that withstand: the net is saturated; attack the difference of two logits instead",
        ),
        (
            measured["loss not rising"] > 0.1,
            f"the loss does not rise on {measured['loss not rising']:.0%} of the pictures that"
            " withstand: the gradient points nowhere useful (noise in the net?); average it over"
            " several passes",
        ),
        (
            gap > max(0.02, 1.5 / count),
            f"random search fools {measured['fooled by random search']:.0%} and PGD only"
            f" {measured['fooled by PGD']:.0%}: the gradient is masked, so do not trust this net's"
            " robustness",
        ),
    ]
    for failing, sentence in cases:
        if failing:
            return Diagnosis(False, sentence + ".", measured)
    fine = (
        f"the attack looks healthy: it fools {measured['fooled by PGD']:.0%}, its gradients are"
        " alive, its loss rises and random search does no better."
    )
    return Diagnosis(True, fine, measured)


def _random_search(objective, x: Tensor, ball, queries: int, generator) -> Tensor:
    """The best of `queries` random corners of the ball around each picture, no gradient used."""
    generator = generator or torch.Generator().manual_seed(0)

    def corner() -> Tensor:
        noise = torch.randn(x.shape, generator=generator, device=generator.device).to(x)
        return ball.project(x + ball.eps * ball.steepest(noise), x).clamp(0, 1)

    return keep_best(objective, (x if i == 0 else corner() for i in range(queries + 1)))


def _share(hits: Tensor, among: Tensor | None = None) -> float:
    """The share of hits (among some of the pictures); 0 where there are none to look at."""
    hits = hits if among is None else hits[among]
    return hits.float().mean().item() if len(hits) else 0.0
