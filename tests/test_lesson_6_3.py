"""6.3: its exercises' solutions pass their own checks, its panel paints in one pass."""

import io

import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from tests import exercises
from tutlib import assets
from tutlib.lessons.panels.one_pass import PAINTED, STRENGTHS, one_pass
from tutlib.style import adain, instance_norm, paintings, told


def batch_norm(z):
    return (z - z.mean((0, 2, 3), keepdim=True)) / (z.var((0, 2, 3), keepdim=True) + 1e-5).sqrt()


def layer_norm(z):
    return (z - z.mean((1, 2, 3), keepdim=True)) / (z.var((1, 2, 3), keepdim=True) + 1e-5).sqrt()


def mean(z):
    return z.mean((2, 3), keepdim=True)


EXERCISES = exercises.table("6-3", {
    "my_norm": [
        batch_norm,
        layer_norm,
        lambda z: z - mean(z),
        lambda z: (z - mean(z)) / (z.var((2, 3), correction=0, keepdim=True) + 1e-5),
        lambda z: (z - mean(z)) / z.std((2, 3), correction=0, keepdim=True),
    ],
    "dressed": [
        lambda content, style: instance_norm(content),
        lambda content, style: adain(style, content),
        lambda content, style: instance_norm(content) + mean(style),
        lambda content, style: content - mean(content) + mean(style),
        lambda content, style: -adain(content, style) + 2 * mean(style),
    ],
    "votes": [
        lambda n, side, stride: torch.ones(n * stride),
        lambda n, side, stride: torch.ones((n - 1) * stride + side),
        lambda n, side, stride: torch.full(((n - 1) * stride + side,), side / stride),
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_solutions(exercise, wrong):
    exercises.settle(exercise, wrong)


# ---------------------------------------------------------------- the panel


@pytest.fixture(scope="module")
def panel():
    return one_pass(torch.device("cpu"), size=40)


def png(width: int, height: int, colour: tuple) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()


def test_the_panel_shows_what_the_painter_paints(panel):
    shown = panel.set(style="waves", content="china", strength=1)
    photo, painter = paintings.photo("china", 40), assets.painter().cpu()
    painted = painter(photo, "waves")
    torch.testing.assert_close(shown["picture"], painted)
    half = panel.set(strength=0.5)["picture"]
    torch.testing.assert_close(half, (photo + painted) / 2)
    torch.testing.assert_close(panel.set(strength=0)["picture"], photo)
    assert set(STRENGTHS) >= {0, 0.5, 1}
    assert not panel.errors


def test_the_panel_reads_a_painting_of_yours(panel):
    state = panel.state | {
        "strength": 1, "your photo": png(60, 40, (200, 10, 10)),
        "your painting": png(30, 90, (10, 10, 200)),
    }  # fmt: skip
    found = panel.compute(state)
    assert found["picture"].shape == (1, 3, 40, 60)
    assert found["style"].shape == (1, 3, 3 * PAINTED, PAINTED)
    seen = told(assets.features("bundled").cpu(), found["style"])
    anyone = assets.any_painter().cpu()
    torch.testing.assert_close(found["picture"], anyone(found["content"], seen))
    assert panel._alt(state, found) == "your photo painted by the net for your painting, strength 1"
    assert isinstance(panel.draw(found), Figure)
    assert panel.moved(panel.state | {"your photo": b"no picture"}) is not None
    assert "not a picture" in panel.errors.pop()
