"""Exercise checks: what a learner made is tried sentence by sentence, and nothing is raised."""

from __future__ import annotations

from collections.abc import Callable

from tutlib.check.claims import GREEN_TICK, RED_CROSS

Checks = list[tuple[str, Callable[[object], object]]]


def exercise(answer, checks: Checks) -> bool:
    """Check a learner's answer, one sentence at a time; an answer of None is 'not tried yet'.

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
        print("○ not tried yet: replace None with your answer and run this cell again")
        return False
    passed = True
    for sentence, test in checks:
        try:
            fine, why = bool(test(answer)), ""
        except (
            Exception
        ) as error:  # whatever the learner's code raises is an answer for the learner
            fine, why = False, f"  ({type(error).__name__}: {error})"
        print(f"{GREEN_TICK if fine else RED_CROSS} {sentence}{why}")
        passed &= fine
    return passed
