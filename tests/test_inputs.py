"""Wrong input gets one clear sentence."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tutlib import risk
from tutlib.attacks import fgsm, input_gradient, pgd, sgd_attack
from tutlib.balls import L2, Linf
from tutlib.check.inputs import (
    check_effort,
    check_finite,
    check_labels,
    check_logits,
    check_pictures,
    device_of,
)
from tutlib.check.models import at_the_door

ATTACKS = pytest.mark.parametrize("attack", [fgsm, sgd_attack, pgd])
GOOD = torch.full((2, 3, 12, 12), 0.5)


def striped(one, other):
    """Pictures of two values."""
    return torch.tensor([one, other]).float().repeat(2, 3, 12, 6)


CASES = {
    "0 to 255": (GOOD * 255, 0, ValueError, r"in \[0, 1\]; these reach .*: divide by 255"),
    "0 to 255, with black": (striped(0, 255), 0, ValueError, "divide by 255"),
    "normalised": (GOOD - 0.8, 0, ValueError, r"undo the normalisation"),
    "normalised, with white": (striped(-1.96, 2.64), 0, ValueError, "undo the normalisation"),
    "a little too bright": (GOOD + 0.7, 0, ValueError, r"undo the normalisation"),
    "bytes": ((GOOD * 255).byte(), 0, TypeError, "divide by 255"),
    "an array": (GOOD.numpy(), 0, TypeError, "torch.from_numpy"),
    "one picture": (GOOD[0], 0, ValueError, r"x\[None\]"),
    "empty": (GOOD[:0], 0, ValueError, "the batch is empty"),
    "NaN": (GOOD * float("nan"), 0, ValueError, "pictures hold NaN"),
    "label too large": (GOOD, 9, ValueError, "label 9 is outside the model's 4 classes"),
    "label negative": (GOOD, -1, ValueError, "label -1 is outside"),
    "too few labels": (GOOD, torch.zeros(3, dtype=torch.long), ValueError, "one label for each"),
    "float labels": (GOOD, torch.zeros(2), TypeError, "class numbers"),
    "no label": (GOOD, "hog", TypeError, "int or an"),
}


@ATTACKS
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_mistake_gets_its_sentence(attack, case, net):
    x, y, kind, sentence = case
    with pytest.raises(kind, match=sentence) as caught:
        attack(net, x, y, Linf(0.03))
    assert "\n" not in str(caught.value)


@ATTACKS
def test_a_target_outside_the_classes(attack, net):
    with pytest.raises(ValueError, match="label 7 is outside"):
        attack(net, GOOD, 0, Linf(0.03), target=7)


@ATTACKS
def test_a_model_that_answers_nan(attack):
    broken = nn.Sequential(nn.Flatten(), nn.Linear(432, 4))
    nn.init.constant_(broken[1].bias, float("nan"))
    with pytest.raises(ValueError, match=r"model's output .* holds NaN"):
        attack(broken, GOOD, 0, Linf(0.03))


@ATTACKS
def test_a_model_that_answers_no_logits(attack):
    with pytest.raises(ValueError, match=r"logits of shape \(N, K\)"):
        attack(nn.Identity(), GOOD, 0, Linf(0.03))


def test_restarts_must_be_positive(net):
    with pytest.raises(ValueError, match="restarts must be at least 1"):
        pgd(net, GOOD, 0, Linf(0.03), restarts=0)


@pytest.mark.parametrize("options", [{}, {"early_stop": True}])
def test_steps_must_not_be_negative(net, options):
    with pytest.raises(ValueError, match="steps must be 0 or more"):
        pgd(net, GOOD, 0, Linf(0.03), steps=-1, **options)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("effort", [{"steps": -1}, {"restarts": 0}])
def test_no_effort_is_no_measurement(net, fast, effort):
    with pytest.raises(ValueError, match="must be"):
        risk.evaluate(net, GOOD, 0, Linf(0.03), fast=fast, **effort)


@pytest.mark.parametrize("attack", [fgsm, pgd, sgd_attack])
def test_a_target_that_is_the_label_itself(attack, net):
    with pytest.raises(ValueError, match=r"the true label itself for 1 of 2 pictures"):
        attack(net, GOOD, torch.tensor([0, 1]), Linf(0.03), target=1)


def test_the_sentence_names_what_is_wrong():
    with pytest.raises(ValueError, match=r"^y must hold one label for each of the 2 pictures"):
        pgd(lambda x: x, GOOD, torch.zeros(3, dtype=torch.long), Linf(0.03))
    with pytest.raises(ValueError, match=r"^target must hold one label for each"):
        pgd(lambda x: x, GOOD, 0, Linf(0.03), target=torch.zeros(3, dtype=torch.long))
    with pytest.raises(TypeError, match=r"^y must be an int"):
        check_labels(None, GOOD)
    with pytest.raises(TypeError, match=r"^target must hold class numbers"):
        at_the_door(lambda x: x, GOOD, 0, target=torch.zeros(2))


@pytest.mark.parametrize("wrong", [True, torch.tensor([True, False]), 1.5, None, [0, 1]])
def test_what_is_no_class_number_is_no_label(wrong):
    with pytest.raises(TypeError, match="y must"):
        check_labels(wrong, GOOD)


@pytest.mark.parametrize(
    "given", [2, torch.tensor(2), torch.tensor([2, 2]), torch.tensor([2, 2], dtype=torch.uint8)]
)
def test_labels_come_back_as_one_long_number_for_each_picture(given):
    labels = check_labels(given, GOOD)
    assert labels.tolist() == [2, 2]
    assert labels.dtype == torch.long


def test_labels_are_copied_only_where_they_must_be():
    ours = torch.tensor([0, 1])
    assert check_labels(ours, GOOD) is ours
    with torch.inference_mode():
        theirs = torch.tensor([0, 1])
        assert not check_labels(theirs, GOOD).is_inference()
        assert not check_labels(3, GOOD).is_inference()


def test_labels_of_the_last_and_the_first_class_are_inside():
    logits = torch.zeros(2, 4)
    assert check_logits(logits, torch.tensor([0, 3])) is logits
    for label in (4, 5, -1):
        with pytest.raises(ValueError, match=f"label {label} is outside the model's 4 classes: "
                                             "labels go from 0 to 3"):  # fmt: skip
            check_logits(logits, torch.tensor([0, label]))


@pytest.mark.parametrize("shape", [(2,), (2, 4, 1), (3, 4), (1, 4)])
def test_logits_are_one_row_for_each_picture(shape):
    with pytest.raises(ValueError, match=r"N = 2"):
        check_logits(torch.zeros(shape), torch.tensor([0, 0]))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_found_wherever_it_is(bad):
    logits = torch.zeros(2, 4)
    logits[1, 2] = bad
    with pytest.raises(ValueError, match="NaN or infinity"):
        check_logits(logits, torch.tensor([0, 0]))
    with pytest.raises(ValueError, match="NaN or infinity"):
        check_finite(torch.zeros(3), logits, torch.zeros(1))
    check_finite(torch.zeros(3), logits[0])


def test_numbers_whose_sum_is_too_large_are_numbers():
    check_finite(torch.full((2, 3), 3e38), torch.zeros(2))
    check_finite(torch.full((2, 3), 60_000.0, dtype=torch.float16))


def test_logits_are_looked_at_once():
    """No check runs in the loop: one look at the first answer, with the labels that count."""
    answers = iter([torch.zeros(2, 3), torch.full((2, 3), float("nan")), torch.zeros(7)])
    model, y, target = at_the_door(lambda x: next(answers), GOOD, 9, target=2)  # y plays no part
    assert (y.tolist(), target.tolist()) == ([9, 9], [2, 2])
    for shape in ((2, 3), (2, 3), (7,)):
        assert model(GOOD).shape == shape
    model, y, target = at_the_door(lambda x: torch.zeros(2, 3), GOOD, 3)
    assert target is None
    with pytest.raises(ValueError, match="label 3 is outside"):
        model(GOOD)


def test_pictures_may_touch_their_box_and_not_leave_it():
    edge = torch.tensor([[-0.5, 2.0]])
    check_pictures(edge, (-0.5, 2.0))
    check_pictures(edge, None)
    for box in [(-0.4, 2.0), (-0.5, 1.9)]:
        with pytest.raises(ValueError, match=r"these reach from -0\.5 to 2"):
            check_pictures(edge, box)
    check_pictures(GOOD)
    check_pictures(GOOD.clone().requires_grad_())
    for lonely in (torch.tensor(0.5), torch.rand(3)):
        with pytest.raises(ValueError, match=r"a batch \(N, \.\.\.\) is needed"):
            check_pictures(lonely)


def test_the_least_effort():
    check_effort(0, 1)
    check_effort(0)
    for steps, restarts in [(-1, 1), (0, 0), (5, -1)]:
        with pytest.raises(ValueError, match="must be"):
            check_effort(steps, restarts)


def test_chance_is_drawn_on_the_generators_device():
    assert device_of(None).type == "cpu"
    assert device_of(torch.Generator()).type == "cpu"
    elsewhere = SimpleNamespace(device=torch.device("meta"))
    assert device_of(elsewhere).type == "meta"


# ---------------------------------------------------------------- numbers


@ATTACKS
@pytest.mark.parametrize("ball", [Linf(8), Linf(300), Linf(1.001), L2(21)], ids=str)
def test_a_ball_wider_than_black_to_white_is_in_other_units(attack, ball, net):
    with pytest.raises(ValueError, match=r"eps is .*from black to white .*write Linf\(8 / 255\)"):
        attack(net, GOOD, 0, ball)


@ATTACKS
@pytest.mark.parametrize("ball", [Linf(1), L2(20.7)], ids=str)
def test_as_wide_as_black_to_white_is_allowed(attack, ball, net):
    assert attack(net, GOOD, 0, ball).shape == GOOD.shape


@ATTACKS
def test_points_that_are_no_pictures_may_go_anywhere(attack):
    assert attack(lambda p: p, torch.zeros(1, 3), 0, Linf(8), box=None).abs().max() > 0


@pytest.mark.parametrize("ball", [Linf, L2])
@pytest.mark.parametrize("eps", [True, "8/255", None, 0, -1, math.nan, math.inf, torch.ones(2)])
def test_a_radius_is_a_positive_number(ball, eps):
    with pytest.raises(ValueError, match="eps must be a positive number, and this is"):
        ball(eps)


@pytest.mark.parametrize("attack", [pgd, sgd_attack])
@pytest.mark.parametrize("steps", [math.inf, 2.5, 3.0, "3", None, True])
def test_steps_are_counted(attack, steps, net):
    with pytest.raises(TypeError, match="steps must be a whole number, and this is"):
        attack(net, GOOD, 0, Linf(0.03), steps=steps)


def test_endless_steps_end_also_with_early_stop(net):
    with pytest.raises(TypeError, match="steps must be a whole number"):
        pgd(net, GOOD, 0, Linf(0.03), steps=math.inf, early_stop=True)


@pytest.mark.parametrize("length", [-0.1, math.inf, math.nan, True, "far"])
def test_a_step_has_a_length(length, net):
    with pytest.raises(ValueError, match="the length of a step must be 0 or more, and this is"):
        pgd(net, GOOD, 0, Linf(0.03), step_size=length)
    with pytest.raises(ValueError, match="the length of a step must be 0 or more, and this is"):
        sgd_attack(net, GOOD, 0, Linf(0.03), lr=length)


@pytest.mark.parametrize("use", [input_gradient, risk.per_picture, risk.risk])
def test_bytes_are_refused_wherever_a_net_looks(use, net):
    for wrong in (GOOD * 255, (GOOD * 255).byte()):
        with pytest.raises((ValueError, TypeError), match="divide by 255"):
            use(net, wrong, 0)


def test_points_have_gradients_and_errors_too(net):
    assert input_gradient(lambda p: p, torch.tensor([[3.0, -2.0]]), 0, box=None).shape == (1, 2)
    assert risk.per_picture(lambda p: p, torch.tensor([[3.0, -2.0]]), 0, box=None) == 0
