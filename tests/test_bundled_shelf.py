"""What ships in data/ is what its README says it is (measured again on part of the test set)."""

import json
import shutil

import pytest
import torch

from tutlib import assets
from tutlib.assets import bundled, catalogue
from tutlib.assets.build.nets import predictions
from tutlib.assets.build.record import figures_table
from tutlib.attacks import pgd
from tutlib.balls import Linf

EPS = Linf(2 / 255)


@pytest.fixture(scope="module")
def test_pictures():
    x, y = assets.things().test
    return x[:100], y[:100]


@pytest.fixture(scope="module")
def standard():
    return assets.classifier().cpu()


@pytest.fixture(scope="module")
def robust():
    return assets.classifier("robust").cpu()


def right(net, x, y):
    return predictions(net, x) == y


def test_sizes():
    pictures = sum(path.stat().st_size for path in (assets.DATA / "things").glob("*.webp"))
    assert pictures <= 15_000_000
    for path in assets.DATA.glob("*.safetensors"):
        assert path.stat().st_size <= 3_000_000


def test_the_standard_net_is_good_and_fragile(standard, test_pictures):
    x, y = test_pictures
    assert right(standard, x, y).float().mean() >= 0.97
    noise = torch.randint(0, 2, x.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    assert right(standard, (x + EPS.eps * noise).clamp(0, 1), y).float().mean() >= 0.95
    few = slice(0, 40)
    pushed = pgd(standard, x[few], y[few], EPS, steps=20)
    assert right(standard, pushed, y[few]).float().mean() <= 0.1
    airliner = standard.index("airliner")
    others = y[few] != airliner
    flown = pgd(standard, x[few][others], y[few][others], EPS, steps=20, target=airliner)
    assert (predictions(standard, flown) == airliner).float().mean() >= 0.9


def test_the_robust_twin_withstands(robust, standard, test_pictures):
    x, y = (part[:40] for part in test_pictures)
    assert right(robust, x, y).float().mean() >= 0.9
    left = {
        net: right(net, pgd(net, x, y, EPS, steps=20), y).float().mean()
        for net in (robust, standard)
    }
    assert left[robust] >= 0.8
    assert left[robust] >= left[standard] + 0.5


def test_the_digit_reader_reads():
    x, y = assets.digits().test
    net = assets.digit_classifier().cpu()
    assert right(net, x, y).float().mean() >= 0.98


def test_figures_are_recorded_for_three_seeds_and_meet_the_goals():
    figures = json.loads((assets.DATA / "figures.json").read_text())
    seeds = figures["things-standard"]
    assert {"0", "1", "2"} <= set(seeds)
    for numbers in seeds.values():
        assert numbers["clean"] >= 98
        assert numbers["2/255"]["PGD-20"] <= 3
        assert numbers["2/255"]["targeted airliner"] >= 95
        assert numbers["2/255"]["noise"] >= 97
    assert figures["digits"]["0"]["clean"] >= 98
    readme = (assets.DATA / "README.md").read_text()
    for name in figures:
        assert figures_table(figures[name]) in readme


def test_training_and_test_pictures_are_different_scenes():
    data = assets.things(size=32)
    distances = torch.cdist(data.test[0].flatten(1), data.train[0].flatten(1))
    assert distances.min() > 0.5


def test_picture_sets_have_one_shape_of_object():
    for data, channels, size in ((assets.things(size=32), 3, 32), (assets.digits(), 1, 28)):
        for x, y in (data.train, data.test):
            assert x.shape[1:] == (channels, size, size)
            assert x.dtype == torch.float32
            assert x.min() >= 0
            assert x.max() <= 1
            assert len(x) == len(y)
            assert set(y.tolist()) == set(range(10))
        assert len(data.labels) == 10
        assert data.source == "bundled"
        assert 0 < data.eps < 1


def test_drawn_digits_are_as_many_as_mnist_and_all_is_known_of_them():
    data = assets.digits()
    assert (len(data.train[1]), len(data.test[1])) == (60_000, 10_000)
    for part, (x, y) in {"train": data.train, "test": data.test}.items():
        known = data.factors[part]
        assert torch.equal(known["label"], y)
        assert {len(values) for values in known.values()} == {len(y)}
        assert y[:1000].bincount().min() >= 60, "any slice is a fair sample"
        upright, bold = known["slant"].abs() < 0.05, known["pen"] > 1.3
        assert x[bold].mean() > 1.2 * x[~bold].mean()
        assert 0.01 < upright.float().mean() < 0.5
    writers = [set(data.factors[part]["writer"].tolist()) for part in ("train", "test")]
    assert not writers[0] & writers[1], "who writes the test wrote nothing to learn from"
    assert assets.things(32).factors == {}


def test_the_public_face(standard):
    pig = assets.picture("hog").cpu()
    assert pig.shape == (1, 3, standard.size, standard.size)
    assert standard(pig).shape == (1, 10)
    assert standard.labels[standard.index("hog")] == "hog"
    assert standard.source == "bundled"
    assert "hog" in standard.describe(pig)
    with pytest.raises(KeyError, match="knows no 'unicorn'"):
        standard.index("unicorn")
    with pytest.raises(KeyError, match="there is no picture of 'unicorn'"):
        assets.picture("unicorn")


def test_missing_weights_say_how_to_make_them(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match="tutlib build digits"):
        assets.digit_classifier()


DAMAGED = {
    "digits.safetensors": assets.digit_classifier,
    "faces-reader.safetensors": assets.face_reader,
    "style.safetensors": lambda: assets.features("bundled"),
    "painter.safetensors": assets.painter,
    "any-painter.safetensors": assets.any_painter,
    "things-standard.safetensors": assets.classifier,
    "things/hog-test.webp": lambda: assets.picture("hog"),
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("how", ["cut short", "another file", "missing"])
def test_what_is_damaged_in_data_is_named_with_a_cure(name, how, tmp_path, monkeypatch):
    shutil.copytree(catalogue.DATA, tmp_path / "data")
    path = tmp_path / "data" / name
    body = {"cut short": path.read_bytes()[:500], "another file": b"<!doctype html>" * 99}.get(how)
    path.unlink() if body is None else path.write_bytes(body)
    monkeypatch.setattr(catalogue, "DATA", tmp_path / "data")
    kind, said = (FileNotFoundError, "is not in") if body is None else (ValueError, "is damaged")
    with pytest.raises(kind, match=f"{said}.*git checkout -- data.*tutlib build") as caught:
        DAMAGED[name]()
    assert "\n" not in str(caught.value)


def test_a_bad_mode_is_refused(monkeypatch):
    monkeypatch.setenv("TUTLIB_ASSETS", "imaginary")
    with pytest.raises(ValueError, match="auto, bundled or real"):
        assets.mode()


def test_the_first_digits_are_those_of_all_and_no_others_are_drawn(monkeypatch):
    drawn = []
    sheet = bundled._sheet
    monkeypatch.setattr(bundled, "_sheet", lambda *args: drawn.append(args) or sheet(*args))
    data = assets.digits()
    x, y = data.first(5001)
    assert len(drawn) == 2
    every = data.train
    assert torch.equal(x, every[0][:5001])
    assert torch.equal(y, every[1][:5001])
    assert torch.equal(data.first(7)[0], every[0][:7])
    for count in (0, -1, 60_001):
        with pytest.raises(ValueError, match=r"count|were asked for"):
            data.first(count)
