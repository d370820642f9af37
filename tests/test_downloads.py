"""Downloads are whole and verified, or not at all, and every failure is one clear sentence."""

import errno
import hashlib
import itertools
import random
import shutil
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import internet as fake
from tutlib.assets import download
from tutlib.assets.download import DownloadError, NoAnswerError

BODY = random.Random(0).randbytes(400_000)
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def internet(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    net, server = fake.start()
    net.files["net.pth"] = BODY
    yield net
    server.shutdown()
    server.server_close()


@pytest.fixture
def goal(tmp_path):
    return tmp_path / "cache" / "net.pth"


def fetch(internet, goal, **options):
    settings = {"sha256": SHA256[:8], "size": len(BODY), "progress": False} | options
    return download.fetch(internet.url("net.pth"), goal, **settings)


def left(goal):
    return sorted(path.name for path in goal.parent.iterdir()) if goal.parent.exists() else []


def leave_part(goal, body):
    goal.parent.mkdir(exist_ok=True)
    goal.with_name("net.pth.part").write_bytes(body)


def test_a_good_file_arrives_whole(internet, goal):
    assert fetch(internet, goal) == goal
    assert goal.read_bytes() == BODY
    assert left(goal) == ["net.pth"]


def test_a_hash_of_either_kind_and_an_unknown_size_do(internet, goal):
    fetch(internet, goal, sha256="", md5=hashlib.md5(BODY).hexdigest(), size=None)
    assert goal.read_bytes() == BODY


def test_without_a_hash_nothing_is_fetched(internet, goal):
    with pytest.raises(ValueError, match="needs a hash"):
        fetch(internet, goal, sha256="")
    assert internet.asked == []


def test_progress_is_shown(internet, goal, capsys):
    fetch(internet, goal, progress=True)
    shown = capsys.readouterr().err
    assert "net.pth" in shown
    assert "100%" in shown


def test_a_part_is_continued(internet, goal):
    leave_part(goal, BODY[:150_000])
    fetch(internet, goal)
    assert internet.asked == [("net.pth", "bytes=150000-")]
    assert goal.read_bytes() == BODY
    assert left(goal) == ["net.pth"]


def test_a_server_without_ranges_starts_again(internet, goal):
    internet.mood = "no ranges"
    leave_part(goal, BODY[:150_000])
    fetch(internet, goal)
    assert goal.read_bytes() == BODY


def test_a_complete_part_needs_no_network(internet, goal):
    internet.mood = "down"
    leave_part(goal, BODY)
    fetch(internet, goal)
    assert internet.asked == []
    assert goal.read_bytes() == BODY


@pytest.mark.parametrize(
    "part", [b"x" * 1000, b"x" * len(BODY), b"x" * (len(BODY) + 5)], ids=["short", "full", "long"]
)
def test_the_part_of_another_file_is_replaced(internet, goal, part):
    leave_part(goal, part)
    fetch(internet, goal)
    assert goal.read_bytes() == BODY


def test_a_part_beyond_the_end_is_thrown_away(internet, goal):
    leave_part(goal, b"x" * (len(BODY) + 5))
    fetch(internet, goal, size=None)
    assert goal.read_bytes() == BODY


def test_a_line_that_breaks_is_taken_up_again_and_what_came_is_kept(internet, goal, monkeypatch):
    monkeypatch.setattr(download, "CHUNK", 1000)
    internet.mood = "dies"
    with pytest.raises(DownloadError, match=r"broke after 0\.4 of 0\.4 MB: the same command again"):
        fetch(internet, goal)
    assert [wanted for _, wanted in internet.asked] == [
        None, "bytes=200000-", "bytes=300000-", "bytes=350000-",
    ]  # fmt: skip
    assert left(goal) == ["net.pth.part"]
    internet.mood = "good"
    fetch(internet, goal)
    assert internet.asked[-1] == ("net.pth", "bytes=375000-")
    assert goal.read_bytes() == BODY


def test_a_line_that_brings_nothing_is_not_tried_for_ever(internet, goal):
    internet.mood = "dies at once"
    with pytest.raises(DownloadError, match=r"broke after 0\.0 of 0\.4 MB"):
        fetch(internet, goal)
    assert len(internet.asked) == 1


def test_a_line_that_falls_silent_counts_as_broken(internet, goal, monkeypatch):
    monkeypatch.setattr(download, "SILENCE", 1.0)
    monkeypatch.setattr(download, "TRIALS", 1)
    internet.mood = "stops"
    with pytest.raises(DownloadError, match="broke after"):
        fetch(internet, goal)
    assert left(goal) == ["net.pth.part"]


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("another file", "thrown away: its sha256 hash does not begin with"),
        ("truncated", "offers 200,000 bytes, and the file has 400,000"),
        ("html", "sent an HTML page .* log in first"),
        ("html in disguise", "it is an HTML page .*log in first"),
        ("down", "answers 503"),
    ],
)
def test_a_lying_server_leaves_nothing_behind(internet, goal, mood, said):
    internet.mood = mood
    with pytest.raises(DownloadError, match=said):
        fetch(internet, goal)
    assert left(goal) == []


@pytest.mark.parametrize("size", [len(BODY), None])
def test_a_server_that_never_stops_is_stopped(internet, goal, size, monkeypatch):
    monkeypatch.setattr(download, "MOST", 2 * len(BODY))
    internet.mood = "endless"
    with pytest.raises(DownloadError, match=r"the server does not stop after 0\.[48] MB"):
        fetch(internet, goal, size=size)
    assert left(goal) == []
    assert internet.sent < 50 * len(BODY)  # what lies in between is in the pipes


def test_a_server_that_has_nothing_from_any_place_on(internet, goal):
    internet.mood = "416"
    with pytest.raises(DownloadError, match="answers 416"):
        fetch(internet, goal)
    assert len(internet.asked) == 1
    leave_part(goal, BODY[:1000])
    with pytest.raises(DownloadError, match="answers 416"):
        fetch(internet, goal)


@pytest.mark.parametrize("mood", fake.ELSEWHERE)
def test_a_redirect_to_nowhere_says_so_and_blames_no_network(internet, goal, mood):
    internet.mood = mood
    with pytest.raises(DownloadError, match="sends us on to an address that is none") as caught:
        fetch(internet, goal)
    assert not isinstance(caught.value, download.NoAnswerError)
    assert left(goal) == []


@pytest.mark.parametrize(("patience", "seconds"), [(None, 7), (60, 2)])
def test_a_busy_server_is_asked_again_when_it_wants_to_be(
    internet, goal, monkeypatch, patience, seconds
):
    slept = []
    monkeypatch.setattr(download.time, "sleep", slept.append)
    internet.mood = f"busy {seconds}"
    fetch(internet, goal, patience=patience)
    assert slept == [seconds]
    assert goal.read_bytes() == BODY


@pytest.mark.parametrize(("patience", "wants"), [(None, "3600"), (60, "7"), (None, "tomorrow")])
def test_nobody_waits_for_ever(internet, goal, monkeypatch, patience, wants):
    monkeypatch.setattr(download.time, "sleep", lambda s: pytest.fail("it waited"))
    internet.mood = f"busy {wants}"
    with pytest.raises(DownloadError, match="answers 503"):
        fetch(internet, goal, patience=patience)


def test_truncation_is_noticed_without_a_known_size(internet, goal):
    internet.mood = "truncated"
    with pytest.raises(DownloadError, match="hash does not begin"):
        fetch(internet, goal, size=None)
    assert left(goal) == []


def test_a_wrong_piece_is_refused_and_the_part_kept(internet, goal):
    internet.mood = "wrong piece"
    leave_part(goal, BODY[:1000])
    with pytest.raises(DownloadError, match="another piece"):
        fetch(internet, goal)
    assert goal.with_name("net.pth.part").read_bytes() == BODY[:1000]


@pytest.mark.parametrize("mood", ["another file", "html", "truncated", "down", "dies"])
def test_a_file_that_is_there_survives_a_failed_renewal(internet, goal, mood):
    goal.parent.mkdir()
    goal.write_bytes(b"old")
    internet.mood = mood
    with pytest.raises(DownloadError):
        fetch(internet, goal)
    assert goal.read_bytes() == b"old"


def test_a_missing_file_names_its_address(internet, goal):
    internet.files.clear()
    with pytest.raises(DownloadError, match=r"answers 404 .*net\.pth"):
        fetch(internet, goal)


def test_a_silent_server_costs_no_more_than_the_time_out(internet, goal, monkeypatch):
    internet.mood, waits = "silent", fake.waits(monkeypatch, download, 0.4)
    with pytest.raises(NoAnswerError, match=r"127\.0\.0\.1:\d+ did not answer within 0\.4 s"):
        fetch(internet, goal)
    assert waits == [0.4]
    assert internet.spoke == [], "nobody waited for the server"
    assert left(goal) == []


def test_a_name_that_nobody_looks_up_costs_no_more_either(goal, monkeypatch):
    over, found = threading.Event(), []

    def look_up(*args, **kwargs):
        over.wait(fake.HANGS)
        found.append(args)
        return []

    waits = fake.waits(monkeypatch, download, 0.4)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        with pytest.raises(NoAnswerError, match=r"nowhere\.example did not answer"):
            download.fetch("http://nowhere.example/x", goal, sha256=SHA256, progress=False)
        assert waits == [0.4]
        assert found == [], "nobody waited for the look-up"
    finally:
        over.set()


def test_the_first_answer_may_take_three_seconds():
    assert download.FIRST_ANSWER == 3
    assert download.first_answer.__defaults__ == (0, 3)


def test_without_a_network_it_says_so(goal, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(NoAnswerError, match="cannot be reached"):
        download.fetch(f"http://127.0.0.1:{port}/x", goal, sha256=SHA256)
    assert left(goal) == []


def test_an_unasked_download_loses_patience(internet, goal, monkeypatch):
    """By a clock on which every chunk takes ten seconds; there are thirteen."""

    def clock():
        return SimpleNamespace(monotonic=itertools.count(0, 10).__next__)

    monkeypatch.setattr(download, "time", clock())
    with pytest.raises(DownloadError, match=r"at this speed net.pth would take 2 minutes more"):
        fetch(internet, goal, patience=60)
    assert left(goal) == ["net.pth.part"]
    monkeypatch.setattr(download, "time", clock())
    fetch(internet, goal, patience=180)
    assert goal.read_bytes() == BODY


def test_the_speed_of_the_first_seconds_is_not_taken_seriously(internet, goal, monkeypatch):
    seconds = itertools.count(0, download.GAUGE / 14)
    monkeypatch.setattr(download, "time", SimpleNamespace(monotonic=seconds.__next__))
    fetch(internet, goal, patience=0)
    assert goal.read_bytes() == BODY


def test_an_interruption_keeps_what_came(internet, goal, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_lose_patience", stop)
    with pytest.raises(KeyboardInterrupt):
        fetch(internet, goal)
    assert left(goal) == ["net.pth.part"]
    monkeypatch.undo()
    fetch(internet, goal)
    assert goal.read_bytes() == BODY
    assert internet.asked[-1][1] is not None, "it went on from where it was"


def test_too_little_room_is_said_beforehand(internet, goal, monkeypatch):
    usage = shutil.disk_usage(Path(__file__))._replace(free=1000)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DownloadError, match=r"the disk is full: net.pth needs 0 MB .*TUTLIB_CACHE"):
        fetch(internet, goal)
    assert left(goal) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_disk_that_fills_up_on_the_way_is_given_its_room_back(internet, goal):
    goal.parent.mkdir(exist_ok=True)
    goal.with_name("net.pth.part").symlink_to("/dev/full")  # every write there: no space left
    with pytest.raises(DownloadError, match="the disk is full"):
        fetch(internet, goal)
    assert left(goal) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_is_named(internet, goal, monkeypatch, number):
    def refuse(*args, **kwargs):
        raise OSError(number, "read-only")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DownloadError, match=r"cannot be written to .*TUTLIB_CACHE") as caught:
        fetch(internet, goal)
    assert str(goal.parent) in str(caught.value)


def test_a_file_in_the_folders_place_is_said(internet, tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(DownloadError, match="cannot be written to"):
        fetch(internet, tmp_path / "cache" / "net.pth")


def test_two_programs_do_not_write_into_one_part(internet, goal):
    with download._alone(goal), pytest.raises(DownloadError, match="another program is just"):
        fetch(internet, goal)
    fetch(internet, goal)
    assert goal.read_bytes() == BODY
