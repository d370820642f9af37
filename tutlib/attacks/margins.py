"""How far a picture is from falling, read off the logits: the lead, and two scores made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.attacks.objectives import Model
from tutlib.check.inputs import check_logits

HAIR = 1e-5  # of the largest logit: a lead this small is rounding, and another batch may turn it


def third_wish(logits: Tensor, y: Tensor, target: Tensor | None = None) -> Tensor:
    """By how much the wish has come true: (N, K) -> (N,), positive where it has.

    Without a target: max_j z_j - z_y over all j other than y. With one: z_t - max_j z_j over all j
    other than t. (Carlini and Wagner, "Towards evaluating the robustness of neural networks",
    2017: the sixth of their seven objectives, and the one they found best.)

    Example:
        >>> third_wish(torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([0]))  # 2 - 3
        tensor([-1.])
    """
    wanted = y if target is None else target
    own = logits.gather(1, wanted[:, None])[:, 0]
    others = logits.scatter(1, wanted[:, None], -torch.inf).amax(1)
    return others - own if target is None else own - others


def logit_ratio(logits: Tensor, y: Tensor, target: Tensor | None = None) -> Tensor:
    """The difference-of-logits ratio: a lead in units of other leads, (N, K) -> (N,).

    Multiply all logits by a hundred, or add ten to them, and it stays the same. (Croce and Hein,
    "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
    attacks", 2020.) Two classes have one lead only; there it is that lead itself.

    Example:
        >>> z, y = torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([0])
        >>> logit_ratio(z, y), logit_ratio(100 * z, y)  # (2 - 3) / (3 - 1)
        (tensor([-0.5000]), tensor([-0.5000]))
    """
    ranked = logits.sort(1, descending=True).values
    if target is None:
        lead = third_wish(logits, y)
    else:
        pick = torch.arange(len(logits), device=logits.device)
        lead = logits[pick, target] - logits[pick, y]
    if ranked.shape[1] < 3:
        return lead
    low = ranked[:, 2]
    if target is not None and ranked.shape[1] > 3:
        low = (ranked[:, 2] + ranked[:, 3]) / 2
    return lead / (ranked[:, 0] - low + 1e-12)


def doubt(logits: Tensor, y: Tensor, target: Tensor | None = None) -> Tensor:
    """Cross-entropy of the label, or minus that of the target: (N, K) -> (N,).

    Example:
        >>> doubt(torch.zeros(1, 2), torch.tensor([0]))  # log 2
        tensor([0.6931])
    """
    if target is None:
        return F.cross_entropy(logits, y, reduction="none")
    return -F.cross_entropy(logits, target, reduction="none")


SCORES = {"cross-entropy": doubt, "ratio": logit_ratio, "lead": third_wish}


@dataclass(frozen=True)
class Score:
    """An objective for the loop: one of `SCORES`, of the logits of a model.

    Example:
        >>> wish = Score(lambda x: x, torch.tensor([0]), "lead")  # the brightest pixel wins
        >>> wish(torch.tensor([[0.9, 0.5]]))
        tensor([-0.4000])
    """

    model: Model
    y: Tensor
    kind: str = "lead"
    target: Tensor | None = None

    def __post_init__(self) -> None:
        check_score(self.kind)

    def __call__(self, x: Tensor) -> Tensor:
        return SCORES[self.kind](self.model(x), self.y, self.target)

    def won(self, x: Tensor) -> Tensor:
        """Which pictures (N,) the model no longer calls `y` (or calls `target`)."""
        return fallen(check_logits(self.model(x), self.y), self.y, self.target)

    def rows(self, keep: Tensor) -> Score:
        """The same objective for some of the pictures."""
        target = None if self.target is None else self.target[keep]
        return replace(self, y=self.y[keep], target=target)


def fallen(logits: Tensor, y: Tensor, target: Tensor | None = None) -> Tensor:
    """Whose wish has come true, by more than rounding can undo: (N, K) -> (N,).

    Example:
        >>> fallen(torch.tensor([[1.0, 1.0], [1.0, 2.0]]), torch.tensor([0, 0]))
        tensor([False,  True])
    """
    hair = HAIR * logits.detach().abs().amax(1)
    return third_wish(logits.detach(), y, target) > hair


def check_score(kind: str) -> None:
    """Raise unless there is such a score."""
    if kind not in SCORES:
        raise ValueError(f"a score is one of {list(SCORES)}, and this is {kind!r}.")
