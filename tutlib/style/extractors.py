"""Feature extractors for style transfer: nets that turn a picture into features, layer by layer.

All of them have one interface, `Extractor`: ``extractor(x)`` gives a dictionary from layer names to
features (N, C, H, W), shallow layers first. Three are made here:

    vgg19(net)       VGG-19 (Simonyan and Zisserman, 2015), what the method was invented with
    squeezenet(net)  SqueezeNet 1.1 (Iandola et al., 2016), a hundred times smaller
    bundled(net)     a Gabor pyramid and random filters, which need no training, beside a small
                     self-trained net

No weights are fetched here: hand over a torchvision module that has them (it is taken over: frozen,
put into eval mode, its ReLUs no longer in place).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from torch import Tensor, nn

from tutlib.check.inputs import check_pictures
from tutlib.nets import Normalize
from tutlib.style.gabor import GABOR_LEVELS, GaborPyramid
from tutlib.style.random_filters import RandomFilters

CROP_WIDTHS = ((32, 32), (64, 64), (128,))


class Extractor(nn.Module):
    """Pictures (N, 3, H, W) in [0, 1] -> {layer: features (N, C, H', W')}.

    Args:
        parts: modules with `names` and ``forward(x, wanted) -> dict``; their answers are joined.
        style_layers, content_layers: what `tutlib.style` looks at unless it is told otherwise.
        smallest: the smallest side of a picture that all layers can see, in pixels.
        source: "bundled" or "real"; name: what to call it in a sentence.

    Example:
        >>> net = bundled(crop_net())
        >>> net.content_layers, net(torch.rand(1, 3, 40, 40), ["conv2_2"])["conv2_2"].shape
        (('conv1_2',), torch.Size([1, 64, 20, 20]))
    """

    def __init__(
        self,
        parts: Iterable[nn.Module],
        style_layers: Sequence[str],
        content_layers: Sequence[str],
        *,
        smallest: int,
        source: str,
        name: str,
    ):
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.layers = tuple(layer for part in self.parts for layer in part.names)
        self.style_layers, self.content_layers = tuple(style_layers), tuple(content_layers)
        self.smallest, self.source, self.name = smallest, source, name
        self.eval().requires_grad_(False)

    def check(self, x: Tensor, layers: Iterable[str] = ()) -> None:
        """Raise unless `x` is a batch of colour pictures in [0, 1] that every layer can see.

        Raises:
            TypeError, ValueError: with one sentence that says what to do.
            KeyError: if a layer is not one of `self.layers`.
        """
        for layer in layers:
            if layer not in self.layers:
                known = ", ".join(self.layers)
                raise KeyError(f"{self.name} has no layer {layer!r}; it has {known}")
        check_pictures(x)
        if x.dim() != 4 or x.shape[1] != 3:
            raise ValueError(
                f"colour pictures (N, 3, H, W) are needed, and this has shape {tuple(x.shape)}: "
                "x.expand(-1, 3, -1, -1) makes colour of grey."
            )
        if min(x.shape[-2:]) < self.smallest:
            raise ValueError(
                f"the picture is too small: {self.name} halves it several times and needs at least "
                f"{self.smallest} pixels a side, and this is {x.shape[-2]} x {x.shape[-1]}."
            )

    def forward(self, x: Tensor, layers: Iterable[str] | None = None) -> dict[str, Tensor]:
        """The features of `layers` (default: all). Nothing behind the last one is computed.

        Unlike `check`, this does not ask whether x is in [0, 1]: an optimiser looks outside.
        """
        wanted = set(self.layers if layers is None else layers)
        features: dict[str, Tensor] = {}
        for part in self.parts:
            if not wanted.isdisjoint(part.names):
                features |= part(x, wanted)
        return features


class Chain(nn.Module):
    """A net cut into named pieces that are run one after the other."""

    def __init__(self, first: nn.Module, pieces: Sequence[tuple[str, nn.Module]]):
        super().__init__()
        self.first = first
        self.names = tuple(name for name, _ in pieces)
        self.pieces = nn.ModuleList(piece for _, piece in pieces)

    def forward(self, x: Tensor, wanted: set[str]) -> dict[str, Tensor]:
        features: dict[str, Tensor] = {}
        missing = len(wanted.intersection(self.names))
        x = self.first(x)
        for name, piece in zip(self.names, self.pieces):
            x = piece(x)
            if name in wanted:
                features[name] = x
            if len(features) == missing:
                break
        return features


def crop_net(classes: int = 18) -> nn.Sequential:
    """The small VGG-like net of the bundled extractor: five convolutions, 0.14 M weights.

    It is trained to say which of `classes` pictures a 32-pixel crop was cut from
    (`assets.build.style`); pictures in [0, 1], logits out.
    """
    layers: list[nn.Module] = [Normalize((0.5,) * 3, (0.25,) * 3)]
    width = 3
    for block, widths in enumerate(CROP_WIDTHS):
        if block:
            layers.append(nn.AvgPool2d(2))
        for wider in widths:
            conv = nn.Conv2d(width, wider, 3, padding=1, padding_mode="reflect", bias=False)
            layers += [conv, nn.BatchNorm2d(wider), nn.ReLU()]
            width = wider
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def bundled(net: nn.Sequential) -> Extractor:
    """The extractor that ships with the course: Gabor, random filters and a trained `crop_net`.

    Style is asked of the Gabor pyramid and of the net from `conv2_1` on, the mixture that painted
    best; the random filters (best for a texture alone) are there for who asks for them by name.
    """
    gabor, learned = GaborPyramid(), Chain(net[0], named_pieces(net[1:-3], _plain_relu))
    return Extractor(
        [gabor, RandomFilters(), learned],
        (*gabor.names, *learned.names[2:]),
        ("conv1_2",),
        smallest=5 * 2 ** (GABOR_LEVELS - 1),
        source="bundled",
        name="the bundled extractor",
    )


def vgg19(net: nn.Module, *, average: bool = True) -> Extractor:
    """VGG-19 as Gatys, Ecker and Bethge (2016) used it.

    Args:
        net: ``torchvision.models.vgg19(...)`` (or its `features`), with the weights it has.
        average: average pooling instead of max pooling, which gives smoother pictures.
    """

    def soften(layer: nn.Module) -> nn.Module:
        soft = average and isinstance(layer, nn.MaxPool2d)
        return nn.AvgPool2d(2) if soft else _plain_relu(layer)

    pieces = named_pieces(_features(net), soften)
    return Extractor(
        [Chain(Normalize(), pieces)],
        ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
        ("conv4_2",),
        smallest=32,
        source="real",
        name="VGG-19",
    )


def squeezenet(net: nn.Module) -> Extractor:
    """SqueezeNet 1.1: `net` is ``torchvision.models.squeezenet1_1(...)`` or its `features`."""
    features = _features(net)
    pieces, waiting, number = [], [], 0
    for layer in features:
        waiting.append(_plain_relu(layer))
        if isinstance(layer, nn.MaxPool2d | nn.Conv2d):
            continue  # belongs to the piece that ends behind it
        number += 1
        name = "conv1" if isinstance(layer, nn.ReLU) else f"fire{number}"
        pieces.append((name, nn.Sequential(*waiting)))
        waiting = []
    return Extractor(
        [Chain(Normalize(), pieces)],
        ("conv1", "fire3", "fire5", "fire7"),
        ("fire4",),
        smallest=32,
        source="real",
        name="SqueezeNet 1.1",
    )


def named_pieces(
    layers: Iterable[nn.Module], change: Callable[[nn.Module], nn.Module]
) -> list[tuple[str, nn.Module]]:
    """Cut a VGG-like net behind every ReLU: conv1_1, conv1_2, conv2_1 ... (pools open a block)."""
    pieces: list[tuple[str, nn.Module]] = []
    waiting: list[nn.Module] = []
    block, place = 1, 0
    for layer in layers:
        if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
            block, place = block + 1, 0
        waiting.append(change(layer))
        if isinstance(layer, nn.ReLU):
            place += 1
            pieces.append((f"conv{block}_{place}", nn.Sequential(*waiting)))
            waiting = []
    return pieces


def _plain_relu(layer: nn.Module) -> nn.Module:
    """torchvision's ReLUs work in place and would overwrite the features we keep."""
    if isinstance(layer, nn.ReLU):
        return nn.ReLU()
    for module in layer.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return layer


def _features(net: nn.Module) -> nn.Module:
    """The convolutional part of a torchvision net; a bare Sequential is that part itself."""
    return getattr(net, "features", net)
