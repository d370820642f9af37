"""The course on every system: no words of a shell, UTF-8 by name, file names that all can hold."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest
import torch

from tools import notebooks
from tutlib import assets
from tutlib.assets import doctor
from tutlib.assets.catalogue import AssetError

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("tutlib", "tools", "benchmarks", "book")
FOUND = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
CODE = sorted(path for path in [*FOUND, ROOT / "setup.py"] if ".venv" not in path.parts)


# ---------------------------------------------------------------- lessons


def shell_words(source):
    """Lines for a shell, IPython's own lines, and calls that need one."""
    lines = [line.strip() for line in source.splitlines()]
    found = [line for line in lines if re.match(r"[!%]|\w+ *= *[!%]|%%", line)]
    return found + re.findall(r"os\.system|os\.popen|subprocess|get_ipython|shell=True", source)


@pytest.mark.parametrize("path", notebooks.find(), ids=lambda path: path.stem)
def test_no_lesson_asks_for_a_shell(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert shell_words("".join(cell["source"])) == [], cell["id"]


@pytest.mark.parametrize("line", ["!pip install x", "  !ls", "%%bash\nls", "%time f()", "a = !ls",
                                  "os.system('ls')", "files = %sx ls"])  # fmt: skip
def test_a_shells_words_are_recognised(line):
    assert shell_words(f"x = 1\n{line}")
    assert not shell_words("x = 5 % 3\nassert x != 2\nlong = (x\n    - 2)")


# ---------------------------------------------------------------- code


def unnamed_encodings(source):
    """Line numbers where text is read or written, and nothing says in which encoding."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = [n for a in (*node.args, *node.keywords) for n in ast.walk(a)]
        words = [n.value for n in given if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        said = any(k.arg == "encoding" for k in node.keywords) or "utf-8" in words
        if name in ("read_text", "write_text") and not said:
            yield node.lineno
        owner = getattr(getattr(node.func, "value", None), "id", "")
        files = name == "open" and owner not in ("Image", "gzip", "tarfile")
        modes = [word for word in words if re.fullmatch(r"[rwax]?[bt]?\+?[bt]?", word)]
        if files and not said and not any("b" in mode for mode in modes):
            yield node.lineno


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_text_is_utf_8_wherever_it_is_read_or_written(path):
    assert list(unnamed_encodings(path.read_text(encoding="utf-8"))) == []


def test_an_unnamed_encoding_is_found():
    lines = ["p.read_text()", "p.write_text(a)", "open(p)", "p.open('w')", "p.open()"]
    assert list(unnamed_encodings("\n".join(lines))) == [1, 2, 3, 4, 5]
    fine = ["p.read_text('utf-8')", "open(p, 'rb')", "p.open('rb+')", "Image.open(p)",
            "p.write_text(a, encoding='utf-8')", "open(p, encoding='utf-8')"]  # fmt: skip
    assert list(unnamed_encodings("\n".join(fine))) == []


UNIX_ONLY = re.compile(
    r"os\.(?:fork|killpg|setsid|getuid|uname|mkfifo)\b|signal\.(?:SIGALRM|SIGKILL|SIGHUP)"
    r"|import (?:fcntl|pwd|grp|pty|termios)\b|os\.path\.(?:join|dirname|basename)|[\"']/tmp/"
)


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_asked_for_that_only_unix_has(path):
    text = path.read_text(encoding="utf-8")
    assert UNIX_ONLY.findall(text) == []
    if "import resource\n" in text:
        assert "except ImportError" in text


def test_where_nobody_adds_up_the_time_of_processes_no_lesson_is_too_long(monkeypatch):
    monkeypatch.setattr(notebooks, "resource", None)
    run = notebooks.Run(notebooks.nbformat.v4.new_notebook(), "", notebooks._cpu_of_children())
    assert not [fault for fault in notebooks.faults(run) if "CPU time" in fault]


# ---------------------------------------------------------------- files


def test_every_system_can_hold_the_files():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = [name for name in listed.stdout.decode().split("\0") if name]
    if not names:  # not a clone
        names = [p.relative_to(ROOT).as_posix() for room in ROOMS for p in (ROOT / room).rglob("*")]
    assert len({name.lower() for name in names}) == len(names)
    devices = {"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(10))}
    for name in names:
        assert re.fullmatch(r"[\w.@/ -]+", name, flags=re.ASCII), name
        assert len(name) <= 120, name
        for part in name.split("/"):
            assert part.split(".")[0].lower() not in devices, name
            assert part == part.strip(" "), name
            assert not part.endswith("."), name
    assert not [name for name in names if (ROOT / name).is_symlink()]


def test_lines_end_alike_everywhere():
    rules = (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert "* text=auto eol=lf" in rules
    for kind in ("safetensors", "webp", "png"):
        assert f"*.{kind} binary" in rules


# ---------------------------------------------------------------- the device, by one rule


@pytest.mark.parametrize(
    ("cuda", "mac", "told", "found"),
    [
        (False, False, None, "cpu"), (True, False, None, "cuda"), (False, True, None, "cpu"),
        (True, False, "cpu", "cpu"), (True, False, "CUDA", "cuda"), (False, False, "", "cpu"),
    ],
)  # fmt: skip
def test_one_rule_says_where_the_course_computes(cuda, mac, told, found, monkeypatch):
    pretend(monkeypatch, cuda, mac, told)
    assert assets.device() == torch.device(found)
    (said,) = doctor.device()
    assert said.kind == "ok"
    assert ("GPU: " in said.text) == (found == "cuda")
    assert ("TUTLIB_DEVICE" in said.text) == (cuda and found == "cpu")
    assert ("Mac" in said.text) == mac


@pytest.mark.parametrize(("told", "why"), [("cuda", "no GPU"), ("mps", "Mac"), ("tpu", "cpu or")])
def test_a_device_that_cannot_be_used_is_refused_in_a_sentence(told, why, monkeypatch):
    pretend(monkeypatch, False, True, told)
    with pytest.raises(AssetError, match=why):
        assets.device()
    assert why in next(f.text for f in doctor.examine()["This machine"] if f.kind == "problem")


def pretend(monkeypatch, cuda, mac, told):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (1, 8e9))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mac)
    if told is None:
        monkeypatch.delenv("TUTLIB_DEVICE", raising=False)
    else:
        monkeypatch.setenv("TUTLIB_DEVICE", told)


def test_nobody_else_looks_for_a_gpu():
    """`together` alone has a rule of its own: as many processes as there are GPUs."""
    asking = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tutlib").rglob("*.py")
        if "cuda.is_available" in path.read_text(encoding="utf-8")
    }
    home = {"tutlib/assets/shelves.py", "tutlib/assets/doctor.py", "tutlib/training/together.py"}
    assert asking == home
