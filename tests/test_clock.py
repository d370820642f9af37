"""No test looks at the clock: what depends on how busy a machine is proves nothing about the code.

Counting calls, a clock of the test's own, or a time-out that is handed on say more. (What a
notebook costs is judged by CPU time, in `tools/notebooks.py`.)
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
FILES = sorted(TESTS.rglob("*.py"))
CLOCKS = {"time", "monotonic", "perf_counter", "process_time", "thread_time", "timeit"}
CLOCKS |= {f"{clock}_ns" for clock in CLOCKS}
# These wait for something, and give up after so long that only a test that hangs fails.
WAITING = {"until", "_wait_for"}


def clocks_read(source):
    """(line, call) wherever a clock is read outside of the functions that wait."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in WAITING:
            node.body = []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in calls:
        name = ast.unparse(call.func)
        from_time = name.startswith(("time.", "timeit."))
        if (from_time or "." not in name) and name.split(".")[-1] in CLOCKS:
            yield call.lineno, name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_nobody_looks_at_the_clock(path):
    assert list(clocks_read(path.read_text())) == []


def test_a_look_at_the_clock_is_noticed():
    for look in ("time.monotonic()", "process_time()", "x = time.perf_counter_ns() - y"):
        assert list(clocks_read(f"def test():\n    {look}"))
    for fine in ("time.sleep(1)", "record.time()", "async def until():\n    time.monotonic()"):
        assert not list(clocks_read(fine))
