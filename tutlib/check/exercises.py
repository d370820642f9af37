"""Exercise checks: what a learner made is tried sentence by sentence, and nothing is raised."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable

import numpy as np
from torch import Tensor

from tutlib.check.claims import GREEN_TICK, RED_CROSS
from tutlib.check.progress import remember

Checks = list[tuple[str, Callable[[object], object]]]
OPEN = "○"  # true, and not enough on its own


class Verdict(int):
    """True or False, and no stray line under a cell that ends with it."""

    def __repr__(self) -> str:
        return str(bool(self))

    def _ipython_display_(self) -> None:
        """Everything has been said."""


def exercise(answer, checks: Checks) -> Verdict:
    """Check a learner's answer, one sentence at a time; an answer of None is 'not tried yet'.

    There are green ticks when every sentence is true, and not before: many a sentence is also true
    of a function that does nothing. Functions are tried on copies of what they are given. What is
    solved in a lesson is remembered on this machine (`progress.py`).

    Args:
        answer: what the learner made: a number, a tensor, a function.
        checks: pairs (what should be true, test); a test that raises counts as not passed, and
            the message says why.

    Returns:
        True when every check passed. It never raises: a wrong answer is not a broken notebook.

    Example:
        >>> exercise(lambda n: 2 * n, [("it doubles 3", lambda f: f(3) == 6)])
        ✔ it doubles 3
        True
    """
    if answer is None:
        print(f"{OPEN} not tried yet: replace None with your answer and run this cell again")
        return Verdict(False)
    tried = Tried(answer) if inspect.isfunction(answer) else answer
    said = [_verdict(test, tried) for _, test in checks]
    passed = all(why is None for why in said)
    for (sentence, _), why in zip(checks, said):
        fine = GREEN_TICK if passed else OPEN
        print(f"{fine} {sentence}" if why is None else f"{RED_CROSS} {sentence}{why}")
    if passed:
        remember(checks)
    return Verdict(passed)


class Tried:
    """A learner's function, watched: it gets copies, and what it does to them is noticed.

    Raises:
        TypeError, ValueError: for what is easily overlooked, in words that say what to do.
    """

    def __init__(self, function: Callable):
        functools.update_wrapper(self, function)
        self.function, self.gave = function, None

    def __call__(self, *args, **kwargs):
        given = [_copy(value) for value in args]
        named = {name: _copy(value) for name, value in kwargs.items()}
        self.gave = self.function(*given, **named)
        before, after = [*args, *kwargs.values()], [*given, *named.values()]
        if any(_differ(a, b) for a, b in zip(before, after)):
            raise ValueError("you changed the input: work on a copy, for example x.clone()")
        if self.gave is None:
            raise TypeError("your function returns nothing: is `return` missing?")
        if isinstance(self.gave, np.ndarray):
            raise TypeError("your function returns a NumPy array: torch.from_numpy makes a tensor")
        return self.gave


def _copy(value):
    return value.clone() if isinstance(value, Tensor) else value


def _differ(a, b) -> bool:
    if not isinstance(a, Tensor):
        return False
    a, b = a.detach(), b.detach()
    return a.shape != b.shape or not bool(((a == b) | ((a != a) & (b != b))).all())


def _verdict(test: Callable, answer) -> str | None:
    """None if a sentence is true; otherwise what to print behind it."""
    if isinstance(answer, Tried):
        answer.gave = None
    try:
        if test(answer):
            return None
    # Whatever a learner's code raises is an answer for the learner.
    except Exception as error:
        first_line = next(iter(str(error).strip().splitlines()), "")
        return f"  ({type(error).__name__}{_line(error, answer)}: {first_line})"
    gave = answer.gave if isinstance(answer, Tried) else answer
    shown = _shown(gave)
    return f"  (yours: {shown})" if shown else ""


def _line(error: Exception, answer) -> str:
    """Where in a learner's own function it happened."""
    code = getattr(getattr(answer, "function", None), "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if code is not None and f.filename == code.co_filename]
    return f" in line {lines[-1]}" if lines and code.co_firstlineno <= lines[-1] else ""


def _shown(value) -> str:
    """A measured value in a few characters: a number, a few of them, or a shape."""
    if isinstance(value, Tensor):
        if value.numel() > 4:
            return f"a tensor {tuple(value.shape)}"
        value = value.detach().tolist()
    if isinstance(value, list | tuple) and len(value) <= 4:
        return ", ".join(_shown(part) for part in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value) if isinstance(value, int | str) and len(str(value)) <= 40 else ""
