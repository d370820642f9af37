"""Real pictures on the disk -> tensors: MNIST, CIFAR-10, a folder of your own.

Pictures (N, C, H, W) float32 in [0, 1], labels (N,) long. What is broken is refused in one
sentence; nothing is skipped silently.
"""

from __future__ import annotations

import functools
import gzip
import math
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from tutlib.assets import photos
from tutlib.check.inputs import check_count

IDX_BYTES = 0x08  # the third byte of an idx file: unsigned bytes
ADVICE = "delete it and `python -m tutlib fetch {name}`, or copy it again"
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".ppm", ".tif", ".tiff", ".gif")


@dataclass(frozen=True)
class PictureSet:
    """Pictures with labels, in memory.

    Attributes:
        train, test: pairs (x, y): x float32 (N, C, H, W) in [0, 1], y long (N,).
        labels: class names; eps: a change of this size (L-inf) is the usual test on these
            pictures; source: "bundled" or "real"; name: what to call them in a sentence.
        factors: what is known of every picture beside its label, for example
            ``factors["test"]["slant"]``, (N,): of drawn pictures; {} where nothing is known.
    """

    load_train: Callable[[], tuple[Tensor, Tensor]]
    load_test: Callable[[], tuple[Tensor, Tensor]]
    labels: list[str]
    eps: float
    source: str
    name: str
    load_factors: Callable[[str], dict[str, Tensor]] | None = None
    load_first: Callable[[int], tuple[Tensor, Tensor]] | None = None

    def first(self, count: int) -> tuple[Tensor, Tensor]:
        """The first `count` pictures of `train`; where pictures are drawn, no others are drawn.

        Raises:
            ValueError: if `count` is not at least 1, or more than there are.
        """
        check_count("count", count, 1)
        lazy = self.load_first is not None and "train" not in vars(self)
        x, y = self.load_first(count) if lazy else self.train
        if count > len(x):
            raise ValueError(f"there are {len(x)} pictures to train on; {count} were asked for.")
        return x[:count], y[:count]

    @functools.cached_property
    def train(self) -> tuple[Tensor, Tensor]:
        return self.load_train()

    @functools.cached_property
    def test(self) -> tuple[Tensor, Tensor]:
        return self.load_test()

    @functools.cached_property
    def factors(self) -> dict[str, dict[str, Tensor]]:
        if self.load_factors is None:
            return {}
        return {part: self.load_factors(part) for part in ("train", "test")}


class DataError(ValueError):
    """A data set is incomplete or broken; the message names the file and says what to do."""


# ---------------------------------------------------------------- MNIST (idx files)


def mnist_counts(raw: Path) -> dict[str, int]:
    """How many pictures there are: {"train": ..., "t10k": ...}, from the files' first bytes.

    Raises:
        DataError: a file is missing, is no idx file, or pictures and labels do not match.
    """
    counts = {}
    for part in ("train", "t10k"):
        pictures = idx_shape(_idx_file(raw, f"{part}-images-idx3-ubyte"), 3)
        labels = idx_shape(_idx_file(raw, f"{part}-labels-idx1-ubyte"), 1)
        if pictures[0] != labels[0] or pictures[1:] != (28, 28):
            raise DataError(
                f"the {part} files in {raw} do not belong together (pictures {pictures}, labels "
                f"{labels}): {ADVICE.format(name='mnist')}."
            )
        counts[part] = pictures[0]
    return counts


def mnist(raw: Path, part: str) -> tuple[Tensor, Tensor]:
    """All pictures and labels of "train" or "t10k" from MNIST's four files (plain or .gz)."""
    pixels = read_idx(_idx_file(raw, f"{part}-images-idx3-ubyte"), 3)
    labels = read_idx(_idx_file(raw, f"{part}-labels-idx1-ubyte"), 1)
    return pixels[:, None].float().div(255), labels.long()


def idx_shape(path: Path, dimensions: int) -> tuple[int, ...]:
    """The shape that the head of an idx file announces."""
    head = _bytes(path, 4 + 4 * dimensions)
    if head[:4] != bytes([0, 0, IDX_BYTES, dimensions]) or len(head) < 4 + 4 * dimensions:
        raise DataError(
            f"{path} is not an idx file of {dimensions} dimension(s): "
            f"{ADVICE.format(name='mnist')}."
        )
    return tuple(int.from_bytes(head[4 + 4 * k : 8 + 4 * k]) for k in range(dimensions))


def read_idx(path: Path, dimensions: int) -> Tensor:
    """An idx file of bytes (plain or .gz) -> uint8 tensor."""
    shape, data = idx_shape(path, dimensions), _bytes(path)
    body = len(data) - 4 - 4 * dimensions
    if body != math.prod(shape):
        raise DataError(
            f"{path} announces {math.prod(shape):,} bytes and holds {body:,}: "
            f"{ADVICE.format(name='mnist')}."
        )
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)[-body:].view(shape)


def _idx_file(raw: Path, name: str) -> Path:
    for path in (raw / name, raw / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(
        f"{name} is missing in {raw}: copy it there (plain or .gz), or take MNIST from elsewhere "
        "(`python -m tutlib fetch mnist`, without TUTLIB_DATA)."
    )


def _bytes(path: Path, count: int = -1) -> bytes:
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            return file.read(count)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise DataError(f"{path} is damaged: {ADVICE.format(name='mnist')}.") from None


# ---------------------------------------------------------------- CIFAR-10


def cifar10(place: Path, part: str) -> tuple[Tensor, Tensor]:
    """CIFAR-10, "train" or "test", from whichever form of it lies at `place`.

    Args:
        place: `cifar-10-batches-py` (as torchvision unpacks it), or a folder or zip file with
            `train` and `test`, one folder of pictures for each class in each.
    """
    if place.name == "cifar-10-batches-py":
        return _cifar_batches(place, part)
    _same_classes(place, cifar10_labels(place), _labels_of(place, "test"))
    if place.suffix == ".zip":
        return read_pictures(_zipped(place, part), 32)
    return read_pictures(_listed(place / part), 32)


def cifar10_labels(place: Path) -> list[str]:
    """The class names, in the order of the labels."""
    if place.name == "cifar-10-batches-py":
        return ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
                "truck"]  # fmt: skip
    return _labels_of(place, "train")


def _labels_of(place: Path, part: str) -> list[str]:
    """The classes of one part of a folder or a zip file."""
    if place.suffix == ".zip":
        return sorted({name.split("/")[-2] for name in _members(place, part)})
    return classes(place / part)


def _same_classes(place: Path, train: list[str], test: list[str]) -> None:
    """A class that is missing on one side would shift the numbers of all after it."""
    if train != test:
        odd = ", ".join(sorted(set(train) ^ set(test)))
        raise DataError(f"train and test in {place} do not have the same classes: look at {odd}.")


def _cifar_batches(place: Path, part: str) -> tuple[Tensor, Tensor]:
    from torchvision.datasets import CIFAR10  # it checks the files' hashes before it unpacks them

    try:
        data = CIFAR10(place.parent, train=part == "train")
    except RuntimeError:
        raise DataError(
            f"{place} is incomplete or damaged: {ADVICE.format(name='cifar10')}."
        ) from None
    return torch.from_numpy(data.data).permute(0, 3, 1, 2).float().div(255), torch.tensor(
        data.targets
    )


def _members(archive: Path, part: str) -> list[str]:
    """Names like `cifar10/train/cat/0000.jpg`, sorted."""
    try:
        with zipfile.ZipFile(archive) as file:
            names = file.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{archive} is not a zip file, or is cut short ({error}).") from None
    found = sorted(
        name
        for name in names
        if name.split("/")[-3:-2] == [part] and _is_picture(name.split("/")[-1])
    )
    if not found:
        raise DataError(f"{archive} holds no pictures in {part}/CLASS/: is it the right archive?")
    return found


def _zipped(archive: Path, part: str) -> Iterable[tuple[bytes, int, str]]:
    names = _members(archive, part)
    known = sorted({name.split("/")[-2] for name in names})
    with zipfile.ZipFile(archive) as file:
        for name in names:
            try:
                data = file.read(name)
            except (zipfile.BadZipFile, zlib.error):
                raise DataError(f"{archive} is damaged at {name}: copy it again.") from None
            yield data, known.index(name.split("/")[-2]), f"{archive.name}: {name}"


# ---------------------------------------------------------------- any folder of pictures


def _is_picture(name: str) -> bool:
    """By its suffix; "._pig.jpg" is what a Mac leaves beside "pig.jpg", and is none."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def classes(folder: Path) -> list[str]:
    """The names of the folders in `folder`, sorted: one class each.

    Raises:
        DataError: if there is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}: look at the name.")
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not names:
        raise DataError(f"{folder} holds no folders: put the pictures of each class into its own.")
    return names


def _listed(folder: Path) -> list[tuple[Path, int, str]]:
    """Every picture of an image folder: (path, class number, name in a sentence), sorted."""
    found = []
    for number, name in enumerate(classes(folder)):
        paths = [p for p in (folder / name).rglob("*") if _is_picture(p.name)]
        if not paths:
            raise DataError(f"{folder / name} holds no pictures ({', '.join(SUFFIXES)}).")
        found += [(path, number, str(path)) for path in sorted(paths)]
    return found


def image_folder_parts(folder: Path) -> dict[str, list[tuple[Path, int, str]]]:
    """{"train": ..., "test": ...}: `train/` and `test/`, or every fifth for testing."""
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        parts = {part: _listed(folder / part) for part in ("train", "test")}
        _same_classes(folder, classes(folder / "train"), classes(folder / "test"))
        return parts
    found = _listed(folder)
    return {
        "train": [entry for k, entry in enumerate(found) if k % 5 != 4],
        "test": found[4::5],
    }


def image_folder_labels(folder: Path) -> list[str]:
    """The class names of a folder that `image_folder_parts` understands."""
    both = (folder / "train").is_dir() and (folder / "test").is_dir()
    return classes(folder / "train" if both else folder)


def read_pictures(entries: Iterable[tuple], size: int) -> tuple[Tensor, Tensor]:
    """Pictures as squares of `size` pixels, shuffled once and for all (any slice is a fair sample).

    Raises:
        DataError: if one of them cannot be read; it is named.
    """
    pictures, labels = [], []
    for source, label, name in entries:
        try:
            picture = photos.read(source, size)
        except photos.PhotoError as error:
            raise DataError(f"{name}: {error}") from None
        pictures.append((picture[0] * 255).round().to(torch.uint8))
        labels.append(label)
    if not pictures:
        raise DataError("there are too few pictures to keep some for testing: at least five.")
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    return torch.stack(pictures)[order].float().div(255), torch.tensor(labels)[order]
