"""The nets: right shapes, normalisation inside, and a contrast layer that does what it says."""

import pytest
import torch

from tutlib import nets
from tutlib.nets import layers


def test_normalize_is_the_usual_one():
    from torchvision.transforms import Normalize

    x = torch.rand(2, 3, 5, 5)
    torch.testing.assert_close(
        nets.Normalize()(x), Normalize(layers.IMAGENET_MEAN, layers.IMAGENET_STD)(x)
    )


def test_local_contrast_ignores_brightness_and_contrast():
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    layer = nets.LocalContrast(floor=0)
    inside = (..., slice(8, -8), slice(8, -8))
    torch.testing.assert_close(layer(0.3 * x + 0.2)[inside], layer(x)[inside], atol=1e-3, rtol=1e-3)
    assert nets.LocalContrast()(torch.full((1, 3, 16, 16), 0.4)).abs().max() < 1e-4
    assert nets.parameter_count(layer) == 0


@pytest.mark.parametrize("contrast", [True, False])
def test_the_world_net_answers_for_ten_things(contrast):
    net = nets.world_net(contrast=contrast).eval()
    assert net(torch.rand(2, 3, 224, 224)).shape == (2, 10)
    assert nets.parameter_count(net) < 600_000


def test_the_digit_net_takes_both_sizes():
    assert nets.digit_net(16)(torch.rand(2, 1, 16, 16)).shape == (2, 10)
    assert nets.digit_net(28)(torch.rand(2, 1, 28, 28)).shape == (2, 10)
    with pytest.raises(ValueError, match="multiple of 4"):
        nets.digit_net(15)


def test_mlp():
    net = nets.mlp(2, 8, 8, 3)
    assert net(torch.rand(5, 2)).shape == (5, 3)
    assert [type(layer).__name__ for layer in net] == ["Linear", "ReLU"] * 2 + ["Linear"]


def test_untouched_holds_the_weights_still_and_gives_everything_back():
    net = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3)).train()
    net[0].bias.requires_grad_(False)
    traced = [w.requires_grad for w in net.parameters()]
    assert traced == [True, False, True, True]

    @nets.untouched(net)
    def meddle():
        assert not any(w.requires_grad for w in net.parameters())
        assert not net(torch.ones(2, 3)).requires_grad
        net[1].running_mean.fill_(7)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        meddle()
    assert traced == [w.requires_grad for w in net.parameters()]
    assert net.training
    assert not net[1].running_mean.any()
    # Weights that are computed from others are not ours to hold.
    torch.nn.utils.parametrizations.weight_norm(net[0])
    with nets.untouched(net):
        net(torch.ones(2, 3))
    net(torch.ones(2, 3)).sum().backward()
    assert net[0].parametrizations.weight.original0.grad is not None
