"""The inner maximum and what comes before it: attacks inside training, shifted pictures."""

import functools

import pytest
import torch
from torch.nn import functional as F

from tutlib import training
from tutlib.attacks import pgd
from tutlib.balls import Linf

BALL = Linf(0.1)
X = torch.full((8, 1, 4, 4), 0.5)
Y = torch.zeros(8).long()


def brighter(x):
    """The loss of class 0 rises with the brightness of every pixel."""
    s = x.flatten(1).sum(1)
    return torch.stack([torch.zeros_like(s), s], 1)


def counted(model):
    """The model, and a list that grows with every forward pass."""
    calls = []

    def counting(x):
        calls.append(len(x))
        return model(x)

    return counting, calls


def dealt(seed=0):
    return torch.Generator().manual_seed(seed)


# ---------------------------------------------------------------- attacks


def test_fast_goes_one_and_a_quarter_eps_from_a_random_start():
    """So from the far edge of the ball it gets a quarter of eps beyond the middle, and no more."""
    moved = training.fgsm_rs(BALL)(brighter, X, Y, generator=dealt()) - X
    assert moved.min().item() == pytest.approx(0.25 * BALL.eps, abs=0.05 * BALL.eps)
    assert moved.max().item() == pytest.approx(BALL.eps, abs=1e-6)
    half = training.fgsm_rs(BALL, step=0.5)(brighter, X, Y, generator=dealt()) - X
    assert half.min().item() == pytest.approx(-0.5 * BALL.eps, abs=0.05 * BALL.eps)


def test_fast_takes_one_gradient_and_strong_takes_seven_unless_told():
    for inner, steps in (
        (training.fgsm_rs(BALL), 1),
        (training.pgd_inner(BALL), 7),
        (training.pgd_inner(BALL, steps=3), 3),
    ):
        model, calls = counted(brighter)
        inner(model, X, Y)
        assert calls == [8] * steps


def test_fast_leaves_the_pixel_box_unless_asked_and_strong_stays_unless_asked():
    white = torch.ones_like(X)
    for attack in (training.fgsm_rs, training.pgd_inner):
        assert attack(BALL, box=None)(brighter, white, Y).max() > 1
        assert attack(BALL, box=(0, 1))(brighter, white, Y).max() == 1
    assert training.fgsm_rs(BALL)(brighter, white, Y).max() > 1
    assert training.pgd_inner(BALL)(brighter, white, Y).max() == 1
    black = training.pgd_inner(BALL)(brighter, torch.zeros_like(X), Y + 1)  # downhill is up here
    assert black.min() == 0


def test_strong_steps_as_far_as_it_is_told():
    start = BALL.sample(X, dealt())
    step = training.pgd_inner(BALL, steps=1, step_size=0.01)
    moved = step(brighter, X, Y, generator=dealt())
    torch.testing.assert_close(moved, (start + 0.01).clamp(0.4, 0.6))
    usual = training.pgd_inner(BALL, steps=2)(brighter, X, Y, generator=dealt())
    torch.testing.assert_close(usual, torch.full_like(X, 0.6))  # 2.5 eps is more than across


def test_mixed_attacks_its_share_of_the_batch_and_at_least_one():
    for options, count in (({}, 4), ({"share": 0.25}, 2), ({"share": 0.01}, 1), ({"share": 1}, 8)):
        moved = training.mixed(training.fgsm_rs(BALL), **options)(brighter, X, Y)
        changed = (moved != X).flatten(1).any(1)
        assert changed.tolist() == [True] * count + [False] * (8 - count)


def test_mixed_hands_on_everything():
    seen, model, rng = [], object(), dealt()

    def inner(*given, generator):
        seen.extend([*given, generator])
        return given[1]

    x, y = torch.rand(4, 2), torch.arange(4)
    assert torch.equal(training.mixed(inner)(model, x, y, generator=rng), x)
    assert seen[0] is model
    assert torch.equal(seen[1], x[:2])
    assert torch.equal(seen[2], y[:2])
    assert seen[3] is rng
    training.mixed(inner)(model, x, y)
    assert seen[-1] is None


def test_a_share_is_above_0_and_at_most_1():
    for share in (0, -0.5, 1.01):
        with pytest.raises(ValueError, match="share must be"):
            training.mixed(training.fgsm_rs(BALL), share=share)


class Nameless:
    def __call__(self, model, x, y, generator=None):
        return x


def test_an_inner_maximiser_is_described_in_words_that_stay_the_same():
    fast = "pgd(ball=Linf(eps=0.1), steps=1, step_size=0.125, box=None)"
    assert training.describe(None) == "none"
    assert training.describe(training.fgsm_rs(BALL)) == fast
    assert training.describe(training.mixed(training.fgsm_rs(BALL))) == (
        f"attack_some(inner={fast}, share=0.5)"
    )
    assert training.describe(functools.partial(pgd, steps=3)) == "pgd(steps=3)"
    assert training.describe(training.shifted) == "shifted"
    assert training.describe(Nameless()) == "Nameless"


# ---------------------------------------------------------------- shifted pictures


@pytest.mark.parametrize(("pixels", "options"), [(1, {}), (2, {"pixels": 2})])
def test_shifted_pictures_are_crops_of_the_picture_on_black_paper(pixels, options):
    x = 0.1 + torch.rand(200, 2, 5, 7, generator=dealt())
    moved = training.shifted(x, **options, generator=dealt(1))
    big = F.pad(x, (pixels,) * 4)
    ways = range(2 * pixels + 1)
    same = torch.stack(
        [(big[:, :, i : i + 5, j : j + 7] == moved).flatten(1).all(1) for i in ways for j in ways]
    )
    assert (same.sum(0) == 1).all()  # each picture went one of the ways, as a whole,
    assert same.any(1).all()  # and every way was taken by some
    assert moved.is_contiguous()


def test_not_at_all_shifted_is_the_picture_itself():
    x = torch.rand(3, 1, 4, 4)
    assert torch.equal(training.shifted(x, 0), x)


def test_shifts_come_from_the_generator_or_else_from_torch():
    x = torch.rand(40, 1, 5, 5)
    before = torch.get_rng_state()
    one, two, other = (training.shifted(x, generator=dealt(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(5)
    one = training.shifted(x)
    torch.manual_seed(5)
    assert torch.equal(one, training.shifted(x))


def test_shifted_takes_chance_from_any_device(each_device):
    rng = torch.Generator(each_device).manual_seed(1)
    x = torch.rand(4, 1, 5, 5)
    assert training.shifted(x, generator=rng).shape == x.shape
