"""A measured risk, and how sure we may be of it: estimates and their confidence bands."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist

import torch
from torch import Tensor

LEVEL = 0.95  # how often a band should hold the truth
DRAWS = 2000  # bootstrap samples


@dataclass(frozen=True)
class Estimate:
    """A risk, measured on pictures.

    Attributes:
        values: one number per picture (N,): 0 or 1 for kind "error", the loss for kind "loss".
        how: what was done to the pictures, in words.
        lower_bound: True where the true value can be larger, because a search may miss the
            maximum.
        band: a 95 % confidence band for the mean of `values`. It knows that other pictures
            would have given another number; it does not know how good the search was, so for an
            adversarial risk only its lower end is a promise.

    Example:
        >>> Estimate(torch.tensor([1.0, 0.0, 0.0, 0.0]), "error", "PGD-5", lower_bound=True)
        at least 25.0 % (PGD-5, 4 pictures; 95% band 4.6-69.9 %)
    """

    values: Tensor
    kind: str
    how: str
    lower_bound: bool = False
    band: tuple[float, float] = field(init=False)

    def __post_init__(self) -> None:
        if self.kind == "error":
            band = wilson(int(self.values.sum()), len(self.values))
        else:
            band = bootstrap(self.values)
        object.__setattr__(self, "band", band)

    @property
    def value(self) -> float:
        """The mean over the pictures; an error is between 0 and 1."""
        return float(self.values.double().mean())

    @property
    def count(self) -> int:
        """How many pictures are wrong (for an error)."""
        return int((self.values > 0).sum())

    def __str__(self) -> str:
        (low, high), n = self.band, len(self.values)
        if self.kind == "error":
            text = f"{100 * self.value:.1f} %"
            band = f"{100 * low:.1f}-{100 * high:.1f} %"
        else:
            text, band = f"{self.value:.3g}", f"{low:.3g}-{high:.3g}"
        bound = "at least " if self.lower_bound else ""
        return f"{bound}{text} ({self.how}, {n} pictures; {LEVEL:.0%} band {band})"

    __repr__ = __str__


def worst_case(*estimates: Estimate) -> Estimate:
    """Several searches on the same pictures, combined: the worst for each *picture*.

    Every attack finds a lower bound of each picture's maximum, so the largest is one, too, and a
    better one than the largest mean.

    Example:
        >>> one = Estimate(torch.tensor([1.0, 0.0, 0.0, 0.0]), "error", "FGSM")
        >>> other = Estimate(torch.tensor([0.0, 0.0, 0.0, 1.0]), "error", "PGD-5")
        >>> worst_case(one, other).value  # each alone: 0.25
        0.5
    """
    if not estimates:
        raise ValueError("worst_case needs at least one estimate.")
    sizes = {len(estimate.values) for estimate in estimates}
    kinds = {estimate.kind for estimate in estimates}
    if len(sizes) > 1 or len(kinds) > 1:
        raise ValueError(
            "worst_case combines one kind of risk on one set of pictures, and these are "
            f"{sorted(kinds)} on {sorted(sizes)} pictures."
        )
    values = torch.stack([estimate.values for estimate in estimates]).amax(0)
    names = list(dict.fromkeys(estimate.how for estimate in estimates))
    bound = any(estimate.lower_bound for estimate in estimates)
    return Estimate(values, kinds.pop(), joined(names), lower_bound=bound)


def wilson(wrong: int, count: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's band (1927) for a share: `wrong` of `count`; sensible for 0 and for all, too.

    Example:
        >>> [round(end, 3) for end in wilson(0, 100)]  # no mistake among 100 is not "no mistakes"
        [0.0, 0.037]
    """
    if count < 1 or not 0 <= wrong <= count:
        raise ValueError(f"a share needs 0 <= wrong <= count, count >= 1; got {wrong} of {count}.")
    z, share = NormalDist().inv_cdf((1 + level) / 2), wrong / count
    middle = share + z * z / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    low = 0.0 if wrong == 0 else (middle - reach) / scale
    high = 1.0 if wrong == count else (middle + reach) / scale
    return low, high


def bootstrap(values: Tensor, level: float = LEVEL, seed: int = 0) -> tuple[float, float]:
    """A band for a mean (Efron, 1979): draw the pictures again, with replacement, many times.

    Example:
        >>> low, high = bootstrap(torch.arange(100) / 100)
        >>> low < 0.495 < high
        True
    """
    values = values.detach().double().cpu()
    generator, means = torch.Generator().manual_seed(seed), []
    for _ in range(DRAWS // 100):  # a hundred at a time: memory
        again = torch.randint(len(values), (100, len(values)), generator=generator)
        means.append(values[again].mean(1))
    tail = (1 - level) / 2
    low, high = torch.cat(means).quantile(torch.tensor([tail, 1 - tail]).double()).tolist()
    return low, high


def joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else "worst of " + " | ".join(names)
