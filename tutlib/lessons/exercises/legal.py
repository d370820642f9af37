"""What several exercises check: that an answer keeps an attack's promises, computed only once."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from tutlib.balls import Linf
from tutlib.check import Checks


def once(run: Callable[[Callable], Tensor]) -> Callable[[Callable], Tensor]:
    """Remember what `run` made of an answer: several checks look at the same picture."""
    made: dict[Callable, Tensor] = {}

    def result(answer: Callable) -> Tensor:
        if answer not in made:
            made[answer] = run(answer)
        return made[answer]

    return result


def legal(made: Callable[[Callable], Tensor], x: Tensor, eps: float) -> Checks:
    """The two promises every attack keeps: inside the L-inf ball, and still a picture."""
    return [
        (
            f"no pixel moved by more than {eps * 255:g}/255",
            lambda f: Linf(eps).norm(made(f) - x).max() <= eps + 1e-6,
        ),
        ("the result is a picture", lambda f: made(f).min() >= 0 and made(f).max() <= 1),
    ]
