"""The nets that are attacked, trained here on the bundled digits, from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import resnet18

from tutlib import assets, nets
from tutlib.balls import Linf
from tutlib.training import fgsm_rs, fit

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
    inner = fgsm_rs(Linf(data.eps), box=(0, 1))
    robust = _trained(nets.digit_net(16), x_train, y_train, 16, inner=inner)
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


def _trained(net: nn.Module, x: Tensor, y: Tensor, epochs: int, **how) -> nn.Module:
    fit(net, x, y, epochs=epochs, batch=50, progress=False, **how)
    return net
