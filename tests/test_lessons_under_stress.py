"""What a semester does to lessons (`make torture`): other seeds, cells run twice, two kernels at
once, a checkout nobody may write to, a finger on the stop button in the middle of training.

Nothing here is about speed: a lesson may take as long as it likes.
"""

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools import notebooks

LESSONS = notebooks.find()
TRAIN = ("2-7", "3-5", "4-1", "4-2", "4-5", "5-1", "5-2", "5-4", "6-3")  # a bar runs in their cells
PATIENCE = 1.0  # seconds; a bar shows itself when a loop has run for three
ONE_RUN = (
    "import json, pathlib, sys; from tools import notebooks; "
    "done = notebooks.run(pathlib.Path(sys.argv[1])); "
    "print(json.dumps(notebooks.faults(done, float('inf'))))"
)

pytestmark = pytest.mark.stress


def name(path):
    return path.relative_to(notebooks.FOLDER).as_posix()


def started(path, tree, **settings):
    """A run in a process of its own, out of the checkout `tree`."""
    return subprocess.Popen(
        [sys.executable, "-c", ONE_RUN, str(tree / "notebooks" / name(path))],
        cwd=tree, env=os.environ | settings, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(run):
    said, _ = run.communicate()
    assert run.returncode == 0
    return json.loads(said.splitlines()[-1])


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_seed_0_and_every_cell_runs_twice(path, tmp_path):
    lesson, cells = notebooks.read(path), []
    for cell in lesson.cells:
        cells.append(cell)
        if cell.cell_type == "code":
            cells.append(copy.deepcopy(cell))
            cells[-1].id = uuid.uuid4().hex[:8]
    lesson.cells = cells
    nbformat.write(lesson, tmp_path / path.name)
    assert notebooks.faults(notebooks.run(tmp_path / path.name), float("inf")) == []


@pytest.fixture(scope="module")
def closed_tree(tmp_path_factory):
    """A copy of the checkout in which no file and no folder may be written."""
    tree = tmp_path_factory.mktemp("checkout") / "tree"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    files = subprocess.check_output(listed, cwd=notebooks.ROOT, text=True).split("\0")[:-1]
    for file in files:
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(notebooks.ROOT / file, tree / file)
    everything = [tree, *tree.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield tree
    for path in everything:
        path.chmod(0o755 if path.is_dir() else 0o644)


def state(tree):
    """Name, size and age of all that lies there: root may write where nobody may, and is seen."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in tree.rglob("*")}


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_seed_1_out_of_a_checkout_that_is_read_only(path, closed_tree):
    before = state(closed_tree)
    silent = {"PYTHONDONTWRITEBYTECODE": "1"} if os.geteuid() == 0 else {}
    assert ended(started(path, closed_tree, TUTLIB_SEED="1", **silent)) == []
    assert state(closed_tree) == before


@pytest.mark.parametrize("first", range(0, len(LESSONS), 2))
def test_seed_2_and_two_at_once(first, tmp_path):
    shared = {"TUTLIB_SEED": "2", "TUTLIB_CACHE": str(tmp_path)}
    runs = [started(path, notebooks.ROOT, **shared) for path in LESSONS[first : first + 2]]
    assert [ended(run) for run in runs] == [[] for _ in runs]


class Impatient(NotebookClient):
    """Stops the first cell that is still busy `PATIENCE` seconds after it showed something."""

    finger = None

    def process_message(self, msg, cell, cell_index):
        shows = msg["msg_type"] in ("display_data", "stream", "comm_open")
        if shows and self.finger is None and "budget" not in notebooks.tags(cell):
            self.finger = threading.Timer(PATIENCE, self.stop)
            self.finger.start()
        return super().process_message(msg, cell, cell_index)

    def stop(self):
        os.kill(self.km.provisioner.pid, signal.SIGINT)

    def cell_is_done(self):
        """Whether the finger came down in this cell; if it did not, the next one is waited for."""
        if self.finger is None:
            return False
        waited = self.finger.finished.is_set()
        self.finger.cancel()
        if not waited:
            self.finger = None
        return waited


@pytest.mark.parametrize("number", TRAIN)
def test_stopped_in_the_middle_it_says_so_and_goes_on(number, monkeypatch):
    """A stopped cell says so in one sentence, runs when asked again, and so does the rest."""
    (path,) = notebooks.FOLDER.rglob(f"{number}-*.ipynb")
    lesson = notebooks.read(path)
    for key, value in notebooks.settings(path.parent, render=False).items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("IPYTHONDIR")
    client, stopped = Impatient(lesson, kernel_name="python3", timeout=None), []
    with client.setup_kernel():
        for index, cell in enumerate(lesson.cells):
            try:
                client.execute_cell(cell, index)
            except CellExecutionError:
                assert client.cell_is_done(), "the cell failed of itself"
                stopped += [out for out in cell.outputs if out.output_type == "error"]
                client.execute_cell(cell, index)
            else:
                assert stopped or not client.cell_is_done(), "it was stopped, and took no notice"
    (error,) = stopped
    assert len(error.traceback) == 1, "one sentence for the reader, no traceback from the depths"
    assert notebooks.faults(notebooks.Run(lesson, "", 0.0), float("inf")) == []
