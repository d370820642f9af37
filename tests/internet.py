"""A small internet on this machine: one server that is good, silent, dying or lying, as told."""

import queue
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

PAGE = b"<!DOCTYPE html><html><body>Welcome to the hotel. Please log in.</body></html>"
ELSEWHERE = {  # where a redirect may lead
    "in circles": "/net.pth",
    "to another scheme": "gopher://example.org/net.pth",
    "to no port": "http://example.org:notaport/net.pth",
    "to no host": "http:///net.pth",
}
HANGS = 60  # seconds after which a silent server gives up, so that a hung test ends


@dataclass
class Internet:
    """`files` are served by name; `mood` says how, `asked` holds (name, Range header) pairs.

    A silent server keeps its silence until the test is `over`; `spoke` holds what broke it.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    mood: str = "good"
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    spoke: list[str] = field(default_factory=list)
    address: str = ""
    sent: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, name):
        return self.address + name


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        net, name = self.server.internet, self.path.strip("/")
        wanted = self.headers.get("Range")
        net.asked.append((name, wanted))
        mood = net.mood
        if mood == "silent":
            self.say_nothing(name)
            return
        if mood == "down" or name not in net.files:
            self.send_error(503 if mood == "down" else 404)
            return
        body = net.files[name]
        if mood == "endless":
            self.never_stop()
            return
        if mood in ELSEWHERE:
            self.send_response(302)
            self.send_header("Location", ELSEWHERE[mood])
            self.end_headers()
            return
        if mood == "416":
            self.send_error(416)
            return
        if mood.startswith("busy"):  # once, for so many seconds
            net.mood = "good"
            self.send_response(503)
            self.send_header("Retry-After", mood.removeprefix("busy "))
            self.end_headers()
            return
        if mood == "html":
            self.answer(200, PAGE, {"Content-Type": "text/html; charset=utf-8"})
        elif mood == "html in disguise":
            self.answer(200, PAGE + b" " * (len(body) - len(PAGE)), {})
        elif mood == "another file":
            self.answer(200, bytes(b ^ 1 for b in body), {})
        elif mood == "truncated":  # and it says so with a straight face
            self.answer(200, body[: len(body) // 2], {})
        elif mood == "wrong piece":
            self.answer(206, body, {"Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}"})
        elif wanted and mood != "no ranges":
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                self.send_response(416)
                self.end_headers()
                return
            span = f"bytes {start}-{len(body) - 1}/{len(body)}"
            self.answer(206, body[start:], {"Content-Range": span})
        else:
            self.answer(200, body, {})

    def answer(self, status, body, headers):
        mood = self.server.internet.mood
        self.send_response(status)
        for key, value in {"Content-Type": "application/octet-stream", **headers}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if mood == "dies":  # the line breaks in the middle, every time
            body = body[: len(body) // 2]
        elif mood == "dies at once":
            body = b""
        if mood == "stops":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.say_nothing("half a file")
        else:
            self.wfile.write(body)
        self.wfile.flush()
        self.close_connection = True

    def never_stop(self):
        """No length is told, and no end is reached."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while not self.server.internet.over.is_set():
            self.wfile.write(bytes(1 << 15))
            self.server.internet.sent += 1 << 15

    def say_nothing(self, name):
        if not self.server.internet.over.wait(HANGS):
            self.server.internet.spoke.append(name)

    def log_message(self, *args):
        """The test's output stays clean."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def server_close(self):
        self.internet.over.set()
        super().server_close()

    def handle_error(self, request, client_address):
        """A client that hangs up is no error here."""


def start() -> tuple[Internet, Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.internet = Internet(address=f"http://127.0.0.1:{server.server_address[1]}/")
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    ).start()
    return server.internet, server


def waits(monkeypatch, module, seconds: float) -> list[float]:
    """First answers may take `seconds` now; each wait of `module` (download) adds its time-out."""
    seen = []

    class Answers(queue.Queue):
        def get(self, block=True, timeout=None):
            seen.append(timeout)
            return super().get(block, timeout)

    monkeypatch.setattr(module.first_answer, "__defaults__", (0, seconds))
    monkeypatch.setattr(module, "queue", SimpleNamespace(Queue=Answers, Empty=queue.Empty))
    return seen
