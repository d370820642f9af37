"""The training loop on a net of eight weights: its steps, batches, seeds, scores and sentences."""

import importlib
import math
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tutlib import training
from tutlib.balls import Linf
from tutlib.training import checkpoint

MODULE = importlib.import_module("tutlib.training.fit")  # its name is its function's, too


def tiny(seed=0):
    """Two logits from three numbers; with a seed of its own, so that tests can compare."""
    torch.manual_seed(seed)
    return nn.Linear(3, 2)


def sample(count=12):
    """Points of two classes; the first number of a point says which point it is."""
    x = torch.randn(count, 3, generator=torch.Generator().manual_seed(1))
    y = torch.arange(count) % 2
    x[:, 1] += 2.0 * y
    x[:, 0] = torch.arange(count)
    return x, y


def run(x, y, model=None, **options):
    model = model or tiny()
    options = {"epochs": 2, "batch": 4, "progress": False} | options
    return model, training.fit(model, x, y, **options)


class Batches:
    """An inner maximiser that changes nothing and remembers everything."""

    def __init__(self):
        self.rows, self.labels, self.generators, self.modes = [], [], [], []

    def __call__(self, model, x, y, *, generator=None):
        self.rows.append(x[:, 0].tolist())
        self.labels.append(y.tolist())
        self.generators.append(generator)
        self.modes.append(model.training)
        return x


def weights(model):
    return torch.cat([w.detach().flatten() for w in model.parameters()])


# ---------------------------------------------------------------- steps


def test_one_cycle_goes_straight_up_and_like_a_cosine_down():
    assert training.one_cycle(0.15) == pytest.approx(0.5)
    assert training.one_cycle(0.3) == 1
    assert training.one_cycle(0.65) == pytest.approx(0.5)
    assert training.one_cycle(1) == pytest.approx(0, abs=1e-12)
    assert training.one_cycle(0.3 + 0.7 / 3) == pytest.approx(0.75)  # cos(60 degrees) is a half
    assert training.one_cycle(0) == 0.04  # the very first step is not lost
    assert training.one_cycle(0.25, warm_up=0.5) == pytest.approx(0.5)
    assert training.one_cycle(0.75, warm_up=0.5) == pytest.approx(0.5)
    assert training.one_cycle(0, warm_up=0) == 1


def test_one_cycle_rises_and_falls():
    rates = [training.one_cycle(i / 100) for i in range(101)]
    assert max(rates) == rates[30] == 1
    assert all(a <= b for a, b in pairwise(rates[:31]))
    assert all(a >= b for a, b in pairwise(rates[30:]))


def test_every_step_has_the_rate_of_its_place_in_the_whole_training():
    rates, highest = [], []

    class Noting(torch.optim.SGD):
        def __init__(self, parameters, lr):
            highest.append(lr)
            super().__init__(parameters, lr=lr)

        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    run(*sample(), epochs=4, batch=4, lr=0.5, optimizer=Noting)
    assert highest == [0.5]
    assert rates == pytest.approx([0.5 * training.one_cycle(i / 12) for i in range(12)])


def test_two_epochs_are_two_steps_of_plain_gradient_descent():
    x, y = sample()
    x = x / 10
    model, done = run(x, y, batch=12, lr=2.0, optimizer=torch.optim.SGD)
    by_hand, losses = tiny(), []
    for share in (0.04, training.one_cycle(0.5)):
        loss = F.cross_entropy(by_hand(x), y)
        losses.append(loss.item())
        grads = torch.autograd.grad(loss, list(by_hand.parameters()))
        with torch.no_grad():
            for weight, grad in zip(by_hand.parameters(), grads):
                weight -= 2.0 * share * grad
    torch.testing.assert_close(weights(model), weights(by_hand))
    assert done.curve("loss") == pytest.approx(losses)
    assert all(weight.grad is None for weight in model.parameters())


def test_the_loss_is_the_mean_over_the_batches():
    x, y = sample()
    model, done = run(x, y, epochs=1, lr=1e-12, optimizer=torch.optim.SGD)
    assert done.history[0]["loss"] == pytest.approx(F.cross_entropy(model(x), y).item())


def test_the_net_learns_from_what_the_inner_maximiser_made():
    x, y = sample()
    far = lambda model, x, y, generator: x + 7  # noqa: E731
    one, _ = run(x, y, inner=far)
    other, _ = run(x + 7, y)
    torch.testing.assert_close(weights(one), weights(other))


def test_fit_hands_what_augment_made_to_the_inner_maximiser():
    x, y = sample()
    seen, drawn = Batches(), []

    def augment(x, generator):
        drawn.append(generator)
        return x + 100

    run(x, y, inner=seen, augment=augment)
    assert min(min(rows) for rows in seen.rows) == 100
    assert drawn == seen.generators
    one, _ = run(x, y, augment=augment)
    other, _ = run(x + 100, y)
    assert torch.equal(weights(one), weights(other))


def test_who_asks_for_nothing_gets_adam_ten_epochs_of_batches_of_100_and_seed_0():
    x, y = sample(200)
    seen = Batches()
    model, told = tiny(), tiny()
    done = training.fit(model, x, y, progress=False, inner=seen)
    training.fit(told, x, y, progress=False, inner=None, augment=None, epochs=10, batch=100,
                 lr=2e-3, optimizer=torch.optim.Adam, seed=0)  # fmt: skip
    assert len(done.history) == 10
    assert [len(rows) for rows in seen.rows] == [100] * 20
    assert torch.equal(weights(model), weights(told))


# ---------------------------------------------------------------- batches and chance


def test_an_epoch_takes_whole_batches_and_what_is_left_over_waits_for_another():
    seen = Batches()
    run(*sample(11), inner=seen, epochs=6, batch=4)
    assert [len(rows) for rows in seen.rows] == [4] * 12
    epochs = [{*a, *b} for a, b in zip(seen.rows[::2], seen.rows[1::2])]
    assert all(len(epoch) == 8 for epoch in epochs)  # nobody twice
    assert len({frozenset(epoch) for epoch in epochs}) > 1
    assert set.union(*epochs) == set(range(11))
    assert all(int(row) % 2 == label for rows, labels in zip(seen.rows, seen.labels)
               for row, label in zip(rows, labels))  # fmt: skip
    assert all(seen.modes)


def test_a_net_that_comes_in_eval_mode_learns_in_train_mode_and_ends_in_eval_mode():
    seen = Batches()
    model, _ = run(*sample(), model=tiny().eval(), inner=seen)
    assert all(seen.modes)
    assert not model.training


def test_fewer_pictures_than_a_batch_are_one_batch():
    seen = Batches()
    run(*sample(5), inner=seen, epochs=1, batch=100)
    assert [sorted(rows) for rows in seen.rows] == [[0, 1, 2, 3, 4]]


def test_all_chance_comes_from_one_generator_with_the_seed():
    x, y = sample()

    def order(seed):
        seen = Batches()
        before = torch.get_rng_state()
        run(x, y, model=model, inner=seen, seed=seed)
        assert torch.equal(torch.get_rng_state(), before)
        assert len({id(generator) for generator in seen.generators}) == 1
        assert seen.generators[0].initial_seed() == seed
        return seen.rows

    model = tiny()
    assert order(0) == order(0) != order(1)


# ---------------------------------------------------------------- accuracies


def test_accuracy_is_the_share_that_is_right():
    x, y = sample(8)
    one_hot = F.one_hot
    assert training.accuracy(lambda x: one_hot(x[:, 0].long() % 2, 2), x, y) == 1
    assert training.accuracy(lambda x: one_hot(x[:, 0].long() % 2, 2), x, 0) == 0.5
    assert training.accuracy(lambda x: one_hot((x[:, 0] > 5).long(), 2), x, 1) == 0.25


def test_accuracy_under_an_attack_is_that_of_the_moved_pictures_taken_in_batches():
    seen = []

    def attack(model, x, y):
        seen.append((model, len(x), y))
        return x + 1  # the next point, of the other class

    x, y = sample(401)

    def model(x):
        return F.one_hot(x[:, 0].long() % 2, 2)

    assert training.accuracy(model, x, y) == 1  # all three batches count
    assert training.accuracy(model, x, y, attack) == 0
    assert training.accuracy(model, x, y, attack, batch=300) == 0
    assert [count for _, count, _ in seen] == [200, 200, 1, 300, 101]
    assert all(given is model for given, _, _ in seen)
    assert torch.equal(torch.cat([labels for *_, labels in seen[:3]]), y)


def test_accuracy_looks_in_eval_mode_and_leaves_the_net_as_it_was():
    x, y = sample()
    net = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.9), nn.Linear(3, 2))
    before = net[0].running_mean.clone()
    expected = (net.eval()(x).argmax(1) == y).double().mean().item()
    assert training.accuracy(net.train(), x, y) == expected
    assert net.training
    assert torch.equal(net[0].running_mean, before)


def judged():
    """A judge that breaks nothing, and a list of what it was shown."""
    seen = []

    def judge(model, x, y):
        assert all(int(row) % 2 == label for row, label in zip(x[:, 0], y))
        seen.append(x[:, 0].tolist())
        return x

    return judge, seen


def test_as_many_training_pictures_are_judged_as_are_watched_evenly_spread():
    x, y = sample()
    for watched, rows in ((4, [0, 3, 6, 9]), (5, [0, 2, 4, 6, 8]), (12, list(range(12)))):
        judge, seen = judged()
        _, done = run(x, y, epochs=1, judge=judge, watch=(x[:watched], y[:watched]))
        assert seen == [rows, list(range(watched))]
        assert set(done.history[0]) == {
            "epoch", "loss", "seconds", "train_clean", "train_robust", "watch_clean",
            "watch_robust",
        }  # fmt: skip
    judge, seen = judged()
    run(x[:2], y[:2], epochs=1, judge=judge, watch=(x, y))  # more watched than trained on
    assert seen[0] == [0, 1]


def test_two_hundred_training_pictures_are_judged_where_none_are_watched():
    x, y = sample(401)
    judge, seen = judged()
    _, done = run(x, y, epochs=1, batch=401, judge=judge)
    assert seen == [list(range(0, 400, 2))]
    assert "watch_clean" not in done.history[0]
    _, done = run(x, y, epochs=1, batch=401)
    assert "train_robust" not in done.history[0]


def test_the_history_counts_epochs_from_1():
    _, done = run(*sample(), epochs=3)
    assert done.curve("epoch") == [1, 2, 3]


def test_the_accuracies_of_an_epoch_are_those_of_the_net_it_ends_with():
    x, y = sample()
    watch = (x[:7], y[:7])
    flip = lambda model, x, y: -x  # noqa: E731
    model, done = run(x, y, epochs=1, lr=0.1, watch=watch, judge=flip)
    row = done.history[0]
    assert row["watch_clean"] == training.accuracy(model, *watch)
    assert row["watch_robust"] == training.accuracy(model, *watch, flip)
    assert row["train_clean"] == training.accuracy(model, x[::1][:7], y[:7])


# ---------------------------------------------------------------- the best epoch


def test_where_there_is_a_judge_the_best_epoch_is_the_most_robust_one():
    """The clean accuracy rises to the end; the judge likes the second of four epochs."""
    x, y = sample()
    epochs = iter([0, 0, 0, 1, 0, 0, 0, 0])  # trained on, watched; trained on, watched; ...

    def judge(model, x, y):
        kind = 2 * next(epochs) - 1
        return torch.stack([0 * y, kind * (2 * y - 1) * 1e3, 0 * y], 1)

    def start():
        model = tiny()
        with torch.no_grad():
            model.weight.copy_(torch.tensor([[0, -1.0, 0], [0, 1, 0]]))
        return model

    model = start()
    model, done = run(x / 10, y, model=model, epochs=4, lr=1e-3, watch=(x[:3], y[:3]), judge=judge)
    assert done.curve("watch_robust") == [0, 1, 0, 0]
    assert done.best == 2
    second, _ = run(x / 10, y, model=start(), epochs=4, lr=1e-3, until=2)
    assert torch.equal(weights(model), weights(second))


def test_without_a_judge_the_best_epoch_is_the_one_with_the_highest_clean_accuracy():
    """What is watched has the wrong labels, so that learning makes it worse."""
    x, y = sample()
    x = x / 10
    model = tiny()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0, 1.0, 0], [0, -1, 0]]))
    watch = (x, 1 - y)
    model, done = run(x, y, model=model, epochs=6, lr=20.0, watch=watch, optimizer=torch.optim.SGD)
    curve = done.curve("watch_clean")
    best = max(i for i in range(6) if curve[i] == max(curve))  # of equals the later one
    assert done.best == best + 1 < 6
    assert training.accuracy(model, *watch) == curve[best] > curve[-1]


def test_where_nothing_is_watched_the_last_epoch_is_kept():
    x, y = sample()
    model, done = run(x, 1 - y, epochs=3, judge=lambda model, x, y: x)
    assert done.best == 3
    last = tiny()
    last.load_state_dict(done.state["model"])
    assert torch.equal(weights(model), weights(last))


# ---------------------------------------------------------------- stopping and going on


def test_until_stops_early_and_the_same_call_goes_on():
    x, y = sample()
    whole, _ = run(x, y, epochs=4)
    first, half = run(x, y, epochs=4, until=1)
    assert (len(half.history), half.best, half.finished) == (1, 1, False)
    assert not first.training
    for _ in range(2):  # a state can be gone on from twice: nothing has moved in it
        again, done = run(x, y, model=tiny(5), epochs=4, checkpoint=half.state)
        assert (len(done.history), done.best, done.finished) == (4, 4, True)
        assert torch.equal(weights(again), weights(whole))
    _, done = run(x, y, until=9)
    assert (len(done.history), done.finished) == (2, True)


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_file_is_written_after_every_epoch_and_read_again(tmp_path, kind):
    x, y = sample()
    place, sizes = tmp_path / "run.pt", []

    def inner(model, x, y, *, generator):
        found = checkpoint.load(place)
        sizes.append(0 if found is None else len(found["history"]))
        return x

    whole, _ = run(x, y, epochs=3, batch=12, inner=inner, checkpoint=kind(place))
    assert sizes == [0, 1, 2]
    again, done = run(x, y, model=tiny(5), epochs=3, batch=12, inner=inner, checkpoint=kind(place))
    assert sizes == [0, 1, 2]  # there was nothing left to do
    assert done.finished
    assert torch.equal(weights(again), weights(whole))


OTHERS = {
    "epochs": {"epochs": 3},
    "batch": {"batch": 5},
    "lr": {"lr": 0.3},
    "seed": {"seed": 4},
    "inner": {"inner": Batches()},
    "augment": {"augment": training.shifted},
    "pictures": {},
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_run_is_known_by_every_entry_of_its_recipe(name):
    x, y = sample()
    _, half = run(x, y, until=1)
    count = 11 if name == "pictures" else 12
    with pytest.raises(ValueError, match=f"{name} was"):
        run(x[:count], y[:count], checkpoint=half.state, **OTHERS[name])


def stopped(x, y, **options):
    """A run that its inner maximiser interrupts: (model, what there is, the sentence)."""
    model = options.pop("model", None) or tiny()
    with pytest.raises(training.Stopped) as stop:
        run(x, y, model=model, **options)
    return model, stop.value.run, str(stop.value)


def test_an_interruption_is_reported_and_keeps_what_was_finished():
    x, y = sample()
    calls = []

    def inner(model, x, y, *, generator):
        calls.append(model.training)
        if len(calls) == 6:  # in the middle of the second epoch
            raise KeyboardInterrupt
        return x

    first, _ = run(x, y, epochs=3, inner=Batches(), until=1)
    model, done, told = stopped(x, y, epochs=3, inner=inner)
    assert "Stopped in epoch 2 of 3. The net has the weights of epoch 1; run the cell" in told
    assert (len(done.history), done.best, done.finished) == (1, 1, False)
    assert not model.training
    assert all(weight.grad is None for weight in model.parameters())
    torch.testing.assert_close(weights(model), weights(first))
    calls[:] = range(4)
    model, done, told = stopped(x, y, inner=inner)  # now in its second batch
    assert (done.history, done.best, done.finished) == ([], 0, False)
    assert "the weights it began with" in told
    assert torch.equal(weights(model), weights(tiny()))


def test_interrupted_before_its_first_checkpoint_it_is_the_same_run(tmp_path):
    """Who begins again would otherwise begin with other weights."""
    x, y = sample()

    def inner(model, x, y, generator=None):
        raise KeyboardInterrupt

    whole = run(x, y, model=tiny(1))
    run(x, y, model=tiny(1), inner=None, checkpoint=tmp_path / "run.pt", until=0)
    again = run(x, y, model=tiny(2), checkpoint=tmp_path / "run.pt")
    assert torch.equal(weights(again[0]), weights(whole[0]))
    _, done, told = stopped(x, y, model=tiny(1), inner=inner, checkpoint=tmp_path / "other.pt")
    assert done.history == []
    assert "run the cell again to go on with epoch 1" in told
    assert checkpoint.load(tmp_path / "other.pt")["history"] == []


def test_a_checkpoint_that_cannot_be_written_costs_no_training(tmp_path, monkeypatch, capsys):
    x, y = sample()
    kept = MODULE.save

    def full(state, path):
        if state["history"]:
            raise OSError(28, "No space left on device")
        kept(state, path)

    monkeypatch.setattr(MODULE, "save", full)
    _, done = run(x, y, checkpoint=tmp_path / "run.pt")
    assert done.finished
    assert (
        "cannot be written (No space left on device): training goes on" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    "other", [{"optimizer": torch.optim.SGD}, {"x": 1}], ids=["optimizer", "pictures"]
)
def test_another_optimizer_or_other_pictures_are_another_run(other):
    x, y = sample()
    _, half = run(x, y, until=1)
    name = "data" if "x" in other else "optimizer"
    x = x + other.pop("x", 0)
    with pytest.raises(ValueError, match=f"belongs to another run .*{name} was"):
        run(x, y, checkpoint=half.state, **other)


def test_until_0_trains_nothing():
    model, done = run(*sample(), until=0)
    assert (done.history, done.best) == ([], 0)
    assert torch.equal(weights(model), weights(tiny()))


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence():
    x, y = sample()
    model = tiny()
    with pytest.raises(FloatingPointError, match=r"the loss has become (nan|inf)"):
        run(x * 1e30, y, model=model, lr=1e30, optimizer=torch.optim.SGD)
    assert not model.training


def test_wrong_input_gets_its_sentence():
    x, y = sample()
    with pytest.raises(ValueError, match="empty"):
        run(x[:0], y[:0])
    with pytest.raises(ValueError, match="NaN"):
        run(x * math.nan, y)
    with pytest.raises(ValueError, match="one label for each"):
        run(x, y[:5])
    for name, least in (("epochs", "at least 1"), ("batch", "at least 1"), ("lr", "above 0")):
        for value in (-1, 0):
            with pytest.raises(ValueError, match=f"{name} must be {least}, and this is {value}"):
                run(x, y, **{name: value})
    for lr in (math.nan, math.inf, True, "much"):
        with pytest.raises(ValueError, match="lr must be above 0, and this is"):
            run(x, y, lr=lr)
    for name in ("epochs", "batch", "until"):
        with pytest.raises(TypeError, match=rf"{name} must be a whole number, and this is 1\.5"):
            run(x, y, **{name: 1.5})
    with pytest.raises(ValueError, match="until must be 0 or more"):
        run(x, y, until=-1)
    with pytest.raises(ValueError, match="label 7 is outside the model's 2 classes"):
        run(x, torch.cat([y[:-1], torch.tensor([7])]))
    with pytest.raises(ValueError, match="cannot look at pictures of shape"):
        run(x.repeat(1, 3), y)
    _, done = run(x, 1, epochs=1, batch=1)  # one label for all
    assert done.finished


# ---------------------------------------------------------------- what is shown, and the clock


@pytest.fixture
def bars(monkeypatch):
    """All progress bars made, each with what it was told."""
    made = []

    class Bar(MODULE.tqdm):
        def __init__(self, **told):
            made.append(self)
            self.told, self.steps, self.shown, self.closed = told, [], [], False
            self.described = []
            super().__init__(**(told | {"disable": True}))
            self.n = told.get("initial", 0)  # a bar that is not shown does not count

        def set_description(self, text, refresh=True):
            self.described.append(text)

        def update(self, n=1):
            self.steps.append(n)
            self.n += n

        def set_postfix_str(self, shown):
            self.shown.append(shown)

        def close(self):
            self.closed = True
            super().close()

    monkeypatch.setattr(MODULE, "tqdm", Bar)
    return made


def test_the_bar_goes_from_the_first_epoch_to_the_last(bars):
    x, y = sample()
    _, half = run(x, y, epochs=5, until=2, progress=True, lr=0.1)
    run(x, y, epochs=5, until=4, checkpoint=half.state, lr=0.1)
    first, second = bars
    told = {"leave": False, "bar_format": MODULE.BAR}
    assert first.told == told | {"total": 6, "initial": 0, "disable": False}
    assert second.told == told | {"total": 12, "initial": 6, "disable": True}
    assert first.steps == [1] * 6
    assert (first.n, second.n) == (6, 12)
    assert first.described == ["training: epoch 1 of 2", "training: epoch 2 of 2"]
    assert first.closed
    row = half.history[1]
    assert first.shown[1] == f"loss {row['loss']:.3g}, right {row['train_clean']:.1%}"


def test_the_bar_is_shown_unless_told_otherwise_and_says_what_is_going_on(bars):
    training.fit(tiny(), *sample(), epochs=1, inner=training.mixed(training.fgsm_rs(Linf(0.1))))
    assert bars[0].told["disable"] is False
    assert bars[0].described == ["adversarial training: epoch 1 of 1"]


def test_seconds_are_those_of_training_and_not_of_measuring(monkeypatch):
    now = [100.0]

    def takes(seconds):
        def attack(model, x, y, generator=None):
            now[0] += seconds
            return x

        return attack

    monkeypatch.setattr(MODULE, "time", SimpleNamespace(process_time=lambda: now[0]))
    x, y = sample()
    _, done = run(x, y, inner=takes(1), judge=takes(1000), watch=(x, y))
    assert done.curve("seconds") == [3, 3]
    assert done.seconds == 6


def test_the_clock_waits_for_a_gpu(monkeypatch):
    waited = []
    clocks = SimpleNamespace(process_time=lambda: 1.0, perf_counter=lambda: 2.0)
    monkeypatch.setattr(MODULE, "time", clocks)
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    assert MODULE._clock(torch.device("cpu")) == 1
    assert waited == []
    assert MODULE._clock(torch.device("cuda")) == 2
    assert waited == [torch.device("cuda")]


def test_another_loss_takes_the_place_of_the_cross_entropy_and_belongs_to_the_recipe():
    x, y = torch.rand(40, 3), torch.arange(40) % 2
    asked = []

    def push(model, pictures, labels):
        asked.append(len(labels))
        return model(pictures)[:, 0].mean()  # down with the first logit, whatever the labels

    torch.manual_seed(0)
    net = nn.Linear(3, 2)
    before = net(x)[:, 0].mean()
    run = training.fit(net, x, y, loss=push, epochs=2, batch=20, lr=0.1, progress=False)
    assert asked == [20] * 4
    assert net(x)[:, 0].mean() < before
    with pytest.raises(ValueError, match="run"):
        training.fit(net, x, y, epochs=2, batch=20, lr=0.1, progress=False, checkpoint=run.state)
