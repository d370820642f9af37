"""Wrong input gets one clear sentence that says what to do."""

from __future__ import annotations

import math
import operator

import torch
from torch import Tensor


def device_of(generator: torch.Generator | None) -> torch.device:
    """Where a source of chance draws: on its own device; on the CPU where there is none."""
    return torch.device("cpu") if generator is None else generator.device


def check_pictures(x: Tensor, box: tuple[float, float] | None = (0.0, 1.0)) -> None:
    """Raise unless `x` is a non-empty float batch, without NaN, inside `box` (None: anywhere)."""
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
    if not (_is_finite(eps) and eps > 0):
        raise ValueError(
            f"eps must be a positive number, and this is {eps}: "
            "the ball needs a radius in pixel units, for example 8/255."
        )


def _is_finite(value) -> bool:
    """Is it one finite number? (True is a number for Python, and never for a learner.)"""
    try:
        return not isinstance(value, bool) and math.isfinite(value)
    except (TypeError, ValueError, OverflowError):
        return False


def check_ball(ball, x: Tensor, box: tuple[float, float] | None) -> None:
    """Raise if a ball around pictures in [0, 1] reaches further than from black to white."""
    if box is None or tuple(box) != (0, 1) or not (hasattr(ball, "eps") and hasattr(ball, "norm")):
        return
    white = float(ball.norm(x.detach().new_ones(x[:1].shape)))
    if ball.eps > white * (1 + 1e-6):
        raise ValueError(
            f"eps is {ball.eps:g}, and from black to white it is only {white:g}: eps is in pixel "
            "units, so write Linf(8 / 255) for 8 of 255 levels."
        )


def check_effort(steps: int, restarts: int = 1, rate: float | None = None) -> None:
    """Raise unless an attack takes 0 steps or more, at least once, each of a usable length."""
    for name, value, least in (("steps", steps, 0), ("restarts", restarts, 1)):
        check_count(name, value, least)
    if rate is not None and not (_is_finite(rate) and rate >= 0):
        raise ValueError(f"the length of a step must be 0 or more, and this is {rate}.")


def check_positive(name: str, value: float) -> None:
    """Raise unless `value` is a positive, finite number."""
    if not (_is_finite(value) and value > 0):
        raise ValueError(f"{name} must be above 0, and this is {value}.")


def check_count(name: str, value: int, least: int) -> None:
    """Raise unless `value` is a whole number, `least` or more."""
    try:
        whole = not isinstance(value, bool) and operator.index(value) == value
    except TypeError:
        whole = False
    if not whole:
        raise TypeError(f"{name} must be a whole number, and this is {value!r}.")
    if value < least:
        more = f"{least} or more" if least == 0 else f"at least {least}"
        raise ValueError(f"{name} must be {more}, and this is {value}.")


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


def check_logits(logits: Tensor, labels: Tensor) -> Tensor:
    """Raise unless a model's output is finite, (N, K), and has a class for every label."""
    if not isinstance(logits, Tensor):
        first = "[0]" if isinstance(logits, tuple | list) else ".logits"
        raise TypeError(
            f"the model must return logits (N, K), and it returned a {type(logits).__name__}: "
            f"wrap it, for example lambda x: model(x){first}."
        )
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
