"""What lesson 4.4 trains: linear readers (many at once), the leaves of a tree, neighbours.

Labels are +1 and -1 for linear readers, pictures are rows (N, D) in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from tutlib.balls import Box
from tutlib.check.inputs import check_count
from tutlib.descent import Adam, descend

RATES = (0.02, 0.004, 0.0008)  # a corner of |w| is rounded off by the rate: it has to fall
ANYWHERE = Box(-1e6, 1e6)  # weights may go where they like


def hinge(z: Tensor) -> Tensor:
    """The support vector machine's loss of minus a margin: max(0, 1 + z)."""
    return (1 + z).clamp_min(0)


def objective(x: Tensor, y: Tensor, loss: Callable, eps, decay, power: int = 1) -> Callable:
    """What M linear readers pay, each with its own adversary and its own weight decay.

    Args:
        x: pictures (N, D); y: +1 or -1 (N,); loss: of minus a margin, for example `softplus`.
        eps: the adversary's, L-inf, inside the loss; decay: the price outside it: (M, 1) each.
        power: of the weights that decay counts: 1 for their sizes, 2 for their squares.

    Returns:
        From readers (M, D + 1), weights and then the bias, to what each pays (M,).
    """

    def pays(readers: Tensor) -> Tensor:
        w, b = readers[:, :-1], readers[:, -1:]
        margin = y * (w @ x.T + b) - eps * w.abs().sum(1, keepdim=True)
        return loss(-margin).mean(1) + decay[:, 0] * w.abs().pow(power).sum(1)

    return pays


def fit_readers(x: Tensor, y: Tensor, loss: Callable, settings, steps: int, *, power: int = 1,
                callback=None) -> Tensor:  # fmt: skip
    """Train linear readers side by side, from zero: (M, D + 1), weights and then the bias.

    Args:
        settings: pairs (eps, decay), one for each reader; steps: of each of three rates.
        callback: called after each step with all the readers.
    """
    check_count("steps", steps, 1)
    eps, decay = torch.tensor(settings, dtype=x.dtype, device=x.device)[:, :, None].unbind(1)
    pays = objective(x, y, loss, eps, decay, power)
    readers = x.new_zeros(len(eps), x.shape[1] + 1)
    seen = None if callback is None else lambda t, point, values: callback(point)
    for rate in RATES:
        readers = descend(pays, readers, ANYWHERE, Adam(rate), steps, box=None, callback=seen)
    return readers


def legal_margins(reader: Tensor, x: Tensor, y: Tensor, eps: float) -> Tensor:
    """The smallest margin of each picture in the ball *and* in [0, 1], exact: (N,).

    Every pixel goes where the score falls, by eps or to the end of what is legal.
    """
    w, b = reader[:-1], reader[-1]
    room = torch.where(-y[:, None] * w > 0, 1 - x, x).clamp_max(eps)
    return y * (x @ w + b) - (room * w.abs()).sum(1)


def leaves(tree) -> tuple[Tensor, Tensor, Tensor]:
    """A fitted scikit-learn tree as boxes: lowest and highest pixels (L, D), answers (L,)."""
    nodes = tree.tree_
    low, high = torch.zeros(tree.n_features_in_), torch.ones(tree.n_features_in_)
    waiting, found = [(0, low, high)], []
    while waiting:
        node, low, high = waiting.pop()
        if nodes.children_left[node] < 0:
            found.append((low, high, int(nodes.value[node, 0].argmax())))
            continue
        pixel, threshold = nodes.feature[node], float(nodes.threshold[node])
        below, above = high.clone(), low.clone()
        last = np.float32(threshold)  # the last float32 that goes left: at most the threshold
        last = np.nextafter(last, np.float32(-1)) if float(last) > threshold else last
        below[pixel] = min(float(high[pixel]), float(last))
        above[pixel] = max(float(low[pixel]), float(np.nextafter(last, np.float32(2))))
        waiting += [(nodes.children_left[node], low, below),
                    (nodes.children_right[node], above, high)]  # fmt: skip
    lows, highs, answers = zip(*found)
    return torch.stack(lows), torch.stack(highs), torch.tensor(answers)


def into_another_leaf(boxes, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest legal picture (L-inf) that a tree does not call y: the picture, how far it is.

    Args:
        boxes: as `leaves` gives them; x: pictures (N, D); y: labels as the tree names them (N,).

    Returns:
        Pictures (N, D) and distances (N,); infinite where no leaf says anything else.
    """
    nearest, away = x.clone(), torch.full((len(x),), torch.inf)
    for low, high, answer in zip(*boxes):
        moved = x.clamp(low, high)
        far = torch.where(y == answer, torch.inf, (moved - x).abs().amax(1))
        nearest = torch.where((far < away)[:, None], moved, nearest)
        away = torch.minimum(away, far)
    return nearest, away


def coin_copies(x: Tensor, eps: float, copies: int, generator: torch.Generator) -> Tensor:
    """Every picture `copies` times, a coin tossed for each pixel (plus or minus eps), legal."""
    coins = torch.randint(0, 2, (copies, *x.shape), generator=generator) * 2 - 1
    return (x + eps * coins).clamp(0, 1).flatten(0, 1)


def safe_radii(known: Tensor, names: Tensor, x: Tensor, y: Tensor, friends: int = 40) -> Tensor:
    """How far each picture may move (L-inf) while its nearest neighbour surely is of class y.

    For a friend f and a stranger s, f stays nearer than s until
    ||x - s||^2 - ||x - f||^2 = 2 eps ||s - f||_1 (a linear condition, so the dual norm of L-inf).
    For each stranger the best of the nearest friends counts; then the worst stranger. A proof,
    as in Wang et al. (2019), and not always the whole truth: negative where x is misread.

    Args:
        known: pictures (M, D), names: their labels (M,); x: (N, D), y: true labels (N,).
    """
    away = torch.cdist(x, known).double().square()
    radii = []
    for row, truth in enumerate(y):
        ours, others = (names == truth).nonzero()[:, 0], (names != truth).nonzero()[:, 0]
        ours = ours[away[row, ours].argsort()[:friends]]
        lead = away[row, others] - away[row, ours][:, None]
        push = 2 * torch.cdist(known[ours], known[others], p=1).double()
        radii.append((lead / push).amax(0).amin())
    return torch.stack(radii)


def tree_of(x: Tensor, y: Tensor, seed: int, depth: int):
    """scikit-learn's decision tree of this depth: x (N, D), y (N,)."""
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=5, random_state=seed)
    return tree.fit(np.asarray(x), np.asarray(y))
