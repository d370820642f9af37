"""Claims: every sentence that a run could contradict is proved beside it.

A claim prints a green tick with the measured value, and raises where it has stopped being true;
the tests run every notebook, so a lesson cannot go quietly wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from tutlib.check.stumbles import explain_stumbles
from tutlib.check.threads import leave_a_core

GREEN_TICK, RED_CROSS = "\x1b[32m✔\x1b[0m", "\x1b[31m✘\x1b[0m"


class ClaimError(AssertionError):
    """A sentence in the lesson is not true of this run."""


def seed() -> int:
    """The seed of this run: `TUTLIB_SEED`, or 0.

    It also makes the notebook ready, once: torch is seeded and leaves a core to the rest of the
    machine (`threads.py`), and a name that is missing gets a sentence (`names.py`).

    Example:
        >>> before = seed(), torch.rand(3)  # the same seed, the same chance
        >>> torch.equal(before[1], (seed(), torch.rand(3))[1])
        True
    """
    try:
        value = int(os.environ.get("TUTLIB_SEED", "0"))
    except ValueError:
        raise ValueError(
            f"TUTLIB_SEED must be a whole number, and it is {os.environ['TUTLIB_SEED']!r}."
        ) from None
    torch.manual_seed(value)
    leave_a_core()
    explain_stumbles()
    return value


def claim(
    text: str,
    value,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    within: tuple[float, float] | None = None,
    equals=None,
) -> None:
    """State something about a measured value; raise if it is not so.

    Args:
        text: the sentence, as a person would say it.
        value: what was measured: a number, a bool, a one-element tensor, or several of them (then
            each must satisfy the bound). A bool with no bound must be true.
        at_least, at_most, within, equals: the bound; `at_least` and `at_most` may be combined.

    Raises:
        ClaimError: if a measured value breaks the bound, or is NaN, or nothing was measured.
        TypeError: if no bound is given for a value that is not a bool.

    Example:
        >>> claim("half of the coins fell on heads", 51 / 100, within=(0.4, 0.6))
        ✔ half of the coins fell on heads: 0.51  (within 0.4 and 0.6)
    """
    values = _numbers(value)
    tests = _bounds(at_least, at_most, within, equals)
    if not tests:
        if not all(isinstance(number, bool) for number in values):
            raise TypeError("a claim about a number needs at_least, at_most, within or equals.")
        tests = [("", lambda number: number)]
    measured = _brief(values)
    wording = ", ".join(words for words, _ in tests if words)
    line = f"{text}: {measured}" + (f"  ({wording})" if wording else "")
    if not values:
        raise ClaimError(f"{RED_CROSS} {text}: nothing was measured")
    if not all(test(number) for _, test in tests for number in values):
        raise ClaimError(f"{RED_CROSS} {line}")
    print(f"{GREEN_TICK} {line}")


def _bounds(at_least, at_most, within, equals) -> list[tuple[str, Callable]]:
    tests: list[tuple[str, Callable]] = []
    if at_least is not None:
        tests.append((f"at least {_short(at_least)}", lambda number: number >= at_least))
    if at_most is not None:
        tests.append((f"at most {_short(at_most)}", lambda number: number <= at_most))
    if within is not None:
        low, high = within
        tests.append(
            (f"within {_short(low)} and {_short(high)}", lambda number: low <= number <= high)
        )
    if equals is not None:
        tests.append((f"equal to {_short(equals)}", lambda number: number == equals))
    return tests


def _numbers(value) -> list:
    """One value or many, as plain Python numbers (bools and strings stay what they are)."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().flatten().tolist()
    elif hasattr(value, "tolist"):  # a NumPy scalar or array
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [number for item in value for number in _numbers(item)]
    return [value]


def _brief(values: list) -> str:
    if len(values) <= 4:
        return ", ".join(_short(number) for number in values)
    return f"{_short(min(values))} … {_short(max(values))} over {len(values)} values"


def _short(number) -> str:
    if isinstance(number, bool):
        return "yes" if number else "no"
    return f"{number:.4g}" if isinstance(number, float) else str(number)
