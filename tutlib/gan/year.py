"""Seven games with the same two nets (lesson 5.4): what each changes, and how one is watched.

Every game gets `BUDGET` moves of the discriminator, each with `BATCH` real pictures and as many
generated ones. Who moves the discriminator three times in a round has a third of the rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tutlib import gan
from tutlib.gan.nets import ALL, dcgan_discriminator, dcgan_generator

SIDE, EDGE = 20, 4  # what the players see of a digit of 28 pixels, and the black edge around it
Z_SIZE, CODE = 16, 16
WIDTH_G, WIDTH_D = 24, 16
BATCH, BUDGET, LOOKS = 32, 720, 12
BOUND = 0.1  # of a clipped weight
PLAIN = ALL.without("batch_norm")


@dataclass(frozen=True)
class Game:
    """One of the seven.

    Attributes:
        title: as the table names it; loss: a name in `LOSSES`, or what makes a new loss.
        told: what else `gan.play` is told; critic: what becomes of a new discriminator.
    """

    title: str
    loss: str | Callable[[], gan.Loss]
    told: dict = field(default_factory=dict)
    critic: Callable[[nn.Module], nn.Module] = lambda net: net


def redrawer(net: nn.Module | None = None) -> gan.Redrawer:
    """BEGAN's discriminator: the same convolutions end in CODE numbers, and a generator's plan
    without BatchNorm redraws the picture from them."""
    return gan.Redrawer(
        dcgan_discriminator(SIDE, width=WIDTH_D, classes=CODE - 1, follow=PLAIN).body,
        dcgan_generator(SIDE, z_size=CODE, width=WIDTH_G, follow=PLAIN).body,
    )


FAST = {"lr": 4e-3}
GAMES: dict[str, Game] = {
    "minimax": Game("minimax", "minimax", FAST),
    "non-saturating": Game("non-saturating", "non-saturating", FAST),
    "least-squares": Game("LSGAN", "least-squares", FAST),
    "clipped": Game("WGAN, clipped", "wasserstein", {
        "lr": 1e-3, "d_steps": 3, "after": lambda net: gan.clip_weights(net, BOUND)}),
    "penalty": Game("WGAN-GP", "wasserstein", {
        "lr": (4e-3, 2e-3), "betas": (0.5, 0.9), "d_steps": 3, "penalty": 10.0}),
    "hinge": Game("hinge + SN", "hinge", FAST, gan.divide_by_norm),
    "BEGAN": Game("BEGAN", lambda: gan.boundary_equilibrium(0.9, 0.2), {"lr": 1e-3}, redrawer),
}  # fmt: skip


def players(name: str, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    """The generator and the discriminator of a game, new; torch's own random state is left alone.

    Raises:
        ValueError: if there is no such game.

    Example:
        >>> G, D = players("hinge")
        >>> D(G(torch.zeros(3, Z_SIZE))).shape
        torch.Size([3])
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPU as well
        generator = dcgan_generator(SIDE, z_size=Z_SIZE, width=WIDTH_G)
        critic = dcgan_discriminator(SIDE, width=WIDTH_D, follow=PLAIN)
        return generator, _known(name).critic(critic)


def _known(name: str) -> Game:
    if name not in GAMES:
        raise ValueError(f"a game is one of {', '.join(GAMES)}, and this is {name!r}.")
    return GAMES[name]


def rounds_of(name: str, budget: int = BUDGET) -> int:
    """How many rounds a budget of D's moves buys.

    Example:
        >>> rounds_of("minimax", 600), rounds_of("penalty", 600)
        (600, 200)
    """
    return budget // _known(name).told.get("d_steps", 1)


@dataclass(frozen=True)
class Look:
    """One look at a game; numbers about play are means over the rounds since the last look.

    Attributes:
        pictures: how many real pictures D has seen; seconds: of CPU time, play alone.
        d_loss, g_loss: the two losses; gap: D's mean score of real minus that of generated ones.
        pull: length of G's gradient (the median of the rounds); k: BEGAN's balance, 0 elsewhere.
        average: the averaged generator, still in the game.
    """

    pictures: int
    seconds: float
    d_loss: float
    g_loss: float
    gap: float
    pull: float
    k: float
    average: nn.Module


def watch(
    name: str, x: Tensor, *, seed: int = 0, budget: int = BUDGET, looks: int = LOOKS
) -> Iterator[Look]:
    """Play one of the games on pictures x (N, 1, SIDE, SIDE), and look at it now and then.

    The players learn on the device of x. Leave the loop whenever you like.
    """
    game, rounds = _known(name), rounds_of(name, budget)
    generator, critic = (net.to(x.device) for net in players(name, seed))
    loss = game.loss if isinstance(game.loss, str) else game.loss()
    every, seen, spent = max(1, rounds // looks), [], 0.0
    begun = time.process_time()
    for r in gan.play(
        generator, critic, gan.deal_from(x), z_size=Z_SIZE, rounds=rounds, batch=BATCH, loss=loss,
        average=0.99, reuse_fakes=True, rng=torch.Generator().manual_seed(seed), **game.told,
    ):  # fmt: skip
        seen.append((r.d_loss, r.g_loss, r.real_score - r.fake_score, r.pull))
        if r.t % every == 0:
            spent += time.process_time() - begun
            numbers = torch.tensor(seen)
            d_loss, g_loss, gap, _ = numbers.mean(0).tolist()
            k = 0.0 if isinstance(game.loss, str) else loss.discriminator.k
            moves = r.t * BATCH * game.told.get("d_steps", 1)
            pull = numbers[:, 3].median().item()
            yield Look(moves, spent, d_loss, g_loss, gap, pull, k, r.average)
            seen, begun = [], time.process_time()


def framed(pictures: Tensor) -> Tensor:
    """The black edge comes back: (N, 1, SIDE, SIDE) -> (N, 1, 28, 28)."""
    return nn.functional.pad(pictures, (EDGE,) * 4)


def cut(pictures: Tensor) -> Tensor:
    """What the players see: (N, 1, 28, 28) without its edge, (N, 1, SIDE, SIDE)."""
    return pictures[..., EDGE:-EDGE, EDGE:-EDGE].contiguous()
