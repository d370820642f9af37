"""Attacks on models that came before nets: support vectors, decision trees, nearest neighbours.

(As in Papernot, McDaniel and Goodfellow, "Transferability in machine learning: from phenomena to
black-box attacks using adversarial samples", 2016.) A logistic regression needs nothing of its own:
it is a net of one layer.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.check.inputs import check_labels, check_pictures, check_positive

BEYOND = 0.01  # how far past a tree's threshold a pixel is put


def down_the_weights(weights: Tensor, x: Tensor, y, length: float, *,
                     box: tuple[float, float] = (0.0, 1.0)) -> Tensor:  # fmt: skip
    """Against a linear support vector machine: straight down the weights of the true class.

    Args:
        weights: one row for each class (K, D).
        x: pictures (N, C, H, W) in [0, 1] with D values each; y: an int or (N,) labels.
        length: of the way, in L2 and pixel units.
        box: lowest and highest legal pixel.

    Returns:
        Pictures shaped like `x`.

    Example:
        >>> down_the_weights(torch.tensor([[3.0, -4.0]]), torch.tensor([[0.5, 0.5]]), 0, 0.5)
        tensor([[0.2000, 0.9000]])
    """
    check_pictures(x, box)
    check_positive("length", length)
    y = check_labels(y, x)
    if weights.dim() != 2 or weights.shape[1] != x[0].numel():
        raise ValueError(
            f"weights must hold a row of {x[0].numel()} numbers for each class, "
            f"and they are {tuple(weights.shape)}."
        )
    if not 0 <= int(y.min()) <= int(y.max()) < len(weights):
        raise ValueError(f"y must hold labels from 0 to {len(weights) - 1}, one for each row.")
    way = F.normalize(weights.to(x)[y], dim=1).view_as(x)
    return (x - length * way).clamp(*box)


def to_another_leaf(tree, x: Tensor, *, box: tuple[float, float] = (0.0, 1.0)) -> Tensor:
    """Against a decision tree: into the nearest leaf, along the branches, of another class.

    From its leaf a picture climbs until it finds, under the other branch, a leaf with another
    answer; the highest such leaf is taken. Only the pixels which the way down to it asks for are
    moved, and only just past their thresholds.

    Args:
        tree: a fitted scikit-learn `DecisionTreeClassifier` with one output.
        x: pictures (N, ...) in [0, 1], as many values each as the tree has features.
        box: lowest and highest legal pixel.

    Returns:
        Pictures shaped like `x`, each in a leaf with another answer than before (where there is
        one).

    Example:
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> tree = DecisionTreeClassifier().fit([[0.2, 0.5], [0.8, 0.5]], [0, 1])  # asks at 0.5
        >>> to_another_leaf(tree, torch.tensor([[0.1, 0.3]]))
        tensor([[0.5100, 0.3000]])
    """
    check_pictures(x, box)
    if not hasattr(tree, "tree_"):
        raise TypeError(f"a fitted decision tree is needed, and this is {type(tree).__name__}.")
    flat = x.detach().cpu().flatten(1).float().numpy()
    if flat.shape[1] != tree.n_features_in_:
        raise ValueError(
            f"the tree looks at {tree.n_features_in_} values, and a picture has {flat.shape[1]}."
        )
    branches, goals = _Branches(tree.tree_, box), {}
    moved = flat.copy()
    for row, leaf in zip(moved, tree.apply(flat)):
        goal = goals[leaf] if leaf in goals else goals.setdefault(leaf, branches.neighbour(leaf))
        if goal is not None:
            branches.move_into(row, goal)
    return torch.from_numpy(moved).view_as(x).to(x)


class _Branches:
    """A tree's arrays, walked upwards, too."""

    def __init__(self, tree, box: tuple[float, float]):
        self.children = np.stack([tree.children_left, tree.children_right], 1)
        self.feature, self.threshold, self.box = tree.feature, tree.threshold, box
        self.vote = tree.value[:, 0].argmax(1)
        self.parent = np.full(tree.node_count, -1)
        inner = np.flatnonzero(self.children[:, 0] >= 0)
        self.parent[self.children[inner].ravel()] = np.repeat(inner, 2)

    def neighbour(self, leaf: int) -> int | None:
        """The leaf of another class that is the fewest branches up and then down."""
        below, node = leaf, self.parent[leaf]
        while node >= 0:
            waiting = [child for child in self.children[node] if child != below]
            for found in waiting:  # breadth first: children come last
                if self.children[found, 0] >= 0:
                    waiting.extend(self.children[found])
                elif self.vote[found] != self.vote[leaf]:
                    return found
            below, node = node, self.parent[node]
        return None

    def move_into(self, row: np.ndarray, leaf: int) -> None:
        """The pixels that the way to `leaf` asks for, just past their thresholds."""
        bounds: dict[int, list[float]] = {}  # above low, at most high
        below, node = leaf, self.parent[leaf]
        while node >= 0:
            low_high = bounds.setdefault(self.feature[node], list(self.box))
            if below == self.children[node, 0]:
                low_high[1] = min(low_high[1], self.threshold[node])
            else:
                low_high[0] = max(low_high[0], self.threshold[node])
            below, node = node, self.parent[node]
        for pixel, (low, high) in bounds.items():
            if row[pixel] > high:
                row[pixel] = max(high - BEYOND, (low + high) / 2)
            elif row[pixel] <= low and low >= self.box[0] and low > -np.inf and low != self.box[0]:
                row[pixel] = min(low + BEYOND, (low + high) / 2)


class SoftNeighbours:
    """Nearest neighbours with a gradient: every known picture votes, the near ones loudest.

    Picture i votes with weight exp(-||x - x_i||^2 / temperature), all weights together 1. The
    colder, the more like the one nearest neighbour, and the fainter the gradient.

    Args:
        x: known pictures (M, ...); y: their labels (M,).
        temperature: in squared pixel units; classes: how many there are.

    Returns:
        What it makes of pictures (N, ...): the logarithm of the votes (N, K).

    Example:
        >>> known = SoftNeighbours(torch.tensor([[0.0], [1.0]]), torch.tensor([0, 1]), 0.5, 2)
        >>> known(torch.tensor([[0.5]])).exp()
        tensor([[0.5000, 0.5000]])
    """

    def __init__(self, x: Tensor, y: Tensor, temperature: float = 2.0, classes: int = 10):
        check_positive("temperature", temperature)
        self.known, self.temperature = x.detach().flatten(1), temperature
        self.votes = F.one_hot(check_labels(y, x), classes).to(self.known)

    def __call__(self, x: Tensor) -> Tensor:
        away = torch.cdist(x.flatten(1), self.known).square()
        weights = torch.softmax(-away / self.temperature, 1)
        return (weights @ self.votes).clamp_min(torch.finfo(x.dtype).tiny).log()
