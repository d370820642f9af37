"""`diagnose` recognises each way of failing, and says nothing of the kind about a sound attack."""

import pytest
import torch
from torch import nn

from tests.conftest import small_net
from tutlib.balls import L2, Linf
from tutlib.risk.diagnose import _random_search, _share, _verdict, diagnose

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


# ---------------------------------------------------------------- what is measured

# Nets of two classes on "pictures" of a few numbers: what they give is how sure they are of class 0
# (the margin), and for class 1 nothing.


def sure(margin):
    def net(x):
        found = margin(x)
        return torch.stack([found, torch.zeros_like(found)], 1)

    return net


def uphill(x):
    """Sure of class 0 whatever happens, the more the brighter: all slopes of the loss are < 0."""
    return 1 + 0.1 * x.mean(1)


GREY = torch.full((4, 5), 0.5)


def test_a_healthy_attack_is_measured():
    report = diagnose(sure(uphill), GREY, 0, Linf(0.1))
    assert report.measured == {
        "reach": 2.5,
        "zero gradient": 0,
        "vanishing gradient": 0,
        "loss not rising": 0,
        "fooled by PGD": 0,
        "fooled by random search": 0,
    }
    assert report.healthy


@pytest.mark.parametrize(
    ("steps", "size", "reach"),
    [(20, None, 2.5), (1, None, 2.5), (0, None, 0), (5, 0.01, 0.5), (4, 0.05, 2)],
)
def test_reach_is_how_many_times_the_steps_cross_the_ball(steps, size, reach):
    report = diagnose(sure(uphill), GREY, 0, Linf(0.1), steps=steps, step_size=size)
    assert report.measured["reach"] == pytest.approx(reach)
    assert report.healthy is (reach >= 1)


def test_pgd_takes_the_steps_it_is_told_to():
    """These fall when each number is 0.04 darker; that takes four steps of 0.01 from the middle."""
    net = sure(lambda x: x.mean(1) - 0.461)

    def fallen(steps, size):
        # An even picture and a ball so much larger that the random start hardly matters.
        how = {"steps": steps, "step_size": size, "queries": 0}
        return diagnose(net, GREY[:, :1], 0, Linf(0.045), **how).measured["fooled by PGD"]

    assert fallen(20, 1e-4) < 1
    assert fallen(9, 0.01) == 1
    assert fallen(1, 1e-4) < 1
    assert fallen(1, None) == 1  # one step, but 2.5 times as long as the ball's radius


def test_what_matters_is_why_those_that_stand_withstood():
    """The first two fall, with a gradient; the others have none."""

    def net(x):
        margin = torch.where(x[:, 0] > 0.5, 2 + 0 * x.sum(1), x[:, 1] - 0.5)
        return torch.stack([margin, torch.zeros_like(margin)], 1)

    x = torch.tensor([[0.0, 0.55], [0.0, 0.55], [1.0, 0.55], [1.0, 0.55]])
    found = diagnose(net, x, 0, Linf(0.1)).measured
    assert found["fooled by PGD"] == 0.5
    assert found["zero gradient"] == found["vanishing gradient"] == found["loss not rising"] == 1


def test_no_gradient_is_less_than_a_tiny_one():
    def tiny(x):
        return 1 + 1e-9 * x.sum(1).double()

    found = diagnose(sure(tiny), GREY, 0, Linf(0.1)).measured
    assert (found["zero gradient"], found["vanishing gradient"]) == (0, 1)
    small = diagnose(sure(lambda x: 1 + 1e-6 * x.sum(1).double()), GREY, 0, Linf(0.1)).measured
    assert (small["zero gradient"], small["vanishing gradient"]) == (0, 0)


def test_the_gradient_is_that_of_the_largest_entry():
    """One pixel in five matters: that is no zero gradient."""
    found = diagnose(sure(lambda x: 1 + x[:, 0]), GREY, 0, Linf(0.1)).measured
    assert found["zero gradient"] == 0


def test_where_everything_falls_there_is_nothing_to_explain():
    report = diagnose(sure(lambda x: x.mean(1) - 0.5), GREY, 0, Linf(0.1))
    assert report.measured["fooled by PGD"] == report.measured["fooled by random search"] == 1
    assert report.measured["zero gradient"] == report.measured["loss not rising"] == 0
    assert report.healthy


def test_unless_told_otherwise_it_takes_20_steps_and_50_queries():
    net = sure(uphill)

    def effort(**how):
        """How many gradients it takes, and how far it runs the source of chance down."""
        gradients, rng = [], torch.Generator().manual_seed(1)

        def counted(x):
            gradients.extend([1] * torch.is_grad_enabled())
            return net(x)

        diagnose(counted, GREY, 0, Linf(0.1), generator=rng, **how)
        return len(gradients), rng.get_state().tolist()

    assert effort() == effort(steps=20, queries=50)
    assert effort()[0] == 20 + 1  # and one at the picture
    assert effort() != effort(queries=51)


# ---------------------------------------------------------------- the verdict


def verdict(count=1000, **found):
    """The verdict on a sound attack on so many pictures, but for what was `found`."""
    sound = {"reach": 2.5, "zero_gradient": 0, "vanishing_gradient": 0, "loss_not_rising": 0,
             "fooled_by_PGD": 0, "fooled_by_random_search": 0}  # fmt: skip
    measured = {name.replace("_", " "): value for name, value in {**sound, **found}.items()}
    report = _verdict(measured, count)
    assert report.measured is measured
    assert str(report) == report.sentence
    assert report.sentence.endswith(".")
    assert not report.sentence.endswith("..")
    return report


@pytest.mark.parametrize(("at_the_threshold", "beyond", "says"), [
    ({"reach": 1}, {"reach": 0.99}, "together they reach only 0.99 of its radius"),
    ({"zero_gradient": 0.1}, {"zero_gradient": 0.11}, "exactly zero on 11% of the pictures"),
    ({"vanishing_gradient": 0.1}, {"vanishing_gradient": 0.11}, "nearly vanishes on 11%"),
    ({"loss_not_rising": 0.1}, {"loss_not_rising": 0.11}, "does not rise on 11%"),
    # Two in a hundred may be chance ...
    ({"fooled_by_random_search": 0.02}, {"fooled_by_random_search": 0.03},
     "random search fools 3% and PGD only 0%"),
    ({"fooled_by_random_search": 0.5, "fooled_by_PGD": 0.5},
     {"fooled_by_random_search": 0.5, "fooled_by_PGD": 0.4}, "fools 50% and PGD only 40%"),
    # ... and of few pictures any one.
    ({"fooled_by_random_search": 0.15, "count": 10}, {"fooled_by_random_search": 0.2, "count": 10},
     "random search fools 20%"),
])  # fmt: skip
def test_each_sign_counts_beyond_its_threshold(at_the_threshold, beyond, says):
    fine, bad = verdict(**at_the_threshold), verdict(**beyond)
    assert fine.healthy
    assert "looks healthy" in str(fine)
    assert not bad.healthy
    assert says in str(bad)


def test_the_most_telling_sign_comes_first():
    signs = [
        ("too small to cross", {"reach": 0.5}),
        ("exactly zero", {"zero_gradient": 1}),
        ("nearly vanishes", {"vanishing_gradient": 1}),
        ("does not rise", {"loss_not_rising": 1}),
        ("random search fools", {"fooled_by_random_search": 1}),
    ]
    found = {}
    for says, sign in reversed(signs):
        found |= sign
        assert says in str(verdict(**found))


def test_a_share_of_none_is_nothing():
    yes, no = torch.tensor([True, True]), torch.tensor([False, False])
    assert _share(yes) == 1
    assert _share(yes, no) == _share(yes[:0]) == 0
    assert (
        _share(torch.tensor([True, False, True, True]), torch.tensor([True, True, False, False]))
        == 0.5
    )


# ---------------------------------------------------------------- the random search


class Noted:
    """An objective that notes what it is asked about; among equals the first is kept."""

    def __init__(self, value=lambda x: torch.zeros(len(x))):
        self.value, self.seen = value, []

    def __call__(self, x):
        if not any(torch.equal(x, before) for before in self.seen):
            self.seen.append(x)
        return self.value(x)

    def won(self, x):
        return torch.zeros(len(x), dtype=torch.bool)


def searched(x, ball, queries, generator=None):
    objective = Noted()
    _random_search(objective, x, ball, queries, generator)
    return objective.seen


@pytest.mark.parametrize("queries", [1, 3])
def test_the_search_tries_the_picture_and_so_many_corners(queries):
    x = torch.rand(3, 100)
    points = searched(x, Linf(0.1), queries)
    assert sum(torch.equal(point, x) for point in points) == 1
    assert len(points) == 1 + queries


@pytest.mark.parametrize("queries", [0, 1, 3])
def test_where_no_corner_is_better_the_picture_is_kept(queries):
    x = torch.rand(3, 100)
    assert torch.equal(_random_search(Noted(), x, Linf(0.1), queries, None), x)


@pytest.mark.parametrize(("ball", "most"), [(Linf(0.3), 0.3), (L2(2.0), 0.6)], ids=["linf", "l2"])
def test_the_corners_are_at_the_edge_of_the_ball(ball, most):
    x = torch.full((3, 400), 0.5)
    for corner in (point for point in searched(x, ball, 5) if not torch.equal(point, x)):
        length = ball.norm(corner - x)
        assert bool((length <= ball.eps * (1 + 1e-6)).all())
        assert bool((length >= ball.eps * (1 - 1e-5)).all())
        # The direction is a random one: no single pixel takes most of the way.
        assert (corner - x).abs().max() <= most + 1e-6


def test_the_corners_are_in_the_box():
    x = torch.rand(3, 400, generator=torch.Generator().manual_seed(0))
    for point in searched(x, Linf(0.3), 3):
        assert 0 <= point.min() <= point.max() <= 1


def test_the_search_keeps_the_best():
    x = torch.full((2, 10), 0.5)
    best = _random_search(Noted(lambda x: x.sum(1)), x, Linf(0.1), 20, None)
    every = torch.stack([point.sum(1) for point in searched(x, Linf(0.1), 20)])
    assert torch.equal(best.sum(1), every.amax(0))


def test_the_search_is_the_same_every_time_and_as_chance_is_given():
    x = torch.rand(2, 10)

    def seeded(seed):
        return torch.stack(searched(x, Linf(0.1), 2, torch.Generator().manual_seed(seed)))

    assert torch.equal(torch.stack(searched(x, Linf(0.1), 2)), seeded(0))
    assert torch.equal(seeded(1), seeded(1))
    assert not torch.equal(seeded(1), seeded(0))
