"""The statistics of a picture, the two losses and the loop of style transfer, on a tiny eye."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tutlib import style
from tutlib.balls import Box
from tutlib.descent import LBFGS, Adam, descend
from tutlib.style import sizes


def features(seed: int, n: int = 2, c: int = 5, side: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, c, side, side + 1, generator=generator, dtype=torch.float64)


# ---------------------------------------------------------------- Gram


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_gram_identities(seed):
    f = features(seed)
    g = style.gram(f)
    assert g.shape == (2, 5, 5)
    torch.testing.assert_close(g, g.mT)
    assert torch.linalg.eigvalsh(g).min() > -1e-9
    trace = g.diagonal(dim1=1, dim2=2).sum(1)
    torch.testing.assert_close(trace, f.square().sum(1).mean((1, 2)))
    torch.testing.assert_close(style.gram(3 * f), 9 * g)
    torch.testing.assert_close(style.gram(f.flip(-1)), g)
    places = torch.randperm(f[0, 0].numel(), generator=torch.Generator().manual_seed(seed))
    moved = f.flatten(2)[..., places].view_as(f)
    torch.testing.assert_close(style.gram(moved), g)
    channels = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(style.gram(f[:, channels]), g[:, channels][:, :, channels])


def test_gram_is_not_blind_to_the_channels():
    f = features(1)
    assert not torch.allclose(style.gram(f.roll(1, dims=1)), style.gram(f))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_gram_splits_into_covariance_and_mean(seed):
    f = features(seed)
    mean, covariance = style.statistics(f)
    torch.testing.assert_close(style.gram(f), covariance + mean[:, :, None] * mean[:, None, :])
    for n in range(len(f)):
        expected = np.cov(f[n].flatten(1).numpy(), bias=True)
        np.testing.assert_allclose(covariance[n].numpy(), expected, atol=1e-12)


def test_gram_gradient_is_right():
    f = features(2, n=1, c=3, side=4).requires_grad_(True)
    assert torch.autograd.gradcheck(style.gram, f)
    assert torch.autograd.gradgradcheck(style.gram, f)
    assert torch.autograd.gradcheck(lambda x: tuple(style.statistics(x)), f)


# ---------------------------------------------------------------- the two losses


class Powers(nn.Module):
    """The simplest eye: the picture itself, its square, its cube. It writes down its work."""

    names = ("once", "twice", "thrice")

    def __init__(self):
        super().__init__()
        self.asked = []

    def forward(self, x, wanted):
        self.asked.append((wanted, torch.is_grad_enabled()))
        return {name: x ** (k + 1) for k, name in enumerate(self.names) if name in wanted}


@pytest.fixture
def eye():
    return style.Extractor(
        [Powers()], ["once", "twice"], ["thrice"], smallest=4, source="bundled", name="the eye"
    )


def picture(seed, height=5, width=6):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


CONTENT, PAINTING = picture(0), picture(1, 7, 4)


def test_style_loss_is_the_mean_of_two_relative_errors():
    f = features(3)
    mean, covariance = style.statistics(f)
    brighter = style.style_loss(f + 0.5, style.Statistics(mean, covariance))
    expected = 0.25 * mean.numel() / (mean.square().sum() + 1e-4) / 2  # the covariance is as it was
    torch.testing.assert_close(brighter, expected)
    wrong = style.style_loss(f, style.Statistics(mean, 3 * covariance))
    power = covariance.square().sum()
    torch.testing.assert_close(wrong, 4 * power / (9 * power + 1e-4) / 2)
    assert style.style_loss(f, style.statistics(f)) == 0
    nothing = style.statistics(torch.zeros_like(f))
    assert torch.isfinite(style.style_loss(f, nothing))  # a layer that saw nothing


def test_style_loss_is_one_for_nothing():
    f = features(3)
    target = style.statistics(f)
    assert style.style_loss(torch.zeros_like(f), target) == pytest.approx(1, abs=1e-3)


def test_standardize_forgets_level_and_contrast():
    f = features(4)
    torch.testing.assert_close(
        style.standardize(f), style.standardize(7 * f + 3), rtol=1e-3, atol=1e-3
    )


def test_standardized_channels_have_mean_0_and_deviation_1_each_by_itself():
    f = features(4) * torch.arange(1, 6).view(5, 1, 1) + 3
    s = style.standardize(f)
    torch.testing.assert_close(s.mean((2, 3)), torch.zeros(2, 5).double())
    torch.testing.assert_close(
        s.square().mean((2, 3)), torch.ones(2, 5).double(), rtol=1e-3, atol=0
    )
    expected = (f[1, 2] - f[1, 2].mean()) / (f[1, 2].var(correction=0) + 1e-4).sqrt()
    torch.testing.assert_close(s[1, 2], expected)
    assert (style.standardize(torch.full((1, 2, 3, 3), 7.0)) == 0).all()  # nothing to see


def test_content_loss_is_the_mean_squared_difference_of_standardized_features():
    f = features(4)
    s = style.standardize(f)
    assert style.content_loss(f, s) == 0
    torch.testing.assert_close(style.content_loss(f, s + 3), torch.tensor(9.0).double())
    s[0, 0, 0, 0] += 2
    torch.testing.assert_close(style.content_loss(f, s), torch.tensor(4 / s.numel()).double())
    # A turned contrast: twice as far as the picture is from grey.
    assert style.content_loss(5 - 2 * f, style.standardize(f)).item() == pytest.approx(4, rel=1e-2)


def test_both_losses_are_means_over_their_layers(eye):
    x = picture(2)
    parts = style.losses(eye, CONTENT, PAINTING)(x)
    contents = [style.content_loss(x**3, style.standardize(CONTENT**3))]
    styles = [style.style_loss(x**k, style.statistics(PAINTING**k)) for k in (1, 2)]
    torch.testing.assert_close(parts.content, contents[0])
    torch.testing.assert_close(parts.style, (styles[0] + styles[1]) / 2)
    other = style.losses(
        eye, CONTENT, PAINTING, content_layers=["once", "thrice"], style_layers="twice"
    )(x)
    contents.append(style.content_loss(x, style.standardize(CONTENT)))
    torch.testing.assert_close(other.content, (contents[0] + contents[1]) / 2)
    torch.testing.assert_close(other.style, styles[1])
    alone = style.losses(eye, CONTENT, PAINTING, content_layers="once")(x)
    torch.testing.assert_close(alone.content, contents[1])


def test_empty_layers_leave_a_half_out(eye):
    x = picture(2)
    both = style.losses(eye, CONTENT, PAINTING)(x)
    for half, other in ((0, 1), (1, 0)):
        left_out = {("content_layers", "style_layers")[half]: []}
        parts = style.losses(eye, CONTENT, PAINTING, **left_out)(x)
        assert parts[half].shape == ()
        assert parts[half] == 0
        assert parts[other] == both[other] > 0
    with pytest.raises(ValueError, match="nothing to lower"):
        style.losses(eye, CONTENT, PAINTING, style_layers=[], content_layers=[])


def test_what_does_not_change_is_computed_once_without_a_graph(eye):
    measure = style.losses(eye, CONTENT, PAINTING)
    asked = eye.parts[0].asked
    assert asked == [({"thrice"}, False), ({"once", "twice"}, False)]
    measure(CONTENT)
    measure(CONTENT)
    assert asked[2:] == [({"once", "twice", "thrice"}, True)] * 2
    style.losses(eye, CONTENT, PAINTING, style_layers="once")(CONTENT)
    assert asked[-1] == ({"once", "thrice"}, True)  # and nothing else is looked at


def test_the_layers_may_come_from_any_iterable(eye):
    one, other = (
        style.losses(eye, CONTENT, PAINTING, style_layers=names, content_layers=names_too)
        for names, names_too in ((iter(["thrice"]), iter(["once"])), (["thrice"], ["once"]))
    )
    assert one(picture(2)) == other(picture(2))


def test_weighed_is_content_plus_lam_times_style():
    parts = style.Losses(torch.tensor(2.0), torch.tensor(3.0))
    for lam, expected in ((0, 2), (0.5, 3.5), (100, 302)):
        assert style.weighed(lambda x: parts, lam)(None) == expected
    for lam in (-1, -0.01, math.inf, math.nan):
        with pytest.raises(ValueError, match="lam, the weight of the style, must be 0 or more"):
            style.weighed(lambda x: parts, lam)


def test_total_variation_is_the_mean_length_of_the_step_to_two_neighbours():
    x = torch.tensor([[0.0, 0.3, 0.3], [0.4, 0.3, 0.9], [0.0, 0.0, 0.0]]).view(1, 1, 3, 3)
    steps = ((0.4, 0.3), (0.0, 0.0), (-0.4, -0.1), (-0.3, 0.6))  # down, right
    expected = sum(math.hypot(*step) for step in steps) / 4
    assert style.total_variation(x).item() == pytest.approx(expected, abs=1e-4)
    torch.testing.assert_close(style.total_variation(x.mT), style.total_variation(x))
    torch.testing.assert_close(
        style.total_variation(x.expand(4, 3, 3, 3)), style.total_variation(x)
    )


def test_total_variation_minds_wiggles_and_not_edges_and_has_a_slope_on_flat_pictures():
    ramp, edge = torch.linspace(0, 1, 9), (torch.arange(9) > 4).float()
    flat, steep = (style.total_variation(row.expand(1, 1, 9, 9)) for row in (ramp, edge))
    torch.testing.assert_close(flat, steep, rtol=1e-3, atol=1e-3)
    there_and_back = (torch.arange(9) % 2).float().expand(1, 1, 9, 9)
    assert style.total_variation(there_and_back) > 7 * steep
    x = torch.full((1, 3, 5, 5), 0.5, requires_grad=True)
    (slope,) = torch.autograd.grad(style.total_variation(x), x)
    assert torch.isfinite(slope).all()


def test_smooth_weighs_the_total_variation(eye):
    parts, x = style.Losses(torch.tensor(2.0), torch.tensor(3.0)), picture(2)
    calm = style.weighed(lambda x: parts, 10, smooth=4.0)(x)
    torch.testing.assert_close(calm, 32 + 4 * style.total_variation(x))
    for smooth in (-1, math.inf, math.nan):
        with pytest.raises(ValueError, match="smooth must be 0 or more"):
            style.weighed(lambda x: parts, 1, smooth)
    rough, calm = (
        style.transfer(eye, CONTENT, PAINTING, steps=10, smooth=smooth) for smooth in (0, 10)
    )
    assert style.total_variation(calm) < 0.5 * style.total_variation(rough)


# ---------------------------------------------------------------- the loop


def test_transfer_is_descent_on_both_losses_in_the_box(eye):
    """With L-BFGS, which remembers twenty moves, unless told otherwise."""
    told = {"lam": 3.0, "steps": 30}
    objective = style.weighed(style.losses(eye, CONTENT, PAINTING), 3.0)
    ours = style.transfer(eye, CONTENT, PAINTING, **told)
    assert torch.equal(ours, descend(objective, CONTENT, Box(), LBFGS(1.0, 20, 0.1), 30))
    assert objective(ours) < 0.5 * objective(CONTENT)
    assert ours.min() >= 0
    assert ours.max() <= 1
    start = picture(5)
    ours = style.transfer(eye, CONTENT, PAINTING, **told, start=start, step=Adam(0.01))
    assert torch.equal(ours, descend(objective, start, Box(), Adam(0.01), 30))


def test_who_asks_for_nothing_gets_60_steps_and_ten_times_the_style(eye):
    seen = []
    ours = style.transfer(
        eye, CONTENT, PAINTING, callback=lambda t, x, parts: seen.append((t, x, parts))
    )
    assert [t for t, _, _ in seen] == list(range(60))
    told = {
        "lam": 10.0,
        "steps": 60,
        "content_layers": ["thrice"],
        "style_layers": ["once", "twice"],
    }
    assert torch.equal(ours, style.transfer(eye, CONTENT, PAINTING, **told))
    assert torch.equal(seen[0][1], CONTENT)


def test_transfer_looks_at_the_layers_it_is_given(eye):
    told = {"content_layers": ["once"], "style_layers": ["thrice"]}
    objective = style.weighed(style.losses(eye, CONTENT, PAINTING, **told), 10.0)
    ours = style.transfer(eye, CONTENT, PAINTING, steps=5, **told)
    assert torch.equal(ours, descend(objective, CONTENT, Box(), LBFGS(longest=0.1), 5))


def test_the_callback_sees_the_losses_of_the_picture_it_sees(eye):
    measure, seen = style.losses(eye, CONTENT, PAINTING), []

    def callback(t, x, parts):
        seen.append(t)
        assert isinstance(parts, style.Losses)
        torch.testing.assert_close(parts, measure(x))
        assert not any(part.requires_grad for part in parts)
        return t == 3

    style.transfer(eye, CONTENT, PAINTING, callback=callback)
    assert seen == [0, 1, 2, 3]  # a true answer stops


def test_wrong_pictures_get_their_sentence(eye):
    with pytest.raises(ValueError, match="content must be one picture, and this is a batch of 2"):
        style.losses(eye, CONTENT.repeat(2, 1, 1, 1), PAINTING)
    with pytest.raises(ValueError, match="style must be one picture, and this is a batch of 2"):
        style.losses(eye, CONTENT, PAINTING.repeat(2, 1, 1, 1))
    for pictures in ((CONTENT * 255, PAINTING), (CONTENT, PAINTING * 255)):
        with pytest.raises(ValueError, match="divide by 255"):
            style.losses(eye, *pictures)
    with pytest.raises(ValueError, match="divide by 255"):
        style.transfer(eye, CONTENT, PAINTING, start=CONTENT * 255)
    for options in ({"style_layers": ["four times"]}, {"content_layers": ["four times"]}):
        with pytest.raises(KeyError, match="the eye has no layer 'four times'"):
            style.losses(eye, CONTENT, PAINTING, **options)
    with pytest.raises(ValueError, match=r"features must be .* \(1, 3, 5\)"):
        style.gram(torch.zeros(1, 3, 5))


# ---------------------------------------------------------------- coarse to fine


def test_resized_keeps_the_shape_of_the_picture_and_its_level():
    x = picture(3, 20, 30)
    assert style.resized(x, 20) is x
    for side, shape in ((10, (10, 15)), (40, (40, 60)), (7, (7, 10))):
        small = style.resized(x, side)
        assert small.shape == (1, 3, *shape)
        assert small.min() >= 0
        assert small.max() <= 1
        assert small.mean().item() == pytest.approx(x.mean().item(), abs=0.03)
    assert style.resized(x.mT, 10).shape == (1, 3, 15, 10)
    board = ((torch.arange(16)[:, None] + torch.arange(16)) % 2).float().expand(1, 3, 16, 16)
    inner = style.resized(board, 8)[..., 1:-1, 1:-1]
    torch.testing.assert_close(inner, torch.full_like(inner, 0.5))  # blurred before it shrinks


def test_coarse_to_fine_is_one_transfer_after_the_other(eye):
    content, painting = picture(6, 20, 24), picture(7, 30, 20)
    told = {"lam": 3.0, "style_layers": ["twice"], "smooth": 0.1}
    ours = style.coarse_to_fine(eye, content, painting, sizes=(6, 12), steps=(4, 3), **told)
    x = style.resized(content, 6)
    for side, steps in ((6, 4), (12, 3)):
        one, other = style.resized(content, side), style.resized(painting, side)
        x = style.transfer(eye, one, other, start=style.resized(x, side), steps=steps, **told)
    assert torch.equal(ours, x)
    assert ours.shape == (1, 3, 12, 14)
    start = picture(8, 5, 6)
    nowhere = style.coarse_to_fine(eye, content, painting, sizes=(5,), steps=(0,), start=start)
    assert torch.equal(nowhere, start)


def test_coarse_to_fine_wants_one_number_of_steps_for_each_size(eye):
    with pytest.raises(ValueError, match="shorter"):
        style.coarse_to_fine(eye, CONTENT, PAINTING, sizes=(5, 6), steps=(1,))
    with pytest.raises(ValueError, match="divide by 255"):
        style.coarse_to_fine(eye, CONTENT, PAINTING, sizes=(5,), steps=(1,), start=CONTENT * 255)


def test_who_names_no_sizes_gets_64_128_and_256():
    assert (sizes.SIZES, sizes.STEPS) == ((64, 128, 256), (40, 25, 15))
