"""The same attack, PGD in L-inf from a random start, as each library spells it.

Every function here is ``attack(model, x, y, eps, steps, step_size) -> x_adv``.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib.attacks import pgd
from tutlib.balls import Linf


def floor(model, x: Tensor, y: Tensor, eps: float, steps: int, step_size: float) -> Tensor:
    """No attack at all: only what no attack can do without, `steps` gradients of the pictures."""
    for _ in range(steps):
        point = x.detach().requires_grad_(True)
        torch.autograd.grad(F.cross_entropy(model(point), y, reduction="sum"), point)
    return x


def tutlib(model, x, y, eps, steps, step_size):
    return pgd(model, x, y, Linf(eps), steps=steps, step_size=step_size)


def torchattacks(model, x, y, eps, steps, step_size):
    from torchattacks import PGD

    return PGD(model, eps=eps, alpha=step_size, steps=steps, random_start=True)(x, y)


def foolbox(model, x, y, eps, steps, step_size):
    from foolbox import PyTorchModel
    from foolbox.attacks import LinfPGD

    attack = LinfPGD(abs_stepsize=step_size, steps=steps, random_start=True)
    _, clipped, _ = attack(PyTorchModel(model, bounds=(0, 1), device=x.device), x, y, epsilons=eps)
    return clipped


def art(model, x, y, eps, steps, step_size):
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    classes = model(x[:1]).shape[1]
    wrapped = PyTorchClassifier(
        model, nn.CrossEntropyLoss(), tuple(x.shape[1:]), classes, clip_values=(0, 1)
    )
    attack = ProjectedGradientDescentPyTorch(
        wrapped, eps=eps, eps_step=step_size, max_iter=steps, num_random_init=1,
        batch_size=len(x), verbose=False,
    )  # fmt: skip
    return torch.from_numpy(attack.generate(x.numpy(), np.eye(classes)[y.numpy()]))


def cleverhans(model, x, y, eps, steps, step_size):
    from cleverhans.torch.attacks.projected_gradient_descent import projected_gradient_descent

    return projected_gradient_descent(
        model, x, eps, step_size, steps, np.inf, clip_min=0.0, clip_max=1.0, y=y,
        sanity_checks=False,
    )  # fmt: skip


def adv_lib(model, x, y, eps, steps, step_size):
    # It imports a plotting client that this attack does not use.
    sys.modules.setdefault("visdom", types.SimpleNamespace(Visdom=object))
    from adv_lib.attacks import pgd_linf

    return pgd_linf(model, x, y, eps, steps=steps, absolute_step_size=step_size, random_init=True)


PEERS: dict[str, tuple[Callable, str]] = {  # name -> (attack, distribution)
    "torchattacks": (torchattacks, "torchattacks"),
    "foolbox": (foolbox, "foolbox"),
    "ART": (art, "adversarial-robustness-toolbox"),
    "cleverhans": (cleverhans, "cleverhans"),
    "adv-lib": (adv_lib, "adv-lib"),
}
