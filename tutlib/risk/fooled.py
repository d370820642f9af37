"""How often one noise fools a net, counted honestly."""

from __future__ import annotations

from torch import Tensor

from tutlib.check.inputs import check_labels
from tutlib.risk.estimates import Estimate
from tutlib.risk.risk import per_picture


def fooled(model, x: Tensor, y, delta: Tensor, *, before: Tensor | None = None,
           how: str = "one noise", batch: int = 250) -> Estimate:  # fmt: skip
    """The share of pictures that `delta` fools, of those the model calls right without it.

    What is wrong already cannot be fooled: it counts neither above nor below the line.

    Args:
        model: from pictures to logits (N, K); x: (N, C, H, W) in [0, 1]; y: an int or (N,).
        delta: one noise (1, C, H, W) for all of them, or one for each (N, C, H, W).
        before: which pictures are right without it (N,), where that is known already.
        how: what was done to the pictures, in words; batch: how many pictures at a time.

    Returns:
        An `Estimate` with one value for each picture that was right before.

    Raises:
        ValueError: if no picture was right before, or `delta` has another shape.

    Example:
        >>> vote = lambda x: x  # the brightest pixel wins; the third is wrong already
        >>> x = torch.tensor([[0.6, 0.5], [0.9, 0.3], [0.1, 0.5]])
        >>> fooled(vote, x, 0, torch.tensor([[-0.1, 0.1]]))
        50.0 % (one noise, 2 pictures; 95% band 9.5-90.5 %)
    """
    if delta.shape[1:] != x.shape[1:] or len(delta) not in (1, len(x)):
        raise ValueError(
            f"one noise (1, ...) or one for each picture is needed, for pictures {tuple(x.shape)}, "
            f"and this has shape {tuple(delta.shape)}."
        )
    right = before
    if right is None:
        right = per_picture(model, x, y, batch=batch) == 0
    if not right.any():
        raise ValueError("the model is wrong on every picture already: there is none to fool.")
    y = check_labels(y, x)[right]
    noisy = x[right] + (delta if len(delta) == 1 else delta[right])
    after = per_picture(model, noisy.clamp(0, 1), y, batch=batch)
    return Estimate(after.cpu(), "error", how)
