"""`diagnose` recognises each way of failing, and says nothing of the kind about a sound attack."""

import torch
from torch import nn

from tests.conftest import small_net
from tutlib.balls import Linf
from tutlib.risk.diagnose import diagnose

BALL = Linf(8 / 255)


def labelled(net: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures with the net's own answers as labels."""
    x = torch.rand(16, 3, 12, 12, generator=torch.Generator().manual_seed(2))
    return x, net(x).argmax(1)


def test_a_healthy_attack():
    net = small_net().eval()
    report = diagnose(net, *labelled(net), Linf(0.1))
    assert report.healthy, str(report)
    assert "healthy" in str(report)


def test_chance_may_come_from_any_device(each_device):
    net, rng = small_net().eval(), torch.Generator(each_device)
    assert diagnose(net, *labelled(net), Linf(0.1), queries=2, generator=rng).healthy


def test_steps_too_small():
    net = small_net().eval()
    report = diagnose(net, *labelled(net), BALL, steps=5, step_size=1e-4)
    assert not report.healthy
    assert "too small to cross the ball" in str(report)


def test_zero_gradients():
    body = small_net().eval()

    class Rounded(nn.Module):
        def forward(self, x):
            return body((x * 255).round() / 255)

    report = diagnose(Rounded(), *labelled(body), BALL)
    assert "exactly zero" in str(report)


def test_vanishing_gradients():
    body = small_net().eval()

    class Confident(nn.Module):
        def forward(self, x):
            return body(x) * 1e-12

    report = diagnose(Confident(), *labelled(body), Linf(1 / 255))
    assert "vanishes" in str(report)


def test_a_loss_that_does_not_rise():
    body = small_net().eval()

    class Backwards(nn.Module):
        """Looks at the picture as it is, and sends the gradient the wrong way."""

        def forward(self, x):
            return body(2 * x.detach() - x)

    report = diagnose(Backwards(), *labelled(body), Linf(2 / 255))
    assert "does not rise" in str(report)


def test_random_search_beats_pgd():
    class Masked(nn.Module):
        """Falls to any change of the texture; its gradient only knows the mean brightness."""

        def forward(self, x):
            flat = x.flatten(1)
            texture = (flat - flat.mean(1, keepdim=True)).abs().mean(1).detach()
            brightness = flat.mean(1)
            margin = torch.where(texture > 0.02, -1.0, 1.0) - 0.1 * brightness
            return torch.stack([margin, torch.zeros_like(margin)], 1)

    x = torch.full((16, 1, 12, 12), 0.5)
    report = diagnose(Masked(), x, 0, BALL, steps=4)
    assert "random search fools 100% and PGD only 0%" in str(report)
