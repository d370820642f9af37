"""Where a training's batches come from: tensors in memory, or a data set read as it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from tutlib.check.inputs import check_labels, check_pictures
from tutlib.training.checkpoint import fingerprint
from tutlib.training.together import Team

READERS = 8  # worker processes at most, where pictures are read from files


def check_source(x, y) -> Tensor | None:
    """The labels of `x` if it is a tensor; None if it is a data set that brings its own.

    Raises:
        ValueError, TypeError: if it is neither, or not a pair of pictures and labels.
    """
    if not isinstance(x, Dataset):
        check_pictures(x, None)
        return check_labels(y, x)
    if y is not None:
        raise ValueError("a data set brings its own labels: call fit(model, data, None, ...).")
    if len(x) == 0:
        raise ValueError("this data set is empty.")
    first = x[0]
    if not (isinstance(first, tuple | list) and len(first) == 2 and isinstance(first[0], Tensor)):
        raise TypeError(
            "a data set must hand out pairs (picture as a tensor, label): for files of pictures "
            "use torchvision.datasets.ImageFolder(path, transform=...) with ToTensor() at its end."
        )
    return None


def some(x, y: Tensor | None, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """`count` pictures and labels, evenly spread (a data set may be sorted by class).

    Example:
        >>> some(torch.arange(6), torch.arange(6), 3, torch.device("cpu"))
        (tensor([0, 2, 4]), tensor([0, 2, 4]))
    """
    stride = max(1, len(x) // count)
    if isinstance(x, Tensor):
        return x[::stride][:count], y[::stride][:count]
    pictures, labels = default_collate([x[i] for i in range(0, len(x), stride)[:count]])
    return pictures.to(device), labels.to(device)


def mark_of(x, y: Tensor | None) -> str:
    """What a checkpoint keeps of the data, so that it does not go on with others.

    Of a data set it is the labels: its pictures may look different each time they are read.
    """
    if isinstance(x, Tensor):
        return fingerprint(x, y)
    labels = torch.as_tensor(getattr(x, "targets", [len(x)]))
    return fingerprint(labels, labels)


def batches(x, y: Tensor | None, order: Tensor, batch: int, team: Team, device: torch.device
            ) -> Iterator[tuple[Tensor, Tensor]]:  # fmt: skip
    """The team member's share of each batch of `order` (row numbers, on the CPU).

    A data set is read by worker processes while the net computes.

    Example:
        >>> x, rows = torch.tensor([0.0, 0.1, 0.2, 0.3]), torch.tensor([3, 0, 1, 2])
        >>> [pictures for pictures, _ in batches(x, x, rows, 2, Team(rank=1, size=2), x.device)]
        [tensor([0.]), tensor([0.2000])]
    """
    if isinstance(x, Tensor):
        shares = (team.share(rows) for rows in order.to(x.device).split(batch))
        return ((x[rows], y[rows]) for rows in shares)
    mine = [team.share(rows).tolist() for rows in order.split(batch)]
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # processes that share this machine
    readers = min(READERS, (os.cpu_count() or 1) // here - 1)
    loader = DataLoader(x, batch_sampler=mine, num_workers=max(0, readers),
                        pin_memory=device.type == "cuda")  # fmt: skip
    return ((pictures.to(device, non_blocking=True), labels.to(device))
            for pictures, labels in loader)  # fmt: skip
