"""How straight a net is: along a line through a picture, and along a line through its weights.

Goodfellow, Shlens and Szegedy ("Explaining and harnessing adversarial examples", 2015) blame
adversarial examples on nets that are too linear in their pictures. This measures how linear.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from tutlib.balls import one_each
from tutlib.check.inputs import check_finite, check_pictures
from tutlib.check.models import check_model
from tutlib.nets import untouched


def straightness(t: Tensor, values: Tensor) -> Tensor:
    """R squared of the best straight line: the share of the variance over `t` that it explains.

    Args:
        t: places on the line (T,), at least three and not all the same.
        values: what is measured at each place (T, ...).

    Returns:
        (...), from 0 to 1; 1 is a straight line (a level one, too).

    Example:
        >>> t = torch.tensor([-1.0, 0.0, 1.0])
        >>> straightness(t, torch.stack([2 * t + 1, t**2, t + t**2], 1))
        tensor([1.0000, 0.0000, 0.7500])
    """
    _check_places(t)
    if values.shape[:1] != t.shape:
        raise ValueError(
            f"values must have one row for each of the {len(t)} places of t, and their shape is "
            f"{tuple(values.shape)}."
        )
    check_finite(values)
    values = values.double()
    t = one_each(t.to(values), values)
    t, level = t - t.mean(), values.mean(0)
    left = values - level  # what is left to explain once the mean is known
    slope = (t * left).sum(0) / t.square().sum()
    all_of_it, unexplained = left.square().sum(0), (left - slope * t).square().sum(0)
    still = all_of_it <= len(t) * (1e-12 * (1 + level.abs())).square()  # rounding, and no variance
    return torch.where(still, 1.0, 1 - unexplained / all_of_it.clamp_min(1e-300)).float()


def along(model, x: Tensor, direction: Tensor, t: Tensor) -> Tensor:
    """The logits at x + t * direction; nothing is stopped at black and white.

    Args:
        model: from pictures to logits (N, K); x: pictures (N, ...); direction: of the same shape,
            or one for all (1, ...); t: how far to go (T,).

    Returns:
        (T, N, K), without gradients.

    Example:
        >>> x, up = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
        >>> along(lambda x: x, x, up, torch.tensor([-1.0, 0.0, 1.0]))[:, 0, 0]
        tensor([-1.,  0.,  1.])
    """
    check_pictures(x, None)
    check_model(model)
    _check_direction(direction, x, "x")
    t = torch.as_tensor(t, dtype=x.dtype, device=x.device).flatten()
    with untouched(model), torch.no_grad():
        return torch.stack([model(x + step * direction) for step in t])


def along_weights(
    model: nn.Module, x: Tensor, direction: Mapping[str, Tensor], t: Tensor
) -> Tensor:
    """The logits of the same pictures when the weights are theta + t * direction.

    Args:
        model: from pictures to logits (N, K), which keeps its own weights; x: pictures (N, ...).
        direction: name of a parameter -> a tensor of its shape; those left out stand still.
        t: how far to go (T,).

    Returns:
        (T, N, K), without gradients.

    Example:
        >>> net = nn.Linear(1, 1, bias=False)
        >>> up = {"weight": torch.ones(1, 1)}
        >>> z = along_weights(net, torch.ones(1, 1), up, torch.tensor([0.0, 3.0]))[:, 0, 0]
        >>> round((z[1] - z[0]).item(), 4)
        3.0
    """
    check_pictures(x, None)
    own = _parameters(model)
    for name, part in direction.items():
        if name not in own:
            raise ValueError(f"the model has no parameter {name!r}: it has {', '.join(own)}.")
        _check_direction(part, own[name], f"parameter {name!r}")
    t = torch.as_tensor(t, dtype=x.dtype, device=x.device).flatten()
    with untouched(model), torch.no_grad():
        moved = ({name: own[name] + step * part for name, part in direction.items()} for step in t)
        return torch.stack([functional_call(model, weights, (x,)) for weights in moved])


def as_long_as(like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A random direction, as long in L2 as `like` (the whole tensor).

    Example:
        >>> as_long_as(torch.tensor([3.0, 4.0])).norm().item()
        5.0...
    """
    drawn = torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)
    return drawn * (like.norm() / drawn.norm())


def random_weights(model: nn.Module, generator: torch.Generator | None = None) -> dict[str, Tensor]:
    """A random direction for `along_weights`: every tensor of it as long as the parameter itself.

    (Li, Xu, Taylor, Studer and Goldstein, "Visualizing the loss landscape of neural nets", 2018,
    who scale filter by filter: here it is a whole tensor at a time.)

    Example:
        >>> net = nn.Linear(3, 2)
        >>> up = random_weights(net)["weight"]
        >>> torch.allclose(up.norm(), net.weight.norm())
        True
    """
    return {name: as_long_as(part.detach(), generator) for name, part in _parameters(model).items()}


def _parameters(model: nn.Module) -> dict[str, Tensor]:
    if not isinstance(model, nn.Module):
        raise TypeError(f"the weights of a torch module are moved, and this is {model!r}.")
    return dict(model.named_parameters())


def _check_places(t: Tensor) -> None:
    if not isinstance(t, Tensor) or t.dim() != 1 or len(t) < 3:
        raise ValueError("t must be a tensor of three places or more (T,): two are always in line.")
    check_finite(t)
    if t.min() == t.max():
        raise ValueError("all places of t are the same: a line needs room.")


def _check_direction(direction: Tensor, place: Tensor, what: str) -> None:
    if direction.shape[1:] != place.shape[1:] or len(direction) not in (1, len(place)):
        raise ValueError(
            f"a direction has the shape of what it moves: {what} is {tuple(place.shape)}, and the "
            f"direction {tuple(direction.shape)}."
        )
    check_finite(direction)
