"""What lies on the real shelf, made ready for use: nets with their weights, picture sets."""

from __future__ import annotations

import contextlib
import functools
import pickle
from pathlib import Path
from zipfile import BadZipFile

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tutlib import nets
from tutlib.assets import datasets
from tutlib.assets.catalogue import ASSETS, AssetError, cache_folder
from tutlib.assets.datasets import PictureSet
from tutlib.check.files import write_whole
from tutlib.nets import Classifier

SEEN = 36_000  # pictures that `train_reader` looks at: about 30 s of CPU time
READER = "v1"  # the recipe of `digit_reader`: a new one must not find the old one's weights


def torchvision_net(name: str, path: Path) -> nn.Module:
    """``torchvision.models.NAME`` with the weights in a file; in eval mode, nothing to train.

    Raises:
        AssetError: if the file is broken or belongs to another net.
    """
    from torchvision import models  # slow to import, and needed for real nets alone

    with torch.device("meta"):  # the weights come from the file: draw no random ones first
        net = models.get_model(name, weights=None)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        net.load_state_dict(state, assign=True)
    except (
        RuntimeError,
        pickle.UnpicklingError,
        EOFError,
        OSError,
        BadZipFile,
        KeyError,
        TypeError,
    ):
        title = ASSETS[name].title
        raise AssetError(
            f"{path} does not hold the weights of {title}: delete it, and "
            f"`python -m tutlib fetch {name}` gets them again."
        ) from None
    return net.eval().requires_grad_(False)


def resnet50(path: Path, device: torch.device) -> Classifier:
    """ResNet-50 (He et al., 2016) as the original lesson uses it: pictures in [0, 1] in.

    Its labels are ImageNet's thousand; "hog" and "airliner" are among them.
    """
    from torchvision.models import ResNet50_Weights

    net = nn.Sequential(nets.Normalize(), torchvision_net("resnet50", path))
    labels = ResNet50_Weights.IMAGENET1K_V1.meta["categories"]
    return Classifier(net, labels, 224, "real", "ResNet-50").to(device)


def mnist(raw: Path) -> PictureSet:
    """MNIST (LeCun, Cortes and Burges, 1998): (N, 1, 28, 28), white ink on black.

    Raises:
        datasets.DataError: if a file is missing or broken.
    """
    counts = datasets.mnist_counts(raw)
    return PictureSet(
        functools.partial(datasets.mnist, raw, "train"),
        functools.partial(datasets.mnist, raw, "t10k"),
        labels=[str(digit) for digit in range(10)],
        eps=0.1,
        source="real",
        name=f"MNIST, {counts['train']:,} digits to train on and {counts['t10k']:,} to test on",
    )


def cifar10(place: Path) -> PictureSet:
    """CIFAR-10 (Krizhevsky, 2009): (N, 3, 32, 32), from torchvision's folder, a folder or a zip."""
    return PictureSet(
        functools.partial(datasets.cifar10, place, "train"),
        functools.partial(datasets.cifar10, place, "test"),
        labels=datasets.cifar10_labels(place),
        eps=8 / 255,
        source="real",
        name="CIFAR-10",
    )


def image_folder(path: Path, size: int) -> PictureSet:
    """Any folder of pictures, one folder in it for each class: (N, 3, size, size)."""
    parts = datasets.image_folder_parts(path)
    return PictureSet(
        functools.partial(datasets.read_pictures, parts["train"], size),
        functools.partial(datasets.read_pictures, parts["test"], size),
        labels=datasets.image_folder_labels(path),
        eps=2 / 255,
        source="real",
        name=f"the pictures in {path.name}",
    )


# ---------------------------------------------------------------- a reader for 28 x 28 digits


def digit_reader(digits: PictureSet, *, seed: int = 0) -> nn.Module:
    """The tutorial's net, trained here and now on `digits` (about half a minute, kept on disk).

    Nobody's weights fit these pictures, so they are made on the spot: from a seed, the same every
    time. `tutlib.training.fit` is all there is to it.
    """
    x, y = digits.train
    path = _reader_file(digits, seed)
    with torch.random.fork_rng(devices=[]):  # a lesson's own random numbers do not shift
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPU as well
        net = nets.digit_net(x.shape[-1])
    with contextlib.suppress(OSError, SafetensorError, RuntimeError):
        net.load_state_dict(load_file(path))
        return net.eval()
    print(f"Training a digit reader on {len(x):,} pictures, once: about half a minute ...")
    train_reader(net, x, y, seed=seed)
    _keep(net, path)
    return net


def train_reader(net: nn.Module, x: Tensor, y: Tensor, *, seed: int = 0) -> None:
    """`SEEN` pictures, one after the other: several epochs of a few, or a part of very many."""
    from tutlib.training import fit

    x, y = x[:SEEN], y[:SEEN]
    fit(net, x, y, epochs=max(1, round(SEEN / len(x))), batch=100, seed=seed)


def _reader_file(digits: PictureSet, seed: int) -> Path:
    x, y = digits.train
    return cache_folder() / f"tutlib-digits-{x.shape[-1]}-{len(y)}-{seed}-{READER}.safetensors"


def _keep(net: nn.Module, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda part: save_file(net.state_dict(), part))
    except (OSError, SafetensorError) as error:
        print(f"(It cannot be kept in {path.parent}, so it will be trained anew: {error})")
