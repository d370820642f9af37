"""Style transfer on the bundled extractor, its paintings and its recipe."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from tutlib import style
from tutlib.assets.build import style as recipe
from tutlib.balls import Box
from tutlib.descent import LBFGS, Adam, descend
from tutlib.style import extractors, paintings

SIZE = 80
ANYWHERE = Box(-math.inf, math.inf)


@pytest.fixture(scope="module")
def extractor():
    """The bundled extractor with seeded random weights: its mathematics does not need training."""
    torch.manual_seed(0)
    return extractors.bundled(extractors.crop_net().eval())


@pytest.fixture(scope="module")
def pair():
    return paintings.photo("chelsea", SIZE), paintings.paint("stained glass", SIZE)


# ---------------------------------------------------------------- losses


def test_losses_are_zero_at_their_targets(extractor, pair):
    content, painting = pair
    measure = style.losses(extractor, content, painting)
    with torch.no_grad():
        assert measure(content).content == 0
        assert measure(painting).style == 0
        assert measure(content).style > 0.01
        assert measure(painting).content > 0.01


def test_gradient_against_finite_differences(extractor, pair):
    """In float64, along random directions, for the whole objective of `transfer`."""
    wide = extractors.bundled(extractors.crop_net().eval()).double()
    content, painting = (picture.double() for picture in pair)
    objective = style.weighed(style.losses(wide, content, painting), 30.0)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(content.shape, generator=generator, dtype=torch.float64) * 1.2 - 0.1
    x.requires_grad_(True)
    (grad,) = torch.autograd.grad(objective(x), x)
    for _ in range(3):
        d = torch.randn(x.shape, generator=generator, dtype=torch.float64)
        d, h = d / d.norm(), 1e-5  # smaller, and rounding is all there is
        with torch.no_grad():
            slope = (objective(x + h * d) - objective(x - h * d)) / (2 * h)
        torch.testing.assert_close(slope, (grad * d).sum(), rtol=1e-5, atol=1e-9)


# ---------------------------------------------------------------- the loop


def bowl(scale):
    """Smooth, not quadratic, badly scaled: what L-BFGS is for."""
    return lambda x: (scale * x.square()).sum() + (0.1 * x**4).sum() + (x.flatten()[0] - 1) ** 2


def test_lbfgs_takes_torchs_steps():
    scale = torch.logspace(-1, 1.5, 24, dtype=torch.float64).view(1, 1, 4, 6)
    start = torch.linspace(-1, 1, 24, dtype=torch.float64).view(1, 1, 4, 6)
    for steps in (1, 2, 5, 12, 30):
        ours = descend(bowl(scale), start, ANYWHERE, LBFGS(history=6), steps, box=None)
        x = start.clone().requires_grad_(True)
        optimizer = torch.optim.LBFGS(
            [x], lr=1, max_iter=steps, max_eval=10**6, history_size=6,
            tolerance_grad=0, tolerance_change=0,
        )  # fmt: skip

        def closure(x=x, optimizer=optimizer):
            optimizer.zero_grad()
            value = bowl(scale)(x)
            value.backward()
            return value

        optimizer.step(closure)
        torch.testing.assert_close(ours, x.detach(), rtol=1e-7, atol=1e-9)


def test_transfer_takes_torchs_steps(extractor, pair):
    """The same on the real objective, in float64, where rounding cannot hide a mistake."""
    extractor = extractors.bundled(extractors.crop_net().eval()).double()
    content, painting = (picture.double() for picture in pair)
    objective = style.weighed(style.losses(extractor, content, painting), 30.0)
    steps = 6
    ours = descend(objective, content, ANYWHERE, LBFGS(), steps, box=None)
    x = content.clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS(
        [x], max_iter=steps, max_eval=99, history_size=20, tolerance_grad=0, tolerance_change=0
    )

    def closure():
        optimizer.zero_grad()
        value = objective(x)
        value.backward()
        return value

    optimizer.step(closure)
    torch.testing.assert_close(ours, x.detach(), rtol=1e-6, atol=1e-7)


def test_transfer_lowers_both_losses_and_stays_a_picture(extractor, pair):
    content, painting = pair
    seen = []
    out = style.transfer(
        extractor,
        content,
        painting,
        lam=100,
        steps=20,
        callback=lambda t, x, parts: seen.append(parts),
    )
    assert out.shape == content.shape
    assert out.dtype == torch.float32
    assert out.min() >= 0
    assert out.max() <= 1
    assert not out.requires_grad
    assert len(seen) == 20
    assert seen[0].content == 0
    assert seen[-1].style < 0.5 * seen[0].style
    again = style.transfer(extractor, content, painting, lam=100, steps=20)
    assert torch.equal(out, again)


def test_no_weight_of_style_gives_the_content_back(extractor, pair):
    content, painting = pair
    torch.testing.assert_close(
        style.transfer(extractor, content, painting, lam=0, steps=3), content
    )


def test_another_step_rule_and_start(extractor, pair):
    content, painting = pair
    noise = torch.rand(content.shape, generator=torch.Generator().manual_seed(0))
    measure = style.losses(extractor, content, painting, content_layers=[])
    out = style.transfer(
        extractor, content, painting, step=Adam(0.05), steps=8, start=noise, content_layers=[]
    )
    with torch.no_grad():
        assert measure(out).style < measure(noise).style


def test_content_and_style_may_differ_in_size(extractor):
    wide = F.pad(paintings.photo("china", SIZE), (8, 8, 0, 0), mode="reflect")
    out = style.transfer(extractor, wide, paintings.paint("waves", 112), steps=2)
    assert out.shape == wide.shape


def test_the_eye_is_left_alone(pair):
    net = extractors.crop_net()
    extractor = extractors.bundled(net)
    before = {key: value.clone() for key, value in extractor.state_dict().items()}
    state = torch.get_rng_state()
    style.transfer(extractor, *pair, steps=2)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, before[key]) for key, value in extractor.state_dict().items())
    assert all(weight.grad is None for weight in extractor.parameters())


@pytest.mark.gpu
def test_cpu_and_gpu_agree(extractor, pair):
    here = style.losses(extractor, *pair)(pair[0]).style
    try:
        there = style.losses(extractor.cuda(), *(p.cuda() for p in pair))(pair[0].cuda()).style
    finally:
        extractor.cpu()
    torch.testing.assert_close(here, there.cpu(), rtol=1e-3, atol=1e-5)


# ---------------------------------------------------------------- sentences


def test_wrong_input_gets_its_sentence(extractor, pair):
    content, painting = pair
    with pytest.raises(ValueError, match="divide by 255"):
        style.transfer(extractor, content * 255, painting)
    with pytest.raises(ValueError, match="undo the normalisation"):
        style.transfer(extractor, content, painting - 0.5)
    with pytest.raises(ValueError, match=r"x\[None\]"):
        style.transfer(extractor, content[0], painting)
    with pytest.raises(ValueError, match="colour pictures"):
        style.transfer(extractor, content[:, :1], painting)
    with pytest.raises(ValueError, match="batch of 2"):
        style.transfer(extractor, content.repeat(2, 1, 1, 1), painting)
    with pytest.raises(ValueError, match="NaN"):
        style.transfer(extractor, content * math.nan, painting)
    with pytest.raises(ValueError, match="too small"):
        style.transfer(extractor, paintings.photo("china", 39), painting)
    with pytest.raises(KeyError, match=r"no layer 'conv9_9'; it has gabor1"):
        style.transfer(extractor, content, painting, style_layers=["conv9_9"])
    with pytest.raises(ValueError, match="lam"):
        style.transfer(extractor, content, painting, lam=-1)
    with pytest.raises(KeyError, match="starry night"):
        paintings.paint("sunflowers")
    with pytest.raises(KeyError, match="chelsea"):
        paintings.photo("lena")
    with pytest.raises(ValueError, match="at least 16"):
        paintings.paint("waves", 4)
    with pytest.raises(FileNotFoundError, match=r"constraints\.txt"):
        paintings.open_sample("skimage", "data/nothing.png")


# ---------------------------------------------------------------- paintings and the recipe


@pytest.mark.parametrize("name", paintings.STYLES)
def test_paintings(name):
    one, two = paintings.paint(name, 64, seed=1), paintings.paint(name, 64, seed=1)
    assert one.shape == (1, 3, 64, 64)
    assert one.dtype == torch.float32
    assert torch.equal(one, two)
    assert one.min() >= 0
    assert one.max() <= 1
    assert one.std() > 0.1
    assert not torch.equal(one, paintings.paint(name, 64, seed=2))


@pytest.mark.parametrize("name", paintings.PHOTOS)
def test_photos_ship_with_the_packages(name):
    x = paintings.photo(name, 48)
    assert x.shape == (1, 3, 48, 48)
    assert 0 <= x.min() < 0.3
    assert 0.6 < x.max() <= 1


def test_the_recipe_is_seeded_and_learns():
    levels = [recipe.pyramid(picture) for picture in recipe.pictures()]
    assert len(levels) == recipe.CLASSES == extractors.crop_net()[-1].out_features
    one, two = (recipe.crops(levels, 8, torch.Generator().manual_seed(3)) for _ in "12")
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    first, second = (recipe.train_style(0, steps=2).state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)
