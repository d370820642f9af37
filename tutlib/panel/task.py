"""One computation of a panel, done in slices, so that a reader is heard in between."""

import inspect
import time

from tutlib.check.patience import silence

PATIENCE = 1.0  # work longer than this shows a progress bar


class Task:
    """One computation of one state, done in slices."""

    def __init__(self, compute, state):
        self.state, self.result, self.fraction = dict(state), None, 0.0
        self.stopped = self.done = False
        self.begun = self.next_preview = time.monotonic()
        self._compute, self._stream = compute, None

    @property
    def over(self):
        return self.done or self.stopped

    @property
    def seconds_left(self):
        spent = time.monotonic() - self.begun
        return spent * (1 - self.fraction) / self.fraction if self.fraction else float("inf")

    @property
    def long(self):
        """Whether a reader would want a progress bar: it takes, or will take, over a second."""
        spent = time.monotonic() - self.begun
        return spent > PATIENCE or (spent > 0.1 and spent + self.seconds_left > PATIENCE)

    def run(self, until=None):
        """Go on to the end, or until the time given; a plain function is done in one go."""
        with silence():
            self._run(until)

    def _run(self, until):
        if self._stream is None:
            out = self._compute(dict(self.state))
            if not inspect.isgenerator(out):
                self.result, self.fraction, self.done = out, 1.0, True
                return
            self._stream = out
        while not self.over and (until is None or time.monotonic() < until):
            try:
                self.fraction, self.result = next(self._stream)
            except StopIteration as end:
                self.result = self.result if end.value is None else end.value
                self.fraction, self.done = 1.0, True

    def close(self):
        if self._stream is not None:
            self._stream.close()
