"""The one loop: it climbs, it stays inside, and its steps are the textbook's."""

import math

import pytest
import torch

from tutlib.balls import L2, Box, Linf
from tutlib.descent import LBFGS, Adam, Plain, Steepest, ascend, descend, gradient

FREE = Box(-math.inf, math.inf)


def bowl(x):
    """A badly scaled quadratic with its minimum at 0.3; (N, d) -> (N,)."""
    return (torch.linspace(1, 40, x.shape[1], dtype=x.dtype) * (x - 0.3) ** 2).sum(1)


def test_it_finds_the_best_point_of_the_ball():
    x, w = torch.full((2, 5), 0.5), torch.tensor([1.0, -2.0, 3.0, 0.5, -0.1])
    found = ascend(lambda p: p @ w, x, Linf(0.1), Steepest(0.05), 10)
    torch.testing.assert_close(found, x + 0.1 * w.sign())
    found = ascend(lambda p: p @ w, x, L2(0.1), Steepest(0.05), 10)
    torch.testing.assert_close(found, x + 0.1 * w / w.norm(), rtol=1e-4, atol=1e-5)


def test_the_pixel_box_wins_over_the_objective():
    x = torch.full((1, 4), 0.95)
    assert ascend(lambda p: p.sum(1), x, Linf(0.2), Steepest(0.1), 5).max() == 1
    assert ascend(lambda p: p.sum(1), x, Linf(0.2), Steepest(0.1), 5, box=None).max() > 1.14


def test_zero_steps_returns_the_projected_start():
    x = torch.full((1, 4), 0.5)
    found = ascend(lambda p: p.sum(1), x, Linf(0.1), Steepest(0.1), 0, start=x + 7)
    torch.testing.assert_close(found, x + 0.1)
    with pytest.raises(ValueError, match="steps must be 0 or more"):
        ascend(lambda p: p.sum(1), x, Linf(0.1), Steepest(0.1), -1)


def test_descend_goes_down_and_shows_the_objective_itself():
    seen = []
    x = torch.zeros(1, 4)
    descend(bowl, x, FREE, Plain(0.01), 5, box=None, callback=lambda t, p, v: seen.append(v.item()))
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == pytest.approx(bowl(x).item())


def test_a_true_answer_of_the_callback_stops_the_loop():
    steps = []
    ascend(lambda p: p.sum(1), torch.zeros(1, 2), Linf(1), Steepest(0.1), 50,
           callback=lambda t, p, v: steps.append(t) or t == 3)  # fmt: skip
    assert steps == [0, 1, 2, 3]


# torch's own stops where little changes; the walk itself is the same.
ON = {"max_iter": 1, "tolerance_grad": 0, "tolerance_change": 0}


@pytest.mark.parametrize(
    ("ours", "theirs", "steps"),
    [
        (Plain(0.01), lambda p: torch.optim.SGD([p], 0.01), 30),
        (Adam(0.05), lambda p: torch.optim.Adam([p], 0.05), 30),
        (Adam(0.05, (0.5, 0.7), 0.3), lambda p: torch.optim.Adam([p], 0.05, (0.5, 0.7), 0.3), 30),
        (LBFGS(), lambda p: torch.optim.LBFGS([p], 1.0, history_size=20, **ON), 12),
        (LBFGS(0.5, 3), lambda p: torch.optim.LBFGS([p], 0.5, history_size=3, **ON), 12),
    ],
    ids=["Plain", "Adam", "Adam's constants", "LBFGS", "LBFGS short memory"],
)
@pytest.mark.parametrize("steepness", [1.0, 1e-4, 1e-9])
def test_every_step_rule_walks_like_torch(ours, theirs, steps, steepness):
    """Also down a flat bowl: what keeps a step from dividing by 0 is not 0 there."""
    start = torch.linspace(-1, 1, 6, dtype=torch.float64)[None]
    theta = start.clone().requires_grad_(True)
    optimizer = theirs(theta)

    def closure():
        optimizer.zero_grad()
        value = steepness * bowl(theta).sum()
        value.backward()
        return value

    for _ in range(steps):
        optimizer.step(closure)
    found = descend(lambda p: steepness * bowl(p), start, FREE, ours, steps, box=None)
    torch.testing.assert_close(found, theta.detach(), rtol=1e-7, atol=1e-9)


def test_it_works_without_gradients_switched_on_and_leaves_no_graph():
    x = torch.full((1, 3), 0.5)
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            found = ascend(lambda p: p.sum(1), x, Linf(0.1), Steepest(0.1), 2)
            torch.testing.assert_close(found, x + 0.1)
    assert not found.requires_grad
    assert found.grad_fn is None
    assert not x.requires_grad


def test_only_the_picture_gets_a_gradient():
    weight = torch.ones(3, requires_grad=True)
    ascend(lambda p: p @ weight, torch.zeros(1, 3), Linf(0.1), Steepest(0.1), 2)
    assert weight.grad is None


def test_what_a_callback_keeps_stays_as_it_was():
    kept = []
    ascend(
        lambda p: p.sum(1), torch.zeros(1, 3), Linf(1.0), Steepest(0.1), 4,
        callback=lambda t, point, values: kept.append(point),
    )  # fmt: skip
    steps = torch.stack(kept)[:, 0, 0]
    torch.testing.assert_close(steps, torch.tensor([0.0, 0.1, 0.2, 0.3]))
    kept.clear()
    ascend(
        lambda p: p[:, 0], torch.zeros(1, 3), Linf(1.0), Steepest(0.1), 4,
        callback=lambda t, point, values: kept.append(values),  # they are a view of the point
    )  # fmt: skip
    torch.testing.assert_close(torch.cat(kept), torch.tensor([0.0, 0.1, 0.2, 0.3]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_adam_stays_where_the_objective_is_flat(dtype):
    x = torch.zeros(1, 3, dtype=dtype)
    moved = ascend(lambda p: p[:, :1].sum(1), x, Box(), Adam(0.1), 2)
    assert moved[0, 0] > 0.15
    assert (moved[0, 1:] == 0).all()


def test_an_objective_without_a_value_says_so():
    with pytest.raises(ValueError, match="NaN or infinity"):
        ascend(lambda p: p.sum(1).log(), torch.zeros(1, 3), Linf(0.1), Steepest(0.1), 2)


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_neither_does_one_without_a_slope(steps):
    with pytest.raises(ValueError, match="NaN or infinity"):
        ascend(
            lambda p: (p.sum(1) - p.sum(1)).sqrt(), torch.ones(1, 3), L2(0.1), Steepest(0.1), steps
        )


@pytest.mark.parametrize("bad", range(45))
def test_one_bad_value_on_a_long_way_is_noticed(bad):
    """Values are checked many at a time, and none is left out."""
    calls = iter(range(100))

    def objective(point):
        return point.sum(1) + (math.inf if next(calls) == bad else 0)

    with pytest.raises(ValueError, match="NaN or infinity"):
        ascend(objective, torch.zeros(1, 3), Linf(1.0), Steepest(0.01), 45)


@pytest.mark.parametrize("start_at", [None, 0.2])
def test_neither_the_point_nor_the_start_is_moved(start_at):
    class Anywhere:
        """The smallest ball there is: it hands back the very tensor it is given."""

        def around(self, center):
            return lambda point: point

    x = torch.zeros(1, 3)
    start = None if start_at is None else torch.full((1, 3), start_at)
    kept = None if start is None else start.clone()
    found = ascend(lambda p: p.sum(1), x, Anywhere(), Plain(0.1), 2, start=start, box=None)
    torch.testing.assert_close(found, torch.full((1, 3), 0.2 + (start_at or 0)))
    assert (x == 0).all()
    assert start is None or torch.equal(start, kept)


def test_one_gradient_is_taken_in_each_step_and_a_stop_saves_the_last():
    asked = []

    def objective(point):
        asked.append(point.requires_grad)
        return point.sum(1)

    ascend(objective, torch.zeros(1, 3), Linf(1.0), Steepest(0.1), 7)
    assert asked == [True] * 7
    asked.clear()
    found = ascend(objective, torch.zeros(1, 3), Linf(1.0), Steepest(0.1), 7,
                   callback=lambda t, point, values: t == 2)  # fmt: skip
    assert len(asked) == 3
    torch.testing.assert_close(found, torch.full((1, 3), 0.2))  # where it stopped, not one further


def test_the_callback_is_shown_the_point_and_its_own_values():
    x = torch.tensor([[0.1, 0.2], [0.3, 0.5]])
    for walk, up in ((ascend, 1), (descend, -1)):
        seen = []
        walk(lambda p: p.sum(1), x, FREE, Steepest(0.1), 2, box=None,
             callback=lambda *told, seen=seen: seen.append(told))  # fmt: skip
        assert [t for t, _, _ in seen] == [0, 1]
        for t, point, values in seen:
            torch.testing.assert_close(point, x + up * 0.1 * t)
            torch.testing.assert_close(values, point.sum(1))
            assert not point.requires_grad
            assert not values.requires_grad


def test_descend_hands_its_options_on():
    x = torch.full((1, 3), 0.5)
    assert descend(lambda p: p.sum(1), x, Linf(5.0), Steepest(1.0), 3).max() == 0
    assert descend(lambda p: p.sum(1), x, Linf(5.0), Steepest(1.0), 3, box=(0.25, 1)).max() == 0.25
    assert descend(lambda p: p.sum(1), x, Linf(5.0), Steepest(1.0), 0, start=x + 0.25).max() == 0.75


def test_the_gradient_is_each_points_own():
    x = torch.rand(3, 6, generator=torch.Generator().manual_seed(0))
    expected = 2 * torch.linspace(1, 40, 6) * (x - 0.3)
    for context in (torch.enable_grad(), torch.no_grad(), torch.inference_mode()):
        with context:
            found = gradient(bowl, x)
        torch.testing.assert_close(found, expected)
        assert not found.requires_grad
        assert not found.is_inference()
    assert not x.requires_grad
    torch.testing.assert_close(gradient(lambda p: bowl(p).mean(), x), expected / 3)


def test_a_gradient_of_no_number_says_so():
    with pytest.raises(ValueError, match="NaN or infinity"):
        gradient(lambda p: p.sum(1).log(), torch.tensor([[1.0], [0.0]]))


def test_the_steepest_step_is_the_balls():
    grad, point = torch.tensor([[3.0, -4.0]]), torch.zeros(1, 2)
    Steepest(0.5).start(L2(1.0))(grad, point)
    torch.testing.assert_close(point, torch.tensor([[0.3, -0.4]]))
    Steepest(0.5).start(Linf(1.0))(grad, point)
    torch.testing.assert_close(point, torch.tensor([[0.8, -0.9]]))


def test_lbfgs_stays_at_the_top():
    x = torch.full((1, 3), 0.3)
    assert torch.equal(descend(bowl, x, FREE, LBFGS(), 3, box=None), x)


def test_no_move_of_lbfgs_is_longer_than_its_limit():
    """Root mean square over the pixels; a move that is short enough is left as it is."""
    bowl = lambda x: (torch.tensor([[0.1, 1.0, 30.0, 2.0]]).double() * x**2 + x**4).sum()  # noqa: E731
    x, lengths, places = torch.tensor([[3.0, -2.0, 1.0, 4.0]]).double(), [], []
    end = descend(bowl, x, FREE, LBFGS(longest=0.2), 40, box=None,
                  callback=lambda t, point, value: places.append(point))  # fmt: skip
    for here, there in zip(places, [*places[1:], end]):
        lengths.append((there - here).square().mean().sqrt().item())
    assert max(lengths) == pytest.approx(0.2)
    assert sum(length < 0.19 for length in lengths) > 5
    assert bowl(end) < 1e-3 * bowl(x)
    free, limited = (
        descend(bowl, x, FREE, LBFGS(longest=longest), 15, box=None) for longest in (math.inf, 1e6)
    )
    assert torch.equal(free, limited)
    assert torch.equal(free, descend(bowl, x, FREE, LBFGS(), 15, box=None))


def test_lbfgs_learns_nothing_from_a_move_that_shows_no_curvature():
    """As torch.optim.LBFGS: curvature times move is to be more than 1e-10."""

    def second_step(curvature):
        move, point = LBFGS().start(FREE), torch.zeros(1, dtype=torch.float64)
        move(torch.zeros_like(point), point)
        point.fill_(1.0)
        move(torch.full_like(point, -curvature), point)
        return point.item() - 1

    assert second_step(1e-10) == pytest.approx(-1e-10)  # the plain gradient
    assert second_step(-1.0) == pytest.approx(1.0)
    assert second_step(2e-10) == pytest.approx(-1.0)  # Newton's step: to the middle of the bowl
