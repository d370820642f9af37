"""What several test modules need: small nets, small pictures, one torch thread."""

import asyncio
import os
from pathlib import Path

import pytest
import torch
from hypothesis import Phase, settings
from torch import nn

from tutlib import assets
from tutlib.nets import Normalize

torch.set_num_threads(1)
os.environ.setdefault("TUTLIB_ASSETS", "bundled")  # no test reaches for the network unasked
pytest_plugins = ["tools.pytest_order"]

# For `make mutants`: the same examples every time, and a found one is not made smaller first.
settings.register_profile(
    "mutants", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate]
)

# Most tests run twice: as they are, and with a GPU (`make gpu`), where these are left out, because
# no tensor in them goes near a device or because they take long. A new test runs in both.
LEFT_OUT_ON_GPU = (
    "tests/browser/",
    "tests/test_anatomy.py",
    "tests/test_book.py",
    "tests/test_changed.py",
    "tests/test_cli.py",
    "tests/test_clock.py",
    "tests/test_downloads.py",
    "tests/test_environment.py",
    "tests/test_examples.py",
    "tests/test_exercises.py",
    "tests/test_handwriting.py",
    "tests/test_house.py",
    "tests/test_mutants.py",
    "tests/test_notebooks.py",  # tests/test_lessons_on_gpu.py takes its place
    "tests/test_real_lessons.py",
    "tests/test_render.py",
    "tests/test_torture.py",
    "tests/test_training_mnist.py",  # minutes of training, and real pictures go the same way
    "tests/test_world.py",
    "tests/test_bundled_shelf.py::test_the_robust_twin_withstands",
)


def runs_on_gpu(config) -> bool:
    return config.pluginmanager.hasplugin("tests.pretend_gpu")


def pytest_collection_modifyitems(config, items):
    def left_out(item):
        if runs_on_gpu(config):
            return item.nodeid.startswith(LEFT_OUT_ON_GPU)
        return item.get_closest_marker("gpu") is not None

    config.hook.pytest_deselected(items=[item for item in items if left_out(item)])
    items[:] = [item for item in items if not left_out(item)]


def pytest_report_header(config):
    if not runs_on_gpu(config):
        return "GPU: what is marked `gpu` is left to `make gpu`, which runs most other tests again"
    return f"GPU: {getattr(config, 'no_gpu', None) or torch.cuda.get_device_name()}"


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


@pytest.fixture(scope="session")
def reader() -> nn.Module:
    """The shipped net for drawn digits, on the CPU; whoever moves or changes it takes a copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUTLIB_ASSETS", "bundled")
        return assets.digit_classifier().cpu()


@pytest.fixture(scope="session")
def drawn(reader) -> tuple[torch.Tensor, torch.Tensor]:
    """The first 300 drawn test digits that `reader` reads correctly, and their labels.

    So nobody is wrong untouched, and two attacks with the same source of chance have the same
    starts, whichever pictures they leave out.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUTLIB_ASSETS", "bundled")
        x, y = (part[:320] for part in assets.digits().test)
    with torch.no_grad():
        right = (reader(x).argmax(1) == y).nonzero()[:300, 0]
    assert len(right) == 300
    return x[right], y[right]


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def each_device(request) -> torch.device:
    return torch.device(request.param)


def chance() -> list[torch.Tensor]:
    """The state of torch's own random numbers, here and on every GPU."""
    return [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]


def unchanged(before: list[torch.Tensor]) -> bool:
    return all(map(torch.equal, before, chance()))


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
