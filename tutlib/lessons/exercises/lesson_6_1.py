"""Checks for the exercises of 6.1, Content and style."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib.check import Checks
from tutlib.lessons.exercises.legal import once
from tutlib.style import gram, losses, paintings
from tutlib.style.extractors import Extractor

LUMA = (0.299, 0.587, 0.114)


def one_line_gram() -> Checks:
    """For `gram_by_einsum(features)`."""
    f = torch.randn(2, 5, 4, 7, generator=torch.Generator().manual_seed(0))
    shuffled = f.flatten(2)[..., torch.randperm(28)].view_as(f)

    return [
        ("one matrix for each picture", lambda g: g(f).shape == (2, 5, 5)),
        ("the same numbers as the lesson's", lambda g: torch.allclose(g(f), gram(f), atol=1e-5)),
        ("and blind to places", lambda g: torch.allclose(g(shuffled), g(f), atol=1e-5)),
    ]


def own_colours() -> Checks:
    """For `keep_colours(painted, photo)`: brightness of the first, colour of the second."""
    photo = 0.35 + 0.3 * paintings.photo("coffee", 48)  # middling colours: nothing is clipped
    brush = 0.35 + 0.3 * paintings.paint("waves", 48)
    kept = once(lambda f: f(brush, photo))

    return [
        ("the result is a picture like the photo", lambda f: kept(f).shape == photo.shape),
        (
            "its brightness is the painting's",
            lambda f: torch.allclose(_luma(kept(f)), _luma(brush), atol=0.01),
        ),
        (
            "red minus green is the photo's, and green minus blue",
            lambda f: torch.allclose(kept(f).diff(dim=1), photo.diff(dim=1), atol=0.02),
        ),
        (
            "and glaring pictures, too, stay in [0, 1]",
            lambda f: _is_picture(f(paintings.paint("waves", 48), paintings.photo("rocket", 48))),
        ),
    ]


def two_hands(extractor: Extractor, size: int = 80) -> Checks:
    """For `two_painters(extractor, content, one, other)`: one picture, half in each manner."""
    like = next(extractor.buffers())
    content, one, other = (
        picture.to(like)
        for picture in (
            paintings.photo("china", size),
            paintings.paint("starry night", size),
            paintings.paint("waves", size),
        )
    )
    first, second = losses(extractor, content, one), losses(extractor, content, other)
    mixed = once(lambda f: f(extractor, content, one, other))

    @torch.no_grad()
    def paid(measure, x: Tensor) -> float:
        return float(measure(x).style)

    @torch.no_grad()
    def away(x: Tensor) -> float:
        return float(first(x).content)

    return [
        ("the result is a picture", lambda f: _is_picture(mixed(f))),
        (
            "the first painter's statistics are less than half as far as they were",
            lambda f: paid(first, mixed(f)) < 0.5 * paid(first, content),
        ),
        (
            "and so are the second one's",
            lambda f: paid(second, mixed(f)) < 0.5 * paid(second, content),
        ),
        (
            "the photo can still be seen: its content is nearer than the paintings'",
            lambda f: away(mixed(f)) < 0.9 * min(away(one), away(other)),
        ),
        (
            "neither of them painted alone",
            lambda f: (
                paid(first, mixed(f)) < 0.5 * paid(first, other)
                and paid(second, mixed(f)) < 0.5 * paid(second, one)
            ),
        ),
    ]


def _luma(x: Tensor) -> Tensor:
    return (x * torch.tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)


def _is_picture(x: Tensor) -> bool:
    return bool(x.min() >= 0 and x.max() <= 1 and torch.isfinite(x).all())
