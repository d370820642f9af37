"""The real shelf: seeded weights play the downloads, MNIST and CIFAR-10 are real where they are."""

import dataclasses
import gzip
import hashlib
import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image
from torchvision import datasets as published
from torchvision import models, transforms

from tests import internet as fake
from tests.conftest import chance, unchanged
from tutlib import assets, training
from tutlib.assets import catalogue, download, obtain, real, shelves
from tutlib.assets.catalogue import ASSETS, AssetError
from tutlib.assets.datasets import DataError
from tutlib.assets.photos import PhotoError
from tutlib.attacks import pgd
from tutlib.balls import Linf

DATA = Path(os.environ.get("TUTLIB_DATA") or "/nowhere")
MNIST, CIFAR = DATA / "MNIST" / "raw", DATA / "cifar10.zip"
needs_mnist = pytest.mark.skipif(not MNIST.is_dir(), reason="no MNIST in TUTLIB_DATA")
needs_cifar = pytest.mark.skipif(not CIFAR.is_file(), reason="no cifar10.zip in TUTLIB_DATA")


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """Own cache, no data set, no network known to be absent: a new session on a new machine."""
    for name in ("TUTLIB_DATA", "TUTLIB_PHOTO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TUTLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TUTLIB_ASSETS", "auto")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(obtain, "SESSION", obtain.Session())


@pytest.fixture
def internet():
    net, server = fake.start()
    yield net
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def squeezenet():
    torch.manual_seed(1)
    return models.squeezenet1_1(weights=None).eval()


@pytest.fixture(scope="module")
def resnet():
    return seeded_resnet()


@torch.no_grad()
def seeded_resnet(seed=0, contrast=8.0):
    """ResNet-50 with seeded weights that has opinions: features calibrated, the last layer peaky.

    Its BatchNorm statistics come from ten pictures of the picture world, and its last layer sees
    only what differs between pictures, so that its answers are sure and depend on the picture.
    """
    torch.manual_seed(seed)
    net = models.resnet50(weights=None)
    pictures = torch.cat([assets.picture(name).cpu() for name in assets.THINGS])
    x = torch.stack([transforms.functional.normalize(p, *STATISTICS) for p in pictures])
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # plain mean
    net.train()(x)
    net.eval()
    features = torch.nn.Sequential(*list(net.children())[:-1], torch.nn.Flatten())(x)
    spread = features - features.mean(0)
    logits = spread @ net.fc.weight.T
    net.fc.weight *= contrast / logits.std()
    net.fc.bias.copy_(-features.mean(0) @ net.fc.weight.T)
    return net


STATISTICS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def packed(net):
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    return file.getvalue()


def registered(monkeypatch, name, body, address="http://127.0.0.1:9/", size=None):
    """The registry expects `body` for an asset, from `address`: the hash comes from the test."""
    known = ASSETS[name].files[0]
    file = dataclasses.replace(known, servers=(address,), size=size or len(body),
                               sha256=hashlib.sha256(body).hexdigest())  # fmt: skip
    monkeypatch.setitem(ASSETS, name, dataclasses.replace(ASSETS[name], files=(file,)))
    return file.name


def lay(name, body):
    folder = catalogue.cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ASSETS[name].files[0].name).write_bytes(body)


# ---------------------------------------------------------------- the registry


@pytest.mark.parametrize(
    ("name", "title"),
    [("resnet50", "ResNet50"), ("squeezenet1_1", "SqueezeNet1_1"), ("vgg19", "VGG19")],
)
def test_the_registry_agrees_with_torchvision(name, title):
    weights = models.get_weight(f"{title}_Weights.IMAGENET1K_V1")
    (file,) = ASSETS[name].files
    assert file.urls == [weights.url]
    assert file.name == Path(weights.url).name
    assert file.sha256.startswith(file.name.split("-")[-1].removesuffix(".pth"))
    assert len(file.sha256) == 64
    assert file.size / 2**20 == pytest.approx(weights.meta["_file_size"], abs=1e-3)


def test_the_registry_agrees_with_torchvisions_data_sets():
    files = ASSETS["mnist"].files
    assert [(file.name, file.md5) for file in files] == published.MNIST.resources
    assert files[0].urls == [mirror + files[0].name for mirror in published.MNIST.mirrors]
    (archive,) = ASSETS["cifar10"].files
    assert (archive.urls, archive.md5) == ([published.CIFAR10.url], published.CIFAR10.tgz_md5)


def test_every_asset_says_what_it_is():
    for asset in ASSETS.values():
        assert asset.title
        assert asset.purpose
        assert asset.licence
        assert asset.instead
    assert {name for name, a in ASSETS.items() if a.size > obtain.UNASKED} == {
        "vgg19",
        "cifar10",
    }


def test_the_cache_is_torch_hubs_unless_it_is_named(monkeypatch, tmp_path):
    assert catalogue.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("TUTLIB_CACHE")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    assert catalogue.cache_folder() == tmp_path / "torch" / "hub" / "checkpoints"


# ---------------------------------------------------------------- which shelf


def test_auto_downloads_what_is_small_once(internet, monkeypatch, squeezenet, capsys):
    body = packed(squeezenet)
    file = registered(monkeypatch, "squeezenet1_1", body, internet.address)
    internet.files[file] = body
    extractor = assets.features("squeezenet1_1")
    assert (extractor.source, extractor.name) == ("real", "SqueezeNet 1.1")
    assert (catalogue.cache_folder() / file).read_bytes() == body
    assert assets.features("squeezenet1_1").source == "real"
    assert len(internet.asked) == 1
    assert "Using" not in capsys.readouterr().out


def test_auto_never_downloads_what_is_large(internet, monkeypatch, capsys):
    registered(monkeypatch, "vgg19", b"x", internet.address, size=120_000_001)
    extractor = assets.features("vgg19")
    assert extractor.source == "bundled"
    assert internet.asked == []
    said = capsys.readouterr().out
    assert "too large to be fetched unasked" in said
    assert "python -m tutlib fetch vgg19" in said


def test_without_network_one_line_is_said_and_the_wait_happens_once(internet, monkeypatch, capsys):
    registered(monkeypatch, "squeezenet1_1", b"x", internet.address)
    registered(monkeypatch, "resnet50", b"x", internet.address)
    waits = fake.waits(monkeypatch, download, 0.5)
    internet.mood, internet.files = "silent", {}
    for _ in range(3):
        assert obtain.obtain("squeezenet1_1") is None
        assert obtain.obtain("resnet50") is None
    assert waits == [0.5]
    assert internet.spoke == [], "nobody waited for the server"
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2, "one for each asset, however often it is asked for"
    assert "did not answer within 0.5 s" in lines[0]
    assert lines[0].endswith(
        "Using the bundled extractor instead; "
        "`python -m tutlib fetch squeezenet1_1` gets it (0.0 MB)."
    )


@pytest.mark.parametrize("mood", ["down", "html", "another file", "dies at once"])
def test_auto_falls_back_whatever_the_server_does(internet, monkeypatch, capsys, mood):
    body = b"\0" * 1000
    internet.files[registered(monkeypatch, "squeezenet1_1", body, internet.address)] = body
    internet.mood = mood
    assert assets.features().source == "bundled"
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_what_came_wrong_is_not_fetched_again_and_again(internet, monkeypatch, squeezenet, capsys):
    body = packed(squeezenet)
    internet.files[registered(monkeypatch, "squeezenet1_1", body, internet.address)] = body
    internet.mood = "another file"
    assert [obtain.obtain("squeezenet1_1") for _ in range(3)] == [None] * 3
    assert len(internet.asked) == 1
    assert capsys.readouterr().out.count("thrown away") == 1
    monkeypatch.setenv("TUTLIB_ASSETS", "real")
    with pytest.raises(AssetError, match="thrown away"):
        obtain.obtain("squeezenet1_1")
    internet.mood = "good"
    assert ASSETS["squeezenet1_1"].fetch(progress=False).is_file()  # asked for, it is tried
    assert obtain.obtain("squeezenet1_1") is not None


def test_bundled_asks_nobody_and_reads_nothing_real(internet, monkeypatch, squeezenet, capsys):
    body = packed(squeezenet)
    registered(monkeypatch, "squeezenet1_1", body, internet.address)
    lay("squeezenet1_1", body)
    monkeypatch.setenv("TUTLIB_ASSETS", "bundled")
    monkeypatch.setenv("TUTLIB_DATA", "/nowhere")
    assert assets.features().source == "bundled"
    assert assets.features("squeezenet1_1").source == "bundled"
    assert assets.digits().source == "bundled"
    assert assets.cifar10().source == "bundled"
    assert internet.asked == []
    assert capsys.readouterr().out == ""


def test_real_raises_instead_of_falling_back(internet, monkeypatch):
    monkeypatch.setenv("TUTLIB_ASSETS", "real")
    registered(monkeypatch, "resnet50", b"x", internet.address)
    internet.mood = "down"
    with pytest.raises(
        AssetError, match=r"ResNet-50 is not on this machine: .*503.*fetch resnet50"
    ):
        assets.classifier()
    with pytest.raises(AssetError, match=r"CIFAR-10 is not .* too large .*fetch cifar10"):
        assets.cifar10()


def test_a_data_folder_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setenv("TUTLIB_DATA", "/nowhere/at/all")
    with pytest.raises(AssetError, match="TUTLIB_DATA names /nowhere/at/all"):
        assets.digits()


def test_a_cache_that_cannot_be_written_does_not_stop_a_lesson(internet, monkeypatch, capsys):
    body = b"\0" * 1000
    internet.files[registered(monkeypatch, "squeezenet1_1", body, internet.address)] = body
    catalogue.cache_folder().write_text("a file in the folder's place")
    assert assets.features().source == "bundled"
    assert "TUTLIB_CACHE" in capsys.readouterr().out


# ---------------------------------------------------------------- nets


def test_torchvision_and_the_course_read_the_same_resnet(monkeypatch, tmp_path, resnet):
    """A file where torchvision puts it is found; both loaders make the same net of it."""
    monkeypatch.delenv("TUTLIB_CACHE")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    body = packed(resnet)
    registered(monkeypatch, "resnet50", body)
    lay("resnet50", body)
    theirs = models.get_model("resnet50", weights="IMAGENET1K_V1").eval()
    net, pig = assets.classifier().cpu(), assets.picture("hog").cpu()
    assert (net.source, net.size, len(net.labels), net.name) == ("real", 224, 1000, "ResNet-50")
    expected = theirs(transforms.functional.normalize(pig, *STATISTICS))
    torch.testing.assert_close(net(pig), expected)
    for name in assets.THINGS:
        assert net.labels[net.index(name)] == name
    assert net.index("hog") == 341
    assert net.index("airliner") == 404
    assert "ResNet-50, real weights" in assets.about(net)
    assert not any(weight.requires_grad for weight in net.parameters())


def test_torchvision_and_the_course_read_the_same_squeezenet(monkeypatch, tmp_path, squeezenet):
    monkeypatch.delenv("TUTLIB_CACHE")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    body = packed(squeezenet)
    registered(monkeypatch, "squeezenet1_1", body)
    lay("squeezenet1_1", body)
    theirs = models.get_model("squeezenet1_1", weights="IMAGENET1K_V1").eval()
    extractor, x = assets.features().cpu(), torch.rand(1, 3, 64, 64)
    expected = theirs.features[:2](transforms.functional.normalize(x, *STATISTICS))
    torch.testing.assert_close(extractor(x)["conv1"], expected)


def test_the_eye_takes_vgg19s_names_and_shapes(monkeypatch):
    """Without its 548 MB: a net of the right shapes on no device at all."""
    with torch.device("meta"):
        net = models.vgg19(weights=None)
    assert sum(weight.numel() for weight in net.parameters()) == 143_667_240
    monkeypatch.setattr(real, "torchvision_net", lambda name, path: net)
    monkeypatch.setattr(shelves, "obtain", lambda name: Path(name))
    monkeypatch.setattr(shelves, "device", lambda: torch.device("meta"))
    extractor = assets.features("vgg19")
    assert extractor.name == "VGG-19"
    assert {"conv1_1", "conv5_1", "conv4_2"} <= set(extractor.layers)


@pytest.mark.parametrize("harm", ["cut short", "another net", "no weights at all", "code"])
def test_a_broken_weights_file_is_one_sentence(monkeypatch, squeezenet, harm):
    body = packed(squeezenet)
    if harm == "code":
        body = b"cos\nsystem\n(S'touch /tmp/never'\ntR."
    elif harm == "another net":
        body = packed(torch.nn.Linear(2, 2))
    body = {"cut short": body[: len(body) // 2], "no weights at all": b"hello"}.get(harm, body)
    monkeypatch.setenv("TUTLIB_ASSETS", "real")
    registered(monkeypatch, "squeezenet1_1", body)
    lay("squeezenet1_1", body)
    with pytest.raises(
        AssetError, match=r"does not hold the weights of SqueezeNet 1\.1: delete it"
    ):
        assets.features("squeezenet1_1")


def test_a_damaged_file_is_replaced_or_said(internet, monkeypatch, squeezenet, capsys):
    body = packed(squeezenet)
    file = registered(monkeypatch, "squeezenet1_1", body, internet.address)
    internet.files[file] = body
    lay("squeezenet1_1", body[:-1] + b"x")
    internet.mood = "down"
    assert assets.features().source == "bundled"
    assert "is damaged" in capsys.readouterr().out
    internet.mood = "good"
    monkeypatch.setattr(obtain, "SESSION", obtain.Session())  # a failure counts for one session
    assert assets.features().source == "real"
    assert (catalogue.cache_folder() / file).read_bytes() == body


def test_the_robust_twin_is_bundled_on_either_shelf(monkeypatch):
    if not (assets.DATA / "things-robust.safetensors").exists():
        pytest.skip("the robust twin is not built")
    monkeypatch.setenv("TUTLIB_ASSETS", "real")
    assert assets.classifier("robust").source == "bundled"


def test_names_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="bundled, vgg19, squeezenet1_1 or None"):
        assets.features("vgg16")


# ---------------------------------------------------------------- photos and folders


def photo(path, colour):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (60, 40), colour).save(path)


def test_your_photo_takes_the_pigs_place(monkeypatch, tmp_path):
    photo(tmp_path / "mine.png", (255, 0, 0))
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 224, 224)
    assert torch.equal(assets.photo(tmp_path / "mine.png").cpu(), red)
    before = assets.picture("hog", 1)
    monkeypatch.setenv("TUTLIB_PHOTO", str(tmp_path / "mine.png"))
    assert torch.equal(assets.picture("hog").cpu(), red)
    assert torch.equal(assets.picture("hog", 1), before)
    assert not torch.equal(assets.picture("tabby").cpu(), red)


@pytest.mark.parametrize("parted", [True, False])
def test_a_folder_of_pictures(tmp_path, parted):
    colours = {"green": (0, 255, 0), "blue": (0, 0, 255)}
    for part in ("train", "test") if parted else ("",):
        for name, colour in colours.items():
            for k in range(5):
                photo(tmp_path / part / name / f"{k}.png", colour)
    data = assets.image_folder(tmp_path, 16)
    assert data.labels == ["blue", "green"]
    for x, y in (data.train, data.test):
        assert x.shape[1:] == (3, 16, 16)
        assert torch.equal(x[:, 2, 0, 0], (y == 0).float())
    assert len(data.train[1]) == (10 if parted else 8)
    assert len(data.test[1]) == (10 if parted else 2)


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        assets.image_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match="holds no folders"):
        assets.image_folder(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(DataError, match="cat holds no pictures"):
        assets.image_folder(tmp_path)
    (tmp_path / "cat" / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.jpg.* is not a picture"):
        _ = assets.image_folder(tmp_path).train


# ---------------------------------------------------------------- MNIST


def idx(values):
    head = bytes([0, 0, 8, values.dim()]) + b"".join(n.to_bytes(4) for n in values.shape)
    return head + values.to(torch.uint8).numpy().tobytes()


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """A made-up MNIST of 70 and 30 pictures, plain files."""
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    generator = torch.Generator().manual_seed(0)
    for part, count in (("train", 70), ("t10k", 30)):
        pixels = torch.randint(0, 256, (count, 28, 28), generator=generator)
        labels = torch.randint(0, 10, (count,), generator=generator)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(idx(pixels))
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels))
    monkeypatch.setenv("TUTLIB_DATA", str(tmp_path / "data"))
    return raw


@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_is_read_as_torchvision_reads_it(small_mnist, zipped):
    reference = published.MNIST(small_mnist.parent.parent, train=False)
    if zipped:
        for path in list(small_mnist.iterdir()):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    data = assets.digits()
    assert (data.source, data.name) == ("real", "MNIST, 70 digits to train on and 30 to test on")
    x, y = data.test
    assert torch.equal((x[:, 0] * 255).round().to(torch.uint8), reference.data)
    assert torch.equal(y, reference.targets)
    assert data.train[0].shape == (70, 1, 28, 28)


@pytest.mark.parametrize(
    ("file", "harm", "said"),
    [
        ("train-labels-idx1-ubyte", None, "train-labels-idx1-ubyte is missing"),
        ("t10k-images-idx3-ubyte", None, "t10k-images-idx3-ubyte is missing"),
        ("train-images-idx3-ubyte", b"<html>log in</html>", "is not an idx file"),
        ("train-images-idx3-ubyte", b"", "is not an idx file"),
        ("train-images-idx3-ubyte", idx(torch.zeros(70, 28, 28))[:-1], "announces 54,880 bytes"),
        ("train-labels-idx1-ubyte", idx(torch.zeros(69)), "do not belong together"),
        ("train-images-idx3-ubyte", idx(torch.zeros(70, 8, 8)), "do not belong together"),
    ],
)
def test_a_broken_mnist_is_one_sentence(small_mnist, file, harm, said):
    (small_mnist / file).unlink() if harm is None else (small_mnist / file).write_bytes(harm)
    with pytest.raises(DataError, match=said):
        _ = assets.digits().train


def test_a_broken_gz_is_one_sentence(small_mnist):
    path = small_mnist / "t10k-images-idx3-ubyte"
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes())[:-2000])
    path.unlink()
    with pytest.raises(DataError, match=r"\.gz is damaged"):
        _ = assets.digits().test


def test_mnist_is_fetched_whole(internet, monkeypatch, small_mnist):
    monkeypatch.delenv("TUTLIB_DATA")
    files, servers = [], (internet.address + "dead/", internet.address)
    for known in ASSETS["mnist"].files:
        body = gzip.compress((small_mnist / known.name.removesuffix(".gz")).read_bytes())
        internet.files[known.name] = body
        md5 = hashlib.md5(body).hexdigest()
        files.append(dataclasses.replace(known, servers=servers, size=len(body), md5=md5))
    asset = dataclasses.replace(ASSETS["mnist"], files=tuple(files))
    monkeypatch.setitem(ASSETS, "mnist", asset)
    data = assets.digits()  # the first mirror answers 404
    assert (data.source, len(data.train[1])) == ("real", 70)
    folder = catalogue.data_folders()[-1] / "MNIST" / "raw"
    assert sorted(p.name for p in folder.iterdir()) == sorted(file.name for file in files)
    (folder / files[0].name).unlink()
    internet.mood = "down"
    assert assets.digits().source == "bundled", "three of four files are not MNIST"


@pytest.fixture
def quick_reader(monkeypatch):
    monkeypatch.setattr(real, "SEEN", 140)


def test_the_digit_reader_is_trained_once_and_always_the_same(small_mnist, quick_reader, capsys):
    torch.manual_seed(1)  # the reader's own seed is 0
    before = chance()
    first = assets.digit_classifier()
    assert unchanged(before)
    assert first.source == "real"
    assert "Training a digit reader on 70 pictures" in capsys.readouterr().out
    x = assets.digits().test[0][:5].to(assets.device())
    assert torch.equal(assets.digit_classifier()(x), first(x))
    assert capsys.readouterr().out == ""
    shutil.rmtree(catalogue.cache_folder())
    torch.testing.assert_close(assets.digit_classifier()(x), first(x))


def test_a_reader_that_cannot_be_kept_still_reads(small_mnist, quick_reader, capsys):
    catalogue.cache_folder().write_text("a file in the folder's place")
    assert assets.digit_classifier().size == 28
    assert "It cannot be kept" in capsys.readouterr().out


def test_a_damaged_reader_is_trained_anew(small_mnist, quick_reader, capsys):
    assets.digit_classifier()
    (kept,) = catalogue.cache_folder().glob("tutlib-digits-28-70-*")
    kept.write_bytes(kept.read_bytes()[:1000])
    assets.digit_classifier()
    assert capsys.readouterr().out.count("Training a digit reader") == 2


@needs_mnist
def test_a_net_trained_on_real_mnist_reads_and_is_fooled(monkeypatch):
    monkeypatch.setenv("TUTLIB_DATA", str(DATA))
    monkeypatch.setattr(real, "SEEN", 9_000)  # a quarter of what a lesson trains: 8 CPU seconds
    digits, net = assets.digits(), assets.digit_classifier()
    assert digits.source == "real"
    assert digits.train[0].shape[1:] == (1, 28, 28)
    assert len(digits.test[1]) == 10_000
    x, y = (part[5000:5200].to(assets.device()) for part in digits.test)
    assert training.accuracy(net, x, y) >= 0.9
    fooled = pgd(net, x, y, Linf(digits.eps), steps=20)
    assert (fooled - x).abs().max() <= digits.eps + 1e-6
    assert training.accuracy(net, fooled, y) <= 0.75
    noisy = (x + digits.eps * torch.sign(torch.rand_like(x) - 0.5)).clamp(0, 1)
    assert training.accuracy(net, noisy, y) >= training.accuracy(net, fooled, y) + 0.1


# ---------------------------------------------------------------- CIFAR-10


def small_cifar(path, count=2):
    with zipfile.ZipFile(path, "w") as file:
        for part in ("train", "test"):
            for name, colour in (("cat", "red"), ("dog", "blue")):
                for k in range(count):
                    picture = io.BytesIO()
                    Image.new("RGB", (32, 32), colour).save(picture, "PNG")
                    file.writestr(f"cifar10/{part}/{name}/{k:04}.png", picture.getvalue())


@pytest.mark.parametrize("unpacked", [False, True])
def test_cifar10_from_a_zip_or_a_folder(tmp_path, monkeypatch, unpacked):
    small_cifar(tmp_path / "cifar10.zip")
    if unpacked:
        with zipfile.ZipFile(tmp_path / "cifar10.zip") as file:
            file.extractall(tmp_path)
        (tmp_path / "cifar10.zip").unlink()
    monkeypatch.setenv("TUTLIB_DATA", str(tmp_path))
    data = assets.cifar10()
    assert (data.source, data.labels) == ("real", ["cat", "dog"])
    x, y = data.train
    assert x.shape == (4, 3, 32, 32)
    assert torch.equal(x[:, 0, 0, 0], (y == 0).float())


@pytest.mark.parametrize(
    ("body", "said"), [(b"<html>", "is not a zip file"), (None, "holds no pictures")]
)
def test_a_broken_zip_is_one_sentence(tmp_path, monkeypatch, body, said):
    with zipfile.ZipFile(tmp_path / "cifar10.zip", "w") as file:
        file.writestr("readme.txt", "nothing else")
    if body:
        (tmp_path / "cifar10.zip").write_bytes(body)
    monkeypatch.setenv("TUTLIB_DATA", str(tmp_path))
    with pytest.raises(DataError, match=said):
        assets.cifar10()


def test_a_zip_with_a_damaged_picture_names_it(tmp_path, monkeypatch):
    path = tmp_path / "cifar10.zip"
    small_cifar(path)
    body = bytearray(path.read_bytes())
    body[body.index(b"IDAT") + 8] ^= 255
    path.write_bytes(body)
    monkeypatch.setenv("TUTLIB_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"damaged at cifar10/train/cat/0000\.png"):
        _ = assets.cifar10().train


def test_torchvisions_cifar10_folder_is_checked(tmp_path, monkeypatch):
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"cut short")
    monkeypatch.setenv("TUTLIB_DATA", str(tmp_path))
    with pytest.raises(DataError, match="incomplete or damaged"):
        _ = assets.cifar10().test


@pytest.mark.parametrize("unpacked", [False, True])
def test_a_class_that_the_test_set_lacks_shifts_no_label(tmp_path, monkeypatch, unpacked):
    small_cifar(tmp_path / "whole.zip")
    with (
        zipfile.ZipFile(tmp_path / "whole.zip") as whole,
        zipfile.ZipFile(tmp_path / "cifar10.zip", "w") as file,
    ):
        for name in whole.namelist():
            if "test/cat" not in name:
                file.writestr(name, whole.read(name))
    if unpacked:
        with zipfile.ZipFile(tmp_path / "cifar10.zip") as file:
            file.extractall(tmp_path)
        (tmp_path / "cifar10.zip").unlink()
    monkeypatch.setenv("TUTLIB_DATA", str(tmp_path))
    with pytest.raises(DataError, match="do not have the same classes: look at cat"):
        _ = assets.cifar10().test


def test_an_empty_folder_is_no_data_set(tmp_path, monkeypatch):
    for name in ("cifar-10-batches-py", "cifar10"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TUTLIB_DATA", str(tmp_path))
    assert catalogue.ASSETS["cifar10"].find() is None
    small_cifar(tmp_path / "cifar10.zip")
    assert catalogue.ASSETS["cifar10"].find() == tmp_path / "cifar10.zip"


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_what_a_mac_leaves_beside_a_picture_is_none(tmp_path, monkeypatch, kind):
    small_cifar(tmp_path / "cifar10.zip")
    with zipfile.ZipFile(tmp_path / "cifar10.zip", "a") as file:
        for part in ("train", "test"):
            file.writestr(f"cifar10/{part}/cat/._0000.png", b"Mac OS X")
    if kind == "folder":
        with zipfile.ZipFile(tmp_path / "cifar10.zip") as file:
            file.extractall(tmp_path)
        data = assets.image_folder(tmp_path / "cifar10", size=32)
    else:
        monkeypatch.setenv("TUTLIB_DATA", str(tmp_path))
        data = assets.cifar10()
    assert len(data.train[0]) == 4


def test_a_user_that_is_not_there_is_no_traceback(monkeypatch):
    with pytest.raises(PhotoError, match="there is no file ~nosuchuser"):
        assets.photo("~nosuchuser/pig.jpg")
    with pytest.raises(DataError, match="there is no folder ~nosuchuser"):
        assets.image_folder("~nosuchuser/pictures")
    monkeypatch.setenv("TUTLIB_DATA", "~nosuchuser/data")
    with pytest.raises(catalogue.AssetError, match="TUTLIB_DATA names ~nosuchuser"):
        assets.digits()


@needs_cifar
def test_the_real_cifar10_is_what_imagefolder_makes_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTLIB_DATA", str(DATA))
    data = assets.cifar10()
    assert len(data.labels) == 10
    x, y = data.test
    assert x.shape == (5000, 3, 32, 32)
    assert y.bincount().tolist() == [500] * 10
    with zipfile.ZipFile(CIFAR) as file:
        few = [n for n in file.namelist() if n.startswith("cifar10/test/") and "000" in n]
        file.extractall(tmp_path, few)
    folder = published.ImageFolder(tmp_path / "cifar10" / "test", transforms.ToTensor())
    known = {row.numpy().tobytes(): int(label) for row, label in zip(x, y)}
    assert len(folder) > 10
    for picture, label in folder:
        assert known[picture.numpy().tobytes()] == label, "the same pixels, bit for bit"
