"""Training a small net: the inner maximum, interruption, resumption, no trace on the net."""

import importlib

import pytest
import torch
from torch import nn

from tests.conftest import small_net
from tutlib import attacks, training
from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.nets import mlp
from tutlib.training import checkpoint

BALL = Linf(0.1)
INNERS = {
    "none": None,
    "fast": training.fgsm_rs(BALL),
    "strong": training.pgd_inner(BALL, steps=3),
    "mixed": training.mixed(training.fgsm_rs(BALL)),
}


@pytest.fixture
def data():
    """Sixty pictures whose class is the bright quarter, a little noisy."""
    generator = torch.Generator().manual_seed(3)
    y = torch.randint(0, 4, (60,), generator=generator)
    x = 0.3 * torch.rand(60, 3, 12, 12, generator=generator)
    for k in range(4):
        row, column = 6 * (k // 2), 6 * (k % 2)
        x[y == k, :, row : row + 6, column : column + 6] += 0.5
    return x, y


def run(x, y, model=None, seen=lambda model: None, **options):
    torch.manual_seed(0)  # the dropout layers draw from here
    model = model or small_net()
    seen(model)
    options = {"epochs": 4, "batch": 20, "progress": False, "inner": INNERS["fast"]} | options
    return model, training.fit(model, x, y, **options)


def stopped(*data, **options):
    """The net and what there is of a run that is interrupted."""
    made = []
    with pytest.raises(training.Stopped) as stop:
        run(*data, model=None, seen=made.append, **options)
    return made[0], stop.value.run


def same(a, b):
    one, other = a.state_dict(), b.state_dict()
    return all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("name", INNERS)
def test_every_inner_maximiser_trains(data, name):
    model, done = run(*data, inner=INNERS[name], epochs=20, lr=1e-2,
                      judge=training.pgd_inner(BALL, steps=3))  # fmt: skip
    assert done.finished
    assert done.history[-1]["loss"] < 0.5 * done.history[0]["loss"]
    assert training.accuracy(model, *data) > 0.9
    assert {"train_clean", "train_robust", "seconds"} <= set(done.history[0])
    assert not model.training
    assert all(weight.grad is None for weight in model.parameters())


@pytest.mark.parametrize("name", ["fast", "strong"])
def test_the_inner_maximiser_raises_the_loss_inside_ball_and_box(data, name, net):
    x, y = data
    inner = {"fast": training.fgsm_rs(BALL, box=(0, 1)), "strong": INNERS["strong"]}[name]
    moved = inner(net, x, y, generator=torch.Generator().manual_seed(0))
    noisy = BALL.sample(x, torch.Generator().manual_seed(0)).clamp(0, 1)
    with torch.no_grad():
        before, after = (nn.functional.cross_entropy(net(p), y) for p in (noisy, moved))
    assert after > before
    assert (moved - x).abs().max() <= BALL.eps
    assert moved.min() >= 0
    assert moved.max() <= 1


def test_fast_may_leave_the_pixel_box_but_never_the_ball(data, net):
    moved = INNERS["fast"](net, *data)
    assert (moved - data[0]).abs().max() <= BALL.eps
    assert moved.min() < 0


def test_more_inner_steps_find_a_higher_loss(data):
    model, _ = run(*data, inner=None, epochs=8)
    losses = []
    for steps in (1, 4, 16):
        moved = training.pgd_inner(BALL, steps=steps)(model, *data)
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(model(moved), data[1]).item())
    assert losses[0] <= losses[1] + 1e-3 <= losses[2] + 2e-3


def test_the_inner_attack_makes_no_weight_gradients_and_keeps_the_statistics(data):
    """What `inner` leaves behind, in the middle of training: nothing."""
    seen = []

    def spy(model, x, y, *, generator=None):
        kept = {key: value.clone() for key, value in model.state_dict().items()}
        grads = [None if w.grad is None else w.grad.clone() for w in model.parameters()]
        moved = INNERS["strong"](model, x, y, generator=generator)
        now = model.state_dict()
        seen.append(all(torch.equal(kept[key], now[key]) for key in kept) and model.training)
        for weight, before in zip(model.parameters(), grads):
            assert (weight.grad is None) == (before is None)
            assert before is None or torch.equal(weight.grad, before)
        return moved

    model, _ = run(*data, inner=spy)
    assert len(seen) == 12
    assert all(seen)
    counted = next(m for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    assert counted.num_batches_tracked == 12  # the attack's forward passes are not counted


def test_no_weight_gradient_is_computed_in_the_attack(data, net):
    """A hook on a weight would fire if autograd visited it."""
    visited = []
    for weight in net.parameters():
        weight.register_hook(lambda grad: visited.append(grad))
    INNERS["strong"](net, *data)
    assert not visited


def test_the_same_seed_gives_the_same_weights_and_another_does_not(data):
    one, other, third = (run(*data, seed=seed)[0] for seed in (0, 0, 1))
    assert same(one, other)
    assert not same(one, third)


@pytest.mark.parametrize("as_file", [True, False])
@pytest.mark.parametrize("name", ["none", "fast", "mixed"])
def test_resumed_equals_uninterrupted(data, tmp_path, as_file, name):
    watch = (data[0][:20], data[1][:20])
    options = {"inner": INNERS[name], "watch": watch, "judge": training.pgd_inner(BALL, steps=2)}
    whole, done = run(*data, **options)
    place = tmp_path / "run.pt" if as_file else None
    _, half = run(*data, until=2, checkpoint=place, **options)
    assert not half.finished
    torch.manual_seed(99)  # whatever happened in between must not matter
    model = small_net(seed=5)
    last = training.fit(model, *data, epochs=4, batch=20, progress=False,
                        checkpoint=place or half.state, **options)  # fmt: skip
    assert last.finished
    assert same(model, whole)
    assert last.best == done.best
    assert last.curve("loss") == done.curve("loss")


def interrupting(at):
    calls = []

    def inner(model, x, y, *, generator=None):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return INNERS["fast"](model, x, y, generator=generator)

    return inner


def test_interrupted_keeps_the_best_and_goes_on_to_the_same_end(data, tmp_path):
    watch = (data[0][:20], data[1][:20])
    inner = interrupting(at=8)  # in the middle of the third epoch of three batches
    model, half = stopped(*data, inner=inner, watch=watch, checkpoint=tmp_path / "run.pt")
    assert not half.finished
    assert len(half.history) == 2
    assert 1 <= half.best <= 2
    accuracy = training.accuracy(model, *watch)
    assert accuracy == max(half.curve("watch_clean"))
    again, last = run(*data, inner=interrupting(0), watch=watch, checkpoint=tmp_path / "run.pt")
    whole, _ = run(*data, inner=interrupting(0), watch=watch)
    assert last.finished
    assert same(again, whole)


def test_interrupted_before_the_first_epoch_is_over(data):
    model, half = stopped(*data, inner=interrupting(at=2))
    assert half.best == 0
    assert half.history == []
    assert all(weight.grad is None for weight in model.parameters())


def test_an_interrupted_save_loses_nothing(data, tmp_path, monkeypatch):
    place = tmp_path / "run.pt"
    run(*data, until=1, checkpoint=place)
    before = place.read_bytes()

    def dies(state, path):
        path.write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.torch, "save", dies)
    _, half = stopped(*data, checkpoint=place)
    assert len(half.history) >= 1
    assert place.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


def test_the_best_epoch_is_kept(data):
    scores = iter([0.2, 0.9, 0.4, 0.9, 0.1])
    x, y = data

    def judge(model, x, y):
        return x

    with pytest.MonkeyPatch.context() as patch:
        module = importlib.import_module("tutlib.training.fit")  # its name is its function's, too
        patch.setattr(module, "score", lambda row: next(scores))
        model, done = run(x, y, watch=(x, y), judge=judge, epochs=5)
    assert done.best == 4  # of equals the later one
    assert not all(torch.equal(done.state["model"][k], v) for k, v in model.state_dict().items())
    _, last = run(x, y, epochs=3)
    assert last.best == 3  # nothing is watched: the last


def test_wrong_checkpoints_get_their_sentence(data, tmp_path):
    place = tmp_path / "run.pt"
    run(*data, until=1, checkpoint=place)
    with pytest.raises(ValueError, match=r"lr was 0\.002, is 0\.1"):
        run(*data, lr=0.1, checkpoint=place)
    with pytest.raises(ValueError, match="inner was pgd"):
        run(*data, inner=None, checkpoint=place)
    with pytest.raises(ValueError, match="another net"):
        run(*data, model=nn.Sequential(nn.Flatten(), nn.Linear(432, 4)), checkpoint=place)
    place.write_bytes(place.read_bytes()[:100])
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        run(*data, checkpoint=place)


def test_input_gradient_is_the_gradient_and_leaves_no_trace(data):
    x, y = data
    torch.manual_seed(0)
    net = mlp(2, 8, 3).double()
    points, labels = torch.rand(5, 2, dtype=torch.float64), torch.tensor([0, 1, 2, 0, 1])
    found = attacks.input_gradient(net, points, labels)
    h = 1e-6
    for k in range(2):
        step = torch.zeros(2, dtype=torch.float64)
        step[k] = h
        up, down = (
            nn.functional.cross_entropy(net(points + s), labels, reduction="none")
            for s in (step, -step)
        )
        torch.testing.assert_close(found[:, k], (up - down) / (2 * h), atol=1e-6, rtol=1e-5)
    assert all(weight.grad is None for weight in net.parameters())
    model = small_net().train()
    attacks.input_gradient(model, x, y)
    assert model.training


def test_danskin_for_a_linear_net():
    """The gradient at the worst delta, held still, is the gradient of the maximum."""
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(20, dtype=torch.float64, generator=generator, requires_grad=True)
    x = torch.randn(20, dtype=torch.float64, generator=generator)

    def model(points):  # two classes, so that the loss is log(1 + exp(-margin))
        margin = points @ w
        return torch.stack([torch.zeros_like(margin), margin], 1)

    y = torch.tensor([1])
    worst = pgd(model, x[None], y, BALL, steps=50, box=None)
    at_delta = nn.functional.cross_entropy(model(worst), y)
    exact = nn.functional.softplus(-(x @ w - BALL.eps * w.abs().sum()))
    torch.testing.assert_close(at_delta, exact, atol=1e-7, rtol=0)
    one, other = (torch.autograd.grad(value, w)[0] for value in (at_delta, exact))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_augmented_training_resumes_with_identical_weights(data, tmp_path):
    options = {"augment": training.shifted, "checkpoint": tmp_path / "run.pt"}
    whole, _ = run(*data, augment=training.shifted)
    run(*data, **options, until=2)
    again, done = run(*data, **options)
    assert done.finished
    assert same(whole, again)
    with pytest.raises(ValueError, match="augment"):
        run(*data, checkpoint=tmp_path / "run.pt")
