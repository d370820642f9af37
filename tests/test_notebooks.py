"""Every notebook is run, on a copy and offline, and its claims must hold."""

import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import notebooks, render

NOTEBOOKS = notebooks.find()


def name(path):
    return path.relative_to(notebooks.FOLDER).as_posix()


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_runs_and_its_claims_hold(path, record_property):
    run = notebooks.run(path)
    record_property("notebook", name(path))
    record_property("cpu_seconds", run.cpu_seconds)
    record_property("claims", notebooks.ticks(run))
    faults = notebooks.faults(run)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_is_committed_as_rendered(path):
    faults = render.check(path)
    assert not faults, "\n".join(faults)


# The net that catches bad notebooks must itself be seen to catch them.

TRUE = "from tutlib.check import claim\nclaim('one and one', 1 + 1, equals=2)"
FALSE = TRUE.replace("equals=2", "equals=3")
PANEL = """
from matplotlib import pyplot as plt
from tutlib.panel import Panel, Slider
panel = Panel(lambda state: 1 / state["k"], lambda result: plt.figure(),
              [Slider("k", stops=[1, 0])])
panel.moved({"k": 1})
panel.moved({"k": 0})  # what the slider calls; it shows the error in the panel and raises nothing
"""
BUTTON = """
import ipywidgets
button = ipywidgets.Button()
button.on_click(lambda _: 1 / 0)
button.click()
"""
OUTPUT = """
import ipywidgets
out = ipywidgets.Output()
with out:
    1 / 0
"""
NETWORK = """
import urllib.request
urllib.request.urlopen("http://192.0.2.1/", timeout=1)
"""


def write(folder, *sources, claim=TRUE):
    cells = [new_code_cell(source.strip()) for source in sources]
    if claim:
        cells.append(new_code_cell(claim, metadata={"tags": ["claim"]}))
    folder.mkdir(exist_ok=True)
    path = folder / "tiny.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_a_good_notebook_is_accepted(tmp_path, monkeypatch):
    path = write(tmp_path, "open('left-behind.txt', 'w').close()\nsum(range(10**6))")
    before = path.read_bytes()
    monkeypatch.setattr(notebooks, "_cpu_of_children", iter([3.0, 10.5]).__next__)
    run = notebooks.run(path)
    assert notebooks.faults(run) == []
    assert notebooks.ticks(run) == 1
    assert run.cpu_seconds == 7.5
    assert path.read_bytes() == before, "the notebook itself must not be touched"
    assert list(tmp_path.iterdir()) == [path], "the folder it lies in must stay clean"


def test_what_a_child_has_worked_is_counted():
    before = notebooks._cpu_of_children()
    subprocess.run([sys.executable, "-c", "sum(range(10**6))"], check=True)
    assert notebooks._cpu_of_children() > before


@pytest.mark.parametrize(
    ("source", "expected"),
    [(PANEL, "ZeroDivisionError"), (BUTTON, "ZeroDivisionError"), (OUTPUT, "ZeroDivisionError"),
     (NETWORK, "must not use the network")],
    ids=["panel callback", "button callback", "with out", "network"],
)  # fmt: skip
def test_a_hidden_error_is_found(tmp_path, source, expected):
    faults = notebooks.faults(notebooks.run(write(tmp_path, source)))
    assert expected in "\n".join(faults)


def test_a_claim_that_fails_is_refused(tmp_path):
    faults = notebooks.faults(notebooks.run(write(tmp_path, "x = 1", claim=FALSE)))
    assert "ClaimError" in "\n".join(faults)


def test_a_notebook_without_claims_or_with_empty_ones_is_refused(tmp_path):
    nothing = notebooks.run(write(tmp_path, "x = 1", claim=None))
    assert "no cell is tagged `claim`" in "\n".join(notebooks.faults(nothing))
    hollow = notebooks.run(write(tmp_path, "x = 1", claim="if False:\n    claim('never', True)"))
    assert "no green tick" in "\n".join(notebooks.faults(hollow))


def test_cells_that_were_not_reached_are_noticed():
    run = notebooks.Run(new_notebook(cells=[new_code_cell("x = 1")]), "", cpu_seconds=1)
    assert "never reached" in "\n".join(notebooks.faults(run))


def test_a_slow_notebook_is_refused():
    run = notebooks.Run(new_notebook(), "", cpu_seconds=notebooks.CPU_LIMIT + 1)
    assert "CPU time" in "\n".join(notebooks.faults(run))
