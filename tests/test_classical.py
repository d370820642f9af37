"""Attacks on support vectors, trees and neighbours: right where they can be checked exactly."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from tutlib.attacks.classical import SoftNeighbours, down_the_weights, to_another_leaf


@pytest.fixture(scope="module")
def points():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(300, 12, generator=generator)
    return x, ((x[:, 0] > 0.5).long() + (x[:, 1] + x[:, 2] > 1).long())


@pytest.mark.parametrize("depth", [4, 6, None])
def test_every_picture_lands_in_a_leaf_of_another_class(points, depth):
    x, y = points
    tree = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(x.numpy(), y.numpy())
    new = torch.rand(200, 12, generator=torch.Generator().manual_seed(1))
    moved = to_another_leaf(tree, new)
    assert (tree.predict(moved.numpy()) != tree.predict(new.numpy())).all()
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert ((moved != new).sum(1) <= tree.get_depth()).all()  # only what the way asks for


def test_with_one_threshold_the_change_is_the_smallest(points):
    x, _ = points
    tree = DecisionTreeClassifier(max_depth=1).fit(x.numpy(), (x[:, 3] > 0.5).numpy())
    threshold = float(tree.tree_.threshold[0])
    moved = to_another_leaf(tree, x)
    assert ((moved != x).sum(1) == 1).all()
    torch.testing.assert_close((moved[:, 3] - threshold).abs(), torch.full((300,), 0.01))


def test_a_tree_with_one_answer_leaves_everything_as_it_is(points):
    x, _ = points
    tree = DecisionTreeClassifier().fit(x.numpy(), np.zeros(300))
    assert torch.equal(to_another_leaf(tree, x), x)


def test_narrow_ranges_are_met_too():
    """Where a leaf's range is narrower than the usual step, its middle is taken."""
    known = np.linspace(0, 1, 401)[:, None].astype("float32")
    tree = DecisionTreeClassifier().fit(known, np.arange(401) % 2)
    x = torch.rand(50, 1, generator=torch.Generator().manual_seed(0))
    assert (tree.predict(to_another_leaf(tree, x).numpy()) != tree.predict(x.numpy())).all()


def test_cold_neighbours_are_the_nearest_neighbour(points):
    x, y = points
    new = torch.rand(100, 12, generator=torch.Generator().manual_seed(1))
    nearest = KNeighborsClassifier(1).fit(x.numpy(), y.numpy()).predict(new.numpy())
    said = SoftNeighbours(x, y, temperature=1e-4, classes=3)(new).argmax(1)
    assert said.tolist() == nearest.tolist()
    warm = SoftNeighbours(x, y, temperature=1e6, classes=3)(new).exp()
    torch.testing.assert_close(warm, (y.bincount() / 300).expand(100, 3), atol=1e-4, rtol=0)


def test_down_the_weights_is_the_steepest_way_of_that_length():
    weights, x = torch.randn(4, 12), torch.full((5, 3, 2, 2), 0.5)
    y = torch.tensor([0, 1, 2, 3, 0])
    moved = down_the_weights(weights, x, y, 0.3)
    fell = ((moved - x).flatten(1) * weights[y]).sum(1)
    torch.testing.assert_close(fell, -0.3 * weights[y].norm(dim=1))
    torch.testing.assert_close((moved - x).flatten(1).norm(dim=1), torch.full((5,), 0.3))


@pytest.mark.parametrize(("call", "words"), [
    (lambda x: down_the_weights(torch.ones(2, 3), x, 0, 1.0), "a row of 12 numbers"),
    (lambda x: down_the_weights(torch.ones(2, 12), x, 2, 1.0), "labels from 0 to 1"),
    (lambda x: down_the_weights(torch.ones(2, 12), x, 0, 0.0), "length must be above 0"),
    (lambda x: to_another_leaf(DecisionTreeClassifier(), x), "a fitted decision tree"),
    (lambda x: to_another_leaf(DecisionTreeClassifier().fit([[0], [1]], [0, 1]), x), "1 values"),
    (lambda x: SoftNeighbours(x, 0, temperature=0.0), "temperature must be above 0"),
])  # fmt: skip
def test_wrong_input_gets_one_sentence(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call(torch.rand(3, 12))
