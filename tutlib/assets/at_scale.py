"""`python -m tutlib train`: the training of lesson 4.2 on data and machines of any size.

    python -m tutlib train --data cifar10 --net mynets.py:SmallNet --eps 8
    torchrun --nproc-per-node 4 -m tutlib train --data ~/imagenet --net torchvision.models:resnet50

The second line starts four processes (one for each GPU, where there are any); they share batches.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import Dataset
from torchvision import transforms
from torchvision.datasets import ImageFolder

from tutlib import training
from tutlib.assets.shelves import cifar10
from tutlib.balls import L2, Linf
from tutlib.check.files import write_whole
from tutlib.training.batches import some

WATCHED = 1000  # pictures kept aside, for choosing the best epoch


def add_options(parser: argparse.ArgumentParser) -> None:
    """The words of the command line."""
    add = parser.add_argument
    add("--data", required=True, help="cifar10, or a folder with train/CLASS and val/CLASS")
    add("--net", required=True, help="what makes it: FILE.py:NAME, or package.module:NAME")
    add("--out", default="trained.safetensors", help="where the weights go")
    add("--checkpoint", help="a file to go on from, and to save to, epoch by epoch")
    add("--eps", type=float, default=8.0, help="linf: in levels of 255; l2: as it is; 0: clean")
    add("--norm", choices=["linf", "l2"], default="linf")
    add("--lr", type=float, default=1e-3, help="highest learning rate (0.001)")
    numbers = {
        "steps": (7, "of PGD for each batch"),
        "epochs": (10, "over all pictures"),
        "batch": (256, "pictures in a step, of all processes together"),
        "size": (224, "side of a folder's pictures, in pixels"),
        "seed": (0, "of chance"),
    }
    for name, (default, what) in numbers.items():
        add(f"--{name}", type=int, default=default, help=f"{what} ({default})")


def train(options: argparse.Namespace) -> int:
    """Train, and write the weights; the exit code is 0 when all is well, 130 after Ctrl-C."""
    try:
        make = net_from(options.net)
        torch.manual_seed(options.seed)
        with training.together() as device:
            return _train(make().to(device), options, device)
    except training.Stopped as stop:
        print(stop, file=sys.stderr)
        return 130
    except (OSError, ValueError, TypeError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 1


def net_from(words: str) -> Callable[[], nn.Module]:
    """What makes the net: "mynets.py:Net" of a file, "package.module:name" of what is installed.

    Raises:
        ValueError: if there is no such file, module or name, or it cannot be called.

    Example:
        >>> net_from("torch.nn:Identity")()
        Identity()
    """
    place, _, name = words.rpartition(":")
    if not place:
        raise ValueError(f"say FILE.py:NAME or MODULE:NAME for the net, and this is {words!r}.")
    try:
        if place.endswith(".py"):
            spec = importlib.util.spec_from_file_location(Path(place).stem, place)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(place)
    except (ImportError, FileNotFoundError) as error:
        raise ValueError(f"there is no {place!r} to take a net from ({error}).") from error
    make = getattr(module, name, None)
    if not callable(make):
        raise ValueError(f"{place} has nothing called {name!r} that makes a net.")
    return make


def _train(net: nn.Module, options, device: torch.device) -> int:
    group = training.team()
    x, y, watch = _read(options, device)
    ball = L2(options.eps) if options.norm == "l2" else Linf(options.eps / 255)
    attack = training.pgd_inner(ball, steps=options.steps) if options.eps else None
    run = training.fit(net, x, y, inner=attack, judge=attack, watch=watch, epochs=options.epochs,
                       batch=options.batch, lr=options.lr, seed=options.seed,
                       checkpoint=options.checkpoint)  # fmt: skip
    if group.leads:
        weights = {name: tensor.contiguous().cpu() for name, tensor in net.state_dict().items()}
        write_whole(options.out, functools.partial(save_file, weights))
        row = run.history[run.best - 1]
        told = ", ".join(f"{k[6:]} {row[k]:.1%}" for k in row if k.startswith("watch_"))
        print(f"{options.out}: the weights of epoch {run.best} of {options.epochs} ({told})")
    return 0


def _read(options, device) -> tuple[Tensor | Dataset, Tensor | None, tuple[Tensor, Tensor]]:
    """What to train on, and what to choose the best epoch with (never the test set)."""
    if options.data == "cifar10":
        data = cifar10()
        x, y = (part.to(device) for part in data.train)
        last = torch.randperm(len(x), generator=torch.Generator().manual_seed(0)).to(device)
        kept, rest = last[: min(WATCHED, len(x) // 5)], last[min(WATCHED, len(x) // 5) :]
        if training.team().leads:
            print(f"{len(rest):,} pictures to train on: {data.name} ({data.source})", flush=True)
        return x[rest], y[rest], (x[kept], y[kept])
    folder, size = Path(options.data).expanduser(), options.size
    varied = [transforms.RandomResizedCrop(size), transforms.RandomHorizontalFlip()]
    plain = [transforms.Resize(size * 8 // 7), transforms.CenterCrop(size)]
    train, val = (ImageFolder(folder / part, transforms.Compose([*how, transforms.ToTensor()]))
                  for part, how in (("train", varied), ("val", plain)))  # fmt: skip
    if train.classes != val.classes:
        raise ValueError(f"the classes of {folder / 'train'} and {folder / 'val'} differ.")
    return train, None, some(val, None, WATCHED, device)
