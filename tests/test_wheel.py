"""A wheel, installed where nothing of the clone is: the package works, with all that ships."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import tutlib
from tools import setup_env
from tutlib.assets import catalogue

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SOURCES = ("tutlib", "data", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE",
           "LICENSE-CC-BY-4.0", "CHANGELOG.md")  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel, built offline from a copy of the tree, which stays clean, with things left about.

    It is built from the source distribution, as whoever packages the course does.
    """
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    source.mkdir()
    caches = shutil.ignore_patterns("__pycache__")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=caches)
        else:
            shutil.copy(ROOT / name, source / name)
    for name in ("data/notes.txt", "data/net.safetensors.part", "tutlib/scratch.ipynb"):
        (source / name).touch()
    backend = "from setuptools import build_meta; import sys; build_meta.build_{}(sys.argv[1])"
    building(backend.format("sdist"), source, folder)
    shutil.rmtree(source)
    (packed,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(packed, folder, filter="data")
    building(backend.format("wheel"), folder / packed.name.removesuffix(".tar.gz"), folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def building(code, source, target):
    words = [sys.executable, "-c", code, str(target)]
    done = subprocess.run(words, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """run(*words) runs Python where the wheel is installed: no clone, no network, nothing else.

    The libraries it asks for are looked up in the environment of the tests.
    """
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=False)
    python = str(setup_env.python_of(folder))
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    subprocess.run([*install, "--no-deps", "--no-index", str(built)], check=True)
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    libraries = sysconfig.get_paths()["purelib"]
    Path(where.stdout.strip(), "libraries.pth").write_text(
        f"import site; site.addsitedir({libraries!r})\n", encoding="utf-8"
    )
    (folder / "elsewhere").mkdir()
    environment = os.environ | {"TUTLIB_ASSETS": "bundled"}
    for name in ("PYTHONPATH", "TUTLIB_DATA", "PYTHONSTARTUP"):
        environment.pop(name, None)

    def run(*words):
        done = subprocess.run(
            [python, *words], cwd=folder / "elsewhere", env=environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    run.folder = folder
    return run


def test_all_of_the_package_is_inside_and_nothing_else(built):
    names = set(zipfile.ZipFile(built).namelist())
    kinds = {".py"} | {
        Path(kind).suffix for kind in PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
    }
    code = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tutlib").rglob("*.*")
        if path.suffix in kinds
    }
    shipped = {name for entry in catalogue.SHIPPED.values() for name in entry.names}
    data = {f"tutlib/data/{name}" for name in shipped | {"README.md", "figures.json"}}
    assert {name for name in names if ".dist-info/" not in name} == code | data


def test_it_says_its_version_licence_and_what_it_needs(built):
    wheel = zipfile.ZipFile(built)
    (place,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    said = message_from_string(wheel.read(place).decode())
    assert said["Version"] == tutlib.__version__
    assert said.get_all("License-File") == ["LICENSE", "LICENSE-CC-BY-4.0"]
    needed = {
        str(Requirement(line)) for line in said.get_all("Requires-Dist") if "extra ==" not in line
    }
    assert needed == {str(Requirement(line)) for line in PYPROJECT["project"]["dependencies"]}


def test_every_module_is_found_there_and_all_that_ships(installed):
    code = (
        "import importlib, pkgutil, tutlib\n"
        "from tutlib.assets import catalogue\n"
        "names = [m.name for m in pkgutil.walk_packages(tutlib.__path__, 'tutlib.')]\n"
        "for name in names:\n"
        "    name.endswith('__main__') or importlib.import_module(name)\n"
        "files = [f for entry in catalogue.SHIPPED.values() for f in entry.files()]\n"
        "print(tutlib.__file__, catalogue.DATA, all(f.is_file() for f in files), len(names))"
    )
    package, data, complete, modules = installed("-c", code).split()
    assert Path(package).is_relative_to(installed.folder)
    assert Path(data) == Path(package).parent / "data"
    assert complete == "True"
    assert int(modules) == len(list((ROOT / "tutlib").rglob("*.py"))) - 1


def test_the_pig_flies_there(installed):
    code = (
        "from tutlib import assets\n"
        "from tutlib.attacks import pgd\n"
        "from tutlib.balls import Linf\n"
        "net, pig = assets.classifier(), assets.picture('hog')\n"
        "x = pgd(net, pig, net.index('hog'), Linf(2 / 255), steps=20,\n"
        "        target=net.index('airliner'))\n"
        "print(net.index('airliner') == net(x).argmax(1).item(), len(assets.digits().test[0]) > 0)"
    )
    assert installed("-c", code) == "True True\n"


def test_the_command_line_there(installed):
    assert installed("-m", "tutlib", "--version") == f"tutlib {tutlib.__version__}\n"
    report = json.loads(installed("-m", "tutlib", "doctor", "--json"))
    (bundled,) = report["The bundled shelf"]
    assert bundled["kind"] == "ok"
    about = [
        finding for finding in report["This machine"] if "without the lessons" in finding["text"]
    ]
    assert [finding["kind"] for finding in about] == ["note"]


# ---------------------------------------------------------------- the changelog


def test_the_changelog_tells_of_this_version_first():
    """In the form of keepachangelog.com: versions from new to old, each with its day."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## (.+)$", text, flags=re.M)
    assert heads[0] == "[Unreleased]"
    told = [
        re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", head).groups()
        for head in heads[1:]
    ]
    assert told[0][0] == tutlib.__version__, "tutlib/__init__.py and CHANGELOG.md differ"
    numbers = [tuple(map(int, version.split("."))) for version, _ in told]
    assert numbers == sorted(set(numbers), reverse=True)
    days = [day for _, day in told]
    assert days == sorted(days, reverse=True)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, flags=re.M)) <= kinds
    for part in re.split(r"^## ", text, flags=re.M)[2:]:
        assert re.search(r"^### \w+\n\n- ", part, flags=re.M), part.split("\n")[0]
