"""Lesson 2.6: its exercises, its figures, its panel."""

import pytest
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from tests import exercises
from tutlib.lessons.panels.transfer import PARTS, shown_to_all
from tutlib.plots import transfer as figures
from tutlib.risk import Estimate

EXERCISES = exercises.table("2-6", {
    "crossed": [
        lambda at_home, away: away.float().mean(),
        lambda at_home, away: (at_home & away).float().mean(),
        lambda at_home, away: at_home[away].float().mean(),
    ],
    "next_questions": [
        lambda model, x, y, size: (x + size * torch.randn_like(x).sign()).clamp(0, 1),
        "def next_questions(model, x, y, size):\n"
        "    return (2 * x - right(model, x, y, size)).clamp(0, 1)",
        "def next_questions(model, x, y, size):\n"
        "    x = x.clone().requires_grad_()\n"
        "    g, = torch.autograd.grad(model(x).gather(1, y[:, None]).sum(), x)\n"
        "    return (x + size * g.sign()).detach()",
        "def next_questions(model, x, y, size):\n"
        "    x = x.clone().requires_grad_()\n"
        "    g, = torch.autograd.grad(model(x).gather(1, y[:, None]).sum(), x)\n"
        "    return (x + size * g).clamp(0, 1).detach()",
        "def next_questions(model, x, y, size):\n"
        "    return torch.cat([x, right(model, x, y, size)])",
    ],
    "into_leaf": [
        lambda x, low, high, beyond: (low + high) / 2,
        lambda x, low, high, beyond: torch.clamp(x, low, high),
        lambda x, low, high, beyond: torch.where(x <= low, low + beyond, x),
        lambda x, low, high, beyond: torch.clamp(x, low + beyond, high + beyond),
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.fixture
def panel():
    x = torch.full((5, 1, 4, 4), 0.5)
    bright = lambda z: F.one_hot((z.flatten(1).mean(1) > 0.6).long(), 2).float()  # noqa: E731
    corner = lambda z: F.one_hot((z[:, 0, 0, 0] > 0.6).long(), 2).float()  # noqa: E731
    spot = x.clone()
    spot[:, 0, 0, 0] = 0.8
    y = torch.zeros(5, dtype=torch.long)
    return shown_to_all({"bright": bright, "corner": corner}, {"bright": x + 0.2, "corner": spot},
                        x, y)  # fmt: skip


def test_the_panel_says_who_falls(panel):
    assert panel.set(source="bright", part=100)["says"] == {"bright": 1, "corner": 1}
    assert panel.set(source="corner")["says"] == {"bright": 0, "corner": 1}
    assert panel.set(part=0)["says"] == {"bright": 0, "corner": 0}
    assert not panel.set(part=0)["delta"].any()
    for part in PARTS:
        assert panel.set(part=part)["picture"].min() >= 0
        assert panel.set(part=part)["picture"].max() <= 1
    assert panel.errors == []


def test_who_misreads_a_digit_untouched_never_falls(panel):
    x, y = torch.full((5, 1, 4, 4), 0.5), torch.ones(5, dtype=torch.long)
    zero = lambda z: F.one_hot(torch.zeros(len(z), dtype=torch.long), 2)  # noqa: E731
    found = shown_to_all({"zero": zero}, {"zero": x}, x, y).set(part=100)
    assert found["says"] == {"zero": 0}
    assert figures.fallen_readers(found) == []
    found = panel.set(source="bright", part=100)
    assert figures.fallen_readers(found) == ["bright", "corner"]


def test_the_panels_page_is_small(panel):
    assert len(panel.freeze()) < 400_000


def test_only_an_untouched_digit_is_framed_as_clean_and_only_the_wrong_are_crossed():
    found = {"picture": torch.rand(1, 1, 8, 8), "truth": 3, "source": "LR",
             "says": {"net": 3, "LR": 5, "tree": 7}, "misread": ["tree"]}  # fmt: skip
    drawn = {size: figures.who_falls(found | {"delta": size * torch.ones(1, 1, 8, 8)})
             for size in (0.0, 0.1)}  # fmt: skip
    frames = [figure.axes[0].spines["top"].get_edgecolor() for figure in drawn.values()]
    assert frames[0] != frames[1]
    crossed = [text.get_text() for text in drawn[0.1].axes[2].texts if "✗" in text.get_text()]
    assert crossed == ["5 ✗"]  # the tree was wrong before: it has not fallen


def test_a_missing_row_stays_empty():
    names = ["a", "b"]
    figure = figures.matrices({"x": (names, names, [[1, 2], [None, None]])})
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "2"]


def test_the_figures_are_drawn(each_device):
    share = Estimate(torch.tensor([1.0, 0.0, 1.0]), "error", "so")
    weights = torch.randn(10, 16, device=each_device)
    drawn = [
        figures.twins(weights, weights, ["A", "B"]),
        figures.matrices({"a": (["p"], ["p", "q"], [[1, 2]]), "b": (["p"], ["p"], [[3]])}),
        figures.compared({"g": {"one": share, "two": share, "random noise": share}}, "Words."),
        figures.by_questions([150, 300], [share, share], share),
        figures.by_questions([150], [share], share, ([1, 2, 3], [share] * 3)),
    ]
    assert all(isinstance(figure, Figure) for figure in drawn)
    assert [axes.get_title() for axes in drawn[0].axes[:3]] == ["0", "1", "2"]
