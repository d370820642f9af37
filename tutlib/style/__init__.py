"""The content of one picture, the statistics of another: style transfer on the one loop."""

from tutlib.style.extractors import Extractor
from tutlib.style.transfer import (
    Losses,
    Statistics,
    content_loss,
    gram,
    losses,
    standardize,
    statistics,
    style_loss,
    transfer,
    weighed,
)

__all__ = [
    "Extractor", "Losses", "Statistics", "content_loss", "gram", "losses", "standardize",
    "statistics", "style_loss", "transfer", "weighed",
]  # fmt: skip
