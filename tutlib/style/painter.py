"""Repaint a photograph with whole patches of a painting, on the one loop, coarse to fine.

First at about 32 pixels, where a patch is a quarter of the picture and decides on its arrangement,
then at twice the size, and so on (panes, lines, brush strokes), each begun where the last ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.balls import Box
from tutlib.check.inputs import check_count, check_positive
from tutlib.check.patience import bar
from tutlib.descent import Plain, descend
from tutlib.style.patches import Crowd, check_picture
from tutlib.style.sizes import resized

Callback = Callable[[float, Tensor], object]
COARSEST = 32  # the shorter side of the first picture: about so many pixels
STEPS = (8, 6, 5)  # steps at the first size, at the second, and at each one after that
HOLD, FAIR = 0.6, 0.04
FIELDS = 16  # the broad light of a photograph: so many fields along its shorter side
LIGHT = (0.299, 0.587, 0.114)


def light(x: Tensor) -> Tensor:
    """Brightness as the eye weighs colours: (N, 3, H, W) -> (N, 1, H, W).

    Example:
        >>> light(torch.ones(1, 3, 1, 1))
        tensor([[[[1.]]]])
    """
    return (x * x.new_tensor(LIGHT).view(3, 1, 1)).sum(1, keepdim=True)


def bands(x: Tensor) -> tuple[Tensor, Tensor]:
    """The light of a picture in two parts that add up to it: broad (a 16th of it), and fine.

    Example:
        >>> broad, fine = bands(torch.full((1, 3, 32, 48), 0.5))
        >>> broad.shape, fine.abs().max() < 1e-6
        (torch.Size([1, 1, 32, 48]), tensor(True))
    """
    bright = light(x)
    broad = _spread(bright)
    return broad, bright - broad


def _spread(values: Tensor) -> Tensor:
    small = resized(values, FIELDS)
    return F.interpolate(small, values.shape[-2:], mode="bilinear")


def outline(photo: Tensor, painting: Tensor, floor: float = 0.05) -> Callable[[Tensor], Tensor]:
    """What to keep of a photograph: its light and dark, in the range that the painting has.

    The broad light shall have the painting's values in the photograph's order; the fine one the
    painting's contrast, and it counts where there is detail: a clear sky is the painter's (but for
    the share `floor`).

    Returns:
        A function from a picture to its squared distance from that: one number.

    Example:
        >>> photo, flat = torch.rand(2, 1, 3, 40, 40)
        >>> content = outline(photo, photo)  # its own values, its own contrast
        >>> content(photo) < 0.05 * content(flat)
        tensor(True)
    """
    (broad, fine), (values, contrast) = bands(photo), bands(painting)
    order = broad.flatten().argsort().argsort() / (broad.numel() - 1)
    sorted_values = values.flatten().sort().values
    places = (order * (sorted_values.numel() - 1)).round().long()
    broad = sorted_values[places].view_as(broad)
    detail = _spread(fine.square()).clamp_min(0).sqrt()
    weight = (detail / _quantile(detail, 0.9).clamp_min(1e-4)).clamp(floor, 1)
    fine = (fine * contrast.std() / fine.std().clamp_min(1e-4)).clamp(-0.5, 0.5)

    def content(x: Tensor) -> Tensor:
        ours, our_fine = bands(x)
        off = (ours - broad).square() + weight * (our_fine - fine).square()
        return 1.5 * off.sum()  # three channels share one light

    return content


def _quantile(values: Tensor, share: float) -> Tensor:
    """`torch.quantile` refuses more than 16 million values."""
    ordered = values.flatten().sort().values
    return ordered[round(share * (len(ordered) - 1))]


def recoloured(photo: Tensor, painting: Tensor) -> Tensor:
    """The photograph with the mean and the covariance of the painting's colours.

    Example:
        >>> photo, painting = torch.rand(1, 3, 30, 40) / 2 + 0.2, torch.rand(1, 3, 20, 20) / 3 + 0.3
        >>> torch.allclose(recoloured(photo, painting).mean((2, 3)), painting.mean((2, 3)))
        True
    """
    ours, theirs = photo.flatten(2)[0], painting.flatten(2)[0]

    def power(colours: Tensor, exponent: float) -> Tensor:
        values, axes = torch.linalg.eigh(colours.cov())
        return axes * values.clamp_min(1e-5) ** exponent @ axes.T

    centred = ours - ours.mean(1, keepdim=True)
    mixed = power(theirs, 0.5) @ power(ours, -0.5) @ centred + theirs.mean(1, keepdim=True)
    return mixed.view_as(photo).clamp(0, 1)


def ladder(side: int) -> list[int]:
    """The sizes to go through: `side`, half of it, a quarter ... down to about 32 pixels.

    Example:
        >>> ladder(256), ladder(100)
        ([32, 64, 128, 256], [25, 50, 100])
    """
    check_count("side", side, 24)
    doublings = max(0, round(torch.log2(torch.tensor(side / COARSEST)).item()))
    return [round(side / 2**k) for k in range(doublings, -1, -1)]


def repaint(content: Tensor, style: Tensor, *, callback: Callback | None = None,
            **options) -> Tensor:  # fmt: skip
    """Paint `content` with whole patches of `style`, coarse to fine.

    Each step is one step of `descend` on ``crowd.loss(x) + held * outline(x)``, see `patches`. The
    last two steps at each size go without fairness, and the very last one without the photograph:
    otherwise it shines through. It copies patches (Kwatra et al., 2005; Elad and Milanfar, 2017;
    Granot et al., 2022), which the method of Gatys et al. (2016) never does.

    Args:
        content, style: one picture each, (1, 3, H, W) in [0, 1], of any size and shape.
        callback: called as ``callback(done, x)`` after each step, with the share of the work done
            and a picture as large as it is by then; a true answer stops there.
        side, hold, fair, keep, seed: see `repainting`.

    Returns:
        A picture in [0, 1] of the content's shape, whose shorter side is `side`.

    Raises:
        TypeError, ValueError: with one sentence that says what to do.

    Example:
        >>> photo, painting = torch.rand(1, 3, 60, 90), torch.rand(1, 3, 40, 40)
        >>> repaint(photo, painting, side=40).shape
        torch.Size([1, 3, 40, 60])
    """
    check_picture(content, "the content")
    return _drained(repainting(content, style, **options), callback)


def texture(style: Tensor, *, fair: float | None = 0.02, callback: Callback | None = None,
            **options) -> Tensor:  # fmt: skip
    """More of the same painting, from noise: `repaint` without a photograph.

    Args:
        style, callback: as for `repaint`; side, fair, keep, seed: see `repainting`.

    Returns:
        A picture in [0, 1] of the painting's shape, whose shorter side is `side`.

    Example:
        >>> texture(torch.rand(1, 3, 40, 60), side=32, seed=1).shape
        torch.Size([1, 3, 32, 48])
    """
    return _drained(repainting(None, style, fair=fair, **options), callback)


def repainting(content: Tensor | None, style: Tensor, *, side: int = 256, hold: float = HOLD,
               fair: float | None = FAIR, keep: int = 10_000, seed: int = 0
               ) -> Iterator[tuple[float, Tensor]]:  # fmt: skip
    """`repaint` (without content: `texture`) step by step: (share of the work done, the picture).

    Args:
        content, style: as for `repaint`; no content: start from the painting's pixels, shuffled.
        side: the shorter side of the result in pixels, 24 or more.
        hold: how much the photograph's light counts against the painting's patches (times 3, and
            1.5 at the last size); 0: it is only where we start. Try 0.3 ... 1.5.
        fair: see `patches.nearest`; None: only similarity counts. Try 0.005 ... 0.1.
        keep: how many of the painting's patches are kept at each size; time grows with it.
        seed: of the draw of those patches, of the grid, and of the noise.

    Example:
        >>> photo, painting = torch.rand(2, 1, 3, 40, 40)
        >>> [done for done, x in repainting(photo, painting, side=32)][:2]
        [0.125, 0.25]
    """
    check_picture(style, "the painting")
    _check_numbers(hold, fair)
    if content is not None:
        check_picture(content, "the content")
        content, style = content.float(), style.to(content.device)
    random, x, before = torch.Generator().manual_seed(seed), None, None
    plan = [(size, STEPS[min(k, len(STEPS) - 1)]) for k, size in enumerate(ladder(side))]
    work, whole = 0, sum(size * size * count for size, count in plan)
    for size, count in plan:
        last = size == plan[-1][0]
        with torch.inference_mode(False), torch.no_grad():  # what is kept for a gradient
            painting = resized(style.float(), size)
            crowd, looks = Crowd(painting, keep=keep, generator=random), None
            photo = None if content is None else resized(content, size)
            if x is None:
                x = _shuffled(painting, random) if photo is None else recoloured(photo, painting)
            else:  # just enlarged, x is compared with patches that are as blurred as it is
                x = _enlarged(x, painting if photo is None else photo)
                looks = crowd.look_alikes(_enlarged(before, painting))
            grip = 0.0 if photo is None else hold * (1.5 if last else 3.0)
            keeps = outline(photo, painting) if grip else None
        before = painting
        for step in range(count):
            evenly = fair if step < count - 2 else None
            held = 0.0 if last and step == count - 1 else grip
            x = _step(x, partial(crowd.loss, fair=evenly, looks=looks), held, keeps)
            looks, work = None, work + size * size
            yield work / whole, x


def _step(x: Tensor, objective, held: float, keeps) -> Tensor:
    """One step of the loop; so long a one is safe, for the losses bend by 1 and about `held`."""
    both = (lambda z: objective(z) + held * keeps(z)) if held else objective
    return descend(both, x, Box(), Plain(1 / (1 + held)), 1)


def _check_numbers(hold: float, fair: float | None) -> None:
    if not (math.isfinite(hold) and hold >= 0):
        raise ValueError(f"hold, the weight of the content, must be 0 or more, and this is {hold}.")
    if fair is not None:
        check_positive("fair", fair)


def _drained(steps: Iterator[tuple[float, Tensor]], callback: Callback | None) -> Tensor:
    for done, x in bar(steps, "steps of the brush"):
        if callback is not None and callback(done, x.clone()):
            break
    return x


def _enlarged(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[-2:], mode="bilinear", antialias=True)


def _shuffled(painting: Tensor, random: torch.Generator) -> Tensor:
    """Noise with the painting's colours: its pixels, each somewhere else."""
    places = torch.randperm(painting[0, 0].numel(), generator=random).to(painting.device)
    return painting.flatten(2)[..., places].view_as(painting)
