"""Lesson 4.3: each defence is what its definition says, and the attack that knows is no weaker."""

from itertools import pairwise

import matplotlib
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from tests import exercises
from tools import notebooks
from tutlib import attacks
from tutlib.attacks import straight_through
from tutlib.lessons.panels.defences import pick_a_duel
from tutlib.plots import defences as figures
from tutlib.risk import Estimate

EXERCISES = exercises.table("4-3", {
    "posterised": [
        lambda x: torch.round(3 * x) / 3,
        lambda x: x + (torch.round(4 * x) / 4 - x).detach(),
        lambda x: 3 * x + (torch.round(3 * x) / 3 - 3 * x).detach(),
        lambda x: x + (torch.floor(3 * x) / 3 - x).detach(),
    ],
    "mean_slope": [
        "def mean_slope(model, x, y, draws):\n"
        "    return right(model, x, y, 1)",
        "def mean_slope(model, x, y, draws):\n"
        "    return right(model, x, y, draws) * draws",
        "def mean_slope(model, x, y, draws):\n"
        "    return right(model, x, y, draws).sign()",
        "def mean_slope(model, x, y, draws):\n"
        "    return right(model, x, y, draws).mean(0)",
        "def mean_slope(model, x, y, draws):\n"
        "    return right(model, x, y, draws) / len(x)",
    ],
    "honest": [
        "def honest(rows):\n"
        "    return right(rows)[::-1]",
        lambda rows: (max(r.float().mean().item() for r in rows.values()),
                      torch.stack(list(rows.values())).all(0).float().mean().item()),
        lambda rows: (min(r.float().mean().item() for r in rows.values()),
                      torch.stack(list(rows.values())).any(0).float().mean().item()),
        lambda rows: 2 * (min(r.float().mean().item() for r in rows.values()),),
    ],
})  # fmt: skip
TWELVE = 12
SMALL = "learned, epochs, tested, steps, votes, draws, sliced, walked = 200, 1, 20, 3, 3, 2, 10, 3"


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.mark.parametrize("like", [None, torch.tanh])
def test_straight_through_takes_values_here_and_slopes_there(like, each_device):
    x = torch.linspace(-2, 2, 41, device=each_device).requires_grad_()
    y = straight_through(torch.sign, like)(x)
    torch.testing.assert_close(y, x.detach().sign())
    (slope,) = torch.autograd.grad((3 * y).sum(), x)
    expected = 3 * torch.ones_like(x) if like is None else 3 * (1 - x.detach().tanh() ** 2)
    torch.testing.assert_close(slope, expected)


def test_straight_through_agrees_with_a_backward_pass_written_by_hand():
    class Rounded(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            return z.round()

        @staticmethod
        def backward(ctx, grad):
            return grad

    x, weight = torch.rand(5, 7, requires_grad=True), torch.randn(7, 3)
    slopes = [torch.autograd.grad(F.cross_entropy(way(x) @ weight, torch.zeros(5).long()), x)[0]
              for way in (straight_through(torch.round), Rounded.apply)]  # fmt: skip
    torch.testing.assert_close(*slopes)


def test_straight_through_says_what_is_wrong():
    with pytest.raises(TypeError, match="forward"):
        straight_through(3)
    with pytest.raises(TypeError, match="like"):
        straight_through(torch.round, 0.5)
    with pytest.raises(ValueError, match="shape"):
        straight_through(torch.round, lambda z: z.sum())(torch.rand(3))


# ------------------------------------------------- the lesson itself, on a purse too small to learn


@pytest.fixture(scope="module")
def lesson():
    """What the notebook's code defines, up to the panel, after a very small budget."""
    (path,) = notebooks.FOLDER.rglob("4-3-*.ipynb")
    names: dict = {}
    with matplotlib.rc_context(), torch.random.fork_rng():
        for cell in notebooks.read(path).cells:
            if "panels" in cell.source:
                break
            if cell.cell_type != "code" or "claim" in notebooks.tags(cell):
                continue
            exec(compile(cell.source, f"<{cell.id}>", "exec"), names)
            if "budget" in notebooks.tags(cell):
                exec(SMALL, names)
    return names


def test_there_are_twelve(lesson):
    assert len(lesson["twelve"]) == len(set(lesson["twelve"])) == TWELVE
    assert lesson["rolled"] == {"noise at test time", "multiple glimpses", "dropout"}


def test_who_plays_dice_answers_differently_and_nobody_else(lesson):
    for name, model in lesson["defences"].items():
        with torch.no_grad():
            same = torch.equal(model(lesson["digits"]), model(lesson["digits"]))
        assert same != (name in lesson["rolled"]), name


def test_the_clean_up_shows_the_net_black_and_white_only(lesson, monkeypatch):
    seen = []
    monkeypatch.setitem(lesson, "bare", lambda z: seen.append(z) or lesson["crew"][0](z))
    lesson["cleaned"](lesson["digits"])
    assert seen[0].shape == lesson["digits"].shape
    assert set(seen[0].unique().tolist()) <= {0.0, 1.0}
    painted = lesson["painter"](lesson["digits"]).view(seen[0].shape)
    assert torch.equal(seen[0] == 1, painted > 0)  # a sigmoid above one half


def test_the_ensemble_says_the_log_of_the_sum_of_probabilities(lesson):
    x = lesson["digits"]
    sums = sum(net(x).softmax(1) for net in lesson["crew"])
    torch.testing.assert_close(lesson["agreed"](x).exp(), sums)
    assert len({net[0].weight.sum().item() for net in lesson["crew"]}) == 3


def test_the_calming_step_lowers_confidence_and_is_small(lesson, monkeypatch):
    bare, seen = lesson["bare"], []
    monkeypatch.setitem(lesson, "bare", lambda z: seen.append(z) or bare(z))
    lesson["calmed"](lesson["digits"], step=1e-3)
    before, after = seen
    assert (after - before).abs().max() <= 1e-3 + 1e-7
    assert after.min() >= 0
    assert after.max() <= 1
    sure = [bare(z).softmax(1).gather(1, bare(before).argmax(1)[:, None]) for z in (before, after)]
    assert (sure[1] <= sure[0] + 1e-6).all()


def test_any_two_words_of_the_code_differ_in_eight_bits(lesson):
    words = lesson["words"]
    assert words.shape == (10, 15)
    assert all((a != b).sum() == 8 for k, a in enumerate(words) for b in words[k + 1 :])


def test_the_code_is_decoded_to_the_nearest_word(lesson):
    x, words = lesson["digits"], lesson["words"]
    signs = lesson["bits"](x).sign()
    apart = (signs[:, None] != words).sum(2)
    chosen = lesson["decoded"](x).argmax(1)
    assert torch.equal(apart.gather(1, chosen[:, None])[:, 0], apart.amin(1))


def test_three_wrong_bits_are_put_right(lesson, monkeypatch):
    words = lesson["words"]
    broken = words.clone()
    broken[:, [0, 6, 11]] *= -1
    monkeypatch.setitem(lesson, "bits", lambda x: broken)
    assert lesson["decoded"](None).argmax(1).tolist() == list(range(10))


def test_noise_and_glimpses_are_what_they_say(lesson, monkeypatch):
    seen = []
    monkeypatch.setitem(lesson, "bare", lambda z: seen.append(z) or torch.zeros(len(z), 10))
    grey = torch.full((4, 1, 28, 28), 0.5)
    lesson["defences"]["noise at test time"](grey)
    assert (seen[0] - 0.5).std().item() == pytest.approx(0.2, rel=0.05)
    seen.clear()
    dot = F.pad(torch.ones(1, 1, 1, 1), (13, 14, 13, 14))
    torch.manual_seed(0)
    for _ in range(20):
        lesson["glimpsed"](dot)
    places = {tuple(z[0, 0].nonzero()[0].tolist()) for z in seen}
    assert len(seen) == 80
    assert len(places) > 15
    assert all(abs(v - 13) <= 2 and abs(u - 13) <= 2 for v, u in places)


def test_double_backprop_adds_the_squared_slope(lesson):
    x, y, net = lesson["digits"][:5], lesson["labels"][:5], lesson["bare"]
    plain, with_it = (lesson["flat"](net, x, y, price=price).item() for price in (0.0, 2.0))
    assert plain == pytest.approx(F.cross_entropy(net(x), y).item(), rel=1e-5)
    slope = attacks.input_gradient(net, x, y)
    added = 2 * slope.flatten(1).square().sum(1).mean().item()
    assert with_it - plain == pytest.approx(added, rel=1e-3)


def test_noise_at_train_time_has_the_size_it_says(lesson):
    shaken = lesson["shaken"](torch.zeros(20, 1, 28, 28), generator=torch.Generator())
    assert shaken.std().item() == pytest.approx(0.3, rel=0.05)


def test_steep_units_and_dice_are_in_the_nets(lesson):
    steep = lesson["defences"]["other units"]
    assert not any(isinstance(part, nn.ReLU) for part in steep)
    torch.testing.assert_close(lesson["Steep"]()(torch.tensor(0.1)), torch.tensor(0.5).tanh())
    dropped = lesson["Dice"]().eval()(torch.ones(1, 4000))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}


def test_every_picture_is_allowed_and_the_knowing_attack_is_never_weaker(lesson):
    x, eps = lesson["digits"], lesson["eps"]
    for name, made in lesson["pictures"].items():
        for kind, shown in made.items():
            assert (shown - x).abs().max() <= eps + 1e-6, (name, kind)
            assert shown.min() >= 0
            assert shown.max() <= 1
        if name not in lesson["rolled"]:
            right = {kind: lesson["share_right"](name, shown) for kind, shown in made.items()}
            assert (right["knowing"] <= right["naive"]).all(), name
            assert (right["knowing"] <= right["nobody"]).all(), name


def test_behind_a_wall_the_naive_attack_stands_still_and_the_copy_moves(lesson):
    for name in ("autoencoder clean-up", "error-correcting code"):
        assert torch.equal(lesson["pictures"][name]["naive"], lesson["digits"])
        slope = attacks.input_gradient(lesson["copies"][name], lesson["digits"], lesson["labels"])
        assert slope.abs().max() > 0


# ------------------------------------------------------------------------- figures and the panel


def share(*values):
    return Estimate(torch.tensor(values), "error", "read right")


ROW = {"untouched": share(1.0, 1.0), "naive": share(1.0, 0.0), "knowing": share(0.0, 0.0)}


def test_the_figures_are_drawn():
    bells = figures.dumbbells({"a": ROW, "the bare net": ROW}, "Words.", apart=["the bare net"])
    ways = figures.slices({name: {"one": [0, 1], "two": [0, 2]} for name in "abcde"}, [0, 1])
    assert isinstance(bells, Figure)
    assert sum(axes.axison for axes in ways.axes) == 5  # no empty panel
    labels = [text.get_text() for text in bells.axes[0].get_yticklabels()]
    assert labels == ["a", "the bare net"]


def test_the_dumbbell_ends_where_the_numbers_are():
    axes = figures.dumbbells({"a": ROW}).axes[0]
    line = axes.lines[0]
    assert list(line.get_xdata()) == [50, 0]


@pytest.fixture
def panel(each_device):
    x = torch.rand(3, 1, 28, 28, device=each_device)
    y = torch.tensor([1, 2, 3], device=each_device)
    firm = lambda z: F.one_hot(torch.ones(len(z), dtype=torch.long, device=z.device), 10).float()  # noqa: E731
    loose = lambda z: torch.rand(len(z), 10, device=z.device)  # noqa: E731
    made = {"nobody": x, "naive: one step": (x + 0.1).clamp(0, 1), "knows the defence": x / 2}
    rows = dict(zip(made, ROW.values()))
    return pick_a_duel({"firm": firm, "loose": loose}, x, y, {"firm": made, "loose": made},
                       {"firm": rows, "loose": rows})  # fmt: skip


def test_the_panel_shows_what_was_chosen(panel):
    found = panel.set(defence="firm", attack="nobody", digit=1)
    assert found["says"] == found["truth"] == 1
    assert torch.equal(found["clean"], found["shown"])
    found = panel.set(attack="knows the defence", digit=2)
    assert (found["truth"], found["says"]) == (2, 1)
    assert found["belief"].sum().item() == pytest.approx(1, abs=1e-5)
    assert panel.errors == []


def test_dice_in_the_panel_are_fair_to_the_reader(panel):
    state = {"defence": "loose", "attack": "nobody", "digit": 1}
    random = torch.get_rng_state()
    first, again = panel.compute(state), panel.compute(state)
    torch.testing.assert_close(first["belief"], again["belief"])  # the same digit, the same dice
    assert torch.equal(random, torch.get_rng_state())


def test_the_frozen_page_has_every_defence_with_both_attacks(panel):
    kept = {(state["defence"], state["attack"]) for state in panel.frozen_states}
    both = ("naive: one step", "knows the defence")
    assert kept == {(name, attack) for name in ("firm", "loose") for attack in both}
    assert all(a != b for a, b in pairwise(panel.frozen_states))
