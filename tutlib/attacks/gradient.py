"""Attacks along the gradient: each one is an objective, a ball and a step, for the one loop.

An attack is ``attack(model, x, y, ball, ...) -> x_adv``. `model` is any callable from pictures
(N, C, H, W) in [0, 1] to logits (N, K); `x` the pictures; `y` an int or (N,) labels. The result
lies in the ball around `x` and in [0, 1]. Nothing else changes: not `x`, not the random state, and
not the mode, weights, gradients or buffers of a `model` that is a torch module.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.attacks.candidates import ascend_until_fooled, restarted
from tutlib.attacks.eight_bit import to_8bit
from tutlib.attacks.objectives import Model, objective_of
from tutlib.check.inputs import check_effort
from tutlib.descent import Plain, Steepest, ascend
from tutlib.nets import untouched


def fgsm(model: Model, x: Tensor, y, ball, *, target=None, box=(0.0, 1.0)) -> Tensor:
    """The fast gradient sign method: one steepest step to the edge of the ball.

    (Goodfellow, Shlens and Szegedy, "Explaining and harnessing adversarial examples", 2015.)
    In an `L2` ball the step is the normalised gradient. Arguments as for `pgd`.

    Example:
        >>> vote = lambda x: x  # a net with as many classes as pixels: the brightest one wins
        >>> fgsm(vote, torch.tensor([[0.6, 0.5]]), 0, Linf(0.1))
        tensor([[0.5000, 0.6000]])
    """
    objective = objective_of(model, x, y, target, box, ball)
    with untouched(model):
        return ascend(objective, x, ball, Steepest(ball.eps), 1, box=box)


def sgd_attack(
    model: Model,
    x: Tensor,
    y,
    ball,
    *,
    lr=0.1,
    steps=30,
    target=None,
    box=(0.0, 1.0),
    callback=None,
) -> Tensor:
    """The pig's original recipe: follow the plain gradient, clamp after every step.

    (Kolter and Madry, "Adversarial robustness: theory and practice", 2018, chapter 1.) How far it
    gets depends on how long the gradient happens to be; `pgd` cures that. Arguments as for `pgd`.

    Example:
        >>> vote = lambda x: x  # where its pixels are alike, the slopes are (-1/2, 1/2)
        >>> sgd_attack(vote, torch.tensor([[0.5, 0.5]]), 0, Linf(0.2), lr=0.1, steps=1)
        tensor([[0.4500, 0.5500]])
    """
    check_effort(steps, rate=lr)
    objective = objective_of(model, x, y, target, box, ball)
    with untouched(model):
        return ascend(objective, x, ball, Plain(lr), steps, box=box, callback=callback)


def pgd(model: Model, x: Tensor, y, ball, *, steps: int = 40, step_size: float | None = None,
        target=None, restarts: int = 1, random_start: bool = True, early_stop: bool = False,
        quantize: bool = False, box: tuple[float, float] | None = (0.0, 1.0),
        generator: torch.Generator | None = None) -> Tensor:  # fmt: skip
    """Projected gradient ascent, the standard first-order attack.

    (Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards deep learning models resistant to
    adversarial attacks", 2018.)

    Args:
        model: from pictures in [0, 1] to logits (N, K).
        x: pictures (N, C, H, W) in [0, 1] (or in `box`).
        y: the true label, an int or (N,).
        ball: `Linf(eps)` or `L2(eps)`, eps in pixel units.
        steps: gradient steps; step_size: length of each in the ball's norm, 2.5 * eps / steps
            unless given.
        target: a label to move *towards*, an int or (N,); None moves away from `y`.
        restarts: independent runs. From the second on only pictures that still stand are attacked;
            of several runs that fail, the one with the highest objective is kept.
        random_start: begin at a random point of the ball rather than at `x`.
        early_stop: leave pictures alone once they are fooled (faster, and a milder change).
        quantize: round to whole 8-bit levels inside the ball: the picture survives a PNG file.
        box: lowest and highest legal pixel; None for points that are not pictures.
        generator: source of the random starts; without one, they are the same in every call.

    Returns:
        x_adv, shaped like `x`, in the ball and in the box, without a graph.

    Raises:
        ValueError, TypeError: wrong range, shape or dtype, labels outside the classes, an empty
            batch, or NaN in the model's output.

    Example:
        >>> vote = lambda x: x  # a net with as many classes as pixels: the brightest one wins
        >>> pgd(vote, torch.tensor([[0.6, 0.5, 0.2]]), 0, Linf(0.25), target=2)
        tensor([[0.3500, 0.2500, 0.4500]])
    """
    check_effort(steps, restarts, step_size)
    objective = objective_of(model, x, y, target, box, ball)
    step = Steepest(2.5 * ball.eps / max(steps, 1) if step_size is None else step_size)
    generator = generator or torch.Generator().manual_seed(0)
    climb = ascend_until_fooled if early_stop else ascend

    def attack(objective, x: Tensor) -> Tensor:
        start = ball.sample(x, generator) if random_start else None
        found = climb(objective, x, ball, step, steps, start=start, box=box)
        return to_8bit(found, x, ball, box) if quantize else found

    with untouched(model):
        return restarted(attack, objective, x.detach(), restarts)
