"""Through a wall without slopes: a function with the values of one and the slopes of another."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Function = Callable[[Tensor], Tensor]


def straight_through(forward: Function, like: Function | None = None) -> Function:
    """The values of `forward`, with the slopes of `like`, which looks like it from afar.

    Rounding, or taking a sign, has the slope 0 wherever it has one, so that no gradient comes
    through. An attacker who knows that puts a smooth function in its place, for the way back only.
    (Athalye, Carlini and Wagner, "Obfuscated gradients give a false sense of security", 2018: BPDA;
    the straight-through estimator of Bengio, Leonard and Courville, 2013, where `like` is left
    out.)

    Args:
        forward: what is really computed.
        like: what the gradient sees, of the same shape; None: the picture as it came in.

    Raises:
        TypeError: if one of them cannot be called.
        ValueError: if they answer with different shapes.

    Example:
        >>> x = torch.tensor([0.2, 0.9], requires_grad=True)
        >>> y = straight_through(torch.round)(x)
        >>> y.detach(), torch.autograd.grad(y.sum(), x)[0]
        (tensor([0., 1.]), tensor([1., 1.]))
    """
    for name, function in (("forward", forward), ("like", like)):
        if not callable(function) and not (name == "like" and function is None):
            kind = type(function).__name__  # a tensor would print all its numbers
            raise TypeError(f"{name} is to be a function of a tensor, and this is a {kind}.")

    def through(x: Tensor) -> Tensor:
        smooth, value = (x if like is None else like(x)), forward(x)
        if smooth.shape != value.shape:
            raise ValueError(
                f"forward answers with the shape {tuple(value.shape)} and like with "
                f"{tuple(smooth.shape)}: the slopes of one cannot stand in for the other's."
            )
        return value.detach() + (smooth - smooth.detach())  # in this order the 0 is exact

    return through
