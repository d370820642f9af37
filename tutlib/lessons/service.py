"""A prediction service for lesson 2.6: a real HTTP server on this machine, and its client.

It runs in a thread of the kernel, so it ends with it at the latest: there is no process to be
forgotten. What it is asked it counts; whoever asks too fast is told to wait.
"""

from __future__ import annotations

import copy
import math
import socket
import threading
import time

import requests
import torch
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from torch import Tensor

from tutlib.check.inputs import check_count, check_pictures, check_positive

HERE = "127.0.0.1"  # nobody outside of this machine can ask


class Service:
    """A net behind HTTP: ``POST /labels`` and ``/scores`` with 8-bit pictures, ``GET /count``.

    Args:
        net: a module from pictures (N, C, H, W) in [0, 1] to logits; it gets a copy of its own.
        shape: of one picture (C, H, W).
        per_second: pictures that may be asked about in a second, and at most in one request.

    Example:
        >>> with Service(torch.nn.Flatten(), (1, 1, 2), per_second=100) as service:
        ...     client = Client(service.address)
        ...     client.labels(torch.tensor([[[[0.2, 0.9]]]])), client.asked
        (tensor([1]), 1)
    """

    def __init__(
        self, net: torch.nn.Module, shape: tuple[int, int, int], *, per_second: int = 2000
    ):
        check_count("per_second", per_second, 1)
        self.net = copy.deepcopy(net).eval()
        self.shape, self.per_second = tuple(shape), per_second
        self.asked, self.allowed, self.since = 0, float(per_second), time.monotonic()
        self.server = self.thread = None
        self.address = ""

    def __enter__(self) -> Service:
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> Service:
        """Listen on a free port of this machine, until `stop` or the end of the kernel."""
        if self.thread is not None:
            return self
        routes = [
            Route("/labels", self._labels, methods=["POST"]),
            Route("/scores", self._scores, methods=["POST"]),
            Route("/count", self._count),
        ]
        config = uvicorn.Config(Starlette(routes=routes), log_level="critical", lifespan="off",
                                http="h11", ws="none", loop="asyncio",
                                timeout_graceful_shutdown=1)  # fmt: skip
        listening = socket.create_server((HERE, 0))
        self.address = "http://{}:{}".format(*listening.getsockname())
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(
            target=self.server.run, args=([listening],), daemon=True, name="prediction service"
        )
        self.thread.start()
        while not self.server.started and self.thread.is_alive():
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """Close the door. What was counted stays."""
        if self.thread is None:
            return
        self.server.should_exit = True
        self.thread.join(10)
        self.server = self.thread = None

    async def _labels(self, request: Request) -> JSONResponse:
        return await self._answer(request, "labels", lambda logits: logits.argmax(1))

    async def _scores(self, request: Request) -> JSONResponse:
        return await self._answer(request, "scores", lambda logits: logits.log_softmax(1))

    async def _count(self, request: Request) -> JSONResponse:
        return JSONResponse({"asked": self.asked})

    async def _answer(self, request: Request, name: str, made) -> JSONResponse:
        body, one = await request.body(), math.prod(self.shape)
        if not body or len(body) % one:
            said = f"send 8-bit pictures of {one} bytes each; these are {len(body)} bytes."
            return JSONResponse({"error": said}, 400)
        many = len(body) // one
        if many > self.per_second:
            said = f"at most {self.per_second} pictures in one request, please; these are {many}."
            return JSONResponse({"error": said}, 413)
        wait = self._wait(many)
        if wait:
            said = f"{self.per_second} pictures a second, please: come back in {wait} s."
            return JSONResponse({"error": said}, 429, {"Retry-After": str(wait)})
        pictures = torch.frombuffer(bytearray(body), dtype=torch.uint8)
        place = next(self.net.parameters(), torch.zeros(())).device
        with torch.inference_mode():
            logits = self.net(pictures.view(-1, *self.shape).to(place).float() / 255)
            answers = made(logits).cpu()
        self.asked += many
        return JSONResponse({name: answers.tolist()})

    def _wait(self, many: int) -> int:
        """Whole seconds until `many` pictures are allowed; 0 is now."""
        now = time.monotonic()
        grown = self.allowed + (now - self.since) * self.per_second
        self.allowed, self.since = min(grown, self.per_second), now
        if self.allowed < many:
            return math.ceil((many - self.allowed) / self.per_second)
        self.allowed -= many
        return 0


class ServiceError(RuntimeError):
    """The service said no, or nothing: one sentence."""


class Client:
    """Asks a service, politely: waits where it is told to, and asks nothing twice.

    Args:
        address: of the service; set `client.address` where it has moved.
        batch: pictures in one request; patience: seconds that it will wait in one go.

    Attributes:
        asked: pictures that were answered by the service; those known before do not count.
        waited: seconds spent waiting because the service said so.

    Example:
        >>> Client("http://127.0.0.1:9").asked
        0
    """

    def __init__(self, address: str, *, batch: int = 500, patience: float = 30.0):
        check_count("batch", batch, 1)
        check_positive("patience", patience)
        self.address, self.batch, self.patience = address, batch, patience
        self.asked, self.waited = 0, 0.0
        self.known: dict[tuple[str, bytes], object] = {}
        self.session = requests.Session()
        self.session.trust_env = False  # this machine needs no proxy

    def labels(self, x: Tensor) -> Tensor:
        """What the service calls each picture: (N, C, H, W) in [0, 1] -> (N,)."""
        return torch.tensor(self._ask("labels", x), device=x.device)

    def scores(self, x: Tensor) -> Tensor:
        """The logarithms of its probabilities: (N, C, H, W) in [0, 1] -> (N, K)."""
        return torch.tensor(self._ask("scores", x), device=x.device)

    def _ask(self, what: str, x: Tensor) -> list:
        check_pictures(x)
        bytes_ = (x.detach().cpu() * 255).round().byte().contiguous().flatten(1).numpy()
        keys = [(what, row.tobytes()) for row in bytes_]
        new = list(dict.fromkeys(key for key in keys if key not in self.known))
        for at in range(0, len(new), self.batch):
            some = new[at : at + self.batch]
            self.known.update(zip(some, self._post(what, b"".join(key[1] for key in some))))
            self.asked += len(some)
        return [self.known[key] for key in keys]

    def _post(self, what: str, body: bytes) -> list:
        while True:
            try:
                answer = self.session.post(
                    f"{self.address}/{what}", data=body, timeout=self.patience
                )
                said = answer.json()
            except requests.RequestException as error:
                raise ServiceError(
                    f"the service at {self.address} is gone; the {self.asked} answers it gave are "
                    "kept: start it again, set client.address, and run the same line once more."
                ) from error
            if answer.status_code == 200:
                return said[what]
            wait = float(answer.headers.get("Retry-After", "inf"))
            if answer.status_code != 429 or wait > self.patience:
                raise ServiceError(f"the service refuses ({answer.status_code}): {said['error']}")
            time.sleep(wait)
            self.waited += wait
