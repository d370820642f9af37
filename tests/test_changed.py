"""`make check`: which tests a change can reach, on a small made-up tree under git."""

import math
import subprocess
from pathlib import Path

import pytest

from tools import changed

ROOT = Path(__file__).resolve().parent.parent
TREE = {
    "tutlib/__init__.py": "",
    "tutlib/balls.py": "import torch",
    "tutlib/gan/__init__.py": "from tutlib.gan.game import play",
    "tutlib/gan/game.py": "from tutlib import balls",
    "tutlib/gan/ring.py": "from .. import balls\nfrom . import game",
    "tutlib/style.py": "PAGE = 'page.css'",
    "tutlib/assets.py": "",
    "tools/render.py": "def check():\n    from tutlib import style",
    "tests/conftest.py": "",
    "tests/helper.py": "import tutlib.style",
    "tests/test_balls.py": "from tutlib.balls import Linf",
    "tests/test_gan.py": "from tutlib.gan import play",
    "tests/test_ring.py": "from tutlib.gan import ring",
    "tests/test_style.py": "from tests import helper",
    "tests/test_render.py": "from tools import render",
    "tests/test_lesson.py": 'LESSON = "1-1"',
    "tests/test_data.py": "from tutlib import assets",
    "tutlib/lessons/exercises/lesson_1_1.py": "",
    "tests/test_house.py": "",
}


@pytest.fixture(autouse=True)
def watch(monkeypatch):
    monkeypatch.setattr(changed, "WATCH", {"tutlib/lessons/": "house"})


def units(*paths, tree=TREE):
    reached = changed.reached(dict(tree), set(paths))
    return {Path(p).stem.removeprefix("test_") for p in reached if p.startswith("tests/test_")}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tutlib/balls.py", {"balls", "gan", "ring"}),
        ("tutlib/gan/game.py", {"gan", "ring"}),
        ("tutlib/gan/__init__.py", {"gan"}),
        ("tutlib/gan/ring.py", {"ring"}),
        ("tutlib/style.py", {"style", "render"}),
        ("tutlib/page.css", {"style", "render"}),
        ("tests/helper.py", {"style"}),
        ("tests/test_balls.py", {"balls"}),
        ("notebooks/1-introduction/1-1-diving-right-in.ipynb", {"lesson"}),
        ("tutlib/lessons/exercises/lesson_1_1.py", {"lesson", "house"}),
        ("data/digits.safetensors", {"data"}),
        ("LICENSE", set()),
        (
            "tests/conftest.py",
            {"balls", "gan", "ring", "style", "render", "lesson", "data", "house"},
        ),
    ],
)
def test_a_change_reaches_what_imports_it(path, expected):
    assert units(path) == expected


def test_a_module_that_is_gone_reaches_what_still_imports_it():
    tree = {path: source for path, source in TREE.items() if path != "tutlib/gan/ring.py"}
    assert units("tutlib/gan/ring.py", tree=tree) == {"ring"}


def test_changed_files_come_first_then_the_core_then_the_cheapest(monkeypatch):
    monkeypatch.setattr(changed, "BUDGET", 20)
    monkeypatch.setattr(changed, "CORE", ["core"])
    seconds = {"core": 9, "mine": 8, "cheap": 1, "fair": 2, "dear": 6, "never": math.inf}
    monkeypatch.setattr(changed, "SECONDS", seconds)
    assert changed.chosen(set(seconds), {"mine"}) == (
        ["mine", "core", "cheap", "fair"],
        ["dear", "never"],
    )
    assert changed.chosen({"dear", "never"}, {"never"}) == (["dear"], ["never"])


@pytest.fixture
def tree(tmp_path):
    for path, source in TREE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(source)
    (tmp_path / ".gitignore").write_text("*.log\n")
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x", "--allow-empty")


def test_new_changed_and_deleted_files_are_seen(tree):
    (tree / "tutlib/balls.py").write_text("import math")
    (tree / "tutlib/new file.py").write_text("")
    (tree / "tutlib/noise.log").write_text("")
    (tree / "tutlib/style.py").unlink()
    git(tree, "mv", "tutlib/assets.py", "tutlib/shelves.py")
    expected = {"tutlib/balls.py", "tutlib/new file.py", "tutlib/style.py", "tutlib/assets.py"}
    assert changed.changed_since(tree, "HEAD") == expected | {"tutlib/shelves.py"}
    assert set(changed.sources_in(tree)) == set(TREE) - {"tutlib/style.py", "tutlib/assets.py"} | {
        "tutlib/new file.py",
        "tutlib/shelves.py",
    }


def test_the_base_is_where_the_main_branch_was_left(tree):
    commit(tree)
    assert changed.base_of(tree) == "HEAD~1", "no origin: what the last commit changed counts"
    git(tree, "update-ref", "refs/remotes/origin/main", "HEAD")
    first = changed.git(tree, "rev-parse", "HEAD")
    commit(tree)
    assert changed.base_of(tree) == first
    assert changed.base_of(tree, "HEAD~1") == "HEAD~1"
    with pytest.raises(SystemExit, match="there is no commit 'HEAD~9'"):
        changed.base_of(tree, "HEAD~9")


@pytest.fixture
def quiet(monkeypatch, tree):
    """`main` on the made-up tree; what it would run is written down instead."""
    ran = {}
    monkeypatch.setattr(changed, "ROOT", tree)
    monkeypatch.setattr(changed, "_run", lambda what, command: ran.update({what: command}))
    return ran


def test_it_says_what_it_ran_and_what_it_left_out(tree, quiet, monkeypatch, capsys):
    monkeypatch.setattr(changed, "SECONDS", {"tests/test_ring.py": math.inf})
    (tree / "tutlib/gan/game.py").write_text("")
    (tree / "1-1-pig.ipynb").write_text("{}")
    assert changed.main(["HEAD"]) == 0
    assert quiet["changed notebooks as rendered"][-1] == "1-1-pig.ipynb"
    assert quiet["units"][-2:] == ["tests/test_gan.py", "tests/test_lesson.py"]
    assert "not notebook and not browser" in quiet["units"]
    said = capsys.readouterr().out
    assert "2 files differ" in said
    assert "1 changed notebooks, 2 test files." in said
    assert "make test TESTS='tests/test_ring.py'" in said
    assert "So far all is well" in said


def test_with_nothing_changed_the_core_is_tried(quiet, capsys):
    assert changed.main(["HEAD"]) == 0
    assert quiet["units"][-len(changed.CORE) :] == changed.CORE
    assert "changed notebooks as rendered" not in quiet
    assert "the core: no test knows what changed" in capsys.readouterr().out


def test_what_fails_is_named(quiet, monkeypatch, capsys):
    monkeypatch.setattr(changed, "_run", lambda what, command: what in ("anatomy", "units"))
    assert changed.main(["HEAD"]) == 1
    assert "Failed: anatomy, units." in capsys.readouterr().out


def test_the_lists_know_the_tree(monkeypatch):
    monkeypatch.undo()
    watching = " ".join(changed.WATCH.values()).split()
    for path in (*changed.SECONDS, *changed.CORE, *(f"tests/test_{name}.py" for name in watching)):
        assert (ROOT / path).is_file(), path
    assert sum(changed.SECONDS.get(path, changed.USUAL) for path in changed.CORE) < changed.BUDGET
