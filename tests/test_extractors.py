"""The eyes of style transfer: which layers they have, and that they see what the nets see."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision.models import squeezenet1_1, vgg

from tutlib.style import extractors
from tutlib.style.extractors import Chain, Extractor
from tutlib.style.gabor import GaborPyramid
from tutlib.style.random_filters import RandomFilters

MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def picture(side=40, seed=0):
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))


def normal(x):
    return (x - MEAN.view(3, 1, 1)) / STD.view(3, 1, 1)


# ---------------------------------------------------------------- what all of them do


class Scaled(nn.Module):
    """A piece that multiplies, and says so."""

    def __init__(self, factor, ran):
        super().__init__()
        self.factor, self.ran = factor, ran

    def forward(self, x):
        self.ran.append(self.factor)
        return x * self.factor


@pytest.fixture
def ran():
    return []


@pytest.fixture
def eye(ran):
    """Two chains; the features of a layer are the picture times a number that tells which."""
    one, two = (
        Chain(first, [(f"by{factor}", Scaled(factor, ran)) for factor in factors])
        for first, factors in ((Scaled(1, ran), (2, 3, 5)), (Scaled(7, ran), (11, 13)))
    )
    told = {"smallest": 4, "source": "real", "name": "the eye"}
    return Extractor([one, two], ["by2", "by13"], iter(["by3"]), **told)


def test_an_extractor_knows_its_layers_and_what_it_was_told(eye):
    assert eye.layers == ("by2", "by3", "by5", "by11", "by13")
    assert eye.style_layers == ("by2", "by13")
    assert eye.content_layers == ("by3",)
    assert (eye.smallest, eye.source, eye.name) == (4, "real", "the eye")


def test_an_extractor_is_frozen_and_in_eval_mode():
    net = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    told = {"smallest": 4, "source": "real", "name": "the eye"}
    eye = Extractor([Chain(nn.Identity(), [("a", net)])], ["a"], ["a"], **told)
    assert not any(module.training for module in eye.modules())
    assert not any(weight.requires_grad for weight in eye.parameters())


def test_features_are_those_of_the_named_pieces_one_after_the_other(eye):
    x = picture(4)
    seen = eye(x)
    assert list(seen) == ["by2", "by3", "by5", "by11", "by13"]  # shallow ones first
    for name, factor in {"by2": 2, "by3": 6, "by5": 30, "by11": 77, "by13": 1001}.items():
        torch.testing.assert_close(seen[name], factor * x)
    assert list(eye(x, ["by13", "by2"])) == ["by2", "by13"]
    assert eye(x, []) == {}


def test_nothing_behind_the_last_layer_asked_for_is_computed(eye, ran):
    for layers, pieces in (
        (["by3"], [1, 2, 3]),
        (["by2"], [1, 2]),
        (["by11"], [7, 11]),
        (["by13", "by2"], [1, 2, 7, 11, 13]),
    ):
        del ran[:]
        eye(picture(4), layers)
        assert ran == pieces


def test_an_optimiser_may_look_outside_of_the_box(eye):
    assert eye(picture(4) + 5, ["by2"])["by2"].min() > 10


def test_wrong_pictures_and_layers_get_their_sentence(eye):
    assert eye.check(picture(4)) is None
    assert eye.check(picture(4).expand(2, 3, 4, 4), ["by2", "by13"]) is None
    with pytest.raises(KeyError, match=r"the eye has no layer 'by4'; it has by2, by3, by5, by11"):
        eye.check(picture(4), ["by2", "by4"])
    with pytest.raises(ValueError, match="divide by 255"):
        eye.check(picture(4) * 255)
    for shape in ((2, 1, 8, 8), (2, 4, 8, 8), (2, 3)):
        with pytest.raises(ValueError, match="colour pictures"):
            eye.check(torch.rand(shape))
    with pytest.raises(ValueError, match="colour pictures"):
        eye.check(torch.rand(1, 3, 8, 8, 8))
    for shape, told in (((3, 8), "3 x 8"), ((8, 3), "8 x 3")):
        with pytest.raises(ValueError, match=f"needs at least 4 pixels a side, and this is {told}"):
            eye.check(torch.rand(1, 3, *shape))


# ---------------------------------------------------------------- cutting a net into pieces


def small_vgg():
    """Two blocks in VGG's manner, with torchvision's ReLUs in place."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(True), nn.Conv2d(4, 4, 3, padding=1),
        nn.ReLU(True), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3, padding=1), nn.ReLU(True),
        nn.MaxPool2d(2), nn.Conv2d(5, 6, 3, padding=1), nn.ReLU(True), nn.MaxPool2d(2),
    ).eval()  # fmt: skip


def test_a_piece_ends_behind_a_relu_and_a_pool_opens_a_block():
    net = small_vgg()
    pieces = extractors.named_pieces(net, lambda layer: layer)
    assert [name for name, _ in pieces] == ["conv1_1", "conv1_2", "conv2_1", "conv3_1"]
    assert [list(piece) for _, piece in pieces] == [
        list(net[:2]), list(net[2:4]), list(net[4:7]), list(net[7:10])
    ]  # fmt: skip
    soft = nn.Sequential(nn.ReLU(), nn.AvgPool2d(2), nn.ReLU())
    pieces = extractors.named_pieces(soft, lambda layer: nn.Identity())
    assert [name for name, _ in pieces] == ["conv1_1", "conv2_1"]
    assert all(isinstance(layer, nn.Identity) for _, piece in pieces for layer in piece)


@pytest.mark.parametrize("wrapped", [False, True])
def test_vgg_pools_by_averages_unless_told_otherwise(wrapped):
    net = small_vgg()
    whole = net
    if wrapped:  # as torchvision's nets are
        whole = nn.Module()
        whole.features = net
    x = picture(32)
    with torch.no_grad():
        fine = net[:4](normal(x))
        hard, soft = (pool(2)(fine) for pool in (nn.MaxPool2d, nn.AvgPool2d))
        for options, pooled in (({"average": False}, hard), ({}, soft), ({"average": True}, soft)):
            seen = extractors.vgg19(whole, **options)(x)
            torch.testing.assert_close(seen["conv1_2"], fine)
            torch.testing.assert_close(seen["conv2_1"], net[5:7](pooled))


def test_relus_are_no_longer_in_place_also_inside_of_a_layer():
    class Fire(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = nn.Sequential(nn.Identity(), nn.ReLU(True))

    fire = Fire()
    assert extractors._plain_relu(fire) is fire
    assert fire.inside[1].inplace is False
    given = nn.ReLU(True)
    plain = extractors._plain_relu(given)
    assert isinstance(plain, nn.ReLU)
    assert not plain.inplace


def test_features_are_not_overwritten():
    """What we keep must be what the layer said, whatever comes behind it."""
    torch.manual_seed(0)
    for eye in (extractors.vgg19(small_vgg()), extractors.squeezenet(small_squeezenet())):
        with torch.no_grad():
            together = eye(picture(32))
            for layer in eye.layers:
                alone = eye(picture(32), [layer])[layer]
                torch.testing.assert_close(together[layer], alone)


def test_vgg_looks_where_gatys_looked():
    eye = extractors.vgg19(small_vgg())
    assert eye.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    assert eye.content_layers == ("conv4_2",)
    assert (eye.smallest, eye.source, eye.name) == (32, "real", "VGG-19")


# ---------------------------------------------------------------- SqueezeNet


class Fire(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(inputs, outputs, 1), nn.ReLU(True)

    def forward(self, x):
        return self.relu(self.conv(x))


def small_squeezenet():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, 2), nn.ReLU(True), nn.MaxPool2d(3, 2), Fire(4, 4), Fire(4, 5),
        nn.MaxPool2d(3, 2), Fire(5, 6),
    ).eval()  # fmt: skip


def test_squeezenets_pieces_end_behind_its_relu_and_its_fires():
    torch.manual_seed(0)
    net, x = small_squeezenet(), picture(32)
    eye = extractors.squeezenet(net)
    assert eye.layers == ("conv1", "fire2", "fire3", "fire4")
    with torch.no_grad():
        for layer, end in {"conv1": 2, "fire2": 4, "fire3": 5, "fire4": 7}.items():
            torch.testing.assert_close(eye(x, [layer])[layer], net[:end](normal(x)))
    assert eye.style_layers == ("conv1", "fire3", "fire5", "fire7")
    assert eye.content_layers == ("fire4",)
    assert (eye.smallest, eye.source, eye.name) == (32, "real", "SqueezeNet 1.1")


# ---------------------------------------------------------------- the bundled one


@pytest.fixture
def crop_net():
    torch.manual_seed(0)
    return extractors.crop_net().eval()


@pytest.fixture
def bundled(crop_net):
    return extractors.bundled(crop_net)


def test_the_crop_net_has_five_convolutions_in_three_sizes(crop_net):
    convolutions = [m for m in crop_net if isinstance(m, nn.Conv2d)]
    shapes = [(conv.in_channels, conv.out_channels) for conv in convolutions]
    assert shapes == [(3, 32), (32, 32), (32, 64), (64, 64), (64, 128)]
    assert all(conv.bias is None for conv in convolutions)  # BatchNorm brings its own
    kinds = [type(m).__name__ for m in crop_net]
    step = ["Conv2d", "BatchNorm2d", "ReLU"]
    assert kinds == [
        "Normalize", *step, *step, "AvgPool2d", *step, *step, "AvgPool2d", *step,
        "AdaptiveAvgPool2d", "Flatten", "Linear",
    ]  # fmt: skip
    assert crop_net(picture(32)).shape == (1, 18)
    assert extractors.crop_net(5)(picture(32)).shape == (1, 5)
    greys, expected = (
        torch.tensor(three).view(3, 1, 1).expand(1, 3, 2, 2)
        for three in ([0.0, 0.5, 1.0], [-2.0, 0.0, 2.0])
    )
    torch.testing.assert_close(crop_net[0](greys), expected)


def test_the_crop_net_sees_no_edge_where_the_picture_ends(crop_net):
    """Its margins are mirrored: a flat picture stays flat, up to the border."""
    flat = torch.full((1, 3, 16, 16), 0.3)
    for end in (4, 7, 14, 18):
        seen = crop_net[:end](flat)
        torch.testing.assert_close(seen, seen[:, :, :1, :1].expand_as(seen))


def test_the_bundled_extractor_is_a_pyramid_and_random_filters_beside_the_crop_net(
    bundled, crop_net
):
    gabor = tuple(f"gabor{n}" for n in range(1, 5))
    by_chance = ("random7", "random11", "random15", "random23")
    learned = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")
    assert bundled.layers == (*gabor, *by_chance, *learned)
    assert bundled.style_layers == (*gabor, "conv2_1", "conv2_2", "conv3_1")
    assert bundled.content_layers == ("conv1_2",)
    assert (bundled.smallest, bundled.source) == (40, "bundled")
    assert bundled.name == "the bundled extractor"
    bundled(picture(40))  # the smallest it can see
    x = picture(80)
    with torch.no_grad():
        seen = bundled(x)
        sizes = {"gabor1": 80, "gabor4": 10, "random7": 74, "conv1_2": 80, "conv2_1": 40}
        for layer, side in sizes.items():
            assert seen[layer].shape[-2:] == (side, side)
        torch.testing.assert_close(seen["conv3_1"], crop_net[:-3](x))
        for part, layer in ((GaborPyramid(), "gabor2"), (RandomFilters(), "random15")):
            torch.testing.assert_close(seen[layer], part(x, {layer})[layer])


# ---------------------------------------------------------------- torchvision's own nets


@pytest.fixture(scope="module")
def torchvision_nets():
    """Random weights; VGG-19 without its classifier, which would take seconds to fill."""
    torch.manual_seed(0)
    layers = vgg.make_layers(vgg.cfgs["E"])
    return nn.Sequential(layers).eval(), squeezenet1_1(weights=None).eval()


def test_torchvision_eyes_see_what_torchvision_sees(torchvision_nets):
    (layers,), squeeze = torchvision_nets
    x = picture(48)
    with torch.no_grad():
        ours = extractors.vgg19(layers, average=False)(x, ["conv5_4"])["conv5_4"]
        torch.testing.assert_close(ours, layers[:36](normal(x)))
        ours = extractors.squeezenet(squeeze)(x, ["fire9"])["fire9"]
        torch.testing.assert_close(ours, squeeze.features(normal(x)))


def test_torchvision_eyes_have_the_papers_layers(torchvision_nets):
    (layers,), squeeze = torchvision_nets
    eyes = extractors.vgg19(layers), extractors.squeezenet(squeeze)
    for eye in eyes:
        eye.check(picture(eye.smallest), [*eye.style_layers, *eye.content_layers])
        with torch.no_grad():
            for seen in eye(picture(eye.smallest)).values():
                assert torch.isfinite(seen).all()
                assert min(seen.shape) > 0
    names = eyes[0].layers
    assert names[:3] == ("conv1_1", "conv1_2", "conv2_1")
    assert len(names) == 16
    assert names[-1] == "conv5_4"
    assert eyes[1].layers == ("conv1", *(f"fire{n}" for n in range(2, 10)))
