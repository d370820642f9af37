"""What a bound must know of a layer: where it sends a middle, how it spreads a width, and back.

A net is taken apart into its layers: ReLUs, and what is linear, a matrix and an offset.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from tutlib.check.inputs import check_labels, check_pictures
from tutlib.check.models import check_model, logits_of
from tutlib.nets import Classifier, Normalize

LINEAR = (nn.Linear, nn.Conv2d, nn.Flatten, Normalize)


def layers_of(net: nn.Module) -> list[nn.Module]:
    """The layers of a net, in order; the last one gives the logits.

    Raises:
        TypeError: for a layer whose bounds are not known, or where the last one is not linear.

    Example:
        >>> [type(layer).__name__ for layer in layers_of(nn.Sequential(nn.Flatten(), mlp(2, 3, 2)))]
        ['Flatten', 'Linear', 'ReLU', 'Linear']
    """
    layers = list(_flat(net))
    for layer in layers:
        if not isinstance(layer, (*LINEAR, nn.ReLU)):
            raise TypeError(
                "bounds are known for Linear, Conv2d, Flatten, Normalize and ReLU, not "
                f"{type(layer).__name__}."
            )
    if not layers or not isinstance(layers[-1], nn.Linear):
        raise TypeError("the last layer of the net must be a Linear: it gives the logits.")
    return layers


def _flat(net: nn.Module) -> Iterator[nn.Module]:
    if isinstance(net, Classifier):
        yield from _flat(net.net)
    elif isinstance(net, nn.Sequential):
        for part in net:
            yield from _flat(part)
    else:
        yield net


def check_boxes(net: nn.Module, low: Tensor, high: Tensor, y) -> Tensor:
    """The labels as (N,), where `low` and `high` (N, ...) are boxes that the net can look at."""
    check_pictures(low, None)
    check_pictures(high, None)
    if low.shape != high.shape:
        raise ValueError(
            f"a box has two ends of one shape: {tuple(low.shape)}, {tuple(high.shape)}."
        )
    if bool((low > high).any()):
        raise ValueError("a box goes from low to high, and here low is above high.")
    if not (bool(low.isfinite().all()) and bool(high.isfinite().all())):
        raise ValueError("the ends of a box must be finite, and one of these is infinite.")
    check_model(net)
    labels = check_labels(y, low)
    with torch.no_grad():
        logits_of(net, low[:1], labels[:1])
    return labels


def spread(layer: nn.Module, half: Tensor) -> Tensor:
    """How far the outputs of a linear layer can get if its inputs move by up to `half`: |W| half.

    Example:
        >>> layer = nn.Linear(2, 1)
        >>> layer.weight.data = torch.tensor([[1.0, -2.0]])
        >>> spread(layer, torch.tensor([[0.5, 1.0]])).item()
        2.5
    """
    if isinstance(layer, Normalize):
        return half / layer.std.abs()
    if isinstance(layer, nn.Flatten):
        return layer(half)
    names = {name: torch.zeros_like(w) if name == "bias" else w.abs()
             for name, w in layer.named_parameters()}  # fmt: skip
    return functional_call(layer, names, (half,))


def pulled_back(layer: nn.Module, rows: Tensor, shape: torch.Size) -> tuple[Tensor, Tensor]:
    """Sums of a linear layer's outputs, written as sums of its inputs: rows W, and rows b.

    A backward pass is the transposed layer, whatever kind of layer it is.

    Args:
        rows: (N, S, ...), S sums of the layer's outputs for each of N pictures.
        shape: of one input of the layer.

    Returns:
        (N, S, *shape) and (N, S).
    """
    with torch.enable_grad():
        nothing = rows.new_zeros(rows.shape[0] * rows.shape[1], *shape, requires_grad=True)
        offset = layer(nothing)
        (back,) = torch.autograd.grad(offset, nothing, rows.flatten(0, 1))
    sums = (offset.detach() * rows.flatten(0, 1)).flatten(1).sum(1)
    return back.view(*rows.shape[:2], *shape), sums.view(rows.shape[:2])


def lead_rows(last: nn.Linear, y: Tensor) -> tuple[Tensor, Tensor]:
    """The last layer, asked for leads: z_y - z_j is one linear layer, too. (N, K, H) and (N, K).

    Its intervals are closer than the difference of two intervals, which may not both be reached.
    """
    bias = last.weight.new_zeros(len(last.weight)) if last.bias is None else last.bias
    return last.weight[y][:, None] - last.weight, bias[y][:, None] - bias


def without_own(leads: Tensor, y: Tensor) -> Tensor:
    """Nobody leads over himself: infinity in the column of `y`, so that `amin(1)` is the worst."""
    return leads.masked_fill(F.one_hot(y, leads.shape[1]).bool(), torch.inf)
