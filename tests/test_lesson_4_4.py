"""Lesson 4.4: linear readers, leaves, neighbours; its exercises, its figures, its panel."""

import itertools

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from torch.nn import functional as F

from tests import exercises
from tutlib.lessons import readers
from tutlib.lessons.panels.decay import EPS, inside_or_outside
from tutlib.plots import other_models
from tutlib.risk import Estimate

EXERCISES = exercises.table("4-4", {
    "price": [
        lambda w, b, x, y, eps: eps * torch.sigmoid(-y * (x @ w + b)).mean(),
        lambda w, b, x, y, eps: torch.sigmoid(-y * (x @ w + b) + eps * w.abs().sum()).mean(),
        lambda w, b, x, y, eps: eps * torch.sigmoid(y * (x @ w + b) - eps * w.abs().sum()).mean(),
        lambda w, b, x, y, eps: eps * w.abs().sum(),
    ],
    "smallest": [
        lambda x, low, high, answers, y: (x.clamp(low, high) - x).abs().sum(1)[answers != y].min(),
        lambda x, low, high, answers, y: (x.clamp(low, high) - x).abs().amax(1).min(),
        lambda x, low, high, answers, y: (x.clamp(low, high) - x).norm(dim=1)[answers != y].min(),
        lambda x, low, high, answers, y: (x.clamp(low, high) - x).abs().amax(1)[answers != y].max(),
    ],
    "worst": [
        lambda margins, length, purse: (1 - margins).clamp_min(0).sum() + purse * length,
        lambda margins, length, purse: (1 - margins + purse * length).clamp_min(0).sum(),
        lambda margins, length, purse: (1 - margins + purse * length / len(margins))
        .clamp_min(0).sum(),
        lambda margins, length, purse: (1 - margins).clamp_min(0).sum(),
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.fixture
def few():
    """Forty pictures of nine pixels in two classes that a line parts well, but not fully."""
    rng = torch.Generator().manual_seed(0)
    y = torch.where(torch.rand(40, generator=rng) < 0.5, 1.0, -1.0)
    x = (0.5 + 0.2 * y[:, None] * torch.tensor([1, -1, 0.5, 0, 0, 0.2, 0, 0, 0])
         + 0.15 * torch.randn(40, 9, generator=rng)).clamp(0, 1)  # fmt: skip
    return x, y


def test_the_objective_is_the_worst_case_of_the_ball(few):
    x, y = few
    reader, eps = torch.tensor([0.7, -1.2, 0.4, 0.1, -0.3, 0.9, 0.0, 0.2, -0.1, 0.2]), 0.13
    corners = eps * torch.tensor(list(itertools.product((-1.0, 1.0), repeat=9)))
    margins = y[:, None] * ((x[:, None] + corners) @ reader[:-1] + reader[-1])
    worst = F.softplus(-margins).amax(1).mean()
    pays = readers.objective(x, y, F.softplus, torch.tensor([[eps]]), torch.zeros(1, 1))
    torch.testing.assert_close(pays(reader[None])[0], worst)


def test_legal_margins_are_the_least_over_ball_and_box(few):
    x, y = few
    reader, eps = torch.tensor([0.7, -1.2, 0.4, 0.1, -0.3, 0.9, 0.0, 0.2, -0.1, 0.2]), 0.4
    corners = eps * torch.tensor(list(itertools.product((-1.0, 1.0), repeat=9)))
    moved = (x[:, None] + corners).clamp(0, 1)  # linear: the least is at a corner of ball and box
    least = (y[:, None] * (moved @ reader[:-1] + reader[-1])).amin(1)
    torch.testing.assert_close(readers.legal_margins(reader, x, y, eps), least)
    assert (least > y * (x @ reader[:-1] + reader[-1]) - eps * reader[:-1].abs().sum()).any()


@pytest.mark.parametrize(("power", "decay"), [(1, 0.02), (2, 0.05)])
def test_decay_agrees_with_scikit_learn(few, power, decay):
    x, y = few
    ours = readers.fit_readers(x, y, F.softplus, [(0, decay)], 1500, power=power)
    pays = readers.objective(x, y, F.softplus, torch.zeros(1, 1), torch.tensor([[decay]]), power)
    kind = {1: {"l1_ratio": 1}, 2: {"l1_ratio": 0}}[power]
    strength = 1 / (len(x) * decay * power)  # sklearn halves the squares
    model = LogisticRegression(C=strength, solver="saga", max_iter=20000, tol=1e-8, **kind)
    model.fit(x.numpy(), y.numpy())
    theirs = torch.tensor(np.append(model.coef_[0], model.intercept_)).float()[None]
    assert float(pays(ours)) <= float(pays(theirs)) * 1.002


def test_readers_side_by_side_are_readers_alone(few):
    x, y = few
    both = readers.fit_readers(x, y, readers.hinge, [(0.1, 0), (0, 0.02)], 20)
    alone = readers.fit_readers(x, y, readers.hinge, [(0, 0.02)], 20)
    torch.testing.assert_close(both[1:], alone)
    seen = []
    readers.fit_readers(x, y, readers.hinge, [(0.1, 0)], 4, callback=seen.append)
    assert len(seen) == 12
    assert seen[0].abs().sum() == 0


@pytest.fixture
def tree(few):
    x, y = few
    return readers.tree_of(x, (y > 0).long(), 0, 3)


def test_leaves_are_the_tree(tree):
    low, high, answers = readers.leaves(tree)
    x = torch.rand(500, 9)
    inside = ((x[:, None] >= low) & (x[:, None] <= high)).all(2)
    assert (inside.sum(1) == 1).all()
    assert (answers[inside.long().argmax(1)] == torch.tensor(tree.predict(x.numpy()))).all()


def test_the_smallest_change_of_a_tree_is_exact(tree, few):
    x, y = few[0], (few[1] > 0).long()
    moved, away = readers.into_another_leaf(readers.leaves(tree), x, y)
    assert (torch.tensor(tree.predict(moved.numpy())) != y).all()
    torch.testing.assert_close((moved - x).abs().amax(1), away)
    for row in (away > 0).nonzero()[:, 0][:10]:  # nothing nearer, in a thousand tries each
        tried = x[row] + 0.999 * away[row] * (2 * torch.rand(1000, 9) - 1)
        assert (tree.predict(tried.clamp(0, 1).numpy()) == int(y[row])).all()


def test_a_threshold_between_two_floats_is_kept_to():
    x = torch.tensor([[0.1], [0.1], [0.2], [0.2], [0.7], [0.7]]).repeat(5, 1)
    y = torch.tensor([0, 0, 1, 1, 0, 0]).repeat(5)
    tree = readers.tree_of(x, y, 0, 2)
    moved, _ = readers.into_another_leaf(readers.leaves(tree), x, y)
    assert (torch.tensor(tree.predict(moved.numpy())) != y).all()


def test_coins_are_legal_and_of_full_size():
    x = torch.rand(5, 7)
    copies = readers.coin_copies(x, 0.2, 3, torch.Generator().manual_seed(0)).view(3, 5, 7)
    up, down = (x + 0.2).clamp(0, 1), (x - 0.2).clamp(0, 1)
    assert ((copies == up) | (copies == down)).all()
    assert not torch.equal(copies[0], copies[1])


def test_no_change_within_the_safe_radius_fools_the_nearest_neighbour(few):
    known, names = few[0][:30], (few[1][:30] > 0).long()
    x, y = few[0][30:], (few[1][30:] > 0).long()
    radii = readers.safe_radii(known, names, x, y, friends=3)
    right = names[torch.cdist(x, known).argmin(1)] == y
    assert torch.equal(radii > 0, right)
    corners = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=9)))
    for row in right.nonzero()[:, 0]:
        tried = x[row] + 0.999 * radii[row].float() * corners
        assert (names[torch.cdist(tried, known).argmin(1)] == y[row]).all()


def test_the_radius_of_one_friend_and_one_stranger_is_the_truth():
    known, names = torch.tensor([[0.2, 0.2], [0.8, 0.4]]), torch.tensor([0, 1])
    x = torch.tensor([[0.3, 0.3]])
    radius = float(readers.safe_radii(known, names, x, torch.tensor([0])))
    towards = torch.tensor([1.0, 1.0])
    for eps, says in ((0.999 * radius, 0), (1.001 * radius, 1)):
        assert int(names[torch.cdist(x + eps * towards, known).argmin(1)]) == says


def test_the_panel_shows_the_reader_that_was_asked_for(few):
    x, y = few
    plain, adversary = readers.fit_readers(x, y, F.softplus, [(0, 0), (0.2, 0)], 30)
    panel = inside_or_outside({"one": [(0, plain), (0.2, adversary)],
                               "other": [(0, plain), (0.1, plain)]}, x, y)  # fmt: skip
    result = panel.at(kind="one", strength=2)[0]
    torch.testing.assert_close(result.weights, adversary[:-1])
    at = EPS.index(0.2)
    assert result.wrong[at] == (readers.legal_margins(adversary, x, y, 0.2) <= 0).double().mean()
    assert result.plain[at] == (readers.legal_margins(plain, x, y, 0.2) <= 0).double().mean()
    assert (result.wrong.diff() >= 0).all()
    with pytest.raises(ValueError, match="as many strengths"):
        inside_or_outside({"one": [(0, plain)], "other": [(0, plain), (1, plain)]}, x, y)


def test_figures_say_what_they_show():
    share = [Estimate(torch.tensor([1.0, 0.0, 0.0]), "error", "x") for _ in range(3)]
    drawn = [
        other_models.weight_maps({"plain": torch.randn(9), "nothing": torch.zeros(9)}, "words"),
        other_models.prices({"inside": ([0.1, 0.01], [1, 2])}, "words"),
        other_models.in_the_end([0, 0.1, 0.2], {"before": {"net": (share, None),
                                "kNN": (share, [0.4, 0.5, 0.6])}}, "words"),
        other_models.bargain([0, 0.1, 0.2], {"clean": share, "eps 0.1": share}, "words"),
        other_models.arrivals({"plain net": [3, 0]}, ["hog", "sports car"], 3, "words"),
    ]  # fmt: skip
    assert all(isinstance(figure, Figure) for figure in drawn)
    for figure in drawn:
        assert "words" in figure._repr_mimebundle_()[1]["image/png"]["alt"]
    numbers = [text.get_text() for text in drawn[-1].axes[0].texts]
    assert numbers == ["3", "0"]
    assert drawn[2].axes[0].collections  # the shade between search and proof
