"""Two games, tied together: pictures of one kind become another kind and come back (CycleGAN).

`there` turns an a into a b, `back` a b into an a, and each has a judge at its end of the road. No
pair is ever shown; what ties the two games is that who goes there and back should arrive where the
journey began (Zhu et al., 2017).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tutlib.check.patience import bar
from tutlib.gan.game import buffers_kept, mover, named, update_average
from tutlib.gan.losses import Loss


@dataclass(frozen=True)
class Trip:
    """What a round of the two games left behind.

    Attributes:
        t: which round, from 1; d_loss, g_loss: of both judges, of both generators.
        lost: mean distance of a picture from itself after the journey there and back, per channel.
        there, back: moving averages of the two generators (they themselves if there are none).
    """

    t: int
    d_loss: float
    g_loss: float
    lost: float
    there: nn.Module
    back: nn.Module


def play_cycle(
    generators: tuple[nn.Module, nn.Module],
    judges: tuple[nn.Module, nn.Module],
    real: tuple[Callable, Callable],
    *,
    rounds: int,
    batch: int = 4,
    loss: str | Loss = "least-squares",
    cycle: float = 5.0,
    identity: float = 2.5,
    lr: float | tuple[float, float] = 4e-4,
    betas: tuple[float, float] = (0.5, 0.999),
    average: float = 0.0,
    rng: torch.Generator | None = None,
) -> Iterator[Trip]:
    """Play both games, one round at a time: `for trip in play_cycle(...)`; leave when you like.

    A round is one move of the judges, then one of the generators, all with Adam and in train mode;
    they learn in place. In the generators' move the judges are frozen, as in `play`.

    Args:
        generators: there and back; judges: of the kind a, of the kind b.
        real: deals pictures of the kind a, and of the kind b; see `deal_from`.
        cycle: weight of the distance between a picture and itself after there and back.
        identity: weight of what a generator does to a picture that is already of its kind.
        lr: Adam's step size, or a pair: the generators', the judges'.
        average: decay of the moving average of the generators' weights, 0 for none.
        rng: where all chance comes from; None is torch's own, of the CPU.

    Raises:
        ValueError: if an argument makes no sense (at once), or a loss is no longer finite.

    Example:
        >>> from tutlib.gan.game import deal_from
        >>> nets = [nn.Linear(1, 1) for _ in range(4)]
        >>> deals = deal_from(torch.zeros(9, 1)), deal_from(torch.ones(9, 1))
        >>> [trip.t for trip in play_cycle(nets[:2], nets[2:], deals, rounds=2)]
        [1, 2]
    """
    loss = named(loss)
    for name, value, least in (("rounds", rounds, 0), ("batch", batch, 1), ("cycle", cycle, 0),
                               ("identity", identity, 0)):  # fmt: skip
        if not value >= least:
            raise ValueError(f"{name} must be {least} or more, and it is {value}.")
    if not 0 <= average < 1:
        raise ValueError(f"average is a decay, from 0 up to but not 1, and it is {average}.")
    (there, back), (judge_a, judge_b) = generators, judges
    players, referees = nn.ModuleList((there, back)), nn.ModuleList((judge_a, judge_b))
    lr_g, lr_d = lr if isinstance(lr, tuple) else (lr, lr)
    move_g, move_d = mover(players, lr_g, betas), mover(referees, lr_d, betas)
    means = copy.deepcopy(players).requires_grad_(False) if average else players
    device = next(players.parameters()).device

    def one_round(t: int) -> Trip:
        players.train()
        referees.train()
        a, b = (deal(batch, rng).to(device) for deal in real)
        fake_b, fake_a = there(a), back(b)
        d_loss = loss.discriminator(judge_a(a), judge_a(fake_a.detach()))
        d_loss = d_loss + loss.discriminator(judge_b(b), judge_b(fake_b.detach()))
        move_d(d_loss)
        with buffers_kept(referees):
            g_loss = loss.generator(judge_b(fake_b)) + loss.generator(judge_a(fake_a))
            lost = torch.zeros((), device=device)
            if cycle:
                lost = _apart(back(fake_b), a) + _apart(there(fake_a), b)
                g_loss = g_loss + cycle * lost
            if identity:
                g_loss = g_loss + identity * (_apart(there(b), b) + _apart(back(a), a))
            move_g(g_loss)
        if average:
            update_average(means, players, min(average, t / (t + 9)))
        numbers = torch.stack([d_loss, g_loss, lost / 2]).tolist()
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"the games went out of bounds in round {t}: lower the step size lr.")
        return Trip(t, *numbers, *means)

    return (one_round(t) for t in bar(range(1, rounds + 1), "rounds"))


def _apart(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).abs().mean()
