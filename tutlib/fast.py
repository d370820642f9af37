"""The fast way to *measure* robustness: the same loop, in fewer bits and on fewer pictures.

Three savings, each only where it is one: half the bits (bfloat16) where the chip has them, the
memory layout that suits the net, and no work on pictures already fooled. A picture counts as
fooled only when the net *in float32* says so: dropping on the low-precision answer alone would
make the attack weaker than the plain one (pictures leave that are not fooled in truth). Nobody is
given up for looking hopeless: a net that is too sure of itself would seem robust.
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

PROBE = 16  # pictures in a timing run
REPEATS = 2
FAITHFUL = 0.99  # the share of a step's gain that half the bits must keep


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
        wrong = _wrong(model, x, y, batch)
        for _ in range(restarts):
            rows = (~wrong).nonzero()[:, 0]  # only these are attacked
            if len(rows):
                start = ball.sample(x[rows], generator)
                wrong[rows] = _fall(quick, model, x[rows], y[rows], ball, step, steps, start, batch)
    return wrong


def _fall(quick, exact, x, y, ball, step, steps: int, point: Tensor, batch: int) -> Tensor:
    """Which pictures fall: `ascend` in stretches of 1, 1, 2, 4 ... steps, in full batches.

    After each stretch those that `quick` doubts (a true class above one half is surely right) are
    shown to `exact`, and leave if it is wrong about them. At the end it sees all that are left.
    """
    wrong, rows = torch.zeros_like(y, dtype=torch.bool), torch.arange(len(y), device=y.device)
    done = 0
    for stop in _stops(steps):
        parts = zip(x[rows].split(batch), y[rows].split(batch), point.split(batch))
        moved = [_stretch(quick, *part, ball, step, stop - done) for part in parts]
        point, loss = (torch.cat(found) for found in zip(*moved))
        done, last = stop, stop == steps
        doubted = (loss > math.log(2)) | last
        fell = doubted.clone()
        fell[doubted] = _wrong(exact, point[doubted], y[rows[doubted]], batch)
        wrong[rows[fell]] = True
        rows, point = rows[~fell], point[~fell]
        if not len(rows):
            break
    return wrong


def _stretch(quick, x, y, point, ball, step, steps: int) -> tuple[Tensor, Tensor]:
    """The points some steps later, and the loss of each on the way (before the last step)."""
    seen = torch.zeros(len(x), device=x.device)

    def look(_, __, values: Tensor) -> None:
        seen.copy_(values)

    return ascend(away_from(quick, y), x, ball, step, steps, start=point, callback=look), seen


def _stops(steps: int) -> list[int]:
    """After which steps to look: 1, 2, 4, 8 ... and the last."""
    return [2**k for k in range(steps.bit_length()) if 2**k < steps] + [steps]


def quickest(model, x: Tensor, y: Tensor) -> Callable[[Tensor], Tensor]:
    """The quickest of a few ways to run `model` forward and back, timed on a few pictures.

    First the layout, in float32; then, in the quicker layout, the precision. Half the bits are only
    a way if a signed step along their gradient raises the loss as well as it should (`FAITHFUL`).
    The model itself is not changed: everything else is tried on a copy of it.
    """
    ways = [Way(model)]
    if isinstance(model, nn.Module) and x.dim() == 4:
        turned = _copy(model, memory_format=torch.channels_last)
        ways += [Way(turned, channels_last=True)] if turned is not None else []
    seconds = {way: _seconds(way, x, y) for way in ways} if len(ways) > 1 else {}
    way = min(ways, key=seconds.get) if seconds else ways[0]
    if not has_bfloat16(x.device):
        return way
    true, halved = _gradient(way, x, y), [replace(way, bits="mixed")]
    if isinstance(way.model, nn.Module):
        small = _copy(way.model, dtype=torch.bfloat16)
        halved += [replace(way, model=small, bits="half")] if small is not None else []
    seconds[way] = seconds.get(way) or _seconds(way, x, y)
    for other in halved:
        if _gain_kept(other, true, x, y) >= FAITHFUL:
            seconds[other] = _seconds(other, x, y)
    return min(seconds, key=seconds.get)


@dataclass(frozen=True, eq=False)
class Way:
    """A model, run in a memory layout and a precision; logits come back in float32.

    Attributes:
        bits: "full": float32. "mixed": bfloat16 where autocast finds it safe. "half": the weights
            and the pictures themselves are bfloat16 (no conversions on the way, but the net no
            longer sees differences of less than about 1/256).
    """

    model: Callable[[Tensor], Tensor]
    channels_last: bool = False
    bits: str = "full"

    def __call__(self, x: Tensor) -> Tensor:
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        if self.bits == "half":
            return self.model(x.to(torch.bfloat16)).float()
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.bits == "mixed"):
            return self.model(x).float()


def has_bfloat16(device: torch.device) -> bool:
    """Whether the chip multiplies in bfloat16 (emulation would be slower than float32)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _copy(model: nn.Module, **how) -> nn.Module | None:
    """The same net, moved with ``.to(**how)``; None for the few nets that cannot be copied."""
    try:
        return copy.deepcopy(model).to(**how).requires_grad_(False)
    except (RuntimeError, TypeError, ValueError):
        return None


def _wrong(model, x: Tensor, y: Tensor, batch: int) -> Tensor:
    with torch.no_grad():
        parts = zip(x.split(batch), y.split(batch))
        found = [check_logits(model(a), b).argmax(1) != b for a, b in parts if len(b)]
    return torch.cat(found) if found else torch.zeros_like(y, dtype=torch.bool)


def _gain_kept(way: Way, true: Tensor, x: Tensor, y: Tensor) -> float:
    """How much of the steepest step's first-order gain is left with the signs of `way`'s gradient.

    <g, sign(g')> / ||g||_1, the mean over the pictures; 0 for a net that fails in this precision.
    """
    try:
        signs = _gradient(way, x, y).sign()
    except RuntimeError:  # some nets make float32 tensors of their own on the way
        return 0.0
    gain, best = (true * signs).flatten(1).sum(1), true.abs().flatten(1).sum(1)
    return (gain / best.clamp_min(torch.finfo(best.dtype).tiny)).mean().item()


def _gradient(way: Way, x: Tensor, y: Tensor) -> Tensor:
    with torch.inference_mode(False), torch.enable_grad():
        point = x.detach().clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(F.cross_entropy(way(point), y, reduction="sum"), point)
    return gradient


def _seconds(way: Way, x: Tensor, y: Tensor) -> float:
    """How long one gradient takes, at best."""
    # On the CPU the time this process used: other programs must not sway the choice.
    clock, taken = time.perf_counter if x.device.type == "cuda" else time.process_time, []
    for _ in range(REPEATS):
        _finish(x.device)
        begun = clock()
        _gradient(way, x, y)
        _finish(x.device)
        taken.append(clock() - begun)
    return min(taken)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
