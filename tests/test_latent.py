"""Latent space: the two ways between two z, directions, and the z of a given picture."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial import geometric_slerp
from torch import nn

from tutlib import gan
from tutlib.descent import gradient
from tutlib.gan import latent


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def rows(*shape, seed=0):
    return torch.randn(*shape, generator=chance(seed), dtype=torch.float64)


def test_on_the_sphere_slerp_is_scipys():
    a, b = (v / v.norm() for v in rows(2, 7))
    t = torch.linspace(0, 1, 9, dtype=torch.float64)
    wanted = geometric_slerp(a.numpy(), b.numpy(), t.numpy())
    np.testing.assert_allclose(gan.slerp(a, b, t).numpy(), wanted, atol=1e-12)


def test_slerp_turns_evenly_and_its_length_grows_evenly():
    a, b = rows(2, 5, 20)
    t = torch.linspace(0, 1, 11, dtype=torch.float64)
    path = gan.slerp(a, 3 * b, t)
    lengths = path.norm(dim=-1)
    torch.testing.assert_close(lengths, gan.straight(a.norm(dim=1), 3 * b.norm(dim=1), t))
    unit = path / lengths[..., None]
    angles = (unit[1:] * unit[:-1]).sum(-1).acos()
    torch.testing.assert_close(angles, angles[:1].expand_as(angles))


@pytest.mark.parametrize("way", [gan.slerp, gan.straight])
def test_both_ways_begin_and_end_where_they_should(way):
    a, b = rows(2, 4, 6)
    path = way(a, b, torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(path, torch.stack([a, b]))
    torch.testing.assert_close(way(b, a, torch.tensor([0.3])), way(a, b, torch.tensor([0.7])))


@pytest.mark.parametrize("b", [[2.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [1.0, 1e-9]])
def test_slerp_of_ends_without_an_arc_is_the_line_and_never_nan(b):
    a, b, t = torch.tensor([1.0, 0.0]), torch.tensor(b), torch.linspace(0, 1, 5)
    torch.testing.assert_close(gan.slerp(a, b, t), gan.straight(a, b, t), atol=1e-6, rtol=0)


def test_the_middle_of_the_line_is_shorter_by_the_root_of_two():
    a, b = torch.randn(2, 2000, 200, generator=chance())
    half = torch.tensor([0.5])
    d = math.sqrt(200)
    assert gan.straight(a, b, half).norm(dim=-1).mean() / d == pytest.approx(0.5**0.5, abs=0.01)
    assert gan.slerp(a, b, half).norm(dim=-1).mean() / d == pytest.approx(1, abs=0.01)


def test_the_gradient_of_slerp_is_finite_also_where_the_ends_agree():
    a = torch.tensor([[1.0, 2.0]])
    there = gradient(lambda b: gan.slerp(a, b, torch.tensor([0.5])).sum((0, 2)), a.clone())
    assert torch.isfinite(there).all()


def test_steps_add_up_to_at_least_the_way():
    path = rows(12, 3, 4)
    steps = gan.step_lengths(path)
    assert steps.shape == (11,)
    assert steps.sum() >= (path[-1] - path[0]).norm()
    line = gan.straight(path[0], path[1], torch.linspace(0, 1, 6, dtype=torch.float64))
    torch.testing.assert_close(gan.step_lengths(line).sum(), (path[1] - path[0]).norm())


def test_a_direction_is_found_again():
    z, true = rows(20_000, 8), rows(8, seed=1)
    found = gan.direction(z, z @ true > 0)
    assert torch.cosine_similarity(found, true, dim=0) > 0.99
    torch.testing.assert_close(gan.direction(z, z @ true <= 0), -found)


def test_what_is_left_is_at_right_angles_and_taking_out_twice_changes_nothing():
    v, others = rows(9), rows(3, 9, seed=1)
    left = gan.without(v, others)
    torch.testing.assert_close(others @ left, torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(gan.without(left, others), left)
    doubled = torch.cat([others, others[:1] * 2])  # one of them said twice
    torch.testing.assert_close(gan.without(v, doubled), left)
    torch.testing.assert_close(gan.without(v, others[:0]), v)
    assert gan.without(others[0] + others[1], others).norm() < 1e-9


@pytest.fixture
def tower():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 24), nn.BatchNorm1d(24), nn.Tanh(), nn.Linear(24, 12))
    return nn.Sequential(net, nn.Sigmoid(), nn.Unflatten(1, (3, 2, 2))).eval()


def test_a_picture_that_the_forger_made_is_found_and_the_forger_stays_as_it_was(tower):
    z = torch.randn(4, 3, generator=chance())
    wanted, before = gan.sample(tower, z), [t.clone() for t in tower.state_dict().values()]
    found, error = gan.find(tower, wanted, z + 0.3, steps=300, lr=0.05)
    assert error.max() < 0.01
    torch.testing.assert_close(error, (gan.sample(tower, found) - wanted).square()
                               .flatten(1).mean(1).sqrt())  # fmt: skip
    for old, new in zip(before, tower.state_dict().values()):
        assert torch.equal(old, new)


def test_the_pull_keeps_z_short(tower):
    wanted = torch.rand(5, 3, 2, 2, generator=chance())
    start = torch.zeros(5, 3)
    free, tied = (gan.find(tower, wanted, start, 200, pull=pull)[0] for pull in (0.0, 1.0))
    assert tied.norm() < free.norm()


def test_no_steps_leave_z_where_it_was(tower):
    start = torch.randn(2, 3, generator=chance())
    z, _ = gan.find(tower, torch.rand(2, 3, 2, 2), start, steps=0)
    assert torch.equal(z, start)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: gan.slerp(torch.zeros(2), torch.zeros(3), torch.tensor([0.5])), "ends"),
    (lambda: gan.straight(torch.tensor([1]), torch.tensor([2]), torch.tensor([0.5])), "ends"),
    (lambda: gan.step_lengths(torch.zeros(1, 2)), "two points"),
    (lambda: gan.direction(torch.zeros(3, 2), torch.ones(3)), "without it"),
    (lambda: gan.direction(torch.zeros(3, 2), torch.ones(2)), "for each"),
    (lambda: gan.without(torch.zeros(2), torch.zeros(1, 3)), "others"),
    (lambda: gan.find(nn.Identity(), torch.zeros(2, 3), torch.zeros(1, 3)), "start from"),
])  # fmt: skip
def test_a_wrong_order_gets_one_sentence(call, word):
    with pytest.raises(ValueError, match=word) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_all_of_it_is_handed_on():
    for name in ("straight", "slerp", "step_lengths", "direction", "without", "find"):
        assert getattr(gan, name) is getattr(latent, name)
