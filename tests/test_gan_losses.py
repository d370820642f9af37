"""What the two players of a GAN lower: against formula, optimum and finite differences."""

import math

import pytest
import torch

from tutlib import gan

REAL, FAKE = torch.tensor([2.0, -0.5, 0.1]), torch.tensor([-3.0, 0.7, 1.5])


def dealt(seed=0):
    return torch.Generator().manual_seed(seed)


def sig(s):
    return 1 / (1 + math.exp(-s))


FORMULAS = {
    "minimax": (
        lambda r, f: -math.log(sig(r)) - math.log(1 - sig(f)),
        lambda f: math.log(1 - sig(f)),
    ),
    "non-saturating": (
        lambda r, f: -math.log(sig(r)) - math.log(1 - sig(f)),
        lambda f: -math.log(sig(f)),
    ),
    "least-squares": (lambda r, f: ((r - 1) ** 2 + f**2) / 2, lambda f: (f - 1) ** 2 / 2),
    "wasserstein": (lambda r, f: f - r, lambda f: -f),
    "hinge": (lambda r, f: max(0, 1 - r) + max(0, 1 + f), lambda f: -f),
}


@pytest.mark.parametrize("name", gan.LOSSES)
def test_losses_are_their_formulas(name):
    for_d, for_g = FORMULAS[name]
    pairs = list(zip(REAL.tolist(), FAKE.tolist()))
    expected = sum(for_d(r, f) for r, f in pairs) / 3
    assert gan.LOSSES[name].discriminator(REAL, FAKE).item() == pytest.approx(expected, abs=1e-6)
    expected = sum(for_g(f) for _, f in pairs) / 3
    assert gan.LOSSES[name].generator(FAKE).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", gan.LOSSES)
def test_losses_have_the_gradients_of_finite_differences(name):
    real, fake = REAL.double().requires_grad_(), FAKE.double().requires_grad_()
    assert torch.autograd.gradcheck(gan.LOSSES[name].discriminator, (real, fake))
    assert torch.autograd.gradcheck(gan.LOSSES[name].generator, (fake,))


def test_losses_stay_finite_for_a_discriminator_that_is_very_sure():
    for loss in gan.LOSSES.values():
        s = torch.tensor([-1e4, 1e4])
        assert torch.isfinite(loss.discriminator(s, s))
        assert torch.isfinite(loss.generator(s))


# Three places with known densities: the best logits there are known, too.
P, Q = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]], dtype=torch.float64)
BEST = {
    "minimax": (P / Q).log(),
    "non-saturating": (P / Q).log(),
    "least-squares": P / (P + Q),
    "hinge": torch.tensor([1.0, math.nan, -1.0]).double(),  # where p = q all of [-1, 1] is best
}


def expected_loss(name, s):
    """Each place on its own, weighted: the loss functions take means over equal batches."""
    d, zero = gan.LOSSES[name].discriminator, torch.zeros(1).double()
    real = torch.stack([d(one[None], zero) for one in s])
    fake = torch.stack([d(zero, one[None]) for one in s])
    return (P * real + Q * fake).sum()


@pytest.mark.parametrize("name", BEST)
def test_the_discriminators_optimum_is_where_theory_says(name):
    known = ~BEST[name].isnan()
    best = BEST[name].nan_to_num(0.0).requires_grad_(True)
    value = expected_loss(name, best)
    if name != "hinge":  # which has its corner there
        (slope,) = torch.autograd.grad(value, best)
        torch.testing.assert_close(slope, torch.zeros_like(slope), atol=1e-12, rtol=0)
    for place in known.nonzero().flatten().tolist():
        for step in (-1.0, -0.01, 0.01, 1.0):
            moved = best.detach().clone()
            moved[place] += step
            assert expected_loss(name, moved) > value, f"place {place}, step {step}"


def test_at_the_optimum_the_value_is_log_4_minus_twice_the_divergence():
    best = gan.optimal_discriminator(P, Q)
    middle = (P + Q) / 2
    divergence = ((P * (P / middle).log()).sum() + (Q * (Q / middle).log()).sum()) / 2
    value = -(P * best.log() + Q * (1 - best).log()).sum()
    assert value.item() == pytest.approx(math.log(4) - 2 * divergence.item(), abs=1e-12)
    assert torch.all(gan.optimal_discriminator(P, P) == 0.5)


def test_the_saturating_slope_is_e_to_the_s_of_the_other():
    s = torch.tensor([-7.0]).double().requires_grad_()
    (flat,) = torch.autograd.grad(gan.minimax_g(s), s)
    (steep,) = torch.autograd.grad(gan.non_saturating_g(s), s)
    assert (flat / steep).item() == pytest.approx(math.exp(-7), rel=1e-9)


def test_gradient_penalty_of_a_linear_critic_is_known():
    x, fake = torch.randn(16, 2), torch.randn(16, 2)
    w = torch.tensor([3.0, 4.0])
    penalty = gan.gradient_penalty(lambda x: x @ w, x, fake, rng=dealt())
    assert penalty.item() == pytest.approx((5 - 1) ** 2, rel=1e-5)
    assert gan.gradient_penalty(lambda x: x @ (w / 5), x, fake).item() < 1e-9
    flat = torch.zeros(2, requires_grad=True)
    (slope,) = torch.autograd.grad(gan.gradient_penalty(lambda x: x @ flat, x, fake), flat)
    assert torch.isfinite(slope).all()


def test_gradient_penalty_has_the_gradient_of_finite_differences():
    x, fake, w = (torch.randn(n, generator=dealt(i)).double() for i, n in enumerate((6, 6, 3)))
    x, fake = x.view(2, 3), fake.view(2, 3)

    def penalty(w):
        critic = lambda x: (x * w).sin().sum(1)  # noqa: E731
        return gan.gradient_penalty(critic, x, fake, rng=dealt())

    assert torch.autograd.gradcheck(penalty, (w.requires_grad_(),))


def test_a_critic_that_is_too_flat_pays_like_one_that_is_too_steep():
    x, fake = torch.randn(16, 2), torch.randn(16, 2)
    w = torch.tensor([0.6, 0.8])
    flat, steep = (gan.gradient_penalty(lambda x, s=s: s * x @ w, x, fake) for s in (0.5, 1.5))
    assert flat.item() == steep.item() == pytest.approx(0.25, rel=1e-5)


def test_the_slope_is_that_of_the_whole_picture_and_the_penalty_the_mean_over_pictures():
    x = torch.zeros(2, 1, 2, 2)
    slopes = torch.tensor([2.0, 4.0]).view(2, 1, 1, 1)
    penalty = gan.gradient_penalty(lambda x: (x * slopes).sum((1, 2, 3)), x, x)
    assert penalty.item() == pytest.approx(((4 - 1) ** 2 + (8 - 1) ** 2) / 2)


def between(real, fake, *labels, **options):
    """The pictures at which the slope is looked at, and the labels that come with them."""
    seen = []

    def critic(x, *labels):
        seen.extend([x.detach(), *labels])
        return x.flatten(1).sum(1)

    gan.gradient_penalty(critic, real, fake, *labels, **options)
    return seen


def test_the_slope_is_looked_at_somewhere_between_real_and_fake():
    real, fake = torch.full((300, 1, 2, 3), 3.0), torch.full((300, 1, 2, 3), 5.0)
    (seen,) = between(real, fake, rng=dealt())
    assert seen.shape == real.shape
    assert (seen == seen[:, :, :1, :1]).all()  # one place for all pixels of a picture
    places = (seen[:, 0, 0, 0] - 3) / 2
    assert places.unique().numel() > 290  # and another for every picture
    assert 0 <= places.min() < 0.05
    assert 0.95 < places.max() <= 1
    (again,) = between(real, fake, rng=dealt())
    (other,) = between(real, fake, rng=dealt(1))
    assert torch.equal(seen, again)
    assert not torch.equal(seen, other)


def test_the_penalty_keeps_the_precision_and_hands_on_the_labels():
    real, y = torch.rand(4, 2, dtype=torch.float64), torch.arange(4)
    seen, labels = between(real, real + 1, y)
    assert seen.dtype == torch.float64
    assert torch.equal(labels, y)


def test_the_penalty_moves_the_critic_and_nobody_else():
    w = torch.tensor([3.0, 4.0], requires_grad=True)
    real, fake = (torch.rand(4, 2, requires_grad=True) for _ in "12")
    penalty = gan.gradient_penalty(lambda x: (x * w).square().sum(1), real, fake)
    grads = torch.autograd.grad(penalty, [w, real, fake], allow_unused=True)
    assert grads[0].abs().min() > 0
    assert grads[1:] == (None, None)
