"""Risk: lower bounds that say so, curves that never fall, attacks kept to their ball (and 3.1)."""

import copy
import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from tests import exercises
from tutlib import risk
from tutlib.attacks import fgsm, input_gradient, pgd
from tutlib.balls import L2, Linf
from tutlib.lessons.panels.risk import falling_digits
from tutlib.plots import risk as figures
from tutlib.plots.theme import in_words

EPS = 0.1


@pytest.fixture(scope="module")
def digits(drawn):
    return [part[:60] for part in drawn]


@pytest.fixture(scope="module")
def curve(reader, digits):
    attack = partial(pgd, steps=5, early_stop=True)
    return risk.risk_curve(reader, *digits, [0, 0.03, 0.06, 0.1, 0.2], attack)


# Most of what follows is true of any net. So it is tried on the smallest: "pictures" of three
# numbers, which are themselves the logits of three classes.


def echo(x):
    return x


def right_by(*margins):
    """Pictures of class 0, right by these margins (the third class is nowhere near)."""
    x = torch.tensor([[0.5 + margin / 2, 0.5 - margin / 2, 0.0] for margin in margins])
    return x, torch.zeros(len(x), dtype=torch.long)


TO_CLASS_1 = torch.tensor([-1.0, 1.0, 0.0])


def shove(model, x, y, ball):
    """The best there is on `echo`, for class 0 and an L-inf ball; it asks no model."""
    return x + ball.eps * TO_CLASS_1


def stay(model, x, y, ball):
    return x.clone()


class Counted:
    """`echo`, with a list of how many pictures it was shown at a time."""

    def __init__(self):
        self.seen = []

    def __call__(self, x):
        self.seen.append(len(x))
        return echo(x)


@pytest.fixture(scope="module")
def small():
    """A linear net on 16 numbers, and 60 pictures with labels that are mostly right."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 4)).requires_grad_(False)
    x = torch.rand(60, 1, 4, 4)
    y = net(x).argmax(1)
    y[::10] += 1
    return net, x, y % 4


# ---------------------------------------------------------------- untouched


def test_risk_is_the_share_of_wrong_answers(small):
    net, x, y = small
    logits = net(x)
    found = risk.risk(net, x, y, batch=7)
    assert 0 < found.value == pytest.approx((logits.argmax(1) != y).double().mean().item())
    assert (found.kind, found.how, found.lower_bound) == ("error", "clean pictures", False)
    loss = risk.risk(net, x, y, kind="loss", batch=7)
    assert loss.value == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)
    assert (loss.kind, loss.how) == ("loss", "clean pictures")


def test_every_picture_has_its_own_error_and_loss(small):
    net, x, y = small
    for kind in ("error", "loss"):
        each = [risk.per_picture(net, x[i : i + 1], y[i : i + 1], kind=kind) for i in range(60)]
        together = risk.per_picture(net, x, y, kind=kind, batch=7)
        assert torch.allclose(together, torch.cat(each))
    errors = risk.per_picture(net, x, y)  # the errors, unless something else is asked for
    assert torch.equal(errors, (net(x).argmax(1) != y).float())
    assert torch.equal(risk.per_picture(net, x, 2), risk.per_picture(net, x, torch.full((60,), 2)))


# ---------------------------------------------------------------- attacked


def test_on_a_linear_net_the_search_is_exact():
    """There FGSM finds the maximum, so the lower bound can be compared with the truth."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2)).requires_grad_(False)
    x, y = torch.rand(200, 1, 4, 4), torch.randint(0, 2, (200,))
    w = net[1].weight
    logits = net(x)
    rows = torch.arange(200)
    margin = logits[rows, y] - logits[rows, 1 - y]
    reach = 0.05 * (w[0] - w[1]).abs().sum()
    exact = (margin < reach).double().mean().item()
    found = risk.adversarial_risk(net, x, y, Linf(0.05), fgsm, box=None)
    assert found.value == pytest.approx(exact, abs=1.5 / 200)  # a tie may fall to either side


@pytest.mark.parametrize("kind", ["error", "loss"])
def test_adversarial_risk_looks_at_the_attacked_pictures(kind):
    x, y = right_by(-0.1, 0.05, 0.1, 0.5)
    found = risk.adversarial_risk(echo, x, y, Linf(0.04), shove, kind=kind)
    attacked = torch.maximum(*(risk.per_picture(echo, z, y, kind=kind)
                               for z in (x, shove(echo, x, y, Linf(0.04)))))  # fmt: skip
    assert torch.equal(found.values, attacked)
    assert found.kind == kind
    assert kind == "loss" or found.values.tolist() == [1, 1, 0, 0]


def test_an_adversarial_risk_says_it_is_a_lower_bound(small):
    net, x, y = small
    found = risk.adversarial_risk(net, x, y, Linf(EPS), partial(pgd, steps=2, restarts=3))
    assert found.lower_bound
    assert str(found).startswith("at least ")
    assert "PGD-2, 3 starts, 60 pictures; 95% band" in str(found)
    assert not str(risk.risk(net, x, y)).startswith("at least")


def test_the_attack_is_pgd_unless_another_is_asked_for(small):
    net, x, y = small
    found = risk.adversarial_risk(net, x, y, Linf(EPS))
    assert found.how == "PGD-40"
    assert torch.equal(found.values, risk.per_picture(net, pgd(net, x, y, Linf(EPS)), y))


@pytest.mark.parametrize("kind", ["error", "loss"])
def test_the_untouched_picture_counts(kind):
    """An attack that makes every picture right again must not lower the risk."""
    x, y = right_by(-0.1, -0.2, 0.3)

    def saint(model, x, y, ball):
        return x - ball.eps * TO_CLASS_1

    clean = risk.risk(echo, x, y, kind=kind)
    found = risk.adversarial_risk(echo, x, y, Linf(1.0), saint, kind=kind, box=None)
    assert bool((found.values >= clean.values).all())
    assert kind == "loss" or found.values.tolist()[:2] == [1, 1]


def test_several_attacks_are_combined_per_picture(small):
    net, x, y = small
    attacks = {"FGSM": fgsm, "PGD-5": partial(pgd, steps=5), "none": stay}
    each = [risk.adversarial_risk(net, x, y, L2(0.3), {n: a}) for n, a in attacks.items()]
    both = risk.adversarial_risk(net, x, y, L2(0.3), attacks)
    assert torch.equal(both.values, risk.worst_case(*each).values)
    assert both.how == "worst of FGSM | PGD-5 | none"
    assert [one.how for one in each] == list(attacks)


def test_one_attack_may_see_what_another_cannot():
    x, y = right_by(0.1, 0.1)

    def only(row):
        return lambda model, x, y, ball: x.index_add(
            0, torch.tensor([row]), ball.eps * TO_CLASS_1[None]
        )

    both = risk.adversarial_risk(echo, x, y, Linf(0.1), {"first": only(0), "last": only(1)})
    assert both.values.tolist() == [1, 1]


# ---------------------------------------------------------------- in parts

MEASURES = {
    "risk": lambda model, x, y, **how: risk.risk(model, x, y, **how),
    "per_picture": lambda model, x, y, **how: risk.per_picture(model, x, y, **how),
    "adversarial_risk": lambda model, x, y, **how: risk.adversarial_risk(
        model, x, y, Linf(EPS), partial(pgd, steps=1), **how
    ),
    "risk_curve": lambda model, x, y, **how: risk.risk_curve(
        model, x, y, [0, EPS], partial(pgd, steps=1), **how
    ),
    "risk_curve of the loss": lambda model, x, y, **how: risk.risk_curve(
        model, x, y, [0, EPS], partial(pgd, steps=1), kind="loss", **how
    ),
    "evaluate": lambda model, x, y, **how: risk.evaluate(model, x, y, Linf(EPS), steps=1, **how),
}


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_a_net_is_never_shown_more_than_a_batch(measure):
    model, (x, y) = Counted(), right_by(*[0.5] * 5)
    measure(model, x, y, batch=2)
    assert set(model.seen) == {2, 1}


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_a_batch_is_250_pictures_unless_told_otherwise(measure):
    model, (x, y) = Counted(), right_by(*[0.5] * 251)
    measure(model, x, y)
    assert set(model.seen) == {250, 1}


# ---------------------------------------------------------------- wrong input, false attacks


def test_wrong_input_gets_its_sentence(small):
    net, x, y = small
    with pytest.raises(ValueError, match="kind must be 'error' or 'loss'"):
        risk.risk(net, x, y, kind="mistakes")
    with pytest.raises(ValueError, match="at least one attack"):
        risk.adversarial_risk(net, x, y, Linf(0.1), {})
    for measure in MEASURES:
        with pytest.raises(ValueError, match="one label for each of the 60"):
            MEASURES[measure](net, x, y[:-1])
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            MEASURES[measure](lambda x: net(x) * math.nan, x, y)


@pytest.mark.parametrize("measure", sorted(MEASURES.keys() - {"per_picture"}))
def test_pictures_out_of_range_are_refused_before_anything_is_done(small, measure):
    _, x, y = small

    def never(x):
        raise AssertionError("the net was asked")

    with pytest.raises(ValueError, match=r"^pictures must be in \[0, 1\].*divide by 255"):
        MEASURES[measure](never, x * 255, y)


@pytest.mark.parametrize("measure", ["adversarial_risk", "risk_curve"])
def test_another_box_is_another_range(small, measure):
    net, x, y = small
    double = partial(MEASURES[measure], net, x * 2, y)
    with pytest.raises(ValueError, match=r"^pictures must be in \[0, 1\]"):
        double()
    lawful = {"box": (0.0, 2.0), "kind": "loss"}
    attack = partial(fgsm, box=(0.0, 2.0))
    risk.adversarial_risk(net, x * 2, y, Linf(0.1), attack, **lawful)
    risk.risk_curve(net, x * 2, y, [0.1], attack, **lawful)
    with pytest.raises(ValueError, match=r"cannot exist.*in \[0, 2\]"):
        risk.adversarial_risk(net, x * 2, y, Linf(0.1), partial(fgsm, box=None), **lawful)
    with pytest.raises(ValueError, match=r"cannot exist.*in \[0, 2\]"):
        risk.risk_curve(net, x * 2, y, [0.1], partial(fgsm, box=None), **lawful)


@pytest.mark.parametrize(
    "eps", [[math.nan], [0, math.nan], [0.1, math.inf], [-0.1], [0.2, 0.1], []]
)
def test_radii_rise_and_are_numbers(small, eps):
    with pytest.raises(ValueError, match="eps must be rising numbers from 0 on"):
        risk.risk_curve(*small, eps)


def test_radii_in_other_units_are_refused_whatever_the_attack(small):
    net, x, y = small
    for measure in both_measures(net, x, y, Linf(8), stay):
        with pytest.raises(ValueError, match=r"from black to white it is only 1"):
            measure()
    with pytest.raises(ValueError, match=r"from black to white it is only 1"):
        risk.evaluate(net, x, y, Linf(8), fast=True)


def both_measures(net, x, y, ball, attack, **how):
    """The two that judge an attack, as two calls without arguments."""
    yield lambda: risk.adversarial_risk(net, x, y, ball, attack, **how)
    yield lambda: risk.risk_curve(net, x, y, [ball.eps], attack, ball=type(ball), **how)


def test_an_attack_that_cheats_is_refused(small):
    net, x, y = small
    for measure in both_measures(
        net, x, y, Linf(0.05), lambda m, x, y, b: fgsm(m, x, y, Linf(0.06))
    ):
        with pytest.raises(
            ValueError, match=r"left the ball: .* by 0\.0(6|59\d*), and eps is 0.05"
        ):
            measure()
    lawless = partial(fgsm, box=None)
    for measure in both_measures(net, x, y, Linf(0.05), lawless):
        with pytest.raises(ValueError, match=r"FGSM made pictures.*cannot exist.*box=None"):
            measure()
    for measure in both_measures(net, x, y, Linf(0.05), lawless, box=None):
        measure()
    for measure in both_measures(net, x, y, Linf(0.05), lambda m, x, y, b: x[:1]):
        with pytest.raises(ValueError, match="returned"):
            measure()


@pytest.mark.parametrize("excess", [0, 5e-6, 1e-5])
def test_the_edge_of_the_ball_belongs_to_it(excess):
    """Up to a hundred thousandth: that much may come of rounding."""
    x, y = torch.zeros(1, 2, dtype=torch.float64), 0  # where 1 + 1e-5 is measured as that
    for measure in both_measures(
        echo, x, y, Linf(1.0), lambda model, x, y, ball: x + (1 + excess), box=None
    ):
        measure()


@pytest.mark.parametrize("excess", [2e-5, 0.5, math.nan])
def test_beyond_the_edge_there_is_no_excuse(excess):
    x, y = torch.zeros(1, 2, dtype=torch.float64), 0
    for measure in both_measures(
        echo, x, y, Linf(1.0), lambda model, x, y, ball: x - (1 + excess), box=None
    ):
        with pytest.raises(ValueError, match="left the ball"):
            measure()


def test_an_attack_that_works_in_place_changes_nothing_and_is_found_out(small):
    net, x, y = small
    before = x.clone()

    def rude(model, x, y, ball):
        return x.add_(input_gradient(model, x, y).sign(), alpha=5 * ball.eps).clamp_(0, 1)

    for measure in both_measures(net, x, y, Linf(0.03), rude):
        with pytest.raises(ValueError, match="left the ball"):
            measure()
    assert torch.equal(x, before)


# ---------------------------------------------------------------- curves


@pytest.mark.parametrize("kind", ["error", "loss"])
def test_a_curve_is_what_one_by_one_would_find(kind):
    """On these pictures `shove` finds the maximum: a larger ball never undoes what it found."""
    radii, (x, y) = [0, 0.04, 0.06, 0.3], right_by(-0.1, 0.05, 0.1, 0.5, 0.9)
    curve = risk.risk_curve(echo, x, y, radii, shove, kind=kind, box=None)
    assert curve.eps == radii
    assert torch.equal(curve.estimates[0].values, risk.risk(echo, x, y, kind=kind).values)
    for eps, found in zip(radii[1:], curve.estimates[1:]):
        alone = risk.adversarial_risk(echo, x, y, Linf(eps), shove, kind=kind, box=None)
        assert torch.equal(found.values, alone.values)
    assert curve.values == [found.value for found in curve.estimates]
    assert [found.kind for found in curve.estimates] == [kind] * 4
    assert [found.lower_bound for found in curve.estimates] == [False, True, True, True]
    assert [found.how for found in curve.estimates] == ["clean pictures", *["shove"] * 3]


@pytest.mark.parametrize("kind", ["error", "loss"])
def test_a_curve_knows_where_each_picture_fell(kind):
    x, y = right_by(-0.1, 0.05, 0.1, 0.5, 0.9)
    curve = risk.risk_curve(echo, x, y, [0, 0.04, 0.06, 0.3], shove, kind=kind, box=None)
    falls_at = [0, 0.04, 0.06, 0.3, math.inf]
    assert curve.falls_at.tolist() == pytest.approx(falls_at)
    # As it fell; as last attacked, where it never did; untouched, where nobody had to.
    for picture, clean, eps in zip(curve.pictures, x, [0, 0.04, 0.06, 0.3, 0.3]):
        assert torch.equal(picture, shove(echo, clean, 0, Linf(eps)) if eps else clean)


@pytest.mark.parametrize("kind", ["error", "loss"])
def test_what_was_found_at_a_small_eps_counts_at_a_larger_one(kind):
    """Even if the attack is much worse there."""
    x, y = right_by(0.1, 0.3)

    def fickle(model, x, y, ball):
        return (shove if ball.eps < 0.15 else stay)(model, x, y, ball)

    curve = risk.risk_curve(echo, x, y, [0.1, 0.2], fickle, kind=kind, box=None)
    assert torch.equal(curve.estimates[0].values, curve.estimates[1].values)
    assert curve.falls_at.tolist() == pytest.approx([0.1, math.inf])


def test_who_fell_is_not_attacked_again():
    """But where the loss is asked for: that goes on growing."""
    x, y = right_by(-0.1, 0.05, 0.1)
    attacked = []

    def noted(model, x, y, ball):
        attacked.append(len(x))
        return shove(model, x, y, ball)

    risk.risk_curve(echo, x, y, [0, 0.04, 0.06, 0.3], noted, box=None)
    assert attacked == [2, 1]  # nobody is left at 0.3
    attacked.clear()
    risk.risk_curve(echo, x, y, [0, 0.04, 0.06, 0.3], noted, kind="loss", box=None)
    assert attacked == [3, 3, 3]


def test_the_pictures_of_a_curve_have_fallen_where_it_says(small):
    net, x, y = small
    curve = risk.risk_curve(net, x, y, [0, 0.01, 0.02, 0.05, 0.1], partial(pgd, steps=5))
    fell = curve.falls_at.isfinite()
    assert 0 < fell.sum() < len(x)
    assert torch.equal(net(curve.pictures).argmax(1) != y, fell)
    moved = Linf(1).norm(curve.pictures - x)
    assert bool((moved[fell] <= curve.falls_at[fell] + 1e-6).all())
    for eps, value in zip(curve.eps, curve.values):
        # The radii are kept in float32: what fell at 0.1 fell at 0.10000000149.
        assert value == pytest.approx((curve.falls_at <= eps + 1e-6).double().mean().item())


def test_a_curve_may_go_through_other_balls(small):
    net, x, y = small
    curve = risk.risk_curve(net, x, y, [0.2], fgsm, ball=L2)
    alone = risk.adversarial_risk(net, x, y, L2(0.2), fgsm)
    assert torch.equal(curve.estimates[0].values, alone.values)


@pytest.mark.parametrize("eps", [[], [0.1, 0.1], [0.2, 0.1], [-0.1, 0.1], [-0.1], [0, 0.2, 0.1]])
def test_a_curve_needs_rising_radii(small, eps):
    with pytest.raises(ValueError, match="rising"):
        risk.risk_curve(*small, eps, fgsm)


# ---------------------------------------------------------------- evaluate, and what it is called


@pytest.mark.parametrize("fast", [False, True])
def test_evaluate_takes_what_pgd_takes(small, fast):
    """The steps, their size, the restarts and the source of chance all arrive."""
    net, x, _ = small
    y = net(x).argmax(
        1
    )  # all right: the fast path has no starts for those that are wrong untouched
    rng = torch.Generator().manual_seed(3)
    before = rng.get_state()
    how = {"steps": 3, "step_size": 0.02, "restarts": 2}
    found = risk.evaluate(net, x, y, Linf(EPS), **how, fast=fast, generator=rng)
    assert not torch.equal(rng.get_state(), before)
    rng.manual_seed(3)
    x_adv = pgd(net, x, y, Linf(EPS), **how, generator=rng)
    assert torch.equal(found.values, risk.per_picture(net, x_adv, y))
    assert (found.kind, found.lower_bound) == ("error", True)
    assert found.how == "PGD-3, 2 starts" + (", fast" if fast else "")


def test_evaluate_is_the_plain_pgd_20_unless_told_otherwise(small):
    net, x, y = small
    found = risk.evaluate(net, x, y, Linf(EPS))
    assert found.how == "PGD-20"
    assert torch.equal(found.values, risk.per_picture(net, pgd(net, x, y, Linf(EPS), steps=20), y))


def test_evaluate_checks_its_input_on_the_fast_path_too(small):
    net, x, y = small
    with pytest.raises(ValueError, match=r"^pictures must be in \[0, 1\].*divide by 255"):
        risk.evaluate(net, x * 255, y, Linf(EPS), fast=True)
    with pytest.raises(ValueError, match="one label for each of the 60"):
        risk.evaluate(net, x, y[:-1], Linf(EPS), fast=True)


@pytest.mark.parametrize("batch", [2, None])
def test_the_fast_path_is_never_shown_more_than_a_batch(batch, monkeypatch):
    monkeypatch.setattr("tutlib.risk.fast.PROBE", 2)  # of other sizes
    model, (x, y) = Counted(), right_by(*[0.5] * 251)
    how = {} if batch is None else {"batch": batch}
    risk.evaluate(model, x, y, Linf(EPS), steps=1, fast=True, **how)
    assert max(model.seen) == (batch or 250)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 30), st.integers(1, 4))
def test_attacks_are_named_after_their_effort(steps, restarts):
    name = risk.attack_name(partial(pgd, steps=steps, restarts=restarts))
    assert name == f"PGD-{steps}" + (f", {restarts} starts" if restarts > 1 else "")
    assert risk.attack_name(fgsm) == "FGSM"


def test_attacks_that_are_not_ours_have_names_too():
    def crown(model, x, y, ball, steps=7):
        """Five letters: no abbreviation."""

    def cw(model, x, y, ball, steps, restarts=None):
        """It must be told how many steps; it has no number of restarts."""

    class Swarm:
        def __call__(self, model, x, y, ball):
            """It has no `__name__`, but its class has one."""

    assert risk.attack_name(crown) == "crown-7"
    assert risk.attack_name(cw) == "CW"
    assert risk.attack_name(partial(cw, steps=3)) == "CW-3"
    assert risk.attack_name(Swarm()) == "Swarm"
    assert risk.attack_name(torch.clamp_min) == "clamp_min"  # nobody can read its signature


def test_each_device_gives_the_same_curve(reader, digits, each_device):
    x, y = (t.to(each_device) for t in digits)
    moved = copy.deepcopy(reader).to(each_device)
    curve = risk.risk_curve(moved, x, y, [0, 0.05], fgsm)
    on_cpu = risk.risk_curve(reader, *digits, [0, 0.05], fgsm)
    assert abs(curve.values[1] - on_cpu.values[1]) <= 1 / len(x)


# ---------------------------------------------------------------- lesson 3.1


EXERCISES_3_1 = exercises.table("3-1", {
    # One too few, the rule of thumb itself, and what two-sided bands ask for (exact; Wilson's).
    "how_many": ["how_many = right - 1", 300, 368, 381, 299.5],
    "worst_of": [
        lambda clean, *attacks: max(values.mean() for values in (clean, *attacks)),
        lambda clean, *attacks: torch.stack(attacks).amax(0).mean(),
        lambda clean, *attacks: sum(values.mean() for values in (clean, *attacks)),
    ],
    "blind_search": [
        lambda net, x, y, eps, tries: pgd(net, x, y, Linf(eps), steps=2),
        lambda net, x, y, eps, tries: x,
        lambda net, x, y, eps, tries: x + eps * torch.randn_like(x).sign(),  # beyond white
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES_3_1)
def test_solutions_of_3_1(exercise, wrong, reader, digits):
    x, y = (part[:20] for part in digits)
    exercises.settle(exercise, wrong, {"net": reader, "x": x, "y": y, "eps": EPS})


def test_a_figure_of_estimates_names_every_row_and_keeps_its_numbers_inside():
    x, y = right_by(-0.1, 0.05, 0.1, 0.5)
    found = {"untouched": risk.risk(echo, x, y),
             "shoved": risk.adversarial_risk(echo, x, y, Linf(0.04), shove)}  # fmt: skip
    figure = figures.forest(found, caption="95 % bands")
    said = in_words(figure)
    assert "untouched, 25.0, shoved, ≥ 50.0" in said
    assert "95 % bands" in said
    (axes,) = figure.axes
    assert axes.get_xlim()[1] > 100 * found["shoved"].band[1]


def test_a_figure_of_coverage_says_what_was_promised():
    kept = {"good": torch.tensor([0.96, 0.95]), "bad": torch.tensor([0.1, 0.9])}
    figure = figures.coverage(torch.tensor([0.001, 0.5]), kept, 0.95)
    assert "good, bad, promised: 95%" in in_words(figure)
    (axes,) = figure.axes
    assert axes.lines[0].get_ydata().tolist() == pytest.approx([96, 95])


def test_learning_curves_have_bands():
    found = [risk.risk(echo, *right_by(-0.1, *[0.5] * k)) for k in (3, 9)]
    (axes,) = figures.learning_curves(found, found[::-1]).axes
    assert axes.lines[0].get_ydata().tolist() == pytest.approx([10, 25])  # the unseen ones first
    assert len(axes.collections) == 2


def test_digits_fall_in_the_panel(reader, digits, curve):
    panel = falling_digits(reader, curve, *digits)
    down = [sum(panel.set(eps=eps)["down"]) for eps in (0, 0.06, 0.2)]
    assert down[0] == 0
    assert down[0] < down[1] <= down[2]
    assert "→" in "".join(panel.set(eps=0.2)["titles"])
    assert len(panel.freeze()) <= 400_000
    assert not panel.errors
    short = risk.risk_curve(reader, *(part[:5] for part in digits), [0.1])
    with pytest.raises(ValueError, match="12 pictures"):
        falling_digits(reader, short, *digits)
