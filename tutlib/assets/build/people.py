"""How the net that reads faces is made: on drawn faces, whose attributes are known."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib.assets.build.record import ship_net
from tutlib.assets.people import heads, people, reader_net
from tutlib.check.patience import bar
from tutlib.training import one_cycle

TRAIN, TEST, EPOCHS, BATCH, LR = 4000, 1000, 9, 50, 4e-3


def train_reader(seed: int) -> nn.Module:
    """Nine questions at once, in a loop of its own: `training.fit` knows one label a picture."""
    torch.manual_seed(seed)
    net, sheet = reader_net(), people(TRAIN, seed=1000 + seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=1e-2)
    generator = torch.Generator().manual_seed(seed)
    steps = TRAIN // BATCH
    net.train()
    for epoch in bar(range(EPOCHS), "the net learns to read faces"):
        for i, rows in enumerate(torch.randperm(TRAIN, generator=generator).split(BATCH)):
            for settings in optimizer.param_groups:
                settings["lr"] = LR * one_cycle((epoch + i / steps) / EPOCHS)
            x = roughened(sheet.pictures[rows], generator)
            truth = {name: values[rows] for name, values in sheet.factors.items()}
            optimizer.zero_grad()
            loss(net(x), truth).backward()
            optimizer.step()
    return net.eval()


def loss(outputs: Tensor, truth: dict[str, Tensor]) -> Tensor:
    """Cross-entropies of what has options, and the squared error of the angles, in radians / 10."""
    total = outputs.new_zeros(())
    for name, seen in heads(outputs).items():
        wanted = truth[name]
        if seen.dim() == 2:
            total = total + F.cross_entropy(seen, wanted)
        else:
            total = total + F.mse_loss(seen * 10, wanted * 10)
    return total


def roughened(x: Tensor, generator: torch.Generator) -> Tensor:
    """Shifted, blurred and noisy, each batch another way: generated faces are never quite clean."""
    down, right = torch.randint(0, 7, (2,), generator=generator).tolist()
    height, width = x.shape[-2:]
    x = F.pad(x, (3,) * 4, mode="replicate")[..., down : down + height, right : right + width]
    blur, noise, light = torch.rand(3, generator=generator).tolist()
    x = x.lerp(F.avg_pool2d(F.pad(x, (1,) * 4, mode="replicate"), 3, 1), blur)
    x = x + 0.05 * noise * torch.randn(x.shape, generator=generator) + 0.1 * (light - 0.5)
    return x.clamp(0, 1)


@torch.no_grad()
def figures_reader(net: nn.Module) -> dict:
    """Per cent right on faces that nobody trained on; angles: mean error in degrees."""
    sheet = people(TEST, seed=10**6)
    parts = [heads(net(part)) for part in sheet.pictures.split(100)]
    table = {}
    for name in parts[0]:
        seen, truth = torch.cat([part[name] for part in parts]), sheet.factors[name]
        if seen.dim() == 2:
            table[name] = round(100 * (seen.argmax(1) == truth).float().mean().item(), 1)
        else:
            table[f"{name}, degrees"] = round((seen - truth).abs().mean().rad2deg().item(), 2)
    return table


def reader(seed: int, ship: bool) -> dict:
    """What `build` calls."""
    return ship_net("faces-reader", train_reader(seed), figures_reader, ship)
