"""The portraits of lesson 5.3, and the net that reads them."""

import pytest
import torch
from torch.nn import functional as F

from tutlib import assets
from tutlib.assets import catalogue, people
from tutlib.assets.build import people as recipe

WORDS = ("smile", "man", "beard", "glasses")


@pytest.fixture(scope="module")
def sheet():
    return assets.portraits(80, seed=424_242)


@pytest.fixture(scope="module")
def reader():
    return assets.face_reader()


def test_portraits_are_the_same_again_and_alike_in_what_is_no_question(sheet):
    again = assets.portraits(80, seed=424_242)
    assert torch.equal(sheet.pictures, again.pictures)
    for name in people.ALIKE:
        assert len(sheet.factors[name].unique()) == 1, name
    assert sheet.factors["yaw"].abs().max() <= people.TURN / 2
    for name in people.READ:
        assert len(sheet.factors[name].unique()) == len(people.FACES[name].options), name


def test_one_word_changes_and_everything_else_stays():
    plain, smiling = (assets.portraits(6, seed=3, smile=word) for word in ("no", "yes"))
    for name, values in plain.factors.items():
        assert torch.equal(values, smiling.factors[name]) == (name != "smile")
    changed = (plain.pictures - smiling.pictures).abs().amax((0, 1)) > 0.02
    rows = changed.any(1).nonzero()
    assert 0 < changed.float().mean() < 0.25  # a mouth and the corners of the eyes
    assert rows.min() > 10


def test_the_reader_is_right_about_portraits_that_it_never_saw(sheet, reader):
    said = reader.says(sheet.pictures)
    for name in people.READ:
        assert (said[name] == sheet.factors[name]).float().mean() >= 0.95, name


def test_the_reader_forgives_a_little_blur(sheet, reader):
    soft = F.avg_pool2d(F.pad(sheet.pictures, (1,) * 4, mode="replicate"), 3, 1)
    soft = sheet.pictures.lerp(soft, 0.6)
    said = reader.says(soft)
    for name in WORDS:
        assert (said[name] == sheet.factors[name]).float().mean() >= 0.9, name


def test_its_answers_are_probabilities_and_its_features_decide(sheet, reader):
    x = sheet.pictures[:5]
    found = reader(x)
    assert list(found) == list(people.READ)
    for name, p in found.items():
        assert p.shape == (5, len(reader.options[name]))
        torch.testing.assert_close(p.sum(1), torch.ones(5))
    again = people.heads(reader.net[-1](reader.features(x)))
    torch.testing.assert_close(again["hair"].softmax(1), found["hair"])


def test_the_reader_is_small_and_stays_as_it_was(sheet, reader):
    (path,) = catalogue.SHIPPED["faces-reader"].files()
    assert path.stat().st_size <= 300_000
    reader.net.train()
    before = [b.clone() for b in reader.buffers()]
    reader(sheet.pictures[:3])
    assert reader.net.training
    assert all(torch.equal(a, b) for a, b in zip(before, reader.buffers()))
    reader.net.eval()


@pytest.mark.parametrize(("x", "word"), [
    (torch.rand(2, 3, 32, 32), "F.interpolate"),
    (torch.rand(3, 64, 64), "(N, C, H, W)|3, 64, 64"),
    (torch.full((1, 3, 64, 64), float("nan")), "NaN"),
])  # fmt: skip
def test_what_is_no_face_picture_gets_one_sentence(reader, x, word):
    with pytest.raises((ValueError, TypeError), match=word) as caught:
        reader(x)
    assert "\n" not in str(caught.value)


def test_a_few_steps_of_the_readers_recipe_learn(monkeypatch):
    sheet = assets.portraits(64, seed=5)
    monkeypatch.setattr(recipe, "library", lambda: (sheet.pictures, sheet.factors))
    monkeypatch.setattr(recipe, "EPOCHS", 16)
    net = recipe.train_reader(0)
    with torch.no_grad():
        right = people.heads(net(sheet.pictures))["glasses"].argmax(1) == sheet.factors["glasses"]
    assert right.float().mean() > 0.8
    again = recipe.train_reader(0)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters()))
