"""Lesson 5.4: slopes that are held, BEGAN's balance, seven games, what ships of them, the panel."""

import math

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from scipy.stats import wasserstein_distance
from torch import nn

from tests import exercises
from tutlib import assets, gan
from tutlib.gan import measures, year
from tutlib.lessons.panels.year import between_heaps, push_apart
from tutlib.plots import year as figures

EXERCISES = exercises.table("5-4", {
    "work": [
        lambda a, b: (a - b).abs().mean(),
        lambda a, b: (a.mean() - b.mean()).abs(),
        lambda a, b: (a.sort().values - b.sort().values).square().mean(),
    ],
    "norm": [
        lambda table, steps: table.norm(),
        lambda table, steps: table.abs().max(),
        lambda table, steps: torch.linalg.svdvals(table)[0] ** 2,
    ],
    "next_k": [
        lambda k, real, fake, gamma, pace: k + pace * (gamma * real - fake),
        lambda k, real, fake, gamma, pace: min(1.0, max(0.0, k - pace * (gamma * real - fake))),
        lambda k, real, fake, gamma, pace: min(1.0, max(0.0, k + pace * (real - gamma * fake))),
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


# ---------------------------------------------------------------- slopes that are held


@pytest.mark.parametrize(
    "layer", [nn.Linear(12, 7), nn.Linear(3, 9), nn.Conv2d(3, 5, 4, stride=2)], ids=str
)
def test_the_norm_is_that_of_the_svd(layer):
    torch.manual_seed(0)
    weight = layer.weight.detach().clone()
    gan.divide_by_norm(layer)
    x = torch.randn(2, 3, 8, 8) if weight.dim() == 4 else torch.randn(2, weight.shape[1])
    for _ in range(300):
        layer(x)
    largest = torch.linalg.svdvals(weight.flatten(1))[0]
    torch.testing.assert_close(layer.weight, weight / largest, rtol=1e-4, atol=1e-6)


def test_the_norm_agrees_with_torchs_own_and_its_gradient_too():
    torch.manual_seed(0)
    ours, theirs = nn.Linear(6, 4), nn.Linear(6, 4)
    theirs.load_state_dict(ours.state_dict())
    gan.divide_by_norm(ours)
    nn.utils.parametrizations.spectral_norm(theirs, n_power_iterations=200)
    x, grads = torch.randn(8, 6), []
    for _ in range(300):
        ours(x)
    for layer in (ours, theirs):
        out = layer(x)
        raw = layer.parametrizations.weight.original
        grads.append((out, torch.autograd.grad(out.square().sum(), raw)[0]))
    for one, other in zip(*grads):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_power_iteration_stands_still_in_eval_mode():
    layer = gan.divide_by_norm(nn.Linear(5, 5)).eval()
    before = layer.parametrizations.weight[0].u.clone()
    layer(torch.randn(2, 5))
    assert torch.equal(layer.parametrizations.weight[0].u, before)


def test_the_generators_move_does_not_turn_the_critics_vectors():
    """`play` keeps buffers in the generator's move: one step of iteration for each pass of D's."""
    generator, critic = year.players("hinge")
    x = torch.rand(40, 1, year.SIDE, year.SIDE)
    told = {"z_size": year.Z_SIZE, "rounds": 1, "batch": 4, "loss": "hinge", "lr": (1e-3, 0.0)}
    before = [t.clone() for name, t in critic.state_dict().items() if name.endswith(".u")]
    rng = torch.Generator().manual_seed(0)
    list(gan.play(generator, critic, gan.deal_from(x), rng=rng, **told))
    _, twin = year.players("hinge")
    for _ in range(2):  # real, generated
        twin(x[:4])
    after = [t for name, t in critic.state_dict().items() if name.endswith(".u")]
    expected = [t for name, t in twin.state_dict().items() if name.endswith(".u")]
    assert len(before) == 4
    for one, other, start in zip(after, expected, before):
        torch.testing.assert_close(one, other)
        assert len(one) == 1 or not torch.equal(one, start)


def test_clipping_cuts_every_weight_and_what_lies_inside_stays():
    layer = nn.Linear(2, 2)
    layer.weight.data = torch.tensor([[0.5, -0.5], [0.01, -0.02]])
    gan.clip_weights(layer, 0.1)
    torch.testing.assert_close(layer.weight.data, torch.tensor([[0.1, -0.1], [0.01, -0.02]]))
    assert layer.bias.abs().max() <= 0.1


def test_play_clips_after_each_move_of_the_discriminator():
    torch.manual_seed(0)
    generator, critic, calls = nn.Linear(2, 1), nn.Linear(1, 1), []

    def after(net):
        calls.append(net is critic)
        gan.clip_weights(net, 0.01)

    near = gan.deal_from(torch.randn(20, 1))
    list(gan.play(generator, critic, near, z_size=2, rounds=3, d_steps=2, after=after))
    assert calls == [True] * 6
    assert max(weight.abs().max() for weight in critic.parameters()) <= 0.01


def test_the_pull_is_the_length_of_the_generators_gradient():
    torch.manual_seed(0)
    generator, critic = nn.Linear(2, 3), nn.Linear(3, 1)
    near, z = gan.deal_from(torch.randn(20, 3)), None
    weights = [t.detach().clone() for t in (critic.weight, critic.bias)]
    (r,) = gan.play(generator, critic, near, z_size=2, rounds=1, batch=5, lr=(1e-3, 0.0),
                    loss="wasserstein", rng=torch.Generator().manual_seed(1))  # fmt: skip
    rng = torch.Generator().manual_seed(1)
    torch.randint(20, (5,), generator=rng)
    for _ in range(2):  # one for D's move, one for G's
        z = torch.randn(5, 2, generator=rng)
    outer = weights[0].T @ z.mean(0, keepdim=True)  # of -mean(c (W z + b)), up to its sign
    expected = math.sqrt(outer.square().sum() + weights[0].square().sum())
    assert r.pull == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, "a"])
def test_a_bound_must_be_positive(wrong):
    with pytest.raises((ValueError, TypeError), match="bound"):
        gan.clip_weights(nn.Linear(1, 1), wrong)


def test_there_must_be_something_to_divide():
    with pytest.raises(ValueError, match="no linear or convolutional layer"):
        gan.divide_by_norm(nn.ReLU())


# ---------------------------------------------------------------- BEGAN


def test_the_score_is_minus_the_error():
    zero = gan.Redrawer(nn.Flatten(), nn.Sequential(nn.Linear(4, 4), nn.Unflatten(1, (1, 2, 2))))
    for weight in zero.parameters():
        nn.init.zeros_(weight)
    x = torch.rand(3, 1, 2, 2)
    torch.testing.assert_close(zero(x), -x.flatten(1).mean(1))


def test_the_balance_is_berthelots():
    balance, k = gan.Balance(0.5, 0.1), 0.0
    rng = torch.Generator().manual_seed(0)
    for _ in range(30):
        real, fake = torch.rand(2, 6, generator=rng) * torch.tensor([[1.0], [0.4]])
        loss = balance(-real, -fake)
        assert loss.item() == pytest.approx((real.mean() - k * fake.mean()).item(), abs=1e-6)
        lead = (0.5 * real.mean() - fake.mean()).item()
        k = min(max(k + 0.1 * lead, 0.0), 1.0)
        assert balance.k == pytest.approx(k, abs=1e-6)
        assert balance.quality == pytest.approx(real.mean().item() + abs(lead), abs=1e-6)
    assert balance.k > 0


def test_each_game_has_a_balance_of_its_own():
    one, other = (gan.boundary_equilibrium(0.9, 0.5) for _ in range(2))
    one.discriminator(torch.tensor([-1.0]), torch.tensor([-0.1]))
    assert one.discriminator.k > 0 == other.discriminator.k


@pytest.mark.parametrize("name", ["gamma", "pace"])
def test_a_balance_needs_positive_numbers(name):
    with pytest.raises(ValueError, match=name):
        gan.Balance(**{name: 0.0})


# ---------------------------------------------------------------- seven games


@pytest.mark.parametrize("name", year.GAMES)
def test_a_game_is_its_seed_and_leaves_chance_alone(name):
    x = torch.rand(60, 1, year.SIDE, year.SIDE)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    looks = [list(year.watch(name, x, seed=s, budget=6, looks=2))[-1] for s in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    z = torch.randn(4, year.Z_SIZE)
    one, again, other = (gan.sample(look.average, z) for look in looks)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert looks[0].pictures == 6 * year.BATCH, "every game sees equally many pictures"


def test_all_games_have_the_same_generator_and_a_critic_without_batch_statistics():
    first = year.players("minimax", 5)[0].state_dict()
    for name in year.GAMES:
        generator, critic = year.players(name, 5)
        for key, value in generator.state_dict().items():
            assert torch.equal(value, first[key]), name
        assert not any(isinstance(layer, nn.BatchNorm2d) for layer in critic.modules())
        x = torch.rand(3, 1, year.SIDE, year.SIDE)
        critic.eval()
        torch.testing.assert_close(critic(x)[:1], critic(x[:1]), rtol=1e-4, atol=1e-5)


def test_an_unknown_game_gets_a_sentence():
    for call in (year.players, year.rounds_of):
        with pytest.raises(ValueError, match="a game is one of minimax"):
            call("tic-tac-toe")


def test_cutting_and_framing_are_inverse():
    x = torch.rand(2, 1, 28, 28)
    inside = year.cut(x)
    assert inside.shape[-2:] == (year.SIDE, year.SIDE)
    assert torch.equal(year.cut(year.framed(inside)), inside)


# ---------------------------------------------------------------- what ships


def test_what_ships_is_small_and_draws_the_distances_of_its_record():
    players, records = assets.year_of_the_gan()
    assert list(players) == list(records) == list(year.GAMES)
    folder = assets.DATA
    assert sum((folder / f"year.{end}").stat().st_size for end in ("safetensors", "json")) < 2.5e6
    (x, _), (x_test, _) = (assets.neat_digits(part) for part in ("train", "test"))
    net = assets.drawn_digit_reader().net
    device = next(net.parameters()).device
    with torch.no_grad():
        real, mine = net[:-1](x_test.to(device)), net[:-1](x[:1000].to(device))
        floor = measures.frechet_distance(mine, real)
        z = torch.randn(1000, year.Z_SIZE, generator=torch.Generator().manual_seed(0))
        for name in year.GAMES:
            assert len(players[name]) == len(records[name]) == 3
            run = records[name][0]
            assert run["pictures"][-1] == year.BUDGET * year.BATCH
            made = year.framed(gan.sample(players[name][0].to(device), z.to(device)))
            far = measures.frechet_distance(net[:-1](made), real) / floor
            assert far == pytest.approx(run["distance"][-1], rel=0.03), name


def test_neat_digits_do_not_leak():
    (x, y), (x_test, y_test) = (assets.neat_digits(part) for part in ("train", "test"))
    assert len(x) == len(y) == 6000
    assert len(x_test) == len(y_test) == 1000
    assert y_test.bincount().tolist() == [100] * 10
    assert torch.cdist(x_test.flatten(1), x.flatten(1)).min() > 0.5
    with pytest.raises(ValueError, match="part must be one of"):
        assets.neat_digits("both")


# ---------------------------------------------------------------- two heaps, figures, panel


@pytest.mark.parametrize("spread", [0.1, 0.3, 1.0])
def test_the_heaps_numbers_are_scipys(spread):
    rng = np.random.default_rng(0)
    heap = spread * rng.standard_normal(20_000)
    for theta in (-2.0, 0.0, 0.7):
        js, way = between_heaps(theta, spread)
        assert way == pytest.approx(wasserstein_distance(heap, heap + theta), abs=1e-9)
        assert -1e-9 <= js <= math.log(2) + 1e-6
    assert between_heaps(0.0, spread)[0] == pytest.approx(0, abs=1e-12)
    assert between_heaps(2.0, 0.1)[0] == pytest.approx(math.log(2), abs=1e-6)


def test_the_panel_answers_at_every_stop():
    panel = push_apart()
    for gap in (-3.0, 0.0, 2.0):
        for spread in (0.1, 1.0):
            found = panel.compute({"gap": gap, "spread": spread})
            assert found["pushes"][1] == np.sign(gap)
            assert np.sign(round(found["pushes"][0], 6)) in (0, np.sign(gap))
            assert isinstance(figures.two_heaps(found), Figure)
    thin, middle, wide = (
        panel.compute({"gap": 1.0, "spread": spread})["pushes"][0] for spread in (0.1, 0.3, 1.0)
    )
    assert thin < wide < middle  # what the panel asks
    flat = panel.compute({"gap": 2.0, "spread": 0.1})["pushes"][0]
    assert abs(flat) < 1e-6 < abs(panel.compute({"gap": 2.0, "spread": 1.0})["pushes"][0])


def test_figures_draw():
    _, records = assets.year_of_the_gan()
    pictures = {name: torch.rand(4, 1, 8, 8) for name in records}
    bars = {name: [2.0, 3.0, 4.0] for name in records}
    assert len(figures.columns(pictures, bars).axes) == 8
    assert len(figures.columns(pictures).axes) == 7
    assert len(figures.tracks(records, after=3).axes) == 7
    assert len(figures.against_time(records).axes) == 7
