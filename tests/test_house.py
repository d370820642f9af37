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

# A module imports from lower floors, or from its own without going round in a circle. A module's
# name is the first one below tutlib: `tutlib/plots/style.py` is `plots`. A new one moves in here;
# `gan_losses.py` lives where `gan.py` lives unless it is named itself.
FLOORS = (
    {"inputs", "check", "checkpoint", "downloads", "photos", "bands", "painted", "world"},
    {"balls", "descent", "nets", "extractors", "classifier"},
    {"attacks", "plane", "diagnose", "fast", "risk", "training", "gan", "style", "maps"},
    {"assets", "real", "datasets", "shelf", "exercises"},
    {"plots"},
    {"controls", "frozen", "job", "live", "pad", "panel", "player"},
    {"widgets"},
    {"recipes", "style_recipes", "doctor", "cli", "__main__"},
)
# Besides: these are asked for by few.
ONLY_FOR = {
    "assets": {"widgets", "recipes", "style_recipes", "doctor", "cli"},
    "world": {"assets", "recipes", "cli"},
    "matplotlib": {"plots", "widgets", "panel"},
    "ipywidgets": {"plots", "widgets", "panel", "live", "pad"},
    "IPython": {"plots", "widgets", "panel", "live"},
}


def module_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0].removesuffix(".py")


def imported(path, source):
    """Every (line, dotted name) that a file imports, relative ones spelt out."""
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{stem}.{alias.name}" for alias in node.names]
            yield from ((node.lineno, name) for name in (names if stem == "tutlib" else [stem]))


def edges(path, source):
    """Which module of the house, or which foreign library, a file leans on: (line, name)."""
    for line, name in imported(path, source):
        parts = name.split(".")
        if parts[0] == "tutlib":
            yield line, parts[1] if len(parts) > 1 else "__init__"
        else:
            yield line, parts[0]


def floor_of(module):
    """The number of its floor; None for what is no module of the house (or has not moved in)."""
    floors = {name: level for level, names in enumerate(FLOORS) for name in names}
    return floors.get(module, floors.get(module.split("_")[0]))


def wrong_imports(path, source):
    here = module_of(path)
    if here == "__init__":
        return [f"{path.name}:{line} the package's door imports {n}" for line, n in
                edges(path, source) if floor_of(n) is not None]  # fmt: skip
    if floor_of(here) is None:
        return [f"{path.name}: say in FLOORS (tests/test_house.py) on which floor {here} lives"]
    found = []
    for line, other in edges(path, source):
        if other == here:
            continue
        if (floor_of(other) or 0) > floor_of(here):
            found.append(f"{path.name}:{line} {here} imports {other}, which lives above it")
        if other in ONLY_FOR and here not in ONLY_FOR[other]:
            allowed = ", ".join(sorted(ONLY_FOR[other]))
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


def test_there_is_no_circle():
    graph = {}
    for path in FILES:
        others = {other for _, other in edges(path, path.read_text())} - {module_of(path)}
        graph.setdefault(module_of(path), set()).update(others)
    assert circle(graph) == []


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
        ("world/light.py", "from ..plots import show", "lives above it"),
        ("plots/style.py", "from tutlib import assets", "only cli, doctor"),
        ("plots/style.py", "def f():\n    import tutlib.assets", "only cli, doctor"),
        ("attacks.py", "import matplotlib.pyplot as plt", "only panel, plots, widgets may"),
        ("attacks.py", "from tutlib import world", "only assets, cli, recipes may"),
        ("novelty.py", "import torch", "on which floor"),
        ("__init__.py", "from tutlib.attacks import pgd", "door"),
    ],
)
def test_a_wrong_import_is_noticed(file, source, expected):
    assert expected in "\n".join(wrong_imports(PACKAGE / file, source))


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("attacks.py", "from tutlib.descent import ascend\nimport torch"),
        ("plots/__init__.py", "from .style import COLOURS\nimport matplotlib.pyplot as plt"),
        ("widgets/pig.py", "from tutlib import assets, plots"),
        ("assets.py", "from tutlib import nets, world"),
    ],
)
def test_a_right_import_passes(file, source):
    assert wrong_imports(PACKAGE / file, source) == []


def test_a_circle_is_noticed():
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
