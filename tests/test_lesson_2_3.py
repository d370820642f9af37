"""Lesson 2.3: its exercises, its figures, its panel."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from tests import exercises
from tutlib.attacks import fgsm, pgd
from tutlib.balls import L2, Linf
from tutlib.lessons.panels.walk import BALL, POINT, STARTS, STEPS, compute, step_by_step
from tutlib.plots import steps
from tutlib.risk import Estimate

OTHER = "another random point"
STATE = {"steps": STEPS, "size": 0.1, "start": "the picture"}
EXERCISES = exercises.table("2-3", {
    "can_arrive": [
        lambda steps, step_size, eps: steps * step_size >= eps,
        lambda steps, step_size, eps: steps * step_size >= 3 * eps,
        lambda steps, step_size, eps: step_size >= 2 * eps,
    ],
    "pgd_l2": [
        lambda model, x, y, eps, steps, size: x,
        lambda model, x, y, eps, steps, size: fgsm(model, x, y, L2(eps)),
        lambda model, x, y, eps, steps, size: pgd(
            model, x, y, Linf(eps), steps=steps, step_size=size, random_start=False),
        lambda model, x, y, eps, steps, size: pgd(
            model, x, y, L2(2 * eps), steps=steps, step_size=size, random_start=False),
    ],
    "with_restarts": [
        lambda attack, model, x, y, runs: attack(model, x, y),
        lambda attack, model, x, y, runs: [attack(model, x, y) for _ in range(runs)][-1],
        "def with_restarts(attack, model, x, y, runs):\n"
        "    return torch.stack([attack(model, x, y) for _ in range(runs)]).amax(0)",
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


def test_short_steps_follow_the_bend_that_one_step_misses():
    result = compute(STATE)
    assert result.one_loss + 0.3 < result.values[-1] < result.highest - 0.2
    assert compute(STATE | {"size": 0.03}).values[-1] < result.one_loss


@pytest.mark.parametrize("size", [0.03, 0.1, 0.2, 0.5, 1])
def test_from_the_picture_no_step_size_finds_the_worst(size):
    """As the lesson says below its panel."""
    result = compute(STATE | {"size": size})
    assert result.values.max() < result.highest - 0.2


def test_another_start_finds_the_worst_if_its_steps_can_cross_the_ball():
    arrives, short = (compute(STATE | {"start": OTHER, "size": size}) for size in (0.2, 0.1))
    assert arrives.values[-1] == pytest.approx(arrives.highest, abs=0.01)
    assert short.values[-1] < arrives.highest / 2


@pytest.mark.parametrize("start", STARTS)
def test_the_walk_stays_in_its_ball_and_its_steps_are_as_long_as_they_say(start):
    result = compute({"steps": 5, "size": 0.2, "start": start})
    assert result.path.shape == (6, 2)
    assert np.abs(result.path - np.array(POINT)).max() <= BALL.eps + 1e-6
    assert np.abs(np.diff(result.path, axis=0)).max() <= 0.2 * BALL.eps + 1e-6
    assert compute({"steps": 0, "size": 0.2, "start": start}).path.shape == (1, 2)


def test_the_panel_walks_and_is_light_enough_to_freeze():
    panel = step_by_step()
    assert len(panel.set(steps=3).values) == 4
    assert panel.set(start=OTHER, size=0.2, steps=12).values[-1] > 3.8
    assert panel.errors == []
    assert len(panel.freeze()) < 400_000


def test_the_duel_shows_what_is_left_and_not_what_fell():
    share = {"untouched": Estimate(torch.tensor([0.0, 0.0]), "error", "nothing"),
             "one step": Estimate(torch.tensor([1.0, 0.0]), "error", "FGSM", True)}  # fmt: skip
    bars = steps.duel([1.0, 2.0], [2.0, 3.0], share).axes[1]
    assert [text.get_text() for text in bars.texts] == ["100 %", "50 %"]


def test_the_digit_on_which_one_step_falls_furthest_is_shown():
    one = torch.tensor([[1.0, 1.0, 1.0], [2.0, 3.0, 2.0], [3.0, 0.5, 1.5]])
    right = steps.loss_over_eps([0.1, 0.2, 0.3], one, one + 1).axes[1]
    shown = {line.get_label(): list(line.get_ydata()) for line in right.lines}
    assert shown["one step"] == [1, 3, 0.5]


def test_the_figures_are_drawn(each_device):
    losses = torch.rand(3, 6, device=each_device)
    fooled = Estimate(torch.tensor([1.0, 0.0, 1.0]), "error", "FGSM", True)
    loss = Estimate(torch.rand(5), "loss", "PGD")
    figures = [
        steps.walk(compute(STATE)),
        steps.duel(losses[0], losses[1], {"one step": fooled}),
        steps.loss_over_eps([0.1, 0.2, 0.3], losses, losses + 0.1),
        steps.reach([0.5, 1, 2], {"centre": [loss] * 3, "random": [loss] * 3}),
        steps.by_length(losses[0], {"a": losses[0], "b": losses[1], "c": losses[2]}, "hog"),
        steps.rates([0.1, 1], [fooled] * 2, fooled),
    ]
    assert all(isinstance(figure, Figure) for figure in figures)
