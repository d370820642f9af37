"""What several test modules need: small nets, small pictures, one torch thread."""

import asyncio
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from tutlib import assets
from tutlib.nets import Normalize

torch.set_num_threads(1)
os.environ.setdefault("TUTLIB_ASSETS", "bundled")  # no test reaches for the network unasked
pytest_plugins = ["tools.pytest_order"]


def small_net(seed: int = 0, classes: int = 4) -> nn.Sequential:
    """A convolutional net with BatchNorm and dropout, untrained, for 12 x 12 pictures."""
    torch.manual_seed(seed)
    return nn.Sequential(
        Normalize(),
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.AdaptiveAvgPool2d(3),
        nn.Flatten(),
        nn.Linear(72, classes),
    )


@pytest.fixture
def net() -> nn.Sequential:
    return small_net().eval()


@pytest.fixture
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """Six pictures that touch black and white, and labels."""
    generator = torch.Generator().manual_seed(1)
    x = (torch.rand(6, 3, 12, 12, generator=generator) * 1.4 - 0.2).clamp(0, 1)
    return x, torch.tensor([0, 1, 2, 3, 0, 1])


@pytest.fixture(params=["cpu", "cuda"])
def each_device(request) -> torch.device:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no GPU on this machine")
    return torch.device(request.param)


@pytest.fixture
def no_loop(monkeypatch):
    """As outside a notebook: browser tests may have left an event loop in this thread."""

    def none():
        raise RuntimeError("no running event loop")

    monkeypatch.setattr(asyncio, "get_running_loop", none)


needs_mnist = pytest.mark.skipif(
    not (Path(os.environ.get("TUTLIB_DATA") or "/nowhere") / "MNIST" / "raw").is_dir(),
    reason="needs real MNIST: TUTLIB_DATA must name a folder with torchvision's MNIST/raw in it",
)


def real_mnist(judged: int):
    """6,000 pictures to train on and `judged` to test on, each with its labels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUTLIB_ASSETS", "real")  # the other tests stay on the bundled shelf
        data = assets.digits()
        (x_train, y_train), (x, y) = data.train, data.test
    every = len(x) // judged  # spread: the first half of MNIST's test set is the easier one
    return (x_train[:6000], y_train[:6000]), (x[::every][:judged], y[::every][:judged])
