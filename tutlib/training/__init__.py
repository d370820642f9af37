"""The weights move: training, where in adversarial training the picture moves first."""

from tutlib.training.augment import shifted
from tutlib.training.fit import Run, fit, one_cycle
from tutlib.training.inner import describe, fgsm_rs, mixed, pgd_inner
from tutlib.training.measure import accuracy
from tutlib.training.points import lowest_lead, points_apart, proved_in_squares, right_in_squares
from tutlib.training.stopped import Stopped
from tutlib.training.together import team, together
from tutlib.training.virtual import Divergence, Virtual, smoothness, virtual_direction

__all__ = [
    "Divergence", "Run", "Stopped", "Virtual", "accuracy", "describe", "fgsm_rs", "fit",
    "lowest_lead", "mixed",
    "one_cycle", "pgd_inner", "points_apart", "proved_in_squares", "right_in_squares", "shifted",
    "smoothness", "team", "together", "virtual_direction",
]  # fmt: skip
