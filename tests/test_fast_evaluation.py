"""The fast path: the same number as plain PGD, in fewer bits and on fewer pictures."""

import copy
import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tutlib import nets, risk
from tutlib.attacks import input_gradient, pgd
from tutlib.balls import L2, Linf
from tutlib.descent import Steepest
from tutlib.risk import fast, precision

EPS = 0.1


@pytest.fixture
def plainly(monkeypatch):
    """No trying which way is the quickest: the model as it is."""
    monkeypatch.setattr(fast, "quickest", lambda model, x, y: (model, model))


# ---------------------------------------------------------------- the same number


@pytest.mark.parametrize("ball", [Linf(0.05), L2(0.8)], ids=["linf", "l2"])
def test_digits_are_measured_within_a_point_of_plain(reader, drawn, ball):
    plain = risk.evaluate(reader, *drawn, ball, steps=10)
    quick = risk.evaluate(reader, *drawn, ball, steps=10, fast=True)
    assert quick.lower_bound
    assert abs(plain.value - quick.value) <= 0.0101
    assert 0.02 < plain.value < 0.98  # otherwise the comparison would say nothing


def alike(plain, quick) -> bool:
    """As many fall, to within a point, or to within what chance explains of those that differ.

    In half the bits a walk is another walk: it fools a few that the plain one does not, and the
    other way round. The starts are the same, so all the rest is the same.
    """
    gained = (quick.values - plain.values).sum().item()
    differ = (quick.values != plain.values).sum().item()
    return abs(gained) <= max(0.01 * len(plain.values), 2 * math.sqrt(differ)) + 1e-6


@pytest.mark.parametrize("steps", [8, 20])
@pytest.mark.parametrize("eps", [0.05, 0.1])
@pytest.mark.parametrize("loudness", [1, 4, 10])
def test_digits_and_a_net_too_sure_of_itself_take_nobody_in(
    reader, drawn, loudness, eps, steps, monkeypatch
):
    """Four times as loud, many a loss is rounded to 0 in float32, and PGD still finds a way."""
    x, y = (part[:100] for part in drawn)

    class Loud(torch.nn.Module):
        def forward(self, x):
            return loudness * reader(x)

    def measured(**how):
        return risk.evaluate(Loud(), x, y, Linf(eps), steps=steps, **how)

    plain, quick = measured(), measured(fast=True)
    assert plain.value > 0.05
    assert alike(plain, quick)
    monkeypatch.setattr(fast, "quickest", lambda model, x, y: (model, model))
    in_all_bits = measured(fast=True)  # then nobody but the hopeless can make a difference
    assert (plain.values != in_all_bits.values).sum() <= 1


class Cliff(torch.nn.Module):
    """Two classes; the brighter the picture the less sure, gently, until it goes over a cliff."""

    def __init__(self, edge: float):
        super().__init__()
        self.edge = edge

    def forward(self, x):
        climbed = x.flatten(1).mean(1) - 0.5
        margin = 1 - climbed - 100 * torch.relu(climbed - self.edge)
        return torch.stack([margin, torch.zeros_like(margin)], 1)


def climbers(count):
    return torch.full((count, 1, 8, 8), 0.5), torch.zeros(count, dtype=torch.long)


def test_who_was_given_up_comes_back_when_a_control_falls(monkeypatch):
    """After 6 of 20 steps everyone looks hopeless, and everyone falls after 16."""
    model, (x, y), ball = Cliff(0.09), climbers(40), Linf(0.1)
    assert risk.evaluate(model, x, y, ball, steps=20).value == 1
    assert risk.evaluate(model, x, y, ball, steps=20, fast=True).value == 1
    monkeypatch.setattr(fast, "CONTROL", 0)  # nobody is left to notice the cliff
    assert risk.evaluate(model, x, y, ball, steps=20, fast=True).value == 0


def test_steps_that_half_the_bits_cannot_see_are_no_sign_of_standing_still(monkeypatch):
    """Near white bfloat16 has 256 levels; the whole ball is half of one, and all fall in it."""

    class Keen(torch.nn.Module):
        def forward(self, x):
            margin = 0.75 + 1000 * (x.flatten(1).mean(1) - level)
            return torch.stack([margin, torch.zeros_like(margin)], 1)

    level, net = 0.8984375, Keen()  # a bfloat16 number
    x, y, ball = torch.full((8, 1, 4, 4), level), torch.zeros(8, dtype=torch.long), Linf(1e-3)
    half = precision.Way(net, bits="half")
    assert (half(x - 1e-3) == half(x)).all()
    monkeypatch.setattr(fast, "quickest", lambda model, x, y: (half, precision.Way(net)))
    monkeypatch.setattr(fast, "CONTROL", 0)
    assert risk.evaluate(net, x, y, ball, steps=20).value == 1
    assert risk.evaluate(net, x, y, ball, steps=20, fast=True).value == 1


def test_the_hopeless_cost_no_gradients_and_are_right_in_float32():
    """Nobody can fall here: all but the controls leave at the first look at them."""
    seen = []

    class Counted(Cliff):
        def forward(self, x):
            seen.append(len(x) if torch.is_grad_enabled() else 0)
            return super().forward(x)

    model, (x, y) = Counted(edge=1.0), climbers(100)
    found = risk.evaluate(lambda pictures: model(pictures), x, y, Linf(0.1), steps=20, fast=True)
    assert found.value == 0
    assert sum(seen) < 100 * 20 * 0.45
    seen.clear()
    risk.evaluate(model, x, y, Linf(0.1), steps=20)
    assert sum(seen) == 100 * 20


def test_half_the_bits_are_used_only_where_their_gradient_is_right():
    """A net whose gradient turns within a change that bfloat16 cannot see."""
    x, y = torch.rand(20, 1, 16, 16), torch.arange(20) % 10

    class Sharp(torch.nn.Module):
        def forward(self, x):
            return torch.sin(2000 * x).flatten(1)[:, 100:110]

    truth = input_gradient(Sharp(), x, y)
    halved = input_gradient(precision.Way(Sharp(), bits="half"), x, y)
    assert precision.gain_kept(halved, truth) < precision.FAITHFUL
    assert precision.gain_kept(truth, truth) == pytest.approx(1, abs=1e-4)
    quick, exact = precision.quickest(Sharp(), x, y)
    assert exact.bits == "full"
    assert quick.bits in ("full", "mixed")


class Particular(torch.nn.Module):
    """A net around the digits' that does not bear every way of running it."""

    def __init__(self, net, kind):
        super().__init__()
        self.net, self.kind = net.net, kind

    def forward(self, x):
        if self.kind == "view":  # as in many a tutorial: only one memory layout will do
            z = self.net[0](x)
            z = z.view(len(z), -1).view(z.shape)
            return self.net[1:](z)
        if self.kind == "NaN in half the bits":
            z = self.net(x)
            return z if x.dtype == z.dtype == torch.float32 else z * math.nan
        raise ValueError(self.kind)


@pytest.mark.parametrize("kind", ["view", "NaN in half the bits"])
def test_digits_are_measured_only_as_the_net_can_go(reader, drawn, kind):
    model, (x, y) = Particular(reader, kind), (part[:100] for part in drawn)
    plain = risk.evaluate(model, x, y, Linf(0.05), steps=8)
    quick = risk.evaluate(model, x, y, Linf(0.05), steps=8, fast=True)
    assert alike(plain, quick)


def test_fast_sees_as_many_digits_as_the_net():
    """Two classes that only float64 can tell apart, and nothing an attack could do."""

    def model(x):
        nothing = 0 * x.double().flatten(1).sum(1)
        return torch.stack([nothing + 1, nothing + 1 + 1e-9], 1)

    x, y = torch.rand(5, 1, 4, 4), torch.ones(5, dtype=torch.long)
    assert risk.evaluate(model, x, y, Linf(0.1), steps=4).value == 0
    assert risk.evaluate(model, x, y, Linf(0.1), steps=4, fast=True).value == 0


def test_digits_are_never_counted_where_float32_denies_it(reader, drawn, monkeypatch):
    """A quick model that errs everywhere must not fool the count: float32 confirms each."""
    x, y = (part[:60] for part in drawn)
    y = torch.where(torch.arange(60) < 3, (y + 1) % 10, y)  # and three are wrong untouched

    def liar(pictures):
        return 0 * reader(pictures)  # it doubts every picture, and leads nowhere

    monkeypatch.setattr(
        fast, "quickest", lambda model, x, y: (precision.Way(liar), precision.Way(reader))
    )
    found = risk.evaluate(reader, x, y, Linf(1e-3), steps=4, fast=True)
    assert found.values.nonzero()[:, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("make", [lambda net: net, lambda net: lambda x: net(x)])
def test_digits_leave_the_net_as_it_was(reader, drawn, make):
    net = copy.deepcopy(reader)
    before = {name: t.clone() for name, t in net.state_dict().items()}
    layouts = [p.stride() for p in net.parameters()]
    net.train()
    risk.evaluate(make(net), *(part[:60] for part in drawn), Linf(EPS), steps=3, fast=True)
    assert net.training
    net.eval()
    assert all(torch.equal(t, before[name]) for name, t in net.state_dict().items())
    assert layouts == [p.stride() for p in net.parameters()]


def test_digits_that_fall_when_they_are_looked_at_are_not_hopeless(
    reader, drawn, plainly, monkeypatch
):
    """Or a picture just fooled would be a control that fell, and bring all the others back."""
    walks, walk = [], fast.Climb._walk
    monkeypatch.setattr(
        fast.Climb, "_walk", lambda self, *args: (walks.append(args[1]), walk(self, *args))[1]
    )
    fast.fooled(reader, *drawn, Linf(0.08), steps=10)
    assert walks == [0], "some came back, and went on from these steps"


def test_fast_on_a_flat_net():
    net = nets.mlp(16, 32, 3)
    x = torch.rand(20, 16)
    found = risk.evaluate(net, x, torch.zeros(20, dtype=torch.long), Linf(0.05), fast=True)
    assert 0 <= found.value <= 1


@pytest.mark.parametrize("ball", [Linf(0.06), L2(0.25)], ids=["linf", "l2"])
@pytest.mark.parametrize("restarts", [1, 3])
@pytest.mark.parametrize("make", [nets.mlp, lambda *sizes: nn.Linear(sizes[0], sizes[-1])])
def test_small_nets_are_measured_as_by_plain_pgd(make, restarts, ball):
    torch.manual_seed(0)
    model, x = make(16, 32, 4), torch.rand(60, 16)
    y = model(x).argmax(1)  # all right: so both have the same starts
    how = {"steps": 20, "restarts": restarts}
    plain = risk.evaluate(model, x, y, ball, **how)
    quick = risk.evaluate(model, x, y, ball, **how, fast=True)
    assert 0.1 < plain.value < 0.9
    assert abs(plain.values - quick.values).sum() <= 1


# ---------------------------------------------------------------- who is attacked, from where


class Seen:
    """A net of two classes on "pictures" of a few numbers, and the points it was searched at.

    It is as sure of class 0 as `margin` says; of class 1 it knows nothing.
    """

    def __init__(self, margin=lambda x: 1 - 0.001 * x.mean(1)):
        self.margin, self.points, self.sizes = margin, [], []

    def __call__(self, x):
        self.sizes.append(len(x))
        self.last = x.detach().clone()
        if torch.is_grad_enabled():
            self.points.append(x.detach().clone())
        found = self.margin(x)
        return torch.stack([found, torch.zeros_like(found)], 1)

    @property
    def effort(self):
        """How many pictures it took a gradient of, counting each as often as it did."""
        return sum(map(len, self.points))


def middle(count, numbers=4):
    return torch.full((count, numbers), 0.5), torch.zeros(count, dtype=torch.long)


def fooled(model, count=3, ball=None, **how):
    return fast.fooled(model, *middle(count), ball or Linf(EPS), **{"steps": 3, **how})


@pytest.mark.usefixtures("plainly")
def test_the_starts_are_those_of_pgd():
    """The same source of chance, asked in the same way: the same points of the ball."""
    x, y = middle(5)
    for rng in (lambda: None, lambda: torch.Generator().manual_seed(1)):
        one, other = Seen(), Seen()
        fast.fooled(one, x, y, Linf(EPS), steps=3, generator=rng())
        pgd(other, x, y, Linf(EPS), steps=3, generator=rng())
        assert len(one.points) == 3
        assert all(map(torch.equal, one.points, other.points))
    seeded = Seen()
    fast.fooled(seeded, x, y, Linf(EPS), steps=3, generator=torch.Generator().manual_seed(0))
    assert not torch.equal(seeded.points[0], one.points[0])
    unseeded = Seen()
    fast.fooled(unseeded, x, y, Linf(EPS), steps=3)
    assert torch.equal(seeded.points[0], unseeded.points[0])


@pytest.mark.usefixtures("plainly")
@pytest.mark.parametrize("how", [{"step_size": 0.01}, {"step_size": 0.0}, {}, {"steps": 1}])
def test_the_steps_are_those_of_pgd(how):
    how = {"steps": 3, **how}
    one, other, (x, y) = Seen(), Seen(), middle(5, 50)
    fast.fooled(one, x, y, Linf(0.3), **how)
    x_adv = pgd(other, x, y, Linf(0.3), **how)
    assert all(map(torch.equal, one.points, other.points))
    assert torch.equal(one.last, x_adv)  # it is judged where the last step led


def test_no_step_at_all_is_no_mistake():
    net = Seen(lambda x: x[:, 0] - 0.5)
    found = fooled(net, 40, steps=0)
    start = Linf(EPS).sample(middle(40)[0], torch.Generator().manual_seed(0))
    assert torch.equal(found, start[:, 0] < 0.5)


@pytest.mark.usefixtures("plainly")
def test_it_starts_once_unless_told_otherwise():
    once, twice = Seen(), Seen()
    fooled(once)
    fooled(twice, restarts=2)
    assert (once.effort, twice.effort) == (3 * 3, 2 * 3 * 3)


@pytest.mark.usefixtures("plainly")
def test_only_those_that_stand_are_started_again():
    """By chance alone: a quarter fall with each start."""
    net = Seen(lambda x: torch.where(x[:, 0] > 0.55, -1.0, 1.0) + 0 * x.sum(1))
    once = fooled(net, 40, steps=1)
    assert net.effort == 40
    twice = fooled(net, 40, steps=1, restarts=2)
    assert net.effort == 40 + 40 + 40 - once.sum()
    assert 0 < once.sum() < twice.sum() < 40
    assert bool((twice >= once).all())
    # Those that were wrong untouched are counted, and not attacked.
    x, y = middle(4)
    x[:2, 0] = 0.7
    net.points.clear()
    assert fast.fooled(net, x, y, Linf(0.01), steps=3).tolist() == [True, True, False, False]
    assert net.effort == 2 * 3


@pytest.mark.usefixtures("plainly")
def test_where_all_are_wrong_nothing_is_attacked():
    net = Seen(lambda x: -1 + 0 * x.sum(1))
    assert fooled(net, restarts=2).all()
    assert net.effort == 0


@pytest.mark.usefixtures("plainly")
def test_pictures_come_in_batches():
    for how, largest in (({"batch": 2}, 2), ({}, 250)):
        net = Seen()
        fooled(net, 251, **how)
        assert max(net.sizes) == largest


def test_the_ways_are_tried_on_a_few_pictures(monkeypatch):
    shown = []
    monkeypatch.setattr(
        fast, "quickest", lambda model, x, y: shown.append((x, y)) or (model, model)
    )
    x, y = torch.rand(40, 4), torch.arange(40) % 2
    fast.fooled(Seen(), x, y, Linf(EPS), steps=1)
    ((few, labels),) = shown
    assert torch.equal(few, x[: fast.PROBE])
    assert torch.equal(labels, y[: fast.PROBE])


def test_senseless_effort_is_refused():
    with pytest.raises(ValueError, match="steps must be"):
        fooled(Seen(), steps=-1)
    with pytest.raises(ValueError, match="restarts must be"):
        fooled(Seen(), restarts=0)


# ---------------------------------------------------------------- when to look


@pytest.mark.parametrize(("steps", "stops"), [
    (0, [0]), (1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 2, 4]), (5, [1, 2, 4, 5]),
    (20, [1, 2, *range(4, 21)]),
    (40, [1, 2, 4, *range(8, 41, 2)]),
    (100, [1, 2, 4, 8, 16, *range(20, 101, 5)]),
])  # fmt: skip
def test_the_stops_are_early_at_first_and_then_every_twentieth_of_the_way(steps, stops):
    assert fast._stops(steps) == stops


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 7, 10, 20, 33, 100, 399])
def test_the_stops_lead_to_the_last_step(steps):
    stops = fast._stops(steps)
    assert stops == sorted(set(stops))
    assert stops[-1] == steps
    assert steps <= 2 or stops[0] == 1


def test_nobody_is_given_up_before_a_fifth_of_the_steps_or_four():
    assert [fast._patience(steps) for steps in (1, 20, 21, 33, 100)] == [4, 4, 5, 7, 20]


# ---------------------------------------------------------------- one climb, seen from inside

# Here a "picture" is the logits of two classes, and class 0 the true one: a point can be put where
# its margin is wanted.


def climb_of(margins, first=1.0, steps=20, step_size=EPS, exact=None, batch=250):
    """A climb that has come to points of these margins, and began at `first`."""
    point = torch.tensor([[0.5 + margin / 2, 0.5 - margin / 2] for margin in margins])
    climb = fast.Climb(Seen(), exact or (lambda x: x), point, torch.zeros(len(point), dtype=int),
                       Linf(EPS), Steepest(step_size), steps, batch)  # fmt: skip
    nobody = torch.zeros(len(point), dtype=torch.bool)
    climb.point, climb.margin = point, torch.full((len(point),), first)
    climb.fell, climb.hopeless, climb.control = nobody, nobody.clone(), nobody.clone()
    climb.rows = torch.arange(len(point))
    return climb


def test_the_margin_is_that_to_the_best_of_the_others():
    logits = torch.tensor([[3.0, 1, 2], [3, 1, 2], [3, 1, 2], [1, 1, 0]], dtype=torch.float64)
    found = fast._margin(logits, torch.tensor([0, 1, 2, 0]))
    assert found.tolist() == [1, -2, -1, 0]
    assert found.dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_who_is_judged_wrong_and_by_what_margin(dtype):
    sizes, before = [], torch.get_default_dtype()

    def model(x):
        sizes.append(len(x))
        assert not torch.is_grad_enabled()
        return x

    x = torch.tensor([[3.0, 1, 2], [3, 1, 2], [3, 1, 2], [1, 1, 0], [0, 5, 0]])
    y = torch.tensor([0, 1, 2, 0, 1])
    torch.set_default_dtype(dtype)  # some people work in double precision
    try:
        wrong, margins = fast._judged(model, x, y, 2)
    finally:
        torch.set_default_dtype(before)
    assert wrong.tolist() == [False, True, True, False, False]
    assert wrong.dtype == torch.bool
    assert margins.tolist() == [1, -2, -1, 0, 5]
    assert sizes == [2, 2, 1]
    assert [len(part) for part in fast._judged(model, x[:0], y[:0], 2)] == [0, 0]
    with pytest.raises(ValueError, match="outside the model's 3 classes"):
        fast._judged(model, x, y + 2, 2)


def test_a_model_that_returns_what_it_was_given_is_watched_all_the_same():
    watched, x = fast._Watched(lambda x: x), torch.zeros(2, 3)
    watched(x)
    x += 1
    assert not watched.logits.any()


@pytest.mark.parametrize(("size", "steps", "lasts"), [
    (EPS / 9, 20, 18),  # across the ball in 18 steps
    (EPS, 20, 16),  # across in two, but not straight: four fifths of the steps
    (EPS / 100, 20, 20), (0, 20, 20), (EPS, 10, 8),
])  # fmt: skip
def test_how_long_a_pace_may_last(size, steps, lasts):
    assert climb_of([1], steps=steps, step_size=size)._lasting() == pytest.approx(lasts)


def test_how_much_of_its_margin_a_picture_will_have_lost():
    """A quarter in four steps, sixteen such steps: all of it. (However large the margin is.)"""
    for first in (1.0, 40.0):
        climb = climb_of([1] * 4, first)
        margins = first * torch.tensor([1, 0.75, 0.5, 1.25])
        assert climb._arrived(climb.rows, margins, 4).tolist() == [0, 1, 2, -1]
    climb = climb_of([1])
    for done, share in ((0, 4), (1, 4), (2, 2)):  # no step is taken for one
        assert climb._arrived(climb.rows, torch.tensor([0.75]), done).item() == share


@pytest.mark.parametrize(("stop", "given_up"), [(2, False), (3, False), (4, True), (5, True)])
def test_nobody_is_hopeless_too_early(stop, given_up):
    climb = climb_of([1, 1])
    climb._look(climb.rows, stop, torch.ones(2))
    assert climb.hopeless.tolist() == [given_up] * 2
    assert not climb.fell.any()


@pytest.mark.parametrize(("quick", "exact", "given_up"), [
    # After four steps a quarter must be gone, as `quick` saw it before the fifth ...
    (0.75, 1, False), (0.76, 1, True), (0, 1, False),
    # ... and 5/16 after the fifth, in the exact net.
    (0.76, 0.6875, False), (0.76, 0.6876, True), (1, 0.1, False),
])  # fmt: skip
def test_the_hopeless_are_those_that_will_not_arrive_in_either_net(quick, exact, given_up):
    climb = climb_of([exact])
    climb._look(climb.rows, 5, torch.tensor([quick]))
    assert climb.hopeless.item() is given_up


@pytest.mark.parametrize(("stop", "margin"), [(1, 0.5), (4, 0.25)])
def test_who_is_a_step_away_is_shown_to_the_exact_net(stop, margin):
    """At the pace so far; who is further away is not, even if the exact net would say: fallen."""
    climb = climb_of([-0.1, -0.1], steps=100)
    climb._look(climb.rows, stop, torch.tensor([margin, margin + 0.01]))
    assert climb.fell.tolist() == [True, False]
    assert not climb.hopeless.any()


def test_who_was_near_and_turns_out_not_to_be_is_not_given_up_for_it():
    """Only who looked hopeless to both nets is."""
    climb = climb_of([0.99, 0.99])
    climb._look(climb.rows, 10, torch.tensor([-0.5, 1]))
    assert climb.hopeless.tolist() == [False, True]


def test_a_tenth_of_the_hopeless_stays_and_the_nearest_of_them():
    margins = [0.9 + 0.001 * (5 * i % 21) for i in range(21)]
    climb = climb_of([*margins, 0.1])
    climb._look(climb.rows, 10, torch.tensor([*[1.0] * 21, 0.1]))
    assert climb.hopeless.tolist() == [True] * 21 + [False]
    nearest = sorted(range(21), key=margins.__getitem__)[:3]  # three are the tenth of 21
    assert climb.control.nonzero()[:, 0].tolist() == sorted(nearest)


def test_a_control_is_not_judged_again_for_being_hopeless():
    shown = []
    climb = climb_of([1] * 20, exact=lambda x: shown.append(len(x)) or x)
    climb._look(climb.rows, 5, torch.ones(20))
    assert (shown, int(climb.control.sum())) == ([20], 2)
    climb._look(climb.rows[climb.control], 6, torch.ones(2))
    assert shown == [20]
    assert climb.control.sum() == 2


def test_a_look_is_in_batches():
    shown = []
    climb = climb_of([1] * 5, exact=lambda x: shown.append(len(x)) or x, batch=2)
    climb._look(climb.rows, 5, torch.ones(5))
    assert shown == [2, 2, 1]


# ---------------------------------------------------------------- one climb, from start to end


def run(net, x, *, steps=20, size=0.01, start=None, clean=None, ball=None):
    y = torch.zeros(len(x), dtype=torch.long)
    climb = fast.Climb(net, net, x, y, ball or Linf(EPS), Steepest(size), steps, 250)
    start = x if start is None else start
    climb.run(start, torch.ones(len(x)) if clean is None else clean)
    return climb


def test_a_climb_begins_at_its_start_put_back_into_the_ball():
    x, _ = middle(2)
    for steps in (0, 1):
        climb = run(net := Seen(), x, steps=steps, start=x + 1, size=0)
        assert torch.equal(climb.point, Linf(EPS).project(x + 1, x))
        assert len(net.points) == steps
    assert climb.fell.dtype == torch.bool


def test_who_falls_at_the_start_has_fallen():
    x, _ = middle(2)
    climb = run(Seen(lambda x: 0.55 - x[:, 0]), x, steps=0, start=x + torch.tensor([[0.1], [0.0]]))
    assert climb.fell.tolist() == [True, False]


def test_a_climb_takes_all_its_steps():
    """Where everybody seems to arrive and nobody does: as many gradients as steps."""

    def nearly(x):
        way = (x.mean(1) - 0.5) / 0.2
        return 1 - 1.05 * way.clamp_max(0.95) - 1e-4 * way

    for steps in (1, 2, 3, 10, 20):
        net = Seen(nearly)
        climb = run(net, middle(3)[0], steps=steps, size=0.2 / steps, ball=Linf(0.2))
        assert not climb.fell.any()
        assert not climb.hopeless.any()
        assert net.effort == 3 * steps
        assert torch.allclose(climb.point, torch.tensor(0.7), atol=1e-5)


def test_the_way_is_measured_from_the_larger_margin():
    """Of the clean picture and of the start."""
    x, _ = middle(2)
    net = Seen(lambda x: 0.75 - x[:, 0])  # 0.25 in the middle, 0.35 at the start
    start = x - torch.tensor([0.1, 0, 0, 0])
    climb = run(net, x, steps=8, start=start, clean=torch.tensor([0.25, 0.5]))
    assert climb.margin.tolist() == pytest.approx([0.35, 0.5])


def test_the_last_point_is_judged_once():
    """Also of a picture that comes near: two gradients, and one look, which is the judgement."""
    net = Seen(lambda x: 0.001 + (0.515 - x[:, 0]).relu())
    climb = run(net, middle(1)[0], steps=2, clean=torch.zeros(1))
    assert not climb.fell.any()
    assert len(net.points) == 2
    assert net.sizes == [1, 1, 1]


def test_who_has_fallen_leaves_at_the_next_look():
    """After 2 and 12 of 20 steps of 0.01; the looks are after 1, 2, 4, 5 ... steps."""
    x = torch.tensor([[0.5], [0.4]])
    net = Seen(lambda x: 0.515 - x[:, 0])
    climb = run(net, x, ball=Linf(0.2))
    assert climb.fell.all()
    assert climb.left.tolist() == [2, 12]
    assert net.effort == 2 + 12


def test_the_given_up_come_back_from_where_they_stood_when_a_control_falls():
    """Ten stand still from the first step on, three from the tenth, and behind step 15 is a cliff.

    In the end each has walked to the cliff, and no step of the way twice.
    """

    def plateau(x):
        climbed, quick_at_first = x[:, 0] - 0.5, x[:, 1].detach()
        return (
            1
            - 0.001 * climbed
            - quick_at_first * 6 * climbed.clamp_max(0.1)
            - 1000 * (climbed - 0.155).relu()
        )

    net = Seen(plateau)
    x = torch.tensor([[0.5, 0.0]] * 10 + [[0.5, 1.0]] * 3)
    climb = run(net, x, ball=Linf(0.3))
    assert climb.hopeless.all()
    assert sorted(set(climb.left.tolist())) == [17]
    assert climb.fell.all()
    assert net.effort == 13 * 17  # seen at the look after the one that led over the cliff


# ---------------------------------------------------------------- a way to run a net


def conv_net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 3))


class Told(nn.Module):
    """It notes what it is given, and in what circumstances; what it gives is of type `gives`."""

    def __init__(self, gives=None):
        super().__init__()
        self.gives = gives

    def forward(self, x):
        self.dtype, self.layout = x.dtype, x.is_contiguous(memory_format=torch.channels_last)
        self.autocast = torch.is_autocast_enabled(x.device.type)
        return x.flatten(1)[:, :2].to(self.gives or x.dtype)


def test_a_way_is_a_layout_and_a_number_of_bits():
    x, told = torch.rand(2, 3, 4, 4), Told()
    expected = x.flatten(1)[:, :2]
    for last in (False, True):
        for bits in ("full", "mixed", "half"):
            logits = precision.Way(told, channels_last=last, bits=bits)(x)
            assert logits.dtype == torch.float32
            assert torch.allclose(logits, expected, atol=2**-8 if bits == "half" else 0)
            assert told.layout is last
            assert told.dtype == (torch.bfloat16 if bits == "half" else torch.float32)
            assert told.autocast is (bits == "mixed")
    precision.Way(told)(x)
    assert (told.layout, told.autocast, told.dtype) == (False, False, torch.float32)


@pytest.mark.parametrize("bits", ["full", "mixed"])
@pytest.mark.parametrize("gives", [torch.bfloat16, torch.float32, torch.float64])
def test_logits_come_back_in_float32_or_better(bits, gives):
    logits = precision.Way(Told(gives), bits=bits)(torch.rand(2, 3, 4, 4))
    assert logits.dtype == (torch.float64 if gives == torch.float64 else torch.float32)


def test_half_the_bits_are_those_of_a_copy():
    net = conv_net()
    half, mixed = precision._halved(precision.Way(net, channels_last=True))
    assert (half.bits, mixed.bits) == ("half", "mixed")
    assert half.channels_last is mixed.channels_last is True
    assert mixed.model is net
    assert {w.dtype for w in net.parameters()} == {torch.float32}
    assert {w.dtype for w in half.model.parameters()} == {torch.bfloat16}
    (only,) = precision._halved(precision.Way(lambda x: x))  # nothing to copy
    assert only.bits == "mixed"


def test_a_copy_is_a_copy_or_nothing():
    net = conv_net()
    twin = precision._copy(net, memory_format=torch.channels_last)
    for mine, other in zip(net.parameters(), twin.parameters()):
        assert torch.equal(mine, other)
        assert mine.data_ptr() != other.data_ptr()
        assert mine.requires_grad
        assert not other.requires_grad
    assert twin[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert net[0].weight.is_contiguous()
    assert precision._copy(lambda x: x, dtype=torch.bfloat16) is None

    class Unique(nn.Module):
        def __deepcopy__(self, memo):
            raise TypeError("there is but one")

    assert precision._copy(Unique(), dtype=torch.bfloat16) is None


def test_whether_a_chip_has_bfloat16(monkeypatch):
    asked = []

    def cuda(including_emulation=True):
        asked.append(including_emulation)
        return True

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", cuda)
    assert precision.has_bfloat16(torch.device("cuda"))
    assert asked == [False]  # emulation would be slower than float32
    for mkldnn in (True, False):
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda there=mkldnn: there)
        for supported in (True, False):
            monkeypatch.setattr(
                torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda answer=supported: answer
            )
            assert precision.has_bfloat16(torch.device("cpu")) is (mkldnn and supported)
            assert precision.has_bfloat16(torch.device("meta")) is False
    assert asked == [False]


def test_gain_kept_is_the_share_of_a_signed_step():
    truth = torch.tensor([[3.0, -1.0]])
    assert precision.gain_kept(truth, truth) == 1
    assert precision.gain_kept(-truth, truth) == -1
    assert precision.gain_kept(torch.tensor([[0.1, 9.0]]), truth) == 0.5  # (3 - 1) / (3 + 1)
    assert precision.gain_kept(torch.tensor([[7.0, 0.0]]), truth) == 0.75
    # The mean over the pictures; one without a gradient has nothing to gain.
    both, none = torch.cat([truth, truth]), torch.zeros(1, 2)
    assert precision.gain_kept(torch.cat([truth, -truth]), both) == 0
    assert precision.gain_kept(torch.cat([truth, none]), torch.cat([truth, none])) == 0.5


# ---------------------------------------------------------------- which way is the quickest

TRUTH = torch.tensor([[3.0, -1.0]])
FALSE = torch.tensor([[3.0, 1.0]])


def choose(monkeypatch, times, *, model=None, x=None, bfloat16=True, gradients=None):
    """(quick, exact) as (channels last?, bits), where the ways take such times; and what was tried.

    Keys of `times` and `gradients`: (channels last?, bits).
    """
    tried, model = [], model or conv_net()
    x, y = torch.rand(2, 3, 4, 4) if x is None else x, torch.zeros(2, dtype=torch.long)

    def stopwatch(way, pictures, labels, or_else=None):
        key = way.channels_last, way.bits
        assert pictures is x
        assert labels is y
        assert (or_else is None) is (not tried)  # the first way must be one that can be gone
        tried.append(key)
        if math.isinf(times[key]):
            return or_else, math.inf
        return (gradients or {}).get(key, TRUTH), times[key]

    monkeypatch.setattr(precision, "_tried", stopwatch)
    monkeypatch.setattr(precision, "has_bfloat16", lambda device: bfloat16)
    quick, exact = precision.quickest(model, x, y)
    assert exact.bits == "full"
    if not exact.channels_last:
        assert exact.model is model
    return (quick.channels_last, quick.bits), (exact.channels_last, exact.bits), tried


FULL, LAST = (False, "full"), (True, "full")


@pytest.mark.parametrize(("first", "second", "layout"), [
    (1, 0.5, LAST), (1, 1.09, LAST), (1, 1.1, FULL), (1, 2, FULL), (2, 2.1, LAST), (2, 2.3, FULL),
    (0.5, 0.6, FULL), (1, math.inf, FULL),
])  # fmt: skip
def test_channels_last_may_seem_a_tenth_slower(monkeypatch, first, second, layout):
    times = {FULL: first, LAST: second}
    quick, exact, tried = choose(monkeypatch, times, bfloat16=False)
    assert quick == exact == layout
    assert tried == [FULL, LAST]


def test_a_layout_is_for_pictures_and_modules(monkeypatch):
    flat = torch.rand(2, 48)
    assert choose(monkeypatch, {FULL: 1}, x=flat, bfloat16=False) == (FULL, FULL, [FULL])
    found = choose(monkeypatch, {FULL: 1}, model=lambda x: x, bfloat16=False)
    assert found == (FULL, FULL, [FULL])


def test_channels_last_is_tried_on_a_copy_in_that_layout(monkeypatch):
    net, ways = conv_net(), []

    def stopwatch(way, x, y, or_else=None):
        ways.append(way)
        return TRUTH, 1.0

    monkeypatch.setattr(precision, "_tried", stopwatch)
    monkeypatch.setattr(precision, "has_bfloat16", lambda device: False)
    quick, exact = precision.quickest(net, torch.rand(2, 3, 4, 4), 0)
    assert quick is exact is ways[1]
    assert exact.model is not net
    assert exact.model[0].weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("layout", [FULL, LAST])
def test_half_the_bits_are_tried_in_the_quicker_layout(monkeypatch, layout):
    last = layout == LAST
    times = {FULL: 1, LAST: 0.5 if last else 2, (last, "half"): 0.4, (last, "mixed"): 0.1}
    quick, exact, tried = choose(monkeypatch, times)
    assert (quick, exact) == ((last, "half"), layout)
    assert tried == [FULL, LAST, (last, "half")]  # the first that is faithful is taken
    assert choose(monkeypatch, times, bfloat16=False)[0] == layout


@pytest.mark.parametrize(("half", "quick"), [(0.99, "half"), (1, "full"), (1.5, "full")])
def test_half_the_bits_must_be_quicker(monkeypatch, half, quick):
    times = {FULL: 1, LAST: 9, (False, "half"): half, (False, "mixed"): 0.1}
    assert choose(monkeypatch, times)[:2] == ((False, quick), FULL)


def test_half_the_bits_must_be_faithful(monkeypatch):
    """Judged by the gradient of the layout that is used, in float32."""
    half, mixed = (False, "half"), (False, "mixed")
    times = {FULL: 1, LAST: 9, half: 0.1, mixed: 0.2}
    assert choose(monkeypatch, times, gradients={half: FALSE})[0] == mixed
    assert choose(monkeypatch, times, gradients={half: FALSE, mixed: FALSE})[0] == FULL
    assert choose(monkeypatch, times, gradients={FULL: FALSE})[0] == FULL
    assert choose(monkeypatch, {**times, half: math.inf})[0] == mixed
    assert choose(monkeypatch, {**times, half: math.inf, mixed: math.inf})[0] == FULL
    monkeypatch.setattr(precision, "FAITHFUL", 1)  # and just as much will do
    assert choose(monkeypatch, times)[0] == half


# ---------------------------------------------------------------- the stopwatch


@pytest.mark.parametrize(("device", "clock"), [("cpu", "process_time"), ("cuda", "perf_counter")])
def test_a_way_takes_as_long_as_its_best_try(monkeypatch, device, clock):
    """Seven seconds, then two. A GPU is waited for, before and after; on the CPU other programs
    do not count.
    """
    seen, times = [], {"process_time": iter([]), "perf_counter": iter([])}
    times[clock] = iter([10, 17, 20, 22])

    def note(what, answer=lambda: None):
        return lambda *given: seen.append(what) or answer()

    clocks = {name: note("clock", lambda t=t: next(t)) for name, t in times.items()}
    monkeypatch.setattr(precision, "time", SimpleNamespace(**clocks))
    monkeypatch.setattr(precision, "input_gradient", note("gradient", lambda: TRUTH))
    monkeypatch.setattr(torch.cuda, "synchronize", note("wait"))
    x = SimpleNamespace(device=torch.device(device))
    assert precision._tried(precision.Way(None), x, 0) == (TRUTH, 2)
    once = ["wait", "clock", "gradient", "wait", "clock"]
    assert seen == 2 * [what for what in once if device == "cuda" or what != "wait"]


@pytest.mark.parametrize("error", [RuntimeError, ValueError])
def test_a_way_that_cannot_be_gone_takes_for_ever(error):
    def impossible(x):
        raise error("no way")

    x, y = torch.rand(2, 4), 0
    found, taken = precision._tried(impossible, x, y, or_else=TRUTH)
    assert found is TRUTH
    assert taken == math.inf
    with pytest.raises(error, match="no way"):
        precision._tried(impossible, x, y)


def test_what_is_tried_is_the_gradient_of_the_loss():
    net, x, y = conv_net(), torch.rand(2, 3, 4, 4), torch.tensor([0, 2])
    found, taken = precision._tried(precision.Way(net), x, y)
    assert torch.equal(found, input_gradient(net, x, y))
    assert 0 <= taken < math.inf
