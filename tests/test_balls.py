"""The balls, as mathematics says they are."""

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tutlib.balls import L2, Box, Linf

EPS = st.floats(1e-4, 2.0)
SEEDS = st.integers(0, 10_000)
BALLS = pytest.mark.parametrize("kind", [Linf, L2])


def batch(seed: int, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(3, 2, 4, 5, generator=torch.Generator().manual_seed(seed))


@BALLS
@given(eps=EPS, seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_projection_lands_inside_to_the_last_bit(kind, eps, seed):
    center, ball = batch(seed).sigmoid(), kind(eps)
    inside = ball.project(center + batch(seed + 1, 3 * eps), center)
    assert (ball.norm((inside - center).double()) <= eps).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@given(eps=st.floats(1e-9, 2.0), seed=SEEDS, scale=st.sampled_from([1e-3, 1.0, 300.0]))
@example(eps=0.998046875, seed=0, scale=300.0)  # half of it is rounded up to half a place
@example(eps=9.914930384167751e-08, seed=0, scale=1e-3)  # ... or to a place, where there are few
@settings(max_examples=60, deadline=None)
def test_no_value_leaves_its_bounds_in_any_precision(dtype, eps, seed, scale):
    center, ball = (scale * batch(seed)).to(dtype), Linf(eps)
    low, high = ball.bounds(center)
    sample = ball.sample(center, torch.Generator().manual_seed(seed))
    for edge in (low, high, sample):
        assert edge.dtype == dtype
        assert ((edge.double() - center.double()).abs() <= eps).all()
    # They are no narrower than rounding asks for.
    spacing = torch.finfo(dtype).eps * (float(center.abs().max()) + eps)
    width = (high.double() - low.double()) / 2
    assert (width >= eps - 2 * spacing).all()


@BALLS
@given(eps=EPS, seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_projecting_twice_is_projecting_once(kind, eps, seed):
    center, ball = batch(seed).sigmoid(), kind(eps)
    once = ball.project(center + batch(seed + 1, 3 * eps), center)
    torch.testing.assert_close(ball.project(once, center), once, rtol=0, atol=0)


@BALLS
@given(eps=EPS, seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_no_point_of_the_ball_is_nearer_than_the_projection(kind, eps, seed):
    center, ball = batch(seed).sigmoid(), kind(eps)
    outside = center + batch(seed + 1, 3 * eps)
    nearest = (outside - ball.project(outside, center)).flatten(1).norm(dim=1)
    for other in range(5):
        rival = ball.sample(center, torch.Generator().manual_seed(other))
        assert (nearest <= (outside - rival).flatten(1).norm(dim=1) + 1e-5).all()


@BALLS
@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_steepest_maximises_the_linear_form(kind, seed):
    grad, ball = batch(seed), kind(1.0)
    best = (grad * ball.steepest(grad)).flatten(1).sum(1)
    torch.testing.assert_close(ball.norm(ball.steepest(grad)), torch.ones(3))
    torch.testing.assert_close(best, ball.dual_norm(grad))
    for other in range(5):
        rival = batch(seed + 1 + other)
        rival = rival / ball.norm(rival).view(-1, 1, 1, 1)
        assert ((grad * rival).flatten(1).sum(1) <= best + 1e-5).all()


@BALLS
def test_samples_fill_the_ball(kind):
    center, ball = torch.full((4000, 1, 1, 2), 0.5), kind(0.25)
    delta = ball.sample(center, torch.Generator().manual_seed(0)) - center
    assert (ball.norm(delta) <= 0.25).all()
    # The volume within half the radius is a quarter of it in two dimensions, for both balls.
    assert (ball.norm(delta) < 0.125).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert delta.mean().abs() < 0.01


@BALLS
def test_sampling_uses_the_generator_and_only_it(kind):
    center = batch(0).sigmoid()
    state = torch.get_rng_state()
    first = kind(0.1).sample(center, torch.Generator().manual_seed(5))
    again = kind(0.1).sample(center, torch.Generator().manual_seed(5))
    assert torch.equal(first, again)
    assert torch.equal(state, torch.get_rng_state())


@BALLS
@pytest.mark.parametrize("eps", [0, -0.1, math.nan, math.inf])
def test_a_ball_needs_a_radius(kind, eps):
    with pytest.raises(ValueError, match="eps must be a positive number"):
        kind(eps)


def test_a_zero_gradient_has_no_direction_and_makes_no_nan():
    assert torch.equal(L2(1.0).steepest(torch.zeros(2, 3)), torch.zeros(2, 3))


def test_box_projects_and_samples():
    box = Box(torch.tensor([0.0, -1.0]), torch.tensor([1.0, 2.0]))
    x = torch.tensor([[5.0, -7.0], [0.5, 0.5]])
    assert torch.equal(box.project(x), torch.tensor([[1.0, -1.0], [0.5, 0.5]]))
    inside = box.sample(torch.zeros(1000, 2), torch.Generator().manual_seed(0))
    assert torch.equal(box.project(inside), inside)
    assert inside[:, 1].min() < -0.9
    with pytest.raises(ValueError, match="unbounded"):
        Box(-math.inf, math.inf).sample(x)


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e-12, 1e-20, 1e-23, 1e-30, 1e-36])
def test_the_steepest_step_is_as_long_however_short_the_gradient(scale):
    """The slopes of a very sure net are so small that float32 has no room for their squares."""
    grad = batch(0)
    torch.testing.assert_close(L2(1.0).steepest(scale * grad), L2(1.0).steepest(grad))
    torch.testing.assert_close(L2(1.0).norm(L2(1.0).steepest(scale * grad)), torch.ones(3))
    assert (L2(1.0).steepest(0 * grad) == 0).all()
