"""Lesson 4.5: the virtual direction and its loss, docstrings that do not leak, the panel."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from tests import exercises
from tutlib import nets, training
from tutlib.balls import L2, Linf
from tutlib.lessons.docstrings import (
    ALIASES,
    GIVEAWAYS,
    LIBRARIES,
    docstrings,
    masked_words,
    split_by_module,
)
from tutlib.lessons.panels.unlabelled import learn_the_moons, moons, place_labels
from tutlib.lessons.words import BagNet, as_points, word_vectors
from tutlib.plots import virtual as figures
from tutlib.training import Divergence, Virtual, smoothness, virtual_direction

EXERCISES = exercises.table("4-5", {
    "kl": [
        lambda before, after: (after.softmax(1) * (after.log_softmax(1)
                               - before.log_softmax(1))).sum(1),
        lambda before, after: F.cross_entropy(after, before.softmax(1), reduction="none"),
        lambda before, after: F.kl_div(after.log_softmax(1), before.softmax(1)),
    ],
    "power": [
        lambda H, d, steps: torch.linalg.matrix_power(H, steps) @ d,
        lambda H, d, steps: H @ d / (H @ d).norm(),
        lambda H, d, steps: torch.linalg.eigh(H)[1][:, 0],
        lambda H, d, steps: torch.linalg.eigh(H)[1][:, -1],
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.fixture
def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 20), nn.Tanh(), nn.Linear(20, 4)).double()


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_direction_is_the_hessians_leading_eigenvector(small):
    x = torch.randn(5, 6, dtype=torch.float64, generator=chance())
    found = virtual_direction(small, x, steps=60, xi=1e-4, generator=chance(1))
    for point, direction in zip(x, found):
        here = small(point[None]).log_softmax(1).detach()

        def kl(r, point=point, here=here):
            return (here.exp() * (here - small((point + r)[None]).log_softmax(1))).sum()

        hessian = torch.func.hessian(kl)(torch.zeros(6, dtype=torch.float64))
        leading = torch.linalg.eigh(hessian)[1][:, -1]
        assert abs(leading @ direction) > 0.999


def test_the_direction_has_unit_norm_and_beats_random_ones(small):
    x = torch.randn(8, 6, dtype=torch.float64, generator=chance())
    found = virtual_direction(small, x, steps=10, xi=1e-3, generator=chance(1))
    torch.testing.assert_close(found.norm(dim=1), torch.ones(8, dtype=torch.float64))
    change = Divergence(small, x)
    for seed in range(50):
        other = virtual_direction(small, x, steps=0, generator=chance(seed))
        torch.testing.assert_close(other.norm(dim=1), torch.ones(8, dtype=torch.float64))
        assert (change(0.01 * found) >= change(0.01 * other) * (1 - 1e-3)).all()


def test_where_no_slope_is_seen_the_direction_stays(each_device):
    model = lambda x: 0 * x[:, :3]  # noqa: E731
    x = torch.rand(3, 5, device=each_device)
    start = virtual_direction(model, x, steps=0, generator=chance(3))
    torch.testing.assert_close(virtual_direction(model, x, steps=4, generator=chance(3)), start)


def test_the_divergence_is_torchs_and_holds_the_answer_still(small):
    x = torch.randn(4, 6, dtype=torch.float64)
    r = 0.3 * torch.randn(4, 6, dtype=torch.float64)
    p, q = (torch.distributions.Categorical(logits=small(z)) for z in (x, x + r))
    ours = Divergence(small, x)
    torch.testing.assert_close(ours(r), torch.distributions.kl_divergence(p, q))
    assert not ours.here.requires_grad
    assert ours(r).requires_grad


def test_the_loss_is_its_two_parts():
    torch.manual_seed(0)
    net, x, y = nets.mlp(2, 9, 3), torch.rand(5, 2), torch.tensor([0, 1, 2, 0, 1])
    points = torch.rand(1, 2)  # whichever row is drawn, it is this one
    torch.manual_seed(5)
    got = Virtual(points, L2(0.5), 2.0, batch=4)(net, x, y)
    torch.manual_seed(5)
    torch.randint(1, (4,))
    four = points.expand(4, 2)
    parts = F.cross_entropy(net(x), y) + 2 * smoothness(net, four, L2(0.5)).mean()
    torch.testing.assert_close(got, parts)


def test_a_kill_and_a_resume_give_the_same_net():
    x, y = torch.tensor([[-1.0, 0.0], [1.0, 0.0]]).repeat(4, 1), torch.tensor([0, 1]).repeat(4)
    loss, ends = Virtual(torch.randn(60, 2), L2(0.3), batch=20), []
    for stops in ([6], [2, 6]):
        torch.manual_seed(1)
        net, state = nets.mlp(2, 8, 2), None
        for until in stops:
            state = training.fit(net, x, y, loss=loss, epochs=6, until=until, batch=4,
                                 checkpoint=state, progress=False).state  # fmt: skip
            torch.rand(3)  # somebody draws in between
        ends.append(net(x))
    torch.testing.assert_close(*ends)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: Virtual(torch.rand(4, 2), Linf(0.1)), TypeError, "L2"),
        (lambda: Virtual(torch.rand(0, 2), L2(0.1)), ValueError, "empty"),
        (lambda: Virtual(torch.rand(4, 2), L2(0.1), weight=-1), ValueError, "weight"),
        (lambda: Virtual(torch.rand(4, 2), L2(0.1), batch=0), ValueError, "batch"),
        (lambda: virtual_direction(nets.mlp(2, 2), torch.rand(1, 2), xi=0), ValueError, "xi"),
        (lambda: virtual_direction(nets.mlp(2, 2), torch.rand(1, 2), steps=-1), ValueError, "step"),
        (lambda: smoothness(nets.mlp(2, 2), torch.rand(1, 2), Linf(0.1)), TypeError, "L2"),
        (lambda: docstrings(count=0), ValueError, "count"),
        (lambda: docstrings(half="third"), ValueError, "half"),
        (lambda: docstrings(["nosuchlibrary"]), ModuleNotFoundError, "nosuchlibrary"),
    ],
)  # fmt: skip
def test_wrong_input_gets_a_sentence(call, kind, said):
    with pytest.raises(kind, match=said):
        call()


@pytest.fixture(scope="module")
def texts():
    return docstrings(count=120, length=30)


def test_every_library_speaks_and_no_text_twice(texts):
    assert [sum(t.label == k for t in texts) >= 60 for k in range(len(LIBRARIES))] == [True] * 4
    assert len({t.words for t in texts}) == len(texts)
    assert texts == docstrings(count=120, length=30)


def test_no_word_gives_the_library_away(texts):
    words = {word for text in texts for word in text.words}
    assert not words & ALIASES
    assert not [word for word in words if any(name in word for name in GIVEAWAYS)]
    assert all(any(name in library for name in GIVEAWAYS) for library in LIBRARIES)
    assert masked_words("as in Scikit-learn, scikit_image and scikit image") == ["as", "in", "and"]
    assert masked_words("A torch.Tensor, np.array, see Scikit-learn\n>>> secret") == [
        "tensor", "array", "see",
    ]  # fmt: skip


def test_settings_are_chosen_on_other_modules(texts):
    halves = [docstrings(count=120, length=30, half=half) for half in ("first", "second")]
    modules = [{t.module for t in half} for half in halves]
    assert not modules[0] & modules[1]
    assert all(len({t.label for t in half}) == len(LIBRARIES) for half in halves)
    assert all({t.module for t in texts if t.label == 0} & part for part in modules)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_leaks_from_part_to_part(texts, seed):
    parts = split_by_module(texts, {"labelled": 5, "test": 20}, "unlabelled", seed)
    modules = [{t.module for t in part} for part in parts.values()]
    words = [{t.words for t in part} for part in parts.values()]
    for sets in (modules, words):
        assert not sets[0] & sets[1]
        assert not sets[0] & sets[2]
        assert not sets[1] & sets[2]
    labels = [t.label for t in parts["labelled"]]
    assert [labels.count(k) for k in range(4)] == [5] * 4
    assert len(modules[0]) == 20


def test_word_vectors_are_normalised_and_the_same_every_time(texts):
    words, vectors = word_vectors(texts, 300, 8)
    known = {word: k for k, word in enumerate(words)}
    often = torch.zeros(len(words))
    for text in texts:
        for word in set(text.words) & known.keys():
            often[known[word]] += 1
    often /= often.sum()
    torch.testing.assert_close(often @ vectors, torch.zeros(8), atol=1e-4, rtol=0)
    torch.testing.assert_close(often @ vectors**2, torch.ones(8), atol=1e-3, rtol=0)
    torch.testing.assert_close(vectors, word_vectors(texts, 300, 8)[1])
    x, y = as_points(texts[:3], words, vectors)
    assert x.shape == (3, 1, 30, 8)
    assert y.tolist() == [t.label for t in texts[:3]]


def test_a_bag_does_not_see_the_order():
    net, x = BagNet(4, 8, 3), torch.randn(2, 1, 10, 4)
    torch.testing.assert_close(net(x), net(x[:, :, torch.randperm(10)]))


def test_points_without_labels_move_the_boundary():
    points, truth = moons(0)
    rows = torch.cat([(truth == k).nonzero()[:4, 0] for k in (0, 1)])
    wrong = []
    for eps in (0, 0.3):
        *_, net = learn_the_moons(points, points[rows], truth[rows], eps)
        wrong.append(1 - training.accuracy(net, points, truth))
    assert wrong[1] < 0.5 * wrong[0]


def test_the_panel():
    panel = place_labels(0)
    before = torch.get_rng_state()
    without, good = (panel.set(eps=eps, labels="4") for eps in (0, 0.3))
    assert torch.equal(before, torch.get_rng_state())
    assert good["wrong"] < without["wrong"]
    moved = panel.set(point=(1.0, -0.5))
    assert moved["x"][0].tolist() == [1.0, -0.5]
    assert panel.errors == []


def test_the_figures_are_drawn(each_device):
    points, truth = (t.to(each_device) for t in moons(0, 20))
    net = nets.mlp(2, 4, 2).to(each_device)
    drawn = [
        figures.boundaries({"a": net, "b": net}, points, points[:4], truth[:4]),
        figures.power(range(3), torch.rand(3, 5), [0.1, 1.0], torch.rand(2, 5)),
        figures.paired({"a": [0.2, 0.3, 0.1], "b": [0.1, 0.1, 0.1]}, "errors"),
        figures.frame({"sure": np.full((9, 9), 0.4), "points": points, "x": points[:4],
                       "y": truth[:4], "wrong": 3}),
    ]  # fmt: skip
    assert all(isinstance(figure, Figure) for figure in drawn)
