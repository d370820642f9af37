"""One registry of all that ships with the course or can be fetched, and where it lies.

    SHIPPED["digits"].files()      what must lie in `data/`, and which recipe makes it anew
    ASSETS["resnet50"].find()      where the real thing lies on this machine, or None

`TUTLIB_CACHE` names the folder for downloads (torch.hub's, unless it is set), `TUTLIB_DATA` one
with data sets already there.
"""

from __future__ import annotations

import functools
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from tutlib import world
from tutlib.assets import download
from tutlib.assets.download import DownloadError, NoAnswerError
from tutlib.check.files import at_home

PACKAGE = Path(__file__).resolve().parents[1]
# What ships: inside an installed package, beside it in a clone (setup.py).
DATA = PACKAGE / "data" if (PACKAGE / "data").is_dir() else PACKAGE.parent / "data"
# The addresses that torchvision uses (a test compares), without the second its import takes.
WEIGHTS = "https://download.pytorch.org/models/"
MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
)


class AssetError(RuntimeError):
    """Something real was asked for and cannot be had; the message says what to do."""


@dataclass(frozen=True)
class File:
    """One file to download: `servers` are the addresses it lies under, to be tried in order."""

    name: str
    size: int
    servers: tuple[str, ...]
    sha256: str = ""
    md5: str = ""

    @property
    def urls(self) -> list[str]:
        return [server + self.name for server in self.servers]


@dataclass(frozen=True)
class Asset:
    """Something on the real shelf.

    Attributes:
        name: as in `python -m tutlib fetch NAME`; title: in a sentence; purpose: what it is for.
        licence: in a few words; instead: what is used where it is missing.
        files: what is downloaded into `folder()`; places: where it may lie already.
        unpack: what turns the files into the asset, if anything does.
    """

    name: str
    title: str
    purpose: str
    licence: str
    instead: str
    files: tuple[File, ...]
    folder: Callable[[], Path]
    places: Callable[[], list[Path]]
    unpack: Callable[[Path], None] | None = None

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(file.size for file in self.files)

    def find(self) -> Path | None:
        """Where it lies on this machine, or None; an empty folder holds nothing."""
        return next((place for place in self.places() if _holds_something(place)), None)

    def fault(self) -> str:
        """What is wrong with a file that is there (every byte is read); "" if nothing is."""
        where = self.find()
        if where is None or not where.is_file() or len(self.files) != 1:
            return ""  # data sets are checked by what reads them
        file, stamp = self.files[0], where.stat()
        if where.name != file.name:
            return ""
        return _fault(where, file.sha256, file.md5, file.size, stamp.st_mtime_ns)

    def fetch(self, *, patience: float | None = None, progress: bool = True) -> Path:
        """Download what is missing.

        Raises:
            DownloadError: with the reason, and what to do.
        """
        for file in self.files:
            path = self.folder() / file.name
            if not path.is_file() or download.fault(path, file.sha256, file.md5, file.size):
                _first_that_works(file, path, patience, progress)
        if self.unpack is not None:
            self.unpack(self.folder())
        where = self.find()
        if where is None:
            raise DownloadError(f"{self.title} was fetched and is not in {self.folder()}.")
        return where


def _holds_something(place: Path) -> bool:
    return place.is_file() or (place.is_dir() and any(place.iterdir()))


@functools.cache
def _fault(path: Path, sha256: str, md5: str, size: int, changed: int) -> str:
    """`download.fault`, once for each state of a file: a large one takes a second."""
    return download.fault(path, sha256, md5, size)


def _first_that_works(file: File, path: Path, patience: float | None, progress: bool) -> None:
    for url in file.urls:
        try:
            download.fetch(url, path, sha256=file.sha256, md5=file.md5, size=file.size,
                            patience=patience, progress=progress)  # fmt: skip
            return
        except DownloadError as error:
            # Who did not ask for a download is not made to wait for a second server.
            unasked_for = patience is not None and isinstance(error, NoAnswerError)
            if unasked_for or url == file.urls[-1]:
                raise


@dataclass(frozen=True)
class Shipped:
    """Something in `data/`, which ``python -m tutlib build NAME`` makes anew from a seed.

    Attributes:
        names: its files, from `DATA` on.
        recipe: "module:function" in `tutlib.assets.build`, called as ``function(seed, ship)``.
    """

    names: tuple[str, ...]
    recipe: str

    def files(self) -> list[Path]:
        """Where its files should lie."""
        return [DATA / name for name in self.names]


# ---------------------------------------------------------------- where things lie


def cache_folder() -> Path:
    """Where downloads go: `TUTLIB_CACHE`, or the folder that torchvision uses, too."""
    own = os.environ.get("TUTLIB_CACHE")
    return at_home(own) if own else Path(torch.hub.get_dir()) / "checkpoints"


def data_folders() -> list[Path]:
    """Where data sets may lie: `TUTLIB_DATA` if it is set, and our own folder for downloads.

    Raises:
        AssetError: if `TUTLIB_DATA` names no folder.
    """
    named = os.environ.get("TUTLIB_DATA")
    if named and not at_home(named).is_dir():
        raise AssetError(f"TUTLIB_DATA names {named}, and there is no such folder: correct it.")
    return ([at_home(named)] if named else []) + [cache_folder() / "tutlib-data"]


# ---------------------------------------------------------------- what there is


def _weights(name: str, size: int, sha256: str, **words: str) -> Asset:
    """One of torchvision's nets (IMAGENET1K_V1); its file is called as torchvision calls it."""
    file = File(f"{name}-{sha256[:8]}.pth", size, (WEIGHTS,), sha256=sha256)
    return Asset(
        name=name,
        licence="BSD-3 (torchvision), trained on ImageNet: for teaching and research",
        files=(file,),
        folder=cache_folder,
        places=lambda: [cache_folder() / file.name],
        **words,
    )


def _mnist() -> Asset:
    known = {  # bytes and md5 of the packed files
        "train-images-idx3-ubyte": (9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        "train-labels-idx1-ubyte": (28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
        "t10k-images-idx3-ubyte": (1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
        "t10k-labels-idx1-ubyte": (4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
    }
    files = tuple(
        File(f"{name}.gz", size, MNIST_MIRRORS, md5=md5) for name, (size, md5) in known.items()
    )

    def places() -> list[Path]:
        """Your own folder counts as soon as one file is there: what it lacks is then said aloud."""
        own, ours = data_folders()[:-1], data_folders()[-1] / "MNIST" / "raw"
        found = [f / "MNIST" / "raw" for f in own if any((f / "MNIST" / "raw").glob("*ubyte*"))]
        return found + ([ours] if all((ours / file.name).is_file() for file in files) else [])

    return Asset(
        name="mnist",
        title="MNIST",
        purpose="70,000 handwritten digits, 28 x 28 (chapters 3 to 5)",
        licence="CC BY-SA 3.0, LeCun and Cortes",
        instead="drawn digits, as many and of the same size",
        files=files,
        folder=lambda: data_folders()[-1] / "MNIST" / "raw",
        places=places,
    )


def _cifar10() -> Asset:
    def unpack(folder: Path) -> None:
        """The archive becomes a folder, whole or not at all, and goes."""
        archive, scratch = folder / "cifar-10-python.tar.gz", folder / "cifar10.part"
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
            (scratch / "cifar-10-batches-py").replace(folder / "cifar-10-batches-py")
        except OSError as error:
            raise DownloadError(f"{archive} cannot be unpacked ({error.strerror}).") from None
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        archive.unlink()

    names = ("cifar-10-batches-py", "cifar10.zip", "cifar10")
    archive = File("cifar-10-python.tar.gz", 170_498_071, ("https://www.cs.toronto.edu/~kriz/",),
                   md5="c58f30108f718f92721af3b95e74349a")  # fmt: skip
    return Asset(
        name="cifar10",
        title="CIFAR-10",
        purpose="60,000 small photos of ten things, 32 x 32 (chapter 4)",
        licence="none stated; Krizhevsky (2009) asks to be cited",
        instead="the picture world, 32 x 32",
        files=(archive,),
        folder=lambda: data_folders()[-1],
        places=lambda: [folder / name for folder in data_folders() for name in names],
        unpack=unpack,
    )


ASSETS: dict[str, Asset] = {
    asset.name: asset
    for asset in (
        _weights(
            "resnet50", 102_530_333,
            "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
            title="ResNet-50", purpose="the net of the original lesson (chapters 1 and 2)",
            instead="the bundled net",
        ),
        _weights(
            "squeezenet1_1", 4_958_839,
            "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
            title="SqueezeNet 1.1", purpose="a small extractor for style transfer (chapter 6)",
            instead="the bundled extractor",
        ),
        _weights(
            "vgg19", 574_673_361,
            "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
            title="VGG-19", purpose="what style transfer was invented with (chapter 6)",
            instead="the bundled extractor",
        ),
        _mnist(),
        _cifar10(),
    )
}  # fmt: skip


def file_name(thing: str) -> str:
    """ "giant panda" -> "giant-panda"."""
    return thing.replace(" ", "-")


SHEETS = tuple(
    f"things/{file_name(t)}-{part}.webp" for t in world.NAMES for part in ("train", "test")
)
SHIPPED: dict[str, Shipped] = {
    "things": Shipped(SHEETS, "pictures:things"),
    "things-standard": Shipped(("things-standard.safetensors",), "nets:standard"),
    "things-plain": Shipped(("things-plain.safetensors",), "nets:plain"),
    "things-robust": Shipped(("things-robust.safetensors",), "nets:robust"),
    "digits": Shipped(("digits.safetensors",), "nets:digits"),
    "year": Shipped(("year.safetensors", "year.json"), "year:games"),
    "style": Shipped(("style.safetensors",), "style:extractor"),
    "bird-painter": Shipped(("bird-painter.safetensors",), "asked:painter"),
    "bird-reader": Shipped(("bird-reader.safetensors",), "asked:reader"),
    "painter": Shipped(("painter.safetensors",), "painter:painter"),
    "any-painter": Shipped(("any-painter.safetensors",), "painter:any_painter"),
    "pix2pix": Shipped(("pix2pix.safetensors",), "translation:pix2pix"),
    "cyclegan": Shipped(("cyclegan.safetensors",), "translation:cyclegan"),
    "herd-reader": Shipped(("herd-reader.safetensors",), "translation:herd_reader"),
    "faces-reader": Shipped(("faces-reader.safetensors",), "people:reader"),
    "faces-forger": Shipped(("faces-forger.safetensors",), "people:forger"),
}


def megabytes(size: float) -> str:
    """1234567 -> "1.2 MB"."""
    return f"{size / 1e6:.1f} MB" if size < 1e7 else f"{size / 1e6:,.0f} MB"
