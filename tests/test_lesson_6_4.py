"""6.4: its exercises, its panel, its figures, and the map whose every stop leads to a lesson."""

import json
import re
import shutil

import pytest
import torch
from torch import nn

from tests import exercises
from tools import notebooks
from tutlib import assets
from tutlib.attacks import Towards, pgd
from tutlib.balls import L2, Box, Linf
from tutlib.descent import Plain, Steepest, ascend, descend
from tutlib.lessons import course_map as charts
from tutlib.lessons.panels.faces import NET, STOPS, sum_of_wishes, three_wishes
from tutlib.nets import Classifier
from tutlib.plots import faces
from tutlib.style import Crowd


def mixed(z, one, other, a, b):
    return a / 2 * (z - one).square().sum() + b / 2 * (z - other).square().sum()


def between(x, one, other, a, b, steps, length):
    return descend(lambda z: mixed(z, one, other, a, b), x, Box(), Plain(length), steps)


EXERCISES = exercises.table("6-4", {
    "sentence": [
        lambda objective, x, eps: ascend(objective, x, Linf(eps), Steepest(eps), 1),
        lambda objective, x, eps: ascend(objective, x, L2(eps), Plain(eps), 1),
        lambda objective, x, eps: descend(objective, x, L2(eps), Steepest(eps), 1),
        lambda objective, x, eps: ascend(objective, x, L2(eps), Steepest(eps), 1, box=None),
    ],
    "between": [
        lambda x, one, other, a, b, steps: between(x, one, other, a, b, steps, 1.0),
        lambda x, one, other, a, b, steps: between(x, one, other, b, a, steps, 1 / (a + b)),
        lambda x, one, other, a, b, steps: (a * one + b * other) / (a + b),
        lambda x, one, other, a, b, steps: between(x, one, other, 1, 1, steps, 0.5),
    ],
    "ball_of": [
        lambda x, mask, eps: Linf(eps),
        lambda x, mask, eps: Box(x - eps * (1 - mask), x + eps * (1 - mask)),
        lambda x, mask, eps: Box(0 * x, mask.expand_as(x)),
        lambda x, mask, eps: Box(x * (1 - mask), x * (1 - mask) + mask),
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_solutions(exercise, wrong):
    exercises.settle(exercise, wrong)


# ---------------------------------------------------------------- the map


def test_the_map_has_every_lesson_and_each_link_leads_to_it():
    figure = charts.course_map(notebooks.FOLDER, here="6.4")
    here = next(notebooks.FOLDER.rglob("6-4-*.ipynb")).parent
    links = re.findall(r'<a href="([^"]+)"', figure.html)
    led = {(here / link).resolve() for link in links}
    lessons = {path.resolve() for path in notebooks.find() if path.stem[0].isdigit()}
    assert led == lessons
    assert len(links) == len(lessons)
    assert not [link for link in links if link.startswith(("/", "http"))]
    assert figure.html.count('aria-current="page"') == 1
    for stop in charts.stops(notebooks.FOLDER):
        assert f"<strong>{stop.number}</strong> {stop.title}" in figure.html


def test_the_map_grows_with_the_folder_and_is_in_order(tmp_path):
    for name, title in (("2-10-late", "Late & <last>"), ("2-2-early", "Early"), ("notes", "Mine")):
        path = tmp_path / "2-targeted-attacks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"cells": [{"source": [f"# {title}\n", "*Hello.*"]}]}))
    (tmp_path / "5-gans").mkdir()
    shutil.copy(path.parent / "2-2-early.ipynb", tmp_path / "5-gans" / "5-1-a.ipynb")
    found = charts.stops(tmp_path)
    assert [(stop.chapter[0], stop.number) for stop in found] == [
        ("2", "2.2"), ("2", "2.10"), ("5", "5.1")]  # fmt: skip
    assert {stop.chapter for stop in found} == {"2 Targeted attacks", "5 GANs"}
    page = charts.course_map(tmp_path).html
    assert "Late &amp; &lt;last&gt;" in page
    assert 'href="2-targeted-attacks/2-2-early.ipynb"' in page
    assert "../5-gans/5-1-a.ipynb" in charts.course_map(tmp_path, here="2.2").html


def test_a_map_of_nothing_gets_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="no lesson lies"):
        charts.course_map(tmp_path)
    with pytest.raises(ValueError, match=r"no lesson 9\.9"):
        charts.course_map(notebooks.FOLDER, here="9.9")


def test_the_picture_of_the_map_says_every_title():
    lines = {"1 One": [("1.1", "First"), ("1.2", "Second")], "2 Two": [("2.1", "Third")]}
    figure = faces.draw_map(lines, here="1.2")
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert all(word in words for word in ("1 One", "1.1 First", "1.2 Second", "2.1 Third"))
    filled = [line for line in figure.axes[0].lines
              if line.get_marker() == "o" and line.get_markerfacecolor() != "white"]  # fmt: skip
    assert len(filled) == 1


# ---------------------------------------------------------------- six faces, three wishes


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    body = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 3))
    return Classifier(body.requires_grad_(False), ["hog", "airliner", "teapot"], 32, "bundled",
                      "a tiny net").to(assets.device())  # fmt: skip


def test_a_ball_of_radius_one_is_every_picture(net):
    x = torch.rand(2, 3, 8, 8, device=assets.device())
    goal = torch.tensor([1, 1], device=x.device)
    ours = ascend(Towards(net, goal), x, Box(), Steepest(0.02), 5)
    theirs = pgd(net, x, 0, Linf(1.0), target=1, steps=5, step_size=0.02, random_start=False)
    torch.testing.assert_close(ours, theirs)


def test_the_sum_is_the_sum_of_its_parts(net):
    pig, x = torch.rand(2, 1, 3, 32, 32, device=assets.device())
    crowd = Crowd(pig, keep=200)
    wish = Towards(net, torch.tensor([1], device=pig.device))

    def value(*weights):
        crowd.random.manual_seed(0)  # the grid is drawn anew in every look
        return sum_of_wishes(pig, crowd, wish, weights)(x)

    torch.testing.assert_close(value(1, 0, 0), (x - pig).square().sum() / 2)
    torch.testing.assert_close(value(0, 0, 2), -2 * NET * wish(x).sum())
    apart = 0.3 * value(1, 0, 0) + 2 * value(0, 1, 0) + value(0, 0, 1)
    torch.testing.assert_close(value(0.3, 2, 1), apart)
    assert value(0, 0, 0) == 0


def test_the_panel_answers_to_its_sliders(net):
    panel = three_wishes(net, size=32, keep=100)
    pig = torch.nn.functional.interpolate(assets.picture("hog"), (32, 32), mode="area")
    far = {}
    for weight in (0, 1):
        found = panel.set(pig=weight, paint=0.1, airliner=0)
        far[weight] = (found["picture"] - pig).square().mean()
    assert far[1] < far[0]
    beliefs = [dict(panel.set(pig=0.3, paint=0.3, airliner=w)["said"])["airliner"] for w in (0, 1)]
    assert beliefs[1] > beliefs[0]
    again = panel.set(pig=0.3, paint=0.3, airliner=1)["picture"]
    panel.set(pig=1, paint=1, airliner=0)
    assert torch.equal(again, panel.set(pig=0.3, paint=0.3, airliner=1)["picture"])
    assert set(STOPS) >= {0, 0.3, 1}
    assert not panel.errors


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.5, "50.0 %"), (5e-4, "0.05 %"), (9e-5, "< 0.01 %"), (0.9994, "99.9 %"), (1, "> 99.9 %")],
)
def test_small_chances_have_words(value, said):
    assert faces.percent(value) == said


def test_five_pictures_and_a_cloud():
    picture, cloud = torch.rand(1, 3, 8, 8), torch.rand(9, 2)
    five = {f"title {k}": (picture, "generated") for k in range(5)}
    figure = faces.faces(five, ("the cloud", cloud, cloud, cloud + 0.1), "A caption.")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["title 0", "title 1", "title 2", "title 3", "the cloud", "title 4"]
