"""Bars for work that a reader waits for: silent for three seconds, then in plain words."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sized
from contextvars import ContextVar
from typing import TypeVar

from tqdm.auto import tqdm

Item = TypeVar("Item")
BAR = "{desc} |{bar}| {n_fmt} of {total_fmt}, {remaining} left"
COUNT = "{desc} {n_fmt}, {elapsed} so far"  # where nobody knows how many there will be
PATIENCE = 3.0  # seconds before a bar appears
_silent: ContextVar[bool] = ContextVar("silent", default=False)
_shown: list[tqdm] = []  # at most one: whoever waits looks at one bar, not at bars in bars


def bar(items: Iterable[Item], words: str) -> Iterator[Item]:
    """`items`, with a bar if they take long: what it counts in `words`, and the time left.

    Nothing is made before it is needed, so a loop that is done at once costs nothing more. While
    a bar is shown, those of the loops inside stay away.

    Example:
        >>> [n * n for n in bar([1, 2, 3], "pictures")]
        [1, 4, 9]
    """
    total = len(items) if isinstance(items, Sized) else None
    begun, mine = time.monotonic(), None
    try:
        for done, item in enumerate(items):
            # The first item is waited for without knowing how long the others will take.
            if done and not _shown and not _silent.get() and time.monotonic() - begun > PATIENCE:
                look = COUNT if total is None else BAR
                mine = tqdm(total=total, desc=words, leave=False, bar_format=look)
                mine.start_t, mine.n = mine.start_t - (time.monotonic() - begun), done
                mine.refresh()  # from its first moment it knows how fast the work is
                _shown.append(mine)
            yield item
            if mine is not None:
                mine.update()
    finally:
        if mine is not None:
            _shown.remove(mine)
            mine.close()


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """No bars from here: whoever calls shows one of its own (a panel, say).

    Example:
        >>> with silence():
        ...     [n * n for n in bar([1, 2, 3], "pictures")]
        [1, 4, 9]
    """
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)
