"""The house keeps its order: imports go one way, nothing is unpickled, files stay readable."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tutlib"
FILES = sorted(PACKAGE.rglob("*.py"))
# Lines that are not blank; of a function, without its docstring. The aim is 250 and 40.
LONGEST_FILE, LONGEST_FUNCTION = 300, 60

# Floors, from below. A module imports from lower floors or from its own, never round in a circle;
# a folder is one room, and what lies in it may have floors of its own (`circle` sees to that).
FLOORS = (
    {"check"},
    {"balls", "descent", "nets", "world"},
    {"attacks"},
    {"risk", "training", "gan", "style"},
    {"assets"},
    {"plots"},
    {"panel"},
    {"lessons"},
    {"__main__"},
)
DOORS = {room for floor in FLOORS for room in floor} - {"__main__"}
# Besides: these are asked for by few.
ONLY_FOR = {
    "assets": {"lessons", "__main__"},
    "world": {"assets"},
    "matplotlib": {"plots", "panel", "lessons"},
    "ipywidgets": {"plots", "panel", "lessons"},
    "IPython": {"plots", "panel", "lessons"},
}


def dotted(path):
    """`tutlib/gan/ring.py` -> "tutlib.gan.ring", `tutlib/gan/__init__.py` -> "tutlib.gan"."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path) for path in FILES}


def room(module):
    """The door behind which a module of the house lives: "tutlib.gan.ring" -> "gan"."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imported(path, source):
    """Every (line, module) that a file imports: the submodule, where a name is one."""
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                deeper = f"{stem}.{alias.name}"
                yield node.lineno, deeper if deeper in MODULES or stem == "tutlib" else stem


def level_of(module):
    """The number of its floor; None for what is no module of the house (or has not moved in)."""
    if not module.startswith("tutlib"):
        return None
    return next((n for n, rooms in enumerate(FLOORS) if room(module) in rooms), None)


def wrong_imports(path, source):
    here = dotted(path)
    if here == "tutlib":
        return [f"{path.name}:{line} the package's door imports {other}" for line, other in
                imported(path, source) if level_of(other) is not None]  # fmt: skip
    if level_of(here) is None:
        return [f"{path.name}: say in FLOORS (tests/test_house.py) on which floor {here} lives"]
    found = []
    for line, other in imported(path, source):
        there = room(other) if other.startswith("tutlib") else other.split(".")[0]
        if there == room(here):
            continue
        if (level_of(other) or 0) > level_of(here):
            found.append(f"{path.name}:{line} {here} imports {other}, which lives above it")
        if there in ONLY_FOR and room(here) not in ONLY_FOR[there]:
            allowed = ", ".join(sorted(ONLY_FOR[there]))
            found.append(f"{path.name}:{line} {here} imports {other}; only {allowed} may")
    return found


def circle(graph):
    """A circle in {module: modules it imports}, as a list; [] if there is none."""

    def walk(module, trail):
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in clean:
            return []
        for other in sorted(graph.get(module, ())):
            if round_trip := walk(other, [*trail, module]):
                return round_trip
        clean.add(module)
        return []

    clean = set()
    return next((trip for module in sorted(graph) if (trip := walk(module, []))), [])


PICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib"}


def unpickled(source):
    """(line, what) for everything that could run code hidden in a file of weights or arrays."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in PICKLERS:
            yield node.lineno, f"imports from {node.module}"
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in PICKLERS:
            if not node.attr.endswith("Error"):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            said = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if called == "torch.load" and said.get("weights_only") != "True":
                yield node.lineno, "torch.load without weights_only=True"
            if called in {"torch.hub.load", "torch.jit.load"}:
                yield node.lineno, called
            if said.get("allow_pickle", "False") != "False":
                yield node.lineno, f"{called} with allow_pickle"


def written(lines):
    return sum(bool(line.strip()) for line in lines)


def long_functions(source):
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = written(lines[node.lineno - 1 : node.end_lineno])
            if ast.get_docstring(node):
                count -= written(lines[node.body[0].lineno - 1 : node.body[0].end_lineno])
            if count > LONGEST_FUNCTION:
                yield f"{node.name} has {count} lines"


def name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_go_one_way(path):
    assert wrong_imports(path, path.read_text()) == []


def test_there_is_no_circle_not_even_inside_a_folder():
    graph = {
        dotted(path): {other for _, other in imported(path, path.read_text())} & MODULES
        for path in FILES
    }
    assert circle(graph) == []


def test_the_house_has_the_doors_that_are_on_the_plan():
    doors = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("__")}
    assert doors == DOORS


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=name)
def test_a_folders_door_only_hands_on_and_says_its_idea(path):
    tree = ast.parse(path.read_text())
    assert (ast.get_docstring(tree) or "").split("\n")[0].endswith((".", ","))
    rest = [node for node in tree.body[1:] if not isinstance(node, ast.ImportFrom)]
    named = {ast.unparse(node.targets[0]) for node in rest if isinstance(node, ast.Assign)}
    assert len(rest) == len(named), "something else than imports, __all__ and __version__"
    assert named <= {"__all__", "__version__"}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nothing_is_unpickled(path):
    assert list(unpickled(path.read_text())) == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_are_read_in_one_sitting(path):
    source = path.read_text()
    assert written(source.splitlines()) <= LONGEST_FILE
    assert list(long_functions(source)) == []


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff_has_nothing_to_say(command):
    ruff = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True
    )
    assert ruff.returncode == 0, ruff.stdout + ruff.stderr


# The guards are tried on small offenders.


@pytest.mark.parametrize(
    ("file", "source", "expected"),
    [
        ("balls.py", "from tutlib.attacks import pgd", "lives above it"),
        ("balls.py", "from . import attacks", "lives above it"),
        ("nets/layers.py", "from tutlib.attacks.gradient import pgd", "lives above it"),
        ("gan/ring.py", "from ..plots import show", "lives above it"),
        ("plots/theme.py", "from tutlib import assets", "only __main__, lessons"),
        ("plots/theme.py", "def f():\n    import tutlib.assets.real", "only __main__, lessons"),
        (
            "attacks/gradient.py",
            "import matplotlib.pyplot as plt",
            "only lessons, panel, plots may",
        ),
        ("attacks/gradient.py", "from tutlib import world", "only assets may"),
        ("novelty.py", "import torch", "on which floor"),
        ("__init__.py", "from tutlib.attacks import pgd", "door"),
    ],
)
def test_a_wrong_import_is_noticed(file, source, expected):
    assert expected in "\n".join(wrong_imports(PACKAGE / file, source))


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("attacks/gradient.py", "from tutlib.descent import ascend\nimport torch"),
        ("plots/__init__.py", "from .theme import COLOURS\nimport matplotlib.pyplot as plt"),
        ("lessons/panels/pig.py", "from tutlib import assets, plots"),
        ("assets/bundled.py", "from tutlib import nets, world"),
    ],
)
def test_a_right_import_passes(file, source):
    assert wrong_imports(PACKAGE / file, source) == []


def test_a_circle_is_noticed():
    source = "from tutlib.gan import play\nfrom tutlib.gan import losses"
    seen = [other for _, other in imported(PACKAGE / "gan/game.py", source)]
    assert seen == ["tutlib.gan", "tutlib.gan.losses"]
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle\npickle.load(file)",
        "from pickle import loads",
        "joblib.load(path)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "torch.hub.load('a', 'b')",
    ],
)
def test_unpickling_is_noticed(source):
    assert list(unpickled(source))


@pytest.mark.parametrize(
    "source", ["torch.load(p, weights_only=True)", "np.load(p)", "pickle.UnpicklingError"]
)
def test_loading_safely_passes(source):
    assert not list(unpickled(source))


def test_a_long_function_is_noticed():
    assert list(long_functions("def f():\n" + "    x = 1\n" * LONGEST_FUNCTION))
    assert not list(long_functions("def f():\n" + "    x = 1\n" * (LONGEST_FUNCTION - 1)))
