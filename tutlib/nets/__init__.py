"""Nets from pictures in [0, 1] to logits, with their book-keeping inside, and how to use one."""

from tutlib.nets.classifiers import digit_net, mlp, parameter_count, world_net
from tutlib.nets.labelled import Classifier
from tutlib.nets.layers import LocalContrast, Normalize, ResidualBlock
from tutlib.nets.untouched import untouched

__all__ = [
    "Classifier", "LocalContrast", "Normalize", "ResidualBlock", "digit_net", "mlp",
    "parameter_count", "untouched", "world_net",
]  # fmt: skip
