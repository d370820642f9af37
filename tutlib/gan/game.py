"""Generative adversarial networks: the one alternating game (its losses: `gan.losses`).

Here the picture moves through the weights of the net that paints it. The discriminator looks at a
generated picture, its gradient with respect to that *picture* says how the picture should change,
and the chain rule hands the wish on to the generator's weights (Goodfellow et al., 2014).

The discriminator returns a logit s for each picture; sigmoid(s) is its belief that it is real.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tutlib.check.inputs import check_count, device_of
from tutlib.check.patience import bar
from tutlib.gan.losses import (
    LOSSES,
    Loss,
    gradient_penalty,
)
from tutlib.nets import untouched


@dataclass(frozen=True)
class Round:
    """What a round of the game left behind.

    Attributes:
        t: which round, from 1; d_loss, g_loss: the two losses (D's in its last step).
        real_score, fake_score: mean logits D gave before its last move.
        generator, discriminator: the players themselves, still in the game.
        average: the moving average of the generator (the generator itself if there is none).
        pull: the length of the gradient that moved the generator, over all of its weights.
    """

    t: int
    d_loss: float
    g_loss: float
    real_score: float
    fake_score: float
    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module
    pull: float = math.nan


def play(
    generator: nn.Module,
    discriminator: nn.Module,
    real: Callable[[int, torch.Generator | None], Tensor | tuple[Tensor, Tensor]],
    *,
    z_size: int,
    rounds: int,
    batch: int = 64,
    loss: str | Loss = "non-saturating",
    d_steps: int = 1,
    lr: float | tuple[float, float] = 5e-4,
    betas: tuple[float, float] = (0.5, 0.999),
    reuse_fakes: bool = False,
    average: float = 0.0,
    penalty: float = 0.0,
    after: Callable[[nn.Module], object] | None = None,
    also: Callable[..., Tensor] | None = None,
    rng: torch.Generator | None = None,
) -> Iterator[Round]:
    """Play the game, one round at a time: `for r in play(...)`; leave the loop whenever you like.

    A round is `d_steps` moves of the discriminator, then one of the generator, both with Adam.
    Both nets learn in place, in train mode. In the generator's move the discriminator is frozen:
    no gradient of its weights is computed, and its running statistics (BatchNorm's, say) come back
    as they were; the batch statistics it normalises with are those of the generated pictures.

    Args:
        generator: from z (N, z_size), and labels if `real` deals them, to pictures.
        discriminator: from pictures (and labels) to logits (N,) or (N, 1).
        real: `real(n, rng)` deals n real pictures, or pictures and labels; see `deal_from`.
        lr: Adam's step size, or a pair: the generator's, the discriminator's.
        reuse_fakes: the generator learns from the pictures the discriminator has just seen,
            which saves a forward pass; False paints new ones.
        average: decay of the moving average of the generator's weights, 0 for none.
        penalty: weight of `gradient_penalty`, for the Wasserstein loss (10 is usual).
        after: called with the discriminator after each of its moves (to clip its weights, say).
        also: also(fake, x) or also(fake, x, labels), which the generator lowers as well: x are the
            real pictures of this round, so with labels that belong to them it may compare.
        rng: where all chance comes from; None is torch's own, of the CPU.

    Raises:
        ValueError: if an argument makes no sense (at once), or a loss is no longer finite.

    Example:
        >>> G, D, near_2 = nn.Linear(1, 1), nn.Linear(1, 1), deal_from(2 + 0.1 * torch.randn(99, 1))
        >>> [r.t for r in play(G, D, near_2, z_size=1, rounds=3)]
        [1, 2, 3]
    """
    loss = named(loss)
    _check(rounds, d_steps, batch, average)
    lr_g, lr_d = lr if isinstance(lr, tuple) else (lr, lr)
    move_g, move_d = mover(generator, lr_g, betas), mover(discriminator, lr_d, betas)
    mean = copy.deepcopy(generator).requires_grad_(False) if average else generator
    device = next(generator.parameters()).device

    def noise() -> Tensor:
        return torch.randn(batch, z_size, generator=rng, device=device_of(rng)).to(device)

    def deal() -> tuple[Tensor, list[Tensor], Tensor]:
        x = real(batch, rng)
        x, *y = (part.to(device) for part in (x if isinstance(x, tuple) else (x,)))
        return x, y, noise()

    def one_round(t: int) -> Round:
        generator.train()
        discriminator.train()
        for _ in range(d_steps):
            x, y, z = deal()
            with torch.set_grad_enabled(reuse_fakes):
                fake = generator(z, *y)
            scores = discriminator(x, *y), discriminator(fake.detach(), *y)
            d_loss = loss.discriminator(*scores)
            if penalty:
                d_loss = d_loss + penalty * gradient_penalty(discriminator, x, fake, *y, rng=rng)
            move_d(d_loss)
            if after is not None:
                after(discriminator)
        if not reuse_fakes:
            fake = generator(noise(), *y)
        with buffers_kept(discriminator):
            g_loss = loss.generator(discriminator(fake, *y))
            if also is not None:
                g_loss = g_loss + also(fake, x, *y)
            pull = move_g(g_loss)
        if average:
            update_average(mean, generator, min(average, t / (t + 9)))  # quick to forget at first
        numbers = torch.stack([d_loss, g_loss, *(s.mean() for s in scores), pull]).tolist()
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"the game went out of bounds in round {t}: lower the step size lr.")
        return Round(t, *numbers[:4], generator, discriminator, mean, numbers[4])

    return (one_round(t) for t in bar(range(1, rounds + 1), "rounds"))


def _check(rounds: int, d_steps: int, batch: int, average: float) -> None:
    for name, value, least in (("rounds", rounds, 0), ("d_steps", d_steps, 1), ("batch", batch, 1)):
        check_count(name, value, least)
    if not 0 <= average < 1:
        raise ValueError(f"average is a decay, from 0 up to but not 1, and it is {average}.")


def named(loss: str | Loss) -> Loss:
    """The loss that a name means; a `Loss` stays as it is.

    Example:
        >>> named("hinge") is LOSSES["hinge"]
        True
    """
    if isinstance(loss, str) and loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}, and it is {loss!r}.")
    return LOSSES[loss] if isinstance(loss, str) else loss


def mover(model: nn.Module, lr: float, betas: tuple[float, float]) -> Callable[[Tensor], Tensor]:
    """One step of Adam, with the gradient of this model's weights alone; returns its length.

    Example:
        >>> net = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.zeros_(net.weight)
        >>> length = mover(net, 0.5, (0.5, 0.999))((net.weight - 3).square().sum())
        >>> length.item(), round(net.weight.item(), 3)
        (6.0, 0.5)
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    if not weights:
        raise ValueError("a player has no weights to move: set requires_grad on them.")
    optimizer = torch.optim.Adam(weights, lr, betas, fused=True)

    def move(loss: Tensor) -> Tensor:
        # Not loss.backward(): that would compute the other player's weight gradients too.
        grads = torch.autograd.grad(loss, weights)
        for weight, grad in zip(weights, grads):
            weight.grad = grad
        optimizer.step()
        optimizer.zero_grad()
        return nn.utils.get_total_norm(grads)

    return move


@contextmanager
def buffers_kept(model: nn.Module) -> Iterator[None]:
    """Whatever happens inside, the model's buffers (running statistics) come back as they were.

    Example:
        >>> norm = nn.BatchNorm1d(1)
        >>> with buffers_kept(norm):
        ...     _ = norm(torch.tensor([[4.0], [6.0]]))  # moves the running mean
        >>> norm.running_mean
        tensor([0.])
    """
    before = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in before:
                buffer.copy_(value)


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """average <- decay * average + (1 - decay) * model, weight by weight, running statistics too.

    BatchNorm's means and variances belong to the weights they were measured with: an average of
    weights with the statistics of today would see maps of another size. Counters are copied.

    Example:
        >>> mean, now = nn.Linear(1, 1), nn.Linear(1, 1)
        >>> _ = nn.init.zeros_(mean.weight), nn.init.ones_(now.weight)
        >>> update_average(mean, now, decay=0.9)
        >>> round(mean.weight.item(), 3)
        0.1
    """
    for mean, weight in zip(average.parameters(), model.parameters()):
        mean.lerp_(weight, 1 - decay)
    for mean, buffer in zip(average.buffers(), model.buffers()):
        mean.lerp_(buffer, 1 - decay) if mean.is_floating_point() else mean.copy_(buffer)


def deal_from(x: Tensor, y: Tensor | None = None) -> Callable:
    """`real` for `play`: n rows of x (and their labels, if there are any), drawn with chance.

    Raises:
        ValueError: if x is empty, or y does not hold one label for each row.

    Example:
        >>> deal = deal_from(torch.tensor([[7.0]]))
        >>> deal(3).flatten()
        tensor([7., 7., 7.])
    """
    if len(x) == 0:
        raise ValueError("there is no picture to deal: x is empty.")
    if y is not None and len(y) != len(x):
        raise ValueError(
            f"there are {len(x)} pictures and {len(y)} labels: one for each is needed."
        )

    def deal(n: int, rng: torch.Generator | None = None) -> Tensor | tuple[Tensor, Tensor]:
        rows = torch.randint(len(x), (n,), generator=rng, device=device_of(rng)).to(x.device)
        return x[rows] if y is None else (x[rows], y[rows])

    return deal


@torch.no_grad()
def sample(generator: nn.Module, z: Tensor, y: Tensor | None = None) -> Tensor:
    """What the generator makes of z (N, z_size), in eval mode; it stays as it was.

    Example:
        >>> sample(nn.Sequential(nn.Dropout()), torch.ones(1, 4))  # in eval mode nothing drops out
        tensor([[1., 1., 1., 1.]])
    """
    if y is not None and len(y) != len(z):
        raise ValueError(f"there are {len(z)} z and {len(y)} labels: one for each is needed.")
    labels = [None] * len(z) if y is None else y.split(500)
    with untouched(generator):
        parts = zip(z.split(500), labels)
        return torch.cat([generator(a) if b is None else generator(a, b) for a, b in parts])
