"""A walk through the picture world: where a point was is where it can be seen in the frame."""

import pytest
import torch
from torch.nn import functional as F

from tutlib import assets


@pytest.fixture(scope="module")
def film():
    return assets.walk("hog", count=3, size=64, turn=0.05)


def brought_along(film):
    return F.grid_sample(film.frames[:-1], film.before, align_corners=False, padding_mode="border")


def test_a_point_has_nearly_the_colour_it_had(film):
    apart = (film.frames[1:] - brought_along(film)).abs().mean(1, keepdim=True)[film.seen].mean()
    stood_still = (film.frames[1:] - film.frames[:-1]).abs().mean(1, keepdim=True)[film.seen].mean()
    assert apart < 0.75 * stood_still


def test_most_is_in_view_and_what_is_not_is_at_a_side_or_behind_something(film):
    assert 0.75 < film.seen.float().mean() < 0.99
    outside = (film.before.abs() > 1).any(-1)
    assert not film.seen[:, 0][outside].any()


def test_a_camera_that_hardly_turns_sees_everything_where_it_was():
    film = assets.walk("teapot", count=2, size=32, turn=1e-5)
    line = (torch.arange(32, device=film.before.device) + 0.5) / 16 - 1
    down, right = torch.meshgrid(line, line, indexing="ij")
    torch.testing.assert_close(film.before[0], torch.stack([right, down], -1), atol=1e-3, rtol=0)
    assert film.seen.float().mean() > 0.97


@pytest.mark.parametrize("wrong", [{"count": 1}, {"size": 4}, {"turn": 0}, {"turn": float("nan")}])
def test_what_is_no_walk_gets_a_sentence(wrong):
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        assets.walk("hog", **wrong)
