"""Bad input by the thousand: whatever comes in, it works, or one sentence says what to do.

Nothing may pass in silence and wrong, end in a traceback from the depths, or never end. Every case
is drawn from a seed (`make torture` takes more of them: TORTURE=5000).
"""

import io
import math
import os
import random
import signal
import traceback
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

import tutlib
from tests.conftest import small_net
from tutlib import nets, risk, style, training
from tutlib.assets import bundled, catalogue, datasets, photos
from tutlib.attacks import fgsm, input_gradient, pgd, sgd_attack, square, straight_through
from tutlib.balls import L2, Linf
from tutlib.check import claim, exercise
from tutlib.risk import bounds, smoothing
from tutlib.training import checkpoint

FILES = int(os.environ.get("TORTURE", "200"))  # damaged files of each kind
PATIENCE = 20.0  # seconds of a case; the longest takes one
BALL = Linf(0.03)
PACKAGE = Path(tutlib.__file__).parent
COUNTED = {"cases": 0}

# One worker takes them all: the last test counts what the others did.
pytestmark = pytest.mark.xdist_group("torture")


# ---------------------------------------------------------------- the judge


class Endless(Exception):
    pass


@contextmanager
def patience():
    def over(*_):
        raise Endless

    if not hasattr(signal, "SIGALRM"):  # on Windows: what never ends is ended by a person there
        yield
        return
    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcome(call) -> str:
    """ "" for a result, a sentence of ours, or what is wrong with what came instead."""
    COUNTED["cases"] += 1
    try:
        with patience():
            call()
        return ""
    except Endless:
        return "ENDLESS"
    except Exception as error:
        where = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
        said = error.args[0] if error.args else ""
        ours = PACKAGE in where.parents and isinstance(said, str) and 20 < len(said) < 600
        return f"said: {said}" if ours and "\n" not in said else f"DEPTHS: {error!r} in {where}"


def refused(call) -> str | None:
    """None if it was refused in a sentence, otherwise what happened."""
    found = outcome(call)
    if found == "":
        return "SILENT"
    return None if found.startswith("said") else found


def fine(call) -> str | None:
    """None if it worked, or was refused in a sentence."""
    found = outcome(call)
    return None if found == "" or found.startswith("said") else found


def settle(faults: dict):
    bad = {name: fault for name, fault in faults.items() if fault}
    assert not bad, "\n".join(f"{name}: {fault}" for name, fault in bad.items())


# ---------------------------------------------------------------- pictures, labels, balls, models

X = torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2])
NET = small_net().eval()
DOORS = {
    "fgsm": lambda m, x, y, b: fgsm(m, x, y, b),
    "sgd": lambda m, x, y, b: sgd_attack(m, x, y, b, steps=2),
    "pgd": lambda m, x, y, b: pgd(m, x, y, b, steps=2, restarts=2),
    "pgd early": lambda m, x, y, b: pgd(m, x, y, b, steps=2, early_stop=True),
    "pgd target": lambda m, x, y, b: pgd(m, x, 0, b, steps=2, target=y),
    "pgd bytes": lambda m, x, y, b: pgd(m, x, y, b, steps=2, quantize=True),
    "square": lambda m, x, y, b: square(m, x, y, b, queries=4),
    "gradient": lambda m, x, y, b: input_gradient(m, x, y),
    "risk": lambda m, x, y, b: risk.risk(m, x, y),
    "loss": lambda m, x, y, b: risk.risk(m, x, y, kind="loss"),
    "per picture": lambda m, x, y, b: risk.per_picture(m, x, y),
    "adversarial risk": lambda m, x, y, b: risk.adversarial_risk(m, x, y, b, fgsm),
    "curve": lambda m, x, y, b: risk.risk_curve(m, x, y, [0, b.eps], fgsm, ball=type(b)),
    "evaluate": lambda m, x, y, b: risk.evaluate(m, x, y, b, steps=2),
    "fast": lambda m, x, y, b: risk.evaluate(m, x, y, b, steps=2, fast=True),
    "diagnose": lambda m, x, y, b: risk.diagnose(m, x, y, b, steps=2, queries=2),
    "accuracy": lambda m, x, y, b: training.accuracy(m, x, y, partial(pgd, ball=b, steps=1)),
}
PICTURES = {
    "0 to 255": X * 255, "bytes": (X * 255).byte(), "normalised": (X - 0.45) / 0.22,
    "NaN": X.masked_fill(X > 0.9, math.nan), "infinite": X.masked_fill(X > 0.9, math.inf),
    "minus infinite": X.masked_fill(X > 0.9, -math.inf), "a little bright": X + 0.2,
    "a little dark": X - 0.2, "one picture": X[0], "empty": X[:0], "no pixels": X[..., :0],
    "array": X.numpy(), "list": X.tolist(), "nothing": None, "text": "pig.jpg", "number": 0.5,
    "integers": (X * 255).long(), "bools": X > 0.5, "complex": X.to(torch.complex64),
    "scalar": torch.tensor(0.5), "tiny": X[..., :1, :1],
    "channels last": X.permute(0, 2, 3, 1), "grey": X[:, :1],
}  # fmt: skip
LABELS = {
    "too large": torch.tensor([0, 1, 4]), "negative": torch.tensor([0, -1, 2]), "far": 10**6,
    "float": Y.float(), "one-hot": nn.functional.one_hot(Y, 4), "two few": Y[:2],
    "too many": torch.arange(4), "text": "hog", "nothing": None, "bools": Y > 0, "true": True,
    "list": [0, 1, 2], "array": Y.numpy(), "a real number": 1.5, "NaN": math.nan,
    "empty": Y[:0], "square": Y.repeat(3, 1),
}  # fmt: skip
BALLS = [Linf(8), Linf(300), Linf(1.5), L2(21), L2(1000)]
RADII = [0, -1, -0.03, math.nan, math.inf, -math.inf, True, False, None, "8/255", [0.1], (8, 255),
         torch.ones(2), 1j]  # fmt: skip


class Blind(nn.Module):
    def forward(self, x):
        return torch.rand(len(x), 4)


MODELS = {
    "tuple": lambda x: (NET(x), 1), "dict": lambda x: {"logits": NET(x)}, "none": lambda x: None,
    "namespace": lambda x: SimpleNamespace(logits=NET(x)), "text": "resnet50", "nothing": None,
    "array": lambda x: NET(x).detach().numpy(), "NaN": lambda x: NET(x) * math.nan,
    "infinite": lambda x: NET(x) / 0, "classes first": lambda x: NET(x).T,
    "a column": lambda x: NET(x)[:, :1], "flat": lambda x: NET(x).flatten(),
    "one too few": lambda x: NET(x)[:-1], "half": small_net().eval().half(),
    "double": nn.Sequential(nn.Flatten(), nn.Linear(432, 4)).double(),
    "another size": nn.Sequential(nn.Flatten(), nn.Linear(99, 4)), "grey": nn.Conv2d(1, 4, 3),
    "large kernel": nn.Conv2d(3, 4, 99), "a map": nn.Conv2d(3, 4, 3), "class": nn.Flatten,
    "the answers": lambda x: NET(x).argmax(1), "a factory": lambda x: small_net(),
}  # fmt: skip
CUT = {
    "detached": lambda x: NET(x.detach()), "no grad": torch.no_grad()(lambda x: NET(x)),
    "rounded": lambda x: NET((x * 255).byte().float() / 255), "blind": Blind(),
    "one-hot": lambda x: nn.functional.one_hot(NET(x).argmax(1), 4).float(),
}  # fmt: skip
CLIMBS = ["fgsm", "sgd", "pgd", "pgd target", "gradient", "adversarial risk", "evaluate"]
# What other shapes of pictures are is known to nets that look at any, and to nobody else.
ANY_SHAPE = {"tiny", "channels last", "grey"}


def test_wrong_functions_for_straight_through():
    odd = {"number": 3, "text": "round", "tensor": X, "list": [torch.round]}
    cases = {f"forward: {name}": (wrong,) for name, wrong in (odd | {"nothing": None}).items()}
    cases |= {f"like: {name}": (torch.round, wrong) for name, wrong in odd.items()}
    cases["another shape"] = (torch.round, torch.sum)
    settle({name: refused(lambda case=case: straight_through(*case)(X))
            for name, case in cases.items()})  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_wrong_pictures(door):
    use = DOORS[door]
    faults = {
        name: (fine if name in ANY_SHAPE else refused)(lambda x=x: use(NET, x, Y, BALL))
        for name, x in PICTURES.items()
    }
    settle(faults)


@pytest.mark.parametrize("door", DOORS)
def test_wrong_labels(door):
    wrong = dict(LABELS)
    if door == "pgd target":
        del wrong["nothing"]  # no target: away from the label
    settle({n: refused(lambda y=y: DOORS[door](NET, X, y, BALL)) for n, y in wrong.items()})


@pytest.mark.parametrize("door", [d for d in DOORS if d not in (
    "gradient", "risk", "loss", "per picture")])  # fmt: skip
def test_wrong_balls(door):
    settle({str(b): refused(lambda b=b: DOORS[door](NET, X, Y, b)) for b in BALLS})


@pytest.mark.parametrize("kind", [Linf, L2])
def test_wrong_radii(kind):
    settle({repr(eps): refused(lambda eps=eps: kind(eps)) for eps in RADII})


@pytest.mark.parametrize("door", DOORS)
def test_wrong_models(door):
    settle({n: refused(lambda m=m: DOORS[door](m, X, Y, BALL)) for n, m in MODELS.items()})


@pytest.mark.parametrize("door", CLIMBS)
def test_no_way_back(door):
    settle({n: refused(lambda m=m: DOORS[door](m, X, Y, BALL)) for n, m in CUT.items()})


# ---------------------------------------------------------------- proofs

MLP = nn.Sequential(nn.Flatten(), nn.Linear(432, 5), nn.ReLU(), nn.Linear(5, 4)).eval()


def first(things):
    """The first of several; whatever is no sequence goes in as it is."""
    return things[:1] if isinstance(things, torch.Tensor) and things.dim() else things


PROOFS = {
    "interval": lambda m, x, y: bounds.interval_leads(m, *bounds.box_around(x, 0.03), y),
    "linear": lambda m, x, y: bounds.linear_leads(m, *bounds.box_around(x, 0.03), y),
    "exact": lambda m, x, y: bounds.exact_lead(m, *bounds.box_around(first(x), 0.03), y, seconds=9),
    "radius": lambda m, x, y: bounds.exact_radius(m, first(x), y, 0.05, seconds=9),
    "worst loss": lambda m, x, y: bounds.worst_loss(m, x, y, 0.03),
    "certify": lambda m, x, y: smoothing.certify(m, x, 0.1, classes=4, guess=9, draws=9),
}


@pytest.mark.parametrize("door", PROOFS)
def test_nothing_wrong_is_proved(door):
    use, own = PROOFS[door], 0 if door in ("exact", "radius") else Y
    faults = {
        name: (fine if name in ANY_SHAPE else refused)(lambda x=x: use(MLP, x, own))
        for name, x in PICTURES.items()
    }
    if door != "certify":  # it asks for no labels
        faults |= {n: refused(lambda y=y: use(MLP, X, y)) for n, y in LABELS.items()}
    # What is exact is worked out in double precision, whatever comes.
    better = ("half", "double") if door in ("exact", "radius") else ()
    faults |= {
        n: (fine if n in better else refused)(lambda m=m: use(m, X, own)) for n, m in MODELS.items()
    }
    settle(faults)


@pytest.mark.parametrize("what", ["photo", "painting"])
def test_nothing_wrong_is_painted(what):
    good = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))

    def paint(x):
        pair = (first(x), good) if what == "photo" else (good, first(x))
        style.repaint(*pair, side=32)

    settle({name: fine(lambda x=x: paint(x)) for name, x in PICTURES.items()})


NUMBERS = [-1, -0.5, math.nan, math.inf, -math.inf, True, "ten", None, [3], 1j]


def test_wrong_numbers_of_attacks():
    faults = {}
    for value in [*NUMBERS, 2.5, 1e9 + 0.5]:
        faults[f"steps={value}"] = refused(lambda v=value: pgd(NET, X, Y, BALL, steps=v))
        faults[f"early {value}"] = refused(
            lambda v=value: pgd(NET, X, Y, BALL, steps=v, early_stop=True)
        )
        faults[f"sgd steps={value}"] = refused(lambda v=value: sgd_attack(NET, X, Y, BALL, steps=v))
        faults[f"restarts={value}"] = refused(
            lambda v=value: pgd(NET, X, Y, BALL, steps=1, restarts=v)
        )
    for value in [n for n in NUMBERS if n is not None]:
        faults[f"size={value}"] = refused(lambda v=value: pgd(NET, X, Y, BALL, step_size=v))
        faults[f"lr={value}"] = refused(lambda v=value: sgd_attack(NET, X, Y, BALL, lr=v))
    settle(faults)


def test_wrong_numbers_of_training():
    def train(**options):
        net = nn.Sequential(nn.Flatten(), nn.Linear(432, 4))
        training.fit(net, X, Y, progress=False, **{"epochs": 1, **options})

    faults = {}
    for name in ("epochs", "batch", "lr", "until"):
        for value in [*NUMBERS, 0, 2.5]:
            if (name, value) in (("until", None), ("until", 0), ("lr", 2.5)):
                continue
            faults[f"{name}={value}"] = refused(lambda n=name, v=value: train(**{n: v}))
    settle(faults)


@pytest.mark.parametrize("part", ["x", "y"])
def test_wrong_training_sets(part):
    wrong = PICTURES if part == "x" else LABELS
    allowed = ANY_SHAPE | {"0 to 255", "normalised", "a little bright", "a little dark"}
    faults = {}
    for name, value in wrong.items():
        x, y = (value, Y) if part == "x" else (X, value)
        judge = fine if part == "x" and name in allowed else refused
        net = nn.Sequential(nn.Flatten(), nn.Linear(432, 4))
        faults[name] = judge(
            lambda n=net, x=x, y=y: training.fit(n, x, y, epochs=1, progress=False)
        )
    settle(faults)


def test_wrong_curves():
    curves = [
        [math.nan],
        [0, math.nan],
        [math.inf],
        [0.1, 0.1],
        [0.2, 0.1],
        [-0.1],
        [],
        [8],
        [0, 300],
    ]
    settle({str(c): refused(lambda c=c: risk.risk_curve(NET, X, Y, c, fgsm)) for c in curves})


def test_whatever_a_learner_hands_in_never_raises(capsys):
    checks = [
        ("bright", lambda f: f(X).mean() > 0.5),
        ("its shape", lambda f: f(X).shape == X.shape),
    ]
    handed_in = [
        *PICTURES.values(),
        *LABELS.values(),
        *RADII,
        *MODELS.values(),
        len,
        print,
        object(),
    ]
    settle({repr(thing)[:60]: outcome(lambda t=thing: exercise(t, checks)) for thing in handed_in})
    assert "✔" not in capsys.readouterr().out


def test_claims_that_measure_nothing():
    for value in (math.nan, [], None, "much", torch.tensor([]), [math.nan, 1.0], object()):
        with pytest.raises((AssertionError, TypeError)):
            claim("it is large", value, at_least=0.5)
        COUNTED["cases"] += 1


# ---------------------------------------------------------------- damaged files


def damaged(body: bytes, count: int, seed: int = 0):
    """The same file, cut short, with other bytes in it, or with too many."""
    rng = random.Random(seed)
    for _ in range(count):
        kind, data = rng.choice(["cut", "bytes", "bytes", "zeros", "more"]), bytearray(body)
        at = rng.randrange(len(data))
        if kind == "cut":
            del data[at:]
        elif kind == "bytes":
            for _ in range(rng.choice([1, 5, 50])):
                data[rng.randrange(len(data))] = rng.randrange(256)
        elif kind == "zeros":
            data[at : at + 200] = bytes(min(200, len(data) - at))
        else:
            data += rng.randbytes(rng.randrange(1, 500))
        yield bytes(data)


def picture_file(kind: str, mode: str = "RGB") -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "PPM"])
def test_damaged_photos(kind):
    def look(data):
        x = photos.read(data, 16)
        assert x.shape == (1, 3, 16, 16)
        assert 0 <= x.min() <= x.max() <= 1

    bodies = damaged(picture_file(kind), FILES)
    settle({f"{kind} {k}": fine(lambda d=d: look(d)) for k, d in enumerate(bodies)})


def test_damaged_checkpoints(tmp_path):
    path = tmp_path / "run.pt"

    def train(place):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Flatten(), nn.Linear(432, 4))
        training.fit(net, X, Y, epochs=2, progress=False, checkpoint=place)

    train(path)
    body, faults = path.read_bytes(), {}
    lengths = [round(share * len(body) / 100) for share in range(100)]
    cut = [body[:length] for length in lengths]
    for k, data in enumerate([*cut, *damaged(body, FILES // 2)]):
        path.write_bytes(data)
        faults[f"checkpoint {k}"] = fine(lambda: checkpoint.load(path))
        if k in range(1, 100, 7):
            faults[f"going on from {k}"] = refused(lambda: train(path))
    settle(faults)


def test_damaged_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "DATA", tmp_path)
    net = nets.digit_net(28, width=2)
    path = tmp_path / "digits.safetensors"
    save_file({name: value.half() for name, value in net.state_dict().items()}, path)
    body, faults = path.read_bytes(), {}
    for k, data in enumerate(damaged(body, FILES)):
        path.write_bytes(data)
        faults[f"weights {k}"] = fine(lambda: bundled.load_weights(net, "digits"))
    settle(faults)


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_damaged_mnist(name, tmp_path):
    dimensions = 3 if "images" in name else 1
    shape = (20, 28, 28)[:dimensions]
    head = bytes([0, 0, 8, dimensions]) + b"".join(n.to_bytes(4) for n in shape)
    body, faults = head + bytes(math.prod(shape)), {}
    for k, data in enumerate(damaged(body, FILES)):
        (tmp_path / name).write_bytes(data)
        faults[f"{name} {k}"] = fine(lambda: datasets.read_idx(tmp_path / name, dimensions))
    settle(faults)


def test_it_was_a_thousand_cases(request):
    """Together with the tests above; alone it has nothing to count."""
    if request.session.testscollected > 30 and COUNTED["cases"] > 200:
        assert COUNTED["cases"] >= 1000
