"""Patches and the painter who lays them: against slow and plain code, on any size and shape."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from tutlib import style
from tutlib.style import painter, paintings, patches


def picture(seed: int, height: int = 24, width: int = 30) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def dots(seed: int, count: int, dims: int = 4) -> torch.Tensor:
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed))


# ---------------------------------------------------------------- patches


def test_cut_is_unfold_row_by_row():
    x = picture(0)
    rows = style.cut(x)
    assert rows.shape == (18 * 24, 147)
    assert torch.equal(rows, F.unfold(x, 7)[0].T)
    places = torch.tensor([0, 5, 24, 431])
    assert torch.equal(style.cut(x, places), rows[places])
    assert torch.equal(style.cut(x, torch.tensor([25]))[0].view(3, 7, 7), x[0, :, 1:8, 1:8])


def test_places_are_drawn_without_replacement():
    x = picture(0)
    drawn = patches.some_places(x, 100, torch.Generator().manual_seed(3))
    assert len(set(drawn.tolist())) == 100
    assert drawn.min() >= 0
    assert drawn.max() < 18 * 24
    every = patches.some_places(x, 10**6, torch.Generator())
    assert sorted(every.tolist()) == list(range(18 * 24))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 600), st.integers(1, 60), st.sampled_from([None, 0.01, 0.3, 5.0]))
def test_nearest_is_the_formula(ours, theirs, fair):
    ours, theirs = dots(ours, ours), dots(theirs + 1000, theirs)
    d = (ours[:, None] - theirs).square().sum(2)
    score = d if fair is None else d / (fair + d.amin(0))
    picked = style.nearest(ours, theirs, fair)
    best = score.gather(1, picked[:, None])[:, 0]
    torch.testing.assert_close(best, score.amin(1), rtol=1e-4, atol=1e-5)  # ties may go either way


def test_a_collage_is_pick_and_average():
    """Pixel by pixel, far from the border, where the package mirrors the picture."""
    x, painting = picture(1), picture(2, 20, 22)
    crowd = style.Crowd(painting, parts=0, middle=1e6)
    q = style.cut(painting).view(-1, 3, 7, 7)
    total, count = torch.zeros_like(x), torch.zeros(24, 30)
    for i in range(18):
        for j in range(24):
            p = x[0, :, i : i + 7, j : j + 7]
            best = q[(q - p).square().flatten(1).sum(1).argmin()]
            total[0, :, i : i + 7, j : j + 7] += best
            count[i : i + 7, j : j + 7] += 1
    made = crowd.collage(x, stride=1)
    assert made.shape == x.shape
    torch.testing.assert_close(made[..., 6:-6, 6:-6], (total / count)[..., 6:-6, 6:-6])


def test_the_middle_counts_more():
    """With all the weight in the middle a pixel is the middle of the patch around it."""
    x, painting = picture(1), picture(2, 20, 22)
    crowd = style.Crowd(painting, parts=0, middle=0.1)
    best = style.cut(painting)[style.nearest(style.cut(x), style.cut(painting))]
    middle = best.view(18, 24, 3, 7, 7)[..., 3, 3].permute(2, 0, 1)
    torch.testing.assert_close(crowd.collage(x, stride=1)[0, :, 3:-3, 3:-3], middle)


def test_a_painting_is_its_own_collage():
    painting = paintings.paint("waves", 40)
    for options in ({"parts": 0}, {"parts": 32}, {"parts": 200}):
        made = style.Crowd(painting, **options).collage(painting)
        assert (made - painting).abs()[..., 7:-7, 7:-7].mean() < 0.02


def test_a_collage_never_leaves_the_paintings_colours():
    painting = 0.3 + 0.4 * picture(3)
    made = style.Crowd(painting).collage(picture(4, 31, 17), fair=0.1)
    assert made.shape == (1, 3, 31, 17)
    assert made.min() >= 0.3 - 1e-5
    assert made.max() <= 0.7 + 1e-5


def test_the_slope_of_the_loss_points_to_the_collage():
    x, painting = picture(1).requires_grad_(), picture(2)
    one, other = (
        style.Crowd(painting, generator=torch.Generator().manual_seed(5)) for _ in range(2)
    )
    (grad,) = torch.autograd.grad(one.loss(x), x)
    torch.testing.assert_close(grad, x.detach() - other.collage(x.detach()))


def test_pick_and_average_never_raise_the_energy():
    painting, x = paintings.paint("mondrian", 32), paintings.photo("coffee", 32)
    q = style.cut(painting)
    energies = []
    for _ in range(5):
        p = style.cut(x)
        picked = style.nearest(p, q)
        energies.append((p - q[picked]).square().sum().item())
        votes = q[picked].T[None]
        x = F.fold(votes, (32, 32), 7) / F.fold(torch.ones_like(votes), (32, 32), 7)
    assert all(after <= before for before, after in pairwise(energies))
    assert energies[-1] < 0.6 * energies[0]


# ---------------------------------------------------------------- distances


def test_distances_are_means_of_smallest_distances():
    x, painting = picture(1), picture(2, 20, 22)
    apart = torch.cdist(style.cut(x), style.cut(painting))
    both = style.distances(x, painting, count=10**6)
    assert both.strange == pytest.approx(apart.amin(1).mean().item(), rel=1e-4)
    assert both.left_out == pytest.approx(apart.amin(0).mean().item(), rel=1e-4)
    back = style.distances(painting, x, count=10**6)
    assert back == pytest.approx((both.left_out, both.strange), rel=1e-4)
    same = style.distances(x, x)
    assert max(same) < 0.01


def test_a_part_of_a_painting_is_not_strange_and_leaves_something_out():
    painting = paintings.paint("waves", 48)
    both = style.distances(painting[..., :24], painting)
    assert both.strange < 0.01 < 0.1 < both.left_out
    where = style.used(painting[..., :24], painting, near=0.05, stride=1)
    assert where.shape == (1, 1, 48, 48)
    assert where[..., :24].min() == 1
    assert where[..., 30:].mean() < 0.5
    assert style.used(painting, painting).mean() == 1


# ---------------------------------------------------------------- the photograph's part


def test_bands_add_up():
    x = picture(1, 40, 64)
    broad, fine = painter.bands(x)
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    torch.testing.assert_close(broad + fine, (weights * x).sum(1, keepdim=True))
    assert broad.std() < 0.5 * fine.std()  # of noise next to nothing is broad


def test_recoloured_has_the_paintings_mean_and_covariance():
    photo, painting = 0.4 + 0.2 * picture(1), 0.3 + 0.3 * picture(2, 20, 20)
    made = style.recoloured(photo, painting)
    colours = [x.flatten(2)[0] for x in (made, painting)]
    torch.testing.assert_close(colours[0].mean(1), colours[1].mean(1))
    torch.testing.assert_close(colours[0].cov(), colours[1].cov(), rtol=1e-3, atol=1e-5)


def test_an_outline_prefers_the_photograph_to_another_and_to_nothing():
    photo, painting = paintings.photo("chelsea", 48), paintings.paint("waves", 48)
    content = style.outline(photo, painting)
    dark = painting.mean() - 0.3 * (photo - photo.mean())  # a negative
    paid = [content(x).item() for x in (style.recoloured(photo, painting), dark, painting)]
    assert paid[0] < 0.5 * min(paid[1:])


def test_the_ladder_doubles():
    for side in (24, 31, 45, 46, 100, 256, 500, 512):
        rungs = painter.ladder(side)
        assert rungs[-1] == side
        assert 22 <= rungs[0] <= 46
        assert all(abs(b - 2 * a) <= 1 for a, b in pairwise(rungs))


# ---------------------------------------------------------------- the painter


@pytest.mark.parametrize(
    ("content", "painting", "expected"),
    [((40, 40), (40, 40), (32, 32)), ((20, 50), (90, 30), (32, 80)),
     ((200, 70), (14, 200), (91, 32)), ((15, 14), (300, 31), (34, 32))],
)  # fmt: skip
def test_any_size_and_shape(content, painting, expected):
    x = style.repaint(picture(1, *content), picture(2, *painting), side=32, keep=500)
    assert x.shape == (1, 3, *expected)
    assert x.dtype == torch.float32
    assert not x.requires_grad
    assert x.min() >= 0
    assert x.max() <= 1


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_flat_pictures_are_pictures_too(level):
    flat, busy = torch.full((1, 3, 30, 30), level), picture(2, 30, 30)
    for content, painting in ((flat, busy), (busy, flat), (flat, flat)):
        assert style.repaint(content, painting, side=30).isfinite().all()
    assert (style.repaint(busy, flat, side=30) - level).abs().max() < 1e-3


def test_it_paints_in_the_paintings_style_and_keeps_the_photograph():
    photo, painting = paintings.photo("chelsea", 64), paintings.paint("stained glass", 64)
    x = style.repaint(photo, painting, side=64)
    before, after = (style.distances(y, painting) for y in (photo, x))
    assert after.strange < 0.75 * before.strange
    assert after.left_out < 0.75 * before.left_out
    content = style.outline(photo, painting)
    assert content(x) < 0.5 * content(style.texture(painting, side=64))


def test_a_firmer_hold_keeps_more():
    photo, painting = paintings.photo("china", 48), paintings.paint("waves", 48)
    content = style.outline(photo, painting)
    paid = [content(style.repaint(photo, painting, side=48, hold=h)).item() for h in (0, 0.6, 4)]
    assert paid[0] > 1.1 * paid[1] > 1.1 * 1.1 * paid[2]


def test_fairness_brings_back_what_is_rare():
    cloth = paintings.paint("waves", 96)
    fair, unfair = (
        style.used(style.texture(cloth, side=96, fair=fair), cloth).mean() for fair in (0.02, None)
    )
    assert fair > unfair + 0.05


def test_one_seed_is_one_picture_and_leaves_the_worlds_chance_alone():
    photo, painting = picture(1), paintings.paint("waves", 40)
    state = torch.get_rng_state()
    one, again, other = (style.repaint(photo, painting, side=32, seed=s) for s in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(photo, picture(1))


def test_texture_is_a_painter_without_a_photograph():
    painting = paintings.paint("waves", 48)[..., :32, :]
    x = style.texture(painting, side=32, seed=1)
    assert x.shape == (1, 3, 32, 48)
    *_, (done, last) = style.repainting(None, painting, side=32, seed=1, fair=0.02)
    assert done == 1
    assert torch.equal(x, last)
    assert not torch.equal(x, style.texture(painting, side=32, seed=2))


def test_the_callback_sees_every_step_and_may_stop():
    photo, painting, seen = picture(1, 40, 60), picture(2), []
    whole = style.repaint(photo, painting, side=64, callback=lambda d, x: seen.append((d, x)))
    shares = [done for done, _ in seen]
    assert len(seen) == 8 + 6
    assert shares == sorted(set(shares))
    assert shares[-1] == 1
    assert [x.shape[2] for _, x in seen] == [32] * 8 + [64] * 6
    assert torch.equal(seen[-1][1], whole)
    early = style.repaint(photo, painting, side=64, callback=lambda d, x: d >= shares[2])
    assert torch.equal(early, seen[2][1])


def test_it_works_in_whatever_mode_the_caller_is():
    photo, painting = picture(1), picture(2)
    usual = style.repaint(photo, painting, side=32)
    with torch.no_grad():
        assert torch.equal(style.repaint(photo, painting, side=32), usual)
    with torch.inference_mode():
        assert torch.equal(style.repaint(photo + 0, painting + 0, side=32), usual)
    assert torch.equal(style.repaint(photo.double(), painting, side=32), usual)


@pytest.mark.gpu
def test_cpu_and_gpu_paint_the_same():
    """The same draws; a tie may be broken otherwise, and goes on from there."""
    photo, painting = paintings.photo("chelsea", 48), paintings.paint("waves", 48)
    here = style.repaint(photo, painting, side=48)
    there = style.repaint(photo.cuda(), painting.cuda(), side=48)
    assert there.is_cuda
    assert (here - there.cpu()).abs().mean() < 0.05
    mixed = style.repaint(photo.cuda(), painting, side=32)  # the painting follows the photograph
    assert mixed.is_cuda
    assert style.texture(painting.cuda(), side=32).is_cuda
    far = style.distances(there, painting.cuda())
    assert far == pytest.approx(style.distances(there.cpu(), painting), rel=1e-3)
    where = style.used(there, painting.cuda())
    assert where.is_cuda
    assert (where.cpu() - style.used(there.cpu(), painting)).abs().mean() < 0.01


# ---------------------------------------------------------------- sentences


def test_wrong_input_gets_its_sentence():
    photo, painting = picture(1), picture(2)
    for wrong, sentence in [
        (photo * 255, "divide by 255"),
        (photo - 0.5, "undo the normalisation"),
        (photo[0], r"x\[None\]"),
        (photo * math.nan, "NaN"),
        (photo[:, :1], "one colour picture"),
        (photo.repeat(2, 1, 1, 1), "batch of 2"),
        (photo[..., :13], "too small: at least 14 pixels"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            style.repaint(wrong, painting)
        with pytest.raises(ValueError, match=sentence):
            style.repaint(photo, wrong)
        with pytest.raises(ValueError, match=sentence):
            style.texture(wrong)
        for look in (style.distances, style.used):
            with pytest.raises(ValueError, match=sentence):
                look(wrong, painting)
            with pytest.raises(ValueError, match=sentence):
                look(photo, wrong)
    with pytest.raises(TypeError, match="divide by 255"):
        style.repaint((photo * 255).byte(), painting)
    for options, sentence in [
        ({"side": 23}, "side must be at least 24"),
        ({"hold": -1}, "hold"),
        ({"hold": math.nan}, "hold"),
        ({"fair": 0}, "fair must be above 0"),
        ({"keep": 0}, "keep must be at least 1"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            style.repaint(photo, painting, **options)
    with pytest.raises(ValueError, match="content must be one colour picture"):
        style.repaint(photo[:, :1], painting)
    with pytest.raises(ValueError, match="middle must be above 0"):
        style.Crowd(painting, middle=0)
