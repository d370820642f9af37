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

from tutlib.assets.bundled import SIZE, THINGS
from tutlib.assets.catalogue import DATA
from tutlib.assets.datasets import PictureSet
from tutlib.assets.film import Walk, walk
from tutlib.assets.grounds import on_ground
from tutlib.assets.obtain import mode
from tutlib.assets.shelves import (
    about,
    any_painter,
    cifar10,
    classifier,
    device,
    digit_classifier,
    digits,
    features,
    image_folder,
    painter,
    photo,
    picture,
    things,
)
from tutlib.nets import Classifier

__all__ = [
    "DATA", "SIZE", "THINGS", "Classifier", "PictureSet", "Walk", "about", "any_painter",
    "cifar10", "classifier", "device", "digit_classifier", "digits", "features", "image_folder",
    "mode", "on_ground", "painter", "photo", "picture", "things", "walk",
]  # fmt: skip
