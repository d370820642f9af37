"""Using a net without a trace: it comes back as it was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock

import torch
from torch import nn

from tutlib.check.models import modules_in

ALONE = RLock()  # modes belong to the net, not to a thread: who changes them is alone with it


@contextmanager
def untouched(model: nn.Module | Callable) -> Iterator[None]:
    """Use a net as it would be used (in eval mode), and leave it exactly as it was found.

    The weights are held still (no gradient is traced to them: that is also quicker). The mode of
    every module, every buffer and the random state come back as before, also when the body
    raises. Attacks run inside this, so BatchNorm in a net that is being trained keeps its
    statistics and a frozen layer stays frozen. A second thread waits until the first has done.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 2), nn.Dropout()).train()
        >>> with untouched(net):
        ...     net.training, net[0].weight.requires_grad
        (False, False)
        >>> net.training, net[0].weight.requires_grad
        (True, True)
    """
    modules = modules_in(model)
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with ALONE, torch.random.fork_rng(gpus):
        weights = [w for m in modules for w in m.parameters(recurse=False) if w.requires_grad]
        # Not model.eval(): people override train() to keep some layers frozen.
        switches = [(m, "training", m.training) for m in modules if hasattr(m, "training")]
        switches += [(w, "requires_grad", True) for w in weights if w.is_leaf]
        kept = [(m, n, b, b.data.clone()) for m in modules for n, b in m.named_buffers("", False)]
        try:
            for part, switch, _ in switches:
                setattr(part, switch, False)
            yield
        finally:
            for part, switch, before in switches:
                setattr(part, switch, before)
            for module, name, buffer, value in kept:
                module._buffers[name] = buffer
                same = buffer.shape == value.shape
                buffer.data = buffer.data.copy_(value) if same else value
