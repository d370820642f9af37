"""One training on many processes: each takes its share of every batch, and all stay one net.

The mean of the shares' gradients is the gradient of the whole batch, so after every step the nets
are still equal, and equal to the one that a single process would have trained (data parallelism).
`torchrun` starts the processes and tells each its place.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

PATIENCE = timedelta(minutes=30)  # how long the others may measure, or write a checkpoint


@contextlib.contextmanager
def together(device: str | torch.device | None = None) -> Iterator[torch.device]:
    """Join the other processes that `torchrun` has started; started alone, nothing happens.

    Args:
        device: where to compute. None: the process' own GPU, where there are any, else the CPU.

    Yields:
        The device: bring net and pictures there, and call `fit` as ever.

    Example:
        >>> with together("cpu") as device:  # in a script: torchrun --nproc-per-node 2 script.py
        ...     print(device, team().size)
        cpu 1
    """
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if device is None:
        device = f"cuda:{local}" if torch.cuda.is_available() else "cpu"
    device = torch.device(device)
    if "RANK" not in os.environ or distributed.is_initialized():
        yield device
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield device
    finally:
        distributed.destroy_process_group()


def team() -> Team:
    """Who trains this net: the processes of `together`, or this one alone.

    Example:
        >>> team()
        Team(rank=0, size=1)
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return Team()
    return Team(distributed.get_rank(), distributed.get_world_size())


@dataclass(frozen=True)
class Team:
    """The place of this process among those that train one net.

    Attributes:
        rank: 0 leads: it alone writes and prints. size: how many there are; 1 is no team at all.

    Example:
        >>> Team(rank=1, size=2).share(torch.tensor([4, 7, 0, 3]))
        tensor([7, 3])
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Is this the process that writes and prints?"""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """This process' part of some rows (N,): every `size`-th; a split of all, without overlap.

        (``torch.utils.data.DistributedSampler`` deals them out in the same way.)
        """
        return rows[self.rank :: self.size]

    def told(self, thing):
        """What the leader has, for everybody: a checkpoint, say."""
        if self.size == 1:
            return thing
        box = [thing]
        distributed.broadcast_object_list(box, src=0)
        return box[0]

    def same_net(self, model: nn.Module) -> None:
        """Everybody gets the leader's weights and buffers."""
        for tensor in self._if_any([*model.parameters(), *model.buffers()]):
            distributed.broadcast(tensor.detach(), src=0)

    def average_gradients(self, model: nn.Module) -> None:
        """Each gradient becomes the mean of everybody's: the gradient of the whole batch."""
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        if self.size == 1 or not grads:
            return
        flat = torch.cat([grad.flatten() for grad in grads])  # one message, not one for each layer
        distributed.all_reduce(flat)
        for grad, mean in zip(grads, (flat / self.size).split([grad.numel() for grad in grads])):
            grad.copy_(mean.view_as(grad))

    def mean(self, value: float, weight: float = 1.0) -> float:
        """The mean of everybody's value, each counted `weight` times."""
        if self.size == 1:
            return value
        sums = torch.tensor([value * weight, weight], dtype=torch.float64)
        if distributed.get_backend() == "nccl":
            sums = sums.cuda()
        distributed.all_reduce(sums)
        return (sums[0] / sums[1]).item()

    def _if_any(self, tensors: Iterable[Tensor]) -> Iterable[Tensor]:
        return tensors if self.size > 1 else ()
