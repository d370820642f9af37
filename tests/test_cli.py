"""`python -m tutlib doctor` and `fetch`: what they say, what they return."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import internet as fake
from tutlib import __main__
from tutlib.assets import catalogue, doctor, download, obtain
from tutlib.assets.catalogue import ASSETS

ROOT = Path(__file__).resolve().parent.parent
BODY = b"weights" * 1000


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.delenv("TUTLIB_DATA", raising=False)
    monkeypatch.setenv("TUTLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TUTLIB_ASSETS", "auto")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(obtain, "SESSION", obtain.Session())


@pytest.fixture
def internet(monkeypatch):
    """The registry holds three small weights files, all from one server on this machine."""
    net, server = fake.start()
    for name in [name for name in ASSETS if name not in ("resnet50", "squeezenet1_1", "vgg19")]:
        monkeypatch.delitem(ASSETS, name)
    for name, asset in list(ASSETS.items()):
        (known,) = asset.files
        file = dataclasses.replace(known, servers=(net.address,), size=len(BODY),
                                   sha256=hashlib.sha256(BODY).hexdigest())  # fmt: skip
        monkeypatch.setitem(ASSETS, name, dataclasses.replace(asset, files=(file,)))
        net.files[file.name] = BODY
    yield net
    server.shutdown()
    server.server_close()


@pytest.fixture
def healthy(monkeypatch, tmp_path):
    """Whatever this machine lacks of the bundled shelf, the doctor sees all of it."""
    monkeypatch.setattr(catalogue, "DATA", tmp_path / "data")
    for shipped in catalogue.SHIPPED.values():
        for path in shipped.files():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
    return tmp_path / "data"


def run(capsys, *words):
    code = __main__.main(list(words))
    return code, capsys.readouterr()


def kept():
    folder = catalogue.cache_folder()
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


# ---------------------------------------------------------------- fetch


def test_fetch_gets_what_is_named_and_says_where(internet, capsys):
    code, said = run(capsys, "fetch", "vgg19", "resnet50")
    assert code == 0
    assert kept() == ["resnet50-0676ba61.pth", "vgg19-dcbb9e9d.pth"]
    assert f"vgg19 is here now, and verified: {catalogue.cache_folder()}" in said.out
    assert "100%" in said.err, "a bar was shown"
    code, said = run(capsys, "fetch", "vgg19")
    assert code == 0
    assert "is here already" in said.out
    assert len(internet.asked) == 2, "what is here is not fetched again"


def test_fetch_all_gets_all(internet, capsys):
    code, _ = run(capsys, "fetch", "--all")
    assert code == 0
    assert len(kept()) == 3


def test_fetch_mends_a_damaged_file(internet, capsys):
    catalogue.cache_folder().mkdir()
    path = catalogue.cache_folder() / ASSETS["vgg19"].files[0].name
    path.write_bytes(BODY[:-1])
    code, _ = run(capsys, "fetch", "vgg19")
    assert code == 0
    assert path.read_bytes() == BODY


def test_fetch_goes_on_where_it_was_interrupted(internet, capsys, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_lose_patience", stop)
    code, said = run(capsys, "fetch", "vgg19")
    assert code == 130
    assert "stopped; the same command goes on from there" in said.err
    assert kept() == ["vgg19-dcbb9e9d.pth.part"]
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("down", "503"),
        ("html", "HTML page"),
        ("another file", "hash"),
        ("truncated", "offers 3,500 bytes"),
        ("dies at once", "broke after"),
    ],
)
def test_fetch_fails_with_a_sentence_for_each_and_an_exit_code(internet, capsys, mood, said):
    internet.mood = mood
    code, output = run(capsys, "fetch", "vgg19", "resnet50")
    assert code == 1
    for name in ("vgg19", "resnet50"):
        (sentence,) = (line for line in output.err.splitlines() if line.startswith(f"{name}: "))
        assert said in sentence
    assert not [name for name in kept() if name.endswith(".pth")]


def test_without_a_network_fetch_tries_once(internet, capsys, monkeypatch):
    internet.mood, waits = "silent", fake.waits(monkeypatch, download, 0.3)
    code, said = run(capsys, "fetch", "--all")
    assert code == 1
    assert waits == [0.3]
    assert "did not answer within 0.3 s. Nothing more was tried." in said.err
    assert kept() == []


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["fetch"], "one of the arguments NAME --all is required"),
        (["fetch", "vgg"], "there is no 'vgg' to fetch; there are resnet50, "),
        (["fetch", "vgg19", "--all"], "not allowed with"),
        ([], "required"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(words, answer, capsys):
    with pytest.raises(SystemExit) as stopped:
        __main__.main(words)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "usage" in said
    assert answer in said


# ---------------------------------------------------------------- doctor


def test_doctor_says_on_one_screen_what_is_here_and_what_is_not(internet, healthy, capsys):
    run(capsys, "fetch", "squeezenet1_1")
    code, said = run(capsys, "doctor")
    assert code == 0, said.out
    assert "Lessons can run." in said.out
    for word in ("Python 3", "torch 2", "runs on the", "kernel python3 is this Python",
                 "notebooks in", "bundled shelf is complete", "answers", "GB free",
                 "TUTLIB_ASSETS=auto", "python -m tutlib fetch vgg19"):  # fmt: skip
        assert word in said.out
    assert f"here: {catalogue.cache_folder()}" in said.out
    assert said.out.count("missing") == 2
    assert len(said.out.splitlines()) <= 30


def test_doctor_speaks_to_programs_too(internet, healthy, capsys):
    code, said = run(capsys, "doctor", "--json")
    report = json.loads(said.out)
    assert code == 0
    assert {line["kind"] for found in report.values() for line in found} == {"ok", "note"}


def test_doctor_waits_no_longer_than_the_time_out(internet, healthy, capsys, monkeypatch):
    internet.mood, waits = "silent", fake.waits(monkeypatch, download, 0.3)
    code, said = run(capsys, "doctor")
    assert code == 0, "lessons run without a network"
    assert set(waits) == {0.3}
    assert internet.spoke == [], "nobody waited for the server"
    assert "did not answer within 0.3 s; the bundled shelf needs no network" in said.out


def test_doctor_asks_nobody_in_bundled_mode(internet, healthy, capsys, monkeypatch):
    monkeypatch.setenv("TUTLIB_ASSETS", "bundled")
    code, _ = run(capsys, "doctor")
    assert code == 0
    assert internet.asked == []


def problems(capsys):
    code, said = run(capsys, "doctor")
    lines = said.out.splitlines()
    assert code == (1 if any(line.startswith("  !!") for line in lines) else 0)
    return [
        line + (lines[k + 1] if lines[k + 1].startswith("         ->") else "")
        for k, line in enumerate(lines)
        if line.startswith("  !!")
    ]


def test_doctor_finds_what_is_missing_from_the_bundled_shelf(internet, healthy, capsys):
    (healthy / "digits.safetensors").unlink()
    (healthy / "things" / "hog-test.webp").unlink()
    pictures, weights = problems(capsys)
    assert "digits is missing" in weights
    assert "python -m tutlib build digits" in weights
    assert "python -m tutlib build things" in pictures


def test_doctor_finds_a_damaged_file(internet, healthy, capsys):
    catalogue.cache_folder().mkdir()
    (catalogue.cache_folder() / ASSETS["vgg19"].files[0].name).write_bytes(BODY[:-1])
    (line,) = problems(capsys)
    assert "vgg19" in line
    assert "it has 6,999 bytes and should have 7,000" in line
    assert "python -m tutlib fetch vgg19" in line


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TUTLIB_ASSETS", "imaginary", "TUTLIB_ASSETS must be auto, bundled or real"),
        ("TUTLIB_DATA", "/nowhere/at/all", "TUTLIB_DATA names /nowhere/at/all"),
    ],
)
def test_doctor_finds_a_setting_that_makes_no_sense(
    internet, healthy, capsys, monkeypatch, variable, value, said
):
    known = ASSETS["vgg19"]
    places = lambda: [folder / "x" for folder in catalogue.data_folders()]  # noqa: E731
    monkeypatch.setitem(ASSETS, "vgg19", dataclasses.replace(known, places=places))
    monkeypatch.setenv(variable, value)
    assert said in problems(capsys)[0]


def test_doctor_in_real_mode_counts_what_is_missing(internet, healthy, capsys, monkeypatch):
    monkeypatch.setenv("TUTLIB_ASSETS", "real")
    assert ["resnet50" in line for line in problems(capsys)].count(True) == 1


def test_doctor_notes_a_cache_that_cannot_be_written(internet, healthy, capsys, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "NamedTemporaryFile", refuse)
    code, said = run(capsys, "doctor")
    assert code == 0
    assert "cannot be kept in" in said.out
    assert "TUTLIB_CACHE=/path" in said.out


def test_doctor_finds_a_kernel_that_is_another_python(internet, healthy, capsys, monkeypatch):
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    spec = KernelSpec(argv=["/bin/sh", "-m", "ipykernel_launcher"])
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda self, name: spec)
    (line,) = problems(capsys)
    assert "another Python (/bin/sh)" in line
    assert "ipykernel install" in line


def test_doctor_finds_that_the_lessons_are_gone(internet, healthy, capsys, monkeypatch, tmp_path):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    (line,) = problems(capsys)
    assert "there are no notebooks" in line


def test_an_old_torch_is_a_problem(internet, healthy, capsys, monkeypatch):
    real = doctor.metadata.version
    monkeypatch.setattr(
        doctor.metadata, "version", lambda name: "2.4.1+cpu" if name == "torch" else real(name)
    )
    (line,) = problems(capsys)
    assert "torch 2.11 or newer is needed" in line


def test_the_command_itself_runs():
    done = subprocess.run(
        [sys.executable, "-m", "tutlib", "doctor"], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"TUTLIB_ASSETS": "bundled"}, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert done.returncode == (1 if "!!" in done.stdout else 0)
    assert "The real shelf (TUTLIB_ASSETS=bundled)" in done.stdout
