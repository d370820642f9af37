"""One noise for all: the loop it claims to be, its promises, and how it is counted."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.conftest import small_net
from tutlib import risk
from tutlib.attacks import universal, universal_by_deepfool
from tutlib.balls import L2, Linf
from tutlib.risk import fooled

MAKERS = pytest.mark.parametrize("make", [universal, universal_by_deepfool])
BALLS = pytest.mark.parametrize("ball", [Linf(0.05), L2(0.4)])


@pytest.fixture
def called(pictures):
    net, (x, _) = small_net().eval(), pictures
    return net, x, net(x).argmax(1)


@MAKERS
@BALLS
def test_one_noise_inside_its_ball(make, ball, called):
    delta = make(*called, ball)
    assert delta.shape == (1, *called[1].shape[1:])
    assert 0 < ball.norm(delta) <= ball.eps
    assert not delta.requires_grad
    assert torch.equal(delta, make(*called, ball))  # the same in every call


def test_it_is_the_loop_of_the_lesson(called):
    net, x, y = called
    delta, source, rows = torch.zeros_like(x[:1]), torch.Generator().manual_seed(0), []
    for _ in range(7):
        rows = rows or list(torch.randperm(len(x), generator=source).split(3))
        some = rows.pop(0)
        delta.requires_grad_(True)
        loss = F.cross_entropy(net((x[some] + delta).clamp(0, 1)), y[some])
        (slope,) = torch.autograd.grad(loss, delta)
        delta = (delta.detach() + 0.01 * slope.sign()).clamp(-0.05, 0.05)
    ours = universal(net, x, y, Linf(0.05), steps=7, batch=3, step_size=0.01)
    torch.testing.assert_close(ours, delta, atol=1e-5, rtol=0)


@BALLS
def test_for_a_linear_model_of_two_classes_it_is_the_steepest_direction(ball):
    """All pictures of a class have the same way out, so one noise is as good as any."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    x = torch.rand(40, 3, 2, 2) * 0.2 + 0.4
    y = net(x).argmax(1).mode().values.item()
    way = (net[1].weight[1 - y] - net[1].weight[y]).view(1, 3, 2, 2)
    best = ball.eps * ball.steepest(way.detach())
    for delta in (universal(net, x, y, ball), universal(net, x, y, ball, batch=1, steps=80)):
        torch.testing.assert_close(delta, best, atol=1e-4, rtol=0)


def test_the_original_recipe_stops_when_enough_have_fallen(called):
    net, x, y = called
    many = []
    counted = lambda z: (many.append(len(z)), net(z))[1]  # noqa: E731
    universal_by_deepfool(counted, x, y, L2(3.0), passes=20, enough=0.0)
    once = len(many)
    universal_by_deepfool(counted, x, y, L2(3.0), passes=1)
    assert len(many) - once == once


@MAKERS
def test_a_net_in_train_mode_with_dropout_gives_the_same_noise_and_comes_back(make, called):
    net, x, y = called
    with_dropout = nn.Sequential(net, nn.Dropout(0.9))
    expected = make(with_dropout.eval(), x, y, Linf(0.05))
    assert torch.equal(make(with_dropout.train(), x, y, Linf(0.05)), expected)
    assert with_dropout.training
    assert net.training


@MAKERS
def test_one_picture_is_enough(make, called):
    net, x, y = called
    assert make(net, x[:1], y[:1], Linf(0.05)).shape == x[:1].shape


@MAKERS
@pytest.mark.parametrize(("change", "words"), [
    ({"y": 9}, "outside the model's 4 classes"), ({"x": 255 * torch.rand(2, 3, 8, 8)}, "divide by"),
    ({"ball": Linf(8.0)}, "eps is in pixel"), ({"x": torch.rand(0, 3, 8, 8)}, "empty"),
])  # fmt: skip
def test_wrong_input_gets_one_sentence(make, change, words):
    given = {"x": torch.rand(2, 3, 8, 8), "y": 0, "ball": Linf(0.05)} | change
    with pytest.raises(ValueError, match=words):
        make(small_net(), **given)


# ---------------------------------------------------------------- how many are fooled


def test_what_was_wrong_before_counts_neither_above_nor_below():
    vote = nn.Flatten()  # the brightest pixel wins
    x = torch.tensor([[0.6, 0.5], [0.9, 0.3], [0.1, 0.5], [0.4, 0.5]]).view(4, 1, 1, 2)
    push = torch.tensor([-0.1, 0.1]).view(1, 1, 1, 2)
    found = fooled(vote, x, 0, push)
    assert found.values.tolist() == [1.0, 0.0]
    assert fooled(vote, x, 0, 0 * push).value == 0
    assert fooled(vote, x, 0, push.expand(4, 1, 1, 2)).values.tolist() == [1.0, 0.0]
    known = torch.tensor([True, True, False, False])
    assert fooled(vote, x, 0, push, before=known).values.tolist() == [1.0, 0.0]
    assert risk.risk(vote, x, 0).value == 0.5


def test_the_noisy_picture_is_still_a_picture():
    x, seen = torch.tensor([[0.95, 0.02]]).view(1, 1, 1, 2), []
    net = lambda z: (seen.append(z), z.flatten(1))[1]  # noqa: E731
    fooled(net, x, 0, torch.tensor([0.2, -0.2]).view(1, 1, 1, 2))
    assert seen[-1].flatten().tolist() == [1.0, 0.0]


def test_nobody_to_fool_and_a_noise_of_another_shape_are_refused():
    x = torch.tensor([[0.1, 0.5]]).view(1, 1, 1, 2)
    with pytest.raises(ValueError, match="wrong on every picture already"):
        fooled(nn.Flatten(), x, 0, 0 * x)
    with pytest.raises(ValueError, match="one noise"):
        fooled(nn.Flatten(), x, 0, torch.zeros(1, 1, 2, 1))
