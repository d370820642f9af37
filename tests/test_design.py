"""The car of lesson 4.6 against values by hand, against integration, against another search."""

import math

import pytest
import torch
from scipy.integrate import quad, solve_ivp
from scipy.optimize import differential_evolution

from tutlib.balls import Box, Linf
from tutlib.training import design
from tutlib.training.design.car import CORNERS, KNOBS, STRAIGHTS

# A car with round numbers: 4 m, 1 m, nose 1 m, 2 l, tyres 0.2 m, wing 1 m² at 10°, clearance 0.1 m.
ROUND = {"length": 4.0, "height": 1.0, "nose": 1.0, "engine": 2.0, "tyre": 0.2, "wing": 1.0,
         "angle": 10.0, "clearance": 0.1}  # fmt: skip


def car_of(**knobs):
    values = [(ROUND | knobs)[name] for name in KNOBS]
    ends = [ends[:2] for ends in KNOBS.values()]
    x = [(value - low) / (high - low) for value, (low, high) in zip(values, ends)]
    return torch.tensor([x], dtype=torch.float64)


def test_the_knobs_are_read_in_their_units():
    for name, value in design.in_units(car_of()).items():
        assert value.item() == pytest.approx(ROUND[name])


def test_a_car_by_hand():
    """Volume 1.8 * 4 * 1 = 7.2, of which the nose's wedge takes 0.9: 6.3 m³ for 2 litres."""
    car = design.workings(car_of())
    assert car.mass.item() == pytest.approx(300 + 60 * 7.2 + 45 * 2 + 15 + 600 * 0.2)  # 957 kg
    assert car.room.item() == pytest.approx(3.15)
    assert car.power.item() == pytest.approx(140_000, rel=2e-3)  # cool: 70 kW a litre
    plate = (0.15 + 0.45 / 2) * 1.8  # a nose as long as it is high halves the plate's share
    assert car.drag.item() == pytest.approx(plate + 0.02 + 1.2 * 0.030154 + 0.12, abs=5e-3)
    lift = 4 * 0.173648 * 0.984808 / (1 + math.exp(-5))
    assert car.down.item() == pytest.approx(lift + 0.1 * 4 * 1.8, abs=2e-3)
    load = 957 * 9.81 / 0.8 / 1000  # 11.7 kN for each metre
    assert car.grip.item() == pytest.approx(
        1.6 * math.exp(-((math.log(load / 7.5) / 0.6) ** 2) / 2), rel=1e-6
    )


def test_a_corner_without_wings_is_the_formula_of_every_school_book():
    """v² = mu g r, whatever the car weighs."""
    car = design.workings(car_of())
    bare = design.Workings(**(vars(car) | {"down": 0 * car.down}))
    v = design.round_the_corner(bare, 60.0, torch.tensor([500.0]))
    assert v.item() == pytest.approx(math.sqrt(car.grip.item() * 9.81 * 60), rel=1e-9)


def test_in_a_corner_the_forces_balance_unless_the_engine_is_the_limit():
    car = design.workings(car_of())
    v = design.round_the_corner(car, 60.0, torch.tensor([500.0], dtype=torch.float64)).item()
    inwards = car.mass.item() * v**2 / 60
    press = car.mass.item() * 9.81 + 0.6 * car.down.item() * v**2
    assert inwards == pytest.approx(car.grip.item() * press)
    assert design.round_the_corner(car, 60.0, torch.tensor([9.0])).item() == pytest.approx(9)
    stuck = design.Workings(**(vars(car) | {"down": 100 * car.down}))  # pressed down for good
    assert design.round_the_corner(stuck, 60.0, torch.tensor([70.0])).item() == pytest.approx(70)


@pytest.mark.parametrize("knobs", [{}, {"engine": 8.0}, {"wing": 3.0, "angle": 40.0},
                                   {"height": 2.0, "nose": 0.1}, {"clearance": 0.02}])  # fmt: skip
@pytest.mark.parametrize("start", [8.0, 20.0])
def test_the_straight_agrees_with_newtons_law_step_by_step(knobs, start):
    """m dv/dt = P/v - k v², integrated by somebody else."""
    car = design.workings(car_of(**knobs))
    m, power, k = car.mass.item(), car.power.item(), 0.6 * car.drag.item()
    top = torch.tensor([(power / k) ** (1 / 3)], dtype=torch.float64)

    def there(_, state):
        return state[0] - 450

    there.terminal = True
    run = solve_ivp(lambda _, s: (s[1], (power / s[1] - k * s[1] ** 2) / m), (0, 500), (0, start),
                    events=there, rtol=1e-9, atol=1e-9)  # fmt: skip
    ours = design.on_the_straight(car, 450.0, torch.tensor([start], dtype=torch.float64), top)
    assert ours.item() == pytest.approx(run.t_events[0][0], rel=1e-6)


def seconds_by_quadrature(car, straight, v, top):
    rate = 1.8 * car.drag.item() / car.mass.item()

    def pace(s):
        return (top**3 - (top**3 - v**3) * math.exp(-rate * s)) ** (-1 / 3)

    return quad(pace, 0, straight)[0]


def test_a_lap_is_its_corners_and_straights():
    x = car_of()
    car = design.workings(x)
    top = (car.power / (0.6 * car.drag)) ** (1 / 3)
    seconds = 0.0
    for (radius, bend), straight in zip(CORNERS, STRAIGHTS):
        v = design.round_the_corner(car, radius, top)
        seconds += bend / v.item() + seconds_by_quadrature(car, straight, v.item(), top.item())
    metres = sum(STRAIGHTS) + sum(bend for _, bend in CORNERS)
    assert design.lap_speed(x).item() == pytest.approx(3.6 * metres / seconds, rel=1e-7)


def test_the_cliffs_are_where_the_docstring_says():
    def share(field, **knobs):
        return getattr(design.workings(car_of(**knobs)), field).item()

    assert share("cool", engine=6.3 / 1.7) == pytest.approx(0.25 + 0.75 / 2)
    assert share("cool", engine=6.3 / 3) > 0.99
    assert share("cool", engine=8.0) < 0.26
    assert share("attached", angle=15.0) == pytest.approx(0.5)
    assert share("attached", angle=20.0) < 0.01
    assert share("free", clearance=0.06) == pytest.approx(0.5)
    assert share("free", clearance=0.03) < 0.01
    right = 837 * 9.81 / (4 * 7500 - 600 * 9.81)  # 837 kg without tyres, 600 kg a metre of them
    grips = [share("grip", tyre=t) for t in (0.12, right, 0.6)]
    assert grips[1] == max(grips)
    assert grips[1] == pytest.approx(1.6)


@pytest.mark.parametrize("knobs", [{"engine": 7.0}, {"angle": 30.0}, {"clearance": 0.03},
                                   {"tyre": 0.6}, {"nose": 0.1}, {"height": 2.0}])  # fmt: skip
def test_what_no_engineer_does_makes_the_car_slower(knobs):
    assert design.lap_speed(car_of(**knobs)) < design.lap_speed(car_of()) - 1


def test_the_truth_is_finite_with_finite_slopes_everywhere_in_the_box():
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * len(KNOBS))
    x = torch.cat([corners, torch.rand(5000, len(KNOBS))]).requires_grad_()
    speeds = design.lap_speed(x)
    (slopes,) = torch.autograd.grad(speeds.sum(), x)
    assert bool(speeds.isfinite().all() and slopes.isfinite().all())
    assert 10 < speeds.min() < speeds.max() < 200


def test_float32_is_precise_enough():
    x = torch.rand(2000, len(KNOBS), dtype=torch.float64)
    torch.testing.assert_close(design.lap_speed(x.float()).double(), design.lap_speed(x),
                               atol=5e-3, rtol=0)  # fmt: skip


def test_another_search_finds_no_faster_car():
    starts = torch.rand(40, len(KNOBS), generator=torch.Generator().manual_seed(0))
    ours = design.lap_speed(design.propose(design.lap_speed, starts, steps=600)[:1]).item()
    found = differential_evolution(
        lambda x: -design.lap_speed(torch.from_numpy(x.T.copy())).numpy(), [(0, 1)] * len(KNOBS),
        vectorized=True, updating="deferred", seed=0, maxiter=500, tol=1e-6, polish=False,
    )  # fmt: skip
    assert ours - 0.6 < -found.fun < ours + 0.05


@pytest.mark.parametrize(
    ("x", "words"),
    [(torch.rand(8), "x[None]"), (torch.rand(2, 7), "8 numbers"), (2 * torch.ones(1, 8), "0, 1"),
     (torch.full((1, 8), torch.nan), "NaN"), (torch.rand(1, 1, 8), "8 numbers")],
)  # fmt: skip
def test_what_is_no_design_is_refused(x, words):
    for function in (design.lap_speed, design.workings):
        with pytest.raises(ValueError, match=words.replace("[", r"\[")):
            function(x)


def test_engineers_build_sensible_cars_only():
    x = design.engineers(3000, torch.Generator().manual_seed(1))
    car, knob = design.workings(x), design.in_units(x)
    assert x.min() >= 0
    assert x.max() <= 1
    assert (car.cool > 0.7).all()
    assert (car.attached > 0.5).all()
    assert (car.free > 0.5).all()
    related = torch.corrcoef(torch.stack([knob["engine"], car.room * knob["engine"]]))[0, 1]
    assert related > 0.7  # a large engine goes with a large body


def test_engineers_are_reproducible_and_take_no_chance_from_others():
    before = torch.get_rng_state()
    a, b = (design.engineers(5, torch.Generator().manual_seed(2)) for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(before, torch.get_rng_state())
    with pytest.raises(ValueError, match="count"):
        design.engineers(0)


def table(count=60):
    x = design.engineers(count, torch.Generator().manual_seed(0))
    return x, design.lap_speed(x)


def test_a_fitted_net_leaves_no_trace_and_is_the_same_twice():
    x, y = table()
    before = torch.get_rng_state()
    with torch.no_grad():  # also where somebody switched gradients off
        nets = [design.fit_table(x, y, steps=60, seed=3) for _ in range(2)]
        assert torch.equal(nets[0](x), nets[1](x))
        assert not torch.equal(nets[0](x), design.fit_table(x, y, steps=60, seed=4)(x))
    assert torch.equal(before, torch.get_rng_state())
    assert not nets[0].training
    assert all(p.grad is None for p in nets[0].parameters())


def test_a_net_speaks_in_the_units_of_its_table():
    x, y = table(200)
    net = design.fit_table(x, y, steps=300)
    faster = design.fit_table(x, 10 * y + 7, steps=300)
    with torch.no_grad():
        assert (net(x) - y).abs().mean() < 1
        torch.testing.assert_close(faster(x), 10 * net(x) + 7, atol=1.0, rtol=0)


@pytest.mark.parametrize(("y", "words"), [(torch.ones(60), "equal"), (torch.ones(59), "each")])
def test_a_table_without_scores_is_refused(y, words):
    with pytest.raises(ValueError, match=words):
        design.fit_table(table()[0], y)


def test_proposals_stay_in_their_ball_and_the_best_promise_comes_first():
    starts = torch.rand(5, 8, generator=torch.Generator().manual_seed(0))
    ends = design.propose(lambda x: x[:, 0], starts, Linf(0.1), steps=30)
    assert ends[:, 0].tolist() == sorted(ends[:, 0].tolist(), reverse=True)
    torch.testing.assert_close(ends[:, 1:].sort(0).values, starts[:, 1:].sort(0).values)
    assert (ends[:, 0].sort().values - starts[:, 0].sort().values).max() <= 0.1 + 1e-6
    assert design.propose(lambda x: x.sum(1), starts, Box(), steps=150).min() > 0.99


def test_the_pessimist_is_the_mean_less_the_doubt():
    x = torch.rand(7, 8)
    nets = [lambda x: x[:, 0], lambda x: 3 * x[:, 0], lambda x: 0 * x[:, 0]]
    said = torch.stack([net(x) for net in nets])
    wanted = said.mean(0) - 2 * said.std(0)
    torch.testing.assert_close(design.cautious(nets, 2.0)(x), wanted)
    with pytest.raises(ValueError, match="two or more"):
        design.cautious(nets[:1], 2.0)


def test_learning_by_building_keeps_its_books():
    x, y = table()
    run = design.build_and_learn(x, y, design.lap_speed, Linf(0.05), rounds=2, cars=4, steps=10,
                                 fit_steps=40)  # fmt: skip
    assert torch.equal(run.x[:60], x)
    assert torch.equal(run.y[:60], y)
    assert run.promised.shape == run.measured.shape == (2, 4)
    torch.testing.assert_close(run.y[60:], run.measured.flatten())
    torch.testing.assert_close(design.lap_speed(run.x[60:]), run.y[60:])
    assert (run.promised.diff(dim=1) <= 0).all()  # the highest promise is first
    first = run.x[60:64]
    assert torch.cdist(first, x, p=torch.inf).amin(1).max() <= 0.05 + 1e-6
    with torch.no_grad():
        again = design.fit_table(run.x, run.y, steps=40, seed=2)
        assert torch.equal(again(x), run.net(x))
