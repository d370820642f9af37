"""An attack changes nothing: modes, buffers, gradients, random state, the input. Also on error."""

import contextlib
import copy

import pytest
import torch
from torch import nn

from tests.conftest import small_net
from tutlib import risk
from tutlib.attacks import (
    deepfool,
    eot,
    fgsm,
    input_gradient,
    pgd,
    sgd_attack,
    square,
    universal,
    universal_by_deepfool,
)
from tutlib.balls import L2, Linf
from tutlib.nets import untouched
from tutlib.risk.diagnose import diagnose


class Restless(nn.Module):
    """A net that counts its calls in a buffer, rebinds it, and uses randomness."""

    def __init__(self):
        super().__init__()
        self.body = small_net()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls = self.calls + 1
        return self.body(x) + 1e-3 * torch.randn(len(x), 4, device=x.device)


class Raising(nn.Module):
    """A net that breaks on its third call."""

    def __init__(self):
        super().__init__()
        self.body, self.count = small_net(), 0

    def forward(self, x):
        self.count += 1
        if self.count == 3:
            raise RuntimeError("out of order")
        return self.body(x)


ATTACKS = {
    "fgsm": lambda m, x, y: fgsm(m, x, y, Linf(0.03)),
    "sgd": lambda m, x, y: sgd_attack(m, x, y, L2(0.5), steps=4),
    "pgd": lambda m, x, y: pgd(m, x, y, Linf(0.03), steps=4, restarts=2),
    "pgd early stop": lambda m, x, y: pgd(m, x, y, Linf(0.03), steps=4, early_stop=True),
    "deepfool": lambda m, x, y: deepfool(m, x, y, L2(5.0), steps=6),
    "square": lambda m, x, y: square(m, x, y, Linf(0.03), queries=6),
    "square L2": lambda m, x, y: square(m, x, y, L2(0.5), queries=6),
    "universal": lambda m, x, y: universal(m, x, y, Linf(0.03), steps=4),
    "universal by deepfool": lambda m, x, y: universal_by_deepfool(m, x, y, L2(0.5), passes=1),
    "eot": lambda m, x, y: eot(m, x, y, Linf(0.03), torch.Tensor.clone, draws=2, steps=3),
    "diagnose": lambda m, x, y: diagnose(m, x, y, Linf(0.03), steps=4, queries=3),
}
EVERY = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)


def in_training(net: nn.Module) -> nn.Module:
    """Train mode, with one frozen BatchNorm, and a gradient waiting on the first weights."""
    net.train()
    frozen = next(m for m in net.modules() if isinstance(m, nn.BatchNorm2d))
    frozen.eval()
    weight = next(net.parameters())
    weight.grad = torch.full_like(weight, 0.5)
    return net


def snapshot(net: nn.Module) -> tuple:
    return (
        [module.training for module in net.modules()],
        copy.deepcopy(net.state_dict()),
        [None if p.grad is None else p.grad.clone() for p in net.parameters()],
        [p.requires_grad for p in net.parameters()],
        torch.get_rng_state(),
    )


def assert_unchanged(before: tuple, after: tuple) -> None:
    assert before[0] == after[0], "a module changed its mode"
    for name, value in before[1].items():
        assert torch.equal(value, after[1][name]), f"{name} changed"
    for old, new in zip(before[2], after[2]):
        assert (old is None) == (new is None)
        assert old is None or torch.equal(old, new)
    assert before[3] == after[3]
    assert torch.equal(before[4], after[4]), "the random state moved"


@EVERY
@pytest.mark.parametrize("make", [small_net, Restless], ids=["BatchNorm and dropout", "restless"])
def test_nothing_changes(attack, make, pictures):
    net, (x, y) = in_training(make()), pictures
    kept, before = x.clone(), snapshot(net)
    x_adv = attack(net, x, y)
    assert_unchanged(before, snapshot(net))
    assert torch.equal(x, kept)
    assert not x.requires_grad
    assert getattr(x_adv, "grad_fn", None) is None
    assert getattr(x_adv, "requires_grad", False) is False


@EVERY
def test_nothing_changes_when_the_net_raises(attack, pictures):
    net, x = in_training(Raising()), pictures[0]
    y = net.body.eval()(x).argmax(1)  # nothing is fooled yet, so every attack has work to do
    in_training(net)
    net.count = 2 if attack is ATTACKS["fgsm"] else 0  # FGSM calls only once
    before = snapshot(net)
    with pytest.raises(RuntimeError, match="out of order"):
        attack(net, x, y)
    assert_unchanged(before, snapshot(net))


def test_the_buffer_object_itself_comes_back(pictures):
    net, (x, y) = Restless().train(), pictures
    buffer = net.calls
    pgd(net, x, y, Linf(0.03), steps=2)
    assert net.calls is buffer
    assert buffer.item() == 0


def test_a_generator_is_used_and_the_global_state_is_not(net, pictures):
    x, y = pictures
    generator = torch.Generator().manual_seed(1)
    state, own = torch.get_rng_state(), generator.get_state()
    pgd(net, x, y, Linf(0.03), steps=1, generator=generator)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(generator.get_state(), own)


def test_a_picture_that_requires_grad_stays_as_it_is(net, pictures):
    x, y = pictures
    x.requires_grad_(True)
    x_adv = pgd(net, x, y, Linf(0.03), steps=2)
    assert x.requires_grad
    assert x.grad is None
    assert not x_adv.requires_grad


INSIDE = {
    "pgd": lambda m, x, y: pgd(m, x, 3, Linf(0.03), steps=3),
    "pgd, the net's own labels": lambda m, x, y: pgd(m, x, m(x).argmax(1), Linf(0.03), steps=3),
    "pgd, early stop": lambda m, x, y: pgd(m, x, y, L2(0.3), steps=3, early_stop=True, restarts=2),
    "fgsm, target": lambda m, x, y: fgsm(m, x, y, Linf(0.03), target=(y == 0).long()),
    "input_gradient": lambda m, x, y: input_gradient(m, x, 3),
    "risk_curve": lambda m, x, y: risk.risk_curve(m, x, y, [0, 0.01]).pictures,
    "evaluate": lambda m, x, y: risk.evaluate(m, x, y, Linf(0.03), steps=6).values,
    "evaluate, fast": lambda m, x, y: risk.evaluate(m, x, y, Linf(0.03), steps=6, fast=True).values,
}


@pytest.mark.parametrize("what", INSIDE)
def test_in_inference_mode_and_outside_it_is_the_same(what, pictures):
    model, (x, y) = small_net().eval(), pictures
    expected = INSIDE[what](model, x, y)
    with torch.inference_mode():
        torch.testing.assert_close(INSIDE[what](model, x, y), expected)
        ours = x.clone(), model(x).argmax(1)
    pgd(model, *ours, Linf(0.03), steps=2)  # pictures and labels from there, used out here


@pytest.mark.parametrize("ball", [Linf(0.03), L2(0.5)], ids=["linf", "l2"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_whole_levels_come_without_a_graph_and_in_the_pictures_precision(ball, dtype, pictures):
    model, (x, y) = small_net().eval().to(dtype), pictures
    x = ((x * 255).round() / 255).to(dtype).requires_grad_()
    for restarts in (1, 2):
        found = pgd(model, x, y, ball, steps=2, quantize=True, restarts=restarts)
        assert not found.requires_grad
        assert found.dtype == dtype


# --- `untouched` by itself


class Counting(nn.Module):
    """A net that counts its calls in place, in a buffer of a part of it."""

    def __init__(self):
        super().__init__()
        self.body = small_net()
        self.body.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.body.calls.add_(1)
        return self.body(x)


def half_frozen() -> nn.Module:
    """In training, but for one part; two weights are not to be trained."""
    net = in_training(Counting())
    for weight in list(net.parameters())[:2]:
        weight.requires_grad_(False)
    return net


def test_inside_every_part_is_in_eval_mode_and_no_weight_asks_for_a_gradient():
    net = half_frozen()
    before = snapshot(net)
    with untouched(net):
        assert not any(module.training for module in net.modules())
        assert not any(weight.requires_grad for weight in net.parameters())
        assert len(list(net.parameters())) == len(before[2])
    assert_unchanged(before, snapshot(net))
    assert before[3].count(False) == 2


def test_train_is_not_called_for_people_override_it():
    class Stubborn(nn.Module):
        def train(self, mode=True):
            raise AssertionError("train() was called")

    net = Stubborn()
    with untouched(net):
        assert not net.training
    assert net.training


def test_buffers_changed_in_place_come_back_and_no_module_gets_a_new_one(pictures):
    net = half_frozen()
    owners = [list(module._buffers) for module in net.modules()]
    with untouched(net):
        net(pictures[0])
        assert net.body.calls == 1
    assert net.body.calls == 0
    assert [list(module._buffers) for module in net.modules()] == owners


def test_the_body_may_raise():
    net = half_frozen()
    before = snapshot(net)
    with contextlib.suppress(ZeroDivisionError), untouched(net):
        net.body.calls.add_(torch.rand(()))
        raise ZeroDivisionError
    assert_unchanged(before, snapshot(net))


def test_a_weight_that_is_computed_from_others_is_passed_by():
    """So do learners of learning, with a step of training inside the graph."""
    net = nn.Linear(2, 2)
    computed = net.weight * 2
    net._parameters["weight"] = computed
    with untouched(net):
        assert computed.requires_grad
        assert not net.bias.requires_grad
    assert net.bias.requires_grad


def test_any_function_can_stand_where_a_net_stands():
    state = torch.get_rng_state()
    with untouched(lambda x: x):
        torch.rand(3)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(("awake", "kept"), [(True, [0, 1, 2]), (False, [])])
def test_chance_is_kept_on_every_gpu_and_sleeping_ones_are_not_woken(awake, kept, monkeypatch):
    asked = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: awake)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(
        torch.random, "fork_rng", lambda gpus: asked.extend(gpus) or contextlib.nullcontext()
    )
    with untouched(nn.Identity()):
        assert asked == kept
