"""The strongest attack we have: several that fail in different ways, the worst for each picture."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from tutlib.attacks.auto import apgd, apgd_targeted
from tutlib.attacks.margins import fallen
from tutlib.attacks.square import square
from tutlib.check.inputs import check_ball, check_labels, check_pictures, device_of
from tutlib.check.models import check_model, logits_of
from tutlib.check.patience import bar
from tutlib.nets import untouched
from tutlib.risk.estimates import Estimate

DRAWS = 8  # of a randomised model: it counts as wrong where it is wrong in all of them
SAME = 1e-3  # of the largest logit: two passes of a model that draws nothing differ by less

# In this order: what is quick and takes many comes first. No number here is the user's to choose.
ENSEMBLE: dict[str, Callable[..., Tensor]] = {
    "APGD, cross-entropy": partial(apgd, steps=100),
    "APGD, ratio": partial(apgd, steps=50, score="ratio"),
    # Towards a class the plain lead arrived more often than the ratio (benchmarks/README.md).
    "APGD, third wish, to each rival": partial(apgd_targeted, steps=40, score="lead", restarts=2),
    "Square, no gradient": partial(square, queries=1000),
}


@dataclass(frozen=True, eq=False)
class Strongest:
    """What an ensemble of attacks left of a model.

    Attributes:
        pictures: (N, C, H, W) as each fell; untouched where it was wrong already, or stands.
        took: name -> (N,) which pictures this attack took, those "wrong already" first.
        seconds: name -> CPU seconds it needed.
        estimate: the adversarial error: the model's error on `pictures`, and nothing else.
        randomised: whether two passes on the same pictures gave different answers.

    Example:
        >>> vote, x = lambda x: x.flatten(1), torch.tensor([[[[0.9, 0.1]]], [[[0.6, 0.5]]]])
        >>> strongest(vote, x, 0, Linf(0.1)).stands  # the brighter of two pixels wins
        tensor([ True, False])
    """

    pictures: Tensor
    took: dict[str, Tensor]
    seconds: dict[str, float]
    estimate: Estimate
    randomised: bool

    @property
    def stands(self) -> Tensor:
        """Which pictures (N,) nobody took."""
        return ~torch.stack(list(self.took.values())).any(0)

    def __str__(self) -> str:
        width = max(map(len, self.took))
        lines = [f"{'':{width}}   took   still right   CPU s"]
        left = len(self.pictures)
        for name, mask in self.took.items():
            left -= int(mask.sum())
            lines.append(f"{name:{width}}  {int(mask.sum()):5d}   {left:11d}  "
                         f"{self.seconds[name]:6.1f}")  # fmt: skip
        return "\n".join([*lines, f"wrong: {self.estimate}"])

    __repr__ = __str__


def strongest(model, x: Tensor, y, ball, *, batch: int = 250,
              box: tuple[float, float] = (0.0, 1.0),
              generator: torch.Generator | None = None) -> Strongest:  # fmt: skip
    """Attack with everything; each picture's worst case counts. There is nothing to tune.

    (The idea, the climb, the ratio and the order: Croce and Hein, "Reliable evaluation of
    adversarial robustness with an ensemble of diverse parameter-free attacks", 2020, AutoAttack.)
    Auto-PGD up the cross-entropy, up the ratio of logits, and up the third wish towards each of the
    nine likeliest rivals, from two starts; and Square, which asks for no gradient. A picture leaves
    as soon as it has fallen, and an attack sees only what the attacks before it have left.

    A model that gives two answers to one question is noticed, and a sentence says so. It is then
    attacked through the mean of several passes, and called wrong only where all passes are wrong.

    Args:
        model: from pictures in [0, 1] to logits (N, K); x: pictures (N, C, H, W) in [0, 1].
        y: the true label, an int or (N,); ball: `Linf(eps)` or `L2(eps)`, eps in pixel units.
        batch: how many pictures at a time; box: lowest and highest legal pixel.
        generator: source of random starts and squares; without one, the same in every call.

    Returns:
        A `Strongest`; `str()` of it is the table of who took how many.

    Raises:
        ValueError, TypeError: wrong range, shape or dtype, labels outside the classes, an empty
            batch, or NaN in the model's output.

    Example:
        >>> vote = lambda x: x.flatten(1)  # the brightest of two pixels wins
        >>> x = torch.tensor([[0.9, 0.1], [0.6, 0.5], [0.4, 0.5]]).view(3, 1, 1, 2)
        >>> found = strongest(vote, x, 0, Linf(0.1))
        >>> found.estimate.count, found.took["wrong already"].tolist()
        (2, [False, False, True])
    """
    check_pictures(x, box)
    check_ball(ball, x, box)
    check_model(model)
    y = check_labels(y, x)
    generator = generator or torch.Generator().manual_seed(0)
    randomised = _draws(model, x[:batch], y[:batch])
    if randomised:
        warnings.warn(
            "this model gives different answers to the same pictures: a picture counts as wrong "
            f"only where {DRAWS} of {DRAWS} passes are wrong, and attacks climb their mean.",
            stacklevel=2,
        )
    target = _mean_of(model, DRAWS) if randomised else model
    wrong = partial(_wrong, model, batch=batch, chance=generator if randomised else None)
    begun = time.process_time()
    pictures, already = x.detach().clone(), wrong(x, y, strictly=False)
    took, seconds = {"wrong already": already}, {"wrong already": time.process_time() - begun}
    rows = (~already).nonzero()[:, 0]
    for name, attack in bar(list(ENSEMBLE.items()), "attacks"):
        begun, took[name] = time.process_time(), torch.zeros_like(already)
        for part in rows.split(batch) if len(rows) else ():
            found = attack(target, x[part], y[part], ball, box=box, generator=generator)
            fell = wrong(found, y[part])
            pictures[part[fell]], took[name][part[fell]] = found[fell], True
        rows, seconds[name] = rows[~took[name][rows]], time.process_time() - begun
    # Anybody who evaluates these pictures gets this number, since this is how it is made.
    values = wrong(pictures, y, strictly=False).float()
    estimate = Estimate(values, "error", "the strongest attack", lower_bound=True)
    return Strongest(pictures, took, seconds, estimate, randomised)


@torch.no_grad()
def _wrong(model, x: Tensor, y: Tensor, *, batch: int, chance: torch.Generator | None = None,
           strictly: bool = True) -> Tensor:  # fmt: skip
    """Which pictures (N,) are called otherwise than `y`; with `chance`, in each of many passes.

    Strictly: by more than rounding, so that they stay wrong in a batch of another size.
    """
    parts, draws = [], 1 if chance is None else DRAWS
    with untouched(model):
        if chance is not None:  # draws of its own, that no attack has seen
            device = device_of(chance)
            torch.manual_seed(int(torch.randint(2**31, (), generator=chance, device=device)))
        for some, labels in zip(x.split(batch), y.split(batch)):
            passes = [logits_of(model, some.clone(), labels) for _ in range(draws)]
            says = [fallen(z, labels) if strictly else z.argmax(1) != labels for z in passes]
            parts.append(torch.stack(says).all(0))
    return torch.cat(parts)


@torch.no_grad()
def _draws(model, x: Tensor, y: Tensor) -> bool:
    """Whether two passes on the same pictures give different logits."""
    with untouched(model):
        one, other = (logits_of(model, x.clone(), y) for _ in range(2))
    return bool((one - other).abs().max() > SAME * one.abs().max())


def _mean_of(model, draws: int):
    """The mean logits of several passes (Athalye, Engstrom, Ilyas and Kwok, 2018, for attacks)."""
    return lambda x: torch.stack([model(x) for _ in range(draws)]).mean(0)
