"""What a newcomer meets first in a notebook, in words: a missing name, a cell that was stopped."""

from __future__ import annotations

import sys

STOPPED = "Stopped. Nothing is broken: run this cell once more, then those below it."


def explain_stumbles() -> None:
    """In a notebook: a sentence after a NameError, and instead of a KeyboardInterrupt's traceback.

    A cell above that was skipped, or stopped in the middle, is why a name is missing. Elsewhere
    this does nothing.

    Example:
        >>> explain_stumbles()
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        shell.set_custom_exc((NameError, KeyboardInterrupt), _with_a_sentence)


def _with_a_sentence(shell, kind, error, trace, tb_offset=None) -> None:
    if isinstance(error, KeyboardInterrupt) and not hasattr(error, "_render_traceback_"):
        error._render_traceback_ = lambda: [STOPPED]  # what IPython shows instead of the depths
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    if isinstance(error, NameError):
        print(
            f"{error.name} is not there yet: a cell above this one was not run, or was stopped. "
            "Run > Run All Above Selected Cell, and then this cell again.",
            file=sys.stderr,
        )
