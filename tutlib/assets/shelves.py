"""The public face: each function takes the real thing where it can be had, the bundled one else."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import Module

from tutlib.assets import bundled, photos, real
from tutlib.assets.bundled import SIZE, THINGS
from tutlib.assets.catalogue import ASSETS
from tutlib.assets.datasets import PictureSet
from tutlib.assets.obtain import mode, obtain
from tutlib.check.files import at_home
from tutlib.nets import Classifier
from tutlib.style import AnyPainter, Extractor, Painter, extractors


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
    if twin == "standard" and (path := obtain("resnet50")):
        return real.resnet50(path, device())
    return bundled.classifier(twin).to(device())


def digit_classifier() -> Classifier:
    """A net that reads the digits of `digits()`, on `device()`.

    The one for drawn digits is bundled; the one for MNIST is trained when it is first
    asked for (about half a minute) and kept.
    """
    data = digits()
    if data.source == "real":
        net = real.digit_reader(data)
        return Classifier(net, data.labels, 28, "real", "the digit net").to(device())
    return bundled.digit_classifier().to(device())


def features(name: str | None = None) -> Extractor:
    """A feature extractor for style transfer, on `device()`.

    Args:
        name: "vgg19", "squeezenet1_1", "bundled", or None: the best one that is to be had.
    """
    makers = {"vgg19": extractors.vgg19, "squeezenet1_1": extractors.squeezenet}
    if name not in (None, "bundled", *makers):
        raise ValueError(f"name must be bundled, {', '.join(makers)} or None, and it is {name!r}.")
    if name is None:
        name = "vgg19" if mode() != "bundled" and _whole("vgg19") else "squeezenet1_1"
    if name != "bundled" and (path := obtain(name)):
        return makers[name](real.torchvision_net(name, path)).to(device())
    return bundled.extractor().to(device())


def painter() -> Painter:
    """A net that paints like any of the four paintings in one pass, on `device()`; bundled."""
    return bundled.painter().to(device())


def any_painter() -> AnyPainter:
    """A net that paints like any painting it is told of, on `device()`; bundled."""
    return bundled.any_painter().to(device())


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
    return bundled.picture(name, which).to(device())


def photo(path: str | Path, size: int = SIZE) -> Tensor:
    """A photo of yours: its middle square as (1, 3, size, size) in [0, 1], on `device()`.

    Raises:
        photos.PhotoError: if it cannot be read, with what to do.
    """
    return photos.read(at_home(path), size).to(device())


def things(size: int = SIZE) -> PictureSet:
    """The picture world: ten things, 3D scenes drawn at random, train and test.

    Args:
        size: side in pixels; 224 (as shipped) or smaller (averaged down).
    """
    return bundled.things(size)


def digits() -> PictureSet:
    """Handwritten digits, white ink on black, (N, 1, 28, 28): MNIST, or as many drawn ones.

    The drawn ones come from `world.write`, whose docstring says how; of them everything is known:
    ``digits().factors["test"]["slant"]``. 60,000 to train on take a few seconds.
    """
    if raw := obtain("mnist"):
        return real.mnist(raw)
    return bundled.digits()


def neat_digits(part: str = "train") -> tuple[Tensor, Tensor]:
    """Drawn digits in neat hands, one way to write each: pictures (N, 1, 28, 28) and labels, CPU.

    The same on either shelf. Who writes the test digits wrote none of those to learn from, and
    nothing that the reader of drawn digits has learnt from.

    Args:
        part: "train" (6,000) or "test" (1,000).

    Raises:
        ValueError: if it is neither.
    """
    return bundled.neat_digits(part)


def drawn_digit_reader() -> Classifier:
    """The bundled reader of drawn digits, on `device()`, on either shelf."""
    return bundled.digit_classifier().to(device())


def year_of_the_gan() -> tuple[dict[str, list[Module]], dict[str, list[dict]]]:
    """What seven games of lesson 5.4 left behind, three seeds each, the same on either shelf.

    Returns:
        The averaged generators and the records of their games, lists by the name of the game; a
        record holds curves: "pictures", "seconds", "distance" (in multiples of the floor), "gap",
        "d_loss", "g_loss", "pull", "k", as `gan.year.Look` explains them.
    """
    players, records = bundled.year_of_the_gan()
    return {name: [net.to(device()) for net in nets] for name, nets in players.items()}, records


def cifar10() -> PictureSet:
    """Small photos of ten things, (N, 3, 32, 32): CIFAR-10, or the picture world at that size.

    170 MB are never fetched unasked: `python -m tutlib fetch cifar10`, or `TUTLIB_DATA`.
    """
    place = obtain("cifar10")
    return real.cifar10(place) if place else things(32)


def image_folder(path: str | Path, size: int = SIZE) -> PictureSet:
    """Pictures of your own, one folder for each class: (N, 3, size, size).

    With `train` and `test` folders in `path` those are used; otherwise every fifth picture is kept
    for testing. Photos are turned upright and cut to their middle square.

    Raises:
        datasets.DataError: no such folder, an empty one, or a picture that cannot be read.
    """
    return real.image_folder(at_home(path), size)


def _whole(name: str) -> bool:
    asset = ASSETS[name]
    return asset.find() is not None and not asset.fault()
