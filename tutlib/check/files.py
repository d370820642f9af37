"""A file is written whole or not at all: an interrupted write leaves the older file as it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


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


def write_whole(path: str | Path, write: Callable[[Path], object]) -> None:
    """Have `write(other_path)` write a file beside `path`, then give it the name `path`.

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
