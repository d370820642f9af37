"""A file is written whole or not at all, and by one program at a time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock


def at_home(path: str | Path) -> Path:
    """ "~/pig.jpg" is in your home; "~nobody/pig.jpg", where there is no such user, is nowhere.

    Example:
        >>> at_home("~nobody-of-that-name/pig.jpg").exists()
        False
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


@contextmanager
def alone_with(path: str | Path, seconds: float = 0) -> Iterator[None]:
    """Keep other notebooks, which ask in the same way, from writing this file meanwhile.

    Raises:
        TimeoutError: if another one does so, and goes on for longer than `seconds`.
    """
    key = hashlib.sha256(str(Path(path).absolute()).encode()).hexdigest()[:16]
    lock = filelock.FileLock(Path(tempfile.gettempdir()) / f"tutlib-{key}.lock")
    with lock.acquire(timeout=seconds):  # filelock.Timeout is a TimeoutError
        yield


def write_whole(path: str | Path, write: Callable[[Path], object]) -> None:
    """Have `write(other_path)` write a file beside `path`, then give it the name `path`.

    An interrupted write leaves the older file as it was.

    Raises:
        OSError: if it cannot be written; then nothing is left behind.
    """
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.partial")  # two notebooks may write at once
    try:
        write(part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
