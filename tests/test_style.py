"""Style transfer: the Gram matrix's identities, the losses' optima, the loop, and its sentences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torchvision.models import squeezenet1_1, vgg

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


def features(seed: int, n: int = 2, c: int = 5, side: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, c, side, side + 1, generator=generator, dtype=torch.float64)


# ---------------------------------------------------------------- Gram


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_gram_identities(seed):
    f = features(seed)
    g = style.gram(f)
    assert g.shape == (2, 5, 5)
    torch.testing.assert_close(g, g.mT)
    assert torch.linalg.eigvalsh(g).min() > -1e-9
    trace = g.diagonal(dim1=1, dim2=2).sum(1)
    torch.testing.assert_close(trace, f.square().sum(1).mean((1, 2)))
    torch.testing.assert_close(style.gram(3 * f), 9 * g)
    torch.testing.assert_close(style.gram(f.flip(-1)), g)
    places = torch.randperm(f[0, 0].numel(), generator=torch.Generator().manual_seed(seed))
    moved = f.flatten(2)[..., places].view_as(f)
    torch.testing.assert_close(style.gram(moved), g)
    channels = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(style.gram(f[:, channels]), g[:, channels][:, :, channels])


def test_gram_is_not_blind_to_the_channels():
    f = features(1)
    assert not torch.allclose(style.gram(f.roll(1, dims=1)), style.gram(f))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_gram_splits_into_covariance_and_mean(seed):
    f = features(seed)
    mean, covariance = style.statistics(f)
    torch.testing.assert_close(style.gram(f), covariance + mean[:, :, None] * mean[:, None, :])
    for n in range(len(f)):
        expected = np.cov(f[n].flatten(1).numpy(), bias=True)
        np.testing.assert_allclose(covariance[n].numpy(), expected, atol=1e-12)


def test_gram_gradient_is_right():
    f = features(2, n=1, c=3, side=4).requires_grad_(True)
    assert torch.autograd.gradcheck(style.gram, f)
    assert torch.autograd.gradgradcheck(style.gram, f)
    assert torch.autograd.gradcheck(lambda x: tuple(style.statistics(x)), f)


# ---------------------------------------------------------------- losses


def test_losses_are_zero_at_their_targets(extractor, pair):
    content, painting = pair
    measure = style.losses(extractor, content, painting)
    with torch.no_grad():
        assert measure(content).content == 0
        assert measure(painting).style == 0
        assert measure(content).style > 0.01
        assert measure(painting).content > 0.01


def test_style_loss_is_one_for_nothing():
    f = features(3)
    target = style.statistics(f)
    assert style.style_loss(torch.zeros_like(f), target) == pytest.approx(1, abs=1e-3)
    assert style.style_loss(f, target) == 0


def test_standardize_forgets_level_and_contrast():
    f = features(4)
    torch.testing.assert_close(
        style.standardize(f), style.standardize(7 * f + 3), rtol=1e-3, atol=1e-3
    )
    assert style.content_loss(5 - 2 * f, style.standardize(f)) > 1


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
        d, h = d / d.norm(), 1e-6
        with torch.no_grad():
            slope = (objective(x + h * d) - objective(x - h * d)) / (2 * h)
        torch.testing.assert_close(slope, (grad * d).sum(), rtol=1e-5, atol=1e-9)


def test_empty_layers_leave_a_half_out(extractor, pair):
    only_style = style.losses(extractor, *pair, content_layers=[])
    only_content = style.losses(extractor, *pair, style_layers=[])
    assert only_style(pair[0]).content == 0
    assert only_content(pair[1]).style == 0
    assert only_style(pair[0]).style > 0


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


def test_callback_stops(extractor, pair):
    seen = []
    style.transfer(extractor, *pair, steps=9, callback=lambda t, x, parts: seen.append(t) or t == 2)
    assert seen == [0, 1, 2]


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


# ---------------------------------------------------------------- eyes


def test_gabor_filters_ignore_flat_patches():
    pyramid = extractors.GaborPyramid()
    grey = torch.full((1, 3, SIZE, SIZE), 0.37)
    for answers in pyramid(grey, set(pyramid.names)).values():
        assert answers.shape[1] == 3 + 2 * 3 * 16
        assert answers[:, 3:].abs().max() < 1e-5


def test_gabor_filters_know_their_direction():
    x = torch.arange(SIZE) * (2 * math.pi / 4.5)
    stripes = (0.5 + 0.4 * torch.sin(x)).expand(1, 3, SIZE, SIZE)
    across, along = (
        extractors.GaborPyramid(1)(picture, {"gabor1"})["gabor1"][0, 3:19].amax((1, 2))
        for picture in (stripes, stripes.mT)
    )
    assert across[:2].max() > 4 * across[8:10].max()
    assert along[8:10].max() > 4 * along[:2].max()


def test_only_what_is_asked_for_is_computed(extractor, pair):
    ran = []
    hooks = [
        piece.register_forward_hook(lambda module, *_, name=name: ran.append(name))
        for name, piece in zip(extractor.parts[1].names, extractor.parts[1].pieces)
    ]
    assert set(extractor(pair[0], ["conv1_2", "gabor2"])) == {"conv1_2", "gabor2"}
    for hook in hooks:
        hook.remove()
    assert ran == ["conv1_1", "conv1_2"]


@pytest.fixture(scope="module")
def torchvision_nets():
    """Random weights; VGG-19 without its classifier, which would take seconds to fill."""
    torch.manual_seed(0)
    layers = vgg.make_layers(vgg.cfgs["E"])
    return nn.Sequential(layers).eval(), squeezenet1_1(weights=None).eval()


@pytest.fixture(scope="module")
def torchvision_eyes(torchvision_nets):
    (layers,), squeeze = torchvision_nets
    return extractors.vgg19(layers), extractors.squeezenet(squeeze)


def test_torchvision_eyes_see_what_torchvision_sees(torchvision_nets, pair):
    (layers,), squeeze = torchvision_nets
    x = pair[0]
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normal = (x - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    with torch.no_grad():
        ours = extractors.vgg19(layers, average=False)(x, ["conv5_4"])["conv5_4"]
        torch.testing.assert_close(ours, layers[:36](normal))
        ours = extractors.squeezenet(squeeze)(x, ["fire9"])["fire9"]
        torch.testing.assert_close(ours, squeeze.features(normal))


def test_torchvision_eyes_have_the_papers_layers(torchvision_eyes, pair):
    for extractor in torchvision_eyes:
        assert set(extractor.style_layers) | set(extractor.content_layers) <= set(extractor.layers)
        out = style.transfer(extractor, *pair, steps=2)
        assert bool(torch.isfinite(out).all())
    names = torchvision_eyes[0].layers
    assert names[:3] == ("conv1_1", "conv1_2", "conv2_1")
    assert len(names) == 16
    assert names[-1] == "conv5_4"


def test_features_are_not_overwritten(torchvision_eyes, pair):
    """torchvision's ReLUs work in place; what we keep must be what the layer said."""
    for extractor in torchvision_eyes:
        with torch.no_grad():
            together = extractor(pair[0])
            for layer in extractor.layers:
                alone = extractor(pair[0], [layer])[layer]
                torch.testing.assert_close(together[layer], alone)


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
        style.transfer(extractor, paintings.photo("china", 64), painting)
    with pytest.raises(KeyError, match=r"no layer 'conv9_9'; it has gabor1"):
        style.transfer(extractor, content, painting, style_layers=["conv9_9"])
    with pytest.raises(ValueError, match="lam"):
        style.transfer(extractor, content, painting, lam=-1)
    with pytest.raises(ValueError, match="nothing to lower"):
        style.losses(extractor, content, painting, style_layers=[], content_layers=[])
    with pytest.raises(ValueError, match="features must be"):
        style.gram(content[0])
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
