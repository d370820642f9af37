"""Training that was stopped by hand: the whole cell ends, and says what is kept."""

from __future__ import annotations


class Stopped(KeyboardInterrupt):
    """Ctrl-C, or the notebook's stop button, during `fit`.

    A `KeyboardInterrupt`, so that the cell around it ends as well, and not only the first of its
    five trainings. A notebook shows the sentence alone, without a traceback.

    Attributes:
        run: what there is so far, a `Run` with `finished` False.

    Example:
        >>> stop = Stopped("Stopped in epoch 2 of 4.", run=None)
        >>> str(stop), isinstance(stop, KeyboardInterrupt)
        ('Stopped in epoch 2 of 4.', True)
    """

    def __init__(self, sentence: str, run):
        super().__init__(sentence)
        self.run = run

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def what_is_kept(run, epochs: int, saved: bool) -> str:
    """The sentence: where it stopped, which weights the net has now, and how to go on."""
    done = len(run.history)
    net = f"the weights of epoch {run.best}" if run.best else "the weights it began with"
    go_on = f"run the cell again to go on with epoch {done + 1}" if saved else "run the cell again"
    return f"Stopped in epoch {done + 1} of {epochs}. The net has {net}; {go_on}."
