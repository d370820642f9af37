"""What engineers build: a thin sheet in the box of all designs."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.check.inputs import check_count, device_of
from tutlib.training.design.car import GRAVITY, KNOBS, body, weight


def engineers(count: int, generator: torch.Generator | None = None, spread: float = 0.03) -> Tensor:
    """Sensible cars (count, 8) in [0, 1]: from small to large, from calm to sporty.

    Two wishes fix a car, and rules of thumb do the rest: sporty cars are lower, have longer noses,
    more wing and less clearance; an engine gets 3.0 (sporty) to 4.2 m³ of room a litre; tyres carry
    10 to 14 kN a metre. So the knobs go together, and most of the box is never visited.

    Args:
        count: how many; generator: their chance.
        spread: each knob is then set a little differently (standard deviation, a share of its
            range).

    Example:
        >>> engineers(3, torch.Generator().manual_seed(0)).shape
        torch.Size([3, 8])
    """
    check_count("count", count, 1)
    how = {"generator": generator, "device": device_of(generator)}
    large, sporty = torch.rand(2, count, **how)
    length, height = 3.2 + 1.6 * large, 1.5 - 0.6 * sporty + 0.2 * large
    nose, wing = 0.3 + 0.8 * sporty, 0.1 + sporty
    volume, inside = body(length, height, nose)
    engine = inside / (4.2 - 1.2 * sporty)
    without = weight(volume, engine, wing)
    load = 1000 * (14 - 4 * sporty)  # N for each metre of tyre; the tyres weigh something, too
    tyre = without * GRAVITY / (4 * load - 600 * GRAVITY)
    rule = torch.stack([length, height, nose, engine, tyre, wing, 2 + 7 * sporty,
                        0.20 - 0.09 * sporty], 1)  # fmt: skip
    low, high = torch.tensor([ends[:2] for ends in KNOBS.values()], device=rule.device).T
    return ((rule - low) / (high - low) + spread * torch.randn(count, len(KNOBS), **how)).clamp(
        0, 1
    )
