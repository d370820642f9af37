"""Lesson 3.2: its exercises, its figures, its panel."""

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from tests import exercises
from tutlib.lessons.panels.linearity import DIRECTIONS, STOPS, lead_of, traverse
from tutlib.nets import mlp
from tutlib.plots import linearity as figures
from tutlib.risk import Estimate

EXERCISES = exercises.table("3-2", {
    "smallest_eps": [
        lambda w, b, x, y: max(0.0, float(y * ((w * x).sum() + b) / w.norm())),
        lambda w, b, x, y: max(0.0, float(y * (w * x).sum() / w.abs().sum())),
        lambda w, b, x, y: float(y * ((w * x).sum() + b) / w.abs().sum()),
        lambda w, b, x, y: abs(float(((w * x).sum() + b) / w.abs().sum())),
    ],
    "copied": [
        lambda w, n: w.repeat_interleave(n, 0).repeat_interleave(n, 1),
        lambda w, n: w.repeat_interleave(n, 0).repeat_interleave(n, 1) / n,
        lambda w, n: w.repeat(n, n) / n**2,
        "def copied(w, n):\n"  # the score is right, and the length is not: one copy has it all
        "    large = torch.zeros(n * len(w), n * w.shape[1])\n"
        "    large[::n, ::n] = w\n"
        "    return large",
    ],
    "count_layers": [
        lambda scaled: round(torch.log2(scaled(2.0).norm() / scaled(1.0).norm()).item()) + 1,
        lambda scaled: round((scaled(2.0).norm() / scaled(1.0).norm()).item()),
        lambda scaled: 2,
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.fixture
def panel():
    torch.manual_seed(0)
    straight = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    crooked = nn.Sequential(nn.Flatten(), mlp(64, 40, 10, activation=nn.Tanh))
    with torch.no_grad():
        crooked[1][0].weight *= 12
    x = torch.rand(3, 1, 8, 8) * 0.4 + 0.3
    return traverse({"straight": straight, "crooked": crooked}, x, straight(x).argmax(1)), x


def test_a_linear_net_is_straight_in_every_direction(panel):
    panel, _ = panel
    for direction in DIRECTIONS:
        assert panel.at(net="straight", direction=direction)[0].r2 == pytest.approx(1, abs=1e-4)
    assert panel.at(net="crooked")[0].r2 < 0.99


def test_every_pixel_moves_by_the_level_and_the_lead_falls(panel):
    panel, x = panel
    for level in STOPS[::5]:
        moved = panel.at(net="straight", level=level)[0].picture - x[:1]
        torch.testing.assert_close(moved.abs(), torch.full_like(moved, abs(level) / 255))
    result = panel.at(net="straight", level=30)[0]
    truth = result.logits[:, result.truth]
    rival = result.logits[20].scatter(0, torch.tensor(result.truth), -torch.inf).argmax()
    lead = truth - result.logits[:, rival]
    assert (lead.diff() < 0).all()
    assert result.places == [-30, -20, -10, 0, 10, 20, 30]
    assert panel.errors == []


def test_the_frozen_page_is_light(panel):
    panel, _ = panel
    assert len(panel.freeze()) < 400_000


def test_only_the_untouched_picture_is_framed_as_clean(panel):
    panel, _ = panel
    frames = [
        figures.traversed(panel.at(net="straight", level=level)[0]).axes[0] for level in (0, -3, 30)
    ]
    colours = [axes.spines["top"].get_edgecolor() for axes in frames]
    assert len(set(colours)) >= 2
    assert colours[0] not in colours[1:]


def test_a_lead_is_the_true_logit_minus_its_rivals():
    z = torch.tensor([[1.0, 5.0, 2.0], [4.0, 0.0, 9.0]])
    y, rival = torch.tensor([1, 0]), torch.tensor([2, 2])
    assert lead_of(z, y, rival).tolist() == [3.0, -5.0]
    assert lead_of(torch.stack([z, 2 * z]), y, rival).tolist() == [[3.0, -5.0], [6.0, -10.0]]


def test_signed_pictures_show_zero_as_mid_grey():
    drawn = figures.signed(torch.tensor([-2.0, 0.0, 1.0]))
    assert drawn.tolist() == pytest.approx([0, 0.5, 0.75])
    assert figures.signed(torch.zeros(3)).tolist() == [0.5] * 3


def test_the_figures_are_drawn(each_device):
    picture = torch.rand(1, 1, 8, 8, device=each_device)
    share = Estimate(torch.tensor([1.0, 0.0, 1.0]), "error", "sign")
    axis = torch.linspace(-1, 1, 9, device=each_device)
    plane = axis[:, None] + axis
    points = torch.rand(6, 2, device=each_device), torch.arange(6, device=each_device) % 2
    numbers = {"fresh": [1.0, 2.0, 4.0], "trained": [3.0, 3.5, 4.0], "linear": [2.0, 2.0, 2.0]}
    leads = torch.randn(9, 3, device=each_device)
    drawn = [
        figures.no_bend(picture - 0.5, picture, picture, 0.1, (-1.0, 1.0)),
        figures.exact_error(axis, axis.abs(), {"sign of w": ([0, 1], [share] * 2),
                                               "random signs": ([0, 1], [share] * 2)}),
        figures.over_sizes((7, 14, 28), numbers, numbers),
        figures.two_explanations(axis, {"a": [plane, plane.T - 0.1], "b": [plane, plane]},
                                 [points, points]),
        figures.bundles(30 * axis, {"ReLU": leads, "LSTM": leads}, {"ReLU": 0.9, "LSTM": 0.5}),
        figures.dots({"ReLU": {"one": leads[0], "two": leads[1], "three": leads[2]}}, "Words."),
        figures.equal_lengths(picture, [("noise", picture, "3", "neutral")] * 4, 8.0),
    ]  # fmt: skip
    assert all(isinstance(figure, Figure) for figure in drawn)


def test_side_lengths_are_what_stands_under_the_axis():
    numbers = {"fresh": [1.0, 2.0, 4.0]}
    for axes in figures.over_sizes((7, 14, 28), numbers, numbers).axes:
        axes.figure.canvas.draw()
        assert [label.get_text() for label in axes.get_xticklabels()] == ["7", "14", "28"]
