"""How the painter of 6.3 is made: one body and a code for each painting, on the objective of 6.1.

No painted photograph is shown to it. It paints crops, the extractor of 6.1 says what each is worth
(content + lam * style + smooth * total variation), and the weights go downhill (Johnson et al.,
2016). The crops come from sample photographs and from the picture world's training sheets; china,
chelsea and astronaut, which lesson 6.1 shows, are not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib import style
from tutlib.assets import bundled
from tutlib.assets.build.record import ship_net
from tutlib.assets.build.style import SAMPLES, pictures
from tutlib.check.patience import bar
from tutlib.style import paintings
from tutlib.style.extractors import Extractor

# Pages, lawns and galaxies: good to learn textures from, but nothing that anybody paints over.
PLAIN = ("page", "brick", "grass", "gravel", "hubble_deep_field", "moon")
CROP, BATCH, STEPS, RATE = 96, 2, 1200, 4e-3
LAM, SMOOTH = 10.0, 0.5  # those of 6.1
SIDE = 192  # pixels a side of the painting: how large its strokes are in a picture
WORLD = 300  # pictures of the world among the contents


def contents() -> list[Tensor]:
    """What it learns to paint: pictures (3, H, W) in [0, 1], photographs first."""
    named = zip(SAMPLES, pictures())
    photos = [x for (_, path), x in named if not any(name in path for name in PLAIN)]
    world, _ = bundled.things(bundled.SIZE).train
    return [x.expand(3, -1, -1) for x in photos] + list(world[:WORLD])


def crops(pool: list[Tensor], count: int, generator: torch.Generator, side: int = CROP) -> Tensor:
    """`count` squares (count, 3, side, side), large and small parts; half from photographs."""

    def draw(high: int) -> int:
        return int(torch.randint(0, max(1, high), (), generator=generator))

    photos, found = len(pool) - WORLD, []
    for _ in range(count):
        picture = pool[draw(photos)] if draw(2) else pool[photos + draw(WORLD)]
        height, width = picture.shape[1:]
        whole = min(height, width)
        edge = side + draw(whole - side + 1)
        top, left = draw(height - edge + 1), draw(width - edge + 1)
        part = picture[None, :, top : top + edge, left : left + edge]
        part = F.interpolate(part, (side, side), mode="bilinear", antialias=True)
        found.append(part.flip(3) if draw(2) else part)
    return torch.cat(found).clamp(0, 1)  # rounding may reach a hair beyond 1


def objective(extractor: Extractor, painting: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """(painted, photographs) -> the objective of 6.1, averaged over a batch."""
    layers = {*extractor.style_layers, *extractor.content_layers}
    with torch.no_grad():
        seen = extractor(painting, extractor.style_layers)
        wanted = {name: style.statistics(seen[name]) for name in extractor.style_layers}

    def paid(x: Tensor, photos: Tensor) -> Tensor:
        with torch.no_grad():
            shown = extractor(photos, extractor.content_layers)
        ours = extractor(x, layers)
        place = [style.content_loss(ours[name], style.standardize(shown[name]))
                 for name in extractor.content_layers]  # fmt: skip
        # style_loss adds over the batch: the sum for each picture, and so the mean of them.
        paint = [style.style_loss(ours[name], target) / len(x) for name, target in wanted.items()]
        parts = style.Losses(sum(place) / len(place), sum(paint) / len(paint))
        return style.weighed(lambda _: parts, LAM, SMOOTH)(x)

    return paid


def training(net: style.Painter, extractor: Extractor, *, steps: int = STEPS, rate: float = RATE,
             seed: int = 0) -> Iterator[float]:  # fmt: skip
    """Train step by step, a painting at a time in turn; yields the objective of each step."""
    generator, pool = torch.Generator().manual_seed(seed), contents()
    goals = [objective(extractor, paintings.paint(name, SIDE)) for name in net.styles]
    adam = torch.optim.Adam(net.parameters(), rate)
    plan = torch.optim.lr_scheduler.OneCycleLR(adam, rate, total_steps=steps, pct_start=0.05)
    for step in range(steps):
        name, goal = net.styles[step % len(goals)], goals[step % len(goals)]
        photos = crops(pool, BATCH, generator)
        loss = goal(net(photos, name), photos)
        adam.zero_grad()
        loss.backward()
        # The first crops explode where a net that paints nothing meets a flat wall.
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        adam.step()
        plan.step()
        yield loss.item()


def train_painter(seed: int = 0, steps: int = STEPS) -> style.Painter:
    """All four paintings from a seed."""
    torch.manual_seed(seed)
    net = style.Painter(list(paintings.STYLES))
    for _ in bar(training(net, bundled.extractor(), steps=steps, seed=seed), "crops painted"):
        pass
    return net.eval()


@torch.no_grad()
def figures_painter(net: style.Painter, size: int = 128) -> dict:
    """The objective on two photographs it never saw, as a share of the photograph's own."""
    extractor, table = bundled.extractor(), {}
    for name in net.styles:
        paid, shares = objective(extractor, paintings.paint(name, SIDE)), []
        for sitter in ("astronaut", "chelsea"):
            photo = paintings.photo(sitter, size)
            shares.append(paid(net(photo, name), photo) / paid(photo, photo))
        table[name] = round(sum(shares).item() / len(shares), 3)
    return table


def painter(seed: int, ship: bool) -> dict:
    """What `build` calls."""
    return ship_net("painter", train_painter(seed), figures_painter, ship)
