"""6.1: its exercises' solutions pass their own checks, its panel paints, its loop costs nothing."""

import pytest
import torch
from matplotlib.colors import rgb_to_hsv, to_rgb
from torch.utils._python_dispatch import TorchDispatchMode

from tests import exercises
from tutlib import assets, style
from tutlib.assets import bundled
from tutlib.balls import Box
from tutlib.descent import LBFGS, descend
from tutlib.lessons.panels.style import LAMBDAS, style_panel
from tutlib.plots import style_transfer as figures
from tutlib.style import extractors, paintings


@pytest.fixture(scope="module")
def extractor():
    return assets.features("bundled").cpu()


EXERCISES = exercises.table("6-1", {
    "gram_by_einsum": [
        lambda f: torch.einsum("nihw,nkhw->nik", f, f),
        lambda f: torch.einsum("nihw,nkhw->ik", f, f) / f[0, 0].numel(),
        lambda f: torch.einsum("nihw,nkhw->nik", f, f) / f[0].numel(),
    ],
    "keep_colours": [
        lambda painted, photo: painted,
        "keep_colours = lambda painted, photo: right(photo, painted)",
        lambda painted, photo: photo + (painted - photo).mean(1, keepdim=True),
    ],
    "two_painters": [
        lambda extractor, content, one, other: style.transfer(extractor, content, one, steps=10),
        lambda extractor, content, one, other: style.transfer(extractor, content, other, steps=10),
        lambda extractor, content, one, other: (one + other) / 2,
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_solutions(exercise, wrong, extractor):
    exercises.settle(exercise, wrong, {"extractor": extractor})


def test_the_bundled_extractor_paints_better_than_an_untrained_one(extractor):
    """The recipe's figure, on new crops: far above chance."""
    from tutlib.assets.build import style

    net = bundled.load_weights(extractors.crop_net(), "style")
    found = style.figures_style(net)
    assert found["crops"] > 60 > 10 * found["chance"]


def test_the_extractor_was_trained_on_none_of_the_pictures_that_are_shown():
    from tutlib.assets.build import style

    for name in ("china", "chelsea", "astronaut"):
        assert paintings.PHOTOS[name] not in style.SAMPLES
    assert all(seed != 0 for _, seed in style.PAINTED)  # the first works are shown
    assert {name for name, _ in style.PAINTED} < set(paintings.STYLES)


def test_the_panel_paints(extractor):
    panel = style_panel(extractor, size=80)
    rest = panel.set(**{"lambda": 0, "steps": 6})
    torch.testing.assert_close(rest["picture"], rest["content"])
    paid = [panel.set(**{"lambda": lam, "steps": 6})["losses"].style for lam in (1, 100)]
    assert paid[1] < paid[0]
    fine, coarse = (
        panel.set(layers=layers, steps=6)["picture"]
        for layers in ("fine layers only", "coarse layers only")
    )
    assert not torch.equal(fine, coarse)
    content, painting = paintings.photo("china", 80), paintings.paint("starry night", 80)
    for layers, prefixes in (("untrained only", ("gabor", "random")), ("trained only", "conv")):
        alone = [name for name in extractor.layers if name.startswith(prefixes)]
        whole = style.transfer(extractor, content, painting, style_layers=alone, steps=6)
        shown = panel.set(**{"lambda": 10, "layers": layers, "steps": 6})
        torch.testing.assert_close(shown["picture"], whole)
    assert set(LAMBDAS) >= {0, 1, 100}
    assert not panel.errors


def test_the_panels_stretches_are_one_run(extractor):
    """Leaving the loop to show a picture must not change the picture."""
    panel = style_panel(extractor, size=80)
    shown = panel.set(steps=15)
    content, painting = paintings.photo("china", 80), paintings.paint("starry night", 80)
    whole = style.transfer(extractor, content, painting, lam=10, steps=15)
    torch.testing.assert_close(shown["picture"], whole)


def test_the_panel_tells_how_far_it_is_and_can_be_stopped(extractor):
    panel = style_panel(extractor, size=80)
    stream = panel.compute(panel.state | {"steps": 15})
    shares = [next(stream)[0] for _ in range(3)]
    stream.close()
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] < 1


class Work(TorchDispatchMode):
    """Counts what torch does: calls of its operations, and the numbers they make."""

    def __init__(self):
        super().__init__()
        self.calls = self.numbers = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        made = operation(*args, **(kwargs or {}))
        self.calls += 1
        several = made if isinstance(made, tuple | list) else [made]
        self.numbers += sum(t.numel() for t in several if isinstance(t, torch.Tensor))
        return made


def test_the_loop_costs_next_to_nothing(extractor):
    """Around the losses and their gradient; `benchmarks/style.py` measures it in seconds."""
    content, painting = paintings.photo("china", 80), paintings.paint("starry night", 80)
    objective = style.weighed(style.losses(extractor, content, painting), 10.0)
    x = content.clone().requires_grad_(True)
    with Work() as floor:
        for _ in range(12):
            torch.autograd.grad(objective(x), x)
    with Work() as loop:
        descend(objective, content, Box(), LBFGS(), 12)
    assert floor.numbers < loop.numbers < 1.05 * floor.numbers
    assert floor.calls < loop.calls < 1.15 * floor.calls


def test_the_race_borrows_no_colour_that_means_something():
    runs = {name: [3.0, 2.0, 1.0] for name in ("L-BFGS", "Adam, lr 0.1", "Adam, lr 0.2")}
    lines = figures.race(runs, "a caption").axes[0].lines
    assert [line.get_label() for line in lines] == list(runs)
    assert (
        len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == 3
    )
    assert all(rgb_to_hsv(to_rgb(line.get_color()))[1] < 0.01 for line in lines)  # ink and greys
