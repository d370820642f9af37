"""Lessons run unchanged on the real shelf: with the pig on a ResNet-50, with digits on MNIST.

Nobody's weights may lie here, so a ResNet-50 is made up where the download would be: a random body
whose last layer is fitted (in closed form) so that it knows the course's ten things by their
ImageNet names. Attacks work on it, noise does not. Only the effort is cut, at the end of a
lesson's budget cell: a step of this net costs a hundred times as much.
"""

import re

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell
from torch import nn
from torch.nn import functional as F
from torchvision import models

from tests.conftest import needs_mnist
from tools import notebooks
from tutlib import assets
from tutlib.assets.catalogue import ASSETS
from tutlib.nets import Normalize

HOGS = 3  # how many of the hogs it is fitted to
# The hash of made-up weights cannot be ResNet-50's; nothing else in the lesson is different.
HASH = """
import dataclasses
from tutlib.assets import catalogue
asset = catalogue.ASSETS["resnet50"]
file = dataclasses.replace(asset.files[0], sha256="", size={size})
catalogue.ASSETS["resnet50"] = dataclasses.replace(asset, files=(file,))
"""
LESS = {
    "1-1": "steps, draws, paths, others, eps_tried = 20, 10, 1, 2, [0.05, 1, 2]",
    "2-1": "steps, pigs, wish_steps, table_steps, table_things, change_steps = "
    "20, 2, 12, 6, ['hog', 'airliner', 'teapot'], 8",
    "2-2": "pigs, digits_seen, judged = 3, 50, 500",
    "2-3": "n_digits, n_few, pigs, pig_steps = 40, 20, 2, 8",
    "3-4": "size, n_learn, n_new, n_exceptions, n_things = 32, 24, 24, [0, 12], 1\n"
    "learned, judged = 4000, 500",
    "6-4": "n_learn, noise_steps, fool_steps, gatys_steps, judged, keep = 16, 4, 3, 4, 40, 2000",
}


@torch.no_grad()
def seeded_resnet(certainty: float, depth: float, seed: int = 0) -> nn.Module:
    """ResNet-50 that says "hog" to hogs.

    Args:
        certainty: the logit of the right answer.
        depth: weight of every block's branch against its short cut: how crooked the net is.
    """
    torch.manual_seed(seed)
    net = models.resnet50(weights=None)
    for _ in range(2):  # smooth filters, so that noise is averaged away
        net.conv1.weight.copy_(F.avg_pool2d(net.conv1.weight, 3, 1, 1))
    for module in net.modules():
        if isinstance(module, models.resnet.Bottleneck):
            module.bn3.weight.fill_(depth)
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain mean of the batch below
    shots = [("hog", k) for k in range(HOGS)] + [(name, 0) for name in assets.THINGS[1:]]
    x = torch.cat([assets.picture(*shot) for shot in shots]).cpu()
    net.train()(Normalize()(x))
    net.eval()
    noisy = (x + 2 / 255 * (torch.randint(0, 2, x.shape) * 2 - 1)).clamp(0, 1)
    body = nn.Sequential(Normalize(), *list(net.children())[:-1], nn.Flatten())
    features = torch.cat([body(part) for part in (x, noisy)]).double()
    labels = models.ResNet50_Weights.IMAGENET1K_V1.meta["categories"]
    aims = torch.zeros(len(features), len(labels), dtype=torch.float64)
    aims[range(len(aims)), [labels.index(name) for name, _ in 2 * shots]] = certainty
    fit_last_layer(net.fc, features, aims)
    return net


def fit_last_layer(layer: nn.Linear, features, aims, ridge: float = 0.01) -> None:
    """Ridge regression in its dual form: there are fewer pictures than features."""
    mean, offset = features.mean(0), aims.mean(0)
    centred = features - mean
    gram = centred @ centred.T
    gram += ridge * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weight = (centred.T @ torch.linalg.solve(gram, aims - offset)).T
    layer.weight.copy_(weight)
    layer.bias.copy_(offset - weight @ mean)


def run(number, folder, record_property, budget="", first=""):
    """Run a lesson with `first` as its first cell and `budget` at the end of its budget cell."""
    (path,) = notebooks.FOLDER.rglob(f"{number}-*.ipynb")
    lesson = notebooks.read(path)
    (knobs,) = (cell for cell in lesson.cells if "budget" in notebooks.tags(cell))
    knobs.source += f"\n{budget}"
    lesson.cells.insert(0, new_code_cell(first))
    nbformat.write(lesson, folder / path.name)
    done = notebooks.run(folder / path.name)
    record_property("notebook", f"{path.name} (real)")
    record_property("cpu_seconds", done.cpu_seconds)
    record_property("claims", notebooks.ticks(done))
    faults = notebooks.faults(done)
    assert not faults, "\n".join(faults)
    return "".join(notebooks.printed(cell) for cell in done.notebook.cells)


@pytest.mark.notebook
@pytest.mark.parametrize(
    ("number", "certainty", "depth", "shelf"),
    [("1-1", 10.0, 0.3, "real"), ("2-1", 14.0, 0.6, "real"),
     ("2-2", 10.0, 0.3, "auto"), ("2-3", 10.0, 0.3, "auto"),  # digits: what there is
     ("3-4", 10.0, 0.3, "auto"), ("6-4", 10.0, 0.3, "auto")],
)  # fmt: skip
def test_a_lesson_runs_on_the_large_net(
    number, certainty, depth, shelf, tmp_path, monkeypatch, record_property
):
    file = tmp_path / "cache" / ASSETS["resnet50"].files[0].name
    file.parent.mkdir()
    torch.save(seeded_resnet(certainty, depth).state_dict(), file)
    monkeypatch.setenv("TUTLIB_ASSETS", shelf)
    monkeypatch.setenv("TUTLIB_CACHE", str(file.parent))
    hash_free = HASH.format(size=file.stat().st_size)
    said = run(number, tmp_path, record_property, LESS[number], hash_free)
    assert "running on ResNet-50, real weights" in said


@pytest.mark.notebook
@needs_mnist
@pytest.mark.parametrize(
    ("number", "budget"),
    [
        ("1-2", ""),
        ("2-2", ""),
        ("2-3", "n_digits, n_few = 80, 40"),
        ("2-4", "sizes, d_sizes, n_ways, tosses, n_other = [2], [4], 80, 3, 25"),
        ("2-6", ""),
        ("2-7", "heats = [1, 100]"),
        ("3-1", ""),
        ("3-2", ""),
        ("3-3", ""),
        (
            "3-4",
            "size, n_learn, n_new, n_exceptions, n_things = 32, 24, 24, [0, 12], 2\n"
            "learned, judged = 4000, 500",
        ),
        ("3-5", "learned = 6_000"),  # a shortened MNIST will do
        ("4-1", ""),
        ("4-2", ""),
        ("4-3", ""),
        ("4-4", ""),
        ("4-5", ""),
        ("5-2", "rounds = 480\nlooks = [25, 50, 100, 200, rounds]"),
    ],
)
def test_a_lesson_runs_on_mnist(number, budget, tmp_path, monkeypatch, record_property):
    monkeypatch.setenv("TUTLIB_ASSETS", "auto")
    monkeypatch.setenv("TUTLIB_CACHE", str(tmp_path / "cache"))
    said = run(number, tmp_path, record_property, budget)
    assert re.search(r"MNIST[^)]* \(real\)", said)
