"""The nets that grow: what they promise about their sizes, and about what rests."""

import pytest
import torch
from torch.nn import functional as F

from tutlib import gan

MAPS = (4, 4, 4, 2, 2)
STAGES = [gan.Stage(side, 3, 4, (1e-3, 1e-3)) for side in (8, 16)]


def deal(n, rng):
    return torch.rand(n, 3, 64, 64, generator=rng)


def played(seed, stages=STAGES):
    torch.manual_seed(seed)
    forger, judge = gan.Forger(6, MAPS), gan.Judge(MAPS)
    rng = torch.Generator().manual_seed(seed)
    rounds = list(gan.grow(forger, judge, deal, stages, rng=rng))
    return forger, judge, rounds


def test_a_new_size_begins_as_the_old_picture_enlarged():
    forger, z = gan.Forger(6, MAPS).eval(), torch.randn(5, 6)
    small, large = forger.at(16)(z), forger.at(32)(z)
    # tanh comes last: compare what goes into it
    into = [torch.atanh(2 * picture - 1) for picture in (small, large)]
    enlarged = F.interpolate(into[0], scale_factor=2, mode="bilinear")
    torch.testing.assert_close(into[1], enlarged, atol=1e-4, rtol=1e-4)


def test_what_belongs_to_larger_pictures_rests():
    torch.manual_seed(0)
    forger, judge = gan.Forger(6, MAPS), gan.Judge(MAPS)
    nets = (forger, judge)
    before = {name: p.detach().clone() for net in nets for name, p in net.named_parameters()}
    list(gan.grow(forger, judge, deal, STAGES[:1]))
    moved = {
        name: not torch.equal(before[name], p)
        for net in (forger, judge)
        for name, p in net.named_parameters()
    }
    for name, did in moved.items():
        of = [side for side in ("16", "32", "64") if f".{side}." in name]
        assert did is not bool(of), name


def test_the_same_seed_plays_the_same_game():
    (a, _, rounds_a), (b, _, rounds_b) = played(1), played(1)
    assert [r.d_loss for r in rounds_a] == [r.d_loss for r in rounds_b]
    assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters()))


def test_the_forger_goes_on_with_its_average():
    forger, _, rounds = played(2)
    last = rounds[-1].average.state_dict()
    assert all(torch.equal(value, last[name]) for name, value in forger.state_dict().items())


def test_the_judge_divides_every_layer_by_its_spectral_norm():
    torch.manual_seed(0)
    judge = gan.Judge(told=3).train()
    for _ in range(60):  # the power iteration takes one step a look
        judge(torch.rand(2, 3, 64, 64), torch.rand(2, 3))
    for name, layer in judge.named_modules():
        if hasattr(layer, "parametrizations"):
            norm = torch.linalg.matrix_norm(layer.eval().weight.flatten(1), 2).item()
            assert norm == pytest.approx(1, abs=0.05), name


def test_shrinking_keeps_the_mean_and_the_labels():
    real = gan.deal_from(torch.rand(9, 3, 64, 64), torch.arange(9))
    x, y = real(4, torch.Generator().manual_seed(0))
    small, labels = gan.shrunk(real, 8)(4, torch.Generator().manual_seed(0))
    assert torch.equal(y, labels)
    torch.testing.assert_close(small.mean((2, 3)), x.mean((2, 3)))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: gan.Forger(told=2)(torch.randn(1, 48)), "told what is wanted"),
        (lambda: gan.Forger(told=2)(torch.randn(1, 48), torch.zeros(1, 3)), "told what is wanted"),
        (lambda: gan.Forger()(torch.randn(1, 7)), "z must be"),
        (lambda: gan.Judge()(torch.rand(1, 3, 32, 32)), "are judged, not"),
        (lambda: gan.Judge(told=2)(torch.rand(1, 3, 64, 64)), "told what is wanted"),
        (lambda: gan.Forger().at(48), "side is one of"),
        (lambda: gan.Forger(maps=(8, 8)), "maps are 5 numbers"),
        (lambda: gan.Forger(z_size=0), "z_size"),
    ],
)
def test_wrong_input_gets_one_sentence(wrong, says):
    with pytest.raises((ValueError, TypeError), match=says):
        wrong()
