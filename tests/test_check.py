"""Claims prove or raise; exercises say what is missing and never raise."""

import math

import numpy as np
import pytest
import torch

from tutlib import check
from tutlib.check import ClaimError, claim


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (0.95, {"at_least": 0.9}),
        (torch.tensor(0.01), {"at_most": 0.1}),
        ((0.0, 0.5, 1.0), {"within": (0, 1)}),
        (torch.tensor([True, True]), {}),
        (np.float32(3), {"equals": 3}),
        ("hog", {"equals": "hog"}),
        ((torch.zeros(()), torch.ones(3)), {"within": (0, 1)}),
        (torch.rand(3, 4), {"at_least": 0, "at_most": 1}),
    ],
)
def test_a_true_claim_prints_a_green_tick_and_the_value(value, bound, capsys):
    claim("so it is", value, **bound)
    line = capsys.readouterr().out
    assert "\x1b[32m✔" in line
    assert "so it is" in line


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (0.85, {"at_least": 0.9}),
        (0.2, {"at_most": 0.1}),
        ((0.5, 1.1), {"within": (0, 1)}),
        (torch.tensor([True, False]), {}),
        (False, {}),
        (math.nan, {"at_least": 0}),
        (math.nan, {"at_most": 0}),
        (math.nan, {"within": (0, 1)}),
        ("wombat", {"equals": "hog"}),
        ([], {"at_least": 0}),
        (torch.tensor([]), {"at_least": 0}),
    ],
)
def test_a_false_claim_raises(value, bound, capsys):
    with pytest.raises(ClaimError, match="so it is"):
        claim("so it is", value, **bound)
    assert not capsys.readouterr().out


def test_a_number_without_a_bound_is_no_claim():
    with pytest.raises(TypeError, match="needs at_least"):
        claim("large", 5.0)


def test_exercises(capsys):
    checks = [("it is even", lambda n: n % 2 == 0), ("it is large", lambda n: n > 10)]
    assert check.exercise(12, checks)
    assert not check.exercise(4, checks)
    assert not check.exercise("twelve", checks)
    assert not check.exercise(None, checks)
    out = capsys.readouterr().out
    assert "TypeError" in out
    assert "not tried yet" in out


def test_the_seed_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("TUTLIB_SEED", "7")
    assert check.seed() == 7
    first = torch.rand(3)
    check.seed()
    assert torch.equal(first, torch.rand(3))
    monkeypatch.delenv("TUTLIB_SEED")
    assert check.seed() == 0
    monkeypatch.setenv("TUTLIB_SEED", "many")
    with pytest.raises(ValueError, match="whole number"):
        check.seed()
