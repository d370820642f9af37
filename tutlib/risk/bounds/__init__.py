"""What no attack can do: leads that hold for every picture of a box, by three methods."""

from tutlib.risk.bounds.exact import Nearest, Worst, exact_lead, exact_radius
from tutlib.risk.bounds.interval import box_around, interval_leads, through, widest, worst_loss
from tutlib.risk.bounds.layers import layers_of
from tutlib.risk.bounds.linear import linear_leads, lines

__all__ = [
    "Nearest", "Worst", "box_around", "exact_lead", "exact_radius", "interval_leads", "layers_of",
    "linear_leads", "lines", "through", "widest", "worst_loss",
]  # fmt: skip
