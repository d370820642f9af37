"""Checks for the exercises of 5.4, the year of the GAN."""

from __future__ import annotations

import torch
from scipy.stats import wasserstein_distance

from tutlib.check import Checks


def work() -> Checks:
    """For `work(a, b)`: the Wasserstein distance of two samples (N,) of numbers, equally many."""
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(40, generator=rng), 2 * torch.rand(40, generator=rng)
    true = wasserstein_distance(a.numpy(), b.numpy())
    return [
        ("one point at 0, one at 3: distance 3",
         lambda f: abs(float(f(torch.tensor([0.0]), torch.tensor([3.0]))) - 3) < 1e-5),
        ("the order of a sample does not matter",
         lambda f: abs(float(f(a, a.flip(0)))) < 1e-5),
        ("two heaps with the same mean are not at distance 0",
         lambda f: abs(float(f(torch.tensor([-1.0, 1.0]), torch.zeros(2))) - 1) < 1e-5),
        ("it agrees with scipy", lambda f: abs(float(f(a, b)) - true) < 1e-4),
    ]  # fmt: skip


def norm() -> Checks:
    """For `norm(table, steps)`: the largest singular value of a matrix, by power iteration."""
    rng = torch.Generator().manual_seed(0)
    table = torch.randn(6, 9, generator=rng)
    true = float(torch.linalg.svdvals(table)[0])
    return [
        ("a diagonal of 3 and 1 has norm 3",
         lambda f: abs(float(f(torch.diag(torch.tensor([3.0, 1.0])), 50)) - 3) < 1e-3),
        ("twice the matrix, twice the norm",
         lambda f: abs(float(f(2 * table, 200)) - 2 * true) < 1e-2),
        ("it agrees with the SVD", lambda f: abs(float(f(table, 200)) - true) < 1e-2),
        ("it works for a tall matrix, too", lambda f: abs(float(f(table.T, 200)) - true) < 1e-2),
    ]  # fmt: skip


def next_k() -> Checks:
    """For `next_k(k, real, fake, gamma, pace)`: BEGAN's balance after one round, from errors."""
    return [
        ("it rises while generated pictures are redrawn too well",
         lambda f: abs(float(f(0.2, 1.0, 0.1, 0.5, 0.1)) - 0.24) < 1e-6),
        ("it falls while they are redrawn badly",
         lambda f: abs(float(f(0.2, 1.0, 0.9, 0.5, 0.1)) - 0.16) < 1e-6),
        ("it never falls below 0", lambda f: float(f(0.0, 1.0, 9.0, 0.5, 0.1)) == 0.0),
        ("nor rises above 1", lambda f: float(f(1.0, 9.0, 0.0, 0.5, 0.1)) == 1.0),
    ]  # fmt: skip
