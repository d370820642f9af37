"""Lesson 3.4: grounds that are swapped, cords that are circles, its exercises, figures, panel."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from scipy import ndimage
from torch import nn

from tests import exercises
from tutlib.assets import device, on_ground
from tutlib.lessons.cords import INNER, OUTER, twisted_cords
from tutlib.lessons.panels.grounds import GROUNDS, SHOWN, swap_the_ground
from tutlib.plots import fooling as figures
from tutlib.risk import Estimate

EXERCISES = exercises.table("3-4", {
    "habit": [
        lambda home, moved: home.float().mean() - moved.float().mean(),
        lambda home, moved: (home & ~moved).float().mean(),
        lambda home, moved: (home == moved).float().mean(),
    ],
    "bumps": [
        lambda x, centres, width: torch.exp(-torch.cdist(x, centres) / (2 * width**2)),
        lambda x, centres, width: torch.exp(-torch.cdist(x, centres).square() / (2 * width)),
        lambda x, centres, width: torch.exp(-torch.cdist(centres, x).square() / (2 * width**2)),
        lambda x, centres, width: torch.cdist(x, centres).square() / (2 * width**2),
    ],
    "rubbish": [
        "def rubbish(model, target, shape, steps, size):\n"
        "    return 1 - right(model, target, shape, steps, size)",
        lambda model, target, shape, steps, size: torch.rand(shape),
        "def rubbish(model, target, shape, steps, size):\n"
        "    x = torch.full(shape, 0.5)\n"
        "    for _ in range(steps):\n"
        "        x.requires_grad_(True)\n"
        "        g, = torch.autograd.grad(model(x).log_softmax(1)[0, target], x)\n"
        "        x = x.detach() + size * g.sign()\n"
        "    return x",
        "def rubbish(model, target, shape, steps, size):\n"
        "    return right(model, target, shape, 1, size)",
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


def test_only_the_ground_changes():
    (grass, there), (sand, same) = (on_ground("wombat", g, [3, 4], 32) for g in ("grass", "sand"))
    # High grass may hide a foot; nothing else of the animal moves.
    assert (there == same).float().mean() > 0.97
    inside = (there & same).expand_as(grass)
    thing, rest = (grass - sand).abs()[inside].mean(), (grass - sand).abs()[~inside].mean()
    assert rest > 2 * thing
    alone, _ = on_ground("wombat", "grass", [4], 32)
    torch.testing.assert_close(grass[1:], alone)


def test_covering_hides_the_whole_animal():
    picture, mask = on_ground("hog", "sand", [5], 48)
    # The hog is what differs from the same place without it: nothing of it is outside the mask.
    share = mask.float().mean().item()
    assert 0.05 < share < 0.7
    assert picture.min() >= 0
    assert picture.max() <= 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("unicorn", "grass", [1]), "unicorn"),
        (("hog", "lava", [1]), "lava"),
        (("hog", "sky", [1]), "camera"),
        (("hog", "grass", []), "seeds"),
        (("hog", "grass", [-1]), "seed"),
        (("hog", "grass", [1], 4), "size"),
    ],
)
def test_a_ground_that_is_not_there_gets_a_sentence(arguments, said):
    with pytest.raises(ValueError, match=said):
        on_ground(*arguments)


def pieces(picture):
    level = picture[0, 0].numpy()
    return ndimage.label((level == 0) | (level == 1), np.ones((3, 3)))


@pytest.mark.parametrize(("size", "rings"), [(600, 6), (900, 9)])
def test_cords_are_circles_where_the_formula_says(size, rings):
    found, count = pieces(twisted_cords(size, rings))
    assert count == rings
    v, u = np.indices(found.shape) - (size - 1) / 2
    radius = np.hypot(u, v)
    for k in range(rings):
        low = radius[found == k + 1].min() / (size / 2)
        high = radius[found == k + 1].max() / (size / 2)
        numbers = np.log(np.array([low, high]) / INNER) / np.log(OUTER / INNER) * rings
        assert len(set(np.floor(numbers))) == 1  # it never leaves its ring
        assert numbers.mean() % 1 == pytest.approx(0.5, abs=0.1)


def test_a_climbing_cord_is_one_spiral():
    _, count = pieces(twisted_cords(600, 6, climb=1))
    assert count == 1
    _, count = pieces(twisted_cords(600, 6, climb=2))
    assert count == 2


def test_cords_ask_for_sensible_numbers():
    for wrong in ({"size": 20}, {"rings": 0}, {"climb": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            twisted_cords(**wrong)


class Greenness(nn.Module):
    """A Clever Hans, made by hand: logits for (hog, wombat) from how green the lower edge is."""

    def forward(self, x):
        green = 60 * (x[:, 1] - x[:, 0])[:, -3:].mean((1, 2))
        return torch.stack([green, -green], 1)


@pytest.fixture
def panel():
    blind = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    both = {"a habit": Greenness(), "another": blind.to(device())}
    return swap_the_ground(both, ["hog", "wombat"], [11, 12], 24)


def test_the_panel_swaps_the_ground_and_nothing_else(panel):
    said = {}
    for animal in ("hog", "wombat"):
        for ground in ("grass", "sand"):
            found = panel.set(animal=animal, ground=ground, shown=SHOWN[0])
            said[animal, ground] = max(found["said"]["a habit"], key=lambda pair: pair[1])[0]
    assert said["hog", "grass"] == said["wombat", "grass"] == "hog"
    assert said["hog", "sand"] == said["wombat", "sand"] == "wombat"
    assert panel.errors == []
    assert len(panel.freeze()) < 400_000
    assert set(GROUNDS) >= {"grass", "sand"}


def test_a_covered_animal_is_grey_and_not_framed_as_clean(panel):
    plain, covered = (panel.set(shown=shown) for shown in SHOWN)
    assert covered["meaning"] != plain["meaning"]
    hidden = (covered["picture"] == 0.5).all(1)
    assert hidden.float().mean() > 0.05
    torch.testing.assert_close(
        covered["picture"][:, :, ~hidden[0]], plain["picture"][:, :, ~hidden[0]]
    )


@pytest.mark.parametrize(
    ("value", "words"), [(0.9999, "> 99.9 %"), (0.97, "97 %"), (0.003, "< 1 %")]
)
def test_how_sure_in_words(value, words):
    assert figures.sure(value) == words


def test_the_figures_are_drawn(each_device):
    share = Estimate(torch.tensor([1.0, 0.0, 1.0]), "error", "right")
    x = torch.rand(2, 3, 8, 8, device=each_device)
    said = {"one": [("hog", 0.2), ("wombat", 0.8)], "two": [("hog", 0.9), ("wombat", 0.1)]}
    drawn = [
        figures.dots({"at home": {"a": share, "b": share}}, "right", chance=0.5),
        figures.exceptions([0, 4], {"at home": [share] * 2, "moved": [share] * 2}, 40),
        figures.sheet({"a": [(x[0], "1", "ink")], "b": [(x[1], "2", "ink")] * 2}, "A caption."),
        figures.illusion(twisted_cords(300).to(each_device)),
        figures.unrolled({"a": twisted_cords(300).to(each_device), "b": twisted_cords(300)}),
        figures.where_it_stands({"picture": x[:1], "truth": "hog", "said": said,
                                 "meaning": "clean"}),
    ]  # fmt: skip
    assert all(isinstance(figure, Figure) for figure in drawn)


def test_unrolled_circles_are_level(each_device):
    figure = figures.unrolled({"circles": twisted_cords(600, 6).to(each_device)})
    (image,) = figure.axes[0].images
    rows = np.asarray(image.get_array())
    level = np.isin(rows, (0.0, 1.0)).mean(1)  # share of each radius that is cord
    assert ((level > 0.9) | (level < 0.9)).all()
    assert (level > 0.99).sum() >= 6
    assert (level < 0.01).sum() >= 6
