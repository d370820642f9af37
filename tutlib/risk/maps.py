"""Maps of the space around a picture, and how many right-angled ways lead out of its class."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tutlib.attacks.margins import third_wish
from tutlib.balls import L2, one_each
from tutlib.check.inputs import (
    check_count,
    check_finite,
    check_labels,
    check_pictures,
    check_positive,
)
from tutlib.check.models import at_the_door, check_model, logits_of
from tutlib.check.patience import bar
from tutlib.nets import untouched

SHARES = (0.25, 0.4, 0.6, 0.8, 1.0, 1.3)  # of the ceiling: how many directions are tried


def way_out(model, x: Tensor, y, *, box=(0.0, 1.0)) -> tuple[Tensor, Tensor]:
    """The lead of the class `y`, and the way on which it falls fastest.

    Args:
        model: from pictures to logits (N, K); x: (N, ...) in [0, 1]; y: an int or (N,).
        box: pixels that stand at its lowest or highest value, and would leave it, stay where they
            are; None lets all of them move.

    Returns:
        The leads (N,), z_y - max over k != y of z_k, and minus their gradients, shaped like `x`.

    Example:
        >>> lead, way = way_out(lambda x: x, torch.tensor([[0.9, 0.4]]), 0)
        >>> lead, way  # the brightest pixel wins; it has to fall, the other to rise
        (tensor([0.5000]), tensor([[-1.,  1.]]))
    """
    model, y, _ = at_the_door(model, x, y, None, box)
    with untouched(model), torch.enable_grad():
        point = x.detach().clone().requires_grad_(True)
        lead = -third_wish(model(point), y)
        (slope,) = torch.autograd.grad(lead.sum(), point)
    check_finite(slope)
    way = -slope
    if box is not None:
        way = way.masked_fill(((x <= box[0]) & (way < 0)) | ((x >= box[1]) & (way > 0)), 0)
    return lead.detach(), way


def at_right_angles(*ways: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """For each picture a random direction of length one, at right angles to all of its `ways`.

    Args:
        ways: (N, ...), of any length, at right angles to each other.
        generator: the source of chance; without one, the same in every call.

    Example:
        >>> up = at_right_angles(torch.tensor([[3.0, 0.0]]))
        >>> up.abs()
        tensor([[0., 1.]])
    """
    for way in ways:
        check_pictures(way, None)
    if not ways or ways[0][0].numel() <= len(ways):
        raise ValueError("at_right_angles needs one way or more, and more pixels than ways.")
    generator, like = generator or torch.Generator().manual_seed(0), ways[0]
    drawn = torch.randn(like.shape, generator=generator, device=generator.device).to(like)
    units = [L2(1.0).steepest(way) for way in ways]
    for unit in units * 2:  # the second round takes away what rounding has left
        share = (drawn * unit).flatten(1).sum(1)
        drawn = drawn - one_each(share, like) * unit
    return L2(1.0).steepest(drawn)


def cross_section(model, x: Tensor, right: Tensor, up: Tensor, reach: float, *, side: int = 21,
                  box: tuple[float, float] | None = (0.0, 1.0), batch: int = 4000
                  ) -> Tensor:  # fmt: skip
    """What the model says on a square sheet through each picture: logits (N, side, side, K).

    The point [n, i, j] is x[n] + b right[n] + a up[n], where a (for i) and b (for j) go from
    -reach to reach; the picture itself is in the middle. Black and white stop what would leave
    the box, so every point is a picture. (`box=None` leaves the sheet flat.)

    Args:
        model: from pictures to logits (N, K); x: (N, ...) in [0, 1]; right, up: like `x`.
        side: points along each side; batch: how many points at a time, of all maps together.

    Example:
        >>> x = torch.tensor([[0.6, 0.5]])
        >>> right, up = torch.tensor([[-1.0, 0.0]]), torch.tensor([[0.0, -1.0]])
        >>> cross_section(lambda x: x, x, right, up, 0.2, side=3).argmax(-1)  # brightest pixel
        tensor([[[0, 1, 1],
                 [0, 0, 1],
                 [0, 0, 0]]])
    """
    check_pictures(x, box)
    check_model(model)
    check_positive("reach", reach)
    check_count("side", side, 1)
    check_count("batch", batch, 1)
    for way in (right, up):
        if way.shape != x.shape:
            raise ValueError(
                f"each picture needs a direction of its own: they have shape {tuple(way.shape)}, "
                f"and the pictures {tuple(x.shape)}."
            )
        check_pictures(way, None)
    line = torch.linspace(-reach, reach, side, device=x.device, dtype=x.dtype)
    n, i, j = torch.meshgrid(*(torch.arange(k, device=x.device) for k in (len(x), side, side)),
                             indexing="ij")  # fmt: skip
    n, i, j, found = n.flatten(), i.flatten(), j.flatten(), []
    with untouched(model), torch.no_grad():
        for some in bar(torch.arange(len(n), device=x.device).split(batch), "batches of points"):
            a, b, rows = one_each(line[i[some]], x), one_each(line[j[some]], x), n[some]
            points = x[rows] + b * right[rows] + a * up[rows]
            found.append(model(points if box is None else points.clamp(*box)))
    logits = torch.cat(found)
    check_finite(logits)
    return logits.view(len(x), side, side, -1)


def aligned(way: Tensor, count: int, generator: torch.Generator | None = None) -> Tensor:
    """`count` directions of length one, at right angles, with equal parts of `way` in each.

    Each has <r, way> = ||way|| / sqrt(count), and no set at right angles can give more to its
    poorest member (Tramèr, Papernot, Goodfellow, Boneh and McDaniel, "The space of transferable
    adversarial examples", 2017: gradient aligned adversarial subspace).

    Args:
        way: one picture's direction (...), of any length above zero.
        count: how many; at most as many as there are pixels.
        generator: of the random directions that fill up the frame; without one, always the same.

    Returns:
        (count, ...), shaped like `way` each.

    Example:
        >>> frame = aligned(torch.tensor([0.0, 3.0, 4.0]), 2)
        >>> frame @ torch.tensor([0.0, 3.0, 4.0])  # 5 / sqrt(2), twice
        tensor([3.5355, 3.5355])
        >>> abs(float(frame[0] @ frame[1])) < 1e-6
        True
    """
    check_count("count", count, 1)
    check_pictures(way.view(1, -1), None)
    if count > way.numel():
        raise ValueError(f"in {way.numel()} dimensions there are no {count} right angles.")
    if not way.any():
        raise ValueError("this way has length zero: it has no direction to share.")
    generator = generator or torch.Generator().manual_seed(0)
    drawn = torch.randn(
        way.numel(), count, generator=generator, device=generator.device, dtype=torch.float64
    )
    drawn[:, 0] = L2(1.0).steepest(way.detach().view(1, -1).double())[0].to(drawn.device)
    frame = torch.linalg.qr(drawn)[0].T
    frame[0] *= torch.sign(frame[0] @ drawn[:, 0])  # QR may have turned it round
    # A mirror that swaps (1, 0, ..., 0) and the diagonal: what the first row had, all rows share.
    corner = torch.full((count,), count**-0.5, dtype=torch.float64, device=drawn.device)
    corner[0] -= 1
    if count > 1:
        frame = frame - 2 * torch.outer(corner, corner @ frame) / (corner @ corner)
    return frame.to(way).view(count, *way.shape)


def ceiling(lead: Tensor, way: Tensor, eps: float) -> Tensor:
    """How many right-angled steps of length `eps` can each cross one straight wall, at most: (N,).

    floor((eps / distance)^2), where the distance is lead / ||way||: the squares of the parts that
    right-angled directions have of one way add up to its square, or less (Pythagoras).

    Example:
        >>> ceiling(torch.tensor([1.0]), torch.tensor([[0.0, 2.0, 0.0, 0.0, 0.0]]), 1.0)
        tensor([4])
        >>> ceiling(torch.tensor([1.0]), torch.tensor([[0.0, 2.0]]), 1.0)  # no more than pixels
        tensor([2])
    """
    check_positive("eps", eps)
    times = eps * way.flatten(1).double().norm(dim=1) / lead.double()
    most = (times.square() * (1 + 1e-9)).floor().clamp_max(way[0].numel())
    return torch.where(lead > 0, most, way[0].numel()).long()


@dataclass(frozen=True)
class Ways:
    """Right-angled ways out of the class of each of N pictures.

    Attributes:
        found: (N,) how many fool the model; ceiling: (N,) what a straight wall would allow.
        directions: for each picture the found ones (found, ...), of length one.
    """

    found: Tensor
    ceiling: Tensor
    directions: list[Tensor]


def ways_out(model, x: Tensor, y, eps: float, *, box: tuple[float, float] | None = (0.0, 1.0),
             most: int = 250, generator: torch.Generator | None = None) -> Ways:  # fmt: skip
    """How many directions at right angles, each gone to length `eps`, fool the model?

    For each picture frames of several sizes around its `ceiling` are tried (`aligned`), and the one
    with the most fooling directions is kept. So the count is a lower bound. With a `box`, black and
    white stop the steps: what is left of two directions need not be at right angles.

    Args:
        model: from pictures to logits (N, K); x: (N, ...) in [0, 1], which the model calls `y`.
        eps: L2 length of a step, in pixel units; most: no frame is larger than this.

    Example:
        >>> x, lift = torch.tensor([[0.3, 0.5, 0.5, 0.5, 0.5]]), torch.ones(1, 5) / 5**0.5
        >>> wall = lambda x: torch.cat([0.9 - x @ lift.T, x @ lift.T - 0.9], 1)
        >>> lead, way = way_out(wall, 0 * x, 0)  # the wall is 0.9 away
        >>> ways_out(wall, 0 * x, 0, 1.85, box=None).found, ceiling(lead, way, 1.85)
        (tensor([4]), tensor([4]))
    """
    check_count("most", most, 1)
    lead, way = way_out(model, x, y, box=box)
    highest = ceiling(lead, way, eps)
    generator = generator or torch.Generator().manual_seed(0)
    y, kept = check_labels(y, x), []
    with untouched(model), torch.no_grad():
        for picture, label, line, high in bar(list(zip(x, y, way, highest.tolist())), "pictures"):
            best = picture.new_zeros(0, *picture.shape)
            widest = min(most, picture.numel())
            tries = {min(widest, max(1, int(share * high))) for share in SHARES}
            for count in sorted(tries) if line.any() else ():
                frame = aligned(line, count, generator)
                fools = _crossed(model, picture, label, eps * frame, box)
                best = frame[fools] if fools.sum() > len(best) else best
            kept.append(best)
    return Ways(torch.tensor([len(best) for best in kept]), highest.cpu(), kept)


def _crossed(model, picture: Tensor, label: Tensor, steps: Tensor, box) -> Tensor:
    """Which of the steps (M, ...) from a picture lead out of the class `label`: (M,)."""
    points = picture + steps
    return model(points if box is None else points.clamp(*box)).argmax(1) != label


@torch.no_grad()
def crossed(model, picture: Tensor, label, steps: Tensor, *, box=(0.0, 1.0)) -> Tensor:
    """Which of many steps (M, ...) from one picture (...) lead out of the class `label`: (M,).

    Example:
        >>> steps = torch.tensor([[-0.2, 0.0], [0.0, 0.05]])
        >>> crossed(lambda x: x, torch.tensor([0.6, 0.5]), 0, steps)  # the brightest pixel wins
        tensor([ True, False])
    """
    check_pictures(picture[None], box)
    check_pictures(steps, None)
    check_model(model)
    label = check_labels(int(label), picture[None])
    with untouched(model):
        logits_of(model, picture[None], label)
        return _crossed(model, picture, label, steps, box)
