"""The fast way to *measure* robustness: the same loop, in fewer bits and on fewer pictures.

Three savings, each only where it is one: half the bits (bfloat16) where the chip has them, the
memory layout that suits the net, and no work on pictures already fooled. A picture counts as
fooled only when the net *in float32* says so: dropping on the low-precision answer alone would
make the attack weaker than the plain one (pictures leave that are not fooled in truth).
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib.attacks import away_from
from tutlib.descent import Steepest, ascend
from tutlib.inputs import check_logits
from tutlib.nets import untouched

PROBE = 24  # pictures in a timing run
REPEATS = 2


def fooled(
    model,
    x: Tensor,
    y: Tensor,
    ball,
    *,
    steps: int,
    step_size: float | None = None,
    restarts: int = 1,
    batch: int = 250,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Which pictures PGD can fool: (N,) bool. Arguments as for `risk.evaluate`."""
    generator = generator or torch.Generator().manual_seed(0)
    step = Steepest(step_size if step_size is not None else 2.5 * ball.eps / max(steps, 1))
    with untouched(model):
        quick = quickest(model, x[:PROBE], y[:PROBE])
        wrong = torch.cat([_wrong(model, a, b) for a, b in zip(x.split(batch), y.split(batch))])
        for _ in range(restarts):
            survivors = (~wrong).nonzero()[:, 0]  # only these are attacked, in full batches
            for rows in survivors.split(batch) if len(survivors) else ():
                start = ball.sample(x[rows], generator)
                wrong[rows] = _fall(quick, model, x[rows], y[rows], ball, step, steps, start)
    return wrong


def _fall(quick, exact, x: Tensor, y: Tensor, ball, step, steps: int, point: Tensor) -> Tensor:
    """Which pictures of one batch fall: `ascend` in stretches of 1, 1, 2, 4, 8 ... steps.

    After each stretch those that `quick` doubts (a true class above one half is surely right) are
    shown to `exact`, and leave if it is wrong about them. At the end it sees all that are left.
    """
    wrong, done = torch.zeros(len(x), dtype=torch.bool, device=x.device), 0
    rows = (~wrong).nonzero()[:, 0]
    while len(rows):
        stretch, seen = min(max(done, 1), steps - done), {}
        point = ascend(
            away_from(quick, y[rows]), x[rows], ball, step, stretch, start=point,
            callback=lambda t, _, values, seen=seen: seen.update(loss=values),
        )  # fmt: skip
        done += stretch
        over = done >= steps
        doubted = torch.ones_like(rows, dtype=torch.bool) if over else seen["loss"] > math.log(2)
        if doubted.any():
            fell = doubted.clone()
            fell[doubted] = _wrong(exact, point[doubted], y[rows[doubted]])
            wrong[rows[fell]] = True
            rows, point = rows[~fell], point[~fell]
        if over:
            break
    return wrong


def quickest(model, x: Tensor, y: Tensor) -> Callable[[Tensor], Tensor]:
    """The quickest of a few ways to run `model` forward and back, timed on a few pictures.

    The model itself is not changed: another layout is tried on a copy of it.
    """
    ways = [Way(model)]
    if isinstance(model, nn.Module) and x.dim() == 4:
        turned = _in_channels_last(model)
        ways += [replace(ways[0], model=turned, channels_last=True)] if turned is not None else []
    if has_bfloat16(x.device):
        ways += [replace(way, bfloat16=True) for way in ways]
    if len(ways) == 1:
        return model
    best = {way: min(_seconds(way, x, y) for _ in range(REPEATS)) for way in ways}
    return min(best, key=best.get)


@dataclass(frozen=True, eq=False)
class Way:
    """A model, run in a memory layout and a precision; logits come back in float32."""

    model: Callable[[Tensor], Tensor]
    channels_last: bool = False
    bfloat16: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.bfloat16):
            return self.model(x).float()


def has_bfloat16(device: torch.device) -> bool:
    """Whether the chip multiplies in bfloat16 (emulation would be slower than float32)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _in_channels_last(model: nn.Module) -> nn.Module | None:
    try:
        return copy.deepcopy(model).to(memory_format=torch.channels_last).requires_grad_(False)
    except (RuntimeError, TypeError, ValueError):  # some nets cannot be copied: they stay as is
        return None


def _wrong(model, x: Tensor, y: Tensor) -> Tensor:
    with torch.no_grad():
        return check_logits(model(x), y).argmax(1) != y


def _seconds(way: Way, x: Tensor, y: Tensor) -> float:
    """How long one gradient takes."""
    with torch.inference_mode(False), torch.enable_grad():
        point = x.detach().clone().requires_grad_(True)
        # On the CPU the time this process used: other programs must not sway the choice.
        clock = time.perf_counter if x.device.type == "cuda" else time.process_time
        _finish(x.device)
        begun = clock()
        torch.autograd.grad(F.cross_entropy(way(point), y), point)
        _finish(x.device)
        return clock() - begun


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
