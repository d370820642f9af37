"""Wrong input gets one clear sentence."""

import pytest
import torch
from torch import nn

from tutlib import risk
from tutlib.attacks import fgsm, pgd, sgd_attack
from tutlib.balls import Linf

ATTACKS = pytest.mark.parametrize("attack", [fgsm, sgd_attack, pgd])
GOOD = torch.full((2, 3, 12, 12), 0.5)
CASES = {
    "0 to 255": (GOOD * 255, 0, ValueError, r"in \[0, 1\]; these reach .*: divide by 255"),
    "normalised": (GOOD - 0.8, 0, ValueError, r"undo the normalisation"),
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
