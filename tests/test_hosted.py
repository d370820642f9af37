"""Hosted build machines and notebooks: what they are told is right, and is what the README says."""

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml

from tools import book, colab, course, make

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "tests.yml"
PUBLIC = {"repository": "https://github.com/OWNER/NAME", "branch": "main", "pages": "gh-pages",
          "jupyterhub": ""}  # fmt: skip


# ---------------------------------------------------------------- build machines


def linted(path):
    """The linter's word on a workflow, offline: its schema comes with it."""
    words = ["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_the_linter_has_nothing_to_say_about_the_workflow():
    said = linted(WORKFLOW)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize(
    ("was", "now"),
    [("runs-on:", "run-on:"), ("timeout-minutes: 180", "timeout-minutes: long"), ("jobs:", "job:"),
     ("contents: read", "contents: everything")],
)  # fmt: skip
def test_the_linter_finds_what_is_wrong(was, now, tmp_path):
    text = WORKFLOW.read_text(encoding="utf-8")
    assert was in text
    (tmp_path / "tests.yml").write_text(text.replace(was, now, 1), encoding="utf-8")
    assert linted(tmp_path / "tests.yml").returncode == 1


def test_the_workflow_runs_the_readmes_two_commands_on_three_systems():
    (job,) = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"].values()
    systems = job["strategy"]["matrix"]["system"]
    assert [name.partition("-")[0] for name in systems] == ["ubuntu", "macos", "windows"]
    runs = [step["run"].split() for step in job["steps"] if "run" in step]
    assert [words[:3] for words in runs] == [["python", "-m", "tools.make"]] * len(runs)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    make (\w+)  ", readme, flags=re.M)
    assert [words[3] for words in runs] == commands == ["lab", "test"]
    for words in runs:
        told = [word.partition("=")[0] for word in words[4:]]
        assert set(told) <= set(make.SETTINGS)


def test_the_readme_gives_windows_the_same_two():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "`py -m tools.make lab`" in readme
    assert "`py -m tools.make test`" in readme


# ---------------------------------------------------------------- hosted notebooks


@pytest.fixture
def colab_without_tutlib(monkeypatch):
    """Run the first cell where `here` is installed; what it asks pip for."""

    def run(here):
        asked = []
        requires = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        wanted = [*requires["dependencies"], 'pytest>=8; extra == "test"']
        installed = set(here)

        def call(words):
            assert words[:4] == [sys.executable, "-m", "pip", "install"]
            assert "--no-deps" in words
            asked.append([word for word in words[4:] if not word.startswith("--")])
            installed.update(word.split(" @ ")[0] for word in asked[-1])

        found = lambda: [SimpleNamespace(name=name) for name in installed]  # noqa: E731
        monkeypatch.setattr(metadata, "distributions", found)
        monkeypatch.setattr(metadata, "requires", lambda name: wanted)
        monkeypatch.setattr(subprocess, "check_call", call)
        exec(compile(colab.first_cell(PUBLIC).source, "the first cell", "exec"), {})
        return asked

    return run


def test_the_first_cell_installs_tutlib_and_never_torch(colab_without_tutlib):
    source = "tutlib @ git+https://github.com/OWNER/NAME@main"
    there = ["numpy", "scipy", "scikit_learn", "scikit-image", "matplotlib", "pillow"]
    there += ["safetensors", "requests", "filelock", "tqdm", "ipykernel", "ipywidgets"]
    there += ["platformdirs"]
    asked = colab_without_tutlib([*there, "torch", "torchvision", "starlette", "uvicorn"])
    assert asked == [[source]]
    assert colab_without_tutlib([*there]) == [[source], ["starlette", "uvicorn"]]
    assert colab_without_tutlib([*there, "tutlib", "starlette", "uvicorn"]) == []


def test_the_first_cell_is_python_that_needs_no_shell():
    cell = colab.first_cell(PUBLIC)
    assert not re.search(r"^\s*[!%]", cell.source, flags=re.M)
    assert len(cell.source.splitlines()) <= 25
    assert max(map(len, cell.source.splitlines())) <= 100


@pytest.mark.parametrize("repository", ["", PUBLIC["repository"]])
def test_a_notebook_taken_from_the_book_begins_with_it_once_there_is_an_address(
    repository, monkeypatch, tmp_path
):
    monkeypatch.setattr(course, "settings", lambda: PUBLIC | {"repository": repository})
    monkeypatch.setattr(book, "BOOK", tmp_path)
    lessons = course.lessons()[:2]
    monkeypatch.setattr(course, "lessons", lambda: lessons)
    book.tidy()
    for lesson in lessons:
        offered = tmp_path / "_sources" / f"{lesson.place}.ipynb"
        notebook = nbformat.read(offered, as_version=4)
        nbformat.validate(notebook)
        cells = notebook.cells
        assert (cells[0].id == colab.ID) == bool(repository)
        own = cells[1:] if repository else cells
        assert [cell.source for cell in own] == [cell.source for cell in lesson.read().cells]
        assert not any(cell.get("outputs") for cell in cells)


def test_colab_opens_the_notebook_that_the_book_offers():
    address = colab.address(PUBLIC, "notebooks/start")
    assert address == (
        "https://colab.research.google.com/github/OWNER/NAME/blob/gh-pages/_sources/"
        "notebooks/start.ipynb"
    )
    before = {"text": "Colab", "url": "somewhere else"}
    others = {"text": "Binder", "url": "kept"}
    buttons = [{"label": "launch-buttons", "buttons": [others, before]}, {"label": "search"}]
    colab.redirect(PUBLIC, "notebooks/start", buttons)
    assert (before["url"], others["url"]) == (address, "kept")


def test_binder_finds_what_it_needs_in_the_clone():
    """repo2docker takes environment.yml from the root, unless a folder for Binder hides it."""
    assert (ROOT / "environment.yml").is_file()
    assert not any((ROOT / name).exists() for name in ("binder", ".binder", "Dockerfile"))
    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert "jupyterlab" in json.dumps(entries)


def test_nothing_is_published_yet_or_the_address_is_one():
    told = course.settings()
    assert set(told) == set(PUBLIC)
    assert not told["repository"] or re.fullmatch(r"https://\S+/\S+/\S+", told["repository"])
    assert told["pages"] != told["branch"]
