"""Two nets, one alternating game: the picture moves through the weights of its painter."""

from tutlib.gan.cycle import Trip, play_cycle
from tutlib.gan.game import (
    Round,
    buffers_kept,
    deal_from,
    play,
    sample,
    update_average,
)
from tutlib.gan.larger import Forger, Judge
from tutlib.gan.losses import (
    LOSSES,
    Loss,
    cross_entropy_d,
    gradient_penalty,
    hinge_d,
    least_squares_d,
    least_squares_g,
    minimax_g,
    non_saturating_g,
    optimal_discriminator,
    wasserstein_d,
    wasserstein_g,
)
from tutlib.gan.translation import Deterministic, PatchJudge, Repainter, UNet

__all__ = [
    "LOSSES", "Deterministic", "Forger", "Judge", "Loss", "PatchJudge", "Repainter", "Round",
    "Trip", "UNet", "buffers_kept", "cross_entropy_d", "deal_from", "gradient_penalty", "hinge_d",
    "least_squares_d", "least_squares_g", "minimax_g", "non_saturating_g", "optimal_discriminator",
    "play", "play_cycle", "sample", "update_average", "wasserstein_d", "wasserstein_g",
]  # fmt: skip
