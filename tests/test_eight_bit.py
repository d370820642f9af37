"""Whole 8-bit levels, against every level there is."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tutlib.attacks import pgd, to_8bit
from tutlib.balls import L2, Linf

SEEDS = st.integers(0, 10_000)


def levels(seed: int, shape=(3, 1, 2, 5)) -> torch.Tensor:
    """Pictures of whole levels that touch black and white: k / 255, k as floats."""
    k = torch.randint(-60, 316, shape, generator=torch.Generator().manual_seed(seed))
    return k.clamp(0, 255).float()


def noise(seed: int, shape=(3, 1, 2, 5)) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed + 1))


@given(
    eps=st.sampled_from([0.5, 1, 1.5, 2, 2.5, 8, 8.99, 16, 300]),
    part=st.sampled_from([0, 0, 0.3, 0.5, 0.6]),  # the picture lies between two levels
    seed=SEEDS,
)
@settings(max_examples=100, deadline=None)
def test_every_pixel_takes_the_nearest_level_of_its_interval(eps, part, seed):
    x = (levels(seed) + part).clamp(0, 255) / 255
    x_adv = x + noise(seed) * 2 * eps / 255  # also outside of the ball, and darker than black
    every = torch.arange(256.0, dtype=torch.float64) / 255
    allowed = (every - x.double()[..., None]).abs() <= eps / 255 + 1e-7
    distance = (every - x_adv.double()[..., None]).abs().masked_fill(~allowed, torch.inf)
    expected = distance.argmin(-1)
    found = to_8bit(x_adv, x, Linf(eps / 255))
    assert torch.equal(found, (expected.double() / 255).float())


def furthest_share(x: torch.Tensor, x_adv: torch.Tensor, eps: float) -> torch.Tensor:
    """Of all the roundings on the way from one picture to another the last one in the ball."""
    k, change = x.double() * 255, (x_adv - x).double() * 255
    # On the way to `change` a pixel takes another level at each half: those shares are all.
    halves = torch.arange(0.5, 60)
    shares = (halves / change.abs()[:, None]).flatten()
    shares = torch.cat([torch.zeros(1), shares[shares <= 1].sort().values, torch.ones(1)])
    best = k
    for before, after in zip(shares, [*shares[1:], torch.tensor(1.0)]):
        tried = (k + change * (before + after) / 2).round().clamp(0, 255)
        if (tried - k).norm() / 255 > eps:
            break
        best = tried
    return best / 255


# The square of a change of whole levels is a whole number: no such change ends near these edges.
BETWEEN = st.integers(1, 900).map(lambda n: (n + 0.5) ** 0.5)


@given(eps=BETWEEN, length=st.floats(0.5, 8), seed=SEEDS)
@settings(max_examples=100, deadline=None)
def test_in_an_l2_ball_the_change_is_shortened_no_more_than_it_must_be(eps, length, seed):
    x = levels(seed) / 255
    x_adv = x + noise(seed) * length / 255
    found = to_8bit(x_adv, x, L2(eps / 255))
    for one, start, end in zip(found, x, x_adv):
        expected = furthest_share(start.flatten(), end.flatten(), eps / 255)
        torch.testing.assert_close(one.flatten().double(), expected, rtol=0, atol=1e-6)


def test_each_picture_is_shortened_by_itself():
    x, x_adv = levels(0) / 255, (levels(0) + 6 * noise(0)) / 255
    ball = L2(10 / 255)
    together = to_8bit(x_adv, x, ball)
    alone = torch.cat([to_8bit(a[None], b[None], ball) for a, b in zip(x_adv, x)])
    assert torch.equal(together, alone)


def test_the_edge_belongs_to_the_l2_ball():
    three = torch.tensor(3 / 255)
    x, x_adv = torch.zeros(1, 1, 1, 4), torch.zeros(1, 1, 1, 4)
    x_adv[..., 0] = 10 / 255
    found = to_8bit(x_adv, x, L2(three.item()))
    assert found.flatten().tolist() == [three.item(), 0, 0, 0]


def test_the_nearest_whole_level_may_lie_on_the_edge():
    x = torch.full((1, 1), 0.001)  # black, the nearest level, is just as far as it may be
    assert to_8bit(x, x, L2(x.item())).item() == 0
    with pytest.raises(ValueError, match="take a larger eps"):
        to_8bit(x, x, L2(x.item() * 0.99))


@pytest.mark.parametrize("ball", [Linf(0.2), L2(0.7)], ids=["Linf", "L2"])
def test_black_and_white_are_the_last_levels(ball):
    x = torch.tensor([[0.0, 1.0, 51 / 255, 204 / 255]])
    x_adv = torch.tensor([[-0.3, 1.3, -0.05, 1.05]])
    found = to_8bit(x_adv, x, ball)
    assert found.min() == 0
    assert found.max() == 1
    torch.testing.assert_close(found, torch.tensor([[0.0, 1, 0, 1]]))


def test_a_ball_of_half_a_level_holds_the_picture_itself():
    x = levels(5) / 255
    assert torch.equal(to_8bit(x + 0.3 / 255, x, Linf(0.5 / 255)), x)


@pytest.mark.parametrize("ball", [Linf(0.5), L2(1.5)], ids=str)
@pytest.mark.parametrize("box", [(0.2, 0.6), (0.0, 1.0), (-1.0, 2.0), None])
def test_levels_are_in_the_box(ball, box):
    x = torch.full((1, 1, 2, 5), 102 / 255)
    found = to_8bit(x + noise(0, x.shape), x, ball, box)
    low, high = box or (0, 1)
    assert found.min() >= max(low, 0) - 1e-6
    assert found.max() <= min(high, 1) + 1e-6
    assert found.aminmax() != x.aminmax()
    x_adv = pgd(lambda p: 9 * p.flatten(1), x, 3, ball, quantize=True, box=box)
    assert x_adv.min() >= max(low, 0) - 1e-6
