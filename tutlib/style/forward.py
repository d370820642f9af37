"""One forward pass: a net that paints at once what the loop would have to look for.

A `Painter` is one body and a few *codes*: one factor and one shift for each channel of each
instance norm. Two styles differ in nothing but their codes (Dumoulin et al., 2017); all else, the
body, is how to paint (Johnson et al., 2016; Ulyanov et al., 2016 and 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib.check.inputs import check_pictures

EPS = 1e-5  # added to a variance: a flat channel must not be divided by 0
WIDTHS = (12, 24, 48)  # channels at full, half and quarter size
BLOCKS = 3
FLAT = 1e-3  # and to a photograph's: noise on a flat wall must not become all there is
SMALLEST = 16  # pixels a side: the smallest picture a painter takes


def instance_norm(features: Tensor) -> Tensor:
    """Each channel with mean 0 and deviation 1 over its own picture (Ulyanov et al., 2016).

    Args:
        features: (N, C, H, W).

    Raises:
        ValueError: if `features` are not (N, C, H, W) with at least two places.

    Example:
        >>> instance_norm(torch.tensor([1.0, 5.0]).view(1, 1, 1, 2)).flatten().round(decimals=3)
        tensor([-1.,  1.])
    """
    _check_features(features, "features")
    return F.instance_norm(features, eps=EPS)


def adain(content: Tensor, style: Tensor) -> Tensor:
    """The content's features with the style's means and deviations (Huang and Belongie, 2017).

    Args:
        content: (N, C, H, W); style: (N or 1, C, H', W'), of any size.

    Raises:
        ValueError: if the two are not features with the same channels.

    Example:
        >>> made = adain(torch.rand(1, 4, 9, 9), 3 + torch.rand(1, 4, 5, 6))
        >>> bool(made.mean() > 3)
        True
    """
    _check_features(content, "content")
    _check_features(style, "style")
    if content.shape[1] != style.shape[1] or len(style) not in (1, len(content)):
        raise ValueError(
            "adain needs features with the same channels, and one style or as many as contents: "
            f"these have shapes {tuple(content.shape)} and {tuple(style.shape)}."
        )
    variance, mean = torch.var_mean(style, (2, 3), correction=0, keepdim=True)
    return (variance + EPS).sqrt() * instance_norm(content) + mean


def _check_features(features: Tensor, what: str) -> None:
    if features.dim() != 4 or features.shape[2] * features.shape[3] < 2:
        raise ValueError(
            f"{what} must be (N, C, H, W) with at least two places, and the shape is "
            f"{tuple(features.shape)}."
        )


def _conv(before: int, after: int, side: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, side, stride, side // 2, padding_mode="reflect")


class Resized(nn.Module):
    """Twice the size: every pixel four times, then a convolution (Odena et al., 2016)."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.conv = _conv(before, after, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2))


def _transposed(before: int, after: int) -> nn.ConvTranspose2d:
    """Twice the size by a transposed convolution, whose patches overlap unevenly: checkerboards."""
    return nn.ConvTranspose2d(before, after, 3, 2, 1, output_padding=1)


LARGER: dict[str, Callable[[int, int], nn.Module]] = {"resize": Resized, "transposed": _transposed}


Memory = list[tuple[Tensor, Tensor]]


class Painter(nn.Module):
    """Photographs in, painted photographs out, in one forward pass.

    Down twice, residual blocks at a quarter of the size, up twice; on the way up, what was seen on
    the way down is added. Noise, always the same, gives it something to make brush strokes of
    where the photograph is flat (as in Ulyanov et al., 2016).

    Args:
        styles: names of the styles it has a code for; widths: channels at full, half and quarter
            size; blocks: how many residual blocks; up: one of `LARGER`.

    Raises:
        ValueError: no style, or an unknown way up.

    Example:
        >>> painter = Painter(["waves", "mondrian"]).eval()
        >>> painter(torch.rand(2, 3, 30, 45), "mondrian").shape
        torch.Size([2, 3, 30, 45])
    """

    def __init__(self, styles: Sequence[str], *, widths: Sequence[int] = WIDTHS,
                 blocks: int = BLOCKS, up: str = "resize"):  # fmt: skip
        super().__init__()
        if not styles or isinstance(styles, str):
            raise ValueError('styles must be a list of names, such as ["waves"].')
        if up not in LARGER:
            raise ValueError(f"up must be one of {', '.join(LARGER)}, and this is {up!r}.")
        full, half, quarter = widths
        self.styles = tuple(styles)
        self.down = nn.ModuleList(
            [_conv(3, full, 5), _conv(full, half, 3, 2), _conv(half, quarter, 3, 2)]
        )
        self.blocks = nn.ModuleList(_conv(quarter, quarter, 3) for _ in range(2 * blocks))
        self.up = nn.ModuleList([LARGER[up](quarter, half), LARGER[up](half, full)])
        self.last = _conv(full, 3, 3)
        self.grain = nn.ParameterList(0.1 * torch.randn(n) for n in (quarter, half, full))
        channels = [*widths, *[quarter] * (2 * blocks), half, full, 3]
        self.numbers = [2 * n for n in channels]  # of a code, for each norm
        plain = torch.cat([torch.cat([torch.ones(n), torch.zeros(n)]) for n in channels])
        self.codes = nn.Parameter(plain.repeat(len(self.styles), 1))  # factors 1, shifts 0

    def code(self, style: str) -> Tensor:
        """The numbers (1, numbers) that make the body paint this style.

        Raises:
            KeyError: if there is no such style.
        """
        if style not in self.styles:
            known = ", ".join(self.styles)
            raise KeyError(f"this painter has no style {style!r}; it has {known}")
        return self.codes[[self.styles.index(style)]]

    def check(self, x: Tensor) -> None:
        """Raise unless `x` is a batch of colour pictures in [0, 1] that is large enough.

        Raises:
            TypeError, ValueError: with one sentence that says what to do.
        """
        check_pictures(x)
        if x.dim() != 4 or x.shape[1] != 3:
            raise ValueError(
                f"colour pictures (N, 3, H, W) are needed, and this has shape {tuple(x.shape)}: "
                "x.expand(-1, 3, -1, -1) makes colour of grey."
            )
        if min(x.shape[-2:]) < SMALLEST:
            raise ValueError(
                f"the picture is too small: a painter needs at least {SMALLEST} pixels a side, and "
                f"this is {x.shape[-2]} x {x.shape[-1]}."
            )

    def forward(self, x: Tensor, style: str | Tensor, *, seed: int = 0,
                memory: Memory | None = None) -> Tensor:  # fmt: skip
        """Paint `x` (N, 3, H, W) in a style: its name, or a code (1 or N, numbers).

        Codes may be mixed: half of one and half of another is a style in between.

        Args:
            seed: of the grain. memory: a list; an empty one is filled with the mean and deviation
                of every norm, and a filled one takes their place (for the next frames of a film).
        """
        self.check(x)
        if not isinstance(style, (str, Tensor)):
            raise TypeError(f"style must be a name or a code (a tensor), and this is {style!r}.")
        code = self.code(style) if isinstance(style, str) else style
        if code.dim() != 2 or code.shape[1] != sum(self.numbers) or len(code) not in (1, len(x)):
            raise ValueError(
                f"a code is (1 or {len(x)}, {sum(self.numbers)}), and this is {tuple(code.shape)}."
            )
        height, width = x.shape[-2:]
        wide = F.pad(x, (0, -width % 4, 0, -height % 4), mode="reflect")  # sides that divide by 4
        dice = torch.Generator().manual_seed(seed)
        return self._paint(wide, code, dice, memory)[..., :height, :width]

    def _paint(self, x: Tensor, code: Tensor, dice: torch.Generator, memory) -> Tensor:
        parts = iter(code[..., None, None].split(self.numbers, 1))
        norm = _Norm(memory)

        def normed(features: Tensor) -> Tensor:
            factor, shift = next(parts).chunk(2, 1)
            return norm(features) * factor + shift

        def grainy(features: Tensor, strength: Tensor) -> Tensor:
            noise = torch.randn(features.shape[-2:], generator=dice).to(features)
            return features + strength[:, None, None] * noise

        seen = [norm(x, FLAT)]  # brightness and contrast of the photograph are forgotten
        for layer in self.down:
            seen.append(F.relu(normed(layer(seen[-1]))))
        x = grainy(seen[-1], self.grain[0])
        for first, second in zip(self.blocks[::2], self.blocks[1::2]):
            x = x + normed(second(F.relu(normed(first(x)))))
        for layer, strength, kept in zip(self.up, self.grain[1:], seen[-2:0:-1]):
            x = F.relu(normed(grainy(layer(x), strength)) + kept)
        return torch.sigmoid(normed(self.last(x) + seen[0] / 2))


class _Norm:
    """Instance norm whose means and deviations may be written down, or read from before."""

    def __init__(self, memory: Memory | None):
        self.memory, self.known = memory, iter(list(memory)) if memory else None

    def __call__(self, features: Tensor, eps: float = EPS) -> Tensor:
        if self.memory is None:
            return F.instance_norm(features, eps=eps)
        if self.known is not None:
            mean, deviation = next(self.known)
        else:
            variance, mean = torch.var_mean(features, (2, 3), correction=0, keepdim=True)
            deviation = (variance + eps).sqrt()
            self.memory.append((mean, deviation))
        return (features - mean) / deviation
