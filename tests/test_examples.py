"""The examples in the docstrings give what they say, and every public name has one."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import tutlib
from tutlib.balls import L2, Box, Linf
from tutlib.nets import mlp

PACKAGE = Path(tutlib.__file__).parent
ROOMS = ("check", "balls", "descent", "nets", "attacks", "risk", "training", "gan", "style")
# What comes back from a call that has an example, and what is only ever raised.
RECORDS = {"ClaimError", "RiskCurve", "Diagnosis", "Run", "Round", "Trip", "Losses", "Statistics"}
NAMES = {"torch": torch, "nn": nn, "F": F, "Linf": Linf, "L2": L2, "Box": Box, "mlp": mlp}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Plain(doctest.OutputChecker):
    """Colours do not count: a docstring is black on white."""

    def check_output(self, want, got, flags):
        return super().check_output(want, re.sub("\x1b\\[[0-9;]*m", "", got), flags)


def modules(room):
    files = [f for f in (PACKAGE / room).rglob("*.py") if f.stem != "__init__"]
    for file in files or [PACKAGE / f"{room}.py"]:
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        yield importlib.import_module(".".join(parts))


def examples(module):
    found = doctest.DocTestFinder().find(module, globs=NAMES | vars(module))
    return [test for test in found if test.examples]


def failures(test):
    """What goes wrong with an example, in doctest's words."""
    said = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        runner = doctest.DocTestRunner(Plain(), verbose=False, optionflags=FLAGS)
        runner.run(test, out=said.append)
    return "".join(said)


EXAMPLES = [test for room in ROOMS for module in modules(room) for test in examples(module)]


@pytest.mark.parametrize("test", EXAMPLES, ids=lambda test: test.name.removeprefix("tutlib."))
def test_an_example_gives_what_it_says(test):
    assert failures(test) == ""


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_has_an_example(room):
    door = importlib.import_module(f"tutlib.{room}")
    names = getattr(door, "__all__", None) or [
        name
        for name, thing in vars(door).items()
        if getattr(thing, "__module__", "") == door.__name__ and not name.startswith("_")
    ]
    known = {test.name.split(".")[-1] for test in EXAMPLES if test.name.startswith(door.__name__)}
    things = {name for name in names if inspect.isroutine(getattr(door, name))}
    things |= {name for name in names if inspect.isclass(getattr(door, name))}
    assert things, room
    assert things - known - RECORDS == set()


def test_a_wrong_example_is_noticed():
    parse = doctest.DocTestParser().get_doctest
    assert "Expected:" in failures(parse(">>> 1 + 1\n3", {}, "wrong", None, 0))
    assert "NameError" in failures(parse(">>> forgotten", {}, "wrong", None, 0))
    assert not failures(parse(">>> print('\\x1b[32mtrue\\x1b[0m')\ntrue", {}, "right", None, 0))
