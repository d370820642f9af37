"""A file from the network: whole and verified, or not at all and one sentence that says why.

What has arrived waits in NAME.part and is added to when the server can (range requests); it gets
its name only after its hash has been checked, so a part is never mistaken for the whole.
"""

from __future__ import annotations

import errno
import hashlib
import queue
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import filelock
import requests
from tqdm.auto import tqdm

from tutlib.check.files import alone_with

FIRST_ANSWER = 3.0  # seconds a server has for its first word
SILENCE = 20.0  # seconds without a byte, in the middle of a file, that count as a broken line
TRIALS = 4  # how often a broken transfer is taken up again, if every time something arrived
GAUGE = 8.0  # seconds after which the speed is taken seriously (see `patience`)
WAIT = 10.0  # seconds that a busy server may ask us to wait (`Retry-After`), and we do
MOST = 2_000_000_000  # bytes, where neither we nor the server knows how many there will be
CHUNK = 1 << 15  # bytes written at once; what a broken line leaves of the last one is lost


class DownloadError(OSError):
    """The file did not come; the message says why and what to do."""


class TooMuchError(Exception):
    """More arrives than the file has."""


class NoAnswerError(DownloadError):
    """Nobody answered in time: there is no network, or it is too slow to begin."""


def fetch(
    url: str,
    path: str | Path,
    *,
    sha256: str = "",
    md5: str = "",
    size: int | None = None,
    patience: float | None = None,
    progress: bool = True,
) -> Path:
    """Download `url` to `path`.

    Args:
        sha256, md5: what the file's hash must begin with (torchvision's file names hold the first
            eight digits); at least one of the two.
        size: the file's size in bytes, if known.
        patience: seconds the rest may take, judged by the speed so far; None: any time.
        progress: show a bar.

    Raises:
        NoAnswerError: no first answer within `FIRST_ANSWER` seconds.
        DownloadError: everything else. A part that can be continued stays; nothing else does.
    """
    path = Path(path)
    if not (sha256 or md5):
        raise ValueError("fetch needs a hash (sha256 or md5): what is not verified is not kept.")
    part = path.with_name(path.name + ".part")
    with _disk_errors(path, size), _alone(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        resumed = part.is_file() and part.stat().st_size > 0
        _receive(url, part, size, patience, progress)
        problem = fault(part, sha256, md5, size)
        if problem and resumed:  # the part may have been of another file: once more, from its start
            part.unlink()
            _receive(url, part, size, patience, progress)
            problem = fault(part, sha256, md5, size)
        if problem:
            part.unlink()
            raise DownloadError(f"{path.name} from {host(url)} was thrown away: {problem}.")
        part.replace(path)
    return path


def fault(path: Path, sha256: str = "", md5: str = "", size: int | None = None) -> str:
    """What is wrong with a file on the disk, in half a sentence; "" if nothing is."""
    with open(path, "rb") as file:
        if _is_html(file.read(64)):
            return "it is an HTML page (does this network want you to log in first?)"
        length = path.stat().st_size
        if size is not None and length != size:
            return f"it has {length:,} bytes and should have {size:,}"
        for kind, expected in (("sha256", sha256), ("md5", md5)):
            file.seek(0)
            if expected and not hashlib.file_digest(file, kind).hexdigest().startswith(expected):
                return f"its {kind} hash does not begin with {expected[:8]}, so it is another file"
    return ""


def host(url: str) -> str:
    """ "https://example.org/a/b" -> "example.org"."""
    return url.split("/")[2]


def first_answer(url: str, start: int = 0, seconds: float = FIRST_ANSWER) -> requests.Response:
    """Ask for a file from byte `start` on; the body is still to be read.

    Looking up a name has no time-out of its own, so a second thread asks and this one waits.

    Raises:
        NoAnswerError: nobody there, or no answer within `seconds`.
    """
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    answers, too_late = queue.Queue(), threading.Event()

    def ask() -> None:
        try:
            answer = requests.get(url, headers=headers, stream=True, timeout=(seconds, SILENCE))
        except Exception as error:  # it is raised, or explained, in the thread that waits
            answers.put(error)
            return
        answers.put(answer)
        if too_late.is_set():
            answer.close()

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        too_late.set()
        raise NoAnswerError(f"{host(url)} did not answer within {seconds:g} s") from None
    if isinstance(answer, requests.exceptions.SSLError):
        raise NoAnswerError(
            f"{host(url)} could not prove who it is (a certificate): is the clock of this machine "
            "right, or does this network want you to log in first?"
        )
    nowhere = requests.TooManyRedirects | requests.URLRequired | ValueError
    if isinstance(answer, nowhere):  # a wrong address is a ValueError, too
        raise DownloadError(f"{host(url)} sends us on to an address that is none: try again later.")
    if isinstance(answer, requests.RequestException | OSError):
        raise NoAnswerError(f"{host(url)} cannot be reached") from answer
    if isinstance(answer, Exception):
        raise answer
    return answer


def _receive(url: str, part: Path, size: int | None, patience: float | None, progress: bool):
    """Fill `part` up to the end of the file, however often the line breaks (within reason)."""
    for trial in range(TRIALS):
        have = part.stat().st_size if part.is_file() else 0
        if size is not None and have > size:
            part.unlink()
            have = 0
        if size is not None and have == size:
            return
        with first_answer(url, have) as answer:
            if answer.status_code == 416 and have:  # it ends before our part: not the same file
                part.unlink()
                continue
            if trial < TRIALS - 1 and (pause := _asked_to_wait(answer, patience)) is not None:
                time.sleep(pause)
                continue
            start, total = _promise(answer, url, have, size)
            _make_sure_of_room(part.parent, (total or 0) - start)
            broken = _write(answer, part, start, total, patience, progress)
        now = part.stat().st_size
        if not broken and (total is None or now >= total):
            return
        if now <= have or trial == TRIALS - 1:
            break
    of = f" of {total / 1e6:.1f}" if total else ""
    raise DownloadError(
        f"the connection to {host(url)} broke after {part.stat().st_size / 1e6:.1f}{of} MB: "
        "the same command again goes on from there."
    )


def _asked_to_wait(answer: requests.Response, patience: float | None) -> float | None:
    """The seconds after which a busy server wants to be asked again, if we have the time."""
    seconds = answer.headers.get("Retry-After", "")
    if answer.status_code not in (429, 503) or not seconds.isdigit():
        return None
    most = WAIT if patience is None else FIRST_ANSWER
    return float(seconds) if float(seconds) <= most else None


def _promise(answer: requests.Response, url: str, have: int, size: int | None):
    """Where the body starts in the file, and how long the file will be; or a `DownloadError`."""
    if answer.status_code not in (200, 206):
        raise DownloadError(
            f"{host(url)} answers {answer.status_code} ({answer.reason}) to {url}: try again later."
        )
    if "html" in answer.headers.get("Content-Type", ""):
        raise DownloadError(
            f"{host(url)} sent an HTML page instead of the file: does this network want you to "
            "log in first?"
        )
    start, total = 0, None
    if answer.status_code == 206:  # "bytes 100-199/200"
        span, _, whole = (
            answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        )
        start, total = have, int(whole) if whole.isdigit() else None
        if span.partition("-")[0] != str(have):
            raise DownloadError(f"{host(url)} sent another piece of the file than was asked for.")
    elif answer.headers.get("Content-Length", "").isdigit():
        total = int(answer.headers["Content-Length"])
    if size is not None and total not in (None, size):
        raise DownloadError(
            f"{host(url)} offers {total:,} bytes, and the file has {size:,}: it is another file."
        )
    return start, total or size


def _write(answer, part: Path, start: int, total: int | None, patience, progress) -> bool:
    """Write the body behind the first `start` bytes; True if the line broke."""
    name = part.name.removesuffix(".part")
    begin, got, most = time.monotonic(), 0, MOST if total is None else total
    bar = tqdm(total=total, initial=start, desc=name, unit="B", unit_scale=True,
               disable=not progress)  # fmt: skip
    with open(part, "ab" if start else "wb") as file, bar:
        try:
            for chunk in answer.iter_content(CHUNK):
                got += len(chunk)
                if start + got > most:
                    raise TooMuchError
                file.write(chunk)
                bar.update(len(chunk))
                _lose_patience(name, total, start + got, got, time.monotonic() - begin, patience)
        except requests.RequestException:
            return True
        except TooMuchError:
            part.unlink()
            raise DownloadError(
                f"{name}: the server does not stop after {most / 1e6:,.1f} MB, so this is another "
                "file; nothing was kept."
            ) from None
    return False


def _lose_patience(name, total, have, got, seconds, patience) -> None:
    if patience is None or total is None or seconds < GAUGE:
        return
    left = (total - have) * seconds / got
    if left > patience:
        raise DownloadError(
            f"at this speed {name} would take {left / 60:.0f} minutes more; what has come is kept."
        )


def _make_sure_of_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(errno.ENOSPC, f"{free / 1e6:.0f} MB free")


def _is_html(head: bytes) -> bool:
    return head.lstrip().lower().startswith((b"<!doctype", b"<html"))


@contextmanager
def _disk_errors(path: Path, size: int | None):
    """What the operating system says about the disk, as a sentence."""
    try:
        yield
    except DownloadError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            path.with_name(path.name + ".part").unlink(missing_ok=True)  # give the room back
            needs = f" needs {size / 1e6:.0f} MB and" if size else ""
            raise DownloadError(
                f"the disk is full: {path.name}{needs} goes to {path.parent}; make room there, or "
                "name a folder on another disk in TUTLIB_CACHE."
            ) from None
        raise DownloadError(
            f"{path.parent} cannot be written to ({error.strerror or error}): name a folder of "
            "your own in TUTLIB_CACHE."
        ) from None


@contextmanager
def _alone(path: Path):
    """Two notebooks that want the same file must not write into the same part."""
    try:
        with alone_with(path):
            yield
    except filelock.Timeout:
        raise DownloadError(
            f"another program is just fetching {path.name}: wait until it is done."
        ) from None
