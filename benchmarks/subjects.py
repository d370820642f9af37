"""The nets that are attacked, trained here on the bundled digits, from a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import resnet18

from tutlib import assets, nets
from tutlib.attacks import pgd
from tutlib.balls import Linf

READABLE = """On so small a net the loop's own bookkeeping shows. It is written to be read:
everything that untargeted PGD runs is at most a hundred lines (`tests/test_pgd_is_short.py`); a
version that fused the ball with the box, and counted no line, needed 1.19."""


@dataclass(frozen=True)
class Subject:
    """A net with the pictures to attack it on.

    Attributes:
        name: for the table; model: from pictures to logits; x, y: test pictures and labels.
        eps: in pixel units; batch: pictures in a timed call; goal: the ratio tutlib may need;
            note: what is said below the table.
    """

    name: str
    model: nn.Module
    x: Tensor
    y: Tensor
    eps: float
    batch: int
    goal: float
    note: str = ""


def subjects() -> list[Subject]:
    data = assets.digits()
    (x_train, y_train), (x, y) = data.train, data.test
    torch.manual_seed(0)
    robust = _trained(nets.digit_net(16), x_train, y_train, 16, change=_one_step(data.eps))
    flat = nn.Sequential(nn.Flatten(), nets.mlp(256, 64, 10))
    tiny = _trained(flat, x_train, y_train, 10)
    wide, wide_test = _as_colour(x_train), _as_colour(x)
    large = _trained(resnet18(num_classes=10), wide, y_train, 2, lr=1e-3)
    cnn = assets.digit_classifier().net.cpu().requires_grad_(True)
    return [
        Subject("the course's CNN, standard", cnn, x, y, 0.05, 128, 1.03),
        Subject("the course's CNN, robust", robust, x, y, data.eps, 128, 1.03),
        Subject("a tiny MLP (256-64-10)", tiny, x, y, 0.05, 128, 1.4, READABLE),
        Subject("ResNet-18, 32 px", large, wide_test[:128], y[:128], 0.01, 16, 1.03),
    ]


def _as_colour(x: Tensor) -> Tensor:
    return F.interpolate(x, size=(32, 32), mode="bilinear").expand(-1, 3, -1, -1).contiguous()


def _one_step(eps: float) -> Callable:
    """One large step from a random start (Wong, Rice and Kolter, 2020)."""
    generator = torch.Generator().manual_seed(0)

    def change(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return pgd(net, x, y, Linf(eps), steps=1, step_size=1.25 * eps, generator=generator)

    return change


# The loop that made the nets of the first table: to compare with it, they stay the same nets.
def _trained(net, x, y, epochs: int, *, lr: float = 2e-3, change=lambda net, x, y: x) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(net.parameters(), lr)
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=generator).split(50):
            loss = F.cross_entropy(net(change(net, x[rows], y[rows])), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.eval()
