"""Lesson 3.5: its exercises, its figures, its panel."""

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from tests import exercises
from tutlib.lessons.panels.guarantees import METHODS, four_answers_panel, verdicts
from tutlib.nets import mlp
from tutlib.plots import guarantees
from tutlib.risk import Estimate, bounds

EXERCISES = exercises.table("3-5", {
    "verdict": [
        lambda lowest, found: "proved" if found > 0 else "fooled",
        lambda lowest, found: "proved" if lowest > 0 else "fooled",
        lambda lowest, found: "proved" if lowest >= 0 else "fooled" if found < 0 else "unknown",
    ],
    "box_through": [
        lambda W, b, low, high: (W @ low + b, W @ high + b),
        lambda W, b, low, high: (W.abs() @ low + b, W.abs() @ high + b),
        lambda W, b, low, high: (W @ (low + high) / 2 - W.abs() @ (high - low) + b,
                                 W @ (low + high) / 2 + W.abs() @ (high - low) + b),
        lambda W, b, low, high: (W.clamp_min(0) @ low + W.clamp_max(0) @ high,
                                 W.clamp_min(0) @ high + W.clamp_max(0) @ low),
    ],
    "radius": [
        "from scipy.stats import norm\n"
        "def radius(count, draws, sigma, alpha):\n"
        "    return max(0.0, sigma * norm.ppf(count / draws))",
        "from scipy.stats import beta, norm\n"
        "def radius(count, draws, sigma, alpha):\n"
        "    return sigma * norm.ppf(beta.ppf(alpha, count, draws - count + 1))",
        "from scipy.stats import beta, norm\n"
        "def radius(count, draws, sigma, alpha):\n"
        "    p = beta.ppf(1 - alpha, count, draws - count + 1)\n"
        "    return sigma * norm.ppf(p) if p > 0.5 else 0.0",
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


def test_each_method_says_only_what_it_can_know():
    radii = {"intervals": 0.01, "lines": 0.03, "exact": 0.04, "attack": 0.05}
    said = [tuple(verdicts(eps, radii).values()) for eps in (0.005, 0.02, 0.035, 0.045, 0.06)]
    assert said == [
        ("proved", "proved", "safe", "nothing found"),
        ("no answer", "proved", "safe", "nothing found"),
        ("no answer", "no answer", "safe", "nothing found"),
        ("no answer", "no answer", "can be fooled", "nothing found"),
        ("no answer", "no answer", "can be fooled", "fooled"),
    ]


@pytest.fixture
def read():
    """A tiny reader, six pictures, and the radii of the four methods."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), mlp(9, 8, 3)).double()
    x = torch.rand(6, 1, 3, 3).double()
    y = net(x).argmax(1)
    exact = torch.tensor([min(bounds.exact_radius(net, x[k : k + 1], y[k : k + 1], 0.6).radius, 0.6)
                          for k in range(6)]).double()  # fmt: skip
    radii = {"exact": exact, "attack": 1.02 * exact}
    for name, bound in (("intervals", bounds.interval_leads), ("lines", bounds.linear_leads)):
        radii[name] = bounds.widest(
            lambda eps, bound=bound: bound(net, *bounds.box_around(x, eps), y).amin(1) > 0, 6, 0.6
        )
    return net, x, y, radii


def test_the_panel_answers_and_is_light_enough_to_freeze(read):
    panel = four_answers_panel(*read)
    stops = panel.controls[1].stops
    quiet, loud = panel.set(eps=0), panel.set(eps=stops[-1])
    assert set(quiet.radii) == set(METHODS)
    assert quiet.verdicts["lines"] == "proved"
    assert loud.verdicts["exact"] == "can be fooled"
    assert panel.errors == []
    assert len(panel.freeze()) < 400_000


def test_the_panel_needs_a_few_pictures(read):
    net, x, y, radii = read
    with pytest.raises(ValueError, match="needs 4 pictures"):
        four_answers_panel(net, x[:2], y[:2], radii)


def test_the_ladder_is_in_order_of_the_exact_radius_and_shows_all_four(read):
    _, x, _, radii = read
    axes = guarantees.ladder(x, radii).axes[0]
    stars = axes.lines[0].get_ydata()
    assert list(stars) == sorted(radii["exact"].tolist())
    assert len(axes.patches) == 4 * len(x)


def test_the_figures_are_drawn():
    some = [Estimate(torch.tensor([1.0, 0.0, k]), "error", "it") for k in (0.0, 1.0)]
    points, kinds = torch.rand(3, 2), torch.tensor([0, 1, 0])
    squares = {name: torch.tensor([r, r, 0.0]) for name, r in
               (("intervals", 0.01), ("lines", 0.02), ("exact", 0.03))}  # fmt: skip
    figures = [
        guarantees.held(),
        guarantees.shares(
            [0.0, 0.1], {"a": dict.fromkeys(("intervals", "lines", "stand"), some)}, 0.1
        ),
        guarantees.certified_squares(mlp(2, 3, 2), points, kinds, squares),
        guarantees.beyond({"a": torch.rand(1, 1, 4, 4)}, [1, 2], some),
    ]
    assert all(isinstance(figure, Figure) for figure in figures)
