"""What pyproject.toml, environment.yml, constraints.txt and the README say agrees."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import make, setup_env

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
CONDA_NAMES = {"torch": "pytorch"}  # where conda-forge calls a package something else
INSTALLED_AS = {
    "PIL": "pillow", "IPython": "ipython", "sklearn": "scikit-learn", "skimage": "scikit-image",
}  # fmt: skip
HERE = {"tutlib", *sys.stdlib_module_names}
COMES_ALONG = {"ipython": "ipywidgets", "jupyter-client": "jupyterlab"}  # with what is declared
FREE = {"torch", "torchvision"}  # a learner's own build is kept


def needs(lines):
    found = {}
    for line in lines:
        requirement = Requirement(line)
        found[canonicalize_name(requirement.name)] = str(requirement.specifier)
    return found


WANTED = needs(PROJECT["dependencies"])
EXTRA = needs(line for lines in PROJECT["optional-dependencies"].values() for line in lines)


def constraints():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return needs(line for line in lines if line.strip() and not line.startswith("#"))


def test_conda_gets_what_pip_gets():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = needs(entry for entry in entries if isinstance(entry, str))
    assert conda.pop("python") == PROJECT["requires-python"]
    conda.pop("pip")
    assert conda == {CONDA_NAMES.get(name, name): limit for name, limit in WANTED.items()}
    (pip,) = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    assert pip == ["-e ."]


def test_everything_named_is_constrained_but_torch():
    named = set(WANTED) | set(EXTRA)
    limits = constraints()
    assert named - set(limits) == FREE
    heavy = [name for name in limits if re.match(r"torch(vision|audio)?$|triton|nvidia|cuda", name)]
    assert heavy == []
    assert not [name for name in named & set(limits) if not limits[name].startswith("~=")]


@pytest.mark.parametrize("name", sorted((set(WANTED) | set(EXTRA)) - FREE))
def test_tried_versions_are_allowed_ones(name):
    tried = constraints()[name].removeprefix("~=")
    lower_limit = {**WANTED, **EXTRA}[name]
    assert Requirement(name + lower_limit).specifier.contains(tried)


def imported(folder: str) -> set[str]:
    """The packages that the files of a folder import, by the names they are installed under."""
    names = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.split(".")[0])
    return {INSTALLED_AS.get(name, canonicalize_name(name)) for name in names - HERE}


def test_what_the_package_imports_is_declared_and_nothing_else_is():
    assert imported("tutlib") - set(WANTED) == set(COMES_ALONG)
    assert set(WANTED) - imported("tutlib") == {"jupyterlab", "ipykernel"}


def test_every_folder_of_the_house_is_found():
    """setuptools finds the packages below `tutlib`, and what lies in them besides code."""
    found = PYPROJECT["tool"]["setuptools"]["packages"]["find"]
    assert found == {"include": ["tutlib*"]}
    folders = {path.parent for path in (ROOT / "tutlib").rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)
    others = {path.suffix for path in (ROOT / "tutlib").rglob("*.*")} - {".py", ".pyc"}
    assert {f"*{suffix}" for suffix in others} == set(
        PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
    )


def test_the_set_up_asks_for_the_same_python():
    assert PROJECT["requires-python"] == ">={}.{}".format(*setup_env.OLDEST)


def test_a_new_version_or_place_is_installed_anew(monkeypatch, tmp_path):
    now = setup_env.fingerprint()
    assert setup_env.fingerprint() == now
    for file in ("pyproject.toml", "constraints.txt"):
        (tmp_path / file).write_text((ROOT / file).read_text())
    monkeypatch.setattr(setup_env, "ROOT", tmp_path)
    moved = setup_env.fingerprint()
    with (tmp_path / "constraints.txt").open("a") as file:
        file.write("six<2\n")
    assert len({now, moved, setup_env.fingerprint()}) == 3


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_pages_name_the_commands_and_their_links_resolve(name):
    text = (ROOT / name).read_text()
    assert "make lab" in text
    assert "make test" in text
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        target = "".join(target).split("#")[0]
        if target and "://" not in target:
            assert (ROOT / target).exists(), f"{name} points to {target}, and there is no such file"


def test_every_make_target_a_page_names_exists():
    for page in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"make ([a-z]+)(?:`|  )", (ROOT / page).read_text("utf-8")):
            assert target in make.TASKS, f"{page} says `make {target}`, and there is no such task"


def test_the_readme_asks_for_the_python_that_pyproject_asks_for():
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert f"Python {oldest}" in (ROOT / "README.md").read_text()


# ---------------------------------------------------------------- make lab


@pytest.fixture
def lab(monkeypatch):
    """Open JupyterLab, here or in a container: its command, and the environment it gets."""

    def opened(container, **environment):
        for name in ("JUPYTER_TOKEN", "VIRTUAL_ENV"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PATH", "/usr/bin")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        found = []
        monkeypatch.setattr(setup_env, "in_container", lambda: container)
        monkeypatch.setattr(os, "chdir", lambda folder: None)
        monkeypatch.setattr(os, "execv", lambda program, words: found.extend(words))
        setup_env.open_lab(["--port=9000"])
        return found, dict(os.environ)

    return opened


def told(words, name):
    return [word.partition("=")[2] for word in words if word.startswith(f"--{name}=")]


def test_only_in_a_container_everybody_may_knock_and_then_a_secret_is_asked_for(lab):
    words, _ = lab(container=False)
    assert told(words, "ip") == told(words, "IdentityProvider.token") == []
    tokens = set()
    for _ in range(2):
        words, _ = lab(container=True)
        assert told(words, "ip") == ["0.0.0.0"]
        tokens |= set(told(words, "IdentityProvider.token"))
    assert len(tokens) == 2
    assert min(map(len, tokens)) >= 32
    words, _ = lab(container=True, JUPYTER_TOKEN="mine")
    assert told(words, "IdentityProvider.token") == ["mine"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_also_where_the_users_own_settings_put_another_python_first(lab, tmp_path, monkeypatch):
    monkeypatch.setattr(setup_env, "VENV", tmp_path / "a place" / ".venv")
    (tmp_path / ".bashrc").write_text('PATH="/somewhere/else:$PATH"')
    words, environment = lab(container=False, SHELL=shutil.which("bash"), HOME=str(tmp_path))
    (settings,) = told(words, "ServerApp.terminado_settings")
    shell = [*ast.literal_eval(settings)["shell_command"], "-i", "-c", 'echo "$PATH"']
    said = subprocess.run(shell, env=environment, capture_output=True, text=True, check=True)
    first, second, *_ = said.stdout.strip().split(":")
    assert (first, second) == (str(tmp_path / "a place" / ".venv" / "bin"), "/somewhere/else")


def test_in_its_terminals_python_is_the_courses(lab):
    words, environment = lab(container=False, SHELL="/bin/zsh")
    assert environment["PATH"] == f"{setup_env.VENV / 'bin'}{os.pathsep}/usr/bin"
    assert environment["VIRTUAL_ENV"] == str(setup_env.VENV)
    (settings,) = told(words, "ServerApp.terminado_settings")
    assert ast.literal_eval(settings) == {"shell_command": ["/bin/zsh"]}
    assert words[-1] == "--port=9000"
