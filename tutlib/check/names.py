"""A notebook's cells depend on each other: a name that is missing gets a sentence that says so."""

from __future__ import annotations

import sys


def explain_missing_names() -> None:
    """In a notebook: after a NameError, say which cells to run. Elsewhere this does nothing.

    A cell above that was skipped, or stopped in the middle, is what a newcomer meets first.

    Example:
        >>> explain_missing_names()
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        shell.set_custom_exc((NameError,), _with_a_sentence)


def _with_a_sentence(shell, kind, error, trace, tb_offset=None) -> None:
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    print(
        f"{error.name} is not there yet: a cell above this one was not run, or was stopped. "
        "Run > Run All Above Selected Cell, and then this cell again.",
        file=sys.stderr,
    )
