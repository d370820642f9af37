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


def test_the_l2_projection_keeps_the_direction_and_leaves_the_inside_alone():
    ball, zero = L2(5.0), torch.zeros(1, 2, dtype=torch.float64)
    for point in ([3.0, 4.0], [0.0, -5.0], [0.1, 0.0]):  # two of them are on the edge
        x = torch.tensor([point], dtype=torch.float64)
        assert torch.equal(ball.project(x, zero), x)
    far = torch.tensor([[30.0, 40.0]], dtype=torch.float64)
    torch.testing.assert_close(
        ball.project(far, zero + 3), 3 + 5 * (far - 3) / (far - 3).norm(), rtol=2e-6, atol=0
    )


@given(eps=st.floats(1e-9, 2.0), seed=SEEDS, scale=st.sampled_from([1e-3, 1.0, 300.0]))
@settings(max_examples=60, deadline=None)
def test_the_l2_projection_goes_no_further_in_than_rounding_asks(eps, seed, scale):
    """Along one axis: there is little rounding but for what the projection itself allows."""
    center, ball = scale * batch(seed).double(), L2(eps)
    for dtype in (torch.float64, torch.float32):
        middle = center.to(dtype)
        outside = middle.clone()
        outside[:, 0, 0, 0] += 2 * eps + scale
        moved = ball.norm((ball.project(outside, middle) - middle).double())
        place = torch.finfo(dtype).eps / 2
        largest = middle.abs().flatten(1).amax(1).double() + eps
        # Half a place of each of the 40 values, and half a place where the point itself lies.
        asked = eps * (1 - 1e-6) - place * (40**0.5 + 2) * largest
        assert (moved >= asked.clamp_min(eps / 2 - 2 * place * largest) * (1 - 1e-6)).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_the_l2_ball_holds_where_every_pixel_is_rounded_outwards(sign):
    """The worst case: 10,000 equal pixels, which move by 25,000 places and a part."""
    center, place = torch.full((1, 10_000), float(sign)), torch.finfo(torch.float32).eps
    for part in range(50):
        ball = L2(100 * place * (25_000 + part / 50))  # the norm of 10,000 ones is 100
        moved = ball.project(center + sign, center) - center
        assert 0.9999 * ball.eps < ball.norm(moved.double()) <= ball.eps


@BALLS
@given(eps=EPS, seed=SEEDS)
@settings(max_examples=30, deadline=None)
def test_points_far_below_zero_stay_inside_too(kind, eps, seed):
    center, ball = -300 * batch(seed).sigmoid(), kind(eps)
    inside = ball.project(center - 9 * batch(seed + 1).abs(), center)
    assert (ball.norm(inside.double() - center.double()) <= eps).all()


def test_an_eps_as_small_as_the_rounding_still_moves_dark_pixels_by_half_of_it():
    center, eps = torch.tensor([[1.0, 0.0]]), 1e-7  # the next number after 1 is 1.2e-7 away
    low, high = Linf(eps).bounds(center)
    assert 1 - eps <= low[0, 0].item() <= high[0, 0].item() == 1
    assert high[0, 1].item() == -low[0, 1].item() == pytest.approx(eps / 2, rel=1e-6)


def test_where_there_is_no_room_at_all_the_point_stays_where_it_is():
    smallest = torch.tensor([[1.0, 3.0, 0.0, -1.0]]).half() * 2**-24  # of all in half the bits
    low, high = Linf(1e-30).bounds(smallest)
    assert torch.equal(low, smallest)
    assert torch.equal(high, smallest)


def test_an_l2_ball_smaller_than_its_rounding_still_has_an_inside():
    """Where the allowance for rounding is as large as the ball, half the ball is left."""
    center, ball = torch.full((1, 400), 2048.0), L2(0.001953125)  # eight places
    point = center.clone()
    point[0, 0] += 1.0
    moved = ball.project(point, center) - center
    assert moved[0, 0] == ball.eps / 2
    assert (moved[0, 1:] == 0).all()


@BALLS
@given(eps=EPS, seed=SEEDS)
@settings(max_examples=30, deadline=None)
def test_each_picture_has_a_ball_of_its_own(kind, eps, seed):
    center, ball = batch(seed).sigmoid(), kind(eps)
    x = center + batch(seed + 1, 3 * eps)
    alone = torch.cat([ball.project(a[None], b[None]) for a, b in zip(x, center)])
    torch.testing.assert_close(ball.project(x, center), alone, rtol=0, atol=1e-6)


def test_norms_of_a_batch_by_hand():
    delta = torch.tensor([[3.0, -4.0], [0.0, 0.5]])
    assert Linf(1.0).norm(delta).tolist() == [4.0, 0.5]
    assert Linf(1.0).dual_norm(delta).tolist() == [7.0, 0.5]
    assert L2(1.0).norm(delta).tolist() == [5.0, 0.5]
    assert L2(1.0).dual_norm(delta).tolist() == [5.0, 0.5]


def test_linf_samples_reach_every_side_and_come_from_the_generator_of_the_cpu():
    center = torch.full((2, 5000), 0.5)
    delta = Linf(0.25).sample(center, torch.Generator().manual_seed(0)) - center
    assert -0.25 <= delta.min() < -0.249
    assert 0.249 < delta.max() <= 0.25
    by_hand = 2 * torch.rand(2, 5000, generator=torch.Generator().manual_seed(0)) - 1
    torch.testing.assert_close(delta, 0.25 * by_hand, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (2.0, 2.5), (-7.0, -1.0)])
def test_a_sample_of_a_box_is_uniform_between_its_walls(low, high):
    sample = Box(low, high).sample(torch.zeros(20_000), torch.Generator().manual_seed(0))
    assert low <= sample.min()
    assert sample.max() <= high
    shares = torch.histc(sample, bins=4, min=low, max=high) / len(sample)
    torch.testing.assert_close(shares, torch.full((4,), 0.25), rtol=0, atol=0.02)


@pytest.mark.parametrize("walls", [(0.0, math.inf), (-math.inf, 0.0), (-3e38, 3e38)])
def test_a_box_whose_width_is_no_number_has_no_sample(walls):
    with pytest.raises(ValueError, match="unbounded"):
        Box(*walls).sample(torch.zeros(1, 2))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_box_takes_the_precision_of_the_point(dtype):
    walls = torch.zeros(2, dtype=torch.float64), torch.ones(2, requires_grad=True)
    point = torch.tensor([[0.1, 3.0]], dtype=dtype)
    for box in (Box(), Box(0, 1), Box(*walls)):
        found = box.project(point)
        assert torch.equal(found, point.clamp(0, 1))  # 0.1 as it was: nothing is rounded
        assert found.dtype == box.sample(point).dtype == dtype
        assert not found.requires_grad


def test_pixels_are_the_box_that_nobody_named():
    assert torch.equal(Box().project(torch.tensor([-2.0, 0.5, 7.0])), torch.tensor([0, 0.5, 1]))
    assert torch.equal(Box().project(torch.tensor([7.0]), torch.tensor([3.0])), torch.ones(1))
