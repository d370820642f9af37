"""Maps and right-angled ways out: against one point at a time, against Pythagoras, and refusals."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.conftest import small_net
from tutlib.risk import maps


@pytest.fixture
def called(pictures):
    net, (x, _) = small_net().eval(), pictures
    return net, x, net(x).argmax(1)


def flat_wall(distance, d=40):
    """A linear net of two classes, a point, its class, and a wall that far away."""
    torch.manual_seed(0)
    normal = torch.randn(d)
    normal /= normal.norm()
    x = torch.rand(1, d)
    offset = distance + (x @ normal).item()

    def net(z):
        behind = z @ normal - offset
        return torch.stack([-3 * behind, 3 * behind], 1)

    return net, x, 0


# ---------------------------------------------------------------- the way out


def test_the_way_out_is_minus_the_slope_of_the_lead(called):
    net, x, y = called
    lead, way = maps.way_out(net, x, y, box=None)
    z = net(x)
    for k in range(len(x)):
        others = [z[k, j] for j in range(z.shape[1]) if j != y[k]]
        assert lead[k].item() == pytest.approx((z[k, y[k]] - max(others)).item(), abs=1e-5)
    h = 1e-3
    unit = way / way.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    after, _ = maps.way_out(net, x + h * unit, y, box=None)
    torch.testing.assert_close((lead - after) / h, way.flatten(1).norm(dim=1), rtol=0.05, atol=1e-2)


def test_pixels_at_the_wall_do_not_leave_the_box(called):
    net, x, y = called
    x = x.round()
    _, way = maps.way_out(net, x, y)
    assert way[x == 0].min() >= 0
    assert way[x == 1].max() <= 0
    _, free = maps.way_out(net, x, y, box=None)
    assert torch.equal(way[way != 0], free[way != 0])


# ---------------------------------------------------------------- sheets


@pytest.mark.parametrize("box", [(0.0, 1.0), None])
@pytest.mark.parametrize("batch", [7, 4000])
def test_a_map_is_what_the_net_says_point_by_point(called, box, batch):
    net, x, _y = called
    u = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    v = maps.at_right_angles(u)
    found = maps.cross_section(net, x, u, v, 0.7, side=5, box=box, batch=batch)
    assert found.shape == (len(x), 5, 5, net(x).shape[1])
    line = torch.linspace(-0.7, 0.7, 5)
    for n in range(len(x)):
        for i in range(5):
            for j in range(5):
                point = x[n : n + 1] + line[j] * u[n : n + 1] + line[i] * v[n : n + 1]
                point = point if box is None else point.clamp(0, 1)
                torch.testing.assert_close(found[n, i, j], net(point)[0], atol=1e-5, rtol=1e-4)


def test_the_middle_of_a_map_is_the_picture_itself(called):
    net, x, y = called
    found = maps.cross_section(net, x, torch.rand_like(x), torch.rand_like(x), 1.0, side=3)
    assert torch.equal(found[:, 1, 1].argmax(-1), y)


def test_a_map_of_a_flat_wall_is_a_half_plane():
    net, x, y = flat_wall(1.0)
    _, way = maps.way_out(net, x, y, box=None)
    u = way / way.norm()
    classes = maps.cross_section(net, x, u, maps.at_right_angles(u), 2.1, side=9, box=None)
    expected = (torch.linspace(-2.1, 2.1, 9) > 1).long().expand(9, 9)
    assert torch.equal(classes.argmax(-1)[0], expected)


def test_the_net_is_left_as_it_was(called):
    net, x, y = called
    net = nn.Sequential(net, nn.Dropout(0.9)).train()
    first = maps.cross_section(net, x, x, x.flip(0), 0.1, side=3)
    assert torch.equal(first, maps.cross_section(net, x, x, x.flip(0), 0.1, side=3))
    maps.ways_out(net, x[:1], y[:1], 0.5)
    assert net.training


# ---------------------------------------------------------------- right angles


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.integers(0, 10_000), st.data())
def test_directions_share_the_way_equally_and_stand_at_right_angles(d, seed, data):
    count = data.draw(st.integers(1, d))
    source = torch.Generator().manual_seed(seed)
    way = torch.randn(d, generator=source, dtype=torch.float64) * 10.0 ** (seed % 7 - 3)
    frame = maps.aligned(way, count, source)
    torch.testing.assert_close(frame @ frame.T, torch.eye(count).double(), atol=1e-9, rtol=0)
    equal = torch.full((count,), way.norm().item() / math.sqrt(count), dtype=torch.float64)
    torch.testing.assert_close(frame @ way, equal, rtol=1e-9, atol=0)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 30), st.integers(0, 10_000))
def test_no_frame_at_right_angles_gives_its_poorest_more(d, seed):
    """The bound itself, against frames that nobody made with it in mind."""
    torch.manual_seed(seed)
    way = torch.randn(d, dtype=torch.float64)
    for count in range(1, d + 1):
        other = torch.linalg.qr(torch.randn(d, count, dtype=torch.float64))[0].T
        assert (other @ way).abs().min() <= way.norm() / math.sqrt(count) + 1e-12


@pytest.mark.parametrize("times", [0.9, 1.0, 1.5, 2.0, 3.0, 4.999, 5.0, 6.2])
def test_a_flat_wall_is_crossed_by_as_many_as_the_formula_allows(times):
    net, x, y = flat_wall(0.5)
    lead, way = maps.way_out(net, x, y, box=None)
    step = 0.5 * times
    most = maps.ceiling(lead, way, step).item()
    assert most == min(40, math.floor(times**2 + 1e-6))
    if most:
        tried = step * (1 + 1e-4) * maps.aligned(way[0], most)
        assert maps.crossed(net, x[0], y, tried, box=None).all()
    if most < 40:
        tried = step * maps.aligned(way[0], most + 1)
        assert not maps.crossed(net, x[0], y, (1 - 1e-4) * tried, box=None).any()
    found = maps.ways_out(net, x, y, step * (1 + 1e-4), box=None)
    assert found.found.item() == len(found.directions[0]) == most


def test_the_found_ways_are_at_right_angles_and_fool(called):
    net, x, y = called
    for box in (None, (0.0, 1.0)):
        ways = maps.ways_out(net, x, y, 2.0, box=box)
        assert ways.found.sum() > 0
        for picture, label, found in zip(x, y, ways.directions):
            flat = found.flatten(1)
            torch.testing.assert_close(flat @ flat.T, torch.eye(len(flat)), atol=1e-5, rtol=0)
            assert maps.crossed(net, picture, label, 2.0 * found, box=box).all()


def test_what_is_over_the_wall_already_has_no_ceiling_but_its_pixels():
    assert maps.ceiling(torch.tensor([-1.0, 0.0]), torch.ones(2, 7), 0.1).tolist() == [7, 7]


def test_one_seed_gives_one_answer_on_every_device(called, each_device):
    net, x, y = called
    here = maps.aligned(torch.ones(30), 4)
    there = maps.aligned(torch.ones(30, device=each_device), 4)
    torch.testing.assert_close(here, there.cpu(), atol=1e-5, rtol=0)
    up = maps.at_right_angles(torch.ones(2, 30, device=each_device))
    torch.testing.assert_close(maps.at_right_angles(torch.ones(2, 30)), up.cpu(), atol=1e-5, rtol=0)
    first, again = (maps.ways_out(net, x, y, 1.0).found for _ in range(2))
    assert torch.equal(first, again)


def test_a_random_direction_is_at_right_angles_to_all_it_is_told():
    u = torch.randn(5, 3, 4, 4)
    v = maps.at_right_angles(u)
    w = maps.at_right_angles(u, v)
    for one, other in ((u, v), (u, w), (v, w)):
        cosine = (one * other).flatten(1).sum(1) / one.flatten(1).norm(dim=1)
        assert cosine.abs().max() < 1e-6
    torch.testing.assert_close(w.flatten(1).norm(dim=1), torch.ones(5))
    another = maps.at_right_angles(u, generator=torch.Generator().manual_seed(5))
    assert not torch.allclose(v, another)


# ---------------------------------------------------------------- what is refused

X = torch.rand(2, 3, 8, 8)


@pytest.mark.parametrize(("call", "words"), [
    (lambda net: maps.way_out(net, 255 * X, 0), "divide by 255"),
    (lambda net: maps.way_out(net, X, 9), "outside the model's 4 classes"),
    (lambda net: maps.cross_section(net, X, X[:1], X, 1.0), "direction of its own"),
    (lambda net: maps.cross_section(net, X, X, X, 0.0), "reach must be above 0"),
    (lambda net: maps.cross_section(net, X, X, X * torch.nan, 1.0), "NaN"),
    (lambda net: maps.cross_section(net, X, X, X, 1.0, side=0), "side must be"),
    (lambda net: maps.cross_section(lambda x: net(x) * torch.nan, X, X, X, 1.0), "NaN"),
    (lambda net: maps.aligned(torch.ones(3), 4), "no 4 right angles"),
    (lambda net: maps.aligned(torch.zeros(3), 2), "length zero"),
    (lambda net: maps.aligned(torch.ones(3), 0), "count must be"),
    (lambda net: maps.at_right_angles(), "needs one way"),
    (lambda net: maps.at_right_angles(torch.ones(2, 1)), "more pixels than ways"),
    (lambda net: maps.ways_out(net, X, 0, -1.0), "eps must be above 0"),
    (lambda net: maps.ways_out(net, X, 0, 1.0, most=0), "most must be"),
    (lambda net: maps.crossed(net, X[0], 9, X), "outside the model's 4 classes"),
])  # fmt: skip
def test_wrong_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call(small_net())
