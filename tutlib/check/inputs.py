"""Wrong input gets one clear sentence that says what to do."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def device_of(generator: torch.Generator | None) -> torch.device:
    """Where a source of chance draws: on its own device; on the CPU where there is none."""
    return torch.device("cpu") if generator is None else generator.device


def check_pictures(x: Tensor, box: tuple[float, float] | None = (0.0, 1.0)) -> None:
    """Raise unless `x` is a non-empty float batch, free of NaN, inside `box` (None: anywhere)."""
    if not isinstance(x, Tensor):
        raise TypeError(
            f"pictures must be a torch tensor (N, C, H, W), and this is {type(x).__name__}: "
            "torch.from_numpy turns an array into one."
        )
    if not x.is_floating_point():
        raise TypeError(
            f"pictures must be floating point in [0, 1], and these are {x.dtype}: "
            "divide by 255, as in x.float() / 255."
        )
    if x.dim() == 3:
        raise ValueError(
            f"a batch (N, C, H, W) is needed, and this is one picture {tuple(x.shape)}: "
            "x[None] makes it a batch of one."
        )
    if x.dim() < 2:
        raise ValueError(f"a batch (N, ...) is needed, and this has shape {tuple(x.shape)}.")
    if x.numel() == 0:
        raise ValueError(f"the batch is empty (shape {tuple(x.shape)}): pass at least one picture.")
    low, high = (value.item() for value in torch.aminmax(x.detach()))
    if low != low:  # one NaN makes both NaN
        raise ValueError("the pictures hold NaN: look at how they were loaded.")
    if box is not None and (low < box[0] or high > box[1]):
        bytes_read = low >= 0 and high > 3  # normalised, white is 2.6 and black is negative
        advice = "divide by 255" if bytes_read else "undo the normalisation: it belongs in the net"
        raise ValueError(
            f"pictures must be in [{box[0]:g}, {box[1]:g}]; "
            f"these reach from {low:.4g} to {high:.4g}: {advice}."
        )


def check_eps(eps: float) -> None:
    """Raise unless the radius of a ball is a positive, finite number."""
    if not (math.isfinite(eps) and eps > 0):
        raise ValueError(
            f"eps must be a positive number, and this is {eps}: "
            "the ball needs a radius in pixel units, for example 8/255."
        )


def check_effort(steps: int, restarts: int = 1) -> None:
    """Raise unless an attack takes 0 steps or more, at least once."""
    if steps < 0:
        raise ValueError(f"steps must be 0 or more, and this is {steps}.")
    if restarts < 1:
        raise ValueError(f"restarts must be at least 1, and this is {restarts}.")


@torch.inference_mode(False)
def check_labels(y: int | Tensor, x: Tensor, what: str = "y") -> Tensor:
    """An int or an (N,) integer tensor, as an (N,) long tensor beside `x`."""
    if isinstance(y, bool) or not isinstance(y, int | Tensor):
        raise TypeError(f"{what} must be an int or an (N,) tensor, and this is {type(y).__name__}.")
    labels = torch.as_tensor(y, device=x.device)
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise TypeError(f"{what} must hold class numbers (integers), and this is {labels.dtype}.")
    if labels.dim() == 0:
        labels = labels.expand(len(x))
    if labels.shape != x.shape[:1]:
        raise ValueError(
            f"{what} must hold one label for each of the {len(x)} pictures, "
            f"and its shape is {tuple(labels.shape)}."
        )
    labels = labels.long()
    # What was made in inference mode cannot be kept for a gradient; a copy made here can.
    return labels.clone() if labels.is_inference() else labels


def at_the_door(model: Callable, x: Tensor, y, target=None, box=None) -> tuple:
    """Everything an attack is given, looked at once: (model, y, target), ready for use.

    Labels come back as (N,) tensors. The first logits of the model that comes back are looked at
    (`check_logits`), later ones are not: no check runs in the loop.
    """
    check_pictures(x, box)
    labels = check_labels(y, x)
    target = None if target is None else check_labels(target, x, "target")
    named, first = labels if target is None else target, True

    def looked_at(pictures: Tensor) -> Tensor:
        nonlocal first
        logits = model(pictures)
        if first:
            check_logits(logits, named)
            first = False
        return logits

    return looked_at, labels, target


def check_logits(logits: Tensor, labels: Tensor) -> Tensor:
    """Raise unless a model's output is finite, (N, K), and has a class for every label."""
    if logits.dim() != 2 or len(logits) != len(labels):
        raise ValueError(
            f"the model must return logits of shape (N, K) with N = {len(labels)}, "
            f"and it returned {tuple(logits.shape)}."
        )
    low, high = (value.item() for value in torch.aminmax(labels))
    if low < 0 or high >= logits.shape[1]:
        raise ValueError(
            f"label {low if low < 0 else high} is outside the model's {logits.shape[1]} classes: "
            f"labels go from 0 to {logits.shape[1] - 1}."
        )
    check_finite(logits)
    return logits


def check_finite(*tensors: Tensor) -> None:
    """Raise if there is NaN or infinity in what a model made of pictures."""
    # Finite sums have finite terms, and are few numbers; only suspicious ones are looked into.
    sums = torch.stack([values.detach().sum().double() for values in tensors])
    if not bool(sums.isfinite().all()) and not all(bool(t.isfinite().all()) for t in tensors):
        raise ValueError(
            "the model's output (or what is computed from it) holds NaN or infinity: look at the "
            "model on the clean pictures, for example its normalisation, before attacking it."
        )
