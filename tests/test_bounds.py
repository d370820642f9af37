"""Bounds: their order, their soundness, and other ways to the same numbers."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.nets import Normalize, digit_net, mlp
from tutlib.risk import bounds
from tutlib.risk.bounds.layers import pulled_back, spread

SLACK = 1e-6  # the solver's tolerance


def small(widths, seed):
    torch.manual_seed(seed)
    net = mlp(*widths).double()
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_(2)  # livelier than fresh weights
    return net


def box(size, eps, seed):
    x = torch.rand(1, size, generator=torch.Generator().manual_seed(seed)).double()
    return x, *bounds.box_around(x, eps)


def worst_found(net, low, high, y, seed=0, points=4000):
    """The lowest lead among corners and random points of a box."""
    generator = torch.Generator().manual_seed(seed)
    inside = low + torch.rand(points, low.shape[1], generator=generator).double() * (high - low)
    corners = torch.cartesian_prod(*torch.cat([low, high]).T).view(-1, low.shape[1])
    z = net(torch.cat([inside, corners]))
    return (z[:, [y]] - z).masked_fill(torch.arange(z.shape[1]) == y, torch.inf).amin(0)


nets_and_boxes = {
    "inputs": st.integers(2, 4), "hidden": st.lists(st.integers(2, 7), min_size=1, max_size=3),
    "classes": st.integers(2, 4), "eps": st.floats(0.02, 0.6), "seed": st.integers(0, 10**6),
}  # fmt: skip


@torch.no_grad()
@settings(max_examples=40, deadline=None)
@given(**nets_and_boxes)
def test_interval_lines_program_exact_found_is_the_order(inputs, hidden, classes, eps, seed):
    net, (_, low, high) = small([inputs, *hidden, classes], seed), box(inputs, eps, seed)
    y = seed % classes
    intervals = bounds.interval_leads(net, low, high, y)
    quick = bounds.linear_leads(net, low, high, y, hidden="interval")
    lines = bounds.linear_leads(net, low, high, y)
    relaxed = bounds.exact_lead(net, low, high, y, relaxed=True)
    exact = bounds.exact_lead(net, low, high, y)
    found = worst_found(net, low, high, y)
    assert (intervals <= quick + 1e-9).all()
    assert (intervals <= lines + 1e-9).all()
    assert (lines[0] <= found + 1e-9).all()
    assert lines.amin() <= relaxed.lead + SLACK
    assert relaxed.lead <= exact.lead + SLACK
    assert exact.lead <= found.amin() + SLACK
    assert exact.proved <= exact.lead
    assert exact.proved == pytest.approx(exact.lead, abs=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("seed", range(4))
def test_the_exact_lead_is_that_of_its_own_picture_which_lies_in_the_box(seed):
    net, (_, low, high) = small([4, 6, 6, 3], seed), box(4, 0.3, seed)
    worst = bounds.exact_lead(net, low, high, 1)
    z = net(worst.x)[0]
    assert z[1] - z[worst.label] == pytest.approx(worst.lead, abs=1e-5)
    assert (worst.x >= low - 1e-7).all()
    assert (worst.x <= high + 1e-7).all()


@torch.no_grad()
@pytest.mark.parametrize("seed", range(4))
def test_brute_force_over_all_on_and_off_finds_the_same(seed):
    """One linear program for each of the 2^6 patterns of a net with six ReLUs."""
    from scipy.optimize import linprog

    net, (_, low, high) = small([3, 6, 2], seed), box(3, 0.35, seed)
    first, last = net[0], net[2]
    (w, b), (v, c) = ((p.weight.numpy(), p.bias.numpy()) for p in (first, last))
    row, offset, best = v[0] - v[1], c[0] - c[1], np.inf
    for pattern in itertools.product([0, 1], repeat=6):
        on = np.array(pattern)
        sign = 1 - 2 * on  # on: -z <= 0; off: z <= 0
        done = linprog((row * on) @ w, A_ub=sign[:, None] * w, b_ub=-sign * b,
                       bounds=np.stack([low[0].numpy(), high[0].numpy()], 1))  # fmt: skip
        if done.status == 0:
            best = min(best, done.fun + (row * on) @ b + offset)
    assert bounds.exact_lead(net, low, high, 0).lead == pytest.approx(best, abs=1e-5)


def slow_lines(net, low, high, y):
    """CROWN again, unit by unit in plain loops: hidden bounds by lines, without intervals."""

    def lowest(upto, row, offset):
        for k in range(upto, -1, -1):
            if k < upto:  # a ReLU behind layer k
                new = np.zeros(len(row))
                for i, (a, (lo, hi)) in enumerate(zip(row, ends[k])):
                    if lo >= 0:
                        new[i] = a
                    elif hi > 0 and a < 0:
                        new[i], offset = a * hi / (hi - lo), offset - a * hi * lo / (hi - lo)
                    elif hi > 0 and hi > -lo:
                        new[i] = a
                row = new
            w, b = (p.detach().numpy() for p in net[2 * k].parameters())
            row, offset = row @ w, offset + row @ b
        return offset + np.where(row > 0, row * low, row * high).sum()

    ends, depth = [], len(net) // 2
    for k in range(depth):
        units = np.eye(net[2 * k].out_features)
        ends.append([(lowest(k, u, 0.0), -lowest(k, -u, 0.0)) for u in units])
    classes = np.eye(net[-1].out_features)
    return np.array([lowest(depth, classes[y] - other, 0.0) for other in classes])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("eps", [0.02, 0.15])
def test_lines_agree_with_a_slow_and_independent_crown(seed, eps):
    """With one hidden layer to the digit; with two, ours may know closer boxes, and never wider."""
    for widths, same in (([4, 9, 3], True), ([4, 6, 5, 3], False)):
        net, (_, low, high) = small(widths, seed), box(4, eps, seed)
        ours = bounds.linear_leads(net, low, high, 0)[0, 1:].numpy()
        slow = slow_lines(net, low[0].numpy(), high[0].numpy(), 0)[1:]
        best = np.maximum(slow, bounds.interval_leads(net, low, high, 0)[0, 1:].detach().numpy())
        assert (ours >= best - 1e-9).all()
        if same or eps == 0.02:
            np.testing.assert_allclose(ours, best, atol=1e-9 if same else 0.02)


def test_a_case_worked_out_by_hand():
    """a = max(x + y, 0), b = max(x - y, 0), lead a + b + 0.5 - 0 over [-1, 1]^2.

    Each ReLU has ends -2 and 2: under it lies the line 0 (as -low is not below high), so the lines
    say 0.5, as intervals do. The lead -a - b is held by z/2 + 1 each: -(x + 1 + 1) at x = 1: -3.
    """
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 2)).double()
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, 1.0], [1.0, -1.0]]))
        net[2].weight.copy_(torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
        net[2].bias.copy_(torch.tensor([0.5, 0.0]))
    low, high = -torch.ones(1, 2).double(), torch.ones(1, 2).double()
    for method in (bounds.interval_leads, bounds.linear_leads):
        assert method(net, low, high, 0)[0, 1].item() == pytest.approx(0.5)
    assert bounds.interval_leads(net, low, high, 1)[0, 0].item() == pytest.approx(-4.5)
    assert bounds.linear_leads(net, low, high, 1)[0, 0].item() == pytest.approx(-3.5)
    assert bounds.exact_lead(net, low, high, 1).lead == pytest.approx(-2.5)  # x = 1, any y


def test_a_linear_net_is_bounded_exactly_and_its_radius_minds_the_walls():
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Linear(5, 3)).double(), torch.rand(4, 5).double()
    y = net(x).argmax(1)
    low, high = bounds.box_around(x, 0.2)
    rows = net[0].weight[y][:, None] - net[0].weight
    corner = torch.where(rows > 0, low[:, None], high[:, None])
    exact = (rows * corner).sum(2) + net[0].bias[y][:, None] - net[0].bias
    others = F.one_hot(y, 3) == 0
    for method in (bounds.interval_leads, bounds.linear_leads):
        torch.testing.assert_close(method(net, low, high, y)[others], exact[others])
    bright = nn.Sequential(nn.Linear(1, 2, bias=False)).double()
    with torch.no_grad():
        bright[0].weight.copy_(torch.tensor([[1.0], [-1.0]]))  # wrong only below 0: no picture is
    safe = bounds.exact_radius(bright, torch.tensor([[0.4]]), 0, reach=0.39)
    assert safe.radius == np.inf
    assert safe.x is None


@pytest.mark.parametrize("seed", range(3))
def test_no_attack_comes_nearer_than_the_exact_radius(seed):
    net = small([4, 8, 8, 3], seed)
    x = torch.rand(1, 4, generator=torch.Generator().manual_seed(seed)).double()
    y = net(x).argmax(1)
    nearest = bounds.exact_radius(net, x, y, reach=0.9)
    if nearest.x is None:
        assert (net(pgd(net, x, y, Linf(0.89), steps=40)).argmax(1) == y).all()
        return
    assert (nearest.x - x).abs().max().item() == pytest.approx(nearest.radius, abs=1e-6)
    z = net(nearest.x)[0].detach()
    assert z[y[0]] - z[nearest.label] == pytest.approx(0, abs=1e-5)
    if nearest.radius > 1e-3:
        inside = pgd(net, x, y, Linf(0.99 * nearest.radius), steps=60, restarts=5)
        assert (net(inside).argmax(1) == y).all()
        low, high = bounds.box_around(x, 0.99 * nearest.radius)
        assert bounds.exact_lead(net, low, high, y).lead > 0
    proved = bounds.widest(
        lambda eps: bounds.linear_leads(net, *bounds.box_around(x, eps), y).amin(1) > 0, 1, 0.9
    )
    assert proved.item() <= nearest.radius + SLACK


def test_what_is_misread_has_radius_zero():
    net, x = small([2, 4, 2], 0), torch.rand(1, 2).double()
    wrong = 1 - net(x).argmax(1)
    assert bounds.exact_radius(net, x, wrong, reach=0.1).radius == 0


@pytest.mark.parametrize("hidden", ["linear", "interval"])
def test_convolutions_and_normalisation_are_bounded_and_no_attack_gets_below(hidden):
    torch.manual_seed(0)
    net = nn.Sequential(Normalize((0.4,), (0.3,)), digit_net(size=8, width=2)).double()
    x = torch.rand(3, 1, 8, 8).double()
    y, ball = net(x).argmax(1), Linf(0.02)
    low, high = bounds.box_around(x, ball.eps)
    lines = bounds.linear_leads(net, low, high, y, hidden=hidden).amin(1)
    intervals = bounds.interval_leads(net, low, high, y).amin(1)
    z = net(pgd(net, x, y, ball, steps=30, restarts=2))
    lead = (z.gather(1, y[:, None]) - z).masked_fill(F.one_hot(y, 10).bool(), torch.inf).amin(1)
    assert (intervals < lines).all()
    assert (lines <= lead).all()
    exact = bounds.exact_lead(net, low[:1], high[:1], y[:1], relaxed=True).lead
    assert lines[0] <= exact + SLACK
    assert exact <= lead[0] + SLACK


def test_a_layer_pulled_back_and_spread_is_its_matrix():
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 3, 3, stride=2, padding=1).double()
    unit = torch.eye(2 * 5 * 5).double().view(-1, 2, 5, 5)
    bias = layer(torch.zeros(1, 2, 5, 5).double())
    matrix = (layer(unit) - bias).flatten(1).T  # outputs x inputs
    rows = torch.randn(1, 4, *bias.shape[1:]).double()
    back, offset = pulled_back(layer, rows, (2, 5, 5))
    torch.testing.assert_close(back[0].flatten(1), rows[0].flatten(1) @ matrix)
    torch.testing.assert_close(offset[0], rows[0].flatten(1) @ bias.flatten())
    half = torch.rand(1, 2, 5, 5).double()
    torch.testing.assert_close(spread(layer, half).flatten(), matrix.abs() @ half.flatten())


@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, 3.0), (-3.0, 1.0), (0.5, 2.0), (-2.0, -1.0), (0, 0)]
)
def test_the_relu_stays_between_its_lines_and_touches_the_upper_one(low, high):
    under, over, lift = bounds.lines(torch.tensor([float(low)]), torch.tensor([float(high)]))
    z = torch.linspace(low, high, 101)
    assert (under * z <= z.relu() + 1e-6).all()
    assert (z.relu() <= over * z + lift + 1e-6).all()
    torch.testing.assert_close((over * z + lift)[[0, -1]], z.relu()[[0, -1]])


def test_the_worst_loss_is_above_every_loss_in_the_box_and_has_a_gradient():
    net = small([4, 8, 3], 1)
    x, y = torch.rand(6, 4).double(), torch.arange(6) % 3
    loss = bounds.worst_loss(net, x, y, 0.1)
    for seed in range(20):
        noise = torch.rand(6, 4, generator=torch.Generator().manual_seed(seed)).double()
        moved = (x + 0.1 * (2 * noise - 1)).clamp(0, 1)
        assert loss >= F.cross_entropy(net(moved), y)
    loss.backward()
    assert all(weight.grad.abs().sum() > 0 for weight in net.parameters())


def test_wrong_input_gets_a_sentence():
    net, low, high = mlp(2, 3, 2), torch.zeros(2, 2), torch.ones(2, 2)
    with pytest.raises(TypeError, match="not Sigmoid"):
        bounds.interval_leads(mlp(2, 3, 2, activation=nn.Sigmoid), low, high, 0)
    with pytest.raises(TypeError, match="must be a Linear"):
        bounds.interval_leads(net[:2], low, high, 0)
    with pytest.raises(ValueError, match="low is above high"):
        bounds.interval_leads(net, high, low, 0)
    with pytest.raises(ValueError, match="two ends of one shape"):
        bounds.interval_leads(net, low[:1], high, 0)
    with pytest.raises(ValueError, match="outside the model's 2 classes"):
        bounds.interval_leads(net, low, high, 2)
    with pytest.raises(ValueError, match="one box at a time"):
        bounds.exact_lead(net, low, high, 0)
    with pytest.raises(ValueError, match="one picture at a time"):
        bounds.exact_radius(net, low, 0, 0.1)
    with pytest.raises(ValueError, match="hidden must be"):
        bounds.linear_leads(net, low, high, 0, hidden="none")
    with pytest.raises(ValueError, match="eps must be a positive"):
        bounds.box_around(low, -1.0)


def test_bounding_leaves_the_net_as_it_was():
    net = small([3, 5, 2], 0).train()
    before = [weight.clone() for weight in net.parameters()]
    x, low, high = box(3, 0.2, 0)
    bounds.linear_leads(net, low, high, 0)
    bounds.exact_radius(net, x, int(net(x).argmax()), 0.2)
    assert net.training
    assert all(w.requires_grad and w.grad is None for w in net.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters()))
