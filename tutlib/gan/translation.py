"""From one picture to another: a small U-Net, and a judge that looks at patches.

`UNet` turns an outline into a picture (pix2pix: Isola et al., 2017), `Repainter` a picture into
another kind of picture (CycleGAN: Zhu et al., 2017). It says where to paint and with what, so that
whatever it leaves alone stays as it was (Mejjati et al., 2018). `PatchJudge` has an opinion about
every patch and none about the whole.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tutlib.check.inputs import check_count

SMALLEST = 16  # pixels along a side: the map at the bottom is an eighth of it


class UNet(nn.Module):
    """Maps (N, inputs, H, W) -> maps (N, outputs, H, W) in [0, 1]; H and W are multiples of 8.

    Three times halved, two looks around at an eighth of the size, three times doubled. On its way
    up each map is joined by the map of the same size from the way down (Ronneberger et al., 2015),
    so that lines need not squeeze through the bottom.

    Example:
        >>> UNet(1, width=2)(torch.rand(5, 1, 32, 32)).shape
        torch.Size([5, 3, 32, 32])
    """

    def __init__(self, inputs: int = 1, outputs: int = 3, width: int = 24):
        super().__init__()
        for name, value in (("inputs", inputs), ("outputs", outputs), ("width", width)):
            check_count(name, value, 1)
        self.inputs = inputs
        self.down1 = nn.Conv2d(inputs, width, 4, stride=2, padding=1)
        self.down2 = _step(nn.Conv2d, width, 2 * width)
        self.down3 = _step(nn.Conv2d, 2 * width, 4 * width)
        self.around = nn.Sequential(*(_look(4 * width) for _ in range(2)))
        self.up3 = _step(nn.ConvTranspose2d, 4 * width, 2 * width)
        self.up2 = _step(nn.ConvTranspose2d, 4 * width, width)
        self.up1 = _step(nn.ConvTranspose2d, 2 * width, width)
        self.last = nn.Conv2d(width + inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 4 or x.shape[1] != self.inputs:
            raise ValueError(f"maps (N, {self.inputs}, H, W) are read, not {tuple(x.shape)}.")
        if any(side < SMALLEST or side % 8 for side in x.shape[2:]):
            raise ValueError(f"sides are multiples of 8 from {SMALLEST} on: {tuple(x.shape)}.")
        half = self.down1(x)
        quarter = self.down2(half)
        bottom = self.down3(quarter)
        up = self.up3(bottom + self.around(bottom))
        up = self.up2(torch.cat([up, quarter], 1))
        up = self.up1(torch.cat([up, half], 1))
        return self.last(torch.cat([up.relu(), x], 1)).sigmoid()


class Deterministic(nn.Module):
    """A generator for `play` that has no use for z: all it needs is in what it translates.

    Example:
        >>> Deterministic(nn.Identity())(torch.randn(2, 1), torch.ones(2, 1)).tolist()
        [[1.0], [1.0]]
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, z: Tensor, given: Tensor) -> Tensor:
        return self.net(given)


class Repainter(nn.Module):
    """Pictures (N, 3, H, W) in [0, 1] -> pictures of another kind, in [0, 1].

    Its U-Net paints a new picture and a mask; where the mask is 0 the old picture stays.

    Example:
        >>> Repainter(width=2)(torch.rand(5, 3, 32, 32)).shape
        torch.Size([5, 3, 32, 32])
    """

    def __init__(self, width: int = 20):
        super().__init__()
        self.body = UNet(3, 4, width)

    def forward(self, x: Tensor) -> Tensor:
        paint, mask = self.painted(x)
        return x + mask * (paint - x)

    def painted(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What it would paint (N, 3, H, W), and where (N, 1, H, W): both in [0, 1]."""
        return self.body(x).split((3, 1), dim=1)


class PatchJudge(nn.Module):
    """Pictures (N, 3, H, W) in [0, 1], with what they were made from -> logits (N, 1, h, w).

    Each logit sees a patch of 38 pixels, and an eighth of H and W have one (Isola et al., 2017).

    Args:
        told: channels of what the picture was made from (1: an outline), 0 for none.

    Example:
        >>> PatchJudge(width=2, told=1)(torch.rand(5, 3, 64, 64), torch.rand(5, 1, 64, 64)).shape
        torch.Size([5, 1, 8, 8])
    """

    def __init__(self, width: int = 24, told: int = 0):
        super().__init__()
        check_count("width", width, 1)
        check_count("told", told, 0)
        self.told = told
        self.body = nn.Sequential(
            nn.Conv2d(3 + told, width, 4, stride=2, padding=1),
            _step(nn.Conv2d, width, 2 * width),
            _step(nn.Conv2d, 2 * width, 4 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * width, 1, 3, padding=1),
        )

    def forward(self, x: Tensor, given: Tensor | None = None) -> Tensor:
        channels = 0 if given is None else given.shape[1]
        if x.dim() != 4 or x.shape[1] != 3 or channels != self.told:
            raise ValueError(
                f"pictures (N, 3, H, W) and {self.told} channels of what they were made from "
                f"are judged, not {tuple(x.shape)} and {channels}."
            )
        # Normalisation is inside the net, as everywhere in the course.
        return self.body(2 * (x if given is None else torch.cat([x, given], 1)) - 1)


def _step(conv: type[nn.Module], inputs: int, outputs: int) -> nn.Sequential:
    """Half as large (Conv2d), or twice as large (ConvTranspose2d)."""
    norm = nn.InstanceNorm2d(outputs, affine=True)
    return nn.Sequential(nn.LeakyReLU(0.2), conv(inputs, outputs, 4, stride=2, padding=1), norm)


def _look(maps: int) -> nn.Sequential:
    norm = nn.InstanceNorm2d(maps, affine=True)
    return nn.Sequential(nn.LeakyReLU(0.2), nn.Conv2d(maps, maps, 3, padding=1), norm)
