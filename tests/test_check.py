"""Claims prove or raise; exercises say what is missing and never raise."""

import io
import math
import re

import numpy as np
import pytest
import torch
from tqdm import tqdm

from tutlib import check
from tutlib.balls import Linf
from tutlib.check import ClaimError, claim, patience
from tutlib.descent import Steepest, ascend


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


def tried(capsys, function, *checks):
    fine = check.exercise(function, list(checks))
    return bool(fine), capsys.readouterr().out


BRIGHTER = (
    "0.5 becomes 0.6",
    lambda f: torch.equal(f(torch.full((2,), 0.5)), torch.full((2,), 0.6)),
)
IN_RANGE = ("it stays in [0, 1]", lambda f: f(torch.zeros(2)).min() >= 0)


def test_what_is_true_of_a_function_that_does_nothing_earns_no_tick(capsys):
    for function in (lambda x: x, lambda x: None):
        fine, said = tried(capsys, function, IN_RANGE, BRIGHTER)
        assert not fine
        assert "✔" not in said
        assert said.count("✘") >= 1
    fine, said = tried(capsys, lambda x: x + 0.1, IN_RANGE, BRIGHTER)
    assert fine
    assert said.count("✔") == 2


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: None, "returns nothing: is `return` missing"),
        (lambda x: x.add_(0.1), "you changed the input: work on a copy"),
        (lambda x: np.full(2, 0.6), "NumPy array: torch.from_numpy"),
        (lambda x: torch.full((2,), 0.7), r"yours: 0.7, 0.7"),
        (lambda x: torch.ones(7), r"yours: a tensor (7,)"),
    ],
)
def test_what_is_easily_overlooked_is_said(capsys, function, words):
    fine, said = tried(capsys, function, BRIGHTER)
    assert not fine
    assert words in said
    assert said.count("\n") == 1


def test_the_pig_stays_white(capsys):
    pig = torch.full((2,), 0.5)

    def blacken(x):
        x[:] = 0
        return x

    assert not check.exercise(blacken, [("it is black", lambda f: f(pig).max() == 0)])
    assert pig.tolist() == [0.5, 0.5]
    nan = torch.tensor([math.nan])
    assert check.exercise(lambda x: x.clone(), [("as it was", lambda f: f(nan).isnan().all())])


def test_an_exception_is_told_with_its_line(capsys):
    def broken(x):
        y = x + 1
        return y[3]

    _, said = tried(capsys, broken, BRIGHTER)
    line = broken.__code__.co_firstlineno + 2
    assert f"IndexError in line {line}: " in said
    _, said = tried(capsys, lambda x, y: x, BRIGHTER)
    assert "TypeError: " in said
    assert "missing 1 required positional argument" in said


def test_gradients_pass_through_a_watched_function(capsys):
    def slope(f):
        x = torch.tensor(3.0, requires_grad=True)
        (g,) = torch.autograd.grad(f(x), x)
        return g == 6

    assert check.exercise(lambda x: x**2, [("its slope at 3 is 6", slope)])


def test_a_verdict_is_no_stray_line_under_a_cell():
    verdict = check.exercise(3, [("three", lambda n: n == 3)])
    assert (repr(verdict), verdict == True, bool(verdict)) == ("True", True, True)  # noqa: E712
    assert verdict._ipython_display_() is None


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


@pytest.mark.parametrize(
    ("cores", "default", "told", "threads"),
    [(2, 2, "", 1), (1, 1, "", 1), (8, 8, "", 7), (8, 4, "", 4), (8, 8, "8", 8), (2, 2, "2", 2)],
)
def test_a_core_is_left_to_the_rest_of_the_machine(monkeypatch, cores, default, told, threads):
    now = {"threads": default}
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, told)
    monkeypatch.setattr("tutlib.check.threads._cores", lambda: cores)
    monkeypatch.setattr(torch, "get_num_threads", lambda: now["threads"])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: now.update(threads=count))
    check.seed()
    assert now["threads"] == threads


@pytest.fixture
def bars(monkeypatch):
    """The bars that are shown from now on, to readers without any patience."""
    made = []

    class Bar(tqdm):
        def __init__(self, *args, **options):
            super().__init__(*args, **options, file=io.StringIO())
            made.append(self)

    monkeypatch.setattr(patience, "tqdm", Bar)
    monkeypatch.setattr(patience, "PATIENCE", -1.0)
    return made


def test_a_bar_says_in_words_how_far_it_is(bars):
    said = []
    for _ in patience.bar(["a", "b", "c"], "letters"):
        said.append([(b.desc, b.n, b.total) for b in bars])
    assert said == [[], [("letters", 1, 3)], [("letters", 2, 3)]], "before each of them"
    assert [b.disable for b in bars] == [True], "and closed"


def test_a_bar_says_from_the_start_how_long_it_takes(bars):
    said = [str(bars[0]) for _ in patience.bar(["a", "b"], "letters") if bars]
    assert re.fullmatch(r"letters \|.*\| 1 of 2, 00:00 left", said[0])


def test_a_bar_without_an_end_counts(bars):
    said = [str(bars[0]) for _ in patience.bar(iter("ab"), "letters") if bars]
    assert said == ["letters 1, 00:00 so far"]


def test_a_bar_comes_only_where_there_is_something_to_wait_for(bars, monkeypatch):
    assert list(patience.bar([1], "pictures")) == [1]
    assert list(patience.bar([], "pictures")) == []
    with patience.silence():
        assert list(patience.bar([1, 2], "pictures")) == [1, 2]
    monkeypatch.setattr(patience, "PATIENCE", 1e9)
    assert list(patience.bar(iter("ab"), "letters")) == ["a", "b"]
    assert not bars


def test_bars_stay_out_of_bars_and_go_with_the_loop(bars):
    for _ in patience.bar(range(2), "outside"):
        list(patience.bar(range(3), "inside"))  # seen in the first round, when no other is there
    assert [b.desc for b in bars] == ["inside", "outside"]
    for number in patience.bar(range(9), "left early"):
        if number == 2:
            break
    assert bars[-1].desc == "left early"
    assert bars[-1].disable
    assert not patience._shown


def test_the_one_loop_shows_its_steps(bars):
    ascend(lambda x: x.sum(1), torch.zeros(1, 2), Linf(1.0), Steepest(0.1), steps=3)
    assert [(b.desc, b.total) for b in bars] == [("steps", 3)]
