"""The pretended GPU refuses what a real one refuses, and computes what a real one computes.

Nothing here knows that the GPU is pretended: on a machine with a real one the same must hold.
"""

import copy
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.gpu
ROOT = Path(__file__).resolve().parent.parent
HERE, THERE = torch.device("cpu"), torch.device("cuda")


def gpu(*shape, **how):
    return torch.rand(*shape, device="cuda", **how)


def refused(what, error=RuntimeError):
    return [pytest.param(do, error, id=name) for name, do in what.items()]


def put(target, where, value):
    target[where] = value


def add_to_number_on_the_cpu():
    total = torch.zeros(())
    total += gpu(3).sum()


MIXED = {
    "sum": lambda: gpu(3) + torch.rand(3),
    "the other way round": lambda: torch.rand(3) * gpu(3),
    "in place": lambda: torch.rand(3).add_(gpu(3)),
    "a CPU batch and a number on the GPU": lambda: torch.rand(3) * gpu(3).sum(),
    "a running total on the CPU": add_to_number_on_the_cpu,
    "stack of numbers": lambda: torch.stack([gpu(3).sum(), torch.rand(3).sum()]),
    "cat": lambda: torch.cat([gpu(3), torch.rand(3)]),
    "matmul": lambda: gpu(2, 3) @ torch.rand(3),
    "where": lambda: torch.where(torch.rand(3) > 0.5, gpu(3), gpu(3)),
    "comparison": lambda: torch.equal(gpu(3), torch.rand(3)),
    "picture on the CPU, net on the GPU": lambda: nn.Conv2d(1, 2, 3).cuda()(torch.rand(1, 1, 5, 5)),
    "picture on the GPU, net on the CPU": lambda: nn.Conv2d(1, 2, 3)(gpu(1, 1, 5, 5)),
    "Linear": lambda: nn.Linear(3, 2)(gpu(1, 3)),
    "BatchNorm": lambda: nn.BatchNorm2d(1)(gpu(2, 1, 5, 5)),
    "labels left behind": lambda: F.cross_entropy(gpu(4, 3), torch.zeros(4, dtype=torch.long)),
    "targets left behind": lambda: F.mse_loss(gpu(3), torch.rand(3)),
    "embedding": lambda: F.embedding(torch.tensor([1]), gpu(3, 2)),
    "masked_fill": lambda: gpu(3).masked_fill(torch.rand(3) > 0.5, 0.0),
    "gather": lambda: gpu(3).gather(0, torch.tensor([0])),
    "index_select": lambda: gpu(3).index_select(0, torch.tensor([0])),
    "GPU indices into a CPU tensor": lambda: torch.rand(3)[torch.tensor([0], device="cuda")],
    "a GPU mask of a CPU tensor": lambda: torch.rand(3)[gpu(3) > 0.5],
    "CPU values put into a GPU tensor": lambda: put(gpu(3), torch.tensor([0, 1]), torch.ones(2)),
}
NUMPY = {
    "numpy()": lambda: gpu(3).numpy(),
    "np.asarray": lambda: np.asarray(gpu(3)),
    "np.array of numbers": lambda: np.array([gpu(1)[0], gpu(1)[0]]),
    "plot": lambda: plt.plot(gpu(3)),
    "imshow": lambda: plt.imshow(gpu(3, 3)),
    "hist": lambda: plt.hist(gpu(3)),
    "fill_between": lambda: plt.fill_between([0, 1, 2], gpu(3)),
}
GENERATORS = {
    "CPU generator, GPU tensor": lambda: gpu(3, generator=torch.Generator()),
    "GPU generator, CPU tensor": lambda: torch.rand(3, generator=torch.Generator("cuda")),
    "randperm": lambda: torch.randperm(3, generator=torch.Generator(), device="cuda"),
    "randint": lambda: torch.randint(3, (2,), generator=torch.Generator(), device="cuda"),
    "normal_": lambda: gpu(3).normal_(generator=torch.Generator()),
    "multinomial": lambda: torch.multinomial(gpu(3), 2, generator=torch.Generator()),
}


@pytest.mark.parametrize(
    ("do", "error"), refused(MIXED) + refused(NUMPY, TypeError) + refused(GENERATORS)
)
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode], ids=["", "inference"])
def test_a_mistake_is_refused(do, error, mode):
    try:
        with mode(), pytest.raises(error, match=r"(?i)device|cpu|cuda"):
            do()
    finally:
        plt.close("all")


def test_what_may_cross_crosses():
    x, c = gpu(3), torch.rand(3)
    for number in (x + c.sum(), x * torch.tensor(2.0), torch.tensor(1.0) + x.sum()):
        assert number.is_cuda
    assert x[c > 0.5].is_cuda
    assert x[torch.tensor([0, 2])].is_cuda
    x[c > 0.5] = torch.tensor(2.0)
    x[:] = c
    torch.testing.assert_close(x.cpu(), c, rtol=0, atol=0)
    c[:] = x + 1
    torch.testing.assert_close(c, x.cpu() + 1)
    assert x.masked_fill(x > 0, torch.tensor(1.0)).is_cuda


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode], ids=["", "inference"])
def test_tensors_are_made_and_moved(mode):
    with mode():
        x, c = gpu(3), torch.rand(3)
        there = [torch.zeros(2, device="cuda"), torch.tensor([1, 2], device="cuda"), c.cuda(),
                 torch.arange(1, 5, device="cuda"), torch.linspace(0, 1, 5, device="cuda"),
                 torch.eye(3, device="cuda"), torch.randperm(5, device="cuda"), c.to("cuda"),
                 c.to(x), torch.full((2,), 2.0, device="cuda"), torch.rand_like(x), x.double(),
                 torch.as_tensor(np.ones(3), device="cuda"), torch.zeros_like(c, device="cuda"),
                 x.new_zeros(2), x.new_tensor([1, 2]), torch.ones(3).to(0), x[1:]]  # fmt: skip
        here = [x.cpu(), x.to("cpu"), x.to(c), x.to("cpu", torch.float64), torch.rand(2)]
    assert [t.device.type for t in there] == ["cuda"] * len(there)
    assert [t.device.type for t in here] == ["cpu"] * len(here)
    assert all(type(t) is torch.Tensor for t in here)
    assert x.to("cuda") is x
    assert torch.arange(1, 5, device="cuda").tolist() == [1, 2, 3, 4]
    assert f"{there[0].sum():.2f}" == "0.00"
    assert "cuda:0" in repr(x)
    assert float(there[0][0]) == 0
    with torch.device("cuda"):
        assert torch.ones(2).is_cuda


def test_changes_in_place_and_of_shape():
    x = torch.zeros(4, device="cuda")
    x[1:3].fill_(1)
    assert x.tolist() == [0, 1, 1, 0]
    assert x.unsqueeze_(0).t_().shape == x.shape == (4, 1)
    out = torch.empty(0, device="cuda")
    torch.add(x, 1, out=out)
    assert out.flatten().tolist() == [1, 2, 2, 1]


# ---------------------------------------------------------------- chance


def test_the_gpu_has_chance_of_its_own():
    torch.manual_seed(3)
    there, here = gpu(2), torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(torch.rand(2), here)  # drawing on the GPU takes nothing from the CPU
    assert torch.equal(gpu(2), there)
    state = torch.cuda.get_rng_state_all()
    dropped = F.dropout(torch.ones(100, device="cuda"))
    torch.cuda.set_rng_state_all(state)
    assert torch.equal(F.dropout(torch.ones(100, device="cuda")), dropped)


def test_a_generator_repeats_itself():
    first, second = (gpu(3, generator=torch.Generator("cuda").manual_seed(0)) for _ in range(2))
    assert torch.equal(first, second)


def test_a_fork_without_devices_does_not_keep_the_gpus_state():
    """`torch.manual_seed` seeds every GPU, too: what many a `fork_rng(devices=[])` forgets."""
    torch.manual_seed(1)
    before = torch.cuda.get_rng_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
    assert not torch.equal(torch.cuda.get_rng_state(), before)
    before = torch.cuda.get_rng_state()
    with torch.random.fork_rng():
        torch.manual_seed(5)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(7)
    assert torch.equal(torch.cuda.get_rng_state(), before)


# ---------------------------------------------------------------- gradients and nets


def test_gradients_cross_over():
    w = torch.rand(3, 3, requires_grad=True)
    p = w.detach().cuda().requires_grad_()
    (w.cuda() @ torch.ones(3, device="cuda")).sin().sum().backward()
    (p @ torch.ones(3, device="cuda")).sin().sum().cpu().backward()
    assert w.grad.device.type == "cpu"
    assert p.grad.is_cuda
    torch.testing.assert_close(p.grad.cpu(), w.grad)
    (first,) = torch.autograd.grad((p**3).sum(), p, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), p)
    torch.testing.assert_close(second, 6 * p.detach())
    with pytest.raises(RuntimeError, match="device"):
        p.grad = w.grad


def trained(device, **how):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
                        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3))  # fmt: skip
    x, y = torch.rand(16, 1, 8, 8), torch.randint(3, (16,))
    net, x, y = net.to(device), x.to(device), y.to(device)
    optimizer = torch.optim.Adam(net.parameters(), 1e-2, **how)
    for _ in range(5):
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net, optimizer


@pytest.mark.parametrize("how", [{}, {"fused": True}, {"foreach": False}], ids=str)
def test_training_is_the_same_on_both(how):
    (here, _), (there, optimizer) = (trained(device, **how) for device in (HERE, THERE))
    x = torch.rand(5, 1, 8, 8)
    torch.testing.assert_close(here.eval()(x), there.eval()(x.cuda()).cpu(), rtol=0, atol=0.02)
    assert all(state["exp_avg"].is_cuda for state in optimizer.state.values())


def test_nets_move_and_are_copied():
    net, optimizer = trained(HERE)
    weights = list(net.parameters())
    net.cuda()
    assert [id(w) for w in net.parameters()] == [id(w) for w in weights]  # as the optimizer knows
    assert all(isinstance(w, nn.Parameter) and w.is_cuda for w in net.parameters())
    twin = copy.deepcopy(net)
    for a, b in zip(net.parameters(), twin.parameters()):
        assert isinstance(b, nn.Parameter)
        assert torch.equal(a, b)
    with torch.no_grad():
        twin[0].weight.zero_()
    assert net[0].weight.abs().sum() > 0
    twin.load_state_dict(net.cpu().state_dict())  # copies cross over
    assert twin[0].weight.is_cuda
    assert copy.deepcopy(optimizer.state_dict())["state"]


@pytest.mark.parametrize("weights_only", [True, False])
def test_saved_and_loaded(weights_only):
    net, optimizer = trained(THERE)
    file = io.BytesIO()
    torch.save([net.state_dict(), optimizer.state_dict(), torch.ones(2)], file)
    for place in (None, "cpu"):
        file.seek(0)
        weights, _, ones = torch.load(file, map_location=place, weights_only=weights_only)
        assert weights["0.weight"].is_cuda == (place is None)
        assert not ones.is_cuda
        assert torch.equal(weights["0.weight"].cpu(), net[0].weight.cpu())


def test_safetensors(tmp_path):
    net, _ = trained(THERE)
    safetensors.torch.save_file(net.state_dict(), tmp_path / "net")
    for device in ("cpu", "cuda"):
        weights = safetensors.torch.load_file(tmp_path / "net", device=device)
        assert weights["0.weight"].device.type == device
        assert torch.equal(weights["0.weight"].cpu(), net[0].weight.cpu())


def test_autocast_is_for_its_own_device():
    for x in (torch.rand(4, 4), gpu(4, 4)):
        for kind in ("cpu", "cuda"):
            with torch.autocast(kind, torch.bfloat16):
                assert ((x @ x).dtype == torch.bfloat16) == (kind == x.device.type)


def test_threads_have_the_same_gpu():
    seen = []

    def work():
        x = gpu(2).requires_grad_()
        (2 * x).sum().backward()
        seen.append(x.grad)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen[0].is_cuda


def test_the_driver_answers():
    assert torch.cuda.device_count() >= 1
    assert torch.cuda.get_device_name()
    free, total = torch.cuda.mem_get_info()
    assert 0 < free <= total
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    assert gpu(3).get_device() == torch.cuda.current_device() == 0
    assert torch.cuda.max_memory_allocated() > 0
    assert torch.rand(3).pin_memory().cuda(non_blocking=True).is_cuda


# ---------------------------------------------------------------- where it cannot be switched on


def test_without_a_compiler_one_sentence_says_so(tmp_path):
    """In a process of its own, with an empty PATH and nothing compiled before."""
    code = (
        "import pathlib; from tests import pretend_gpu as p; p.ROOT = pathlib.Path('.')\n"
        "try: p.switch_on()\nexcept p.NoGpu as error: print(error)"
    )
    env = os.environ | {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.count("\n") == 1
    assert "g++ is missing" in done.stdout
