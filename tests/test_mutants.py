"""`make mutants`: its list keeps step with the code, its table counts right, its mutants work."""

import ast
import textwrap
import tomllib
from pathlib import Path

import pytest

from tools import mutants

ROOT = Path(__file__).resolve().parent.parent
LIST = tomllib.loads(mutants.LIST.read_text(encoding="utf-8"))
CHANGES = [*LIST.get("accepted", []), *LIST.get("by_hand", [])]


def source_of(change):
    text = (ROOT / change["module"]).read_text(encoding="utf-8")
    body = ast.parse(text).body
    for name in change["function"].split("."):
        (node,) = [node for node in body if getattr(node, "name", None) == name]
        body = node.body
    return ast.get_source_segment(text, node)


def test_the_modules_and_their_tests_are_there():
    for module, tests in LIST["tests"].items():
        for rule in (module, *tests):
            file, _, test = rule.removeprefix("-").partition("::")
            assert (ROOT / file).is_file(), rule
            assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8") or not test, rule


def test_a_test_takes_part_by_its_rules():
    rules = ["tests/test_a.py", "-tests/test_a.py::test_slow"]
    assert mutants.judges("tests/test_a.py::test_quick[1]", rules)
    assert not mutants.judges("tests/test_a.py::test_slow[1]", rules)
    assert not mutants.judges("tests/test_b.py::test_quick", rules)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change["function"])
def test_every_change_in_the_list_still_fits_the_code(change):
    assert change["module"] in LIST["tests"]
    written = {line.strip() for line in source_of(change).splitlines()}
    if "reason" in change:  # whole lines, as a difference shows them
        assert {line.strip() for line in change["was"].splitlines()} <= written
        kind, _, why = change["reason"].partition(": ")
        assert kind in mutants.REASONS
        assert why
    else:
        assert source_of(change).count(change["was"]) == 1


def entries(fates):
    return [("a.py", "f", f"was {n}", "now", fate) for n, fate in enumerate(fates)]


def accepted(n, reason="equivalent: because"):
    return {"module": "a.py", "function": "f", "was": f"was {n}", "now": "now", "reason": reason}


NO_CHANGE = ("a.py", "f", "", "", "survived")


def test_all_is_well_with_nine_of_ten_and_a_reason(capsys):
    dead = [*["killed"] * 7, "check was interrupted by user", "timeout"]
    found = [NO_CHANGE, *entries([*dead, "survived"])]
    assert not mutants.report(found, [accepted(9, "speed: only slower")])
    out = capsys.readouterr().out
    assert "Every survivor is listed." in out
    assert [line.split()[1:] for line in out.splitlines() if line.startswith("a.py")] == [
        ["10", "9", "1", "1", "0", "90.0"]
    ]


@pytest.mark.parametrize(
    ("found", "listed", "expected"),
    [
        (entries(["killed"] * 10 + ["survived"]), [], "was = 'was 10'"),
        (entries(["killed"] * 10 + ["no tests"]), [], "no tests"),
        (entries(["killed"] * 7 + ["survived"]), [accepted(7, "speed: slower")], "87.5 % are"),
        (entries(["killed"] * 3), [accepted(9)], "no such mutant any more"),
        (entries(["killed"] * 10 + ["survived"]), [accepted(10, "taste: no")], "a reason begins"),
        ([("a.py", "f", "", "", "killed"), *entries(["killed"])], [], "without any change"),
        (entries(["killed", "not checked"]), [], "stopped before the end"),
    ],
)
def test_what_is_wrong_is_said(found, listed, expected, capsys):
    assert mutants.report(found, listed)
    assert expected in capsys.readouterr().out


def test_what_is_equivalent_is_not_counted(capsys):
    found = entries(["killed"] * 9 + ["survived"] * 5)
    assert not mutants.report(found, [accepted(n) for n in range(9, 14)])
    assert "100.0" in capsys.readouterr().out


def test_the_list_can_be_written_by_copying(capsys):
    change = ("a.py", "f", "x = 'a'\ny = 2", "x = 'b'", "survived")
    mutants.report([change], [])
    entry = capsys.readouterr().out.partition("[[accepted]]")[2]
    entry = tomllib.loads("[[accepted]]" + entry.partition("reason")[0] + "reason = 'speed: x'")
    assert not mutants.report([change, *entries(["killed"] * 9)], entry["accepted"])


HOUSE = '''
import contextlib, functools

@contextlib.contextmanager
def gate(log):
    """A docstring of words."""
    log.append("in")
    yield 1 + 1
    log.append("out")

class Box:
    @functools.cached_property
    def twice(self):
        return 2 * 3

    @staticmethod
    def few(n):
        return [i for i in range(n) if i]

def sign(x):
    if x > 0:
        return abs(x).bit_length()
    raise ValueError("this is no number: " + str(x))
'''


@pytest.fixture
def house(monkeypatch):
    """HOUSE with its mutants: its names, and those of its mutants."""
    pytest.importorskip("mutmut")
    from mutmut.mutation import file_mutation, trampoline

    from tools import mutate

    for name in ("create_mutations", "function_trampoline_arrangement"):
        monkeypatch.setattr(file_mutation, name, getattr(file_mutation, name))
    visitor = file_mutation.MutationVisitor
    skips = visitor._skip_node_and_children
    monkeypatch.setattr(visitor, "_skip_node_and_children", skips)
    operators = list(file_mutation.mutation_operators)
    monkeypatch.setattr(file_mutation, "mutation_operators", operators)
    by_hand = {"module": "house.py", "function": "sign", "was": "abs(x)", "now": "-x"}
    mutate.extend([by_hand])
    mutated = file_mutation.mutate_file_contents("house.py", HOUSE)
    names = {"__name__": "house"}
    exec(compile(mutated.code, "house.py", "exec"), names)

    def play(mutant):
        trampoline.set_mutant_under_test(f"house.{mutant}")
        log = []
        with names["gate"](log) as value:
            seen = [value, names["Box"]().twice, names["Box"].few(4), names["sign"](5)]
        return repr([*seen, log])

    monkeypatch.setenv("MUTANT_UNDER_TEST", "")
    yield play, mutated.mutant_names, mutated.code
    trampoline.set_mutant_under_test(None)


def test_decorated_functions_are_mutated_and_still_work(house):
    play, names, _ = house
    plain = play("none")
    assert plain == "[2, 6, [1, 2, 3], 3, ['in', 'out']]"
    answers = {}
    for name in names:
        try:
            answers.setdefault(play(name), []).append(name)
        except ValueError as error:
            answers.setdefault(str(error), []).append(name)
    assert len(answers.pop(plain)) == 3  # the one that is none, x >= 0 and x > 1
    for change in ("[0, 6", "[2, 0.66", "[1, 2]", "[0]", "['out']", "['in']", "['XXinXX'"):
        assert any(change in answer for answer in answers), (change, answers)
    assert "this is no number: 5" in answers  # the condition turned round


def test_words_are_left_alone(house):
    *_, code = house
    assert "XXthis" not in code
    assert "XXA doc" not in code
    assert code.count("raise") == code.count('raise ValueError("this is no number: " + str(x))')


def test_a_change_by_hand_must_fit_exactly_once(house):
    from tools import mutate

    module = mutate.cst.parse_module(textwrap.dedent(HOUSE))
    sign = dict(mutate.functions(module))["sign"]
    for was in ("y", "(x)"):
        with pytest.raises(ValueError, match="exactly once"):
            mutate.rewritten(sign, was, "z")
    changed = mutate.rewritten(sign, "abs(x)", "-x")
    assert "-x.bit_length" in mutate.code(changed.mutated_node)
