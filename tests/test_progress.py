"""What is solved is remembered on this machine: never lost, never in the way, and shown plainly."""

import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import exercises
from tools import course, notebooks
from tutlib import __main__, check
from tutlib.check import files, progress
from tutlib.lessons import chapters, solved
from tutlib.lessons.exercises import lesson_1_1, lesson_3_1

ROOT = Path(__file__).resolve().parent.parent
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTLIB_PROGRESS", str(tmp_path / "mine" / "solved.json"))
    monkeypatch.setattr(progress, "_said", set())
    return tmp_path / "mine" / "solved.json"


def run(capsys, *words):
    code = __main__.main(["progress", *words])
    return code, *capsys.readouterr()


def solve(answer=299):
    return check.exercise(answer, lesson_3_1.how_many())


# ---------------------------------------------------------------- remembering


def test_what_is_solved_is_remembered_once(path, capsys):
    assert not solve(300)
    assert not path.exists()
    assert solve()
    ((when,),) = [row.values() for row in progress.read(path).values()]
    assert abs(datetime.now(UTC) - when) < timedelta(minutes=1)
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert solve()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert path.name in os.listdir(path.parent)
    assert os.listdir(path.parent) == [path.name]  # nothing half-written beside it
    assert str(path) not in capsys.readouterr().out


def test_the_output_of_a_check_depends_on_no_record(path, capsys, monkeypatch):
    said = []
    for value in (str(path), str(path), "off"):
        monkeypatch.setenv("TUTLIB_PROGRESS", value)
        solve()
        said.append(capsys.readouterr().out)
    assert len(set(said)) == 1


def test_checks_of_no_lesson_are_not_noted(path):
    assert check.exercise(3, [("it is three", lambda n: n == 3)])
    assert not path.exists()
    assert progress.origin([]) is None


@pytest.mark.parametrize(
    "lesson", [x for x in course.lessons() if x.number], ids=lambda x: x.number
)
def test_every_exercise_is_known_by_its_name(lesson):
    """What a notebook asks for is what the makers of its checks, and so the record, call it."""
    asked = [exercise.name for exercise in exercises.of(lesson.number.replace(".", "-"))]
    (found,) = [entry for entry in solved.course() if entry.number == lesson.number]
    assert sorted(found.names) == sorted(asked)
    assert 2 <= len(asked) <= 4
    assert found.title == lesson.title


def test_the_origin_of_checks_is_found_behind_shared_ones():
    assert progress.origin(lesson_1_1.l2_projection()) == ("1.1", "project_l2")
    shared = lesson_1_1.legal(lambda f: f, None, 0.5)
    assert progress.origin(shared) is None
    assert progress.origin([*shared, *lesson_3_1.how_many()]) == ("3.1", "how_many")


def test_where_the_record_lies(monkeypatch, tmp_path):
    for value, expected in {
        str(tmp_path / "x.json"): tmp_path / "x.json",
        str(tmp_path): tmp_path / "progress.json",
        "~/x.json": Path.home() / "x.json",
        "x.json": Path.home() / "x.json",  # and not in whatever folder a notebook runs
        "off": None,
        " OFF ": None,
        "": None,
    }.items():
        monkeypatch.setenv("TUTLIB_PROGRESS", value)
        assert progress.place() == expected
    monkeypatch.delenv("TUTLIB_PROGRESS")
    lies = progress.place()
    assert lies.is_absolute()
    assert ROOT not in lies.parents
    assert "tutlib" in lies.parts


def test_tests_and_renderings_leave_the_record_alone(tmp_path, monkeypatch):
    assert notebooks.settings(tmp_path, render=False)["TUTLIB_PROGRESS"] == "off"
    assert notebooks.settings(tmp_path, render=True)["TUTLIB_PROGRESS"] == "off"
    words = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    assert 'os.environ["TUTLIB_PROGRESS"] = "off"' in words


# ---------------------------------------------------------------- what may go wrong


def test_a_full_disk_gets_one_quiet_sentence(path, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress, "write_whole", full)
    assert solve()
    first = capsys.readouterr().out.splitlines()
    assert first[-1] == (
        "(Solved, but not noted for `python -m tutlib progress`: No space left on device.)"
    )
    assert solve()
    assert len(capsys.readouterr().out.splitlines()) == len(first) - 1


@pytest.mark.skipif(os.name == "nt", reason="a file in the place of a folder stands for any disk")
def test_a_place_that_cannot_be_written_gets_a_sentence(path, capsys, monkeypatch):
    path.parent.write_text("a file where a folder should be")
    assert solve()
    assert "(Solved, but not noted" in capsys.readouterr().out
    assert path.parent.read_text() == "a file where a folder should be"


def test_no_fault_reaches_the_lesson(capsys, monkeypatch):
    def broken():
        raise RuntimeError("no home")

    monkeypatch.setattr(progress, "place", broken)
    assert solve()
    assert "not noted" in capsys.readouterr().out


def test_a_file_kept_busy_is_not_waited_for_long(path, capsys, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    path.parent.mkdir()
    with files.alone_with(path):
        assert solve()
    assert "another program keeps the file busy" in capsys.readouterr().out
    assert not path.exists()


CORRUPT = {
    "cut off": b'{"solved": {"1.1": {"proj',
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "a list": b"[1, 2]",
    "other words": b'{"done": {}}',
    "a lesson that is no list": b'{"solved": {"1.1": 3}}',
    "no time": b'{"solved": {"1.1": {"project_l2": "yesterday"}}}',
    "a number for a time": b'{"solved": {"1.1": {"project_l2": 3}}}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", CORRUPT.values(), ids=CORRUPT)
def test_a_corrupt_record_is_kept_aside(path, capsys, content):
    path.parent.mkdir()
    path.write_bytes(content)
    code, out, err = run(capsys)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "holds no record" in err
    assert path.read_bytes() == content  # looking changes nothing
    for turn in (1, 2):
        assert solve()
        said = capsys.readouterr().out
        assert f"it is kept as solved-unreadable-{turn}.json." in said
        assert (path.parent / f"solved-unreadable-{turn}.json").read_bytes() == content
        assert progress.read(path)["3.1"].keys() == {"how_many"}
        path.write_bytes(content)


def test_two_kernels_at_once_lose_nothing(path):
    code = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tutlib.check import progress
progress.PATIENCE = 60
for k in range(25):
    progress.add(Path(sys.argv[1]), {sys.argv[2]: {f"e{k}": datetime.now(UTC)}})
"""
    kernels = [
        subprocess.Popen([sys.executable, "-c", code, str(path), number], cwd=ROOT)
        for number in ("1.1", "1.2", "1.3")
    ]
    assert [kernel.wait(240) for kernel in kernels] == [0, 0, 0]
    assert {lesson: len(row) for lesson, row in progress.read(path).items()} == dict.fromkeys(
        ("1.1", "1.2", "1.3"), 25
    )


# ---------------------------------------------------------------- merging

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a slow machine
MOMENTS = st.integers(0, 10).map(lambda hours: NOON + timedelta(hours=hours))
RECORDS = st.dictionaries(
    st.sampled_from(["1.1", "1.2", "10.3"]),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), MOMENTS, min_size=1),
)


@BUSY
@given(RECORDS, RECORDS, RECORDS)
def test_merging_loses_nothing_and_takes_any_order(a, b, c):
    both = progress.merged(a, b)
    assert both == progress.merged(b, a)
    assert progress.merged(both, c) == progress.merged(a, progress.merged(b, c))
    assert progress.merged(both, a) == both
    pairs = {(k, n) for record in (a, b) for k, row in record.items() for n in row}
    assert {(k, n) for k, row in both.items() for n in row} == pairs
    for lesson, name in pairs:
        times = [r[lesson][name] for r in (a, b) if name in r.get(lesson, {})]
        assert both[lesson][name] == min(times)


@BUSY
@given(RECORDS)
def test_a_record_survives_its_file(tmp_path_factory, record):
    file = tmp_path_factory.mktemp("record") / "r.json"
    progress.write(file, record)
    assert progress.read(file) == record


def test_a_time_without_a_zone_is_universal(path):
    path.parent.mkdir()
    path.write_text('{"solved": {"1.1": {"a": "2026-05-04T12:00:00"}}}')
    assert progress.read(path) == {"1.1": {"a": NOON}}


# ---------------------------------------------------------------- the command


def test_the_report_in_plain_letters_on_any_width(path, capsys, monkeypatch):
    progress.write(path, {"1.1": {"project_l2": NOON}, "9.9": {"gone": NOON}})
    for width in ("20", "40", "80", "300"):
        monkeypatch.setenv("COLUMNS", width)
        code, out, err = run(capsys)
        assert (code, err) == (0, "")
        assert out.isascii()
        body = out.rpartition("\n\n")[0]
        assert max(map(len, body.splitlines())) <= max(40, min(100, int(width)))
    for lesson in course.lessons():
        if lesson.number:
            assert f"{lesson.number} {lesson.title}" in out
    count = sum(len(entry.names) for entry in solved.course())
    assert f"1 of {count} exercises solved." in out
    assert "[x..] 1.1 Diving right in" in out
    assert "solved: project_l2" in out
    assert "open: attack_the_sky, without_gradient" in out
    assert "another version of the course: 9.9 gone" in out
    assert str(path) in out


def test_nothing_solved_is_no_error(path, capsys):
    code, out, _ = run(capsys)
    assert code == 0
    assert "0 of " in out
    assert not path.exists()
    assert "x" not in "".join(line[3:6] for line in out.splitlines() if line.startswith("  ["))


def test_a_table_for_a_class(path, capsys, tmp_path):
    later = NOON + timedelta(hours=1)
    progress.write(path, {"10.1": {"z": NOON}, "2.1": {"b": later, "c": NOON}})
    table = tmp_path / "김.csv"
    code, out, _ = run(capsys, "--export", str(table), "--name", "김민지, 3반")
    assert code == 0
    assert "3 solved exercises" in out
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [tuple(row) for row in rows] == [solved.COLUMNS] * 3
    assert [(row["lesson"], row["exercise"]) for row in rows] == [
        ("2.1", "c"), ("2.1", "b"), ("10.1", "z"),
    ]  # fmt: skip
    assert {row["name"] for row in rows} == {"김민지, 3반"}
    assert datetime.fromisoformat(rows[1]["solved_at"]) == later
    code, out, _ = run(capsys, "--export", "-")
    assert list(csv.reader(out.splitlines()))[1] == ["", "2.1", "c", NOON.isoformat()]


def test_a_table_that_cannot_be_written_and_a_name_that_is_a_formula(path, capsys, tmp_path):
    code, _, err = run(capsys, "--export", str(tmp_path / "no" / "such" / "folder.csv"))
    assert (code, len(err.splitlines())) == (1, 1)
    code, _, err = run(capsys, "--export", "-", "--name", "=1+1")
    assert (code, len(err.splitlines())) == (1, 1)


def test_forgetting_is_asked_for(path, capsys, monkeypatch):
    assert run(capsys, "--forget")[0] == 0  # there is nothing yet
    solve()
    for answer, gone in (("", False), ("n", False), (EOFError, False), ("Yes", True)):

        def asked(_, answer=answer):
            if isinstance(answer, str):
                return answer
            raise answer

        monkeypatch.setattr("builtins.input", asked)
        code = run(capsys, "--forget")[0]
        assert path.exists() != gone
        assert code == (0 if gone else 1)
    solve()
    monkeypatch.setattr("builtins.input", None)
    assert run(capsys, "--forget", "--yes")[0] == 0
    assert not path.exists()


def test_off_is_said(capsys, monkeypatch):
    monkeypatch.setenv("TUTLIB_PROGRESS", "off")
    code, out, _ = run(capsys)
    assert code == 1
    assert "TUTLIB_PROGRESS is off" in out


def test_the_chapters_are_called_what_the_readme_calls_them():
    assert {c.number: c.title for c in course.chapters()} == chapters.CHAPTERS


def test_the_file_is_small_and_can_be_read_by_a_person(path):
    solve()
    assert json.loads(path.read_text())["solved"]["3.1"]["how_many"].endswith("+00:00")
