"""Randomised smoothing: against the closed form of a linear net, and against an attack."""

import pytest
import torch
from scipy.stats import binom, norm
from torch import nn

from tutlib.attacks import pgd
from tutlib.balls import L2
from tutlib.nets import mlp
from tutlib.risk import smoothing
from tutlib.training import fit


def wall(distance, size=5):
    """A straight wall, `distance` below the picture 0.5 everywhere, and that picture."""
    normal = torch.ones(size) / size**0.5
    net = nn.Sequential(nn.Linear(size, 2))
    with torch.no_grad():
        net[0].weight.copy_(torch.stack([normal, torch.zeros(size)]))
        net[0].bias.copy_(torch.tensor([distance - 0.5 * float(normal.sum()), 0.0]))
    return net, torch.full((1, size), 0.5)


@pytest.mark.parametrize(("distance", "sigma"), [(0.1, 0.1), (0.3, 0.25), (0.05, 0.5)])
def test_the_radius_of_a_straight_wall_is_its_distance(distance, sigma):
    net, x = wall(distance)
    vote = smoothing.certify(net, x, sigma, classes=2, draws=100_000)
    assert vote.labels.item() == 0
    assert distance - 0.05 * sigma < vote.radius.item() <= distance + 1e-9


def test_at_the_wall_the_vote_abstains():
    net, x = wall(0.0)
    vote = smoothing.certify(net, x, 0.2, classes=2, draws=400)
    assert vote.labels.item() == smoothing.ABSTAINS
    assert vote.radius.item() == 0


def test_the_share_is_overestimated_in_at_most_alpha_of_all_experiments():
    alpha, n = 0.05, 200
    for p in (0.6, 0.9, 0.99):
        ends = torch.tensor([smoothing.clopper_pearson(k, n, alpha) for k in range(n + 1)])
        chance = torch.from_numpy(binom.pmf(range(n + 1), n, p))
        assert chance[ends > p].sum() <= alpha + 1e-9
    assert smoothing.clopper_pearson(0, 10) == 0


def test_inside_the_radius_no_attack_turns_the_vote():
    torch.manual_seed(0)
    x = torch.rand(200, 6)
    y, sigma = (x[:, :3].sum(1) > x[:, 3:].sum(1)).long(), 0.2
    net = mlp(6, 20, 2)
    fit(net, x, y, epochs=30, lr=1e-2, progress=False)
    asked, truth = x[:12], y[:12]
    vote = smoothing.certify(net, asked, sigma, classes=2, draws=4000)
    soft = smoothing.smoothed(net, sigma * torch.randn(200, 6))
    turned = {}
    for part in (0.9, 3):
        rows = [k for k in range(12) if vote.labels[k] == truth[k] and vote.radius[k] > 0.02]
        moved = torch.cat([
            pgd(soft, asked[k : k + 1], truth[k : k + 1], L2(part * vote.radius[k].item()),
                steps=20) for k in rows
        ])  # fmt: skip
        said = smoothing.counts(net, moved, sigma, 20_000, classes=2).argmax(1)
        turned[part] = int((said != truth[rows]).sum())
    assert len(rows) >= 5
    assert turned[0.9] == 0
    assert turned[3] >= 3


def test_counts_are_complete_repeatable_and_follow_the_normal_distribution():
    net, x = wall(0.1)
    one, other = (smoothing.counts(net, x, 0.2, 5000, classes=2, batch=b) for b in (5000, 5000))
    assert torch.equal(one, other)
    assert one.sum() == 5000
    assert one[0, 0] / 5000 == pytest.approx(norm.cdf(0.5), abs=0.03)


def test_wrong_input_gets_a_sentence():
    net, x = wall(0.1)
    with pytest.raises(ValueError, match="sigma must be above 0"):
        smoothing.counts(net, x, 0.0, 10, classes=2)
    with pytest.raises(ValueError, match="draws must be at least 1"):
        smoothing.counts(net, x, 0.1, 0, classes=2)
    with pytest.raises(ValueError, match="at most 5"):
        smoothing.clopper_pearson(6, 5)
