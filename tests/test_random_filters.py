"""Random filters: what they answer, how large they are, and that chance is always the same."""

import torch
from torch.nn import functional as F

from tutlib.style.random_filters import SIDES_AND_STRIDES, RandomFilters

SIDE = 41


def picture(seed=0):
    return torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def test_the_filters_have_the_sizes_of_their_names_and_length_1():
    filters = RandomFilters()
    assert filters.names == ("random7", "random11", "random15", "random23")
    for name, bank in filters.named_buffers():
        side = int(name.removeprefix("random"))
        assert bank.shape == (48, 3, side, side)
        torch.testing.assert_close(bank.flatten(1).norm(dim=1), torch.ones(48))
        assert bank.flatten(1).mean(1).abs().max() < 3 / side  # neither light nor dark: chance


def test_the_same_seed_gives_the_same_filters_and_leaves_the_dice_alone():
    state = torch.get_rng_state()
    one, two, three = RandomFilters(), RandomFilters(), RandomFilters(seed=1)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(one.random7, two.random7)
    assert not torch.allclose(one.random7, three.random7)
    assert RandomFilters(5).random23.shape[0] == 5


def test_an_answer_is_the_positive_part_of_a_product_with_the_picture_around_grey():
    filters, x = RandomFilters(4), picture()
    for name, (side, stride) in zip(filters.names, SIDES_AND_STRIDES):
        answers = filters(x, {name})[name]
        steps = (SIDE - side) // stride + 1  # no margin is added
        assert answers.shape == (2, 4, steps, steps)
        patches = F.unfold(x - 0.5, side, stride=stride)
        expected = getattr(filters, name).flatten(1) @ patches
        torch.testing.assert_close(answers.flatten(2), expected.clamp(min=0), atol=1e-5, rtol=1e-4)
    assert (answers == 0).any()
    grey = filters(torch.full_like(x, 0.5), set(filters.names))
    assert all((f == 0).all() for f in grey.values())


def test_only_what_is_asked_for_is_answered_and_nothing_is_learned_or_saved():
    filters = RandomFilters()
    assert list(filters(picture(), {"random15", "random7", "conv1_1"})) == ["random7", "random15"]
    assert not list(filters.parameters())
    assert not filters.state_dict()
