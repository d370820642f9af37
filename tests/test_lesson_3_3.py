"""Lesson 3.3: its exercises, its figures, its panel."""

import io

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

from tests import exercises
from tutlib.lessons.panels.maps import click_a_map
from tutlib.plots import maps as figures
from tutlib.plots.theme import COLOURS
from tutlib.risk import Estimate, maps

EXERCISES = exercises.table("3-3", {
    "times": [100, 0.1, 5],
    "right_angle": [
        "def right_angle(u, seed):\n    v = right(u, seed)\n    return 2 * v",
        "def right_angle(u, seed):\n"
        "    noise = torch.randn(u.shape, generator=torch.Generator().manual_seed(seed)).to(u)\n"
        "    v = noise - (noise @ u) * u\n"
        "    return v / v.norm()",
        "def right_angle(u, seed):\n    return right(u, 0)",
        "def right_angle(u, seed):\n"
        "    v = torch.zeros_like(u)\n"
        "    v[seed], v[seed + 1] = u[seed + 1], -u[seed]\n"
        "    return v / v.norm()",
    ],
    "deal": [
        "def deal(g, k):\n"
        "    hands = torch.zeros(k, len(g), dtype=g.dtype)\n"
        "    for player, rows in enumerate(torch.arange(len(g)).tensor_split(k)):\n"
        "        hands[player, rows] = g[rows]\n"
        "    return hands / hands.norm(dim=1, keepdim=True)",
        "def deal(g, k):\n    return right(g, k) * 2",
        "def deal(g, k):\n    return right(g, k).abs()",
        "def deal(g, k):\n"
        "    from tutlib.risk import maps\n"
        "    return maps.aligned(g, k)",
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.fixture
def panel():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10))
    x = torch.rand(9, 1, 8, 8)
    y = net(x).argmax(1)
    _, right = maps.way_out(net, x, y)
    right = right / right.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    up = maps.at_right_angles(right)
    return click_a_map(net, x, y, right, up, 2.0, side=9), net, x, y, right, up


def test_the_panel_shows_the_picture_that_is_there(panel):
    panel, net, x, y, right, up = panel
    found = panel.set(place=(1.75, 0.25))  # the middle map of the lowest row: to the right, down
    expected = (x[7:8] + 2.0 * (0.5 * right[7:8] - 0.5 * up[7:8])).clamp(0, 1)
    torch.testing.assert_close(found["picture"], expected)
    torch.testing.assert_close(found["logits"], net(expected)[0].detach())
    assert found["own"] == y[7]
    assert panel.errors == []


def test_the_cross_lies_on_the_colour_that_the_net_says(panel):
    panel, _net, *_ = panel
    for place in ((0.5, 2.5), (2.0, 3.0), (0.99, 1.5), (2.5, 0.01)):
        found = panel.set(place=place)
        column, row = ((np.clip(p, -1, 1) + 1) / 2 * 8 for p in found["place"])
        if column == round(column) and row == round(row):
            assert found["classes"][int(row), int(column)] == found["logits"].argmax()
    assert panel.set(place=(0.5, 2.5))["place"] == (0.0, 0.0)


def test_every_corner_of_the_pad_is_on_a_map(panel):
    panel = panel[0]
    for place in ((0, 0), (3, 0), (0, 3), (3, 3)):
        assert max(map(abs, panel.set(place=place)["place"])) <= 1
    assert panel.errors == []


def test_the_page_is_light_and_the_words_name_the_place(panel):
    panel = panel[0]
    assert len(panel.freeze()) < 400_000
    assert "Map 5 of 9" in panel.at(place=(1.9, 1.5))[1].alt
    with pytest.raises(ValueError, match="room for 9 maps"):
        click_a_map(None, torch.rand(2, 1, 8, 8), torch.zeros(2), None, None, 1.0)


def test_blue_is_the_own_class_and_nothing_else():
    classes = torch.tensor([[3, 3, 7], [3, 3, 7], [3, 9, 7]])
    image = figures.coloured(classes, 3)[::-1]
    blue = np.isclose(image, figures.BLUE).all(-1)
    assert (blue == (classes == 3).numpy()).all()
    assert np.allclose(image[0, 2], figures.ORANGE)  # the largest wrong answer is darkest
    assert image[2, 1].min() > image[0, 2].min()
    assert COLOURS["clean"] == "#0072B2"


def test_the_up_direction_is_up():
    classes = torch.zeros(5, 5, dtype=torch.long)
    classes[4] = 1  # the largest a
    assert np.allclose(figures.coloured(classes, 0)[0], figures.ORANGE)


def test_the_figures_are_drawn(each_device):
    classes = torch.randint(0, 3, (5, 9, 9), device=each_device)
    own = torch.zeros(5, dtype=torch.long, device=each_device)
    group = [Estimate(torch.rand(4), "loss", "digits")] * 3
    drawn = [
        figures.atlas(classes, own, ("right", "up"), "A caption."),
        figures.ways(torch.tensor([9, 1, 0]), torch.tensor([3, 0, 0]),
                     {"a flat wall\nwould allow": (3.0, (2, 4)), "found": (1.0, (0, 2))}, "Words."),
        figures.transfer([1, 2, 4], {"small": group, "in the middle": group, "large": group}, "W."),
    ]  # fmt: skip
    assert all(isinstance(figure, Figure) for figure in drawn)


def test_a_region_too_narrow_for_a_letter_goes_without():
    line = np.zeros((9, 9), bool)
    line[:, 8] = True
    assert figures._deepest(line) is None
    line[:, 6:] = True
    assert figures._deepest(line) is None, "a letter would hang over the edge"
    i, j = figures._deepest(~line)
    assert not line[i, j]
    assert 1 < i < 7


def test_each_colour_lies_around_its_own_point():
    classes = torch.zeros(5, 5, dtype=torch.long)
    classes[:, 3:] = 1  # the wall is half way from the third point to the fourth
    drawn = figures.atlas(classes[None], [0], ("right", "up"), "Words.", columns=1).axes[0]
    left, right = drawn.images[0].get_extent()[:2]
    assert left + 3 / 5 * (right - left) == pytest.approx(0.25)
    assert drawn.get_xlim() == (-1, 1)
    tile = np.asarray(
        Image.open(io.BytesIO(figures.background(classes[None], [0], 1))).convert("RGB")
    )
    first = np.argmax(tile[2, :, 0] > 128)  # the first orange pixel
    assert first / tile.shape[1] == pytest.approx((1 + 0.25) / 2, abs=0.02)
