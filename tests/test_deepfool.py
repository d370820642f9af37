"""DeepFool: exact where the model is linear, as short as other people's, and well behaved."""

import pytest
import torch
from torch import nn

from tests.conftest import small_net
from tutlib.attacks import deepfool
from tutlib.balls import L2, Linf

FAR = {"L2": L2(100.0), "Linf": Linf(100.0)}
DUAL = {"L2": 2, "Linf": 1}
NORMS = pytest.mark.parametrize("norm", FAR)


def linear(classes=5, pixels=20, seed=0):
    torch.manual_seed(seed)
    net = nn.Linear(pixels, classes)
    x = torch.randn(40, pixels)
    return net, x, net(x).argmax(1)


def to_the_walls(net, x, y, order):
    """The exact distances of x from every wall of a linear model, (N, K); y's own is infinite."""
    z = net(x).detach()
    leads = z.gather(1, y[:, None]) - z
    slopes = (net.weight[y][:, None] - net.weight[None]).detach().norm(order, dim=2)
    return (leads / slopes).nan_to_num(torch.inf)


@NORMS
def test_for_a_linear_model_the_way_is_the_exact_distance(norm):
    net, x, y = linear()
    exact = to_the_walls(net, x, y, DUAL[norm]).amin(1)
    x_adv = deepfool(net, x, y, FAR[norm], overshoot=1e-3, box=None)
    assert (net(x_adv).argmax(1) != y).all()
    torch.testing.assert_close(FAR[norm].norm(x_adv - x), 1.001 * exact, rtol=1e-3, atol=5e-4)


@NORMS
def test_it_crosses_the_nearest_wall_and_not_the_one_with_the_smallest_lead(norm):
    net, x, y = linear()
    with torch.no_grad():
        net.weight[4] *= 30  # a large lead, and a steep one
    y = net(x).argmax(1)
    walls = to_the_walls(net, x, y, DUAL[norm])
    x_adv = deepfool(net, x, y, FAR[norm], overshoot=1e-3, box=None)
    assert (net(x_adv).argmax(1) == walls.argmin(1)).float().mean() > 0.95
    z = net(x).detach().scatter(1, y[:, None], -torch.inf)
    assert (walls.argmin(1) != z.argmax(1)).any()  # or this test could not tell


@NORMS
def test_one_candidate_looks_at_the_strongest_rival_only(norm):
    net, x, y = linear()
    rival = net(x).detach().scatter(1, y[:, None], -torch.inf).argmax(1)
    exact = to_the_walls(net, x, y, DUAL[norm]).gather(1, rival[:, None])[:, 0]
    found = deepfool(net, x, y, FAR[norm], steps=1, overshoot=0.0, candidates=1, box=None)
    torch.testing.assert_close(FAR[norm].norm(found - x), exact, rtol=1e-4, atol=5e-4)


def test_against_the_edge_of_the_box_it_still_crosses():
    """Black pixels that should get darker: what is cut off there is made up for elsewhere."""
    weight = torch.tensor([[1.0, 1.0, 1.0, 0.2], [0.0, 0.0, 0.0, 0.0]])
    net = nn.Linear(4, 2)
    net.weight.data, net.bias.data = weight, torch.tensor([0.0, 0.1])
    x = torch.tensor([[0.0, 0.0, 0.0, 0.9]])
    for ball in (L2(2.0), Linf(1.0)):
        x_adv = deepfool(net, x, 0, ball)
        assert net(x_adv).argmax(1) == 1
        assert x_adv.min() >= 0
        assert ball.norm(x_adv - x).item() == pytest.approx(0.4, rel=0.03)  # only one can move


@NORMS
def test_what_is_wrong_already_is_left_alone_and_the_ball_is_kept(norm, pictures):
    net, (x, _) = small_net().eval(), pictures
    said = net(x).argmax(1)
    wrong = (said + 1) % 4
    wide = {"L2": L2(10.0), "Linf": Linf(1.0)}[norm]
    assert torch.equal(deepfool(net, x, wrong, wide), x)
    small = {"L2": L2(0.01), "Linf": Linf(0.001)}[norm]
    x_adv = deepfool(net, x, said, small)
    assert small.norm(x_adv - x).max() <= small.eps + 1e-7
    assert x_adv.min() >= 0
    assert x_adv.max() <= 1


@NORMS
def test_a_batch_is_its_pictures_one_by_one(norm, pictures):
    net, (x, _) = small_net().eval(), pictures
    ball = {"L2": L2(10.0), "Linf": Linf(1.0)}[norm]
    y = net(x).argmax(1)
    together = deepfool(net, x, y, ball)
    alone = torch.cat([deepfool(net, x[k : k + 1], y[k : k + 1], ball) for k in range(len(x))])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)


def test_a_flat_model_moves_nobody():
    x = torch.rand(3, 1, 4, 4)
    flat = lambda x: 0 * x.flatten(1)[:, :3] + torch.tensor([1.0, 0.0, 0.0])  # noqa: E731
    assert torch.equal(deepfool(flat, x, 0, L2(2.0)), x)


def test_no_longer_than_foolbox():
    foolbox = pytest.importorskip("foolbox")
    from tutlib import assets

    net, (x, _) = assets.digit_classifier().cpu(), assets.digits().test  # foolbox stays there
    x = x[:30]
    y = net(x).argmax(1)
    theirs = {
        "L2": foolbox.attacks.L2DeepFoolAttack(),
        "Linf": foolbox.attacks.LinfDeepFoolAttack(),
    }
    for norm, ball in (("L2", L2(28.0)), ("Linf", Linf(1.0))):
        found = theirs[norm](
            foolbox.PyTorchModel(net, bounds=(0, 1), device="cpu"), x, y, epsilons=None
        )[0]
        ours = deepfool(net, x, y, ball)
        assert (net(ours).argmax(1) != y).all()
        assert ball.norm(ours - x).median() <= 1.05 * ball.norm(found - x).median()


@pytest.mark.parametrize(("options", "words"), [
    ({"candidates": 0}, "candidates must be at least 1"),
    ({"steps": -1}, "steps must be 0 or more"),
    ({"overshoot": -1.0}, "0 or more"),
])  # fmt: skip
def test_wrong_settings_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        deepfool(nn.Flatten(), torch.rand(2, 1, 2, 2), 0, L2(1.0), **options)
