"""Find notebooks, run one on a copy, and say what is wrong with the run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbmake.nb_run import NotebookRun

from tutlib.panel import errors_in

try:
    import resource
except ImportError:  # on Windows, which does not add up the time of processes that have ended
    resource = None

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
CPU_LIMIT = 90.0  # seconds of CPU time a notebook may take, on one torch thread
CELL_LIMIT = 900  # seconds of wall clock before a cell counts as hanging: machines can be slow


@dataclass
class Run:
    """An executed notebook: its outputs, the error that stopped it (or ""), its CPU seconds."""

    notebook: NotebookNode
    error: str
    cpu_seconds: float


def find(folder: Path = FOLDER) -> list[Path]:
    """All notebooks of the course, in reading order (`start` first)."""
    paths = [p for p in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts]
    return sorted(paths, key=lambda p: (p.parent != folder, p.relative_to(folder).as_posix()))


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def run(path: Path, *, render: bool = False) -> Run:
    """Execute a copy of a notebook: offline, one torch thread, and the tree stays clean.

    `TUTLIB_ASSETS` is "bundled" and `TUTLIB_SEED` 0 unless the environment says otherwise;
    `render` also asks panels for the forms they take without a kernel, and fixes the seed at 0.
    """
    with tempfile.TemporaryDirectory(prefix="tutlib-") as name:
        copy = Path(name) / path.parent.name / path.name
        copy.parent.mkdir()
        nbformat.write(_unrun(read(path)), copy)
        with environment(**settings(Path(name), render)):
            # The kernel is this process's child; once it has ended, its time is counted here.
            before = _cpu_of_children()
            result = NotebookRun(copy, CELL_LIMIT, kernel="python3").execute()
            seconds = _cpu_of_children() - before
    error = ""
    if result.error is not None:
        error = f"cell {result.error.failing_cell_index}: {result.error.trace}"
    return Run(result.nb, error, seconds)


def faults(run: Run, limit: float | None = None, *, claims_may_fail: bool = False) -> list[str]:
    """Why a run does not count as a good one; an empty list if it does.

    `limit`: the CPU seconds it may have taken, if not `CPU_LIMIT`; `claims_may_fail`: it is enough
    that they were made (where `tests/gpu_startup.py` lets the lesson go on).
    """
    limit = CPU_LIMIT if limit is None else limit
    if run.error:
        return [f"It stopped in {run.error}"]
    found = [f"An error inside an output or a widget: {line}" for line in errors_in(run.notebook)]
    found += [f"Cell {cell.id} was never reached." for cell in run.notebook.cells if _missed(cell)]
    claims = [cell for cell in run.notebook.cells if "claim" in tags(cell)]
    if not claims:
        found.append("It claims nothing: no cell is tagged `claim`, so a run proves nothing.")
    for cell in claims:
        if "✔" not in printed(cell) and not (claims_may_fail and "✘" in printed(cell)):
            found.append(f"Cell {cell.id} is tagged `claim`, and its run printed no green tick.")
    if run.cpu_seconds > limit:
        found.append(f"It took {run.cpu_seconds:.0f} s of CPU time; {limit:.0f} are allowed.")
    return found


def ticks(run: Run) -> int:
    """How many claims held."""
    return sum(printed(cell).count("✔") for cell in run.notebook.cells if "claim" in tags(cell))


def printed(cell: NotebookNode) -> str:
    outputs = cell.get("outputs", ())
    return "".join(out.text for out in outputs if out.output_type == "stream")


def read(path: Path) -> NotebookNode:
    """A notebook as it stands in its file (`nbformat.read` would mend twin ids unasked)."""
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


def _unrun(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
    return notebook


def _missed(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip()) and not cell.execution_count


def settings(scratch: Path, render: bool) -> dict[str, str]:
    """The environment of a run: offline, one torch thread, the seed 0 if nobody chose another."""
    offline = str(ROOT / "tools" / "offline")
    behind = os.environ.get("PYTHONPATH", "")
    settings = {
        "PYTHONPATH": os.pathsep.join(part for part in (offline, str(ROOT), behind) if part),
        "IPYTHONDIR": str(scratch / "ipython"),  # whatever a person has set up there stays out
        "TUTLIB_ASSETS": os.environ.get("TUTLIB_ASSETS", "bundled"),
        "TUTLIB_SEED": os.environ.get("TUTLIB_SEED", "0"),
        "TUTLIB_PROGRESS": "off",  # a run for a test or for readers is no learner's
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    if render:
        settings |= {"TUTLIB_RENDER": "1", "TUTLIB_ASSETS": "bundled", "TUTLIB_SEED": "0"}
    return settings


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Variables of the environment that hold inside a `with` block."""
    before = dict(os.environ)
    os.environ.update(values)
    os.environ.pop("MPLBACKEND", None)  # the kernel chooses the one that shows figures inline
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _cpu_of_children() -> float:
    """Seconds; where they are unknown NaN, which is over no limit."""
    if resource is None:
        return float("nan")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
