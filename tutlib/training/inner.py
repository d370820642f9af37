"""Who solves the inner maximum: ``inner(model, x, y, generator=...) -> x_adv``."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from tutlib.attacks import pgd

Attack = Callable[..., Tensor]


def fgsm_rs(ball, *, step: float = 1.25, box=None) -> Attack:
    """FGSM from a random start: one gradient, a step of `step` times eps.

    (Wong, Rice and Kolter, "Fast is better than free: revisiting adversarial training", 2020.)

    Without the clamp to [0, 1] (`box`), unless asked: on black paper half of the clamped ball is
    gone, a step of 1.25 eps crosses all that is left, and the random start no longer matters. On
    MNIST a net trained that way falls to PGD more often, though FGSM finds less.

    Example:
        >>> inner = fgsm_rs(Linf(0.1))  # one step of PGD
        >>> inner.keywords["steps"], inner.keywords["step_size"]
        (1, 0.125)
    """
    return functools.partial(pgd, ball=ball, steps=1, step_size=step * ball.eps, box=box)


def pgd_inner(ball, *, steps: int = 7, step_size: float | None = None, box=(0.0, 1.0)) -> Attack:
    """PGD from a random start (Madry et al., 2018): `steps` gradients for each batch.

    Example:
        >>> inner = pgd_inner(Linf(0.1))
        >>> inner(lambda x: x, torch.tensor([[0.6, 0.5]]), 0)
        tensor([[0.5000, 0.6000]])
    """
    return functools.partial(pgd, ball=ball, steps=steps, step_size=step_size, box=box)


def mixed(inner: Attack, share: float = 0.5) -> Attack:
    """Attack only the first `share` of every (shuffled) batch, and leave the rest clean.

    (After Kurakin, Goodfellow and Bengio, "Adversarial machine learning at scale", 2017.)

    Raises:
        ValueError: if `share` is not above 0 and at most 1.

    Example:
        >>> inner = mixed(pgd_inner(Linf(0.1)))  # the first half of the batch
        >>> inner(lambda x: x, torch.tensor([[0.6, 0.5], [0.6, 0.5]]), torch.tensor([0, 0]))
        tensor([[0.5000, 0.6000],
                [0.6000, 0.5000]])
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, and this is {share}.")
    return functools.partial(_attack_some, inner=inner, share=share)


def _attack_some(model, x: Tensor, y: Tensor, *, inner: Attack, share: float, generator=None):
    count = max(1, round(share * len(x)))
    return torch.cat([inner(model, x[:count], y[:count], generator=generator), x[count:]])


def describe(inner: Attack | None) -> str:
    """An inner maximiser in words that are the same in every process (no addresses).

    Example:
        >>> describe(pgd_inner(Linf(0.1), steps=3))
        'pgd(ball=Linf(eps=0.1), steps=3, step_size=None, box=(0.0, 1.0))'
    """
    if isinstance(inner, functools.partial):
        settings = (
            f"{name}={describe(value) if callable(value) else repr(value)}"
            for name, value in inner.keywords.items()
        )
        return f"{describe(inner.func).strip('_')}({', '.join(settings)})"
    return "none" if inner is None else getattr(inner, "__name__", type(inner).__name__)
