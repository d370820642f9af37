"""Lesson 2.2: its exercises, its figures, its panel."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from tests import exercises
from tutlib.balls import L2, Linf
from tutlib.lessons.panels.geometry import compute, one_step, two_pixel_loss, worst_in_ball
from tutlib.plots import geometry
from tutlib.plots.theme import COLOURS

EXERCISES = exercises.table("2-2", {
    "steepest_l1": [
        "def steepest_l1(g):\n    return g.sign()",
        "def steepest_l1(g):\n    return g / g.abs().sum((1, 2, 3), keepdim=True)",
        "def steepest_l1(g):\n    return right(g).abs()",
        "def steepest_l1(g):\n    best = g.abs().amax()\n    return g.sign() * (g.abs() == best)",
    ],
    "worst_score": [
        "def worst_score(w, x, eps):\n    return (w * x).sum() - eps * w.abs().sum()",
        "def worst_score(w, x, eps):\n    return (w * (x + eps * w.sign()).clamp(0, 1)).sum()",
        "def worst_score(w, x, eps):\n    return (w * (x - eps).clamp(0, 1)).sum()",
    ],
    "steepest_colour": [
        "def steepest_colour(g):\n    return g.sign()",
        "def steepest_colour(g):\n    return g.sign() / 3**0.5",
        "def steepest_colour(g):\n    return g / g.flatten(1).norm(dim=1).view(-1, 1, 1, 1)",
    ],
})  # fmt: skip
STATE = {"point": (0.7, 0.3), "norm": "Linf", "eps": 0.15}


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.mark.parametrize("ball", [Linf(0.1), L2(0.1)])
def test_the_worst_point_lies_in_the_ball_and_beats_random_ones(ball):
    point = torch.tensor([[0.4, 0.5]])
    worst, value = worst_in_ball(point, ball)
    assert ball.norm(worst[None] - point) <= ball.eps + 1e-6
    tries = ball.sample(point.expand(500, 2), torch.Generator().manual_seed(0)).clamp(0, 1)
    assert two_pixel_loss(tries).max() <= value + 0.02


def test_the_panel_shows_a_step_that_overshoots_and_one_that_does_not():
    narrow, wide = compute(STATE | {"eps": 0.05}), compute(STATE | {"eps": 0.3})
    assert narrow.highest - narrow.reached < 0.05
    assert wide.highest - wide.reached > 0.3
    assert narrow.promised == pytest.approx(narrow.reached, abs=0.05)
    np.testing.assert_allclose(np.abs(narrow.step), 0.05, atol=1e-6)


@pytest.mark.parametrize("norm", ["Linf", "L2"])
def test_the_panel_stays_inside_the_picture_and_the_ball(norm):
    result = compute({"point": (0.98, 0.97), "norm": norm, "eps": 0.3})
    assert (result.point + result.step <= 1 + 1e-6).all()
    assert np.abs(result.step).max() <= 0.3 + 1e-6
    assert result.highest >= result.reached


def test_the_panel_can_be_dragged_and_is_light_enough_to_freeze():
    panel = one_step()
    assert panel.set(point=(0.3, 0.45)).loss < 0.2
    assert panel.set(norm="L2", eps=0.3).norm == "L2"
    assert panel.errors == []
    assert len(panel.freeze()) < 400_000


def test_the_ball_drawing_puts_its_dots_where_the_norms_say():
    gradient = np.array([2.0, -1.0])
    np.testing.assert_allclose(geometry.furthest("Linf", gradient), [1, -1])
    np.testing.assert_allclose(geometry.furthest("L1", gradient), [1, 0])
    np.testing.assert_allclose(geometry.furthest("L2", gradient), gradient / 5**0.5)
    with pytest.raises(ValueError, match="norm must be"):
        geometry.ball_patch("L3")


class Says:
    """A net that says "hog" to dark pictures, and "teapot" to the others."""

    def top(self, x, k):
        return [("hog" if x.mean() < 0.5 else "teapot", 0.9)]


@pytest.mark.parametrize(("added", "meaning"), [(0.01, "neutral"), (0.2, "adversarial")])
def test_a_sum_that_still_stands_is_not_framed_as_fallen(added, meaning):
    x = torch.full((1, 3, 8, 8), 0.4)
    shown = geometry.equation(x, x + added, Says(), added)
    assert shown.axes[4].spines["left"].get_edgecolor() == to_rgba(COLOURS[meaning])


def test_the_one_step_stands_where_the_slope_leads_and_the_star_at_the_worst():
    shifts = torch.linspace(-1, 1, 5)
    for slope, end in ((0.5, 1.0), (-0.5, -1.0)):
        drawn = geometry.wrong_corner(shifts, torch.tensor([3.0, 1, 1, 1, 2]), slope).axes[0]
        places = {line.get_label(): line.get_xdata() for line in drawn.lines}
        assert places["the one step"] == [end]
        assert places["the true worst"] == [-1]


def test_chance_is_drawn_with_what_is_possible():
    drawn = geometry.against_chance({"a": [2.0, 3.0]}, {"a": 16}, torch.tensor([-1.0, 0.5])).axes[0]
    places = {line.get_label(): list(line.get_xdata()) for line in drawn.lines}
    assert places["the sign of the gradient"] == [2, 3]
    assert places["random signs, up or down"] == [1, 0.5]
    assert places["the most there can be, $\\sqrt{d}$"] == [4]


def test_the_figures_are_drawn(each_device):
    x = torch.rand(1, 3, 8, 8, device=each_device)
    levels = torch.linspace(-1, 2, 7, device=each_device)
    rising = {"sign": levels**2, "gradient": levels, "random": 0 * levels}
    figures = [
        geometry.equation(x, (x + 0.01).clamp(0, 1), Says(), 2 / 255),
        geometry.ray(levels, rising, {"sign": 0.0, "gradient": 1.0, "random": 0.0}),
        geometry.step_panel(compute(STATE)),
        geometry.norm_balls(levels[-2:]),
        geometry.against_chance({"pigs": levels + 3}, {"pigs": 49}, levels),
        geometry.wrong_corner(levels, levels**2, 1.0),
    ]
    assert all(isinstance(figure, Figure) for figure in figures)
