"""The nets of the course: small, readable, and with their book-keeping inside.

Every net takes pictures (N, C, H, W) in [0, 1] and returns logits (N, K). Normalisation is the
first *layer*: a promise about pixels ("none moves by more than 2/255") must be kept in pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@contextmanager
def untouched(model: nn.Module | Callable) -> Iterator[None]:
    """Use a net as it would be used (in eval mode), and leave it exactly as it was found.

    The weights are held still (no gradient is traced to them: that is also quicker). The mode of
    every module, every buffer and the random state come back as before, also when the body
    raises. Attacks run inside this, so BatchNorm in a net that is being trained keeps its
    statistics and a frozen layer stays frozen.
    """
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    modes = [module.training for module in modules]
    traced = [w for module in modules for w in module._parameters.values() if _is_traced(w)]
    buffers = [
        (module, name, buffer, buffer.detach().clone())
        for module in modules
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    cpu_state = torch.get_rng_state()
    gpu_states = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    try:
        # Not model.eval(): people override train() to keep some layers frozen.
        _set_modes(modules, [False] * len(modules))
        for weight in traced:
            weight.requires_grad_(False)
        yield
    finally:
        for weight in traced:
            weight.requires_grad_(True)
        _set_modes(modules, modes)
        with torch.no_grad():
            for module, name, buffer, before in buffers:
                module._buffers[name] = buffer
                if not torch.equal(buffer, before):
                    buffer.copy_(before)
        torch.set_rng_state(cpu_state)
        if gpu_states:
            torch.cuda.set_rng_state_all(gpu_states)


def _set_modes(modules: list[nn.Module], modes: list[bool]) -> None:
    for module, mode in zip(modules, modes):
        if module.training != mode:  # to set what is set already takes a while
            module.training = mode


def _is_traced(weight: Tensor | None) -> bool:
    return weight is not None and weight.requires_grad and weight.is_leaf


class Normalize(nn.Module):
    """(x - mean) / std for each colour channel, as a layer. Default: ImageNet's statistics."""

    def __init__(self, mean=IMAGENET_MEAN, std=IMAGENET_STD):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


class LocalContrast(nn.Module):
    """Subtract the local mean and divide by the local contrast, as early vision nets did.

    It has no weights. Measured here: it is what makes a small net as fragile as a large one,
    because faint texture is blown up to the size of everything else (see the README in data/).
    (After Jarrett et al., "What is the best multi-stage architecture for object recognition?",
    2009.)

    Args:
        window: side of the neighbourhood, in pixels.
        floor: contrast below which a patch counts as flat, in pixel units.
    """

    def __init__(self, window: int = 8, floor: float = 4 / 255):
        super().__init__()
        self.window, self.floor = window, floor

    def _blur(self, t: Tensor) -> Tensor:
        small = F.avg_pool2d(t, self.window)
        return F.interpolate(small, size=t.shape[-2:], mode="bilinear")

    def forward(self, x: Tensor) -> Tensor:
        x = x - self._blur(x)
        contrast = self._blur(x.square().mean(1, keepdim=True))
        return x / (contrast + self.floor**2).sqrt()


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a short cut (He et al., 2016)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.short_cut = nn.Identity()
        if channels_in != channels_out or stride != 1:
            self.short_cut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(out)) + self.short_cut(x))


def world_net(classes: int = 10, *, contrast: bool = True) -> nn.Sequential:
    """The small ResNet that looks at the picture world, natively at 224 px (0.58 M weights).

    Args:
        classes: number of logits.
        contrast: `LocalContrast` as the first layer; False takes `Normalize` instead.
    """
    widths = (32, 48, 96, 160)
    return nn.Sequential(
        LocalContrast() if contrast else Normalize(),
        nn.Conv2d(3, widths[0], 7, stride=4, padding=3, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
        ResidualBlock(widths[0], widths[0]),
        ResidualBlock(widths[0], widths[1], stride=2),
        ResidualBlock(widths[1], widths[2], stride=2),
        ResidualBlock(widths[2], widths[3], stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(widths[3], classes),
    )


def digit_net(
    size: int = 16, classes: int = 10, channels: int = 1, width: int = 32
) -> nn.Sequential:
    """The convolutional net of Kolter and Madry's tutorial (2018), for size x size pictures.

    conv 3x3 32 - conv 3x3 32, stride 2 - conv 64 - conv 64, stride 2 - linear 100 - linear.
    `width` is the first 32; a width of 16 costs a third.

    Raises:
        ValueError: if size is not a multiple of 4 (it is halved twice).
    """
    if size % 4:
        raise ValueError(f"size must be a multiple of 4 (it is halved twice), and this is {size}.")
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(2 * width, 2 * width, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear((size // 4) ** 2 * 2 * width, 100),
        nn.ReLU(),
        nn.Linear(100, classes),
    )


def mlp(*widths: int, activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """A fully connected net: ``mlp(2, 64, 64, 3)`` has two hidden layers of 64."""
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), activation()]
    return nn.Sequential(*layers[:-1])


def parameter_count(model: nn.Module) -> int:
    """How many numbers a training run would move."""
    return sum(weight.numel() for weight in model.parameters())
