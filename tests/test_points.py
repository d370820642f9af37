"""Points in the plane: how far apart they are, and whether whole squares are right."""

import pytest
import torch
from torch import nn

from tutlib.nets import mlp
from tutlib.training import lowest_lead, points_apart, proved_in_squares, right_in_squares


def test_points_apart_keep_their_distance():
    x, y = points_apart(12, 0.15, seed=1)
    gaps = (x[:, None] - x).abs().amax(2) + torch.eye(12)
    assert x.shape == (12, 2)
    assert gaps.min() >= 0.15 - 1e-6
    assert y.tolist() == [0, 1] * 6


def test_one_seed_is_one_set_of_points_and_the_first_seed_is_0():
    before = torch.get_rng_state()
    assert torch.equal(points_apart(3, 0.1)[0], points_apart(3, 0.1, seed=0)[0])
    assert not torch.equal(points_apart(3, 0.1)[0], points_apart(3, 0.1, seed=1)[0])
    assert torch.equal(torch.get_rng_state(), before)


def test_the_balls_of_points_apart_lie_in_the_unit_square_and_use_all_of_it():
    x = torch.cat([points_apart(1, 0.5, seed)[0] for seed in range(60)])
    assert 0.25 <= x.min() < 0.27
    assert 0.73 < x.max() <= 0.75


def test_there_is_room_or_a_sentence():
    with pytest.raises(ValueError, match="do not fit"):
        points_apart(5, 0.55)  # four are the most, one in each corner


def halves(x):
    """Right of 0.5 is class 1."""
    return torch.stack([0.5 - x[..., 0], x[..., 0] - 0.5], -1)


def test_a_square_is_right_if_it_does_not_reach_the_border():
    x = torch.tensor([[0.1, 0.9], [0.3, 0.0], [0.45, 0.5], [0.52, 0.0]])
    y = torch.tensor([0, 0, 0, 1])
    assert right_in_squares(halves, x, y, 0.01) == 1
    assert right_in_squares(halves, x, y, 0.03) == 0.75  # the last one reaches over to the left
    assert right_in_squares(halves, x, y, 0.1) == 0.5
    assert right_in_squares(halves, x, y, 0.3) == 0.25
    assert right_in_squares(halves, x, 1 - y, 0.01) == 0


@pytest.mark.parametrize("corner", [(-1, -1), (-1, 1), (1, -1), (1, 1)])
def test_one_wrong_corner_makes_a_square_wrong(corner):
    def model(x):
        wrong = ((x - 0.5) * torch.tensor(corner) > 0.0999).all(-1)
        return torch.stack([torch.zeros_like(wrong), wrong], -1).float()

    x, y = torch.full((1, 2), 0.5), torch.tensor([0])
    assert right_in_squares(model, x, y, 0.1) == 0
    assert right_in_squares(model, x, y, 0.09) == 1


def test_every_square_is_tried_at_as_many_points_as_asked():
    seen = []

    def model(x):
        seen.append(x.shape)
        return halves(x)

    right_in_squares(model, torch.rand(4, 2), torch.zeros(4).long(), 0.1)
    right_in_squares(model, torch.rand(4, 2), torch.zeros(4).long(), 0.1, side=3)
    assert seen == [(4, 21 * 21, 2), (4, 9, 2)]


def test_the_net_is_looked_at_in_eval_mode_and_left_as_it_was():
    net = nn.Sequential(nn.Dropout(0.99), nn.Linear(2, 2))
    with torch.no_grad():
        net[1].weight.copy_(torch.tensor([[-1.0, 0], [1, 0]]))
        net[1].bias.copy_(torch.tensor([0.5, -0.5]))
    x, y = torch.tensor([[0.1, 0.5], [0.9, 0.5]]), torch.tensor([0, 1])
    assert right_in_squares(net, x, y, 0.1) == 1
    assert net.training


def leads(net, x, y):
    """Of the logit of `y` over the other one."""
    logits = net(x)
    return (logits[..., 0] - logits[..., 1]) * (1 - 2 * y)


def deep(seed):
    torch.manual_seed(seed)
    return mlp(2, 16, 16, 2)


@torch.no_grad()
@pytest.mark.parametrize("seed", range(5))
def test_no_point_of_a_box_has_a_lower_lead(seed):
    net, generator = deep(seed), torch.Generator().manual_seed(seed)
    low = torch.rand(20, 2, generator=generator)
    high = low + 0.3 * torch.rand(20, 2, generator=generator)
    y = torch.arange(20) % 2
    inside = low[:, None] + torch.rand(20, 500, 2, generator=generator) * (high - low)[:, None]
    bound = lowest_lead(net, low, high, y)
    worst = leads(net, inside, y[:, None]).amin(1)
    assert (bound <= worst + 1e-6).all()
    assert (bound > worst - 2).all()  # minus infinity would be a bound, too
    small = lowest_lead(net, low, low + 1e-5, y)
    torch.testing.assert_close(small, leads(net, low, y), atol=1e-4, rtol=0)


@torch.no_grad()
def test_the_lead_of_a_linear_net_is_exact():
    torch.manual_seed(0)
    net, x, y = nn.Sequential(nn.Linear(2, 2)), torch.rand(6, 2), torch.tensor([0, 1] * 3)
    weight = net[0].weight[0] - net[0].weight[1]
    expected = leads(net, x, y) - 0.1 * weight.abs().sum()
    torch.testing.assert_close(lowest_lead(net, x - 0.1, x + 0.1, y), expected)


def test_only_nets_with_known_bounds_are_bounded():
    ends = torch.zeros(1, 2), torch.ones(1, 2), torch.tensor([0])
    with pytest.raises(TypeError, match="not Sigmoid"):
        lowest_lead(mlp(2, 3, 2, activation=nn.Sigmoid), *ends)
    with pytest.raises(ValueError, match="has 3"):
        lowest_lead(mlp(2, 3, 3), *ends)


def linear(*rows):
    net = nn.Sequential(nn.Linear(2, 2))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor(rows))
        net[0].bias.copy_(torch.tensor([0.5, -0.5]))
    return net


def test_a_square_is_proved_right_if_it_does_not_reach_the_border():
    net = linear([-1.0, 0], [1.0, 0])  # right of 0.5 is class 1
    x, y = (
        torch.tensor([[0.1, 0.9], [0.3, 0.0], [0.45, 0.5], [0.52, 0.0]]),
        torch.tensor([0, 0, 0, 1]),
    )
    for eps, proved in ((0.01, [1, 1, 1, 1]), (0.03, [1, 1, 1, 0]), (0.1, [1, 1, 0, 0])):
        for parts in (1, 2, 5):
            assert proved_in_squares(net, x, y, eps, parts).tolist() == proved
    assert not proved_in_squares(net, x, 1 - y, 0.01).any()


@pytest.mark.parametrize("corner", [(-1, -1), (-1, 1), (1, -1), (1, 1)])
def test_one_wrong_corner_leaves_a_square_unproved(corner):
    net = linear([0.0, 0.0], [5.0 * corner[0], 5.0 * corner[1]])  # wrong beyond 0.2 along it
    x, y = torch.zeros(1, 2), torch.tensor([0])
    assert not proved_in_squares(net, x, y, 0.101, 7)[0]
    assert proved_in_squares(net, x, y, 0.099, 7)[0]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_truth_lies_between_what_is_proved_and_what_is_not_yet_refuted(seed):
    (x, y), net = points_apart(10, 0.1, seed), deep(seed)
    proved = [proved_in_squares(net, x, y, 0.05, parts) for parts in (1, 4, 16, 64)]
    shares = [share.float().mean().item() for share in proved]
    assert shares == sorted(shares)
    assert shares[-1] <= right_in_squares(net, x, y, 0.05)
    assert torch.equal(proved_in_squares(net, x, y, 0.05), proved[-1])
