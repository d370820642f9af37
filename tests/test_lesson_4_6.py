"""Lesson 4.6: its exercises, its figures, its panel."""

import pytest
import torch
from matplotlib.figure import Figure

from tests import exercises
from tutlib.lessons.panels import knobs
from tutlib.plots import cars
from tutlib.plots import design as figures
from tutlib.training import design

EXERCISES = exercises.table("4-6", {
    "surprise": [
        lambda promises, truths: promises.max() - truths.max(),
        lambda promises, truths: (promises - truths).mean(),
        lambda promises, truths: truths[promises.argmax()] - promises.argmax(),
        lambda promises, truths: (promises - truths).max(),
        lambda promises, truths: promises[truths.argmax()] - truths.max(),
    ],
    "homesick": [
        lambda net, table, weight: lambda z: net(z) - weight * torch.cdist(z, table).mean(1),
        lambda net, table, weight: lambda z: net(z) + weight * torch.cdist(z, table).amin(1),
        lambda net, table, weight: lambda z: net(z) - weight * torch.cdist(z, table).amin(1) ** 2,
        lambda net, table, weight: lambda z: net(z) - weight * torch.cdist(z, table, p=1).amin(1),
        lambda net, table, weight: lambda z: net(z) - torch.cdist(z, table).amin(1),
    ],
    "conservative": [
        lambda net, x, y, x_adv, alpha: ((net(x) - y) ** 2).mean()
        - alpha * (net(x_adv).mean() - net(x).mean()),
        lambda net, x, y, x_adv, alpha: ((net(x) - y) ** 2).mean() + alpha * net(x_adv).mean(),
        lambda net, x, y, x_adv, alpha: alpha * (net(x_adv).mean() - net(x).mean()),
        lambda net, x, y, x_adv, alpha: ((net(x) - y) ** 2).sum()
        + alpha * (net(x_adv).mean() - net(x).mean()),
        lambda net, x, y, x_adv, alpha: (((net(x) - y) ** 2).mean()
        + alpha * (net(x_adv).mean() - net(x).mean())).detach(),
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.fixture(scope="module")
def world():
    """A table, a net fitted to it, and its dream car."""
    x = design.engineers(200, torch.Generator().manual_seed(0))
    net = design.fit_table(x, design.lap_speed(x), steps=300)
    winner = design.propose(net, x[:5], steps=80)[0]
    return x, net, winner


def panel_of(world):
    x, net, winner = world
    return knobs.against_the_machine(net, x, winner, 169.0)


def test_the_sliders_and_the_design_are_the_same_thing(world):
    design_of = knobs.as_design(knobs.nearest(world[0][0]))
    assert (design_of - world[0][0]).abs().max() <= 0.5 / knobs.STOPS + 0.02


def test_the_panel_tells_promise_and_truth_of_the_car_on_its_sliders(world):
    panel = panel_of(world)
    result = panel.set(engine=8.0, height=0.5, angle=40.0)
    yours = knobs.as_design(panel.state)
    assert design.in_units(yours)["engine"].item() == pytest.approx(8.0)
    with torch.no_grad():
        assert result.bars[0][1] == pytest.approx(world[1](yours[None]).item(), abs=1e-3)
    assert result.bars[0][2] == pytest.approx(design.lap_speed(yours[None]).item(), abs=1e-3)
    assert result.warnings[0] == "runs hot, wing stalls"
    assert (
        panel.set(
            engine=knobs.stops("engine")[1], height=knobs.stops("height")[4], angle=5.0
        ).warnings[0]
        == "nothing is wrong"
    )
    assert panel.errors == []


def test_the_largest_lie_is_told_with_one_knob(world):
    x, net, _ = world
    name, lie = knobs.largest_lie(net, x[0])
    position = list(design.KNOBS).index(name)
    cars_of_it = x[0].repeat(9, 1)
    cars_of_it[:, position] = torch.linspace(0, 1, 9)
    with torch.no_grad():
        assert (net(cars_of_it) - design.lap_speed(cars_of_it)).max().item() == pytest.approx(lie)
    assert lie > 5


def test_the_panel_is_light_enough_to_freeze(world):
    assert len(panel_of(world).freeze()) < 400_000


def corners(patch, axes):
    """The outline of a patch in metres (K, 2)."""
    return patch.get_path().transformed(patch.get_transform() - axes.transData).vertices


def drawn(x, **options):
    figure = figures.plt.figure()
    axes = figure.add_subplot()
    cars.draw_car(axes, x, **options)
    figures.plt.close(figure)
    return axes


@pytest.mark.parametrize("knob", design.KNOBS)
def test_every_knob_is_seen(knob):
    x = torch.full((8,), 0.5)
    other = x.clone()
    other[list(design.KNOBS).index(knob)] = 0.9

    def shapes(axes):
        outlines = [
            p.get_path().transformed(p.get_transform() - axes.transData) for p in axes.patches
        ]
        points = [tuple(path.vertices.round(3).flatten()) for path in outlines]
        return points + [tuple(line.get_xydata().round(3).flatten()) for line in axes.lines]

    assert shapes(drawn(x)) != shapes(drawn(other))


def test_what_goes_wrong_is_seen():
    well = torch.tensor([0.5, 0.4, 0.5, 0.2, 0.4, 0.3, 0.2, 0.3])
    marks = len(drawn(well).patches) + len(drawn(well).lines)
    for position, value in ((3, 1.0), (6, 1.0), (7, 0.0)):  # hot, stalled, scraping
        bad = well.clone()
        bad[position] = value
        axes = drawn(bad)
        words = knobs.trouble(bad)
        assert words != "nothing is wrong"
        assert len(axes.patches) + len(axes.lines) > marks, words
    assert knobs.trouble(well) == "nothing is wrong"


def test_cars_to_be_compared_fit_their_picture():
    x = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 8)
    for car in x[::17]:
        axes = drawn(car, high=cars.tallest(car[None]))
        tops = [corners(p, axes)[:, 1].max() for p in axes.patches]
        tops += [line.get_ydata().max() for line in axes.lines]
        assert max(tops) <= axes.get_ylim()[1] + 0.02


def test_the_figures_are_drawn(world, each_device):
    x, _, winner = world
    y, path = design.lap_speed(x), torch.stack([x[0], winner, winner])
    curve = torch.tensor([150.0, 160.0, 170.0], device=each_device)
    made = [
        figures.garage(x[:4], ["a", "b", "c", "d"]),
        figures.habits(x),
        figures.habits(x, winner[None]),
        figures.ascent(curve, curve - 5, path.to(each_device), 155.0, 169.0, shown=[0, 2]),
        figures.against({"a": (y, y), "b": (y, y), "c": (curve, curve)}, 155.0),
        figures.kept({"a": [(1.0, 2.0)], "b": [(3.0, 4.0)]}, [155.0], 169.0),
        figures.leash([0.1, 0.2], [[(1.0, 2.0)], [(3.0, 4.0)]], [1.0]),
        figures.workshop({"a": [[1.0, 2.0]], "b": [[1.0, 2.0]]}, [0, 10], 169.0),
        figures.knobs_panel(panel_of(world).at()[0]),
    ]
    assert all(isinstance(figure, Figure) for figure in made)


def test_the_leash_is_measured_from_the_best_of_its_own_table():
    figure = figures.leash([0.1, 0.2], [[(160.0, 157.0), (162.0, 158.0)], [(170.0, 150.0)] * 2],
                           [155.0, 156.0])  # fmt: skip
    lines = {line.get_label(): list(line.get_ydata()) for line in figure.axes[0].lines}
    assert lines["promised"] == [5.5, 14.5]
    assert lines["true"] == [2.0, -5.5]
