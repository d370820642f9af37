"""Style transfer: the picture that has the content of one picture and the statistics of another.

    minimise over x in [0, 1]^d      content(x) + lam * style(x) + smooth * total_variation(x)

`content` compares features place by place; `style` compares what is left of them when the places
are forgotten: their Gram matrix (Gatys, Ecker and Bethge, 2016). The loop is `descent.descend`;
`sizes.coarse_to_fine` runs it on a small picture first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from tutlib.balls import Box
from tutlib.descent import LBFGS, descend
from tutlib.style.extractors import Extractor

# A layer in which the painting shows next to nothing must not become infinitely important.
FLOOR = 1e-4
# Without a limit some pictures explode in the first steps after they were enlarged.
LONGEST = 0.1


class Losses(NamedTuple):
    """What the picture has to pay, before lam is applied: two tensors of one number."""

    content: Tensor
    style: Tensor


class Statistics(NamedTuple):
    """What a layer says when it forgets where: means (N, C) and covariances (N, C, C)."""

    mean: Tensor
    covariance: Tensor


def gram(features: Tensor) -> Tensor:
    """Which channels are active together: (N, C, H, W) -> (N, C, C), F F' / (H W).

    Raises:
        ValueError: if `features` is not (N, C, H, W).

    Example:
        >>> features = torch.tensor([[1.0, 1.0], [2.0, 0.0]]).view(1, 2, 1, 2)  # 2 channels, 2 dots
        >>> gram(features)
        tensor([[[1., 1.],
                 [1., 2.]]])
    """
    if features.dim() != 4:
        raise ValueError(
            f"features must be (N, C, H, W), and these have shape {tuple(features.shape)}."
        )
    return _Gram.apply(features.flatten(2))


class _Gram(torch.autograd.Function):
    """F F' / n with the gradient (G + G') F / n in one product: autograd itself would take two."""

    @staticmethod
    def forward(ctx, flat: Tensor) -> Tensor:
        ctx.save_for_backward(flat)
        return flat @ flat.mT / flat.shape[-1]

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        (flat,) = ctx.saved_tensors
        return (grad + grad.mT) @ flat / flat.shape[-1]


def statistics(features: Tensor) -> Statistics:
    """The two halves of a Gram matrix, which is covariance + mean mean'.

    Apart they can be weighed apart. Together the mean, which is the larger half in a layer of
    ReLUs, drowns the covariance, which is where the brush strokes are.

    Example:
        >>> features = torch.tensor([[1.0, 1.0], [2.0, 0.0]]).view(1, 2, 1, 2)
        >>> statistics(features).covariance  # gram, less the products of the means (1, 1)
        tensor([[[0., 0.],
                 [0., 1.]]])
    """
    mean = features.mean((2, 3))
    return Statistics(mean, gram(features) - mean[:, :, None] * mean[:, None, :])


def style_loss(features: Tensor, target: Statistics) -> Tensor:
    """Relative squared error of the means and of the covariances, averaged: 0 at the target.

    Example:
        >>> features = torch.rand(1, 4, 6, 6)
        >>> style_loss(features.flip(3), statistics(features)).item() < 1e-6  # places are forgotten
        True
    """
    errors = (
        (ours - theirs).square().sum() / (theirs.square().sum() + FLOOR)
        for ours, theirs in zip(statistics(features), target)
    )
    return sum(errors) / 2


def standardize(features: Tensor) -> Tensor:
    """Every channel with mean 0 and deviation 1 over the picture: only *where* is left.

    Example:
        >>> standardize(torch.tensor([1.0, 5.0]).view(1, 1, 1, 2)).flatten().round(decimals=2)
        tensor([-1.,  1.])
    """
    centred = features - features.mean((2, 3), keepdim=True)
    return centred / (centred.square().mean((2, 3), keepdim=True) + 1e-4).sqrt()


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of standardised features; `target` is already standardised.

    How strong a channel is on average belongs to the style (red walls become blue), so content is
    compared without it.

    Example:
        >>> wanted = standardize(torch.tensor([1.0, 5.0]).view(1, 1, 1, 2))
        >>> brighter = torch.tensor([11.0, 15.0]).view(1, 1, 1, 2)
        >>> content_loss(brighter, wanted).item() < 1e-6
        True
    """
    return (standardize(features) - target).square().mean()


def total_variation(x: Tensor) -> Tensor:
    """How much a picture changes from pixel to pixel (Rudin, Osher and Fatemi, 1992).

    The mean length of the difference to the neighbours below and to the right; at least about a
    hundredth of a level, so that it has a slope everywhere. (N, C, H, W) -> one number.

    Example:
        >>> edge = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(1, 1, 4, 4)
        >>> total_variation(edge), total_variation(edge / 2)  # one step in each row of three
        (tensor(0.3334), tensor(0.1667))
    """
    down, right = x[..., 1:, :-1] - x[..., :-1, :-1], x[..., :-1, 1:] - x[..., :-1, :-1]
    return (down.square() + right.square() + 1e-9).sqrt().mean()


def losses(
    extractor: Extractor,
    content: Tensor,
    style: Tensor,
    *,
    content_layers: Iterable[str] | None = None,
    style_layers: Iterable[str] | None = None,
) -> Callable[[Tensor], Losses]:
    """A function from a picture to its two losses; all that does not change is computed now.

    Args:
        extractor: see `extractors`; content, style: (1, 3, H, W) in [0, 1], not necessarily of
            the same size.
        content_layers, style_layers: names out of ``extractor.layers``; an empty list leaves
            that half out (its loss is 0). Default: the extractor's own choice.

    Raises:
        KeyError: unknown layer. TypeError, ValueError: something else than one picture in [0, 1],
            or a picture too small for the extractor.

    Example:
        >>> from tutlib.style.extractors import bundled, crop_net
        >>> net, photo = bundled(crop_net()), torch.rand(1, 3, 80, 80)
        >>> losses(net, photo, photo)(photo).style.item() < 1e-6  # the photo is its own painting
        True
    """
    content_layers = _chosen(content_layers, extractor.content_layers)
    style_layers = _chosen(style_layers, extractor.style_layers)
    if not content_layers and not style_layers:
        raise ValueError("with neither content layers nor style layers there is nothing to lower.")
    for picture, layers, what in (
        (content, content_layers, "content"), (style, style_layers, "style")
    ):  # fmt: skip
        extractor.check(picture, layers)
        if len(picture) != 1:
            raise ValueError(f"{what} must be one picture, and this is a batch of {len(picture)}.")
    with torch.no_grad():
        seen = extractor(content, content_layers)
        wanted = {layer: standardize(seen[layer]) for layer in content_layers}
        seen = extractor(style, style_layers)
        painted = {layer: statistics(seen[layer]) for layer in style_layers}
    layers = {*content_layers, *style_layers}

    def measure(x: Tensor) -> Losses:
        features = extractor(x, layers)
        place = [content_loss(features[layer], target) for layer, target in wanted.items()]
        paint = [style_loss(features[layer], target) for layer, target in painted.items()]
        return Losses(*(sum(part, x.new_zeros(())) / max(1, len(part)) for part in (place, paint)))

    return measure


def weighed(
    measure: Callable[[Tensor], Losses], lam: float, smooth: float = 0.0
) -> Callable[[Tensor], Tensor]:
    """The objective of `transfer`: content + lam * style + smooth * total variation.

    Raises:
        ValueError: if lam or smooth is negative or not finite.

    Example:
        >>> weighed(lambda x: Losses(x, 2 * x), lam=10)(torch.tensor(1.0))
        tensor(21.)
    """
    for name, weight in (("lam, the weight of the style,", lam), ("smooth", smooth)):
        if not (math.isfinite(weight) and weight >= 0):
            raise ValueError(f"{name} must be 0 or more, and this is {weight}.")

    def objective(x: Tensor) -> Tensor:
        parts = measure(x)
        calm = smooth * total_variation(x) if smooth else 0.0
        return parts.content + lam * parts.style + calm

    return objective


def transfer(
    extractor: Extractor,
    content: Tensor,
    style: Tensor,
    *,
    lam: float = 10.0,
    smooth: float = 0.0,
    steps: int = 60,
    step=None,
    start: Tensor | None = None,
    content_layers: Iterable[str] | None = None,
    style_layers: Iterable[str] | None = None,
    callback: Callable[[int, Tensor, Losses], object] | None = None,
) -> Tensor:
    """Paint `content` in the manner of `style` (Gatys, Ecker and Bethge, 2016).

    Args:
        extractor, content, style, content_layers, style_layers: as for `losses`.
        lam: weight of the style; 0 gives the content back. Try 1 ... 100.
        smooth: weight of the total variation: against speckles. Try 0.1 ... 3.
        steps: how many gradients; step: a rule of `descent` (default: L-BFGS whose moves are at
            most 0.1 long, root mean square).
        start: where to begin, (1, 3, H, W) in [0, 1]; default: at the content itself.
        callback: called as ``callback(t, x, losses)`` before step t; a true answer stops.

    Returns:
        A picture like `content`, in [0, 1].

    Raises:
        ValueError: lam or smooth is negative or not finite, and whatever `losses` raises.

    Example:
        >>> from tutlib.style.extractors import bundled, crop_net
        >>> net, (photo, painting) = bundled(crop_net()), torch.rand(2, 1, 3, 80, 80)
        >>> torch.equal(transfer(net, photo, painting, lam=0, steps=2), photo)  # nothing is painted
        True
    """
    start = content if start is None else start
    extractor.check(start)
    measure = losses(
        extractor, content, style, content_layers=content_layers, style_layers=style_layers
    )
    now: list[Losses] = []

    def noted(x: Tensor) -> Losses:
        parts = measure(x)
        now[:] = [Losses(*(part.detach() for part in parts))]
        return parts

    def report(t: int, x: Tensor, _) -> object:
        return callback is not None and callback(t, x, now[0])

    step = LBFGS(longest=LONGEST) if step is None else step
    objective = weighed(noted, lam, smooth)
    return descend(objective, start.contiguous(), Box(), step, steps, callback=report)


def _chosen(layers: Iterable[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(layers, str):
        return (layers,)
    return default if layers is None else tuple(layers)
