"""Two nets, one alternating game: the picture moves through the weights of its painter."""

from tutlib.gan.asked import Namer, told_as_well, wishes_from
from tutlib.gan.began import Balance, Redrawer, boundary_equilibrium
from tutlib.gan.cycle import Trip, play_cycle
from tutlib.gan.game import (
    Round,
    buffers_kept,
    deal_from,
    play,
    sample,
    update_average,
)
from tutlib.gan.larger import STAGES, Forger, Judge, Stage, grow, shrunk
from tutlib.gan.latent import direction, find, slerp, step_lengths, straight, without
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
from tutlib.gan.slopes import Divided, clip_weights, divide_by_norm
from tutlib.gan.translation import Deterministic, PatchJudge, Repainter, UNet

__all__ = [
    "LOSSES",
    "STAGES",
    "Balance",
    "Deterministic",
    "Divided",
    "Forger",
    "Judge",
    "Loss",
    "Namer",
    "PatchJudge",
    "Redrawer",
    "Repainter",
    "Round",
    "Stage",
    "Trip",
    "UNet",
    "boundary_equilibrium",
    "buffers_kept",
    "clip_weights",
    "cross_entropy_d",
    "deal_from",
    "direction",
    "divide_by_norm",
    "find",
    "gradient_penalty",
    "grow",
    "hinge_d",
    "least_squares_d",
    "least_squares_g",
    "minimax_g",
    "non_saturating_g",
    "optimal_discriminator",
    "play",
    "play_cycle",
    "sample",
    "shrunk",
    "slerp",
    "step_lengths",
    "straight",
    "told_as_well",
    "update_average",
    "wasserstein_d",
    "wasserstein_g",
    "wishes_from",
    "without",
]  # fmt: skip
