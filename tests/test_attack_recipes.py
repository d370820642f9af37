"""What each attack is made of: how often it asks the model, where, and how long its steps are."""

import pytest
import torch
from torch import nn

from tutlib.attacks import AwayFrom, Towards, fgsm, input_gradient, pgd, sgd_attack
from tutlib.attacks.objectives import objective_of
from tutlib.balls import L2, Linf

SLOPES = torch.tensor([[-0.3, 0.2, 0.0, 0.5], [0.1, -0.4, 0.0, 0.2], [0.2, 0.2, 0.0, -0.7]])
RECIPES = pytest.mark.parametrize("attack", [fgsm, sgd_attack, pgd])


class Asked:
    """A linear model of four values and three classes that keeps where a gradient was asked for."""

    def __init__(self, offsets=(0.0, 0.0, 0.0)):
        self.points, self.offsets = [], torch.tensor(offsets)

    def __call__(self, x):
        if x.requires_grad:
            self.points.append(x.detach().clone())
        return x @ SLOPES.to(x.dtype).T + self.offsets.to(x.dtype)


def at(*values: float) -> torch.Tensor:
    """One picture of four equal pixels for each value."""
    return torch.tensor(values)[:, None].repeat(1, 4)


@pytest.mark.parametrize(
    ("attack", "questions"),
    [
        (lambda *a: fgsm(*a), 1),
        (lambda *a: sgd_attack(*a), 30),
        (lambda *a: sgd_attack(*a, steps=7), 7),
        (lambda *a: pgd(*a), 40),
        (lambda *a: pgd(*a, steps=5), 5),
        (lambda *a: pgd(*a, steps=0), 0),
        (lambda *a: input_gradient(*a[:3]), 1),
    ],
)
def test_each_step_asks_the_model_once(attack, questions):
    model = Asked()
    attack(model, at(0.5), 0, Linf(0.1))
    assert len(model.points) == questions


@pytest.mark.parametrize("restarts", [1, 2, 3])
def test_each_restart_is_a_whole_attack(restarts):
    model = Asked(offsets=(100.0, 0.0, 0.0))  # nothing fools it
    pgd(model, at(0.5, 0.6), 0, Linf(0.1), steps=5, restarts=restarts)
    assert [len(points) for points in model.points] == [2] * 5 * restarts
    starts = torch.stack(model.points[::5])
    assert len(starts.unique(dim=0)) == restarts  # each from a place of its own


def test_one_run_is_what_there_is_without_asking_for_more():
    model = Asked(offsets=(100.0, 0.0, 0.0))
    pgd(model, at(0.5), 0, Linf(0.1), steps=5)
    assert len(model.points) == 5


def test_restarts_attack_only_what_still_stands():
    class Half(Asked):  # it is fooled wherever the first pixel was dark
        def __call__(self, x):
            return super().__call__(x) + (x[:, :1] > 0.5) * torch.tensor([100.0, 0.0, 0.0])

    model = Half()
    pgd(model, at(0.2, 0.8, 0.2, 0.9), 0, Linf(0.1), steps=2, restarts=3)
    assert [len(points) for points in model.points] == [4, 4, 2, 2, 2, 2]
    assert ((model.points[-1] - at(0.8, 0.9)).abs() <= 0.1).all()


def test_early_stop_is_off_unless_asked_for():
    fooled = Asked(offsets=(-100.0, 0.0, 0.0))
    pgd(fooled, at(0.5), 0, Linf(0.1), steps=5)
    assert len(fooled.points) == 5
    fooled.points.clear()
    pgd(fooled, at(0.5), 0, Linf(0.1), steps=5, early_stop=True)
    assert not fooled.points


@pytest.mark.parametrize(
    ("options", "size"),
    [({}, 2.5 * 0.1 / 40), ({"steps": 5}, 0.05), ({"steps": 5, "step_size": 0.01}, 0.01)],
)
@pytest.mark.parametrize("ball", [Linf(0.1), L2(0.1)], ids=["Linf", "L2"])
def test_a_step_of_pgd_is_two_and_a_half_radii_over_all_steps(options, size, ball):
    model = Asked()
    pgd(model, at(0.5), 0, ball, random_start=False, **options)
    assert torch.equal(model.points[0], at(0.5))
    moved = model.points[1] - model.points[0]
    assert ball.norm(moved).item() == pytest.approx(size, rel=1e-4)


def test_even_a_single_step_of_pgd_reaches_the_far_side_from_everywhere():
    x = torch.full((50, 4), 0.5)
    x_adv = pgd(Asked(offsets=(0.0, 0.0, -99.0)), x, 0, Linf(0.1), steps=1)
    up = SLOPES[1] - SLOPES[0]  # class 2 has no say
    torch.testing.assert_close(x_adv[:, up != 0], (x + 0.1 * up.sign())[:, up != 0])


def test_pgd_starts_at_random_in_the_ball_unless_told_otherwise():
    x, model, ball = at(0.5, 0.4), Asked(), Linf(0.1)
    pgd(model, x, 0, ball, steps=2)
    seed_0 = ball.sample(x, torch.Generator().manual_seed(0))
    assert torch.equal(model.points[0], seed_0)  # the same in every call
    pgd(model, x, 0, ball, steps=2, generator=torch.Generator().manual_seed(7))
    assert torch.equal(model.points[2], ball.sample(x, torch.Generator().manual_seed(7)))
    assert torch.equal(pgd(model, x, 0, ball, steps=0), seed_0)
    assert torch.equal(pgd(model, x, 0, ball, steps=0, random_start=False), x)


def test_fgsm_goes_to_the_edge_of_the_ball_in_one_step():
    loss_up = torch.tensor([0.4, -0.5, 0.0, -0.6])  # slopes of class 1 and 2 less those of class 0
    x_adv = fgsm(Asked(), at(0.5), 0, Linf(0.1))
    torch.testing.assert_close(x_adv, at(0.5) + 0.1 * loss_up.sign())


def test_a_step_of_the_pigs_recipe_is_a_tenth_of_the_gradient():
    model, gradient = Asked(), input_gradient(Asked(), at(0.5), 0)
    for options, lr in [({}, 0.1), ({"lr": 0.3}, 0.3)]:
        model.points.clear()
        sgd_attack(model, at(0.5), 0, Linf(1.0), **options)
        torch.testing.assert_close(model.points[1] - model.points[0], lr * gradient)


def test_the_pigs_recipe_shows_its_way_and_stops_when_told_to():
    seen, model = [], Asked()

    def stop(t, point, values):
        seen.append((t, point))
        return t == 3

    last = sgd_attack(model, at(0.5), 0, Linf(0.5), steps=9, callback=stop)
    assert [t for t, _ in seen] == [0, 1, 2, 3]
    assert torch.equal(last, seen[-1][1])
    assert torch.equal(last, model.points[-1])


@RECIPES
def test_the_box_is_handed_on(attack):
    x = at(0.0)
    for box, low, high in [((-0.05, 0.02), -0.05, 0.02), (None, -0.1, 0.1), ((0, 1), 0, 0.1)]:
        x_adv = attack(lambda p: 100 * Asked()(p), x, 0, Linf(0.1), box=box)
        assert x_adv.min().item() == pytest.approx(low, abs=1e-6)
        assert x_adv.max().item() == pytest.approx(high, abs=1e-6)
    with pytest.raises(ValueError, match=r"pictures must be in \[0\.3, 0\.6\]"):
        attack(Asked(), x, 0, Linf(0.1), box=(0.3, 0.6))


@RECIPES
def test_legal_pixels_are_the_box_unless_told_otherwise(attack):
    x_adv = attack(lambda p: 100 * Asked()(p), at(0.02, 0.97), 1, Linf(0.1))
    assert x_adv.min() == 0
    assert x_adv.max() == 1


def test_early_stop_keeps_to_the_box():
    for box, high in [(None, 1.1), ((0, 1), 1.0), ((0, 1.05), 1.05)]:
        unmoved = Asked(offsets=(100.0, 0.0, 0.0))
        x_adv = pgd(unmoved, at(1.0), 0, Linf(0.1), early_stop=True, steps=4, box=box)
        assert x_adv.max().item() == pytest.approx(high, abs=1e-6)


@RECIPES
def test_a_target_is_where_the_attack_goes(attack):
    x, ball = at(0.5), Linf(0.1)
    for target in (1, 2):
        x_adv = attack(Asked(), x, 0, ball, target=target)
        towards = Towards(Asked(), torch.tensor([target]))
        assert towards(x_adv) > towards(x)
        # No picture of the ball is a better one, where the steps are as long as the ball is wide.
        if attack is not sgd_attack:
            for seed in range(20):
                rival = ball.sample(x, torch.Generator().manual_seed(seed))
                assert towards(x_adv) >= towards(rival) - 1e-6


def test_8bit_levels_are_only_taken_when_asked_for():
    x = at(51 / 255)
    plain = pgd(Asked(), x, 0, Linf(0.0101), steps=3) * 255
    whole = pgd(Asked(), x, 0, Linf(0.0101), steps=3, quantize=True) * 255
    assert (plain - plain.round()).abs().max() > 0.1
    assert (whole - whole.round()).abs().max() < 1e-3


# --- objectives


LOGITS = torch.tensor([[3.0, 1.0, 2.0], [0.0, 4.0, 1.0], [1.0, 0.0, 5.0]])


def test_away_has_won_where_the_label_is_no_longer_the_highest():
    objective = AwayFrom(nn.Identity(), torch.tensor([0, 0, 2]))
    assert objective.won(LOGITS).tolist() == [False, True, False]


def test_towards_has_won_where_the_target_is_the_highest():
    objective = Towards(nn.Identity(), torch.tensor([0, 0, 2]))
    assert objective.won(LOGITS).tolist() == [True, False, True]


@pytest.mark.parametrize("true", [None, torch.tensor([2, 1, 0])])
def test_rows_of_an_objective_are_the_objective_of_these_pictures(true):
    labels, keep = torch.tensor([0, 2, 1]), torch.tensor([2, 0])
    for objective in (AwayFrom(nn.Identity(), labels), Towards(nn.Identity(), labels, true)):
        some = objective.rows(keep)
        torch.testing.assert_close(some(LOGITS[keep]), objective(LOGITS)[keep])
        assert torch.equal(some.won(LOGITS[keep]), objective.won(LOGITS)[keep])


def test_towards_with_the_true_label_looks_at_two_logits():
    objective = Towards(nn.Identity(), torch.tensor([1, 2, 0]), torch.tensor([0, 1, 2]))
    assert objective(LOGITS).tolist() == [1 - 3, 1 - 4, 1 - 5]


@pytest.mark.parametrize("kind", [AwayFrom, Towards])
def test_what_has_won_is_not_decided_by_nan(kind):
    with pytest.raises(ValueError, match="NaN or infinity"):
        kind(nn.Identity(), torch.tensor([0, 0, 0])).won(LOGITS * float("nan"))
    with pytest.raises(ValueError, match="outside the model's 3 classes"):
        kind(nn.Identity(), torch.tensor([0, 3, 0])).won(LOGITS)


def test_an_objective_takes_points_anywhere_unless_there_is_a_box():
    objective_of(Asked(), at(7.0), 0)
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        objective_of(Asked(), at(7.0), 0, box=(0.0, 1.0))


def test_the_input_gradient_is_each_pictures_own():
    x, y = at(0.2, 0.9), torch.tensor([0, 2])
    chances = torch.softmax(Asked()(x), 1)
    for i in range(2):
        by_hand = (chances[i, :, None] * SLOPES).sum(0) - SLOPES[y[i]]
        torch.testing.assert_close(input_gradient(Asked(), x, y)[i], by_hand)
