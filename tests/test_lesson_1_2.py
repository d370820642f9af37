"""Lesson 1.2: its exercises, its figures, its panel."""

import math

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from tests import exercises
from tutlib.lessons.panels.losses import compute, three_logits
from tutlib.plots import losses

EXERCISES = exercises.table("1-2", {
    "from_the_loss": [
        "def from_the_loss(loss):\n    import math\n    p = 10**-loss\n"
        "    return p, math.log(p / (1 - p))",
        "def from_the_loss(loss):\n    import math\n    return math.exp(-loss), -loss",
        "def from_the_loss(loss):\n    import math\n    p = math.exp(-loss)\n"
        "    return p, math.log((1 - p) / p)",
    ],
    "log_softmax": [
        "def log_softmax(z):\n    return (z.exp() / z.exp().sum(1, keepdim=True)).log()",
        "def log_softmax(z):\n    return z - z.amax(1, keepdim=True)",
        "def log_softmax(z):\n    z = z - z.max()\n"
        "    return z - z.exp().sum(1, keepdim=True).log()",
    ],
    "mixed_gradient": [
        "def mixed_gradient(W, b, x, t):\n    return W.T @ (t - (W @ x + b).softmax(0))",
        "def mixed_gradient(W, b, x, t):\n    return W.T @ ((W @ x + b).softmax(0) - t.round())",
        "def mixed_gradient(W, b, x, t):\n    return W.T @ ((W @ x).softmax(0) - t)",
        "def mixed_gradient(W, b, x, t):\n    p = (W @ x + b).exp()\n"
        "    return W.T @ (p / p.sum() - t)",
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


def test_the_panel_computes_the_formulas_of_the_lesson():
    state = {"hog": 2.0, "wombat": 1.0, "airliner": -1.0, "true": 0}
    result = compute(state)
    p = np.exp([2.0, 1.0, -1.0])
    p = p / p.sum()
    np.testing.assert_allclose(result.p, p, atol=1e-6)
    assert result.loss == pytest.approx(-math.log(p[0]), abs=1e-6)
    pull = p - np.eye(3)[0]
    np.testing.assert_allclose(result.pull, pull, atol=1e-6)
    np.testing.assert_allclose(result.grad_w, pull[:, None, None] * result.x, atol=1e-6)


def test_the_panel_fades_where_the_net_is_sure_and_right():
    sure, unsure = (compute({"hog": z, "wombat": 0.0, "airliner": 0.0, "true": 0}) for z in (6, 0))
    assert np.linalg.norm(sure.grad_x) < 0.05 * np.linalg.norm(unsure.grad_x)


def test_the_panel_levels_off_where_the_net_is_sure_and_wrong():
    """As its question says: the loss goes on growing, and the gradients do not."""
    far, further = (compute({"hog": z, "wombat": 6.0, "airliner": 0.0, "true": 0}) for z in (0, -6))
    assert further.loss > far.loss + 5
    assert np.linalg.norm(further.grad_x) < 1.01 * np.linalg.norm(far.grad_x)
    assert max(np.abs(further.grad_x).max(), np.abs(further.grad_w).max()) <= losses.LIMIT + 1e-6


def test_the_panel_is_live_and_light_enough_to_freeze():
    panel = three_logits()
    assert panel.set(hog=6.0).p[0] > 0.9
    assert panel.set(true=2).loss > 5
    assert panel.errors == []
    assert len(panel.freeze()) < 400_000


def test_signed_arrays_are_drawn_from_any_device(each_device):
    _, axes = plt.subplots()
    losses.signed(axes, torch.randn(3, 3, device=each_device, requires_grad=True))
    plt.close()


def test_the_figures_are_drawn(each_device):
    picture = torch.rand(1, 3, 12, 12)
    figures = [
        losses.why_the_log(),
        losses.who_fell([0.1, 1e-5], [0.3, 2e-5], [9.0, 1e-4], [True, False]),
        losses.who_fell(*(torch.rand(3, device=each_device) for _ in "abc"), torch.ones(3) > 0),
        losses.two_walks([2.0, 1.0], [1.0, 2.0]),
        losses.two_gradients(picture, torch.randn(5, 3, 3, 3), torch.randn(1, 3, 12, 12)),
        losses.two_gradients(picture, torch.zeros(5, 3, 3, 3), torch.zeros(1, 3, 12, 12)),
    ]
    assert all(isinstance(figure, Figure) for figure in figures)
