"""The nets that are attacked, trained here on the bundled digits, from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import resnet18

from tutlib import assets, nets, training
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
    x_train, y_train, x, y = x_train[:6000], y_train[:6000], x[:1000], y[:1000]

    def trained(net: nn.Module, x: Tensor, **how) -> nn.Module:
        training.fit(net, x, y_train, batch=50, **how)
        return net

    torch.manual_seed(0)
    robust = nets.digit_net(28)
    trained(robust, x_train, epochs=6, inner=training.fgsm_rs(Linf(data.eps)))
    tiny = trained(nn.Sequential(nn.Flatten(), nets.mlp(784, 64, 10)), x_train, epochs=6)
    large = trained(resnet18(num_classes=10), _as_colour(x_train), epochs=1, lr=1e-3)
    cnn = assets.digit_classifier().net.cpu().requires_grad_(True)
    return [
        Subject("the course's CNN, standard", cnn, x, y, 0.05, 128, 1.03),
        Subject("the course's CNN, robust", robust, x, y, data.eps, 128, 1.03),
        Subject("a tiny MLP (784-64-10)", tiny, x, y, 0.05, 128, 1.4, READABLE),
        Subject("ResNet-18, 32 px", large, _as_colour(x[:128]), y[:128], 0.01, 16, 1.03),
    ]


def _as_colour(x: Tensor) -> Tensor:
    return F.interpolate(x, size=(32, 32), mode="bilinear").expand(-1, 3, -1, -1).contiguous()
