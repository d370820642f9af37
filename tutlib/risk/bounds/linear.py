"""Linear bounds: below the net lies a linear function of the picture, and that one is exact."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tutlib.nets import untouched
from tutlib.risk.bounds.interval import interval_leads, through
from tutlib.risk.bounds.layers import (
    check_boxes,
    layers_of,
    lead_rows,
    pulled_back,
    without_own,
)

Box = tuple[Tensor, Tensor]
AT_ONCE = 2**24  # numbers held in one backward pass: 128 MB in double precision


@torch.no_grad()
def linear_leads(net: nn.Module, low: Tensor, high: Tensor, y, *, hidden: str = "linear") -> Tensor:
    """Leads over each other class that no point of a box falls below, by linear functions.

    (CROWN: Zhang et al., "Efficient neural network robustness certification with general
    activation functions", 2018.) Every ReLU is held between two straight lines, and going backward
    from the leads we take whichever is the worse one. Which values belong together is remembered
    all the way to the pixels. Where intervals are closer, they count.

    Args:
        net, low, high, y: as for `interval_leads`.
        hidden: where the lines of a ReLU lie depends on bounds for its input. "linear" finds those
            in the same way, layer by layer; "interval" is quicker, and not as close.

    Returns:
        (N, K), with infinity in the column of `y`.

    Example:
        >>> net = mlp(3, 16, 16, 2).double()
        >>> low, high = torch.zeros(1, 3).double(), torch.ones(1, 3).double()
        >>> bool(linear_leads(net, low, high, 0)[0, 1] > interval_leads(net, low, high, 0)[0, 1])
        True
    """
    if hidden not in ("linear", "interval"):
        raise ValueError(f"hidden must be 'linear' or 'interval', and this is {hidden!r}.")
    labels, (*inner, last) = check_boxes(net, low, high, y), layers_of(net)
    with untouched(net):
        boxes = hidden_boxes(inner, low, high, hidden)
        rows, offset = lead_rows(last, labels)
        leads = lowest(inner, boxes, rows, offset)
        return without_own(leads, labels).maximum(interval_leads(net, low, high, labels))


def hidden_boxes(layers: list[nn.Module], low: Tensor, high: Tensor, how: str) -> list[Box]:
    """For each layer a box that holds its input, and one more that holds the last output."""
    boxes = [(low, high)]
    for k, layer in enumerate(layers):
        low, high = through(layer, low, high)
        bent = any(isinstance(before, nn.ReLU) for before in layers[:k])  # else: exact already
        if how == "linear" and bent and not isinstance(layer, nn.ReLU):
            down, up = (side * _each_unit(layers[: k + 1], boxes, side, low) for side in (1, -1))
            low, high = low.maximum(down), high.minimum(up)
            low = low.minimum(high)  # rounding may cross two ends that are one
        boxes.append((low, high))
    return boxes


def _each_unit(layers: list[nn.Module], boxes: list[Box], side: int, like: Tensor) -> Tensor:
    """The lowest value of `side` times each output of the last of `layers`, shaped as `like`."""
    units, widest = like[0].numel(), max(box[0].numel() for box in boxes)
    found = []
    for some in torch.arange(units, device=like.device).split(max(1, AT_ONCE // widest)):
        rows = like.new_zeros(len(some), units).index_put(
            (torch.arange(len(some), device=like.device), some), like.new_tensor(float(side))
        )
        rows = rows.expand(len(like), -1, -1).reshape(len(like), len(some), *like.shape[1:])
        found.append(lowest(layers, boxes, rows, like.new_zeros(rows.shape[:2])))
    return torch.cat(found, 1).view_as(like)


def lowest(layers: list[nn.Module], boxes: list[Box], rows: Tensor, offset: Tensor) -> Tensor:
    """What sums of outputs cannot fall below: rows (N, S, ...), offset (N, S) -> (N, S)."""
    for layer, (low, high) in zip(reversed(layers), reversed(boxes[: len(layers)])):
        if isinstance(layer, nn.ReLU):
            under, over, lift = (line[:, None] for line in lines(low, high))
            worse = rows.clamp_max(0)  # these want the unit high, and get the upper line
            offset = offset + (worse * lift).flatten(2).sum(2)
            rows = rows.clamp_min(0) * under + worse * over
        else:
            rows, more = pulled_back(layer, rows, low.shape[1:])
            offset = offset + more
    low, high = boxes[0]
    middle, half = ((low + high) / 2)[:, None], ((high - low) / 2)[:, None]
    return offset + (rows * middle - rows.abs() * half).flatten(2).sum(2)


def lines(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Two lines that hold max(z, 0) between them for low <= z <= high.

    Returns:
        under, over, lift: under * z <= max(z, 0) <= over * z + lift.

    Example:
        >>> [line.tolist() for line in lines(torch.tensor([-1.0, -3.0]), torch.tensor([3.0, 1.0]))]
        [[1.0, 0.0], [0.75, 0.25], [0.75, 0.75]]
    """
    width = (high - low).clamp_min(torch.finfo(low.dtype).tiny)
    crossing = (low < 0) & (high > 0)
    always = (low >= 0).to(low)
    over = torch.where(crossing, high / width, always)
    lift = torch.where(crossing, -low * high / width, 0.0)
    under = torch.where(crossing, (high > -low).to(low), always)
    return under, over, lift
