"""The smallest change, Auto-PGD and the ensemble: beside other people's, and honest."""

import re
import warnings

import pytest
import torch
from torch import nn

from tests.conftest import small_net
from tutlib import assets, risk
from tutlib.attacks import (
    Halving,
    Score,
    apgd,
    apgd_targeted,
    carlini_wagner,
    ddn,
    logit_ratio,
    pgd,
    third_wish,
)
from tutlib.attacks.margins import doubt, fallen
from tutlib.balls import L2, Linf
from tutlib.descent import ascend

FAR = L2(28.0)
SEARCHES = {"CW": carlini_wagner, "DDN": ddn}
CLIMBS = {"untargeted": apgd, "targeted": apgd_targeted}


@pytest.fixture(scope="module")
def reader():
    net, (x, _) = assets.digit_classifier().net.cpu(), assets.digits().test
    x = x[:16]
    return net, x, net(x).argmax(1)


@pytest.fixture
def little():
    net, x = small_net(), torch.rand(8, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    return net, x, net.eval()(x).argmax(1)


# ------------------------------------------------------------ scores


def test_the_ratio_is_torchattacks(little):
    torchattacks = pytest.importorskip("torchattacks")
    logits, y = torch.randn(30, 6), torch.arange(30) % 6
    theirs = torchattacks.APGD(little[0]).dlr_loss(logits, y)
    torch.testing.assert_close(logit_ratio(logits, y), theirs)
    attack = torchattacks.APGDT(little[0])
    target = (y + 1) % 6
    torch.testing.assert_close(
        logit_ratio(logits, y, target), attack.dlr_loss_targeted(logits, y, target)
    )


@pytest.mark.parametrize("classes", [2, 3, 4, 7])
def test_the_ratio_is_the_same_for_hotter_and_shifted_logits(classes):
    z, y = torch.randn(9, classes), torch.zeros(9, dtype=torch.long)
    target = y + 1
    for towards in (None, target):
        ratio = logit_ratio(z, y, towards)
        assert ratio.isfinite().all()
        torch.testing.assert_close(logit_ratio(z + 10, y, towards), ratio, rtol=1e-3, atol=1e-4)
        if classes > 2:
            torch.testing.assert_close(logit_ratio(100 * z, y, towards), ratio)


def test_a_wish_is_positive_exactly_where_it_has_come_true():
    z, y = torch.randn(200, 5), torch.randint(0, 5, (200,))
    assert torch.equal(third_wish(z, y) > 0, z.argmax(1) != y)
    assert torch.equal(third_wish(z, y, y) > 0, z.argmax(1) == y)
    assert (doubt(z, y) > 0).all()
    assert (doubt(z, y, y) < 0).all()


def test_a_fall_by_rounding_does_not_count():
    z = torch.tensor([[1.0, 1.0 + 1e-7], [1.0, 1.001]])
    assert fallen(z, torch.tensor([0, 0])).tolist() == [False, True]


def test_an_unknown_score_is_refused():
    with pytest.raises(ValueError, match="a score is one of"):
        Score(nn.Flatten(), torch.tensor([0]), "hinge")


# ------------------------------------------------------------ the smallest change


def test_ddn_is_no_longer_than_foolboxs(reader):
    foolbox = pytest.importorskip("foolbox")
    net, x, y = reader
    wrapped = foolbox.PyTorchModel(net.eval(), bounds=(0, 1), device="cpu")
    theirs = foolbox.attacks.DDNAttack(steps=40)(wrapped, x, y, epsilons=None)[0]
    ours = ddn(net, x, y, FAR, steps=40)
    assert (net(ours).argmax(1) != y).all()
    assert FAR.norm(ours - x).mean() <= 1.02 * FAR.norm(theirs - x).mean()


def test_carlini_and_wagner_is_no_longer_than_foolboxs(reader):
    foolbox = pytest.importorskip("foolbox")
    net, x, y = (part[:8] if torch.is_tensor(part) else part for part in reader)
    wrapped = foolbox.PyTorchModel(net.eval(), bounds=(0, 1), device="cpu")
    attack = foolbox.attacks.L2CarliniWagnerAttack(
        binary_search_steps=3, steps=40, stepsize=0.02, initial_const=1.0
    )
    theirs = attack(wrapped, x, y, epsilons=None)[0]
    ours = carlini_wagner(net, x, y, FAR, steps=40, prices=3, lr=0.02)
    assert (net(ours).argmax(1) != y).all()
    assert FAR.norm(ours - x).mean() <= 1.02 * FAR.norm(theirs - x).mean()


@pytest.mark.parametrize("search", SEARCHES)
def test_for_a_linear_model_the_way_is_the_exact_distance(search):
    torch.manual_seed(0)
    net, x = nn.Linear(20, 2), torch.randn(12, 20)
    y = net(x).argmax(1)
    z = net(x).detach()
    exact = (z[:, 0] - z[:, 1]).abs() / (net.weight[0] - net.weight[1]).norm().detach()
    found = SEARCHES[search](net, x, y, L2(50.0), steps=300, box=None)
    torch.testing.assert_close(L2(1.0).norm(found - x), exact, rtol=0.05, atol=5e-3)


@pytest.mark.parametrize("search", SEARCHES)
def test_who_cannot_be_fooled_within_the_ball_stays_as_it_is(search, reader):
    net, x, y = reader
    small = SEARCHES[search](net, x[:3], y[:3], L2(1e-3), steps=20)
    assert torch.equal(small, x[:3])


@pytest.mark.parametrize("search", SEARCHES)
def test_only_l2_is_measured(search):
    with pytest.raises(TypeError, match="measures in L2"):
        SEARCHES[search](nn.Flatten(), torch.rand(2, 1, 2, 2), 0, Linf(0.1))


# ------------------------------------------------------------ Auto-PGD


@pytest.mark.parametrize("score", ["cross-entropy", "ratio"])
def test_a_climb_is_as_strong_as_torchattacks(score, reader):
    torchattacks = pytest.importorskip("torchattacks")
    net, x, y = reader
    loss = {"cross-entropy": "ce", "ratio": "dlr"}[score]
    theirs = torchattacks.APGD(net, eps=0.07, steps=30, loss=loss)(x, y)
    ours = apgd(net, x, y, Linf(0.07), steps=30, score=score)
    assert (net(ours).argmax(1) != y).sum() >= (net(theirs).argmax(1) != y).sum() - 1


def test_the_step_is_halved_and_the_best_point_taken_up_again():
    seen = []
    hill = lambda p: -(p - 0.31).abs().sum(1)  # noqa: E731 (its slope never gets flatter)
    x = torch.full((1, 4), 0.5)
    ascend(hill, x, Linf(0.3), Halving(60), 60, callback=lambda t, p, v: seen.append(v.item()))
    assert max(seen[-10:]) > -0.05
    assert max(seen[-10:]) > 5 * min(seen[:10])


def test_a_step_of_zero_length_gradient_moves_nobody():
    flat = lambda x: 0 * x.flatten(1)[:, :3] + torch.tensor([1.0, 0.0, 0.0])  # noqa: E731
    x = torch.rand(2, 1, 4, 4)
    found = apgd(flat, x, 0, Linf(0.1), steps=10)
    assert ((found - x).abs() <= 0.1).all()


@pytest.mark.parametrize("climb", CLIMBS)
@pytest.mark.parametrize("ball", [Linf(0.05), L2(0.7)], ids=["Linf", "L2"])
def test_a_climb_stays_in_the_ball_and_leaves_no_trace(climb, ball, little):
    net, x, y = little
    y = y.clone()
    y[0] = (y[0] + 1) % 4  # wrong already
    net.train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = CLIMBS[climb](net, x, y, ball, steps=12)
    assert (ball.norm(found - x) <= ball.eps * (1 + 1e-5)).all()
    assert found.min() >= 0
    assert found.max() <= 1
    assert torch.equal(found[0], x[0])
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    alone = CLIMBS[climb](net, x[1:2], y[1:2], ball, steps=12)
    assert alone.shape == x[1:2].shape


@pytest.mark.parametrize("attack", [apgd, carlini_wagner, ddn])
def test_a_target_that_is_the_label_is_refused(attack, little):
    net, x, y = little
    target = (y + 1) % 4
    target[3] = y[3]
    with pytest.raises(ValueError, match="the target is the true label itself for 1 of 8"):
        attack(net, x, y, L2(1.0), steps=2, target=target)


def test_it_goes_towards_a_target(reader):
    net, x, y = reader
    target = (y + 1) % 10
    reached = net(ddn(net, x, y, FAR, steps=60, target=target)).argmax(1) == target
    assert reached.float().mean() > 0.9


@pytest.mark.parametrize("climb", CLIMBS.values(), ids=CLIMBS)
def test_a_score_that_does_not_exist_is_refused(climb, little):
    net, x, y = little
    with pytest.raises(ValueError, match="a score is one of"):
        climb(net, x, y, Linf(0.05), score="margin")


def test_a_second_start_towards_each_rival_loses_nothing(reader):
    net, x, y = reader
    once, twice = (
        net(apgd_targeted(net, x, y, Linf(0.05), steps=10, targets=2, score="lead", restarts=k))
        for k in (1, 2)
    )
    assert ((once.argmax(1) != y) <= (twice.argmax(1) != y)).all()
    assert (twice.argmax(1) != y).any()


# ------------------------------------------------------------ the ensemble


def shares(net, x, y, ball):
    found = risk.strongest(net, x, y, ball)
    return found, found.estimate.count


def test_the_number_is_what_anybody_gets(little):
    net, x, y = little
    y = y.clone()
    y[:2] = (y[:2] + 1) % 4
    found, count = shares(net, x, y, Linf(0.05))
    for batch in (1, 3, 8):
        again = torch.cat([net(part).argmax(1) for part in found.pictures.split(batch)]) != y
        assert int(again.sum()) == count
    took = torch.stack(list(found.took.values()))
    assert took.sum(0).max() <= 1  # nobody falls twice
    assert torch.equal(took.any(0), ~found.stands)
    assert found.took["wrong already"].tolist() == [True] * 2 + [False] * 6
    assert torch.equal(found.pictures[:2], x[:2])
    assert ((found.pictures - x).abs() <= 0.05 + 1e-6).all()
    assert re.search(r"wrong already +2 +6", str(found))


def test_masked_gradients_hide_from_pgd_and_not_from_the_ensemble():
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Flatten(), nn.Linear(64, 4)), torch.rand(40, 1, 8, 8)
    net[1].weight.data *= 6
    y, ball = net(x).argmax(1), Linf(0.06)

    def hot(x):
        return 100 * net(x)

    plain = (net(pgd(hot, x, y, ball, steps=40)).argmax(1) != y).sum()
    assert risk.strongest(hot, x, y, ball).estimate.count >= plain + 5
    assert (
        risk.strongest(hot, x, y, ball).estimate.count
        == risk.strongest(net, x, y, ball).estimate.count
    )


def test_never_weaker_than_autoattack(reader):
    torchattacks = pytest.importorskip("torchattacks")
    net, x, y = reader
    x, y, eps = x[:8], y[:8], 0.06
    attack = torchattacks.AutoAttack(net, eps=eps, version="standard", seed=0)
    attack._autoattack.attacks[-1].n_queries = 300
    theirs = (net(attack(x, y)).argmax(1) != y).sum()
    assert risk.strongest(net, x, y, Linf(eps)).estimate.count >= theirs


def test_train_mode_dropout_and_a_batch_of_one(little):
    net, x, y = little
    quiet = shares(net.eval(), x, y, Linf(0.05))[1]
    loud, count = shares(net.train(), x, y, Linf(0.05))
    assert count == quiet
    assert not loud.randomised  # dropout sleeps while we look
    assert net.training
    assert len(risk.strongest(net, x[:1], y[:1], Linf(0.05)).pictures) == 1


def test_a_model_that_throws_dice_is_noticed(little):
    net, x, y = little

    def dicing(x):
        return net(x) + 3 * torch.randn(len(x), 4)

    with pytest.warns(UserWarning, match="different answers to the same pictures"):
        found = risk.strongest(dicing, x, y, Linf(1e-4))
    assert found.randomised
    assert found.estimate.count <= 4  # some throw is wrong for all of them; all throws for few
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not risk.strongest(net, x, y, Linf(1e-4)).randomised
