"""The Gabor pyramid: its filters, its three colour contrasts, its levels."""

import math

import pytest
import torch

from tutlib.style.gabor import GABOR_LEVELS, GaborPyramid, gabor_bank

SIZE = 40
BANK = 3 + 3 * 16  # where the answers of the filters change their sign


def grey(plane):
    """A colour picture out of brightnesses (H, W)."""
    return plane.expand(1, 3, *plane.shape).contiguous()


def level(x, number=1):
    """All channels of one level of the usual pyramid: (C, H, W)."""
    return GaborPyramid()(x, {f"gabor{number}"})[f"gabor{number}"][0]


# ---------------------------------------------------------------- filters


def test_filters_have_no_mean_and_one_length():
    bank = gabor_bank(8, 9)
    assert bank.shape == (16, 9, 9)
    assert bank.dtype == torch.float32
    assert bank.sum((1, 2)).abs().max() < 1e-6
    torch.testing.assert_close(bank.abs().sum((1, 2)), torch.full((16,), 2.0))
    assert gabor_bank(3, 5).shape == (6, 5, 5)


def test_the_first_of_a_pair_of_filters_is_even_and_the_second_is_odd():
    bank = gabor_bank(8, 9)
    even, odd = bank[::2], bank[1::2]
    torch.testing.assert_close(even, even.flip(1, 2))
    torch.testing.assert_close(odd, -odd.flip(1, 2))
    assert (even[:, 4, 4] > 0).all()  # light in the middle


def test_a_quarter_turn_makes_one_filter_of_the_other():
    bank = gabor_bank(8, 9)
    for k in range(4):
        here, there = bank[2 * k : 2 * k + 2], bank[2 * k + 8 : 2 * k + 10]
        torch.testing.assert_close(here[0].rot90(), there[0], atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(here[1].rot90(2).rot90(), there[1], atol=1e-6, rtol=1e-5)


def test_a_filter_is_a_wave_under_a_gaussian_window_that_is_longer_than_wide():
    flat, slanted = gabor_bank(8, 9)[[1, 5]].double()  # odd ones: across, and at 45 degrees
    window = lambda across, along: math.exp(-(across**2 + 0.35 * along**2) / (2 * 1.9**2))  # noqa: E731
    wave = lambda across: math.sin(2 * math.pi * across / 4.5)  # noqa: E731

    def at(bank, x, y):
        return bank[4 + y, 4 + x].item()

    expected = window(2, 0) * wave(2) / (window(1, 0) * wave(1))
    assert at(flat, 2, 0) / at(flat, 1, 0) == pytest.approx(expected, rel=1e-5)
    assert at(flat, 1, 3) / at(flat, 1, 0) == pytest.approx(window(0, 3), rel=1e-5)
    root = math.sqrt(0.5)
    expected = window(root, 3 * root) / window(root, root)  # two points of the same wave
    assert at(slanted, 2, -1) / at(slanted, 1, 0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("k", range(8))
def test_every_filter_answers_most_to_stripes_of_its_direction(k):
    r = torch.arange(SIZE) - SIZE / 2
    y, x = torch.meshgrid(r, r, indexing="ij")
    angle = math.pi * k / 8
    stripes = 0.5 + 0.4 * torch.sin(2 * math.pi / 4.5 * (x * math.cos(angle) + y * math.sin(angle)))
    inside = level(grey(stripes))[3:19, 8:-8, 8:-8].amax((1, 2))
    for pair in (inside[::2], inside[1::2]):
        assert pair.argmax() == k


def test_flat_patches_get_no_answer_also_at_the_border():
    pyramid = GaborPyramid()
    flat = torch.full((1, 3, 80, 80), 0.37)
    for answers in pyramid(flat, set(pyramid.names)).values():
        assert answers.shape[1] == 3 + 2 * 3 * 16
        assert answers[:, 3:].abs().max() < 1e-5


def test_light_on_dark_is_told_from_dark_on_light():
    x = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    one, other = level(x), level(1 - x)
    torch.testing.assert_close(one[:3], -other[:3])
    torch.testing.assert_close(one[3:BANK], other[BANK:])
    torch.testing.assert_close(one[BANK:], other[3:BANK])
    assert one[3:].min() == 0
    assert (one[3:BANK] * one[BANK:]).max() == 0  # never both
    assert (one[3:BANK] + one[BANK:]).mean() > 0.01


# ---------------------------------------------------------------- colours

COLOURS = {
    "black": ((0, 0, 0), (-1, 0, 0)),
    "white": ((1, 1, 1), (1, 0, 0)),
    "grey": ((0.5, 0.5, 0.5), (0, 0, 0)),
    "red": ((1, 0, 0), (-1 / 3, 1, 0.5)),
    "green": ((0, 1, 0), (-1 / 3, -1, 0.5)),
    "blue": ((0, 0, 1), (-1 / 3, 0, -1)),
    "yellow": ((1, 1, 0), (1 / 3, 0, 1)),
}


@pytest.mark.parametrize("name", COLOURS)
def test_brightness_red_against_green_and_yellow_against_blue(name):
    colour, expected = (torch.tensor(three).float().view(3, 1, 1) for three in COLOURS[name])
    seen = level(colour.expand(1, 3, 8, 8))
    torch.testing.assert_close(seen[:3], expected.expand(3, 8, 8))


def test_a_grey_picture_has_no_colour_contrast():
    plane = torch.rand(16, 16, generator=torch.Generator().manual_seed(0))
    answers = level(grey(plane))
    assert answers[1:3].abs().max() < 1e-6
    for sign in (answers[3:BANK], answers[BANK:]):
        assert sign[:16].max() > 0.1
        assert sign[16:].max() < 1e-5


# ---------------------------------------------------------------- levels


def test_a_checkerboard_is_gone_in_the_next_level():
    """Without the blur every second pixel would be white: the finest becomes the coarsest."""
    board = (torch.arange(16)[:, None] + torch.arange(16)) % 2
    assert level(grey(board.float()))[0].abs().min() == 1
    assert level(grey(board.float()), 2).abs().max() < 1e-5


def test_what_is_smooth_is_the_same_in_every_second_pixel():
    ramp = torch.linspace(0, 1, 33).expand(33, 33)
    fine, coarse = level(grey(ramp))[0], level(grey(ramp), 2)[0]
    assert coarse.shape == (17, 17)
    torch.testing.assert_close(coarse[1:-1, 1:-1], fine[2:-2:2, 2:-2:2])
    flat = torch.full((33, 33), 0.9)
    torch.testing.assert_close(level(grey(flat), 3)[0], torch.full((9, 9), 0.8))


def test_the_levels_have_names_and_only_those_asked_for_are_answered():
    assert GaborPyramid().names == tuple(f"gabor{n}" for n in range(1, GABOR_LEVELS + 1))
    small = GaborPyramid(3, directions=2, size=5)
    assert small.names == ("gabor1", "gabor2", "gabor3")
    x = torch.rand(2, 3, 12, 16)
    told = small(x, {"gabor1", "gabor3"})
    assert {name: value.shape for name, value in told.items()} == {
        "gabor1": (2, 3 + 2 * 3 * 4, 12, 16), "gabor3": (2, 3 + 2 * 3 * 4, 3, 4)
    }  # fmt: skip
    torch.testing.assert_close(told["gabor3"], small(x, {"gabor3"})["gabor3"])


def test_nothing_behind_the_last_level_asked_for_is_computed(monkeypatch):
    small, halved = GaborPyramid(4), []
    halve = small._halve
    monkeypatch.setattr(small, "_halve", lambda x: halved.append(1) or halve(x))
    small(torch.rand(1, 3, 16, 16), {"gabor1", "gabor2"})
    assert len(halved) == 1


def test_there_is_nothing_to_learn_and_nothing_to_save():
    assert not list(GaborPyramid().parameters())
    assert not GaborPyramid().state_dict()
    assert {name for name, _ in GaborPyramid().named_buffers()} == {"bank", "blur", "opponent"}
