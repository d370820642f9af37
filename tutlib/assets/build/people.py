"""How the net that reads portraits is made (lesson 5.3): on drawn ones, whose truth is known."""

from __future__ import annotations

import functools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib.assets.build.record import ship_net
from tutlib.assets.people import heads, portraits, reader_net
from tutlib.check.patience import bar
from tutlib.training import one_cycle

SHEETS, TEST = 4, 400  # sheets of 400 portraits to learn from; portraits that nobody learnt from
EPOCHS, BATCH, LR = 10, 32, 3e-3  # the reader's


@functools.cache
def library() -> tuple[Tensor, dict[str, Tensor]]:
    """What there is to learn from: 1,600 portraits (1600, 3, 64, 64), and their factors."""
    sheets = [portraits(400, seed) for seed in bar(range(SHEETS), "sheets of 400 portraits")]
    factors = {name: torch.cat([s.factors[name] for s in sheets]) for name in sheets[0].factors}
    return _eight_bit(torch.cat([s.pictures for s in sheets])), factors


def _eight_bit(x: Tensor) -> Tensor:
    return (x * 255).round() / 255


def train_reader(seed: int) -> nn.Module:
    """Seven questions at once, in a loop of its own: `training.fit` knows one label a picture."""
    torch.manual_seed(seed)
    (x, factors), net = library(), reader_net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=1e-2)
    dice = torch.Generator().manual_seed(seed)
    steps = len(x) // BATCH
    net.train()
    for epoch in bar(range(EPOCHS), "epochs of reading faces"):
        for i, rows in enumerate(torch.randperm(len(x), generator=dice).split(BATCH)):
            for settings in optimizer.param_groups:
                settings["lr"] = LR * one_cycle(min(1.0, (epoch + i / steps) / EPOCHS))
            answers = heads(net(roughened(x[rows], dice)))
            loss = sum(F.cross_entropy(a, factors[name][rows]) for name, a in answers.items())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.eval()


def roughened(x: Tensor, dice: torch.Generator) -> Tensor:
    """Shifted, a little blurred and noisy: generated faces are never quite clean."""
    down, right = torch.randint(0, 5, (2,), generator=dice).tolist()
    height, width = x.shape[-2:]
    x = F.pad(x, (2,) * 4, mode="replicate")[..., down : down + height, right : right + width]
    blur, noise = torch.rand(2, generator=dice).tolist()
    x = x.lerp(F.avg_pool2d(F.pad(x, (1,) * 4, mode="replicate"), 3, 1), 0.6 * blur)
    return (x + 0.03 * noise * torch.randn(x.shape, generator=dice)).clamp(0, 1)


@torch.no_grad()
def figures_reader(net: nn.Module) -> dict:
    """Per cent right on portraits that nobody trained on."""
    sheet = portraits(TEST, seed=10**6)
    answers = heads(torch.cat([net(part) for part in sheet.pictures.split(100)]))
    return {
        name: round(100 * (a.argmax(1) == sheet.factors[name]).float().mean().item(), 1)
        for name, a in answers.items()
    }


def reader(seed: int, ship: bool) -> dict:
    """What `build` calls."""
    return ship_net("faces-reader", train_reader(seed), figures_reader, ship)
