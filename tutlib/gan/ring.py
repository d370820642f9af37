"""The game on the ring of eight Gaussians, and what it looks like after each round (lesson 5.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tutlib import gan
from tutlib.gan.measures import Modes, modes_found, ring
from tutlib.nets import mlp

Z_SIZE = 16
SPAN = 3.2  # the board reaches from -SPAN to SPAN
CELLS = 41  # D's belief is drawn on CELLS x CELLS points


# What `players` and `gan.play` are told; what is not named stays at its default.
RECIPES: dict[str, dict] = {
    "recommended": {"loss": "non-saturating", "lr": 1e-3},
    "minimax": {"loss": "minimax", "lr": 1e-3},
    "slow expert": {"loss": "non-saturating", "lr": (1e-3, 1e-4)},
    # With equal step sizes this game goes well; one thing changed, and it collapses.
    "ReLU forger": {"loss": "non-saturating", "lr": 1e-3, "relu": True},
    "collapse": {"loss": "non-saturating", "lr": (1e-3, 1e-4), "relu": True},
}


def players(
    seed: int = 0, *, relu: bool = False, z_size: int = Z_SIZE
) -> tuple[nn.Sequential, nn.Sequential]:
    """A generator z -> (N, 2) and a discriminator (N, 2) -> (N, 1), two hidden layers each.

    Args:
        seed: of the weights; torch's own random state is left alone.
        relu: a generator of 64 ReLU in each layer, in place of 128 tanh.

    Example:
        >>> G, D = players(seed=0)
        >>> D(G(torch.zeros(5, Z_SIZE))).shape
        torch.Size([5, 1])
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPU as well
        width, bend = (64, nn.ReLU) if relu else (128, nn.Tanh)
        generator = mlp(z_size, width, width, 2, activation=bend)
        return generator, mlp(2, 128, 128, 1, activation=nn.Tanh)


@dataclass(frozen=True)
class Board:
    """The game seen from above.

    Attributes:
        t: rounds played; fake (N, 2): generated points.
        arrows (points, 2): where the generator's loss wants each of them to go (minus its gradient
            with respect to the *point*), times their number.
        belief (CELLS, CELLS): D's probability of "real", rows from bottom to top.
        loss: the generator's loss on the points that have an arrow.
        modes: what the measure of collapse says of 2,000 points.
        generator: the player itself, still in the game.
    """

    t: int
    fake: Tensor
    arrows: Tensor
    belief: Tensor
    loss: float
    modes: Modes
    generator: nn.Module


def board(
    t: int,
    generator: nn.Module,
    discriminator: nn.Module,
    loss: str = "non-saturating",
    *,
    points: int = 200,
) -> Board:
    """Look at the board, on the CPU, without touching it: always with the same 2,000 z."""
    weight = next(generator.parameters())
    z = torch.randn(2000, weight.shape[1], generator=torch.Generator().manual_seed(1)).to(weight)
    samples = gan.sample(generator, z)
    fake = samples[:points].clone().requires_grad_(True)
    wish = gan.LOSSES[loss].generator(discriminator(fake))
    (slope,) = torch.autograd.grad(wish, fake)
    line = torch.linspace(-SPAN, SPAN, CELLS).to(weight)
    grid = torch.cartesian_prod(line, line).flip(1)
    with torch.no_grad():
        belief = discriminator(grid).sigmoid().view(CELLS, CELLS)
    seen, arrows = samples.cpu(), (-slope * points).cpu()
    return Board(t, seen, arrows, belief.cpu(), wish.item(), modes_found(seen), generator)


def boards(
    recipe: str = "recommended", *, rounds: int, every: int, seed: int = 0, batch: int = 256
) -> Iterator[Board]:
    """Play a recipe of `RECIPES` on the ring; yield a `Board` before it and every `every` rounds.

    Raises:
        ValueError: if there is no such recipe.
    """
    if recipe not in RECIPES:
        raise ValueError(f"recipe must be one of {', '.join(RECIPES)}, and it is {recipe!r}.")
    told = dict(RECIPES[recipe])
    generator, discriminator = players(seed, relu=told.pop("relu", False))
    rng = torch.Generator().manual_seed(seed)
    told |= {"z_size": Z_SIZE, "rounds": rounds, "batch": batch, "rng": rng, "reuse_fakes": True}
    yield board(0, generator, discriminator, told["loss"])
    for r in gan.play(generator, discriminator, ring, **told):
        if r.t % every == 0:
            yield board(r.t, generator, discriminator, told["loss"])
