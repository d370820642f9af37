"""The universal engineering machine: a net fitted to a table, and designs that climb on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib.balls import Box
from tutlib.check.inputs import check_count, check_pictures, check_positive
from tutlib.descent import Adam, ascend
from tutlib.nets import mlp
from tutlib.training.fit import one_cycle

Objective = Callable[[Tensor], Tensor]


def fit_table(x: Tensor, y: Tensor, *, steps: int = 500, lr: float = 5e-3, width: int = 64,
              seed: int = 0) -> nn.Sequential:  # fmt: skip
    """A net that predicts `y` from designs: least squares on the whole table at every step.

    Args:
        x, y: designs (N, D) and their measured scores (N,), at least two different ones.
        steps, lr: of Adam, with `one_cycle`; width: of the two hidden layers; seed: of the start.

    Returns:
        A net from designs (M, D) to scores (M,), in the units of `y`, in eval mode.

    Raises:
        ValueError: if table and scores do not go together.

    Example:
        >>> x = torch.rand(40, 2, generator=torch.Generator().manual_seed(0))
        >>> net = fit_table(x, 100 + 10 * x[:, 0], steps=200)
        >>> (net(x) - 100 - 10 * x[:, 0]).abs().max().item() < 0.5
        True
    """
    check_pictures(x, None)
    if y.shape != x.shape[:1] or not bool(y.std() > 0):
        raise ValueError("the table needs one score for each design, and not all of them equal.")
    check_count("steps", steps, 1)
    check_positive("lr", lr)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        net = nn.Sequential(*mlp(x.shape[1], width, width, 1), nn.Flatten(0)).to(x)
    middle, scale = y.mean(), y.std()
    wanted, moving = (y - middle) / scale, torch.optim.Adam(net.parameters(), lr)
    with torch.enable_grad():
        for t in range(steps):
            moving.param_groups[0]["lr"] = lr * one_cycle(t / steps)
            loss = F.mse_loss(net(x), wanted)
            moving.zero_grad()
            loss.backward()
            moving.step()
    with torch.no_grad():  # the last layer learns to speak in the units of the table
        net[-2].weight.mul_(scale)
        net[-2].bias.mul_(scale).add_(middle)
    moving.zero_grad()
    return net.eval()


def propose(score: Objective, starts: Tensor, ball=None, *, steps: int = 150, lr: float = 0.01
            ) -> Tensor:  # fmt: skip
    """Where `score` sends designs: each start (K, D) climbs in its ball; the highest end is first.

    Example:
        >>> starts = torch.tensor([[0.2, 0.5], [0.4, 0.5]])
        >>> propose(lambda x: x[:, 0], starts, steps=20)  # uphill is to the right
        tensor([[0.6000, 0.5000],
                [0.4000, 0.5000]])
    """
    ends = ascend(score, starts, Box() if ball is None else ball, Adam(lr), steps)
    with torch.no_grad():
        return ends[score(ends).argsort(descending=True)]


def cautious(nets: Sequence[Objective], doubt: float) -> Objective:
    """A pessimistic score: the mean of several nets, less `doubt` times their standard deviation.

    (After Lakshminarayanan, Pritzel and Blundell, "Simple and scalable predictive uncertainty
    estimation using deep ensembles", 2017.)

    Raises:
        ValueError: for fewer than two nets.

    Example:
        >>> cautious([lambda x: x[:, 0], lambda x: x[:, 0] + 2], doubt=0)(torch.zeros(1, 1))
        tensor([1.])
    """
    if len(nets) < 2:
        raise ValueError("one net cannot disagree with itself: pass two or more.")

    def score(x: Tensor) -> Tensor:
        said = torch.stack([net(x) for net in nets])
        return said.mean(0) - doubt * said.std(0)

    return score


@dataclass(frozen=True)
class Built:
    """What `build_and_learn` did.

    Attributes:
        x, y: the table with all cars that were built: (N + rounds * cars, D), (N + rounds * cars,).
        promised: (rounds, cars), what the net of that round said before they were built.
        measured: (rounds, cars), what they then did.
        net: fitted to the whole table, at the end.
    """

    x: Tensor
    y: Tensor
    promised: Tensor
    measured: Tensor
    net: nn.Module


def build_and_learn(x: Tensor, y: Tensor, measure: Objective, ball, *, rounds: int, cars: int,
                    steps: int = 60, fit_steps: int = 500, seed: int = 0) -> Built:  # fmt: skip
    """Adversarial training of the machine: build what it proposes, measure it, add it to the table.

    The adversary is `propose`, from the best cars so far; its victims come back with their true
    labels. (A trust region in the sense of Conn, Gould and Toint, 2000, if `ball` is small.)

    Args:
        x, y: the table so far; measure: the truth, (M, D) -> (M,).
        ball: how far from a car of the table a new one may be.
        rounds, cars: how often, and how many each time.

    Example:
        >>> x = torch.rand(30, 2, generator=torch.Generator().manual_seed(0)) / 2
        >>> run = build_and_learn(x, x.sum(1), lambda x: x.sum(1), Box(), rounds=1, cars=3)
        >>> run.x.shape, bool(run.measured.max() > x.sum(1).max())
        (torch.Size([33, 2]), True)
    """
    for name, value in (("rounds", rounds), ("cars", cars)):
        check_count(name, value, 1)
    promised, measured = [], []
    for k in range(rounds):
        net = fit_table(x, y, steps=fit_steps, seed=seed + k)
        new = propose(net, x[y.topk(cars).indices], ball, steps=steps)
        with torch.no_grad():
            promised.append(net(new))
            measured.append(measure(new))
        x, y = torch.cat([x, new]), torch.cat([y, measured[-1]])
    net = fit_table(x, y, steps=fit_steps, seed=seed + rounds)
    return Built(x, y, torch.stack(promised), torch.stack(measured), net)
