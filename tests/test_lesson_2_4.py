"""Lesson 2.4: its exercises, its figures, its panel."""

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from tests import exercises
from tutlib.lessons.panels.universal import LEVELS, one_noise
from tutlib.nets import Classifier
from tutlib.plots import universal as figures
from tutlib.risk import Estimate

EXERCISES = exercises.table("2-4", {
    "fooling_rate": [
        lambda before, after, y: (after != y).float().mean(),
        lambda before, after, y: (after != before).float().mean(),
        lambda before, after, y: ((before == y) & (after != y)).float().mean(),
    ],
    "distance": [
        lambda W, b, x, y: ((W @ x + b)[y] - (W @ x + b))[torch.arange(len(b)) != y].min(),
        lambda W, b, x, y: (((W @ x + b)[y] - (W @ x + b)) / W.norm(dim=1))[
            torch.arange(len(b)) != y].min(),
        lambda W, b, x, y: (((W @ x + b)[y] - (W @ x + b)) / (W[y] - W).norm(dim=1))[
            torch.arange(len(b)) != y].max(),
    ],
    "one_noise_to": [
        lambda model, x, target, eps, steps, size: eps * torch.ones_like(x[:1]),
        "def one_noise_to(model, x, target, eps, steps, step_size):\n"
        "    return right(model, x, target, 3 * eps, steps, 3 * step_size)",
        "def one_noise_to(model, x, target, eps, steps, step_size):\n"
        "    return right(model, x, target, eps, steps, step_size).expand_as(x)",
        "def one_noise_to(model, x, target, eps, steps, step_size):\n"
        "    return -right(model, x, target, eps, steps, step_size)",
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
    x = torch.rand(6, 3, 16, 16) * 0.6 + 0.2
    noises = {"L∞": 0.01 * torch.randn(1, 3, 16, 16).sign(), "L2": 0.01 * torch.randn(1, 3, 16, 16)}
    return one_noise(net, x, net(x).argmax(1), noises), x


def test_the_panel_carries_one_noise_from_picture_to_picture(panel):
    panel, x = panel
    first, second = panel.set(picture=1, eps=2), panel.set(picture=2)
    assert torch.equal(first["delta"], second["delta"])
    torch.testing.assert_close(second["picture"] - second["delta"], x[1:2])
    assert panel.errors == []
    assert len(panel.freeze()) < 400_000


@pytest.mark.parametrize("noise", ["the one noise", "random noise"])
def test_both_noises_of_a_norm_are_of_one_size(panel, noise):
    panel, x = panel
    for level in LEVELS:
        flat = panel.set(noise=noise, eps=level, norm="L∞")["delta"]
        assert flat.abs().max().item() == pytest.approx(level / 255, abs=1e-7)
        round_ = panel.set(norm="L2")["delta"]
        assert round_.norm().item() == pytest.approx(level / 255 * x[0].numel() ** 0.5, abs=1e-5)


def test_a_picture_that_is_still_right_is_not_framed_as_fallen():
    pictures = torch.rand(16, 3, 8, 8)
    names = ["hog"] * 16
    said = ["hog"] * 15 + ["teapot"]
    axes = figures.renamed(pictures, torch.rand(1, 3, 8, 8) / 100, names, said).axes[2:]
    colours = [ax.spines["top"].get_edgecolor() for ax in axes]
    assert len(set(colours[:15])) == 1
    assert colours[15] != colours[0]


def test_only_a_picture_without_noise_is_framed_as_clean():
    found = {"picture": torch.rand(1, 3, 8, 8), "strongest": 0.1, "truth": "a", "top": [("a", 1.0)]}
    noisy, clean = (
        figures.carried(found | {"delta": size * torch.ones(1, 3, 8, 8)}).axes[0]
        for size in (0.1, 0)
    )
    assert clean.spines["top"].get_edgecolor() != noisy.spines["top"].get_edgecolor()


def test_the_middle_of_a_noise_is_not_thinned_out():
    noise = torch.arange(36.0).view(1, 1, 6, 6)
    assert torch.equal(figures.middle(noise, 2), noise[..., 2:4, 2:4])
    assert torch.equal(figures.middle(noise, 9), noise)


def test_the_figures_are_drawn(each_device):
    share = Estimate(torch.tensor([1.0, 0.0, 1.0]), "error", "one noise")
    pair = {"one noise": [share] * 2, "random noise": [share] * 2}
    delta = torch.rand(1, 3, 8, 8, device=each_device) / 100
    drawn = [
        figures.renamed(torch.rand(16, 3, 8, 8, device=each_device), delta, ["a"] * 16, ["b"] * 16),
        figures.over_eps({"things | eps": ([1, 2], pair), "digits | eps": ([1, 2], pair)}),
        figures.shares({"a": {"one noise": share, "other": share}}, "A caption."),
        figures.new_names(["a", "b"], torch.tensor([1, 2]), torch.tensor([2, 1])),
        figures.common_directions(torch.rand(5), torch.rand(5), {"the first 5": share}),
        figures.carried({"picture": torch.rand(1, 3, 8, 8), "delta": delta, "strongest": 0.1,
                         "truth": "a", "top": [("b", 0.8), ("a", 0.2)]}),
    ]  # fmt: skip
    assert all(isinstance(figure, Figure) for figure in drawn)
