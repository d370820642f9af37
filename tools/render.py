"""Run notebooks on the bundled shelf and write them back, with outputs, in one normal form.

    python -m tools.render [NOTEBOOK ...]               run (seed 0), normalise, write back
    python -m tools.render --normalise [NOTEBOOK ...]   tidy the file without running it
    python -m tools.render --check [NOTEBOOK ...]       change nothing; say what is not in order

Without a path: all notebooks. The normal form differs from one run to the next only where the
lesson does: no counters, times, widget state or names of this machine. The README's numbers are
counted again (`tools/front_page.py`).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import platform
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from PIL import Image

from tools import front_page, notebooks
from tutlib.check.files import write_whole
from tutlib.plots.data_uri import base64_of

LARGEST = 2_000_000  # bytes
HEAVY = 60_000  # characters of base64 above which a picture is made lighter
FEW_COLOURS, QUALITY = 4096, 87  # of a drawing; of a photograph (4:4:4), out of 100
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
# As JupyterLab writes it: what is stored otherwise, it calls unsaved as soon as it is opened.
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
CELL_METADATA = ("jupyter", "slideshow", "tags")  # what survives of a cell's metadata
PATIENCE = {"timeout": notebooks.CELL_LIMIT}  # `pytest --nbmake notebooks/` reads it, plain
RENDERED = "rendered"  # where notebook.metadata.tutlib keeps the hash of the code that was run

# Base64 is full of slashes, and addresses on the web may hold any word.
_NOT_PATHS = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]+|https?://[^\s\"'<>)]+")
_PATHS = re.compile(
    r"(?<![\w.~:/-])(?:/(?:home|Users|root|tmp|opt|mnt|srv|private|var|usr)/|[A-Z]:\\)[^\s\"'<>]*"
    r"|[^\s\"'<>]*site-packages[^\s\"'<>]*"
)


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.render", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="change nothing; say what is wrong")
    parser.add_argument("--normalise", action="store_true", help="tidy the file, run nothing")
    parser.add_argument("notebook", nargs="*", type=Path, help="(default: all)")
    chosen = parser.parse_args(words)
    if missing := [str(path) for path in chosen.notebook if not path.is_file()]:
        parser.error(f"there is no notebook {', '.join(missing)}")
    work = check if chosen.check else normalise_file if chosen.normalise else render
    failed = 0
    for path in chosen.notebook or notebooks.find():
        for sentence in work(path):
            print(f"{path}: {sentence}")
            failed = 1
    return numbers(chosen) or failed


def numbers(chosen: argparse.Namespace) -> int:
    """The front page counts what the lessons hold: only where lessons of the course were done."""
    if chosen.check:
        return 0 if chosen.notebook else front_page.main(["--check"])
    ours = any(path.resolve().is_relative_to(notebooks.FOLDER) for path in chosen.notebook)
    return front_page.main([]) if ours or not chosen.notebook else 0


def render(path: Path) -> list[str]:
    """Run a notebook and write it back, or say what stands in the way and leave it alone."""
    run = notebooks.run(path, render=True)
    # A frozen panel draws all of its states, which no reader waits for.
    faults = notebooks.faults(run, limit=2 * notebooks.CPU_LIMIT)
    notebook = run.notebook
    scrub(notebook)
    normalise(notebook)
    notebook.metadata["tutlib"] = {RENDERED: fingerprint(notebook)}
    text = serialise(notebook)
    faults = faults or (paths_in(notebook) + too_large(text))
    if not faults:
        _write(path, text)
        claims = f"{notebooks.ticks(run)} claims hold"
        print(f"{path}: {run.cpu_seconds:.1f} s of CPU time, {claims}, {len(text) / 1e3:.0f} kB")
    return faults


def normalise_file(path: Path) -> list[str]:
    notebook = notebooks.read(path)
    normalise(notebook)
    text = serialise(notebook)
    if text != path.read_text(encoding="utf-8"):
        _write(path, text)
        print(f"{path}: tidied")
    return []


def _write(path: Path, text: str) -> None:
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8", newline="\n"))


def check(path: Path) -> list[str]:
    """What keeps a notebook from being committed; an empty list if nothing does."""
    text = path.read_text(encoding="utf-8")
    notebook = notebooks.read(path)
    faults = too_large(text) + paths_in(notebook)
    if notebook.metadata.get("tutlib", {}).get(RENDERED) != fingerprint(notebook):
        faults.append("its outputs are not those of its code: `make render NOTEBOOK=...`")
    normalise(notebook)
    if serialise(notebook) != text:
        faults.append(
            f"not in normal form: `.venv/bin/python -m tools.render --normalise '{path}'`"
        )
    return faults


def normalise(notebook: NotebookNode) -> None:
    """Bring a notebook into its normal form, in place; what the reader sees stays."""
    kept = {"tutlib": notebook.metadata["tutlib"]} if "tutlib" in notebook.metadata else {}
    version = notebook.metadata.get("language_info", {}).get("version", platform.python_version())
    language = LANGUAGE | {"version": version}  # of the Python that it was rendered with
    notebook.metadata = nbformat.from_dict(
        {"execution": PATIENCE, "kernelspec": dict(KERNELSPEC), "language_info": language, **kept}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        )
        old_id = cell.get("id") or hashlib.sha256(cell.source.encode()).hexdigest()
        cell.id = old_id if len(old_id) <= 12 else old_id[:8]  # JupyterLab's have 36 characters
        cell.source = "\n".join(line.rstrip() for line in cell.source.rstrip().split("\n"))
        if cell.cell_type == "code":
            cell.execution_count = None  # or one new cell would change all that follow
            cell.outputs = _joined([out for out in map(_without_view, cell.outputs) if out])
            for out in cell.outputs:
                _lighten(out)


def scrub(notebook: NotebookNode) -> None:
    """Take out what only this machine, this moment or this run knows, in place."""
    here, home = str(notebooks.ROOT) + "/", str(Path.home()) + "/"
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
        for holder, key, text in _texts(cell):
            text = text.replace(here, "").replace(home, "~/")
            holder[key] = re.sub(r" at 0x[0-9a-f]+", "", text)


def fingerprint(notebook: NotebookNode) -> str:
    """A hash of the code: prose may be polished without running the notebook again."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()[:16]


def serialise(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook, version=4) + "\n"


def too_large(text: str) -> list[str]:
    size = len(text.encode())
    if size <= LARGEST:
        return []
    return [f"{size / 1e6:.1f} MB, and {LARGEST / 1e6} MB are allowed: fewer or smaller figures"]


def paths_in(notebook: NotebookNode) -> list[str]:
    """A sentence for each absolute path of some machine in sources or outputs."""
    found = []
    for cell in notebook.cells:
        texts = [cell.source, *(text for _, _, text in _texts(cell))]
        for text in texts:
            plain = _NOT_PATHS.sub(" ", text)
            hits = _PATHS.findall(plain) + [str(notebooks.ROOT)] * (str(notebooks.ROOT) in plain)
            found += [f"cell {cell.id} holds a path of one machine: {hit[:80]}" for hit in hits[:1]]
    return found


def _texts(cell: NotebookNode) -> list[tuple[dict, str, str]]:
    """Every piece of text in a cell's outputs, with the place it stands at."""
    places = []
    for out in cell.get("outputs", ()):
        if out.output_type == "stream":
            places.append((out, "text"))
        data = out.get("data", {})
        places += [(data, kind) for kind in data if kind.startswith("text/")]
    return [(holder, key, holder[key]) for holder, key in places if isinstance(holder[key], str)]


def _without_view(out: NotebookNode) -> NotebookNode | None:
    """An output as it looks without a kernel; None if then nothing is left to see."""
    if "execution_count" in out:
        out.execution_count = None
    if WIDGET_VIEW in out.get("data", {}):
        del out.data[WIDGET_VIEW]
        if set(out.data) <= {"text/plain"}:
            return None
    return out


def _lighten(out: NotebookNode) -> None:
    """Store a heavy picture as lightly as true colour can be: this course is about small changes.

    What has few colours (lines, bars, words) is a PNG, to the last bit; a photograph is a JPEG
    whose colours are as fine as its brightness.
    """
    text = out.get("data", {}).get("image/png", "")
    if len(text) < HEAVY:
        return
    small = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(text))) as picture:
        colours = picture.convert("RGB")
    if colours.getcolors(FEW_COLOURS):
        colours.save(small, "PNG", optimize=True)
        out.data["image/png"] = base64_of(small.getvalue()) + "\n"
        return
    colours.save(small, "JPEG", quality=QUALITY, subsampling=0)
    del out.data["image/png"]
    out.data["image/jpeg"] = base64_of(small.getvalue()) + "\n"
    if "image/png" in out.metadata:  # its alt text
        out.metadata["image/jpeg"] = out.metadata.pop("image/png")


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """One output for each run of prints: how a kernel cuts them up depends on the moment."""
    joined: list[NotebookNode] = []
    for out in outputs:
        same = joined and out.output_type == "stream" == joined[-1].output_type
        if same and out.name == joined[-1].name:
            joined[-1].text += out.text
        else:
            joined.append(out)
    for out in joined:
        if out.output_type == "stream":  # a carriage return writes a line anew
            out.text = re.sub(r"[^\n]*\r(?=[^\n])", "", out.text)
    return joined


if __name__ == "__main__":
    sys.exit(main())
