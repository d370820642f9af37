"""Everything that untargeted PGD runs is read in one sitting: at most a hundred lines of code."""

import ast
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import tutlib
from tutlib.attacks import pgd
from tutlib.balls import Linf

PACKAGE = Path(tutlib.__file__).parent
DOOR = PACKAGE / "check"  # what looks at the input counts where it is called, one line each
MOST = 100


def at_the_door(frame) -> bool:
    """Is this a function of the door, or one that it asks (how far a ball reaches, say)?"""
    while frame is not None and DOOR not in Path(frame.f_code.co_filename).parents:
        frame = frame.f_back
    return frame is not None


def functions_run(call) -> set[tuple[Path, int]]:
    """Where (file, first line) the functions of the package begin that run during `call()`."""
    begun = set()

    def note(frame, event, _):
        file = Path(frame.f_code.co_filename)
        if event == "call" and PACKAGE in file.parents and not at_the_door(frame):
            begun.add((file, frame.f_code.co_firstlineno))

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return begun


def lines_of_code(begun: set[tuple[Path, int]]) -> dict[str, int]:
    """Lines of those functions, signatures and decorators too; not blank ones, not words."""
    counts = {}
    for file in {file for file, _ in begun}:
        source = file.read_text()
        lines, wanted, words = source.splitlines(), set(), set()
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.FunctionDef):
                continue
            first = min(part.lineno for part in (node, *node.decorator_list))
            if {(file, first), (file, node.lineno)} & begun:
                wanted |= set(range(first, node.end_lineno + 1))
                if ast.get_docstring(node):
                    words |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
        code = [lines[n - 1].strip() for n in wanted - words]
        written = sum(bool(line) and not line.startswith("#") for line in code)
        counts[file.relative_to(PACKAGE).as_posix()] = written
    return counts


@pytest.mark.parametrize("restarts", [1, 3])
def test_pgd_is_read_in_one_sitting(restarts):
    net, ball = nn.Sequential(nn.Flatten(), nn.Linear(48, 3)), Linf(0.01)
    x = torch.rand(4, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    y = net(x).argmax(1)
    counts = lines_of_code(functions_run(lambda: pgd(net, x, y, ball, restarts=restarts, steps=3)))
    assert {"attacks/gradient.py", "balls.py", "descent.py", "nets/untouched.py"} <= set(counts)
    assert 60 < sum(counts.values()) <= MOST, counts


def test_the_counting_counts():
    called = functions_run(lambda: Linf(0.1).steepest(torch.ones(1, 2)))
    assert lines_of_code(called) == {"balls.py": 2 + 2}  # with __post_init__, without docstrings
