"""How good a net is by now: the accuracies behind every epoch of a training run."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.check.inputs import check_labels, check_pictures
from tutlib.check.models import check_model, logits_of
from tutlib.nets import untouched
from tutlib.training.inner import Attack
from tutlib.training.together import Team

ALONE = Team()


def accuracy(model, x: Tensor, y: Tensor, attack: Attack | None = None, *, batch: int = 200):
    """The share of pictures that the net gets right, after ``attack(model, x, y)`` if there is one.

    With an attack it is an upper bound on the robust accuracy: a better attack may find more.

    Example:
        >>> accuracy(lambda x: x, torch.tensor([[0.9, 0.1], [0.4, 0.5]]), 0)  # brighter one wins
        0.5
    """
    check_pictures(x, None)
    check_model(model)
    labels, right = check_labels(y, x), 0
    for a, b in zip(x.split(batch), labels.split(batch)):
        own = a.clone()  # an attack or a model may write into what it is given
        moved = own if attack is None else attack(model, own, b)
        with untouched(model), torch.no_grad():
            right += int((logits_of(model, moved.clone(), b).argmax(1) == b).sum())
    return right / len(x)


def measured(model, sets: dict, judge: Attack | None, group: Team = ALONE) -> dict[str, float]:
    """The accuracies of an epoch, on each of the `sets`: clean, and against a `judge`.

    In a team each measures its share of the pictures, and all get the same numbers.

    Example:
        >>> measured(lambda x: x, {"train": (torch.tensor([[0.9, 0.1]]), torch.tensor([0]))}, None)
        {'train_clean': 1.0}
    """
    row = {}
    for name, (x, y) in sets.items():
        mine = group.share(torch.arange(len(x), device=x.device)) if group.size > 1 else slice(None)
        x, y = x[mine], y[mine]
        for kind, attack in {"clean": None, "robust": judge}.items():
            if kind == "clean" or judge is not None:
                right = accuracy(model, x, y, attack) if len(x) else 0.0
                row[f"{name}_{kind}"] = group.mean(right, len(x))
    return row


def score(row: dict) -> float:
    """What makes an epoch the best; without pictures to watch, being the latest (a tie).

    Example:
        >>> score({"watch_clean": 0.9, "watch_robust": 0.4}), score({"train_clean": 0.9})
        (0.4, 0.0)
    """
    return row.get("watch_robust", row.get("watch_clean", 0.0))
