"""The camera of 2.5: each part against somebody else's, its slopes, and the mean over draws."""

import io
import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.filters import gaussian
from torch.nn import functional as F
from torchvision.transforms import functional as TF

from tests.conftest import small_net
from tutlib.attacks import (
    AwayFrom,
    Camera,
    OverDraws,
    Towards,
    Views,
    eot,
    homography,
    jpeg,
    pgd,
    photograph,
    same_place,
    soft_round,
    still,
)
from tutlib.attacks.camera import FOCAL
from tutlib.balls import L2, Linf
from tutlib.descent import gradient


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def smooth(count=2, size=48):
    """Pictures without fine detail, so that two ways of mixing pixels agree."""
    coarse = torch.rand(count, 3, 6, 6, generator=seeded())
    return F.interpolate(coarse, size=size, mode="bicubic").clamp(0.02, 0.98)


# ---------------------------------------------------------------- the camera, part by part


@pytest.mark.parametrize("size", [7, 32, 224])
def test_a_still_camera_changes_nothing(size):
    x = torch.rand(2, 3, size, size, generator=seeded())
    torch.testing.assert_close(photograph(x, still(2)), x, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "where",
    [{"turn": 0.6}, {"nod": -0.5}, {"roll": 0.4}, {"turn": 0.4, "nod": 0.3, "roll": -0.3},
     {"zoom": 0.7, "right": 0.2, "down": -0.1, "turn": 0.5}],
)  # fmt: skip
def test_the_place_agrees_with_torchvision(where):
    x = smooth(1, 96)
    views = still(1, **where)
    corners = torch.tensor([[-1.0, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]])
    seen = corners @ homography(views)[0].T
    seen = seen[:, :2] / seen[:, 2:]
    pixels = lambda c: ((c + 1) * 48).tolist()  # noqa: E731  (torchvision: corners of pixels)
    theirs = TF.perspective(x, pixels(corners[:, :2]), pixels(seen))
    ours = photograph(x, views)
    inside = TF.perspective(torch.ones_like(x), pixels(corners[:, :2]), pixels(seen))
    inside = -F.max_pool2d(-inside, 7, 1, 3) == 1  # away from the edge
    assert inside.float().mean() > 0.1
    assert (ours - theirs)[inside].abs().max() < 0.03
    assert (ours - theirs)[inside].abs().mean() < 0.004


def test_a_point_is_seen_where_a_pinhole_camera_sees_it():
    turn, zoom = 0.7, 0.8
    a, b = 0.5, -0.25
    p, r = math.cos(turn) * a, -math.sin(turn) * a
    wanted = torch.tensor([zoom * FOCAL * p, zoom * FOCAL * b]) / (FOCAL + r)
    u, v, w = homography(still(turn=turn, zoom=zoom))[0] @ torch.tensor([a, b, 1.0])
    torch.testing.assert_close(torch.stack([u / w, v / w]), wanted)


@pytest.mark.parametrize("blur", [0.5, 2.0, 4.0])
def test_the_blur_agrees_with_scikit_image(blur):
    x = torch.rand(1, 3, 50, 50, generator=seeded())
    theirs = gaussian(x[0].numpy(), blur / 2, channel_axis=0, truncate=6, mode="mirror")
    ours = photograph(x, still(blur=blur))[0].numpy()
    assert abs(ours - theirs).max() < 4e-3


def test_in_one_batch_each_picture_has_its_own_blur():
    x = torch.rand(3, 3, 40, 40, generator=seeded())
    views = still(3, blur=torch.tensor([0.0, 1.0, 3.0]))
    for k, photo in enumerate(photograph(x, views)):
        alone = photograph(x[k : k + 1], views.rows([k]))[0]
        torch.testing.assert_close(photo, alone, atol=1e-5, rtol=0)
    torch.testing.assert_close(photograph(x, views)[0], x[0], atol=1e-4, rtol=0)


def test_the_light_is_a_straight_line_for_each_channel():
    x = torch.full((1, 3, 4, 4), 0.4)
    photo = photograph(x, still(light=0.5, warmth=0.2, haze=0.1))[0, :, 0, 0]
    body = 0.5 * (0.1 + 0.9 * 0.4)
    torch.testing.assert_close(photo, torch.tensor([1.2 * body, body, 0.8 * body]))


def test_the_noise_is_of_the_promised_size_and_its_seed_decides_it():
    grey = torch.full((2, 3, 128, 128), 0.5)
    views = still(2, noise=0.05, seed=torch.tensor([1.0, 2.0]))
    noise = photograph(grey, views) - 0.5
    assert noise.std().item() == pytest.approx(0.05, rel=0.02)
    assert abs(noise.mean().item()) < 1e-3
    assert not torch.equal(noise[0], noise[1])
    torch.testing.assert_close(noise, photograph(grey, views) - 0.5, atol=0, rtol=0)


def test_a_table_lies_around_the_sheet_and_not_on_it():
    x, table = torch.ones(1, 3, 40, 40), torch.rand(1, 3, 40, 40, generator=seeded())
    photo = photograph(x, still(zoom=0.5), table)
    assert torch.equal(photo[..., :8, :], table[..., :8, :])
    torch.testing.assert_close(photo[..., 12:28, 12:28], x[..., 12:28, 12:28])


def test_a_perfect_crop_keeps_light_and_file_but_not_the_place():
    views = Camera().views(3, seeded())
    crop = same_place(views)
    for name in ("turn", "nod", "roll", "right", "down"):
        assert not getattr(crop, name).any()
    assert torch.equal(crop.quality, views.quality)


def test_views_stay_inside_the_camera_s_ranges_and_fill_them():
    camera, views = Camera(), Camera().views(2000, seeded())
    for name in ("turn", "nod", "roll", "warmth"):
        found, most = getattr(views, name), getattr(camera, name)
        assert 0.98 * most < found.abs().max() <= most
        assert abs(found.mean()) < 0.06 * most
    for name in ("zoom", "light", "quality"):
        found, (low, high) = getattr(views, name), getattr(camera, name)
        assert low <= found.min() < found.max() <= high
    assert len(set(views.seed.tolist())) > 1990


@pytest.mark.parametrize(
    "part", [{"turn": 0.5, "zoom": 0.8}, {"blur": 3.0}, {"light": 0.7, "haze": 0.1}, {"noise": 0.1}]
)
def test_the_slopes_are_those_of_finite_differences(part):
    x = (0.3 + 0.4 * torch.rand(1, 3, 9, 9, generator=seeded())).double()
    views = Views(*(getattr(still(**part), f.name).double() for f in fields(Views)))
    assert torch.autograd.gradcheck(lambda p: photograph(p, views), x.requires_grad_(), eps=1e-6,
                                    atol=1e-5)  # fmt: skip


@pytest.mark.parametrize(
    ("x", "views", "said"),
    [
        (torch.rand(1, 3, 8, 9), still(), "square"),
        (torch.rand(1, 1, 8, 8), still(), "square"),
        (torch.rand(3, 3, 8, 8), still(2), "as many views"),
        (torch.rand(1, 3, 8, 8) * 255, still(), "divide by 255"),
        (torch.full((1, 3, 8, 8), math.nan), still(), "NaN"),
        (torch.rand(1, 3, 8, 8), still(turn=1.6), "right angle"),
        (torch.rand(1, 3, 8, 8), still(zoom=0.0), "zoom above 0"),
    ],
)
def test_wrong_sheets_get_one_sentence(x, views, said):
    with pytest.raises(ValueError, match=said):
        photograph(x, views)


@pytest.mark.parametrize("wrong", [{"zoom": (1.1, 0.8)}, {"light": 1.0}, {"turn": -0.1},
                                   {"blur": math.nan}, {"quality": (math.nan, 90.0)}])  # fmt: skip
def test_a_camera_needs_ranges(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Camera(**wrong)


def test_an_unknown_part_of_a_view_is_named():
    with pytest.raises(ValueError, match="no \\['tilt'\\]"):
        still(tilt=1.0)


# ---------------------------------------------------------------- the file


def by_pillow(x, quality):
    loaded = []
    for picture in x:
        levels = (picture.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        file = io.BytesIO()
        mode = levels[..., 0] if levels.shape[2] == 1 else levels
        Image.fromarray(mode).save(file, "JPEG", quality=quality)
        array = np.array(Image.open(file)).reshape(levels.shape)
        loaded.append(torch.from_numpy(array).permute(2, 0, 1) / 255)
    return torch.stack(loaded)


def photo_like(size=(64, 64), channels=3):
    """Smooth shapes with some fine grain, in whole levels."""
    x = F.interpolate(torch.rand(2, channels, 5, 5, generator=seeded()), size=size, mode="bicubic")
    x = x + 0.03 * torch.randn(x.shape, generator=seeded(1))
    return (x.clamp(0, 1) * 255).round() / 255


@pytest.mark.parametrize("size", [(64, 64), (61, 43)])
@pytest.mark.parametrize("quality", [10, 25, 50, 75, 90, 97])
def test_with_true_rounding_it_is_pillow_s_file(quality, size):
    x = photo_like(size)
    real = by_pillow(x, quality)
    gap = 255 * (jpeg(x, quality, rounding=torch.round) - real).abs().mean()
    assert gap < 1.6  # levels; the encoder also rounds its colours, and the loaded pixels
    assert gap < 0.5 * 255 * (x - real).abs().mean()


@pytest.mark.parametrize("quality", [10, 25, 50, 75, 90])
def test_the_smooth_file_stays_close_to_pillow_s(quality):
    x = photo_like()
    real = by_pillow(x, quality)
    gap = (jpeg(x, quality) - real).abs().mean()
    assert 255 * gap < 2
    assert gap < 0.6 * (x - real).abs().mean()


@pytest.mark.parametrize("quality", [20, 60, 95])
def test_a_grey_file_is_pillow_s_almost_to_the_level(quality):
    x = photo_like(channels=1)
    gap = 255 * (jpeg(x, quality, rounding=torch.round) - by_pillow(x, quality)).abs().mean()
    assert gap < 0.5  # a quarter is what rounding to whole levels costs


def test_each_picture_may_have_its_own_quality():
    x = photo_like()
    both = jpeg(x, torch.tensor([20.0, 90.0]))
    torch.testing.assert_close(both[:1], jpeg(x[:1], 20))
    torch.testing.assert_close(both[1:], jpeg(x[1:], 90))


def test_the_file_has_the_slope_of_finite_differences_and_true_rounding_has_none():
    x = (0.3 + 0.4 * torch.rand(1, 3, 10, 9, generator=seeded())).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: jpeg(p, 60), x, eps=1e-7, atol=1e-4)
    assert not torch.autograd.grad(jpeg(x, 60, rounding=torch.round).sum(), x)[0].any()


def test_soft_rounding_is_right_on_whole_numbers_and_near_between():
    x = torch.linspace(-4, 4, 801, dtype=torch.double)
    assert (soft_round(x) - x.round()).abs().max() <= 0.125 + 1e-12
    whole = torch.arange(-4.0, 5)
    assert torch.equal(soft_round(whole), whole)


@pytest.mark.parametrize("quality", [0, 101, math.nan, torch.tensor([50.0, 60.0, 70.0])])
def test_a_wrong_quality_gets_one_sentence(quality):
    with pytest.raises(ValueError, match="quality"):
        jpeg(torch.rand(2, 3, 8, 8), quality)


# ---------------------------------------------------------------- the mean over draws


def test_the_gradient_is_the_mean_of_the_single_gradients():
    net, x, y = small_net(), torch.rand(2, 3, 8, 8, generator=seeded()), torch.tensor([0, 1])
    views = Camera(quality=(0.0, 0.0)).views(6, seeded())  # a file jumps where rounding does
    inner = AwayFrom(net.eval(), y)
    found = gradient(OverDraws(inner, lambda p: photograph(p, views), 3), x)
    for k in range(2):
        mine = inner.rows(torch.tensor([k]))
        single = [
            gradient(lambda p, r=r, f=mine: f(photograph(p, views.rows([r]))), x[k : k + 1])
            for r in range(3 * k, 3 * k + 3)
        ]
        torch.testing.assert_close(found[k : k + 1], sum(single) / 3, atol=1e-6, rtol=1e-4)


def test_each_draw_is_a_new_one_and_there_are_as_many_as_promised():
    seen = []

    def change(p):
        seen.append(len(p))
        return p + torch.randn(len(p), 1)

    over = OverDraws(AwayFrom(lambda x: x, torch.tensor([0, 1])), change, 5)
    over(torch.rand(2, 3))
    assert seen == [10]
    with pytest.raises(ValueError, match="draws"):
        OverDraws(AwayFrom(lambda x: x, torch.tensor([0])), change, 0)


def test_it_has_won_where_more_than_half_of_the_draws_do():
    votes = torch.tensor([[0.0, 1.0]] * 3 + [[1.0, 0.0]] * 2 + [[0.0, 1.0]] * 2 + [[1.0, 0.0]] * 3)
    over = OverDraws(Towards(lambda x: x, torch.tensor([1, 1])), lambda p: votes, 5)
    assert over.won(torch.zeros(2, 2)).tolist() == [True, False]
    assert over.rows(torch.tensor([1])).inner.target.tolist() == [1]


def test_a_random_model_may_play_the_dice_itself():
    def dim(x):
        return x * torch.rand(len(x), 1)

    found = eot(dim, torch.tensor([[0.6, 0.5]]), 0, Linf(0.1), lambda p: p)
    torch.testing.assert_close(found, torch.tensor([[0.5, 0.6]]))


@pytest.mark.parametrize("ball", [Linf(0.05), L2(0.5)])
def test_the_attack_keeps_its_promises_and_without_chance_it_is_pgd(ball):
    net, x = small_net().eval(), torch.rand(2, 3, 8, 8, generator=seeded())
    y = net(x).argmax(1)
    same = eot(net, x, y, ball, lambda p: p, draws=2, steps=5)
    torch.testing.assert_close(same, pgd(net, x, y, ball, steps=5, random_start=False),
                               atol=1e-5, rtol=0)  # fmt: skip
    found = eot(net, x, y, ball, Camera(), draws=2, steps=3)
    assert (ball.norm(found - x) <= ball.eps + 1e-6).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_what_a_callback_answers_stops_the_attack():
    net, x = small_net().eval(), torch.rand(1, 3, 8, 8)
    seen = []
    eot(net, x, 0, Linf(0.1), lambda p: p, steps=9, callback=lambda t, *_: seen.append(t) or t == 2)
    assert seen == [0, 1, 2]
