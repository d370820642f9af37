"""Estimates: bands that keep their word, and the worst of several searches picture by picture."""

import math
from statistics import NormalDist

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutlib.risk import Estimate, bootstrap, estimates, wilson, worst_case


def errors(*values: float, how: str = "FGSM", bound: bool = False) -> Estimate:
    return Estimate(torch.tensor(values), "error", how, lower_bound=bound)


# ---------------------------------------------------------------- what an estimate says


def test_an_error_is_a_share_with_wilsons_band():
    found = errors(1.0, 1, 0, 1)
    assert found.value == 0.75
    assert found.band == wilson(3, 4)
    assert str(found) == repr(found) == "75.0 % (FGSM, 4 pictures; 95% band 30.1-95.4 %)"


def test_a_loss_is_a_mean_with_the_bootstraps_band():
    values = torch.tensor([0.25, 1.25, 3.0])
    found = Estimate(values, "loss", "PGD-20", lower_bound=True)
    assert found.value == 1.5
    assert found.band == bootstrap(values)
    assert str(found) == "at least 1.5 (PGD-20, 3 pictures; 95% band 0.25-3)"


def test_count_is_how_many_are_wrong():
    assert errors(1.0, 0, 1, 0, 1).count == 3


def test_a_mean_of_very_many_is_not_rounded():
    """In float32 the sum of 0.1 would be 0.01 % off by now."""
    values = torch.full((100_000,), 0.1)
    assert Estimate(values, "error", "x").value == pytest.approx(float(values[0]), rel=1e-9)


# ---------------------------------------------------------------- several searches


def test_worst_case_is_per_picture():
    one, other = errors(1.0, 0, 0, 0, how="one"), errors(0, 0, 0, 1.0, how="other")
    both = worst_case(one, other)
    assert both.values.tolist() == [1, 0, 0, 1]
    assert both.how == "worst of one | other"
    assert both.kind == "error"


def test_the_worst_of_one_search_is_that_search():
    for search in (errors(0.0, 1, how="one"), Estimate(torch.tensor([0.5]), "loss", "one")):
        alone = worst_case(search)
        assert torch.equal(alone.values, search.values)
        assert (alone.kind, alone.how) == (search.kind, "one")
    # The same search twice has one name.
    assert worst_case(errors(1.0, how="one"), errors(0.0, how="one")).how == "one"


@pytest.mark.parametrize("bounds", [(False, False), (True, False), (False, True), (True, True)])
def test_one_lower_bound_among_them_makes_it_one(bounds):
    assert worst_case(*(errors(0.0, bound=bound) for bound in bounds)).lower_bound is any(bounds)


def test_only_like_can_be_combined():
    loss = Estimate(torch.zeros(2), "loss", "x")
    for others in ([errors(0.0, 1), errors(0.0)], [errors(0.0, 1), loss], [errors(0.0), loss]):
        with pytest.raises(ValueError, match="one kind of risk on one set"):
            worst_case(*others)
    with pytest.raises(ValueError, match="at least one"):
        worst_case()


# ---------------------------------------------------------------- Wilson's band


@given(st.integers(1, 2000), st.data())
def test_wilsons_band_holds_the_share_and_solves_its_equation(count, data):
    wrong = data.draw(st.integers(0, count))
    low, high = wilson(wrong, count)
    assert 0 <= low <= wrong / count <= high <= 1
    for end in {low, high} - {0.0, 1.0}:  # the share is exactly 1.96 deviations from both ends
        distance = abs(wrong / count - end) / math.sqrt(end * (1 - end) / count)
        assert distance == pytest.approx(1.959964, rel=1e-4)


def test_wilsons_band_is_what_other_programs_print():
    """SciPy 1.17: `binomtest(10, 100).proportion_ci(method="wilson")`."""
    assert wilson(10, 100) == pytest.approx((0.05522913706067508, 0.17436566150491345), rel=1e-12)
    assert wilson(1, 1) == pytest.approx((0.20654931437723745, 1.0), rel=1e-12)


def test_wilsons_band_ends_exactly_at_nothing_and_at_all():
    for count in range(1, 300):
        assert wilson(0, count)[0] == 0
        assert wilson(count, count)[1] == 1


def coverage(truth: float, n: int = 400) -> float:
    """Exactly: the probability of all counts whose band holds the truth."""
    total = 0.0
    for k in range(n + 1):
        low, high = wilson(k, n)
        if low <= truth <= high:
            log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
            total += math.exp(log + k * math.log(truth) + (n - k) * math.log1p(-truth))
    return total


@pytest.mark.parametrize("truth", [0.01, 0.1, 0.5])
def test_wilsons_band_keeps_its_word(truth):
    assert 0.93 <= coverage(truth) <= 0.97


def test_at_the_very_edge_it_does_not():
    """Just below the band of one mistake, only "no mistake" holds the truth (lesson 3.1)."""
    truth = wilson(1, 400)[0] * (1 - 1e-9)
    assert coverage(truth) == pytest.approx((1 - truth) ** 400)
    assert 0.83 <= coverage(truth) <= 0.84


@pytest.mark.parametrize(("wrong", "count"), [(0, 0), (1, 0), (-1, 5), (6, 5)])
def test_a_share_is_some_of_all(wrong, count):
    with pytest.raises(ValueError, match="wrong <= count"):
        wilson(wrong, count)


# ---------------------------------------------------------------- the bootstrap


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_the_bootstrap_agrees_with_the_normal_band(level):
    values = torch.rand(400, generator=torch.Generator().manual_seed(0))
    reach = NormalDist().inv_cdf((1 + level) / 2) * float(values.std()) / 20
    low, high = bootstrap(values, level)
    assert low == pytest.approx(float(values.mean()) - reach, abs=0.15 * reach)
    assert high == pytest.approx(float(values.mean()) + reach, abs=0.15 * reach)


def test_the_bootstrap_of_equal_numbers_has_no_width():
    assert bootstrap(torch.full((5,), 0.25)) == (0.25, 0.25)


def test_the_bootstrap_is_the_same_every_time():
    """And asks nothing of torch's own random numbers."""
    values, before = torch.arange(50.0), torch.get_rng_state()
    assert bootstrap(values) == bootstrap(values) == bootstrap(values, seed=0)
    assert bootstrap(values, seed=1) != bootstrap(values, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_bootstrap_draws_as_often_as_it_says(monkeypatch):
    """Fewer than a hundred draws are none, and a hundred are enough for a quarter of them."""
    monkeypatch.setattr(estimates, "DRAWS", 100)
    low, high = bootstrap(torch.arange(50.0), level=0.5)
    assert 22 < low < 24.5 < high < 27
