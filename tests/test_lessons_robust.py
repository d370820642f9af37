"""4.1 and 4.2: their panel, and the solutions of their exercises pass their own checks."""

import functools

import pytest
import torch
from torch.nn import functional as F

from tests.conftest import chance, unchanged
from tests.solutions import solution
from tutlib import check, nets, training
from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.lessons.exercises import lesson_4_1, lesson_4_2
from tutlib.lessons.panels.training import EPOCHS, STRIDE, training_panel
from tutlib.plots import training as figures


@pytest.fixture
def namespace():
    return {"torch": torch, "F": F, "pgd": pgd, "Linf": Linf}


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return nets.mlp(16, 24, 4)


@pytest.fixture(scope="module")
def points(net):
    """Forty points in [0, 1]^16 and labels that the net has learned."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(40) % 4
    x = 0.7 * torch.rand(40, 16, generator=generator)
    x[torch.arange(40)[:, None], 4 * y[:, None] + torch.arange(4)] += 0.3
    training.fit(net, x, y, epochs=60, batch=20, lr=1e-2, progress=False)
    return x, y


WRONG_4_1 = {
    "robust_loss": [
        lambda w, b, x, y, eps: F.softplus(-y * (x @ w + b)),
        lambda w, b, x, y, eps: F.softplus(-(y * (x @ w + b) - eps * w.norm())),
    ],
    "corners": [
        lambda model, x, y, generator=None: x,
        lambda model, x, y, generator=None: x + 0.065,
        lambda model, x, y, generator=None: x + 0.2,
    ],
}


@pytest.mark.parametrize("name", WRONG_4_1)
def test_solutions_of_4_1(name, namespace):
    checks = {"robust_loss": lesson_4_1.robust_loss, "corners": lesson_4_1.corners}[name]
    assert check.exercise(solution("4-1", name, namespace), checks())
    for wrong in WRONG_4_1[name]:
        assert not check.exercise(wrong, checks())
    assert not check.exercise(None, checks())


def test_solution_of_worst_error(net, points, namespace):
    checks = functools.partial(lesson_4_2.worst_of, net, *points, 0.08)
    assert check.exercise(solution("4-2", "worst_error", namespace), checks())
    for wrong in (
        lambda net, x, y, eps: 1 - training.accuracy(net, x, y),
        lambda net, x, y, eps: 1.0,
        lambda net, x, y, eps: -1.0,
    ):
        assert not check.exercise(wrong, checks())


def test_solution_of_inner(net, points, namespace):
    checks = functools.partial(lesson_4_2.l2_inner, net, *points, 1.0)
    assert check.exercise(solution("4-2", "inner", namespace), checks())
    for wrong in (
        lambda model, x, y, generator=None: x,
        lambda model, x, y, generator=None: pgd(model, x, y, Linf(1.0), steps=3),
        lambda model, x, y, generator=None: pgd(model, x, y, Linf(1 / 4), steps=3),
    ):
        assert not check.exercise(wrong, checks())


def test_panel_steps_and_jumps_to_the_same_net():
    walked, jumped = training_panel(), training_panel()
    for epoch in range(0, 3 * STRIDE + 1, STRIDE):
        walked.set(inner="FGSM", epoch=epoch)
    jumped.set(inner="FGSM", epoch=3 * STRIDE)
    assert walked.result["epoch"] == jumped.result["epoch"] == 3 * STRIDE
    assert (walked.result["sure"] == jumped.result["sure"]).all()
    assert not walked.errors
    assert not jumped.errors


def test_panel_goes_back_and_leaves_the_random_state_alone():
    torch.manual_seed(1)  # the panel's own seed is 0
    panel, before = training_panel(), chance()
    first = panel.set(inner="nobody", epoch=0)
    panel.set(epoch=2 * STRIDE)
    again = panel.set(epoch=0)
    assert (first["sure"] == again["sure"]).all()
    assert unchanged(before)


def test_a_check_takes_no_chance_from_the_notebook():
    torch.manual_seed(1)  # the check's own seed is 0
    before = chance()
    lesson_4_1.corners()
    assert unchanged(before)


def test_curves_are_drawn_from_any_device(each_device):
    theta = torch.linspace(0, 1, 5, device=each_device).requires_grad_()
    figures.danskin(theta, torch.stack([theta, -theta]), 0.5, 1.0, ["one", "other"])


def test_panel_shows_the_boundary_on_its_way():
    """The slider put at its end: partial results, each further on, up to the last epoch."""
    seen = [(share, result["epoch"]) for share, result in training_panel().compute(
        {"inner": "nobody", "epoch": EPOCHS})]  # fmt: skip
    assert len(seen) == EPOCHS // STRIDE
    assert all(a < b for (_, a), (_, b) in zip(seen, seen[1:]))  # noqa: RUF007
    assert seen[-1] == (1.0, EPOCHS)


def test_boundaries_stand_where_the_net_changes_its_mind():
    def net(points):  # class 1 above y = 0.25
        return torch.stack([torch.zeros(len(points)), 50 * (points[:, 1] - 0.25)], 1)

    sure = figures.leaning(net, side=101)
    assert (sure[:25] < 0.5).all()
    assert (sure[26:] > 0.5).all()


def test_solution_of_smallest_eps(net, points, namespace):
    x, y = points
    levels = [0.02, 0.05, 0.1, 0.2]
    answer = solution("4-2", "smallest_eps", namespace)
    found = answer(net, x, y, levels)
    assert len(set(found.tolist())) > 1  # the pictures differ, so the wrong answers are wrong
    assert check.exercise(answer, lesson_4_2.smallest(net, x, y, levels))
    for wrong in (
        lambda net, x, y, levels: torch.full((len(x),), levels[0]),
        lambda net, x, y, levels: torch.full((len(x),), torch.inf),
        lambda net, x, y, levels: answer(net, x, y, levels)[:3],
        lambda net, x, y, levels: answer(net, x, y, levels) + 0.001,
    ):
        assert not check.exercise(wrong, lesson_4_2.smallest(net, x, y, levels))
