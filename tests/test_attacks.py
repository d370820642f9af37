"""Attacks keep their promises: inside the ball, inside [0, 1], stronger than noise."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tutlib.attacks import AwayFrom, Towards, fgsm, keep_best, pgd, sgd_attack, to_8bit
from tutlib.balls import L2, Linf

BALLS = pytest.mark.parametrize("ball", [Linf(8 / 255), L2(0.7)], ids=["Linf", "L2"])
ATTACKS = {
    "fgsm": fgsm,
    "sgd": sgd_attack,
    "pgd": lambda *a, **k: pgd(*a, steps=5, restarts=2, **k),
    "pgd early stop": lambda *a, **k: pgd(*a, steps=5, early_stop=True, **k),
}
EVERY = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)


@EVERY
@BALLS
@pytest.mark.parametrize("targeted", [False, True])
def test_inside_the_ball_and_inside_the_pixel_box(attack, ball, targeted, net, pictures,
                                                  each_device):  # fmt: skip
    x, y = (t.to(each_device) for t in pictures)
    target = (y == 0).long() if targeted else None
    x_adv = attack(net.to(each_device), x, y, ball, target=target)
    assert x_adv.shape == x.shape
    assert x_adv.dtype == x.dtype
    assert x_adv.device == x.device
    assert not x_adv.requires_grad
    assert (ball.norm((x_adv - x).double()) <= ball.eps).all()
    assert x_adv.min() >= 0
    assert x_adv.max() <= 1
    assert not torch.equal(x_adv, x)


@BALLS
def test_more_work_never_loses_ground(ball, net, pictures):
    x, y = pictures
    loss = AwayFrom(net, y)
    values = [loss(a) for a in (x, fgsm(net, x, y, ball), pgd(net, x, y, ball, steps=20))]
    assert (values[1] > values[0]).all()
    assert values[2].mean() > values[1].mean()
    noise = ball.sample(x, torch.Generator().manual_seed(3)).clamp(0, 1)
    assert values[2].mean() > loss(noise).mean()


def test_restarts_keep_each_pictures_best(net, pictures):
    x, y = pictures
    one = pgd(net, x, y, Linf(0.05), steps=3, generator=torch.Generator().manual_seed(0))
    many = pgd(
        net, x, y, Linf(0.05), steps=3, restarts=4, generator=torch.Generator().manual_seed(0)
    )
    objective = AwayFrom(net, y)
    won = objective.won(many) | ~objective.won(one)
    assert won.all()
    same = objective.won(many) == objective.won(one)
    assert (objective(many) >= objective(one) - 1e-6)[same].all()


def test_a_win_beats_a_higher_value():
    objective = AwayFrom(nn.Identity(), torch.tensor([0]))
    lost, won = torch.tensor([[5.0, 0.0]]), torch.tensor([[0.0, 0.1]])
    assert torch.equal(keep_best(objective, [lost, won, lost]), won)


def test_targeted_objective_is_a_difference_of_logits(net, pictures):
    x, y = pictures
    target = torch.full_like(y, 3)
    logits = net(x)
    losses = [F.cross_entropy(logits, label, reduction="none") for label in (y, target)]
    torch.testing.assert_close(Towards(net, target, y)(x), losses[0] - losses[1])
    torch.testing.assert_close(Towards(net, target)(x), -losses[1])


def test_fgsm_is_exact_on_a_linear_model():
    torch.manual_seed(0)
    linear = nn.Linear(20, 2).double()
    model, x = (lambda p: linear(p.flatten(1))), torch.rand(50, 1, 4, 5).double() * 0.6 + 0.2
    y, w = torch.zeros(50, dtype=torch.long), linear.weight[1] - linear.weight[0]
    for ball in (Linf(0.1), L2(0.1)):
        x_adv = fgsm(model, x, y, ball)
        gain = ((x_adv - x).flatten(1) @ w).detach()
        exact = ball.eps * ball.dual_norm(w[None]).detach().expand(50)
        torch.testing.assert_close(gain, exact, rtol=1e-5, atol=1e-6)


def test_sgd_attack_is_the_loop_of_the_first_lesson(net, pictures):
    x, y = pictures[0][:1], pictures[1][:1]
    delta, eps = torch.zeros_like(x, requires_grad=True), 2 / 255
    optimizer = torch.optim.SGD([delta], lr=0.1)
    for _ in range(10):
        loss = -F.cross_entropy(net(x + delta), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            delta.clamp_(-eps, eps)
            delta.copy_((x + delta).clamp(0, 1) - x)
    torch.testing.assert_close(
        sgd_attack(net, x, y, Linf(eps), lr=0.1, steps=10), x + delta.detach()
    )


def test_the_same_seed_gives_the_same_picture(net, pictures):
    x, y = pictures
    runs = [
        pgd(net, x, y, Linf(0.03), steps=3, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    ]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    assert torch.equal(pgd(net, x, y, Linf(0.03)), pgd(net, x, y, Linf(0.03)))


def test_a_batch_is_attacked_picture_by_picture(net, pictures):
    x, y = pictures
    options = {"steps": 4, "random_start": False}
    together = pgd(net, x, y, Linf(0.03), **options)
    alone = torch.cat([pgd(net, a[None], int(b), Linf(0.03), **options) for a, b in zip(x, y)])
    torch.testing.assert_close(together, alone)


@pytest.mark.gpu
def test_cpu_and_gpu_agree(net, pictures):
    x, y = pictures
    here = pgd(net, x, y, L2(0.5), steps=5)
    there = pgd(net.cuda(), x.cuda(), y.cuda(), L2(0.5), steps=5).cpu()
    torch.testing.assert_close(here, there, rtol=1e-3, atol=1e-3)


@BALLS
def test_early_stop_leaves_fooled_pictures_alone(ball, net, pictures):
    x, _ = pictures
    y = net(x).argmax(1)
    y[0] = (y[0] + 1) % 4  # already wrong: nothing to do
    x_adv = pgd(net, x, y, ball, steps=20, early_stop=True, random_start=False)
    assert torch.equal(x_adv[0], x[0])
    full = pgd(net, x, y, ball, steps=20, random_start=False)
    objective = AwayFrom(net, y)
    assert (objective.won(x_adv) >= objective.won(full)).all()


@BALLS
def test_8bit_pictures_survive_a_file(ball, net, pictures):
    x, y = pictures
    x = (x * 255).round() / 255
    x_adv = pgd(net, x, y, ball, steps=10, quantize=True)
    levels = x_adv.double() * 255
    assert (levels - levels.round()).abs().max() < 1e-4
    assert (ball.norm(x_adv.double() - x.double()) <= ball.eps + 1e-7).all()
    assert torch.equal((x_adv * 255).round().to(torch.uint8).float() / 255, x_adv)
    assert AwayFrom(net, y)(x_adv).mean() > AwayFrom(net, y)(x).mean()


def test_a_ball_without_whole_levels_is_refused(pictures):
    x = pictures[0] * 0.9 + 0.001
    for ball in (Linf(1e-4), L2(1e-3)):
        with pytest.raises(ValueError, match="no whole 8-bit levels"):
            to_8bit(x, x, ball)


def test_points_that_are_not_pictures():
    model = nn.Linear(2, 2)
    x = torch.tensor([[3.0, -4.0]])
    x_adv = pgd(model, x, 0, L2(1.0), steps=5, box=None)
    assert L2(1.0).norm(x_adv - x).item() == pytest.approx(1.0, abs=1e-4)
