"""Checks for the exercises of 5.6, Translation."""

from __future__ import annotations

import torch

from tutlib.check import Checks


def fairest_answer() -> Checks:
    """For `fairest(values)`: the one number that pays least, by the mean distance, for them all."""

    def pays_least(f, *values: float) -> bool:
        heap = torch.tensor(values)
        answers = torch.linspace(float(heap.min()), float(heap.max()), 4001)
        least = (answers[:, None] - heap).abs().mean(1).min()
        return bool((float(f(heap)) - heap).abs().mean() <= least + 1e-4)

    return [
        ("of 1, 2 and 9 it is 2",
         lambda f: abs(float(f(torch.tensor([1.0, 2.0, 9.0]))) - 2) < 1e-5),
        ("one wild number does not drag it away",
         lambda f: pays_least(f, 0.1, 0.2, 0.3, 0.4, 50.0)),
        ("the order of the numbers does not matter",
         lambda f: pays_least(f, 0.9, 0.1, 0.5, 0.2, 0.3)),
        ("of four numbers, anything between the middle two will do",
         lambda f: pays_least(f, 0.0, 0.2, 0.6, 1.0)),
    ]  # fmt: skip


def there_and_back() -> Checks:
    """For `cycle_loss(there, back, a, b)`: the mean distances of a and of b from themselves."""
    a, b = torch.full((2, 3, 4, 4), 0.25), torch.full((5, 3, 4, 4), 0.75)

    def loss(f, there, back) -> float:
        return float(f(there, back, a, b))

    return [
        ("who changes nothing loses nothing",
         lambda f: abs(loss(f, lambda x: x, lambda x: x)) < 1e-6),
        ("plus 0.5 there and minus 0.5 back: nothing is lost either",
         lambda f: abs(loss(f, lambda x: x + 0.5, lambda x: x - 0.5)) < 1e-6),
        ("whoever paints everything black there and back loses 0.25 of a and 0.75 of b",
         lambda f: abs(loss(f, lambda x: 0 * x, lambda x: 0 * x) - 1) < 1e-6),
        ("too dark counts as much as too bright",
         lambda f: abs(loss(f, lambda x: x, lambda x: x - 0.1) - 0.2) < 1e-6),
        ("b goes back first, and then there",
         lambda f: abs(loss(f, lambda x: 0 * x + 0.75, lambda x: x - 0.25) - 0.25) < 1e-6),
    ]  # fmt: skip


def sight() -> Checks:
    """For `sees(layers)`: how many pixels, side to side, one answer of the last layer looks at.

    layers are pairs (kernel, stride), the first layer first.
    """
    return [
        ("no layer: one pixel", lambda f: f([]) == 1),
        ("one layer of kernel 3: three", lambda f: f([(3, 1)]) == 3),
        ("two of them: five", lambda f: f([(3, 1), (3, 1)]) == 5),
        ("a stride of 2 in the first makes the second look twice as far",
         lambda f: f([(4, 2), (3, 1)]) == 8),
        ("a stride of 2 in the last changes nothing", lambda f: f([(3, 1), (4, 2)]) == 6),
        ("the judge of this lesson", lambda f: f([(4, 2), (4, 2), (4, 2), (3, 1)]) == 38),
    ]  # fmt: skip
