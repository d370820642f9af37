"""How the bundled extractor is made: a small net teaches itself to look, without a single label.

The game: here is a 32-pixel crop with its colours shuffled; which of these pictures is it from?
To win it, a net must learn what textures and shapes there are (in the spirit of Dosovitskiy et
al., "Discriminative unsupervised feature learning with convolutional neural networks", 2014). The
pictures are photographs inside scikit-image and scikit-learn, and a Mondrian, a stained glass and
a piece of cloth by the painters of lesson 6.1. Of the pictures that the lesson shows (china,
chelsea, astronaut, and each painter's first work) none is among them.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib.assets.build.record import ship_net
from tutlib.style import extractors, paintings
from tutlib.training import fit

SAMPLES = (
    ("sklearn.datasets", "images/flower.jpg"),
    *(("skimage", f"data/{name}.png") for name in (
        "coffee", "motorcycle_left", "ihc", "color", "brick", "grass", "gravel", "coins",
        "camera", "moon", "page")),
    *(("skimage", f"data/{name}.jpg") for name in ("rocket", "hubble_deep_field", "retina")),
)  # fmt: skip
# The painters' second works; a second starry night would be nearly the first one.
PAINTED = (("mondrian", 1), ("stained glass", 1), ("waves", 1))
CLASSES = len(SAMPLES) + len(PAINTED)
CROP, BATCH, STEPS = 32, 48, 700


def pictures() -> list[Tensor]:
    """The CLASSES pictures to tell apart, each (3, H, W) in [0, 1]."""
    photos = (np.array(paintings.open_sample(*sample)) for sample in SAMPLES)
    found = [torch.from_numpy(photo).permute(2, 0, 1).float() / 255 for photo in photos]
    return found + [paintings.paint(name, 256, seed)[0] for name, seed in PAINTED]


def pyramid(picture: Tensor) -> list[Tensor]:
    """The picture at full, half and quarter size, as long as a crop has room to move."""
    levels = [picture]
    for _ in range(2):
        levels.append(F.avg_pool2d(levels[-1][None], 2)[0])
    return [level for level in levels if min(level.shape[1:]) >= CROP + 8]


def crops(levels: list[list[Tensor]], count: int, generator: torch.Generator) -> tuple:
    """`count` crops with their answers; colours, contrast and sides are shuffled."""

    def draw(high: int) -> int:
        return int(torch.randint(0, high, (), generator=generator))

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    x, y = [], []
    for _ in range(count):
        k = draw(len(levels))
        picture = levels[k][draw(len(levels[k]))]
        top, left = draw(picture.shape[1] - CROP + 1), draw(picture.shape[2] - CROP + 1)
        crop = picture[:, top : top + CROP, left : left + CROP]
        if uniform(0, 1) < 0.8:  # so that colour alone does not give the answer away
            crop = crop[torch.randperm(3, generator=generator)]
        crop = (crop - 0.5) * uniform(0.6, 1.4) + 0.5 + uniform(-0.1, 0.1, 3, 1, 1)
        x.append(crop.flip(2) if draw(2) else crop)
        y.append(k)
    return torch.stack(x).clamp(0, 1), torch.tensor(y)


def train_style(seed: int = 0, steps: int = STEPS) -> nn.Sequential:
    """Train `extractors.crop_net` from a seed: about a minute on one core."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    levels = [pyramid(picture) for picture in pictures()]
    x, y = crops(levels, steps * BATCH, generator)  # no crop is seen twice
    net, adamw = (
        extractors.crop_net(CLASSES),
        functools.partial(torch.optim.AdamW, weight_decay=0.02),
    )
    fit(net, x, y, epochs=1, batch=BATCH, lr=3e-3, optimizer=adamw, seed=seed)
    return net


@torch.no_grad()
def figures_style(net: nn.Module) -> dict:
    """Per cent of 1,000 new crops that the net puts into the right picture (chance: 1/CLASSES)."""
    levels = [pyramid(picture) for picture in pictures()]
    x, y = crops(levels, 1000, torch.Generator().manual_seed(10**6))
    right = sum((net(a).argmax(1) == b).sum().item() for a, b in zip(x.split(100), y.split(100)))
    return {"crops": round(100 * right / len(y), 1), "chance": round(100 / CLASSES, 1)}


def extractor(seed: int, ship: bool) -> dict:
    """What `build` calls."""
    return ship_net("style", train_style(seed), figures_style, ship)
