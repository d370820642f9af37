"""Which pictures and weights there are, and where they come from: real first, always works.

Two shelves. *Bundled*: made by this project, shipped in `data/`, needs no network. *Real*:
ResNet-50 and friends, MNIST, CIFAR-10, your own photos. `TUTLIB_ASSETS` chooses:

    auto      (default) the real thing if it can be had, the bundled one otherwise
    bundled   never touches the network
    real      raises instead of falling back

`TUTLIB_DATA` names a folder with data sets that are already there (torchvision's layout).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib import nets, world

DATA = Path(__file__).resolve().parent.parent / "data"
THINGS = list(world.NAMES)
SIZE = 224  # the side of the picture world's pictures, and what its net sees
TILE_COLUMNS = 6  # pictures in one row of a sheet in data/things


class Classifier(nn.Module):
    """A net together with what is needed to talk about it: names, size, origin.

    Args:
        net: from pictures (N, C, size, size) in [0, 1] to logits (N, K).
        labels: the K class names, in order.
        size: side of the pictures it was made for, in pixels.
        source: "bundled" or "real".
        name: what to call it in a figure.
    """

    def __init__(self, net: nn.Module, labels: list[str], size: int, source: str, name: str):
        super().__init__()
        self.net, self.labels, self.size = net, list(labels), size
        self.source, self.name = source, name
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def index(self, name: str) -> int:
        """The number of a class.

        Raises:
            KeyError: if there is no such class; the message names the nearest ones.
        """
        if name in self.labels:
            return self.labels.index(name)
        near = [label for label in self.labels if name.lower() in label.lower()][:5]
        known = near or [*self.labels[:10], "..."]
        raise KeyError(f"this net knows no {name!r}; it knows {', '.join(known)}")

    @torch.no_grad()
    def prob(self, x: Tensor, name: str | int) -> Tensor:
        """How sure the net is of one class: (N, C, H, W) -> (N,), between 0 and 1."""
        column = self.index(name) if isinstance(name, str) else name
        return self(x).softmax(1)[:, column]

    @torch.no_grad()
    def top(self, x: Tensor, k: int = 5) -> list[tuple[str, float]]:
        """The k surest answers for one picture (1, C, H, W): pairs (name, probability)."""
        if len(x) != 1:
            raise ValueError(f"top() looks at one picture, and this is a batch of {len(x)}.")
        values, columns = self(x).softmax(1)[0].topk(min(k, len(self.labels)))
        return [(self.labels[c], v) for c, v in zip(columns.tolist(), values.tolist())]

    def describe(self, x: Tensor) -> str:
        """What the net says about one picture, in a sentence."""
        (name, value), *_ = self.top(x, 1)
        return f"{self.name} says: {name} ({100 * value:.1f} %)"


@dataclass(frozen=True)
class PictureSet:
    """Pictures with labels, in memory.

    Attributes:
        train, test: pairs (x, y): x float32 (N, C, H, W) in [0, 1], y long (N,).
        labels: class names; eps: a change of this size (L-inf) is the usual test on these
            pictures; source: "bundled" or "real"; name: what to call them in a sentence.
    """

    load_train: Callable[[], tuple[Tensor, Tensor]]
    load_test: Callable[[], tuple[Tensor, Tensor]]
    labels: list[str]
    eps: float
    source: str
    name: str

    @functools.cached_property
    def train(self) -> tuple[Tensor, Tensor]:
        return self.load_train()

    @functools.cached_property
    def test(self) -> tuple[Tensor, Tensor]:
        return self.load_test()


def mode() -> str:
    """What `TUTLIB_ASSETS` says: "auto", "bundled" or "real".

    Raises:
        ValueError: if it says anything else.
    """
    chosen = os.environ.get("TUTLIB_ASSETS", "auto")
    if chosen not in ("auto", "bundled", "real"):
        raise ValueError(f"TUTLIB_ASSETS must be auto, bundled or real, and it is {chosen!r}.")
    return chosen


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
    """The net the course talks to, on `device()`.

    Args:
        twin: "standard", or "robust": the same net, adversarially trained (bundled shelf).
    """
    names = {"standard": "the bundled net", "robust": "the robust net"}
    if twin not in names:
        raise ValueError(f"twin must be one of {', '.join(names)}, and this is {twin!r}.")
    net = nets.world_net(len(THINGS), contrast=twin == "standard")
    load_weights(net, f"things-{twin}")
    return Classifier(net, THINGS, SIZE, "bundled", names[twin]).to(device())


def digit_classifier() -> Classifier:
    """A net that reads the digits of `digits()`, on `device()`."""
    data = digits()
    net = nets.digit_net(16)
    load_weights(net, "digits")
    return Classifier(net, data.labels, 16, "bundled", "the digit net").to(device())


def picture(name: str, which: int = 0) -> Tensor:
    """One picture of a thing that no net has been trained on: (1, 3, 224, 224) in [0, 1].

    Args:
        name: one of `THINGS`, for example "hog"; which: 0, 1, 2 ... for another one.
    """
    if name not in THINGS:
        raise KeyError(f"there is no picture of {name!r}; there are {', '.join(THINGS)}")
    tiles = _tiles(DATA / "things" / f"{file_name(name)}-test.webp")
    return tiles[which % len(tiles)][None].float().div(255).to(device())


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
    """Handwritten digits: scikit-learn's 1,797 (8 x 8, made 16 x 16 by bicubic interpolation).

    1,397 to train on, 400 to test on; (N, 1, 16, 16), white ink on black. They were collected by
    Alpaydin and Kaynak (1998).
    """
    return PictureSet(
        functools.partial(_load_digits, "train"),
        functools.partial(_load_digits, "test"),
        labels=[str(digit) for digit in range(10)],
        eps=0.1,
        source="bundled",
        name="scikit-learn's digits",
    )


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
