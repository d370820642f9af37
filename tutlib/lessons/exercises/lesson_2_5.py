"""Checks for the exercises of 2.5, Through the camera."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once


def pasting() -> Checks:
    """For `paste(sign, sticker, mask)`: the sign, with the sticker where the mask is 1."""
    source = torch.Generator().manual_seed(0)
    sign, sticker = (torch.rand(1, 3, 4, 4, generator=source) for _ in range(2))
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., 1:3, :2] = 1
    pasted = once(lambda f: f(sign, sticker, mask))
    on = mask.expand_as(sign) == 1

    def slope(f) -> Tensor:
        leaf = sticker.clone().requires_grad_()
        return torch.autograd.grad(f(sign, leaf, mask).sum(), leaf)[0]

    return [
        ("outside of the mask the sign is untouched",
         lambda f: torch.equal(pasted(f)[~on], sign[~on])),
        ("inside of it there is the sticker",
         lambda f: torch.allclose(pasted(f)[on], sticker[on])),
        ("the gradient reaches the sticker there, and nowhere else",
         lambda f: torch.equal(slope(f), mask.expand_as(sign))),
    ]  # fmt: skip


def rounding() -> Checks:
    """For `rounded(x)`: near the whole numbers, and with a slope."""
    x = torch.linspace(-3, 3, 241, dtype=torch.double)
    whole = torch.arange(-3.0, 4.0, dtype=torch.double)
    between = x[(x - x.round()).abs() > 0.05]

    def slope(f) -> Tensor:
        leaf = between.clone().requires_grad_()
        return torch.autograd.grad(f(leaf).sum(), leaf)[0]

    return [
        ("whole numbers stay as they are", lambda f: torch.allclose(f(whole), whole, atol=1e-9)),
        ("it is nowhere further than 1/4 from true rounding",
         lambda f: (f(x) - x.round()).abs().max() <= 0.25),
        ("between the whole numbers it rises, with a slope above zero",
         lambda f: bool((slope(f) > 0).all())),
    ]  # fmt: skip


def mean_gradient(draws: int = 6) -> Checks:
    """For `eot_gradient(loss, change, x, draws)`: the mean of the single gradients at x."""
    x = torch.tensor([[0.2, 0.7, 0.4]], dtype=torch.double)
    gains = torch.tensor([0.2, 0.6, 1.0, 1.4, 1.8, 2.2], dtype=torch.double)

    def loss(picture: Tensor) -> Tensor:
        return (picture**3).sum()

    def tried(f) -> tuple[Tensor, int]:
        turn = iter(range(100))  # one gain after the other, so that nothing is up to chance
        found = f(loss, lambda picture: picture * gains[next(turn) % len(gains)], x.clone(), draws)
        return found.detach(), next(turn)

    answer = once(tried)
    exact = 3 * x**2 * (gains**3).mean()
    return [
        ("it has the shape of the picture", lambda f: answer(f)[0].shape == x.shape),
        (f"it takes {draws} draws, each of them new", lambda f: answer(f)[1] == draws),
        ("it is the mean of the single gradients",
         lambda f: torch.allclose(answer(f)[0], exact, rtol=1e-6)),
    ]  # fmt: skip
