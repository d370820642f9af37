"""Interval bounds: a whole box goes through the net at once, layer by layer."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib.balls import one_each
from tutlib.check.inputs import check_eps, check_pictures
from tutlib.risk.bounds.layers import check_boxes, layers_of, lead_rows, spread, without_own


def box_around(x: Tensor, eps: float | Tensor) -> tuple[Tensor, Tensor]:
    """The ends of what every pixel may become: within `eps` of itself, and within [0, 1].

    Args:
        x: (N, ...) in [0, 1]; eps: one radius, or one for each picture (N,).

    Example:
        >>> low, high = box_around(torch.tensor([[0.05, 0.5]]), 0.25)
        >>> low, high
        (tensor([[0.0000, 0.2500]]), tensor([[0.3000, 0.7500]]))
    """
    check_pictures(x)
    if isinstance(eps, Tensor):
        eps = one_each(eps.to(x), x)
    else:
        check_eps(eps)
    return (x - eps).clamp(0, 1), (x + eps).clamp(0, 1)


def interval_leads(net: nn.Module, low: Tensor, high: Tensor, y) -> Tensor:
    """Leads of class `y` over each other class that no point of a box falls below.

    (Gowal et al., "On the effectiveness of interval bound propagation", 2018.) Each layer turns a
    box into a box that holds all it can give. In the precision of the net: for a proof, hand in
    ``net.double()`` and boxes to match. Gradients flow through it, so a net can be trained on it.

    Args:
        net: of layers that `layers_of` knows; low, high: (N, ...), the ends of N boxes;
        y: an int or (N,).

    Returns:
        (N, K), with infinity in the column of `y` itself. A row all above zero proves its box
        right; otherwise it proves nothing.

    Raises:
        TypeError: for a layer whose bounds are not known.

    Example:
        >>> net = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 2))
        >>> for weight, value in zip(net.parameters(), ([[1.0]], [0.0], [[1.0], [-1.0]], [0, 0])):
        ...     weight.data = torch.tensor(value, dtype=torch.float32)
        >>> interval_leads(net, torch.tensor([[2.0]]), torch.tensor([[3.0]]), 0).tolist()
        [[inf, 4.0]]
    """
    labels, (*hidden, last) = check_boxes(net, low, high, y), layers_of(net)
    for layer in hidden:
        low, high = through(layer, low, high)
    rows, offset = lead_rows(last, labels)
    middle, half = ((low + high) / 2)[..., None], ((high - low) / 2)[..., None]
    return without_own((rows @ middle - rows.abs() @ half)[..., 0] + offset, labels)


def through(layer: nn.Module, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """The box that holds all that `layer` makes of a box.

    Example:
        >>> through(nn.ReLU(), torch.tensor([[-1.0, 2.0]]), torch.tensor([[3.0, 4.0]]))
        (tensor([[0., 2.]]), tensor([[3., 4.]]))
    """
    if isinstance(layer, nn.ReLU):
        return layer(low), layer(high)  # it never falls: ends go to ends
    middle, half = layer((low + high) / 2), spread(layer, (high - low) / 2)
    return middle - half, middle + half


def widest(proved: Callable[[Tensor], Tensor], count: int, top: float, *,
           halvings: int = 12) -> Tensor:  # fmt: skip
    """The largest eps (N,) up to `top` for which a proof was found, by halving; 0 where none was.

    What is proved for an eps is proved for every smaller one, whatever the method says there.

    Args:
        proved: from radii (N,) in double precision to answers (N,); count: N.

    Example:
        >>> widest(lambda eps: eps < torch.tensor([0.1, 0.3]), 2, 1.0).round(decimals=2).tolist()
        [0.1, 0.3]
    """
    low, high = torch.zeros(count).double(), torch.full((count,), float(top)).double()
    for _ in range(halvings):
        middle = (low + high) / 2
        yes = proved(middle).cpu()
        low, high = torch.where(yes, middle, low), torch.where(yes, high, middle)
    return low


def worst_loss(net: nn.Module, x: Tensor, y: Tensor, eps: float) -> Tensor:
    """A loss that no picture within `eps` of `x` exceeds, the mean of the batch: to be trained on.

    The cross-entropy where every lead is at its interval bound (Gowal et al., 2018).

    Example:
        >>> net, x, y = mlp(4, 8, 3), torch.rand(5, 4), torch.tensor([0, 1, 2, 0, 1])
        >>> (worst_loss(net, x, y, 0.1) > F.cross_entropy(net(x), y)).item()
        True
    """
    leads = interval_leads(net, *box_around(x, eps), y)
    return F.cross_entropy(-leads.masked_fill(torch.isinf(leads), 0), y)
