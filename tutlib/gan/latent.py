"""Latent space: ways between two z, directions that change one thing, and the z of a given picture.

The weights stand still here, and z moves. A z is a row of numbers dealt by a Gaussian; nearly all
of them lie near a sphere of radius sqrt(d), which is why there are two ways to go from one to
another (White, "Sampling generative networks", 2016).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tutlib.balls import Box
from tutlib.check.inputs import check_count
from tutlib.descent import Adam, descend
from tutlib.nets import untouched


def straight(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The points (1 - t) a + t b of the straight line: a, b (..., d), t (T,) -> (T, ..., d).

    Example:
        >>> straight(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.5]))
        tensor([[0.5000, 0.5000]])
    """
    _check_ends(a, b)
    t = t.to(a).view(-1, *[1] * a.dim())
    return (1 - t) * a + t * b


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The arc from a to b at an even pace: it turns evenly and its length grows evenly.

    For ends of one length this is the great circle (Shoemake, 1985). a, b (..., d), t (T,) ->
    (T, ..., d). Ends in one direction, or with a zero among them, are joined by the straight line;
    exactly opposite ends have no shortest arc, and NaN is never returned: the line again.

    Example:
        >>> slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.5]))
        tensor([[0.7071, 0.7071]])
    """
    _check_ends(a, b)
    tiny = torch.finfo(a.dtype).eps
    long_a, long_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    u, v = a / long_a.clamp(min=tiny), b / long_b.clamp(min=tiny)
    angle = (u * v).sum(-1, keepdim=True).clamp(-1, 1).acos()
    place = t.to(a).view(-1, *[1] * a.dim())
    scale = angle.sin()
    arc = (((1 - place) * angle).sin() * u + (place * angle).sin() * v) / scale.clamp(min=tiny)
    arc = arc * ((1 - place) * long_a + place * long_b)
    bent = (scale > 1e-3) & (long_a > tiny) & (long_b > tiny)
    return torch.where(bent, arc, straight(a, b, t))


def step_lengths(points: Tensor) -> Tensor:
    """How far each step of a walk goes: points (T, ...) -> (T - 1,), Euclidean.

    Example:
        >>> step_lengths(torch.tensor([[0.0], [3.0], [4.0]]))
        tensor([3., 1.])
    """
    if points.dim() < 2 or len(points) < 2:
        raise ValueError(f"a walk has two points or more (T, ...), not {tuple(points.shape)}.")
    return (points[1:] - points[:-1]).flatten(1).norm(dim=1)


def direction(z: Tensor, have: Tensor) -> Tensor:
    """From the middle of the z without something to the middle of those with it: (d,).

    Args:
        z: (N, d); have: (N,) bool, or 0 and 1.

    Example:
        >>> z = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 1.0]])
        >>> direction(z, torch.tensor([True, True, False]))
        tensor([ 2., -1.])
    """
    have = have.bool()
    if z.dim() != 2 or have.shape != z.shape[:1]:
        raise ValueError(
            f"z (N, d) and one yes or no for each: not {tuple(z.shape)} and {tuple(have.shape)}."
        )
    if bool(have.all()) or not bool(have.any()):
        raise ValueError("a direction needs z with it and z without it; here all are alike.")
    return z[have].mean(0) - z[~have].mean(0)


def without(v: Tensor, others: Tensor) -> Tensor:
    """The part of v (d,) at right angles to all `others` (K, d): what they would move is taken out.

    Example:
        >>> without(torch.tensor([2.0, 1.0]), torch.tensor([[0.0, 5.0]]))
        tensor([2., 0.])
    """
    if v.dim() != 1 or others.dim() != 2 or others.shape[1] != len(v):
        raise ValueError(
            f"v (d,) and others (K, d) are needed, not {tuple(v.shape)} and {tuple(others.shape)}."
        )
    if len(others) == 0:
        return v
    axes, sizes, _ = torch.linalg.svd(others.T, full_matrices=False)
    kept = axes[:, sizes > 1e-5 * float(sizes.max())]
    return v - kept @ (kept.T @ v)


def find(
    forger: nn.Module, wanted: Tensor, start: Tensor, steps: int = 60, *, lr: float = 0.1,
    pull: float = 0.0, callback: Callable | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Move z until the forger paints what is wanted: the course's one loop, with the weights still.

    Args:
        wanted: pictures (N, C, H, W) in [0, 1]; start: z (N, d).
        pull: weight of |z|^2 / d, which keeps z where dice fall.
        callback: as in `descend`; the values are mean squared errors (N,), the pull with them.

    Returns:
        z (N, d), and each picture's root of the mean squared error of a pixel (N,).

    Example:
        >>> _ = torch.manual_seed(0)
        >>> tower = nn.Sequential(nn.Linear(2, 12), nn.Sigmoid(), nn.Unflatten(1, (3, 2, 2)))
        >>> wanted = tower(torch.tensor([[1.0, -1.0]])).detach()
        >>> z, error = find(tower, wanted, torch.zeros(1, 2), steps=200)
        >>> bool(error < 0.01)
        True
    """
    check_count("steps", steps, 0)
    if start.dim() != 2 or len(start) != len(wanted):
        raise ValueError(
            f"each picture needs a z to start from: wanted is {tuple(wanted.shape)}, "
            f"start {tuple(start.shape)}."
        )

    everywhere = Box(-torch.inf, torch.inf)

    def wrong(z: Tensor) -> Tensor:
        return (forger(z) - wanted).square().flatten(1).mean(1)

    def goal(z: Tensor) -> Tensor:
        return wrong(z) + pull * z.square().mean(1)

    with untouched(forger):
        how = {"box": None, "callback": callback}
        z = descend(goal, start, everywhere, Adam(lr), steps, **how)
        with torch.no_grad():
            return z, wrong(z).sqrt()


def _check_ends(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape or a.dim() == 0 or not a.is_floating_point():
        raise ValueError(
            f"both ends are rows of as many numbers: a is {tuple(a.shape)}, b {tuple(b.shape)}."
        )
