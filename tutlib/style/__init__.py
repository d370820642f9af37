"""The content of one picture, the statistics of another: style transfer on the one loop."""

from tutlib.style.extractors import Extractor
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
    "Extractor", "Losses", "Statistics", "coarse_to_fine", "content_loss", "gram", "losses",
    "resized", "standardize", "statistics", "style_loss", "total_variation", "transfer", "weighed",
]  # fmt: skip
