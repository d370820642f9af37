"""Square: black-box, inside its ball, counted, and as strong as the published code."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import nn

from tests.conftest import small_net
from tutlib.attacks import square
from tutlib.attacks.square import Squares, Windows, hills, lead
from tutlib.balls import L2, Linf

BALLS = pytest.mark.parametrize("ball", [Linf(0.08), L2(1.0)], ids=["Linf", "L2"])


@pytest.fixture
def called(pictures):
    net, (x, _) = small_net().eval(), pictures
    return net, x, net(x).argmax(1)


def ledger(x):
    return torch.zeros(len(x), dtype=torch.long)


@BALLS
@pytest.mark.parametrize("target", [None, 3])
def test_inside_the_ball_to_the_last_bit_and_fooled_pictures_are(ball, target, called):
    net, x, y = called
    keep = y != 3 if target else y >= 0
    x, y = x[keep], y[keep]
    x_adv = square(net, x, y, ball, queries=200, target=target)
    assert (ball.norm(x_adv - x) <= ball.eps).all()
    assert x_adv.min() >= 0
    assert x_adv.max() <= 1
    assert not x_adv.requires_grad
    assert torch.equal(x_adv, square(net, x, y, ball, queries=200, target=target))  # seeded
    before, _ = lead(net(x), y, torch.full_like(y, 3) if target else None)
    after, won = lead(net(x_adv), y, torch.full_like(y, 3) if target else None)
    assert (after >= before).all()  # a random search never gets worse
    assert (after > before).any()
    assert won.any()


@BALLS
def test_it_only_asks_and_needs_no_gradient(ball, called):
    _, x, _ = called
    weights = [p.detach().double().numpy() for p in nn.Linear(432, 4).parameters()]

    def scores(pictures):  # a model without torch
        assert not torch.is_grad_enabled()
        flat = pictures.flatten(1).double().numpy()
        return torch.from_numpy(flat @ weights[0].T + weights[1])

    y = scores_of(scores, x).argmax(1)
    x_adv = square(scores, x, y, ball, queries=300)
    assert (scores_of(scores, x_adv).argmax(1) != y).any()


def scores_of(model, x):
    with torch.no_grad():
        return model(x)


@BALLS
def test_every_question_is_counted_and_what_is_fooled_is_left_alone(ball, called):
    net, x, y = called
    shown = []
    counted = lambda z: (shown.append(len(z)), net(z))[1]  # noqa: E731
    asked = ledger(x)
    x_adv = square(counted, x, y, ball, queries=60, asked=asked)
    assert asked.sum() == sum(shown)
    assert asked.max() <= 60
    still = net(x_adv).argmax(1) == y
    assert (asked[still] == 60).all()
    assert (asked[~still] < 60).any()
    twice = asked.clone()
    square(net, x, y, ball, queries=60, asked=twice)
    assert torch.equal(twice, 2 * asked)  # it adds


@BALLS
def test_a_picture_that_was_wrong_before_is_never_touched(ball, called):
    net, x, y = called
    y = y.clone()
    y[0] = (y[0] + 1) % 4
    asked = ledger(x)
    x_adv = square(net, x, y, ball, queries=40, asked=asked)
    assert torch.equal(x_adv[0], x[0])
    assert asked[0] == 1
    only = square(net, x, y, ball, queries=1)
    assert torch.equal(only, x)  # one question is spent on looking


@BALLS
def test_a_service_that_dies_leaves_the_count_behind(ball, called):
    net, x, y = called
    shown, asked = [], ledger(x)

    def dying(pictures):
        if len(shown) == 7:
            raise ConnectionError("the service is gone")
        shown.append(len(pictures))
        return net(pictures)

    with pytest.raises(ConnectionError):
        square(dying, x, y, ball, queries=60, asked=asked)
    assert asked.sum() == sum(shown)


def test_no_question_is_asked_twice_in_a_row():
    """Where the square would repaint what is there, the opposite colours are tried."""
    torch.manual_seed(0)
    x, seen = torch.rand(4, 1, 6, 6) * 0.5 + 0.25, []

    def stubborn(pictures):  # nothing is ever better
        seen.append(pictures.clone())
        return torch.tensor([[1.0, 0.0]]).expand(len(pictures), 2)

    square(stubborn, x, 0, Linf(0.1), queries=80)
    for candidate in seen[1:]:
        assert (candidate != seen[0]).flatten(1).any(1).all()
    shape = Squares.around(x, Linf(0.1), (0, 1))
    generator = torch.Generator().manual_seed(0)
    for best in (shape.low, shape.high):
        for _ in range(20):
            candidate = shape.next(best, 1 / 36, generator)
            assert ((candidate != best).flatten(1).sum(1) == 1).all()  # one pixel, always changed


def test_squares_have_the_size_that_was_asked_for_and_reach_every_pixel():
    x = torch.full((400, 2, 5, 7), 0.5)
    paint, generator = Squares.around(x, Linf(0.1), (0, 1)), torch.Generator().manual_seed(0)
    changed = paint.next(x, 4 / 35, generator) != x
    assert (changed.flatten(1).sum(1) == 2 * 4).all()
    assert changed.any(0).all()
    assert (paint.next(x, 1.0, generator) != x).flatten(1).sum(1).max() == 2 * 5 * 5  # it fits


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 2, 2), (1, 3, 9), (3, 12, 12), (1, 28, 28)])
def test_windows_keep_the_length_of_the_change(shape):
    x = torch.full((30, *shape), 0.5)
    paint, generator = Windows.around(x, L2(0.4), (0, 1)), torch.Generator().manual_seed(0)
    best = paint.first(generator)
    for share in (0.8, 0.1, 0.001):
        best = paint.next(best, share, generator)
        torch.testing.assert_close((best - x).flatten(1).norm(dim=1), torch.full((30,), 0.4))


def test_a_linear_model_falls_to_the_corner_its_gradient_points_to():
    """In a small picture the search finds the best change there is: -eps * sign(gradient)."""
    torch.manual_seed(0)
    weight = torch.randn(16)
    model = lambda z: torch.stack([100 + z.flatten(1) @ weight, 0 * z[:, 0, 0, 0]], 1)  # noqa: E731
    x = torch.full((1, 1, 4, 4), 0.5)
    x_adv = square(model, x, 0, Linf(0.1), queries=2000)
    torch.testing.assert_close((x_adv - x).flatten(), -0.1 * weight.sign(), atol=1e-6, rtol=0)


def test_a_net_in_train_mode_and_a_batch_of_one(called):
    net, x, y = called
    with_dropout = nn.Sequential(net, nn.Dropout(0.9))
    expected = square(with_dropout.eval(), x[:1], y[:1], Linf(0.05), queries=30)
    assert torch.equal(square(with_dropout.train(), x[:1], y[:1], Linf(0.05), queries=30), expected)
    assert with_dropout.training


@pytest.mark.parametrize(("change", "words"), [
    ({"y": 9}, "outside the model's 4 classes"), ({"x": 255 * torch.rand(2, 3, 8, 8)}, "divide by"),
    ({"ball": Linf(8.0)}, "eps is in pixel"), ({"x": torch.rand(0, 3, 8, 8)}, "empty"),
    ({"target": 0}, "the target is the true label itself"),
    ({"queries": 0}, "queries must be at least 1"),
    ({"target": torch.tensor([1, 0])}, "the true label itself for 1 of 2 pictures"),
    ({"share": 0.0}, "share must be above 0"), ({"share": 2}, "share must be above 0"),
    ({"x": torch.rand(2, 30)}, "squares are painted"), ({"asked": torch.zeros(2)}, "whole numbers"),
    ({"asked": torch.zeros(3, dtype=torch.long)}, "2 whole numbers"),
    ({"model": lambda z: z.flatten(1)[:, :4] / 0}, "NaN or infinity"),
])  # fmt: skip
def test_wrong_input_gets_one_sentence(change, words):
    given = {"model": small_net(), "x": torch.rand(2, 3, 8, 8), "y": 0, "ball": Linf(0.05)} | change
    with pytest.raises(ValueError, match=words):
        square(**given)


def test_another_ball_is_refused():
    with pytest.raises(TypeError, match="knows Linf and L2"):
        square(small_net(), torch.rand(2, 3, 8, 8), 0, object())


def test_scores_that_turn_to_nan_later_are_noticed(called):
    net, x, y = called
    turns = []

    def breaking(z):
        turns.append(1)
        return net(z) * (float("nan") if len(turns) > 3 else 1.0)

    with pytest.raises(ValueError, match="NaN"):
        square(breaking, x, y, Linf(0.02), queries=10)


# ---------------------------------------------------------------- beside the published code

needs_torchattacks = pytest.mark.skipif(not find_spec("torchattacks"), reason="needs torchattacks")


@needs_torchattacks
@pytest.mark.parametrize("side", [1, 2, 5, 9, 14])
def test_the_hills_are_those_of_the_authors(side):
    import torchattacks

    theirs = torchattacks.Square(small_net(), norm="L2", eps=1.0)
    theirs.init_hyperparam(torch.rand(1, 3, 28, 28))
    torch.manual_seed(0)
    hill, ours = theirs.eta(side), hills(side)
    torch.testing.assert_close(ours, hill if torch.allclose(ours, hill) else hill.T)


@needs_torchattacks
@pytest.mark.parametrize(("norm", "ball", "queries"), [
    ("Linf", Linf(0.12), 120), ("L2", L2(2.0), 120)
])  # fmt: skip
def test_as_strong_as_torchattacks(norm, ball, queries, reader, drawn):
    import torchattacks

    x, y = (part[:150] for part in drawn)

    def standing(x_adv):
        with torch.no_grad():
            return (reader(x_adv).argmax(1) == y).float().mean().item()

    ours = [square(reader, x, y, ball, queries=queries,
                   generator=torch.Generator().manual_seed(seed)) for seed in (0, 1)]  # fmt: skip
    attack = torchattacks.Square(reader, norm=norm, eps=ball.eps, n_queries=queries)
    with torch.random.fork_rng():
        theirs = [standing(attack(x, y))]
    left = np.mean([standing(x_adv) for x_adv in ours])
    print(f"{norm}: {left:.3f} stand after ours, {theirs[0]:.3f} after torchattacks'")
    assert 0.02 < theirs[0] < 0.95
    assert left <= theirs[0] + 0.04  # the noise of 150 pictures and another source of chance
