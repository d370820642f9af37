"""Bars for work that a reader waits for: silent for three seconds, then in plain words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sized
from contextvars import ContextVar
from typing import TypeVar

from tqdm.auto import tqdm

Item = TypeVar("Item")
BAR = "{desc} |{bar}| {n_fmt} of {total_fmt}, {remaining} left"
PATIENCE = 3.0  # seconds before a bar appears
_silent: ContextVar[bool] = ContextVar("silent", default=False)


def bar(items: Iterable[Item], words: str) -> tqdm[Item]:
    """`items`, with a bar if they take long: what it counts in `words`, and the time left.

    Example:
        >>> [n * n for n in bar([1, 2, 3], "pictures")]
        [1, 4, 9]
    """
    alone = isinstance(items, Sized) and len(items) < 2  # nothing to count
    return tqdm(items, desc=words, delay=PATIENCE, leave=False, bar_format=BAR,
                disable=alone or _silent.get())  # fmt: skip


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """No bars from here: whoever calls shows one of its own (a panel, say).

    Example:
        >>> with silence():
        ...     bar([1, 2], "pictures").disable
        True
    """
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)
