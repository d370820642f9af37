"""Lesson 2.7: its exercises, its figures, its panel."""

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from tests import exercises
from tutlib import risk
from tutlib.balls import Linf
from tutlib.lessons.panels.smallest import smallest_change
from tutlib.plots import smallest as figures
from tutlib.risk import Estimate

EXERCISES = exercises.table("2-7", {
    "wish": [
        lambda z, t: z.gather(1, t[:, None])[:, 0] - z.amax(1),
        lambda z, t: z.amax(1) - z.gather(1, t[:, None])[:, 0],
        lambda z, t: z.softmax(1).gather(1, t[:, None])[:, 0],
        lambda z, t: z.gather(1, t[:, None])[:, 0] - z.scatter(1, t[:, None], 0.0).amax(1),
    ],
    "ratio": [
        lambda z, y: z.scatter(1, y[:, None], -9e9).amax(1) - z.gather(1, y[:, None])[:, 0],
        lambda z, y: (z.gather(1, y[:, None])[:, 0] - z.scatter(1, y[:, None], -9e9).amax(1))
        / (z.amax(1) - z.sort(1, descending=True).values[:, 2]),
        lambda z, y: (z.scatter(1, y[:, None], -9e9).amax(1) - z.gather(1, y[:, None])[:, 0])
        / (z.amax(1) - z.amin(1)),
    ],
    "tally": [
        lambda right, falls: {name: int(fell.sum()) for name, fell in falls.items()},
        lambda right, falls: {name: int((right & fell).sum()) for name, fell in falls.items()},
        "def tally(right, falls):\n"
        "    stands, took = torch.ones_like(right), {}\n"
        "    for name, fell in falls.items():\n"
        "        took[name] = int((stands & fell).sum())\n"
        "        stands = stands & ~fell\n"
        "    return took",
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.fixture
def panel():
    torch.manual_seed(0)
    nets = {name: nn.Sequential(nn.Flatten(), nn.Linear(64, 3)) for name in ("usual", "robust")}
    x = torch.rand(5, 1, 8, 8) * 0.6 + 0.2
    found = {
        name: {"DDN": x + 0.01 * (k + 1), "DeepFool": x + 0.02 * (k + 1)}
        for k, name in enumerate(nets)
    }
    return smallest_change(nets, x, torch.zeros(5, dtype=torch.long), found)


def test_the_panel_shows_the_way_of_the_chosen_method(panel):
    first = panel.set(digit=2, net="usual", method="DDN")
    assert first["ways"]["DDN"] == pytest.approx(0.08, abs=1e-4)
    assert panel.set(net="robust")["ways"]["DDN"] == pytest.approx(0.16, abs=1e-4)
    second = panel.set(method="DeepFool")
    torch.testing.assert_close(second["changed"] - second["clean"], torch.full((1, 1, 8, 8), 0.04))
    assert panel.errors == []
    assert len(panel.freeze()) < 400_000


def test_a_picture_that_still_stands_is_not_framed_as_fallen():
    found = {"clean": torch.rand(1, 1, 8, 8), "changed": torch.rand(1, 1, 8, 8), "truth": 3,
             "method": "DDN", "ways": {"DDN": 1.0}, "longest": 1.0}  # fmt: skip
    stands, fell = (
        figures.one_change(found | {"says": [3, says]}).axes[2].spines["top"].get_edgecolor()
        for says in (3, 5)
    )
    assert stands != fell


def test_the_figures_are_drawn(each_device):
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).to(each_device)
    x = torch.rand(6, 1, 8, 8, device=each_device)
    result = risk.strongest(net, x, net(x).argmax(1), Linf(0.02))
    share = Estimate(torch.tensor([1.0, 0.0, 1.0]), "error", "PGD")
    ways = {"DDN": torch.rand(6), "DeepFool": torch.rand(6)}
    drawn = [
        figures.neighbours({"clean": (x, ["1"] * 6), "usual": (x, ["2"] * 6)}, "A caption."),
        figures.distances({"usual": ways, "robust": ways}),
        figures.masked([1, 10], {"PGD": [share] * 2, "strongest": [share] * 2}),
        figures.eaten({"usual": result}),
    ]
    assert all(isinstance(figure, Figure) for figure in drawn)
