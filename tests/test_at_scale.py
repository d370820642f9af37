"""`python -m tutlib train`: the learner's own net, CIFAR-10 or a folder, one process or many."""

import subprocess
import sys

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from tutlib.__main__ import main

NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, classes=2):
        super().__init__(nn.AvgPool2d(4), nn.Flatten(), nn.LazyLinear(classes))
        self(__import__("torch").zeros(1, 3, 8, 8))
"""


@pytest.fixture
def folder(tmp_path):
    """Two classes, four pictures each, with a net beside them."""
    for part in ("train", "val"):
        for k, colour in enumerate(("maroon", "navy")):
            place = tmp_path / "pictures" / part / colour
            place.mkdir(parents=True)
            for n in range(4):
                Image.new("RGB", (12, 10), (90 * (1 - k) + n, 0, 90 * k + n)).save(
                    place / f"{n}.png"
                )
    (tmp_path / "mynets.py").write_text(NET)
    return tmp_path


def words(folder, *more):
    return ["train", "--data", str(folder / "pictures"), "--net", f"{folder / 'mynets.py'}:Net",
            "--size", "8", "--batch", "4", "--epochs", "4", "--lr", "0.5", "--eps", "2",
            "--out", str(folder / "out.safetensors"), *more]  # fmt: skip


def test_a_folder_trains_a_net_of_ones_own(folder, capsys):
    assert main(words(folder)) == 0
    said = capsys.readouterr().out
    assert "robust 100.0%" in said
    assert load_file(folder / "out.safetensors")["2.weight"].shape == (2, 12)


def test_torchrun_shares_it_and_one_speaks(folder):
    begin = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ran = subprocess.run([*begin, "-m", "tutlib", *words(folder)], capture_output=True, text=True,
                         timeout=300)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("out.safetensors: the weights of epoch") == 1


def test_cifar_is_found_or_drawn(folder, capsys, monkeypatch):
    def quick(net, x, y, **options):
        assert x.shape[1:] == (3, 32, 32)
        assert options["inner"].keywords["ball"].eps == 8 / 255
        raise ValueError("far enough")

    monkeypatch.setattr("tutlib.training.fit", quick)
    assert main(["train", "--data", "cifar10", "--net", "torch.nn:Flatten"]) == 1
    assert "far enough" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("net", "said"),
    [
        ("Net", "say FILE.py:NAME"),
        ("nothing.py:Net", "no 'nothing.py'"),
        ("no_such_module:Net", "no 'no_such_module'"),
        ("torch.nn:Nett", "nothing called 'Nett'"),
    ],
)
def test_a_net_that_is_not_there_is_named(folder, capsys, net, said):
    assert main([*words(folder), "--net", net]) == 1
    assert said in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_named(folder, capsys):
    assert main([*words(folder), "--data", str(folder / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_classes_must_agree(folder, capsys):
    (folder / "pictures" / "val" / "navy").rename(folder / "pictures" / "val" / "green")
    assert main(words(folder)) == 1
    assert "differ" in capsys.readouterr().err
    assert not torch.distributed.is_initialized()
