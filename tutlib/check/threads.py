"""How many threads torch may use: the one place where the course decides it."""

from __future__ import annotations

import os

import torch


def leave_a_core() -> int:
    """Let torch use one core less than there are, and return how many threads that makes.

    torch takes every core unless it is told otherwise, and each of its operations then waits for
    the slowest of its threads. As soon as anything else runs (a browser, a second notebook), that
    one waits for a core. Measured on two cores, seconds for an epoch of the digit net / 30 steps
    on the pig, one thread against two: 3-6 / 0.6-1.2 against 14-19 / 5 with a little else going
    on, 11-14 / 3-4 against 113 / 114 beside two busy jobs.

    Whoever has set `OMP_NUM_THREADS` or `MKL_NUM_THREADS` has decided already.

    Example:
        >>> 1 <= leave_a_core() <= max(1, (os.cpu_count() or 1))
        True
    """
    if not (os.environ.get("OMP_NUM_THREADS") or os.environ.get("MKL_NUM_THREADS")):
        torch.set_num_threads(max(1, min(torch.get_num_threads(), _cores() - 1)))
    return torch.get_num_threads()


def _cores() -> int:
    """The cores this process may run on (a container or a queue may have given it fewer)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
