"""Randomised smoothing: the vote of a net on noisy copies of a picture, and a promise about it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.stats import beta, norm
from torch import Tensor

from tutlib.check.inputs import check_count, check_pictures, check_positive
from tutlib.check.models import check_model, logits_of
from tutlib.check.patience import bar
from tutlib.nets import untouched

ABSTAINS = -1


@dataclass(frozen=True)
class Vote:
    """What the smoothed net says about N pictures, and how far that holds.

    Attributes:
        labels: (N,) the winner; -1 where no class is sure to have more than half of the votes.
        radius: (N,) L2 distance within which the winner stays; 0 where there is none.
        share: (N,) the lower end for the winner's share of all noise.
    """

    labels: Tensor
    radius: Tensor
    share: Tensor


def clopper_pearson(count: int, of: int, alpha: float = 0.001) -> float:
    """A share so low that `count` of `of` or more would be a surprise of at most `alpha`.

    (Clopper and Pearson, 1934.) The true share is below it in at most `alpha` of all experiments.

    Example:
        >>> round(clopper_pearson(1000, 1000), 4)  # never wrong in a thousand tries
        0.9931
    """
    check_count("of", of, 1)
    check_count("count", count, 0)
    if count > of or not 0 < alpha < 1:
        raise ValueError(f"count is at most {of} and alpha between 0 and 1: {count}, {alpha}.")
    return 0.0 if count == 0 else float(beta.ppf(alpha, count, of - count + 1))


@torch.no_grad()
def counts(model, x: Tensor, sigma: float, draws: int, *, classes: int,
           generator: torch.Generator | None = None, batch: int = 2000) -> Tensor:  # fmt: skip
    """How often the model answers with each class under Gaussian noise: (N, ...) -> (N, classes).

    The noisy pictures are not clamped: the proof is about exactly this noise.

    Example:
        >>> vote = lambda x: x  # the larger of two values wins
        >>> counts(vote, torch.tensor([[0.9, 0.1]]), 0.1, 100, classes=2)
        tensor([[100,   0]])
    """
    check_pictures(x)
    check_model(model)
    check_positive("sigma", sigma)
    check_count("draws", draws, 1)
    found = torch.zeros(len(x), classes, dtype=torch.long, device=x.device)
    generator = generator or torch.Generator().manual_seed(0)
    with untouched(model):
        logits = logits_of(model, x[:1], torch.zeros(1, dtype=torch.long, device=x.device))
        if logits.shape[1] != classes:
            raise ValueError(f"classes is {classes}, and this net has {logits.shape[1]} logits.")
        for row, picture in bar(list(zip(found, x)), "votes"):
            for some in torch.arange(draws).split(batch):
                noise = torch.randn(len(some), *picture.shape, generator=generator)
                answers = model(picture + sigma * noise.to(picture)).argmax(1)
                row += torch.bincount(answers, minlength=classes)
    return found


def certify(model, x: Tensor, sigma: float, *, classes: int, guess: int = 100, draws: int = 1000,
            alpha: float = 0.001, generator: torch.Generator | None = None) -> Vote:  # fmt: skip
    """The smoothed net's answer for each picture, and the L2 ball in which no answer is another.

    (Cohen, Rosenfeld and Kolter, "Certified adversarial robustness via randomized smoothing",
    2019.) `guess` noisy copies choose the class; `draws` fresh ones bound its share p from below.
    Within sigma times the inverse normal distribution function of p, no other class can win. Each
    promise fails with a chance of at most `alpha`.

    Args:
        model: any net or function from pictures to logits: nothing is known of its inside.
        x: (N, ...) in [0, 1]; sigma: the noise, in pixel units; classes: number of logits.

    Example:
        >>> vote = lambda x: x  # the larger of two values wins
        >>> certify(vote, torch.tensor([[0.9, 0.1]]), 0.1, classes=2).labels
        tensor([0])
    """
    how = {"classes": classes, "generator": generator or torch.Generator().manual_seed(0)}
    labels = counts(model, x, sigma, guess, **how).argmax(1)
    seen = counts(model, x, sigma, draws, **how).gather(1, labels[:, None])[:, 0]
    share = [clopper_pearson(count, draws, alpha) for count in seen.tolist()]
    share = torch.tensor(share, dtype=torch.float64)
    radius = (sigma * torch.from_numpy(norm.ppf(share.clamp(0.5, 1).numpy()))).to(x.device)
    sure = share.to(x.device) > 0.5
    return Vote(torch.where(sure, labels, ABSTAINS), radius, share.to(x.device))


def smoothed(model, noise: Tensor):
    """The soft vote on fixed noise (D, ...), as a model with gradients: what an attack climbs on.

    (SmoothAdv: Salman et al., "Provably robust deep learning via adversarially trained smoothed
    classifiers", 2019.) It returns the logarithm of the mean probabilities.

    Example:
        >>> soft = smoothed(lambda x: 10 * x, 0.1 * torch.randn(50, 2))
        >>> soft(torch.tensor([[0.9, 0.1]])).argmax().item()
        0
    """

    def vote(x: Tensor) -> Tensor:
        copies = (x[:, None] + noise.to(x)).flatten(0, 1)
        return model(copies).softmax(1).view(len(x), len(noise), -1).mean(1).clamp_min(1e-12).log()

    return vote
