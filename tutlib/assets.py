"""Which pictures and weights there are, and where they come from: real first, always works.

Two shelves. *Bundled*: made by this project, shipped in `data/`, needs no network. *Real*:
ResNet-50 and friends, MNIST, CIFAR-10, your own photos. `TUTLIB_ASSETS` chooses:

    auto      (default) the real thing if it can be had, the bundled one otherwise
    bundled   never touches the network
    real      raises instead of falling back

`TUTLIB_DATA` names a folder with data sets that are already there (torchvision's layout),
`TUTLIB_CACHE` where downloads go (torch.hub's folder, unless it is set), `TUTLIB_PHOTO` a photo of
yours that takes the pig's place. `python -m tutlib doctor` says what is where.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib import extractors, nets, photos, real, shelf, world
from tutlib.classifier import Classifier
from tutlib.datasets import PictureSet
from tutlib.extractors import Extractor
from tutlib.shelf import mode

__all__ = [
    "Classifier", "PictureSet", "about", "cifar10", "classifier", "device", "digit_classifier",
    "digits", "features", "image_folder", "mode", "photo", "picture", "things",
]  # fmt: skip

DATA = Path(__file__).resolve().parent.parent / "data"
THINGS = list(world.NAMES)
SIZE = 224  # the side of the picture world's pictures, and what its net sees
# Which test picture comes first, chosen for its looks alone; the others keep their order.
PORTRAITS = {
    "hog": 13, "wombat": 9, "airliner": 2, "giant panda": 3, "ostrich": 6,
    "school bus": 11, "sports car": 10, "speedboat": 1, "tabby": 7, "teapot": 13,
}  # fmt: skip
TILE_COLUMNS = 6  # pictures in one row of a sheet in data/things


def device() -> torch.device:
    """The GPU where there is one, the CPU otherwise."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def about(net: Classifier) -> str:
    """Which shelf a lesson runs on, and how to get the other one: a line for its top."""
    where = "the GPU" if device().type == "cuda" else "the CPU"
    if net.source == "real":
        return f"running on {net.name}, real weights, on {where}"
    return (
        f"running on {net.name} (bundled, nothing was downloaded), on {where}; "
        "`python -m tutlib fetch resnet50` gets the large one"
    )


def classifier(twin: str = "standard") -> Classifier:
    """The net the course talks to, on `device()`: ResNet-50, or the bundled one.

    Args:
        twin: "standard"; or one of three small nets that are bundled, on either shelf: "fragile"
            (the standard one where there is no ResNet-50), "plain" (the same without the contrast
            layer), and "robust" (like that, and adversarially trained).
    """
    names = {
        "standard": "the bundled net",
        "fragile": "the fragile net",
        "plain": "the plain net",
        "robust": "the robust net",
    }
    if twin not in names:
        raise ValueError(f"twin must be one of {', '.join(names)}, and this is {twin!r}.")
    if twin == "standard" and (path := shelf.obtain("resnet50")):
        return real.resnet50(path, device())
    net = nets.world_net(len(THINGS), contrast=twin in ("standard", "fragile"))
    load_weights(net, "things-standard" if twin == "fragile" else f"things-{twin}")
    return Classifier(net, THINGS, SIZE, "bundled", names[twin]).to(device())


def digit_classifier() -> Classifier:
    """A net that reads the digits of `digits()`, on `device()`.

    The one for scikit-learn's digits is bundled; the one for MNIST is trained when it is first
    asked for (about half a minute) and kept.
    """
    data = digits()
    if data.source == "real":
        net = real.digit_reader(data)
        return Classifier(net, data.labels, 28, "real", "the digit net").to(device())
    net = nets.digit_net(16)
    load_weights(net, "digits")
    return Classifier(net, data.labels, 16, "bundled", "the digit net").to(device())


def features(name: str | None = None) -> Extractor:
    """An eye for style transfer, on `device()`.

    Args:
        name: "vgg19", "squeezenet1_1", "bundled", or None: the best one that is to be had.
    """
    makers = {"vgg19": extractors.vgg19, "squeezenet1_1": extractors.squeezenet}
    if name not in (None, "bundled", *makers):
        raise ValueError(f"name must be bundled, {', '.join(makers)} or None, and it is {name!r}.")
    if name is None:
        name = "vgg19" if mode() != "bundled" and _whole("vgg19") else "squeezenet1_1"
    if name != "bundled" and (path := shelf.obtain(name)):
        return makers[name](real.torchvision_net(name, path)).to(device())
    classes = len(load_file(DATA / "style.safetensors")["20.bias"])
    net = load_weights(extractors.crop_net(classes), "style")
    return extractors.bundled(net).to(device())


def picture(name: str, which: int = 0) -> Tensor:
    """One picture of a thing that no net has been trained on: (1, 3, 224, 224) in [0, 1].

    Args:
        name: one of `THINGS`, for example "hog"; which: 0, 1, 2 ... for another one. The first
            hog is the photo that `TUTLIB_PHOTO` names, if it is set.
    """
    if name not in THINGS:
        raise KeyError(f"there is no picture of {name!r}; there are {', '.join(THINGS)}")
    if name == "hog" and which == 0 and os.environ.get("TUTLIB_PHOTO"):
        return photo(os.environ["TUTLIB_PHOTO"])
    tiles = _tiles(DATA / "things" / f"{file_name(name)}-test.webp")
    which = (which + PORTRAITS[name]) % len(tiles)
    return tiles[which][None].float().div(255).to(device())


def photo(path: str | Path, size: int = SIZE) -> Tensor:
    """A photo of yours: its middle square as (1, 3, size, size) in [0, 1], on `device()`.

    Raises:
        photos.PhotoError: if it cannot be read, with what to do.
    """
    return photos.read(Path(path).expanduser(), size).to(device())


def things(size: int = SIZE) -> PictureSet:
    """The picture world: ten things, 3D scenes drawn at random, train and test.

    Args:
        size: side in pixels; 224 (as shipped) or smaller (averaged down).
    """
    return PictureSet(
        functools.partial(_load_things, "train", size),
        functools.partial(_load_things, "test", size),
        labels=list(THINGS),
        eps=2 / 255,
        source="bundled",
        name="the picture world",
    )


def digits() -> PictureSet:
    """Handwritten digits, white ink on black: MNIST (N, 1, 28, 28), or scikit-learn's 1,797.

    The latter are 8 x 8, made 16 x 16 by bicubic interpolation: 1,397 to train on, 400 to test on,
    (N, 1, 16, 16). They were collected by Alpaydin and Kaynak (1998).
    """
    if raw := shelf.obtain("mnist"):
        return real.mnist(raw)
    return PictureSet(
        functools.partial(_load_digits, "train"),
        functools.partial(_load_digits, "test"),
        labels=[str(digit) for digit in range(10)],
        eps=0.1,
        source="bundled",
        name="scikit-learn's digits",
    )


def cifar10() -> PictureSet:
    """Small photos of ten things, (N, 3, 32, 32): CIFAR-10, or the picture world at that size.

    170 MB are never fetched unasked: `python -m tutlib fetch cifar10`, or `TUTLIB_DATA`.
    """
    place = shelf.obtain("cifar10")
    return real.cifar10(place) if place else things(32)


def image_folder(path: str | Path, size: int = SIZE) -> PictureSet:
    """Pictures of your own, one folder for each class: (N, 3, size, size).

    With `train` and `test` folders in `path` those are used; otherwise every fifth picture is kept
    for testing. Photos are turned upright and cut to their middle square.

    Raises:
        datasets.DataError: no such folder, an empty one, or a picture that cannot be read.
    """
    return real.image_folder(Path(path).expanduser(), size)


def load_weights(net: nn.Module, name: str) -> nn.Module:
    """Fill `net` with the bundled weights `data/NAME.safetensors` (stored as float16).

    Raises:
        FileNotFoundError: if they are not there, with the command that makes them.
    """
    path = DATA / f"{name}.safetensors"
    if not path.exists():
        raise FileNotFoundError(
            f"{path.name} is not in {path.parent}: `python -m tutlib build {name}` makes it anew."
        )
    state = load_file(path)
    net.load_state_dict(
        {key: t.float() if t.is_floating_point() else t for key, t in state.items()}
    )
    return net.eval()


def _whole(name: str) -> bool:
    asset = shelf.ASSETS[name]
    return asset.find() is not None and not asset.fault()


def file_name(name: str) -> str:
    """ "giant panda" -> "giant-panda"."""
    return name.replace(" ", "-")


def _tiles(path: Path) -> Tensor:
    """A sheet of square pictures in rows of `TILE_COLUMNS` -> uint8 (N, 3, 224, 224)."""
    with Image.open(path) as sheet:
        pixels = torch.frombuffer(bytearray(sheet.convert("RGB").tobytes()), dtype=torch.uint8)
        pixels = pixels.view(sheet.height, sheet.width, 3)
    rows, columns = pixels.shape[0] // SIZE, pixels.shape[1] // SIZE
    pixels = pixels.view(rows, SIZE, columns, SIZE, 3).permute(0, 2, 4, 1, 3)
    return pixels.reshape(rows * columns, 3, SIZE, SIZE)


def _load_things(part: str, size: int) -> tuple[Tensor, Tensor]:
    """All pictures of one part, shuffled once and for all so that any slice is a fair sample."""
    sheets = [_tiles(DATA / "things" / f"{file_name(name)}-{part}.webp") for name in THINGS]
    y = torch.cat([torch.full((len(tiles),), k) for k, tiles in enumerate(sheets)])
    x = torch.cat([_shrink(tiles, size) for tiles in sheets])
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    return x[order], y[order]


def _shrink(tiles: Tensor, size: int) -> Tensor:
    x = tiles.float() / 255
    return x if size == SIZE else F.interpolate(x, size=(size, size), mode="area")


def _load_digits(part: str) -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits  # slow to import, and needed here alone

    pixels, labels = load_digits(return_X_y=True)
    x = torch.tensor(pixels, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    x = F.interpolate(x, size=(16, 16), mode="bicubic", align_corners=False).clamp(0, 1)
    y = torch.tensor(labels)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    keep = order[400:] if part == "train" else order[:400]
    return x[keep], y[keep]
