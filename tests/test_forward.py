"""One forward pass: the norms against their formulas, the painter on what people bring."""

import re

import pytest
import torch
from torch import nn

from tutlib import style
from tutlib.style import forward


def features(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def painter():
    torch.manual_seed(0)
    return style.Painter(["waves", "mondrian"]).eval()


# ---------------------------------------------------------------- the norms


def test_instance_norm_is_its_formula():
    x = 3 * features(2, 5, 7, 9) - 1
    flat = x.double().flatten(2)
    mean = flat.mean(2, keepdim=True)
    wanted = (flat - mean) / ((flat - mean).square().mean(2, keepdim=True) + forward.EPS).sqrt()
    torch.testing.assert_close(style.instance_norm(x).flatten(2), wanted.float())


def test_instance_norm_looks_at_one_picture_at_a_time_and_forgets_brightness_and_contrast():
    x = features(3, 4, 8, 8)
    alone = torch.cat([style.instance_norm(one[None]) for one in x])
    torch.testing.assert_close(style.instance_norm(x), alone)
    torch.testing.assert_close(style.instance_norm(7 * x - 2), alone, atol=1e-3, rtol=1e-3)


def test_a_flat_channel_becomes_zero_and_stays_finite():
    assert style.instance_norm(torch.full((1, 2, 4, 4), 0.3)).abs().max() < 1e-3


def test_adain_has_the_statistics_of_the_style_and_the_places_of_the_content():
    content, painted = features(2, 6, 9, 8), 2 * features(1, 6, 5, 11, seed=1) + 4
    made = style.adain(content, painted)
    torch.testing.assert_close(made.mean((2, 3)), painted.mean((2, 3)).expand(2, -1))
    ours, theirs = (x.std((2, 3), correction=0) for x in (made, painted))
    torch.testing.assert_close(ours, theirs.expand(2, -1), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(style.instance_norm(made), style.instance_norm(content),
                               rtol=1e-3, atol=1e-3)  # fmt: skip


def test_adain_of_a_picture_with_itself_changes_nothing():
    x = features(2, 3, 6, 6)
    torch.testing.assert_close(style.adain(x, x), x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shapes", [
    ((1, 3, 4, 4), (1, 2, 4, 4)), ((3, 4, 4), (1, 3, 4, 4)),
    ((1, 3, 1, 1), (1, 3, 4, 4)), ((3, 2, 4, 4), (2, 2, 4, 4)),
])  # fmt: skip
def test_adain_refuses_what_does_not_fit(shapes):
    with pytest.raises(ValueError, match=r"shapes?\b.*\(.*\)"):
        style.adain(*(torch.rand(shape) for shape in shapes))


# ---------------------------------------------------------------- the painter


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (33, 18), (64, 211), (50, 50)])
def test_any_size_keeps_its_shape(painter, size):
    x = features(2, 3, *size)
    with torch.no_grad():
        made = painter(x, "waves")
    assert made.shape == x.shape
    assert 0 <= made.min() <= made.max() <= 1


def test_a_huge_picture(painter):
    with torch.no_grad():
        assert painter(features(1, 3, 1030, 1021), "waves").shape == (1, 3, 1030, 1021)


def test_grey_is_painted_as_colour_and_refused_with_one_channel(painter):
    grey = features(1, 1, 20, 20)
    assert painter(grey.expand(-1, 3, -1, -1), "waves").isfinite().all()
    with pytest.raises(ValueError, match="makes colour of grey"):
        painter(grey, "waves")


def test_neighbours_in_a_batch_do_not_matter(painter):
    x = features(3, 3, 24, 24)
    alone = torch.cat([painter(one[None], "mondrian") for one in x])
    torch.testing.assert_close(painter(x, "mondrian"), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("x", "says"), [
    (torch.rand(1, 3, 15, 40), "too small"),
    (torch.rand(3, 40, 40), "x[None] makes it a batch"),
    (torch.full((1, 3, 20, 20), 255.0), "[0, 1]"),
    (torch.full((1, 3, 20, 20), float("nan")), "NaN"),
])  # fmt: skip
def test_one_sentence_for_what_is_no_picture(painter, x, says):
    with pytest.raises((ValueError, TypeError), match=re.escape(says)) as caught:
        painter(x, "waves")
    assert "\n" not in str(caught.value)


def test_codes_are_asked_for_by_name_and_may_be_mixed(painter):
    x, (first, second) = features(1, 3, 20, 20), painter.codes.detach()
    torch.testing.assert_close(painter(x, "mondrian"), painter(x, second[None]))
    assert painter(x, (first + second)[None] / 2).shape == x.shape
    with pytest.raises(KeyError, match="no style 'cubism'; it has waves, mondrian"):
        painter(x, "cubism")
    with pytest.raises(ValueError, match="a code is"):
        painter(x, first)


def test_a_painter_needs_styles_and_a_known_way_up():
    for styles in ([], "waves"):
        with pytest.raises(ValueError, match="list of names"):
            style.Painter(styles)
    with pytest.raises(ValueError, match="resize, transposed"):
        style.Painter(["waves"], up="magic")


def test_on_a_flat_wall_only_the_transposed_convolution_draws_a_checkerboard():
    torch.manual_seed(0)
    wall = features(1, 8, 1, 1).expand(-1, -1, 12, 12)
    inside = {way: make(8, 5)(wall)[..., 4:-4, 4:-4] for way, make in forward.LARGER.items()}
    spread = {way: x.std((2, 3)).mean().item() for way, x in inside.items()}
    assert spread["resize"] < 1e-6 < 1e-2 < spread["transposed"]
    board = inside["transposed"]
    torch.testing.assert_close(board[..., 2:, 2:], board[..., :-2, :-2])  # of period 2


def test_a_norm_has_no_weights_of_its_own(painter):
    assert not any(isinstance(m, nn.InstanceNorm2d | nn.BatchNorm2d) for m in painter.modules())
    assert painter.codes.shape == (2, sum(painter.numbers))


# ---------------------------------------------------------------- films


def test_a_memory_of_itself_changes_nothing_and_one_of_another_does(painter):
    x, other = features(2, 1, 3, 24, 28)
    notes, theirs = [], []
    with torch.no_grad():
        made = painter(x, "waves")
        torch.testing.assert_close(painter(x, "waves", memory=notes), made, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(painter(x, "waves", memory=notes), made, rtol=1e-4, atol=1e-5)
        painter(other**3, "waves", memory=theirs)
        assert len(notes) == len(theirs) == len(painter.numbers) + 1
        assert (painter(x, "waves", memory=theirs) - made).abs().max() > 1e-3


def test_the_grain_is_its_seeds_own(painter):
    x = features(1, 3, 24, 24)
    with torch.no_grad():
        assert torch.equal(painter(x, "waves"), painter(x, "waves", seed=0))
        assert not torch.equal(painter(x, "waves"), painter(x, "waves", seed=1))


def test_brightness_and_contrast_of_the_photograph_are_forgotten(painter):
    x = features(1, 3, 32, 32)
    with torch.no_grad():
        apart = (painter(0.5 * x + 0.3, "waves") - painter(x, "waves")).abs().mean()
    assert apart < 0.02
