"""Lesson 2.5: its exercises, its figures, its panel."""

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from tests import exercises
from tutlib.lessons.panels.camera import in_your_hand
from tutlib.nets import Classifier
from tutlib.plots import camera as figures
from tutlib.plots.theme import COLOURS
from tutlib.risk import Estimate

EXERCISES = exercises.table("2-5", {
    "paste": [
        lambda sign, sticker, mask: sign + mask * sticker,
        lambda sign, sticker, mask: mask * sign + (1 - mask) * sticker,
        lambda sign, sticker, mask: (1 - mask) * sign + mask * sticker.detach(),
    ],
    "rounded": [
        lambda x: x.round(),
        lambda x: x,
        lambda x: x.round().detach() - (x - x.round().detach()) ** 3,
        lambda x: x.floor().detach() + (x - x.floor().detach()) ** 3,
    ],
    "eot_gradient": [
        "def eot_gradient(loss, change, x, draws):\n"
        "    return draws * right(loss, change, x, draws)",
        "def eot_gradient(loss, change, x, draws):\n"
        "    return right(loss, change, x, 1)",
        "def eot_gradient(loss, change, x, draws):\n"
        "    x = x.detach().requires_grad_(True)\n"
        "    mean = loss(sum(change(x) for _ in range(draws)) / draws)\n"
        "    return torch.autograd.grad(mean, x)[0]",
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.fixture
def panel():
    torch.manual_seed(0)
    body = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 4))
    net = Classifier(body, ["hog", "wombat", "tabby", "teapot"], 16, "bundled", "a net")
    x = nn.functional.interpolate(torch.rand(1, 3, 4, 4), size=32, mode="bilinear")
    return in_your_hand(net, {"plain": x, "through the camera": 1 - x}, 0, 2), net, x


def test_at_rest_the_panel_shows_the_file_and_then_what_the_camera_sees(panel):
    panel, net, x = panel
    still = panel.set(turn=0)
    assert still["tops"]["plain"][0][0] == net.top(x, 1)[0][0]
    assert still["tops"]["plain"][0][1] == pytest.approx(net.top(x, 1)[0][1], abs=1e-3)
    turned = panel.set(turn=30, file="coarse")
    assert not torch.allclose(still["photos"]["plain"], turned["photos"]["plain"], atol=0.01)
    assert panel.errors == []
    assert len(panel.freeze()) < 400_000


def test_a_verdict_has_the_colour_of_its_meaning():
    share = torch.rand(3, 3, 8, 8)
    figure = figures.photos({"plain": (share, ["hog", "tabby", "teapot"])}, "abc", "hog", "tabby",
                            "A caption.")  # fmt: skip
    frames = [axes.spines["top"].get_edgecolor()[:3] for axes in figure.axes]
    wanted = [COLOURS[name] for name in ("neutral", "target", "adversarial")]
    rgb = [tuple(int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)) for c in wanted]
    assert frames == [pytest.approx(c) for c in rgb]


def test_the_figures_are_drawn(each_device):
    share = Estimate(torch.tensor([1.0, 0.0, 1.0]), "error", "plain")
    three = dict.fromkeys(figures.LOOKS, share)
    photo = torch.rand(1, 3, 8, 8, device=each_device)
    drawn = [
        figures.survivals({"our camera": three, "wild": {"plain": share}}, "in per cent", "Words."),
        figures.through_the_finder({"photos": {"plain": photo, "other": photo}, "truth": "a",
                                    "goal": "b", "tops": {"plain": [("a", 0.8), ("b", 0.2)],
                                                          "other": [("c", 0.6), ("b", 0.4)]}}),
    ]  # fmt: skip
    assert all(isinstance(figure, Figure) for figure in drawn)
