"""The prediction service of lesson 2.6: real HTTP, counted, polite, and gone with its kernel."""

import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest
import requests
import torch
from torch import nn

from tests.conftest import small_net
from tutlib.attacks import square
from tutlib.balls import Linf
from tutlib.lessons.service import Client, Service, ServiceError

SHAPE = (3, 12, 12)


@pytest.fixture
def x():
    return torch.rand(20, *SHAPE, generator=torch.Generator().manual_seed(0)).mul(255).round() / 255


def post(service, what, body):
    return requests.post(f"{service.address}/{what}", data=body, timeout=10)


def as_bytes(x):
    return x.mul(255).round().byte().numpy().tobytes()


def open_door(address) -> bool:
    host, port = urllib.parse.urlsplit(address).netloc.split(":")
    with socket.socket() as door:
        door.settimeout(2)
        return door.connect_ex((host, int(port))) == 0


def test_it_answers_what_the_net_says_and_counts(x):
    net = small_net().eval()
    with Service(net, SHAPE) as service:
        client = Client(service.address, batch=7)
        assert torch.equal(client.labels(x), net(x).argmax(1))
        torch.testing.assert_close(client.scores(x), net(x).log_softmax(1), atol=1e-5, rtol=0)
        assert client.asked == service.asked == 40
        assert requests.get(f"{service.address}/count", timeout=10).json() == {"asked": 40}


def test_it_gets_eight_bits_and_uses_a_copy_in_eval_mode(x):
    net = small_net().train()
    with Service(net, SHAPE) as service:
        client = Client(service.address)
        first = client.labels(x)
        assert torch.equal(client.labels((x + 0.4 / 255).clamp(0, 1)), first)
        assert client.asked == 20  # the same pictures in 8 bits: nothing new was asked
    assert net.training
    with torch.no_grad():
        net[-1].bias += 100.0  # what is done to our net does not reach the service
    assert torch.equal(first, small_net().eval()(x).argmax(1))


def test_nothing_is_asked_twice(x):
    with Service(small_net(), SHAPE) as service:
        client = Client(service.address)
        client.labels(torch.cat([x, x]))
        client.labels(x.flip(0))
        assert client.asked == service.asked == 20


def test_who_asks_too_fast_is_told_in_one_sentence_and_not_counted(x):
    with Service(small_net(), SHAPE, per_second=20) as service:
        assert post(service, "labels", as_bytes(x)).status_code == 200
        said = post(service, "labels", as_bytes(x))
        assert said.status_code == 429
        assert said.headers["Retry-After"] == "1"
        assert said.json()["error"] == "20 pictures a second, please: come back in 1 s."
        assert service.asked == 20
        client = Client(service.address, batch=20)
        client.labels(x)  # it waits, and then it is answered
        assert client.waited >= 1
        assert client.asked == 20


def test_a_client_without_patience_says_what_it_was_told(x):
    with Service(small_net(), SHAPE, per_second=20) as service:
        client = Client(service.address, batch=20, patience=0.5)
        client.labels(x)
        with pytest.raises(ServiceError, match=r"refuses \(429\): 20 pictures a second, please"):
            client.labels(1 - x)
        assert client.asked == 20


@pytest.mark.parametrize(("body", "status", "words"), [
    (b"abc", 400, "432 bytes each; these are 3 bytes"), (b"", 400, "these are 0 bytes"),
    (bytes(432 * 21), 413, "at most 20 pictures in one request"),
])  # fmt: skip
def test_what_are_no_pictures_gets_one_sentence(body, status, words):
    with Service(small_net(), SHAPE, per_second=20) as service:
        said = post(service, "labels", body)
        assert said.status_code == status
        assert words in said.json()["error"]
        assert service.asked == 0
        assert post(service, "weights", b"").status_code == 404
        assert requests.get(f"{service.address}/labels", timeout=10).status_code == 405


def test_a_service_that_dies_in_the_middle_loses_no_answer(x):
    """The same call, once more, asks only what has not been answered yet."""
    net, ball = small_net().eval(), Linf(8 / 255)
    y = net(x).argmax(1)
    with Service(net, SHAPE) as service:
        whole = Client(service.address)
        expected = square(whole.scores, x, y, ball, queries=30)
    service.start()
    client, shown, asked = Client(service.address), [], torch.zeros(len(x), dtype=torch.long)

    def dying(pictures):
        shown.append(len(pictures))
        if len(shown) == 10:
            service.stop()
        return client.scores(pictures)

    with pytest.raises(ServiceError, match=r"is gone; the [0-9]+ answers it gave are kept"):
        square(dying, x, y, ball, queries=30, asked=asked)
    before = client.asked
    assert before > 0
    assert asked.sum() == sum(shown[:-1])
    client.address = service.start().address
    again = square(client.scores, x, y, ball, queries=30)
    service.stop()
    assert torch.equal(again, expected)
    assert client.asked == whole.asked  # the answers from before the end were not asked again


def test_it_stops_with_its_block_and_can_be_started_again(x):
    service = Service(small_net(), SHAPE)
    threads = threading.active_count()
    with service:
        assert open_door(service.address)
        assert service.start() is service  # already running
    assert not open_door(service.address)
    assert threading.active_count() == threads
    service.stop()  # a second time does no harm
    with service:
        assert Client(service.address).labels(x).shape == (20,)


def test_only_this_machine_can_ask():
    with Service(small_net(), SHAPE) as service:
        assert urllib.parse.urlsplit(service.address).hostname == "127.0.0.1"


LEFT_OPEN = """
import torch, time
from tutlib.lessons.service import Service
print(Service(torch.nn.Flatten(), (1, 1, 2)).start().address, flush=True)
{then}
"""


@pytest.mark.parametrize("then", ["time.sleep(60)", "", "raise ValueError('a cell that failed')"])
def test_no_process_and_no_open_door_are_left_behind(then):
    """A killed kernel, a notebook that ends without stopping, a cell that raises."""
    kernel = subprocess.Popen([sys.executable, "-c", LEFT_OPEN.format(then=then)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    address = kernel.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:")
    if "sleep" in then:
        assert open_door(address)
        kernel.kill()
    kernel.wait(60)
    for _ in range(50):
        if not open_door(address):
            break
        time.sleep(0.1)
    assert not open_door(address)


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="per_second must be at least 1"):
        Service(nn.Flatten(), SHAPE, per_second=0)
    with pytest.raises(ValueError, match="batch must be at least 1"):
        Client("http://127.0.0.1:9", batch=0)
    with pytest.raises(ServiceError, match="is gone; the 0 answers"):
        Client("http://127.0.0.1:9").labels(torch.rand(1, 1, 2, 2))
    with pytest.raises(ValueError, match="divide by 255"):
        Client("http://127.0.0.1:9").labels(255 * torch.rand(1, 1, 2, 2))
