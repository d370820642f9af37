"""Lesson 5.3: the forger that ships, how it was made, the figures, the panel, the exercises."""

import pytest
import torch
from matplotlib.figure import Figure

from tests import exercises
from tutlib import assets, gan
from tutlib.assets import catalogue
from tutlib.assets.build import people as recipe
from tutlib.lessons.panels import latent as panel
from tutlib.plots import latent as figures

EXERCISES = exercises.table("5-3", {
    "arc": [
        lambda a, b, t: (1 - t) * a + t * b,
        lambda a, b, t: ((1 - t) * a + t * b) * a.norm() / ((1 - t) * a + t * b).norm(),
        lambda a, b, t: torch.cos(torch.tensor(t)) * a + torch.sin(torch.tensor(t)) * b,
    ],
    "solve": [
        lambda a, b, c: a.mean(0) + b.mean(0) - c.mean(0),
        lambda a, b, c: a[0] - b[0] + c[0],
        lambda a, b, c: a.sum(0) - b.sum(0) + c.sum(0),
    ],
    "free": [
        lambda v, w: v - (v @ w) * w,
        lambda v, w: v - w,
        lambda v, w: (v @ w) / (w @ w) * w,
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.fixture(scope="module")
def faces():
    z = torch.randn(300, 32, generator=torch.Generator().manual_seed(5))
    return z, gan.sample(assets.face_forger(), z)


def test_the_forger_is_small_and_its_faces_are_as_varied_as_portraits(faces):
    (path,) = catalogue.SHIPPED["faces-forger"].files()
    assert path.stat().st_size <= 1_500_000
    _, x = faces
    assert x.shape == (300, 3, 64, 64)
    assert 0 <= x.min() <= x.max() <= 1
    said = assets.face_reader().says(x)
    for name in ("smile", "man", "beard", "glasses"):
        assert 0.25 < said[name].float().mean() < 0.75, name
    assert all(len(said[name].unique()) == count
               for name, count in (("hair", 3), ("hair_colour", 5), ("skin", 5)))  # fmt: skip


def test_the_arrow_of_smiling_makes_smile(faces):
    z, x = faces
    reader = assets.face_reader()
    smiles = reader.says(x)["smile"] == 1
    arrow = torch.nn.functional.normalize(gan.direction(z, smiles), dim=0)
    for sign, rows, wanted in ((1, ~smiles, 1), (-1, smiles, 0)):
        moved = gan.sample(assets.face_forger(), z[rows][:60] + sign * 2.5 * arrow)
        assert (reader.says(moved)["smile"] == wanted).float().mean() >= 0.75


def test_the_dealer_mirrors_half_and_follows_its_dice():
    x = torch.zeros(1, 3, 4, 4, dtype=torch.uint8)
    x[..., 0] = 255
    deal = recipe.mirrored(x)
    dealt = deal(400, torch.Generator().manual_seed(0))
    left = dealt[:, 0, 0, 0] == 1
    assert torch.equal(dealt[left][0] * 255, x[0].float())
    assert torch.equal(dealt[~left][0] * 255, x[0].flip(-1).float())
    assert 0.4 < left.float().mean() < 0.6
    assert torch.equal(deal(9, torch.Generator().manual_seed(1)),
                       deal(9, torch.Generator().manual_seed(1)))  # fmt: skip


def test_a_few_rounds_of_the_recipe_are_their_seed(monkeypatch):
    monkeypatch.setattr(recipe, "MAPS", (4, 4, 4, 2, 2))
    monkeypatch.setattr(recipe, "JUDGE", (4, 4, 4, 2, 2))
    monkeypatch.setattr(recipe, "STAGES", tuple(gan.Stage(s, 2, 4, (1e-3, 1e-3)) for s in (8, 64)))
    x = (torch.rand(6, 3, 64, 64) * 255).byte()
    one, again, other = (recipe.train_forger(seed, x) for seed in (0, 0, 1))
    z = torch.randn(2, 32)
    assert one(z).shape == (2, 3, 64, 64)
    assert torch.equal(one(z), again(z))
    assert not torch.equal(one(z), other(z))


def test_the_panel_paints_every_corner_and_its_sliders_do_what_they_say():
    live = panel.walk_with_a_finger(seed=0)
    start = {"place": (0.0, 0.0)} | dict.fromkeys(panel.DIALS, 0)
    for place in ((-1.5, -1.5), (1.5, 1.5)):
        face, said, length = live.compute(start | {"place": place})
        assert face.shape == (3, 64, 64)
        assert list(said) == list(panel.DIALS)
        assert 0 < length < 20
    for name in ("smile", "glasses"):
        less, more = (live.compute(start | {name: v})[1][name] for v in (-4, 4))
        assert more > 0.5 > less, name


def test_figures_draw(faces):
    x = faces[1][:4]
    row = {"at": [1, 2], "share": [0.4, 0.9], "low": [0.3, 0.8], "high": [0.5, 1], "moved": [0, 1]}
    drawn = [
        figures.rows({"a": x, "b": x[:2]}, "words", heads="abcd"),
        figures.equation([x, x, x[:1], x[:1]], "abcd"),
        figures.lengths({"dice": torch.rand(50)}, 32),
        figures.steps({"arc": torch.rand(20)}),
        figures.matrices({"one": torch.eye(2), "two": torch.eye(2)}, ["p", "q"]),
        figures.counts({"right": ([1, 3], [0.5, 0.9], [0.4, 0.8], [0.6, 1.0])}),
        figures.dose({"smile": row}),
        figures.pad(x[0], {"smile": 0.00001}, 5.0, 5.7),
    ]
    assert all(isinstance(figure, Figure) for figure in drawn)
    labels = [t.get_text() for axes in drawn[-1].axes for t in axes.texts]
    assert labels == ["smile  < 0.01 %"]
