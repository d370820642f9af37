"""What a picture is made of, by name: dice for one factor each, and wrong wishes answered."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tutlib.check.inputs import check_count

LARGEST = 512  # pixels along a side: beyond it a batch no longer fits into a laptop's memory


@dataclass(frozen=True)
class Choice:
    """A factor that is one of a few named options, all equally likely; counted from 0."""

    options: tuple[str, ...]

    def roll(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw the numbers (count,) of options."""
        return rng.integers(len(self.options), size=count)

    def read(self, name: str, wish) -> np.ndarray:
        """Turn a wish (a number or a word, or one for each picture) into numbers of options."""
        words = wish if isinstance(wish, str) else np.asarray(wish).ravel().tolist()
        numbers = [self._number(name, word) for word in ([words] if words is wish else words)]
        return np.array(numbers if np.ndim(wish) else numbers[0])

    def _number(self, name, word):
        if word in self.options:
            return self.options.index(word)
        if not isinstance(word, str) and word in range(len(self.options)):
            return int(word)
        raise ValueError(
            f"{name} is one of {', '.join(self.options)} "
            f"(or 0 to {len(self.options) - 1}), and this is {word!r}."
        )


@dataclass(frozen=True)
class Span:
    """A factor that is a number, uniform from `low` to `high`."""

    low: float
    high: float

    def roll(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw the values (count,)."""
        return rng.uniform(self.low, self.high, count).astype(np.float32)

    def read(self, name: str, wish) -> np.ndarray:
        """Turn a wish (a number, or one for each picture) into values."""
        try:
            values = np.asarray(wish, np.float32)
        except (TypeError, ValueError):
            values = np.float32(np.nan)
        if not ((values >= self.low - 1e-6) & (values <= self.high + 1e-6)).all():
            raise ValueError(f"{name} goes from {self.low:g} to {self.high:g}; this is {wish!r}.")
        return values


@dataclass(frozen=True)
class Sheet:
    """Pictures of one subject, and everything that made them.

    Attributes:
        pictures: (N, 3, H, W), float32 in [0, 1].
        masks: (N, H, W), bool: where the subject is.
        outlines: (N, H, W), bool: its outline and inner edges, one pixel thin (see `outline`).
        factors: tensors (N,): int64 the number of an option, float32 a value.
    """

    pictures: Tensor
    masks: Tensor
    outlines: Tensor
    factors: dict[str, Tensor]


def roll(kinds: Mapping, count: int, seed: int, asked: Mapping) -> dict[str, np.ndarray]:
    """Draw every factor; what is asked for is taken as it is and leaves all others as they were.

    Each factor has dice of its own, so the first pictures of a longer sheet are those of a
    shorter one, and a factor that is added or asked for changes no other.
    """
    if unknown := sorted(set(asked) - set(kinds)):
        raise ValueError(f"there is no factor {unknown[0]!r}; change one of {', '.join(kinds)}.")
    rolled = {}
    for name, kind in kinds.items():
        rolled[name] = kind.roll(np.random.default_rng((zlib.crc32(name.encode()), seed)), count)
        if name in asked:
            wish = asked[name]
            wish = wish.detach().cpu().numpy() if isinstance(wish, Tensor) else wish
            values = kind.read(name, wish)
            if values.ndim > 1 or values.shape not in ((), (1,), (count,)):
                raise ValueError(
                    f"{name} needs one value, or one for each of the {count} pictures, "
                    f"and these are {values.shape}."
                )
            rolled[name] = np.broadcast_to(values, count).astype(rolled[name].dtype)
    return rolled


def check_order(count: int, seed: int, size: int) -> None:
    """Raise unless `count` pictures of `size` pixels a side can be drawn from `seed`."""
    check_count("count", count, 1)
    check_count("seed", seed, 0)
    check_count("size", size, 8)
    if size > LARGEST:
        raise ValueError(f"size is at most {LARGEST} pixels, and this is {size}.")


def tensors(factors: Mapping[str, np.ndarray], device) -> dict[str, Tensor]:
    """Rolled factors as tensors on a device."""
    return {name: torch.tensor(values, device=device) for name, values in factors.items()}
