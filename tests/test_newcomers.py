"""What a newcomer does to a notebook: stops a cell, skips one, runs them in another order."""

import nbformat
import pytest
from nbclient import NotebookClient

START = (
    "from tutlib import check, training\nfrom tutlib.nets import mlp\nimport torch\ncheck.seed();"
)
STOPPED = """
def inner(model, x, y, generator=None):
    raise KeyboardInterrupt

x, y = torch.rand(8, 1), torch.arange(8) % 2
for attempt in range(3):
    run = training.fit(mlp(1, 4, 2), x, y, inner=inner, epochs=2, batch=4, progress=False)
print("went on")
"""


@pytest.fixture(scope="module")
def cells():
    """The cells of a notebook whose training was stopped, and whose reader went on all the same."""
    codes = [START, STOPPED, "run.curve('loss')", "1 / 0", "raise KeyboardInterrupt"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in codes])
    return NotebookClient(notebook, kernel_name="python3", allow_errors=True).execute().cells


def said(cell):
    return "".join(out.text for out in cell.outputs if out.output_type == "stream")


def error(cell):
    return next(out for out in cell.outputs if out.output_type == "error")


def test_stopping_ends_the_whole_cell_with_one_sentence(cells):
    assert "went on" not in said(cells[1])
    assert error(cells[1]).ename == "Stopped"
    (sentence,) = error(cells[1]).traceback
    assert sentence.startswith("Stopped in epoch 1 of 2. The net has the weights it began with")


def test_a_missing_name_says_which_cells_to_run(cells):
    assert error(cells[2]).ename == "NameError"
    assert "run is not there yet: a cell above this one was not run, or was stopped." in said(
        cells[2]
    )


def test_other_errors_stay_what_they_are(cells):
    assert error(cells[3]).ename == "ZeroDivisionError"
    assert said(cells[3]) == ""


def test_a_stopped_loop_of_any_kind_is_one_sentence(cells):
    assert error(cells[4]).ename == "KeyboardInterrupt"
    (sentence,) = error(cells[4]).traceback
    assert sentence.startswith("Stopped. Nothing is broken: run this cell once more")
