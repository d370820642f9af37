"""A GPU that is not there: mistakes with devices fail on this CPU as they would on a real card.

    python -m pytest -p tests.pretend_gpu ...    for tests; `make gpu` does it
    PYTHONSTARTUP=tests/pretend_gpu.py           for a notebook's kernel, from the project's folder

A tensor on cuda:0 is a `Pretended` here: C++ takes it for a CUDA tensor, and it holds a CPU tensor.
Autograd, autocast and torch's own checks of devices are the real ones. What would be computed on
the GPU arrives in `__torch_dispatch__`, is refused where CUDA refuses it (`refuse_mixed`), and is
computed on the CPU. `pretend_gpu.cpp`, compiled once with g++, answers for the driver.

All of this holds for the whole process and cannot be switched off. Where there is a real GPU,
nothing is pretended. It knows torch's insides: written for 2.15, never compared with a real GPU.

Not imitated: speed, memory, CUDA's rounding and random numbers; waiting (nothing is asynchronous),
streams, several GPUs, cuDNN; operations that only one of the two devices has; limits and assertions
inside kernels; torch.load onto the GPU; torch.compile and TorchScript.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parent.parent
SHIM = Path(__file__).with_suffix(".cpp")
GPU, CPU = torch.device("cuda", 0), torch.device("cpu")

# CUDA's exceptions to the rule that all tensors must be on one device, by operation.
CROSSING = {"copy_", "_to_copy", "_foreach_copy_", "fill_", "_has_compatible_shallow_copy_type"}
INDEXING = {"index", "_unsafe_index", "index_put", "index_put_", "_index_put_impl_"}
FILLING = {"masked_fill", "masked_fill_"}  # like arithmetic, they take a number from the CPU


class NoGpu(RuntimeError):
    """Why no GPU can be pretended here, in one sentence."""


class Pretended(Tensor):
    """A tensor on cuda:0, whose values are those of the CPU tensor `inner`."""

    __torch_function__ = torch._C._disabled_torch_function_impl
    bytes_made = 0

    @staticmethod
    def __new__(cls, inner: Tensor):
        Pretended.bytes_made += inner.nbytes
        with torch.inference_mode(inner.is_inference()):  # a view of a normal tensor stays normal
            outer = Tensor._make_wrapper_subclass(
                cls, inner.shape, strides=inner.stride(), storage_offset=inner.storage_offset(),
                storage_size=1 << 60, dtype=inner.dtype, device=GPU)  # fmt: skip
        outer.inner = inner
        return outer

    @classmethod
    def __torch_dispatch__(cls, op, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        found = op.decompose(*args, **kwargs)  # in inference mode nobody has done that before
        if found is not NotImplemented:
            return found
        written = [args[i] if i < len(args) else kwargs.get(name) for i, name in written_by(op)]
        refuse_mixed(op, args, kwargs, written)
        found = compute(op, inner_of(args), {name: inner_of(v) for name, v in kwargs.items()})
        for outer in written:
            if isinstance(outer, Pretended):
                keep_shape_of_inner(outer)
        if written and returns_what_it_writes(op):
            return written[0] if len(written) == 1 else tuple(written)
        stays = (kwargs.get("device") or GPU).type == "cuda"
        return outer_of(found) if stays else found

    # What C++ refuses to do for any wrapper, done as for a CUDA tensor.
    def numpy(self, *, force=False):
        if not force:
            raise TypeError(
                "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the "
                "tensor to host memory first."
            )
        return self.detach().cpu().numpy(force=True)

    def untyped_storage(self):
        return self.inner.untyped_storage()

    def tolist(self):
        return self.detach().cpu().tolist()

    def __format__(self, spec):
        return format(self.item() if self.dim() == 0 else repr(self), spec)

    def __reduce_ex__(self, protocol):  # what torch.save writes
        rebuild = torch._utils._rebuild_device_tensor_from_cpu_tensor
        return rebuild, (self.inner, self.dtype, "cuda:0", self.requires_grad)


def inner_of(value):
    if isinstance(value, (list, tuple)):
        return type(value)(map(inner_of, value))
    if isinstance(value, torch.device) and value.type == "cuda":
        return CPU
    return value.inner if isinstance(value, Pretended) else value


def outer_of(value):
    if isinstance(value, (list, tuple)):
        return type(value)(map(outer_of, value))
    return Pretended(value) if isinstance(value, Tensor) else value


@cache
def written_by(op) -> list[tuple[int, str]]:
    """The place and the name of each argument that `op` changes."""
    return [(i, a.name) for i, a in enumerate(op._schema.arguments) if is_written(a)]


@cache
def returns_what_it_writes(op) -> bool:  # `x.add_(1)` does, batch_norm only changes its averages
    return bool(op._schema.returns) and all(map(is_written, op._schema.returns))


def is_written(what) -> bool:
    return what.alias_info is not None and what.alias_info.is_write


def keep_shape_of_inner(outer: Pretended) -> None:
    """After `unsqueeze_`, `t_`, or `out=` of another size."""
    inner = outer.inner
    if outer.shape != inner.shape or outer.stride() != inner.stride():
        with torch._C._DisableTorchDispatch():
            outer.as_strided_(inner.shape, inner.stride(), inner.storage_offset())


def refuse_mixed(op, args, kwargs, written) -> None:
    """Refuse what has tensors on both devices.

    Copies may cross; CPU indices may index a GPU tensor, not the other way round; one number
    (0-dim) on the CPU may enter pointwise arithmetic, but nothing on the CPU may be written to.
    """
    into_gpu = op._opname in INDEXING and isinstance(args[0], Pretended)
    if into_gpu:
        args = (args[0], *args[2:])
    values = [v if isinstance(v, (list, tuple)) else [v] for v in (*args, *kwargs.values())]
    tensors = [t for many in values for t in many if isinstance(t, Tensor)]
    strangers = [t for t in tensors if not isinstance(t, Pretended)]
    if not strangers or op._opname in CROSSING:
        return
    if op._opname in INDEXING and not into_gpu:
        raise RuntimeError(
            "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
        )
    takes_number = into_gpu or op._opname in FILLING or torch.Tag.pointwise in op.tags
    is_number = len(strangers) == 1 and strangers[0].dim() == 0 and strangers[0].device == CPU
    if not (takes_number and is_number) or any(strangers[0] is out for out in written):
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"cuda:0 and {strangers[0].device}! (in {op})"
        )


def compute(op, args, kwargs):
    """Run `op` on CPU tensors; chance comes from the GPU's generator, and only from there."""
    if torch.Tag.nondeterministic_seeded not in op.tags:
        return op(*args, **kwargs)
    given = [v for v in (*args, *kwargs.values()) if isinstance(v, torch.Generator)]
    (source,) = given or torch.cuda.default_generators
    if source.device.type != "cuda":
        raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")
    args = [None if v is source else v for v in args]
    kwargs = {name: None if v is source else v for name, v in kwargs.items()}
    before = torch.get_rng_state()
    torch.set_rng_state(source.get_state())
    try:
        return op(*args, **kwargs)
    finally:
        source.set_state(torch.get_rng_state())
        torch.set_rng_state(before)


def make(op, *args, **kwargs):
    """An operation that makes a tensor out of nothing, called with device="cuda"."""
    return Pretended(op(*args, **kwargs | {"device": CPU}))


def switch_on() -> None:
    """From now on this process has a GPU; nothing happens where it has one already.

    Raises:
        NoGpu: with one sentence.
    """
    if torch.cuda.is_available():
        return
    if sys.platform != "linux":
        raise NoGpu("No GPU can be pretended: that is written for Linux.")
    try:
        ctypes.CDLL(str(compiled())).switch_on()
        answer_for_the_driver()
        assert (torch.ones(2, device="cuda") + 1).cpu().tolist() == [2, 2]
        Pretended.bytes_made = 0
    except NoGpu:
        raise
    except Exception as error:
        raise NoGpu(
            f"No GPU can be pretended: torch {torch.__version__} is built otherwise than 2.15, "
            f"for which {Path(__file__).name} was written ({type(error).__name__}: {error})."
        ) from error


def compiled() -> Path:
    """The shim as a library, made once for each torch."""
    source = SHIM.read_text(encoding="utf-8")
    name = hashlib.sha256((source + torch.__version__).encode()).hexdigest()[:16]
    library = ROOT / "build" / f"pretend_gpu-{name}.so"
    if library.exists():
        return library
    if not shutil.which("g++"):
        raise NoGpu(
            "No GPU can be pretended: g++ is missing (on Debian and Ubuntu: apt install g++)."
        )
    library.parent.mkdir(exist_ok=True)
    part, there = library.with_suffix(f".{os.getpid()}"), Path(torch.__file__).parent
    subprocess.run(["g++", "-std=c++20", "-fPIC", "-shared", f"-I{there}/include", SHIM, "-o", part,
                    f"-L{there}/lib", "-lc10", "-ltorch_cpu"], check=True)  # fmt: skip
    part.replace(library)  # whole or not at all: two processes may be at it
    return library


def answer_for_the_driver() -> None:
    from torch.optim.optimizer import _foreach_supported_types as foreach_types

    cuda, c = torch.cuda, torch._C
    properties = SimpleNamespace(name="a pretended GPU", major=8, minor=0, total_memory=16 << 30)
    cuda._initialized, cuda._get_device_properties = True, lambda index: properties
    cuda.default_generators = (torch.Generator(GPU),)
    cuda.mem_get_info = lambda device=None: (12 << 30, 16 << 30)
    # As if nothing were ever freed.
    cuda.memory_allocated = cuda.max_memory_allocated = lambda device=None: Pretended.bytes_made
    c._cuda_getDeviceCount = lambda: 1
    c._cuda_getDevice = cuda._exchange_device = cuda._maybe_exchange_device = lambda *device: 0
    for name in ("_cuda_synchronize", "_cuda_emptyCache", "_cuda_setDevice"):
        setattr(c, name, lambda *device: None)
    c._set_only_lift_cpu_tensors(True)  # torch.tensor(..., device="cuda"): made on the CPU, copied
    torch.__future__.set_swap_module_params_on_conversion(True)  # net.cuda() keeps its weights' ids
    foreach_types.append(Pretended)
    aten = torch.ops.aten
    kernels = cuda.pretended_kernels = torch.library.Library("aten", "IMPL")  # lives as long
    # torch.tensor([x[0], x[1]]) asks for its numbers below the wrapper; all factories (zeros, rand
    # ...) are made of these four.
    kernels.impl("_local_scalar_dense", lambda x: x.inner.item(), "CUDA", allow_override=True)
    for op in (aten.empty.memory_format, aten.empty_strided.default, aten.tril_indices.default,
               aten.triu_indices.default):  # fmt: skip
        kernels.impl(op, partial(make, op), "CUDA", allow_override=True)


# ---------------------------------------------------------------- as a plugin of pytest


def pytest_configure(config) -> None:
    try:
        switch_on()
    except NoGpu as error:
        config.no_gpu = str(error)


def pytest_collection_modifyitems(config, items) -> None:
    for item in items if hasattr(config, "no_gpu") else ():
        item.add_marker(pytest.mark.skip(reason=config.no_gpu))


if __name__ == "__main__":  # as a startup file; the class must not live in __main__
    sys.path.insert(0, str(ROOT))
    __import__("tests.pretend_gpu").pretend_gpu.switch_on()
