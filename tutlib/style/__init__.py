"""The content of one picture, the statistics of another: style transfer on the one loop."""

from tutlib.style.extractors import Extractor
from tutlib.style.forward import Painter, adain, instance_norm
from tutlib.style.painter import outline, recoloured, repaint, repainting, texture
from tutlib.style.patches import Crowd, cut, distances, nearest, used
from tutlib.style.reader import AnyPainter, Reader, told
from tutlib.style.sizes import coarse_to_fine, resized
from tutlib.style.transfer import (
    Losses,
    Statistics,
    content_loss,
    gram,
    losses,
    standardize,
    statistics,
    style_loss,
    total_variation,
    transfer,
    weighed,
)

__all__ = [
    "AnyPainter",
    "Crowd",
    "Extractor",
    "Losses",
    "Painter",
    "Reader",
    "Statistics",
    "adain",
    "coarse_to_fine",
    "content_loss",
    "cut",
    "distances",
    "gram",
    "instance_norm",
    "losses",
    "nearest",
    "outline",
    "recoloured",
    "repaint",
    "repainting",
    "resized",
    "standardize",
    "statistics",
    "style_loss",
    "texture",
    "told",
    "total_variation",
    "transfer",
    "used",
    "weighed",
]  # fmt: skip
