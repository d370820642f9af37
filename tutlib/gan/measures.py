"""How good is a generator? Measures for it, and the ring of Gaussians on which they are plain.

A GAN has no p(x) to look up, so everything here compares samples with samples.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from tutlib.check.inputs import device_of

RING_RADIUS, RING_STD = 2.0, 0.05


def ring_centres(modes: int = 8, radius: float = RING_RADIUS) -> Tensor:
    """The centres of `modes` Gaussians, evenly round a circle: (modes, 2)."""
    angle = 2 * math.pi * torch.arange(modes) / modes
    return radius * torch.stack([angle.cos(), angle.sin()], 1)


def ring(
    n: int, rng: torch.Generator | None = None, *, modes: int = 8, std: float = RING_STD
) -> Tensor:
    """n points (n, 2) from a ring of Gaussians, all equally likely; `real` for `gan.play`."""
    how = {"generator": rng, "device": device_of(rng)}
    which = torch.randint(modes, (n,), **how)
    return ring_centres(modes).to(which.device)[which] + std * torch.randn(n, 2, **how)


class Modes(NamedTuple):
    """found: how many modes hold at least `share` of the samples; good: the share of samples
    within 4 standard deviations of a mode; shares (modes,): the good samples' share of each."""

    found: int
    good: float
    shares: Tensor


def modes_found(
    samples: Tensor,
    centres: Tensor | None = None,
    *,
    std: float = RING_STD,
    share: float = 0.01,
) -> Modes:
    """Count the modes that samples (N, 2) reach: the measure of mode collapse."""
    _check_rows(samples, "samples")
    centres = (ring_centres() if centres is None else centres).to(samples)
    distance, nearest = torch.cdist(samples.detach(), centres).min(1)
    good = distance < 4 * std
    shares = torch.bincount(nearest[good], minlength=len(centres)) / len(samples)
    return Modes(int((shares >= share).sum()), good.float().mean().item(), shares)


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """The Frechet distance between the Gaussians fitted to two sets of features.

    |mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)), Dowson and Landau (1982); on features of a net
    it is Heusel et al.'s measure of generated pictures (2017). No matrix root is taken: with
    A = X'X and B = Y'Y for centred features X and Y, the trace of (A B)^(1/2) is the sum of the
    singular values of X Y', which exists for any number of pictures, also for fewer than features.

    Args:
        a, b: features (N, d) and (M, d), at least 2 rows each.

    Returns:
        The distance (0: same mean and covariance). It shrinks as N and M grow: compare equal N.
    """
    _check_rows(a, "a", 2)
    _check_rows(b, "b", 2)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"features must agree: a has {a.shape[1]} columns, b has {b.shape[1]}.")
    a, b = a.detach().double(), b.detach().double()
    x, y = ((t - t.mean(0)) / math.sqrt(len(t) - 1) for t in (a, b))
    # Only the small triangular factors matter: X Y' = Q (R S') P', with Q and P orthogonal.
    r, s = torch.linalg.qr(x, mode="r").R, torch.linalg.qr(y, mode="r").R
    overlap = torch.linalg.svdvals(r @ s.T).sum()
    apart = (a.mean(0) - b.mean(0)).square().sum()
    return max(0.0, (apart + x.square().sum() + y.square().sum() - 2 * overlap).item())


def class_shares(logits: Tensor) -> Tensor:
    """How the samples spread over a reader's classes: logits (N, K) -> shares (K,)."""
    _check_rows(logits, "logits")
    return torch.bincount(logits.argmax(1), minlength=logits.shape[1]) / len(logits)


def nearest_neighbours(x: Tensor, library: Tensor) -> tuple[Tensor, Tensor]:
    """For each picture its nearest in the library (L2 in pixels): distances (N,), rows (N,)."""
    if x.shape[1:] != library.shape[1:] or len(x) == 0 or len(library) == 0:
        raise ValueError(
            f"pictures of one shape are needed: x is {tuple(x.shape)}, "
            f"the library {tuple(library.shape)}."
        )
    flat = library.detach().flatten(1)
    parts = [torch.cdist(part.flatten(1), flat).min(1) for part in x.detach().split(500)]
    return torch.cat([part.values for part in parts]), torch.cat([part.indices for part in parts])


def _check_rows(t: Tensor, name: str, least: int = 1) -> None:
    if t.dim() != 2 or len(t) < least:
        raise ValueError(f"{name} must be (N, d) with N >= {least}, and this is {tuple(t.shape)}.")
    if not bool(torch.isfinite(t.detach()).all()):
        raise ValueError(f"{name} holds NaN or infinity: look at where it was made.")
