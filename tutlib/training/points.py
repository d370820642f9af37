"""Points in the plane instead of pictures: two dimensions can be drawn, and searched throughout."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tutlib.nets import untouched
from tutlib.risk.bounds import interval_leads


def points_apart(count: int, gap: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random points (count, 2) in the unit square, of two classes in turn.

    No two are nearer than `gap` (L-inf): balls of half that radius around them never meet.

    Raises:
        ValueError: if there is no room for so many.

    Example:
        >>> x, y = points_apart(4, gap=0.2)
        >>> x.shape, y
        (torch.Size([4, 2]), tensor([0, 1, 0, 1]))
    """
    generator, found = torch.Generator().manual_seed(seed), torch.empty(0, 2)
    for _ in range(1000 * count):
        point = gap / 2 + (1 - gap) * torch.rand(1, 2, generator=generator)
        if (point - found).abs().amax(1).ge(gap).all():
            found = torch.cat([found, point])
        if len(found) == count:
            return found, torch.arange(count) % 2
    raise ValueError(f"{count} points {gap:g} apart do not fit the unit square: take fewer.")


def right_in_squares(model, x: Tensor, y: Tensor, eps: float, side: int = 21) -> float:
    """For points (N, 2): the share of squares of radius eps in which no wrong point was found.

    No attack: `side` x `side` points of every square are tried, which only two dimensions allow.
    Between them a wrong one may hide, so the share that is right all over is this *or less*.

    Example:
        >>> vote = lambda x: x  # the larger coordinate wins
        >>> x = torch.tensor([[0.9, 0.1], [0.6, 0.5]])  # the second square crosses the diagonal
        >>> right_in_squares(vote, x, torch.tensor([0, 0]), eps=0.1)
        0.5
    """
    line = torch.linspace(-eps, eps, side, device=x.device)
    with untouched(model), torch.no_grad():
        answers = model(x[:, None] + torch.cartesian_prod(line, line)).argmax(-1)
    return (answers == y[:, None]).all(1).float().mean().item()


def lowest_lead(net: nn.Sequential, low: Tensor, high: Tensor, y: Tensor) -> Tensor:
    """For boxes between `low` and `high` (N, D): a lead of class `y` that no point falls below.

    `risk.bounds.interval_leads` for a net of two classes: the logit of `y` (N,) minus the other
    one. Above zero it proves the whole box right; below zero it proves nothing.

    Raises:
        TypeError: for a layer whose bounds are not known.
        ValueError: if the net does not have two classes.

    Example:
        >>> net = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 2))
        >>> for weight, value in zip(net.parameters(), ([[1.0]], [0.0], [[1.0], [-1.0]], [0, 0])):
        ...     weight.data = torch.tensor(value, dtype=torch.float32)
        >>> lowest_lead(net, torch.tensor([[2.0]]), torch.tensor([[3.0]]), torch.tensor([0])).item()
        4.0
    """
    leads = interval_leads(net, low, high, y)
    if leads.shape[1] != 2:
        raise ValueError(f"a lead is between two classes, and this net has {leads.shape[1]}.")
    return leads.amin(1)


def proved_in_squares(net: nn.Sequential, x: Tensor, y: Tensor, eps: float, parts: int = 64):
    """For points (N, 2): which whole squares of radius eps are proved right (N,), by `lowest_lead`.

    Every square is cut into `parts` x `parts` pieces: the smaller a box, the closer its bounds.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 2))
        >>> net[0].weight.data, net[0].bias.data = torch.eye(2), torch.zeros(2)
        >>> x = torch.tensor([[0.9, 0.1], [0.6, 0.5]])  # the second square crosses the diagonal
        >>> proved_in_squares(net, x, torch.tensor([0, 0]), eps=0.1)
        tensor([ True, False])
    """
    line = torch.linspace(-eps, eps, parts + 1, device=x.device, dtype=x.dtype)
    low, high = (  # neighbours share their edge to the last bit
        (x[:, None] + torch.cartesian_prod(ends, ends)).flatten(0, 1)
        for ends in (line[:-1], line[1:])
    )
    with torch.no_grad():
        leads = lowest_lead(net, low, high, y.repeat_interleave(parts * parts))
    return (leads > 0).view(len(x), -1).all(1)
