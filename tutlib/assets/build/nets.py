"""How the bundled nets are made: `training.fit` on the bundled pictures, from a seed."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib import nets
from tutlib.assets import bundled
from tutlib.assets.build.record import ship_net
from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.training import fgsm_rs, fit, shifted

ADAMW = functools.partial(torch.optim.AdamW, weight_decay=1e-2)


# ---------------------------------------------------------------- training


def mirror_shift_noise(
    x: Tensor, *, generator: torch.Generator, noise: float = 1 / 255, reach: int = 12
) -> Tensor:
    """Mirror half of the batch, shift it by up to `reach` pixels, add a little Gaussian noise."""
    flip = torch.rand(len(x), generator=generator) < 0.5
    x = torch.where(flip.view(-1, 1, 1, 1), x.flip(-1), x)
    down, right = torch.randint(0, 2 * reach + 1, (2,), generator=generator).tolist()
    height, width = x.shape[-2:]
    x = F.pad(x, (reach,) * 4, mode="reflect")[..., down : down + height, right : right + width]
    return (x + noise * torch.randn(x.shape, generator=generator)).clamp(0, 1)


def train_things(seed: int) -> nn.Module:
    """The standard net: clean pictures and a whisper of noise."""
    torch.manual_seed(seed)
    return _on_things(nets.world_net(), seed, augment=mirror_shift_noise)


def train_things_plain(seed: int) -> nn.Module:
    """The robust twin's own twin: the same net on the same pictures, but nobody attacks them."""
    torch.manual_seed(seed)
    quiet = functools.partial(mirror_shift_noise, noise=0.0)
    return _on_things(nets.world_net(contrast=False), seed, augment=quiet)


def train_things_robust(seed: int) -> nn.Module:
    """The robust twin: without the contrast layer, trained on FGSM-RS pictures at 8/255."""
    torch.manual_seed(seed)
    quiet, inner = (
        functools.partial(mirror_shift_noise, noise=0.0),
        fgsm_rs(Linf(8 / 255), box=(0, 1)),
    )
    return _on_things(nets.world_net(contrast=False), seed, augment=quiet, inner=inner)


def _on_things(net: nn.Module, seed: int, **how) -> nn.Module:
    x, y = bundled.things(bundled.SIZE).train
    fit(net, x, y, epochs=14, batch=50, lr=4e-3, optimizer=ADAMW, seed=seed, **how)
    return net


def train_digits(seed: int) -> nn.Module:
    """The digit reader: the tutorial's convolutional net on the drawn digits."""
    torch.manual_seed(seed)
    net, (x, y) = nets.digit_net(28), bundled.digits().train
    fit(net, x, y, augment=shifted, epochs=2, batch=100, lr=2e-3, optimizer=ADAMW, seed=seed)
    return net


# ---------------------------------------------------------------- figures


@torch.no_grad()
def predictions(net: nn.Module, x: Tensor) -> Tensor:
    """The class of every picture, 100 at a time."""
    return torch.cat([net(part).argmax(1) for part in x.split(100)])


def attacked(net: nn.Module, x: Tensor, y: Tensor, ball: Linf, **options) -> Tensor:
    """PGD-20, 50 pictures at a time (memory)."""
    parts = zip(x.split(50), y.split(50))
    return torch.cat([pgd(net, a, b, ball, steps=20, **options) for a, b in parts])


def figures_things(net: nn.Module, eps_255: tuple[float, ...] = (1, 2, 4)) -> dict:
    """Clean accuracy, and at each eps what PGD-20, a targeted attack and noise do (per cent).

    At 2/255, the eps of the lessons, on all test pictures; elsewhere on a hundred.
    """
    everything = bundled.things(bundled.SIZE).test
    airliner = bundled.THINGS.index("airliner")
    table = {"clean": _percent(predictions(net, everything[0]) == everything[1])}
    for level in eps_255:
        x, y = everything if level == 2 else (part[:100] for part in everything)
        signs = torch.randint(0, 2, x.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
        ball, others = Linf(level / 255), y != airliner
        pushed = attacked(net, x, y, ball)
        flown = attacked(net, x[others], y[others], ball, target=airliner)
        noisy = (x + ball.eps * signs).clamp(0, 1)
        table[f"{level:g}/255"] = {
            "PGD-20": _percent(predictions(net, pushed) == y),
            "targeted airliner": _percent(predictions(net, flown) == airliner),
            "noise": _percent(predictions(net, noisy) == y),
        }
    return table


def figures_digits(net: nn.Module, eps: tuple[float, ...] = (0.05, 0.1, 0.15)) -> dict:
    """Clean accuracy of the digit reader, and accuracy under PGD-20 on a thousand (per cent)."""
    x, y = bundled.digits().test
    table = {"clean": _percent(predictions(net, x) == y)}
    x, y = x[:1000], y[:1000]
    return table | {
        f"PGD-20 at {e:g}": _percent(predictions(net, attacked(net, x, y, Linf(e))) == y)
        for e in eps
    }


def _percent(hits: Tensor) -> float:
    return round(100 * hits.float().mean().item(), 1)


# ---------------------------------------------------------------- what `build` calls


def _recipe(name: str, train: Callable, measure: Callable) -> Callable[[int, bool], dict]:
    return lambda seed, ship: ship_net(name, train(seed), measure, ship)


_of_twins = functools.partial(figures_things, eps_255=(2, 4, 8))
standard = _recipe("things-standard", train_things, figures_things)
plain = _recipe("things-plain", train_things_plain, _of_twins)
robust = _recipe("things-robust", train_things_robust, _of_twins)
digits = _recipe("digits", train_digits, figures_digits)
