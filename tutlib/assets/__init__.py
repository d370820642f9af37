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

from tutlib.assets.asked import (
    BIRD_WORDS,
    SCORED,
    BirdPainter,
    BirdReader,
    bird_painter,
    bird_reader,
    bird_truth,
)
from tutlib.assets.bundled import SIZE, THINGS
from tutlib.assets.catalogue import DATA
from tutlib.assets.datasets import PictureSet
from tutlib.assets.film import Walk, walk
from tutlib.assets.grounds import on_ground
from tutlib.assets.obtain import mode
from tutlib.assets.people import face_forger, face_reader, portraits
from tutlib.assets.shelves import (
    about,
    any_painter,
    cifar10,
    classifier,
    device,
    digit_classifier,
    digits,
    drawn_digit_reader,
    features,
    image_folder,
    neat_digits,
    painter,
    photo,
    picture,
    things,
    year_of_the_gan,
)
from tutlib.assets.translators import TRANSLATORS, HerdReader, herd_reader, translator
from tutlib.nets import Classifier
from tutlib.world import (
    CaptionError,
    beaks_at,
    captions,
    flock,
    herd,
    is_kept_back,
    outline,
    portray,
    read_caption,
)

__all__ = [
    "BIRD_WORDS",
    "DATA",
    "SCORED",
    "SIZE",
    "THINGS",
    "TRANSLATORS",
    "BirdPainter",
    "BirdReader",
    "CaptionError",
    "Classifier",
    "HerdReader",
    "PictureSet",
    "Walk",
    "about",
    "any_painter",
    "beaks_at",
    "bird_painter",
    "bird_reader",
    "bird_truth",
    "captions",
    "cifar10",
    "classifier",
    "device",
    "digit_classifier",
    "digits",
    "drawn_digit_reader",
    "face_forger", "face_reader",
    "features",
    "flock",
    "herd",
    "herd_reader",
    "image_folder",
    "is_kept_back",
    "mode",
    "neat_digits",
    "on_ground",
    "outline",
    "painter",
    "photo",
    "picture",
    "portraits",
    "portray",
    "read_caption",
    "things",
    "translator",
    "walk",
    "year_of_the_gan",
]  # fmt: skip
