"""Risk: lower bounds that say so, bands that keep their word, curves that never fall (and 3.1)."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from tests import exercises
from tutlib import assets, nets, risk
from tutlib.attacks import fgsm, input_gradient, pgd
from tutlib.balls import L2, Linf
from tutlib.lessons.panels.risk import falling_digits
from tutlib.risk import fast, precision

EPS = 0.1


@pytest.fixture(scope="module", autouse=True)
def bundled():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUTLIB_ASSETS", "bundled")
        yield


@pytest.fixture(scope="module")
def net(bundled):
    return assets.digit_classifier().cpu()


@pytest.fixture(scope="module")
def digits(bundled):
    x, y = assets.digits().test
    return x[:60], y[:60]


@pytest.fixture(scope="module")
def curve(net, digits):
    attack = partial(pgd, steps=5, early_stop=True)
    return risk.risk_curve(net, *digits, [0, 0.03, 0.06, 0.1, 0.2], attack)


def linear_net(seed=0):
    """Two classes whose exact adversarial risk is known: margin against eps * ||w||_1."""
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2)).requires_grad_(False)


def test_risk_is_the_share_of_wrong_answers(net, digits):
    x, y = digits
    with torch.no_grad():
        logits = net(x)
    found = risk.risk(net, x, y, batch=7)
    assert found.value == pytest.approx((logits.argmax(1) != y).double().mean().item())
    assert not found.lower_bound
    loss = risk.risk(net, x, y, kind="loss", batch=7)
    assert loss.value == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)


def test_on_a_linear_net_the_search_is_exact():
    """There FGSM finds the maximum, so the lower bound can be compared with the truth."""
    net, generator = linear_net(), torch.Generator().manual_seed(0)
    x = torch.rand(200, 1, 4, 4, generator=generator)
    y = torch.randint(0, 2, (200,), generator=generator)
    w = net[1].weight
    logits = net(x)
    rows = torch.arange(200)
    margin = logits[rows, y] - logits[rows, 1 - y]
    reach = 0.05 * (w[0] - w[1]).abs().sum()
    exact = (margin < reach).double().mean().item()
    found = risk.adversarial_risk(net, x, y, Linf(0.05), fgsm, box=None)
    assert found.value == pytest.approx(exact, abs=1.5 / 200)  # a tie may fall to either side


def test_an_adversarial_risk_says_it_is_a_lower_bound(net, digits):
    found = risk.adversarial_risk(net, *digits, Linf(EPS), partial(pgd, steps=2, restarts=3))
    assert str(found).startswith("at least ")
    assert "PGD-2, 3 starts, 60 pictures; 95% band" in str(found)
    assert not str(risk.risk(net, *digits)).startswith("at least")


def test_the_untouched_picture_counts(net, digits):
    """An attack that makes every picture right again must not lower the risk."""
    x, y = digits
    wrong_labels = (y + 1) % 10  # now the net is wrong on nearly all

    def saint(model, x, y, ball):
        return pgd(model, x, y, ball, steps=5, target=y)

    clean = risk.risk(net, x, wrong_labels)
    assert risk.adversarial_risk(net, x, wrong_labels, Linf(0.3), saint).value >= clean.value


def test_worst_case_is_per_picture():
    a = risk.Estimate(torch.tensor([1.0, 0, 0, 0]), "error", "one", True)
    b = risk.Estimate(torch.tensor([0, 0, 0, 1.0]), "error", "other", True)
    both = risk.worst_case(a, b)
    assert both.value == 0.5
    assert both.how == "worst of one | other"
    with pytest.raises(ValueError, match="one kind of risk on one set"):
        risk.worst_case(a, risk.Estimate(torch.zeros(3), "error", "x"))
    with pytest.raises(ValueError, match="at least one"):
        risk.worst_case()


def test_several_attacks_are_combined_per_picture(net, digits):
    attacks = {"FGSM": fgsm, "PGD-5": partial(pgd, steps=5)}
    each = [risk.adversarial_risk(net, *digits, Linf(0.05), {n: a}) for n, a in attacks.items()]
    both = risk.adversarial_risk(net, *digits, Linf(0.05), attacks)
    assert torch.equal(both.values, risk.worst_case(*each).values)


def test_an_attack_that_cheats_is_refused(net, digits):
    x, y = digits
    with pytest.raises(ValueError, match="left the ball"):
        risk.adversarial_risk(net, x, y, Linf(0.05), lambda m, x, y, b: fgsm(m, x, y, Linf(0.06)))
    lawless = partial(fgsm, box=None)
    with pytest.raises(ValueError, match=r"cannot exist.*box=None"):
        risk.adversarial_risk(net, x, y, Linf(0.05), lawless)
    risk.adversarial_risk(net, x, y, Linf(0.05), lawless, box=None)
    with pytest.raises(ValueError, match="returned"):
        risk.adversarial_risk(net, x, y, Linf(0.05), lambda m, x, y, b: x[:1])


@pytest.mark.parametrize("kind", ["error", "loss"])
def test_curves_never_fall_and_begin_at_the_risk(net, digits, kind):
    curve = risk.risk_curve(net, *digits, [0, 0.02, 0.05, 0.1], fgsm, kind=kind)
    assert curve.values[0] == risk.risk(net, *digits, kind=kind).value
    for low, high in zip(curve.estimates, curve.estimates[1:]):
        assert bool((high.values >= low.values).all())
    assert [e.lower_bound for e in curve.estimates] == [False, True, True, True]


def test_the_pictures_of_a_curve_have_fallen_where_it_says(net, digits, curve):
    x, y = digits
    fell = curve.falls_at.isfinite()
    assert fell.any()
    with torch.no_grad():
        assert torch.equal(net(curve.pictures).argmax(1) != y, fell)
    moved = Linf(1).norm(curve.pictures - x)
    assert bool((moved[fell] <= curve.falls_at[fell] + 1e-6).all())
    for eps, value in zip(curve.eps, curve.values):
        assert value == pytest.approx((curve.falls_at <= eps).double().mean().item())


@pytest.mark.parametrize("eps", [[], [0.1, 0.1], [0.2, 0.1], [-0.1, 0.1]])
def test_a_curve_needs_rising_radii(net, digits, eps):
    with pytest.raises(ValueError, match="rising"):
        risk.risk_curve(net, *digits, eps, fgsm)


def test_wrong_input_gets_its_sentence(net, digits):
    x, y = digits
    with pytest.raises(ValueError, match="kind must be"):
        risk.risk(net, x, y, kind="mistakes")
    with pytest.raises(ValueError, match="divide by 255"):
        risk.risk(net, x * 255, y)
    with pytest.raises(ValueError, match="at least one attack"):
        risk.adversarial_risk(net, x, y, Linf(0.1), {})
    for wrong, count in ((1, 0), (-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="wrong <= count"):
            risk.wilson(wrong, count)


def test_an_attack_that_works_in_place_changes_nothing_and_is_found_out(net, digits):
    x, y = digits
    before = x.clone()

    def rude(model, x, y, ball):
        return x.add_(input_gradient(model, x, y).sign(), alpha=5 * ball.eps).clamp_(0, 1)

    with pytest.raises(ValueError, match="left the ball"):
        risk.adversarial_risk(net, x, y, Linf(0.03), rude)
    assert torch.equal(x, before)


@given(st.integers(1, 2000), st.data())
def test_wilsons_band_holds_the_share_and_solves_its_equation(count, data):
    wrong = data.draw(st.integers(0, count))
    low, high = risk.wilson(wrong, count)
    assert 0 <= low <= wrong / count <= high <= 1
    for end in {low, high} - {0.0, 1.0}:  # the share is exactly 1.96 deviations from both ends
        distance = abs(wrong / count - end) / math.sqrt(end * (1 - end) / count)
        assert distance == pytest.approx(1.959964, rel=1e-4)


@pytest.mark.parametrize("truth", [0.01, 0.1, 0.5])
def test_wilsons_band_keeps_its_word(truth):
    """Exactly: the probability of all counts whose band holds the truth."""
    n, total = 400, 0.0
    for k in range(n + 1):
        low, high = risk.wilson(k, n)
        if low <= truth <= high:
            log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
            total += math.exp(log + k * math.log(truth) + (n - k) * math.log1p(-truth))
    assert 0.93 <= total <= 0.97


def test_the_bootstrap_agrees_with_the_normal_band():
    values = torch.rand(400, generator=torch.Generator().manual_seed(0))
    low, high = risk.bootstrap(values)
    reach = 1.96 * float(values.std()) / 20
    assert low == pytest.approx(float(values.mean()) - reach, abs=0.15 * reach)
    assert high == pytest.approx(float(values.mean()) + reach, abs=0.15 * reach)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 30), st.integers(1, 4))
def test_attacks_are_named_after_their_effort(steps, restarts):
    name = risk.attack_name(partial(pgd, steps=steps, restarts=restarts))
    assert name == f"PGD-{steps}" + (f", {restarts} starts" if restarts > 1 else "")
    assert risk.attack_name(fgsm) == "FGSM"


# ---------------------------------------------------------------- the fast path


@pytest.mark.parametrize("ball", [Linf(0.05), L2(0.8)], ids=["linf", "l2"])
def test_fast_is_within_a_point_of_plain(net, ball):
    x, y = (t[:300] for t in assets.digits().test)
    plain = risk.evaluate(net, x, y, ball, steps=10)
    quick = risk.evaluate(net, x, y, ball, steps=10, fast=True)
    assert quick.lower_bound
    assert abs(plain.value - quick.value) <= 0.0101
    assert 0.02 < plain.value < 0.98  # otherwise the comparison would say nothing


@pytest.mark.parametrize("steps", [8, 20])
@pytest.mark.parametrize("eps", [0.05, 0.1])
@pytest.mark.parametrize("loudness", [1, 4, 20])
def test_fast_is_not_taken_in_by_a_net_too_sure_of_itself(net, loudness, eps, steps):
    """Four times as loud, many a loss is rounded to 0 in float32, and PGD still finds a way."""
    x, y = (t[:100] for t in assets.digits().test)

    class Loud(torch.nn.Module):
        def forward(self, x):
            return loudness * net(x)

    plain = risk.evaluate(Loud(), x, y, Linf(eps), steps=steps)
    quick = risk.evaluate(Loud(), x, y, Linf(eps), steps=steps, fast=True)
    assert plain.value > 0.05
    assert abs(plain.value - quick.value) <= 0.0101


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


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 7, 10, 20, 33, 100])
def test_the_stops_lead_to_the_last_step(steps):
    stops = fast._stops(steps)
    assert stops == sorted(set(stops))
    assert stops[-1] == steps
    assert steps <= 2 or stops[0] == 1


def test_half_the_bits_are_used_only_where_their_gradient_is_right(digits):
    """A net whose gradient turns within a change that bfloat16 cannot see."""
    x, y = digits

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
def test_fast_goes_only_where_the_net_can_go(net, kind):
    x, y = (t[:100] for t in assets.digits().test)
    plain = risk.evaluate(Particular(net, kind), x, y, Linf(0.05), steps=8)
    quick = risk.evaluate(Particular(net, kind), x, y, Linf(0.05), steps=8, fast=True)
    assert abs(plain.value - quick.value) <= 0.0101


def test_fast_sees_as_many_digits_as_the_net():
    """Two classes that only float64 can tell apart, and nothing an attack could do."""

    def model(x):
        nothing = 0 * x.double().flatten(1).sum(1)
        return torch.stack([nothing + 1, nothing + 1 + 1e-9], 1)

    x, y = torch.rand(5, 1, 4, 4), torch.ones(5, dtype=torch.long)
    assert risk.evaluate(model, x, y, Linf(0.1), steps=4).value == 0
    assert risk.evaluate(model, x, y, Linf(0.1), steps=4, fast=True).value == 0


def test_fast_never_counts_what_float32_denies(net, digits, monkeypatch):
    """A quick model that errs everywhere must not fool the count: float32 confirms each."""
    x, y = digits

    def liar(pictures):
        return 0 * net(pictures)  # it doubts every picture, and leads nowhere

    monkeypatch.setattr(
        fast, "quickest", lambda model, x, y: (precision.Way(liar), precision.Way(net))
    )
    ball = Linf(1e-3)
    found = risk.evaluate(net, x, y, ball, steps=4, fast=True)
    assert found.value == risk.risk(net, x, y).value < 0.1


@pytest.mark.parametrize("make", [lambda net: net, lambda net: lambda x: net(x)])
def test_fast_leaves_the_net_as_it_was(net, digits, make):
    before = {name: t.clone() for name, t in net.state_dict().items()}
    layouts = [p.stride() for p in net.parameters()]
    net.train()
    risk.evaluate(make(net), *digits, Linf(EPS), steps=3, fast=True)
    assert net.training
    net.eval()
    assert all(torch.equal(t, before[name]) for name, t in net.state_dict().items())
    assert layouts == [p.stride() for p in net.parameters()]


def test_fast_on_a_flat_net():
    net = nets.mlp(16, 32, 3)
    x = torch.rand(20, 16)
    found = risk.evaluate(net, x, torch.zeros(20, dtype=torch.long), Linf(0.05), fast=True)
    assert 0 <= found.value <= 1


def test_each_device_gives_the_same_curve(net, digits, each_device):
    x, y = (t.to(each_device) for t in digits)
    moved = assets.digit_classifier().to(each_device)
    curve = risk.risk_curve(moved, x, y, [0, 0.05], fgsm)
    on_cpu = risk.risk_curve(net, *digits, [0, 0.05], fgsm)
    assert abs(curve.values[1] - on_cpu.values[1]) <= 1 / len(x)


# ---------------------------------------------------------------- lesson 3.1


EXERCISES_3_1 = exercises.table("3-1", {
    "how_many": [300, "how_many = right - 1", "how_many = right + 1"],
    "worst_of": [lambda clean, *attacks: max(values.mean() for values in (clean, *attacks))],
    "blind_search": [lambda net, x, y, eps, tries: pgd(net, x, y, Linf(eps), steps=2)],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES_3_1)
def test_solutions_of_3_1(exercise, wrong, net, digits):
    x, y = (part[:20] for part in digits)
    exercises.settle(exercise, wrong, {"net": net, "x": x, "y": y, "eps": EPS})


def test_digits_fall_in_the_panel(net, digits, curve):
    panel = falling_digits(net, curve, *digits)
    down = [sum(panel.set(eps=eps)["down"]) for eps in (0, 0.06, 0.2)]
    assert down[0] == 0
    assert down[0] < down[1] <= down[2]
    assert "→" in "".join(panel.set(eps=0.2)["titles"])
    assert len(panel.freeze()) <= 400_000
    assert not panel.errors
    with pytest.raises(ValueError, match="12 pictures"):
        falling_digits(net, risk.risk_curve(net, digits[0][:5], digits[1][:5], [0.1]), *digits)
