"""How straight a net is: the share that a line explains, and walks that leave the net alone."""

import numpy as np
import pytest
import torch
from scipy.stats import linregress
from torch import nn

from tests.conftest import small_net
from tutlib import nets
from tutlib.risk import along, along_weights, as_long_as, random_weights, straightness

T = torch.linspace(-1, 1, 21)


def test_it_is_the_r_squared_of_a_regression():
    generator = torch.Generator().manual_seed(0)
    t, values = torch.rand(15, generator=generator), torch.randn(15, 2, 3, generator=generator)
    found = straightness(t, values)
    assert found.shape == (2, 3)
    for place in np.ndindex(2, 3):
        expected = linregress(t.numpy(), values[(slice(None), *place)].numpy()).rvalue ** 2
        assert found[place].item() == pytest.approx(expected, abs=1e-5)


def test_neither_units_nor_an_offset_change_it():
    values = torch.randn(21, 4, generator=torch.Generator().manual_seed(0))
    there = straightness(T, values)
    torch.testing.assert_close(
        straightness(255 * T + 3, 1e-3 * values + 7), there, atol=1e-3, rtol=0
    )
    torch.testing.assert_close(straightness(-T, -values), there)


def test_known_shapes():
    values = torch.stack([3 * T - 1, torch.full_like(T, 5.0), T**2, T.abs(), T.relu()], 1)
    straight, level, bowl, corner, relu = straightness(T, values).tolist()
    assert (straight, level) == pytest.approx((1, 1), abs=1e-6)
    assert (bowl, corner) == pytest.approx((0, 0), abs=1e-6)
    assert 0.7 < relu < 0.9


def test_a_polynomial_of_the_third_degree():
    """On [-1, 1] the line explains 0.84 of (1 + t)^3, by the moments of t."""
    t = torch.linspace(-1, 1, 20001).double()
    line, bowl, cubic = 3.6**2 / 3, 9 * 4 / 45, 4 / 175
    expected = line / (line + bowl + cubic)
    assert straightness(t, (1 + t) ** 3).item() == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("t", "values", "said"),
    [(T[:2], T[:2], "three places"), (T * 0, T, "the same"), (T, T[:5], "one row for each"),
     (T, T * torch.nan, "NaN"), (T.tolist(), T, "three places")],
)  # fmt: skip
def test_a_line_needs_places_and_values(t, values, said):
    with pytest.raises(ValueError, match=said):
        straightness(t, values)


def test_along_is_the_model_at_each_place(pictures):
    net, (x, _) = small_net(), pictures
    direction = torch.randn_like(x)
    walked = along(net, x, direction, T)
    assert not walked.requires_grad
    net.eval()
    for k in (0, 10, 20):
        torch.testing.assert_close(walked[k], net(x + T[k] * direction).detach())


def test_weights_are_moved_in_a_copy(pictures):
    net, (x, _) = small_net().eval(), pictures
    before = {name: part.clone() for name, part in net.state_dict().items()}
    direction = random_weights(net)
    walked = along_weights(net, x, direction, T)
    assert all(torch.equal(before[name], part) for name, part in net.state_dict().items())
    assert all(part.requires_grad for part in net.parameters())
    with torch.no_grad():
        for name, part in net.named_parameters():
            part += T[3] * direction[name]
        torch.testing.assert_close(walked[3], net(x))


def test_a_random_direction_is_as_long_as_what_it_moves():
    net = small_net()
    for (name, part), drawn in zip(net.named_parameters(), random_weights(net).values()):
        assert drawn.norm().item() == pytest.approx(part.norm().item(), rel=1e-5), name
    same = [as_long_as(torch.ones(9), torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(*same)
    assert as_long_as(torch.ones(9)).norm().item() == pytest.approx(3)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_without_biases_the_picture_is_one_factor_and_each_layer_another(depth):
    torch.manual_seed(depth)
    net, x = nets.mlp(5, *[16] * (depth - 1), 3).requires_grad_(False), torch.rand(4, 5)
    for layer in net[::2]:
        layer.bias.zero_()
    z, knob = net(x), (1 + T)[:, None, None]
    torch.testing.assert_close(along(net, x, x, T), knob * z, atol=1e-5, rtol=1e-4)
    walked = along_weights(net, x, dict(net.named_parameters()), T)
    torch.testing.assert_close(walked, knob**depth * z, atol=1e-5, rtol=1e-4)


def test_wrong_input_gets_a_sentence():
    net, x = nn.Linear(3, 2), torch.rand(4, 3)
    for call, said in (
        (lambda: along(net, x, torch.rand(2, 3), T), "shape of what it moves"),
        (lambda: along(net, x, torch.rand(4, 2), T), "shape of what it moves"),
        (lambda: along(net, x, x * torch.nan, T), "NaN"),
        (lambda: along_weights(net, x, {"wait": x}, T), "no parameter 'wait'"),
        (lambda: along_weights(net, x, {"weight": torch.rand(3, 2)}, T), "shape of what it moves"),
    ):
        with pytest.raises(ValueError, match=said):
            call()
    for call in (lambda: along_weights(lambda x: x, x, {}, T), lambda: random_weights(len)):
        with pytest.raises(TypeError, match="torch module"):
            call()
