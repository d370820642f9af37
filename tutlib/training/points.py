"""Points in the plane instead of pictures: two dimensions can be drawn, and searched throughout."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.nets import untouched


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
    """For points (N, 2): the share whose whole square of radius eps the net gets right.

    No attack: `side` x `side` points of every square are tried, which only two dimensions allow.

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
