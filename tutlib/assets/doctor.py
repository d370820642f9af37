"""What is here, what is missing, and what to do about it: one screen.

Every check returns `Finding`s. Only a `problem` keeps lessons from running; a `note` is worth
knowing (something real is missing, and the bundled thing takes its place).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tutlib.assets import catalogue, datasets, download
from tutlib.assets.catalogue import AssetError, megabytes
from tutlib.assets.obtain import UNASKED, mode

ROOT = Path(__file__).resolve().parents[2]
OLDEST_PYTHON = (3, 11)
OLDEST = {"torch": (2, 11), "torchvision": (0, 26)}
LITTLE_ROOM = 1e9  # bytes
INSTALL = "run `make lab` (or `pip install -e .`) in the folder of the course"


@dataclass(frozen=True)
class Finding:
    """One line of the report: `kind` is "ok", "note" or "problem", `cure` what to do about it."""

    kind: str
    text: str
    cure: str = ""

    def __str__(self) -> str:
        mark = {"ok": "  ok   ", "note": "  --   ", "problem": "  !!   "}[self.kind]
        return mark + self.text + (f"\n         -> {self.cure}" if self.cure else "")


def versions() -> Iterator[Finding]:
    """Python, torch and torchvision."""
    here = ".".join(str(number) for number in sys.version_info[:3])
    texts, old = [f"Python {here}"], []
    if sys.version_info[:2] < OLDEST_PYTHON:
        old.append("Python 3.11")
    for name, lowest in OLDEST.items():
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            old.append(name)
            continue
        texts.append(f"{name} {version}")
        if tuple(int(part) for part in version.split("+")[0].split(".")[:2]) < lowest:
            old.append(f"{name} {'.'.join(map(str, lowest))}")
    cure = f"{' and '.join(old)} or newer is needed: {INSTALL}" if old else ""
    yield Finding("problem" if old else "ok", ", ".join(texts), cure)


def device() -> Iterator[Finding]:
    """Whether a GPU is used, and if not, why."""
    import torch

    from tutlib.assets import shelves

    if shelves.device().type == "cuda":
        name, total = torch.cuda.get_device_name(), torch.cuda.mem_get_info()[1]
        yield Finding("ok", f"runs on the GPU: {name}, {total / 1e9:.0f} GB")
        return
    if torch.cuda.is_available():
        why = "TUTLIB_DEVICE=cpu"
    elif torch.backends.mps.is_available():
        why = "the GPU of a Mac has no numbers of 64 bits, with which the attacks compare"
    elif torch.version.cuda is None:
        why = "this torch is built without CUDA"
    else:
        why = "torch sees no NVIDIA GPU, or no driver for it"
    yield Finding("ok", f"runs on the CPU, {os.cpu_count()} cores ({why})")


def jupyter() -> Iterator[Finding]:
    """JupyterLab, the kernel that the notebooks ask for, the notebooks, and `import tutlib`."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

        lab = metadata.version("jupyterlab")
        executable = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except (ImportError, metadata.PackageNotFoundError):
        yield Finding("problem", "JupyterLab is not installed", INSTALL)
        return
    except NoSuchKernel:
        cure = "python -m ipykernel install --sys-prefix --name python3"
        yield Finding("problem", "the kernel python3 is not registered", cure)
        return
    found = shutil.which(executable)
    if found and os.path.samefile(found, sys.executable):
        yield Finding("ok", f"JupyterLab {lab}, and its kernel python3 is this Python")
    else:
        cure = f"{sys.executable} -m ipykernel install --sys-prefix --name python3"
        yield Finding("problem", f"the kernel python3 is another Python ({executable})", cure)


def notebooks() -> Iterator[Finding]:
    """The lessons, and whether they find the package from where they lie."""
    folder = ROOT / "notebooks"
    if catalogue.DATA.is_relative_to(catalogue.PACKAGE):  # not a clone
        yield Finding("note", "the package tutlib is installed here by itself, without the lessons")
        return
    count = len(
        [path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    )
    if not count:
        yield Finding("problem", f"there are no notebooks in {folder}", "clone the course again")
        return
    trial = subprocess.run(
        [sys.executable, "-c", "import tutlib"], cwd=folder, capture_output=True, check=False
    )
    if trial.returncode:
        yield Finding("problem", "the notebooks would not find the package tutlib", INSTALL)
    else:
        yield Finding("ok", f"{count} notebooks in {folder}")


def bundled() -> Iterator[Finding]:
    """What ships with the course."""
    shipped = catalogue.SHIPPED.items()
    missing = [name for name, s in shipped if not all(path.is_file() for path in s.files())]
    for name in missing:
        cure = f"`git checkout data`, or make it anew: `python -m tutlib build {name}`"
        yield Finding("problem", f"{name} is missing in {catalogue.DATA}", cure)
    if not missing:
        size = sum(path.stat().st_size for path in catalogue.DATA.rglob("*") if path.is_file())
        yield Finding("ok", f"the bundled shelf is complete ({megabytes(size)})")


def cache() -> Iterator[Finding]:
    """Whether downloads can be kept."""
    folder = catalogue.cache_folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        cure = "name a folder of your own: TUTLIB_CACHE=/path/to/a/folder"
        yield Finding("note", f"downloads cannot be kept in {folder} ({error.strerror})", cure)
        return
    cure = "make room, or set TUTLIB_CACHE" if free < LITTLE_ROOM else ""
    kind = "note" if cure else "ok"
    yield Finding(kind, f"downloads go to {folder} ({free / 1e9:.1f} GB free)", cure)


def network() -> Iterator[Finding]:
    """Whether the server of the weights answers (3 s at most)."""
    if mode() == "bundled":
        yield Finding("ok", "TUTLIB_ASSETS=bundled: the network is not used, nor asked for here")
        return
    url = catalogue.ASSETS["resnet50"].files[0].urls[0]
    begin = time.perf_counter()
    try:
        with download.first_answer(url) as answer:
            seconds = time.perf_counter() - begin
            if answer.ok:
                yield Finding("ok", f"{download.host(url)} answers ({seconds:.1f} s)")
                return
            why = f"{download.host(url)} answers {answer.status_code} ({answer.reason})"
    except download.NoAnswerError as error:
        why = str(error)
    yield Finding("note", f"{why}; the bundled shelf needs no network")


def real() -> Iterator[Finding]:
    """Each asset of the real shelf: here, broken or missing."""
    for name, asset in catalogue.ASSETS.items():
        head = f"{name:14}{megabytes(asset.size):>8}  "
        where = asset.find()
        if where is None:
            needed = mode() == "real" and asset.size <= UNASKED
            cure = f"{asset.purpose}: `python -m tutlib fetch {name}`"
            yield Finding("problem" if needed else "note", f"{head}missing", cure)
        elif problem := fault(name):
            cure = f"delete it, then `python -m tutlib fetch {name}`"
            yield Finding("problem", f"{head}broken: {problem}", cure)
        else:
            yield Finding("ok", f"{head}here: {where}")


def fault(name: str) -> str:
    """What is wrong with an asset that is there; "" if nothing is."""
    asset = catalogue.ASSETS[name]
    where = asset.find()
    try:
        if name == "mnist":
            datasets.mnist_counts(where)
        elif name == "cifar10":
            datasets.cifar10_labels(where)
    except datasets.DataError as error:
        return str(error)
    problem = asset.fault()
    return f"{where}: {problem}" if problem else ""


CHECKS: dict[str, tuple[Callable[[], Iterator[Finding]], ...]] = {
    "This machine": (versions, device, jupyter, notebooks),
    "The bundled shelf": (bundled,),
    "The real shelf": (network, cache, real),
}


def examine() -> dict[str, list[Finding]]:
    """All findings, by heading. A setting that makes no sense is a finding, too."""
    report = {}
    for heading, checks in CHECKS.items():
        report[heading] = []
        for check in checks:
            try:
                report[heading] += check()
            except (AssetError, ValueError) as error:
                report[heading].append(Finding("problem", str(error)))
    return report


def main(as_json: bool = False) -> int:
    """Print the report. 0 if lessons can run, 1 if not."""
    report = examine()
    if as_json:
        print(json.dumps({h: [vars(f) for f in found] for h, found in report.items()}, indent=1))
    else:
        for heading, found in report.items():
            note = f" (TUTLIB_ASSETS={os.environ.get('TUTLIB_ASSETS', 'auto')})"
            print(heading + (note if heading == "The real shelf" else ""))
            print(*found, sep="\n")
    problems = sum(f.kind == "problem" for found in report.values() for f in found)
    if not as_json:
        what = "1 problem stands" if problems == 1 else f"{problems} problems stand"
        print(f"{what} in the way (!!)." if problems else "Lessons can run.")
    return 1 if problems else 0
