"""A plugin of the tests: slow ones first, and at the end what each notebook has cost.

With `pytest -n 2 --dist loadgroup` a test file asks to stay on one worker; notebooks are dealt out
one by one. (xdist 3.8 grants that up to pytest 9.1 only: what must be made once, like the book, has
a lock of its own.)
"""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if not item.get_closest_marker("notebook"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=_turn)


def _turn(item):
    return (not item.get_closest_marker("browser"), not item.get_closest_marker("notebook"))


def pytest_terminal_summary(terminalreporter):
    reports = (r for outcome in ("passed", "failed") for r in terminalreporter.getreports(outcome))
    costs = [dict(r.user_properties) for r in reports if r.when == "call"]
    costs = sorted((c["notebook"], c["cpu_seconds"], c["claims"]) for c in costs if "notebook" in c)
    if not costs:
        return
    terminalreporter.section("notebooks: CPU seconds on one thread, claims that held")
    for notebook, seconds, claims in costs:
        terminalreporter.write_line(f"{seconds:7.1f} s  {claims:3d}  {notebook}")
    total = sum(seconds for _, seconds, _ in costs)
    terminalreporter.write_line(f"{total:7.1f} s  together")
