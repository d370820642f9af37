"""Two processes train the net that one would have trained, also after they were killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch
from torch.utils.data import TensorDataset

from tutlib import nets, training
from tutlib.balls import Linf
from tutlib.training.together import Team

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these tests kill groups of processes")
ROOT = Path(__file__).parents[1]
SCRIPT = """
    import functools, sys, torch
    from tutlib import nets, training
    from tutlib.attacks import fgsm
    from tutlib.balls import Linf

    checkpoint, weights, epochs, kind = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    g = torch.Generator().manual_seed(0)
    x = torch.rand(64, 8, generator=g)
    y = (x.sum(1) > 4).long()
    torch.manual_seed(int(__import__("os").environ.get("RANK", 0)))  # other weights in each
    net = nets.mlp(8, 16, 2) if kind != "chance" else torch.nn.Sequential(
        nets.mlp(8, 16), torch.nn.Dropout(0.5), torch.nn.BatchNorm1d(16), nets.mlp(16, 2))

    def inner(model, x, y, generator=None):
        return fgsm(model, x, y, Linf(0.05))

    inner = {"chance": training.pgd_inner(Linf(0.05), steps=2)}.get(kind, inner)
    data = (torch.utils.data.TensorDataset(x, y), None) if kind == "data set" else (x, y)
    with training.together("cpu"):
        run = training.fit(net, *data, inner=inner, epochs=epochs, batch=16, lr=0.01, seed=3,
                           watch=(x[:9], y[:9]), checkpoint=checkpoint)
        print("has run", training.team().rank, run.history[-1]["loss"], flush=True)
        torch.save(net.state_dict(), f"{weights}.{training.team().rank}")
"""


@pytest.fixture
def start(tmp_path):
    """Start the script in some processes; gives a running `torchrun`, or plain Python for one."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    begun = []

    def begin(processes, checkpoint, weights, epochs=3, kind="plain"):
        words = [str(script), str(checkpoint), str(weights), str(epochs), kind]
        if processes > 1:
            words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
                     str(processes), *words]  # fmt: skip
        env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        begun.append(subprocess.Popen([sys.executable, *words], env=env, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      start_new_session=True))  # fmt: skip
        return begun[-1]

    yield begin
    for process in begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def done(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


def weights(path, rank=0):
    return torch.load(f"{path}.{rank}", weights_only=True)


def same(some, others, within=1e-5):
    assert some.keys() == others.keys()
    return all(torch.allclose(some[k], others[k], atol=within, rtol=within) for k in some)


@pytest.mark.parametrize("kind", ["plain", "data set"])
def test_two_processes_train_the_net_of_one(start, tmp_path, kind):
    out, _ = done(start(1, tmp_path / "1.pt", tmp_path / "one", kind=kind))
    both, said = done(start(2, tmp_path / "2.pt", tmp_path / "two", kind=kind))
    assert out.count("has run") == 1
    assert both.count("has run") == 2
    assert same(weights(tmp_path / "one"), weights(tmp_path / "two"))
    assert same(weights(tmp_path / "two"), weights(tmp_path / "two", 1), within=0)
    assert said.count("training: epoch 1 of 3") <= 1, "one bar, not two"
    history = torch.load(tmp_path / "2.pt", weights_only=True)["history"]
    alone = torch.load(tmp_path / "1.pt", weights_only=True)["history"]
    for row, other in zip(history, alone, strict=True):
        for name in ("loss", "train_clean", "watch_clean"):
            assert row[name] == pytest.approx(other[name], abs=1e-5)


@pytest.mark.parametrize("kind", ["plain", "chance"])
def test_after_a_kill_it_goes_on_as_if_nothing_had_been(start, tmp_path, kind):
    done(start(2, tmp_path / "whole.pt", tmp_path / "whole", epochs=40, kind=kind))
    killed = start(2, tmp_path / "cut.pt", tmp_path / "cut", epochs=40, kind=kind)
    while not (tmp_path / "cut.pt").exists() or not training_has_begun(tmp_path / "cut.pt"):
        assert killed.poll() is None, killed.communicate()[1]
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "cut.0").exists(), "killed in the middle"
    done(start(2, tmp_path / "cut.pt", tmp_path / "cut", epochs=40, kind=kind))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"), within=0)


def training_has_begun(path):
    return 1 <= len(torch.load(path, weights_only=True)["history"]) < 40


def test_a_share_is_a_split():
    rows = torch.arange(10)
    shares = [Team(rank, 3).share(rows) for rank in range(3)]
    assert sorted(torch.cat(shares).tolist()) == rows.tolist()


def test_a_team_of_one_changes_nothing():
    net = torch.nn.Linear(2, 2)
    net(torch.ones(1, 2)).sum().backward()
    before = [p.grad.clone() for p in net.parameters()]
    alone = training.team()
    alone.average_gradients(net)
    alone.same_net(net)
    assert all(torch.equal(a, p.grad) for a, p in zip(before, net.parameters()))
    assert alone.leads
    assert alone.told("x") == "x"
    assert alone.mean(0.5, 3) == 0.5


def test_a_batch_must_be_shared_out_evenly(monkeypatch):
    monkeypatch.setattr(sys.modules["tutlib.training.fit"], "team", lambda: Team(0, 3))
    with pytest.raises(ValueError, match="batch is 4, and 3 processes share it"):
        training.fit(nets.mlp(2, 2), torch.rand(8, 2), torch.zeros(8).long(), batch=4)


@pytest.mark.parametrize(
    ("data", "y", "error", "said"),
    [
        (TensorDataset(torch.rand(4, 2), torch.zeros(4).long()), torch.zeros(4), ValueError,
         "brings its own labels"),
        (TensorDataset(torch.rand(4, 2)), None, TypeError, "pairs"),
        (TensorDataset(torch.rand(0, 2), torch.zeros(0).long()), None, ValueError, "empty"),
        (torch.rand(4, 2), None, TypeError, "y must be"),
    ],
)  # fmt: skip
def test_wrong_data_is_answered_with_a_sentence(data, y, error, said):
    with pytest.raises(error, match=said):
        training.fit(nets.mlp(2, 2), data, y)


def test_a_data_set_trains_the_same_net_as_its_tensors():
    x = torch.rand(20, 2, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] > x[:, 1]).long()
    ends = []
    for data in ((x, y), (TensorDataset(x, y), None)):
        torch.manual_seed(0)
        net = nets.mlp(2, 8, 2)
        training.fit(net, *data, inner=training.pgd_inner(Linf(0.1), steps=2), epochs=2, batch=5)
        ends.append(net.state_dict())
    assert same(*ends, within=0)
