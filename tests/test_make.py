"""tools/make.py, the one list of tasks: the Makefile and Windows ask it for the same."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import set_up
from tools import make, setup_env

ROOT = Path(__file__).resolve().parent.parent
PYTHON = str(setup_env.PYTHON)
PYTEST = [PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]
SMALL = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def installing(*extras):
    return [sys.executable, "-m", "tools.setup_env", *(w for e in extras for w in ("--extra", e))]


@pytest.fixture
def done(monkeypatch):
    """What the tasks would run, as (words, environment); `done.fails[part]` is an exit status."""

    class Done(list):
        fails: dict = {}  # noqa: RUF012

    done = Done()
    done.fails = {}
    for name in make.SETTINGS:
        monkeypatch.setenv(name, "")

    def run(*words, **environment):
        done.append(([str(word) for word in words], environment))
        return next((status for part, status in done.fails.items() if part in words), 0)

    monkeypatch.setattr(make, "run", run)
    return done


def test_the_makefile_has_these_tasks_and_does_nothing_by_itself():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^TASKS = (.+)$", text, flags=re.M)[1].split() == list(make.TASKS)
    recipes = {line.strip() for line in text.splitlines() if line.startswith("\t")}
    assert recipes == {"@$(PYTHON) -m tools.make $@", "@$(PYTHON) -m tools.make"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no make, which is why there is this file")
@pytest.mark.parametrize("outside", [False, True])
def test_make_hands_on_what_it_is_told(outside, tmp_path):
    echo = tmp_path / "echo.py"
    echo.write_text("import os, sys; print(sys.argv[1:], os.environ['TESTS'])", encoding="utf-8")
    told = "TESTS=tests/test_a.py -k 'one or two'"
    words = ["make", "-s", "test", f"PYTHON={sys.executable} {echo}", *([] if outside else [told])]
    environment = os.environ | (dict([told.split("=", 1)]) if outside else {})
    environment.pop("MAKEFLAGS", None)  # these tests may run in `make test TESTS=...`
    heard = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert heard.stdout == "['-m', 'tools.make', 'test'] tests/test_a.py -k 'one or two'\n"


def test_every_task_sets_up_what_it_needs_and_runs_on_one_thread(done):
    wanted = {
        "lab": [[sys.executable, "-m", "tools.setup_env", "--lab", "--port=8888"]],
        "test": [
            installing("test", "book"), [*PYTEST, "tests"],
            installing("test"), [*PYTEST, "-p", "tests.pretend_gpu", "tests"],
        ],
        "check": [installing("test"), [PYTHON, "-m", "tools.changed"]],
        "gpu": [installing("test"), [*PYTEST, "-p", "tests.pretend_gpu", "tests"]],
        "render": [installing("test"), [PYTHON, "-m", "tools.render"]],
        "book": [installing("book"), [PYTHON, "-m", "tools.book"]],
        "slides": [installing("book"), [PYTHON, "-m", "tools.slides"]],
        "mutants": [installing("test", "mutants"), [PYTHON, "-m", "tools.mutants", "--jobs", "2"]],
        "torture": [
            installing("test"),
            [*PYTEST, "--stress", "tests/test_torture.py", "tests/test_downloads.py",
             "tests/test_lessons_under_stress.py"],
        ],
        "bench": [
            installing(), [PYTHON, "-m", "benchmarks.set_up"],
            [str(setup_env.python_of(set_up.VENV)), "-m", "benchmarks.run"],
        ],
    }  # fmt: skip
    assert set(wanted) == set(make.TASKS) - {"clean"}
    for name, commands in wanted.items():
        done.clear()
        assert make.main([name]) == 0
        assert [words for words, _ in done] == commands
        for words, environment in done:
            setting_up = "tools.setup_env" in words
            assert environment.items() >= ({} if setting_up else SMALL).items()


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (["lab", "PORT=9000", "OPTIONS=--no-browser"], ["--port=9000", "--no-browser"]),
        (["gpu", "TESTS=tests/a.py -k 'b or c'"], ["tests/a.py", "-k", "b or c"]),
        (["gpu", "TESTS=tests/test_mak*.py"], ["tests/test_make.py"]),
        (["check", "BASE=HEAD~3"], ["HEAD~3"]),
        (["render", "NOTEBOOK=notebooks/a lesson.ipynb"], ["notebooks/a lesson.ipynb"]),
        (["mutants", "JOBS=1", "MUTANTS=tutlib/balls.py"], ["--jobs", "1", "tutlib/balls.py"]),
        (["bench", "OPTIONS=--rounds 3"], ["--rounds", "3"]),
    ],
)
def test_what_is_told_arrives(words, ends, done, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))  # `main` writes into it
    assert make.main(words) == 0
    assert done[-1][0][-len(ends) :] == ends


def test_how_much_torture_is_told_by_the_environment(done, monkeypatch):
    assert make.main(["torture"]) == 0
    assert done[-1][1]["TORTURE"] == "1000"
    monkeypatch.setenv("TORTURE", "7")
    assert make.main(["torture"]) == 0
    assert done[-1][1]["TORTURE"] == "7"


def test_a_path_as_windows_writes_it(monkeypatch):
    monkeypatch.setenv("TESTS", r"tests\test_make.py")
    monkeypatch.setattr(make.os, "name", "nt")
    assert make.several("TESTS") == ["tests/test_make.py"]


def test_it_stops_at_what_fails_and_says_so(done):
    done.fails["pytest"] = 1
    assert make.main(["test", "book"]) == 1
    assert len(done) == 2
    done.clear()
    done.fails["pytest"] = make.NO_TESTS  # none without a GPU, and then none with one
    assert make.main(["test"]) == 0
    assert len(done) == 4
    done.clear()
    done.fails["tools.setup_env"] = 3
    assert make.main(["render"]) == 3
    assert len(done) == 1


def test_who_asks_for_something_else_is_told_what_there_is(done, capsys):
    assert make.main(["tset", "TSET=1", "TESTS=tests"]) == "Not known here: tset, TSET=1"
    shown = capsys.readouterr().out
    assert make.main([]) == 0
    assert capsys.readouterr().out == shown
    assert not done
    for name, task in make.TASKS.items():
        assert f"{name}" in shown
        assert task.__doc__ in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_an_old_python_can_read_what_says_that_it_is_old():
    for file in ("tools/make.py", "tools/setup_env.py", "tools/__init__.py"):
        ast.parse((ROOT / file).read_text(encoding="utf-8"), feature_version=(3, 6))


def test_the_exit_status_is_the_programs():
    assert make.run(sys.executable, "-c", "raise SystemExit(7)") == 7
    said = "import os; raise SystemExit(os.environ['SAID'] != 'yes')"
    assert make.run(sys.executable, "-c", said, SAID="yes") == 0


@pytest.mark.skipif(os.name == "nt", reason="a test cannot press Ctrl-C for one process there")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_it_stops_what_it_runs(sign, tmp_path):
    """Ctrl-C reaches both (a terminal sends it to all); whoever ends this one ends the other."""
    ready = tmp_path / "ready"
    child = f"import pathlib, time; pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    words = (
        f"from tools import make; import sys; sys.exit(make.run(sys.executable, '-c', {child!r}))"
    )
    asked = subprocess.Popen(
        [sys.executable, "-c", words], cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True
    )
    while not ready.exists():
        time.sleep(0.05)
    if sign == signal.SIGINT:
        os.killpg(asked.pid, sign)
    else:
        asked.send_signal(sign)
    assert asked.wait(timeout=20) == 128 + sign
    assert b"tools/make.py" not in asked.stderr.read()  # no traceback of its own


def test_clean_leaves_what_belongs_to_the_course(monkeypatch, tmp_path):
    gone = [".venv/bin/python", "build/book/index.html", "tutlib/__pycache__/a.pyc"]
    stays = ["tutlib/a.py", "data/a.safetensors", "buildings.txt"]
    for name in gone + stays:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(make, "ROOT", tmp_path)
    monkeypatch.setattr(setup_env, "VENV", tmp_path / ".venv")
    assert make.clean() == 0
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == set(stays)
    monkeypatch.setattr(setup_env, "VENV", Path(sys.prefix))
    assert "cannot remove" in make.clean()
    assert Path(sys.prefix).exists()


# ---------------------------------------------------------------- the set-up on Windows


def test_where_an_environment_keeps_its_python(monkeypatch):
    for windows, place in ((False, "bin/python"), (True, "Scripts/python.exe")):
        monkeypatch.setattr(setup_env, "WINDOWS", windows)
        assert setup_env.python_of(Path("a")) == Path("a") / place


def test_where_a_program_cannot_become_another_it_waits_for_it(monkeypatch):
    monkeypatch.setattr(setup_env, "WINDOWS", True)
    with pytest.raises(SystemExit) as end:
        setup_env.become([sys.executable, "-c", "raise SystemExit(3)"])
    assert end.value.code == 3


def test_the_peers_are_set_up_once(monkeypatch, tmp_path):
    """No network: an environment that lists nothing to install."""
    empty = tmp_path / "requirements.txt"
    empty.touch()
    for name, value in {"VENV": tmp_path / "v", "LISTED": empty, "STAMP": tmp_path / "v/r"}.items():
        monkeypatch.setattr(set_up, name, value)
    assert set_up.main() == 0
    sees = [setup_env.python_of(tmp_path / "v"), "-c", "import torch"]
    assert subprocess.run(sees, check=False).returncode == 0
    monkeypatch.setattr(subprocess, "run", None)  # a second time runs nothing
    assert set_up.main() == 0
    shutil.rmtree(tmp_path / "v")
