"""The reader of faces: its figures hold on new faces, and it speaks in the factors' own words."""

import pytest
import torch

from tutlib import assets, nets
from tutlib.assets import people
from tutlib.assets.build import people as recipe
from tutlib.world import faces


@pytest.fixture(scope="module")
def reader():
    return assets.face_reader()


@pytest.fixture(scope="module")
def sheet():
    return assets.people(250, seed=77)


def test_it_reads_new_faces(reader, sheet):
    said = reader.says(sheet.pictures)
    assert list(said) == list(people.READ)
    for name in reader.options:
        right = (said[name] == sheet.factors[name]).float().mean()
        assert right > (0.85 if name == "man" else 0.93), f"{name}: {right:.2f}"
    for name in ("yaw", "nod"):
        assert (said[name] - sheet.factors[name]).abs().mean() < 0.05


def test_probabilities_are_probabilities_and_the_options_are_the_factors(reader, sheet):
    read = reader(sheet.pictures[:20])
    for name, options in reader.options.items():
        assert options == faces.FACTORS[name].options
        assert read[name].shape == (20, len(options))
        torch.testing.assert_close(read[name].sum(1), torch.ones(20))
        assert torch.equal(read[name].argmax(1), reader.says(sheet.pictures[:20])[name])
    assert read["yaw"].shape == (20,)
    assert read["yaw"].requires_grad is False


@pytest.mark.parametrize("attribute", ["smile", "man", "beard", "glasses"])
def test_turning_one_attribute_on_is_seen_and_the_others_stay(reader, attribute):
    off, on = (assets.people(60, seed=5, **{attribute: value}) for value in ("no", "yes"))
    before, after = reader.says(off.pictures), reader.says(on.pictures)
    assert (after[attribute] == 1).float().mean() - (before[attribute] == 1).float().mean() > 0.8
    for other in set(reader.options) - {attribute}:
        assert (before[other] == after[other]).float().mean() > 0.85, other


def test_what_ships_is_small():
    net = people.reader_net()
    assert nets.parameter_count(net) < 150_000
    assert (assets.DATA / "faces-reader.safetensors").stat().st_size <= 300_000


def test_the_loss_is_least_where_everything_is_right():
    sheet = assets.people(6, seed=1, size=16)
    perfect = []
    for name in people.READ:
        truth = sheet.factors[name]
        kind = faces.FACTORS[name]
        if name in ("yaw", "nod"):
            perfect.append(truth[:, None])
        else:
            perfect.append(30 * torch.nn.functional.one_hot(truth, len(kind.options)).float())
    outputs = torch.cat(perfect, 1).requires_grad_()
    assert recipe.loss(outputs, sheet.factors) < 1e-4
    worse = outputs.detach() + 0.3 * torch.randn(outputs.shape)
    assert recipe.loss(worse.roll(1, 0), sheet.factors) > recipe.loss(outputs, sheet.factors) + 1


def test_roughened_pictures_stay_pictures_and_follow_the_seed():
    x = torch.rand(3, 3, 64, 64)
    one, two, other = (
        recipe.roughened(x, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert one.shape == x.shape
    assert 0 <= one.min() <= one.max() <= 1


@pytest.mark.parametrize(
    ("pictures", "error"),
    [
        (torch.rand(2, 3, 32, 32), ValueError),
        (torch.rand(2, 1, 64, 64), ValueError),
        (torch.rand(3, 64, 64), ValueError),
        (torch.rand(2, 3, 64, 64) * 3, ValueError),
        (torch.full((1, 3, 64, 64), float("nan")), ValueError),
        (torch.zeros(1, 3, 64, 64, dtype=torch.uint8), TypeError),
        ("a face", TypeError),
    ],
)
def test_wrong_pictures_get_one_sentence(reader, pictures, error):
    with pytest.raises(error) as caught:
        reader(pictures)
    assert "\n" not in str(caught.value)
