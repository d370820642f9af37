"""The quickest way to run a net: its memory layout, and in how many bits. Measured, not guessed.

Half the bits (bfloat16) where the chip has them, channels last where that suits the net, each only
where it pays, and half the bits only where they keep an attack's direction.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from tutlib.attacks import input_gradient

REPEATS = 2
FAITHFUL = 0.99  # the share of a step's gain that half the bits must keep
TIE = 1.1  # channels last may seem so much slower: its lead grows with the batch and fewer bits


def quickest(model, x: Tensor, y: Tensor) -> tuple[Way, Way]:
    """The quickest ways to run `model` forward and back: of all, and of those in float32.

    First the layout, in float32; then, in the quicker layout, the precision. Half the bits are only
    a way if a signed step along their gradient raises the loss as well as it should (`FAITHFUL`).
    The model itself is not changed: everything else is tried on a copy of it, on a few pictures.
    """
    exact, truth, seconds = Way(model), *_tried(Way(model), x, y)
    turned = _copy(model, memory_format=torch.channels_last) if x.dim() == 4 else None
    if turned is not None:
        way = Way(turned, channels_last=True)
        gradient, taken = _tried(way, x, y, or_else=truth)
        if taken < TIE * seconds:
            exact, truth, seconds = way, gradient, taken
    for way in _halved(exact) if has_bfloat16(x.device) else ():
        gradient, taken = _tried(way, x, y, or_else=truth)
        if taken < math.inf and gain_kept(gradient, truth) >= FAITHFUL:
            return way if taken < seconds else exact, exact
    return exact, exact


@dataclass(frozen=True, eq=False)
class Way:
    """A model, run in a memory layout and a precision; logits come back in float32 (or float64).

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
            logits = self.model(x)
        return logits if logits.dtype == torch.float64 else logits.float()


def _halved(way: Way) -> list[Way]:
    """The same in bfloat16, the quicker way first."""
    small = _copy(way.model, dtype=torch.bfloat16)
    half = [] if small is None else [replace(way, model=small, bits="half")]
    return [*half, replace(way, bits="mixed")]


def has_bfloat16(device: torch.device) -> bool:
    """Whether the chip multiplies in bfloat16 (emulation would be slower than float32)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _copy(model, **how) -> nn.Module | None:
    """The same net, moved with ``.to(**how)``; None where that cannot be done."""
    if not isinstance(model, nn.Module):
        return None
    try:
        return copy.deepcopy(model).to(**how).requires_grad_(False)
    except (RuntimeError, TypeError, ValueError):
        return None


def gain_kept(gradient: Tensor, truth: Tensor) -> float:
    """How much of the steepest step's first-order gain is left with the signs of `gradient`.

    <truth, sign(gradient)> / ||truth||_1, the mean over the pictures.
    """
    gain = (truth * gradient.sign()).flatten(1).sum(1)
    best = truth.abs().flatten(1).sum(1).clamp_min(torch.finfo(truth.dtype).tiny)
    return (gain / best).mean().item()


def _tried(way: Way, x: Tensor, y: Tensor, or_else: Tensor | None = None) -> tuple[Tensor, float]:
    """The gradient of the pictures, and how many seconds it takes, at best.

    A way that cannot be gone takes for ever, and gives `or_else`, where there is one: some nets ask
    for one memory layout (`view`), make float32 tensors of their own, or overflow in half the bits.
    """
    # On the CPU the time this process used: other programs must not sway the choice.
    clock, taken = time.perf_counter if x.device.type == "cuda" else time.process_time, []
    try:
        for _ in range(REPEATS):
            _finish(x.device)
            begun = clock()
            found = input_gradient(way, x, y)
            _finish(x.device)
            taken.append(clock() - begun)
    except (RuntimeError, ValueError):
        if or_else is None:
            raise
        return or_else, math.inf
    return found, min(taken)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
