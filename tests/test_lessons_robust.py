"""4.1 and 4.2: their panel, and the solutions of their exercises pass their own checks."""

import pytest
import torch
from torch.nn import functional as F

from tests import exercises
from tests.conftest import chance, unchanged
from tutlib import nets, training
from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.lessons.exercises import lesson_4_1
from tutlib.lessons.panels.training import BALL, EPOCHS, INNERS, STRIDE, training_panel
from tutlib.plots import min_max
from tutlib.plots import training as figures
from tutlib.plots.theme import in_words
from tutlib.risk import Estimate


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return nets.mlp(16, 24, 4)


@pytest.fixture(scope="module")
def points(net):
    """Forty points in [0, 1]^16 and labels that the net has learned."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(40) % 4
    x = 0.7 * torch.rand(40, 16, generator=generator)
    x[torch.arange(40)[:, None], 4 * y[:, None] + torch.arange(4)] += 0.3
    training.fit(net, x, y, epochs=60, batch=20, lr=1e-2, progress=False)
    return x, y


@pytest.fixture
def names(net, points):
    return {"models": {"fast": net, "standard": net}, "watch": points, "ball": Linf(0.08)}


EXERCISES_4_1 = exercises.table("4-1", {
    "robust_loss": [
        lambda w, b, x, y, eps: F.softplus(-y * (x @ w + b)),
        lambda w, b, x, y, eps: F.softplus(-(y * (x @ w + b) - eps * w.norm())),
        lambda w, b, x, y, eps: F.softplus(-(y * (x @ w + b) - eps * w.abs().sum())).mean(),
    ],
    "corners": [
        lambda model, x, y, generator=None: x,
        lambda model, x, y, generator=None: x + 0.065,
        lambda model, x, y, generator=None: x + 0.2,
    ],
})  # fmt: skip
EXERCISES_4_2 = exercises.table("4-2", {
    "worst_error": [
        lambda net, x, y, eps: 1 - training.accuracy(net, x, y),
        lambda net, x, y, eps: 1.0,
        lambda net, x, y, eps: -1.0,
    ],
    "inner": [
        lambda model, x, y, generator=None: x,
        lambda model, x, y, generator=None: pgd(model, x, y, Linf(1.0), steps=3),
        lambda model, x, y, generator=None: pgd(model, x, y, Linf(1 / 4), steps=3),
    ],
    "smallest_eps": [
        lambda net, x, y, levels: torch.full((len(x),), levels[0]),
        lambda net, x, y, levels: torch.full((len(x),), torch.inf),
        "smallest_eps = lambda *case: right(*case)[:3]",
        "smallest_eps = lambda *case: right(*case) + 0.001",
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES_4_1)
def test_solutions_of_4_1(exercise, wrong):
    exercises.settle(exercise, wrong)


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES_4_2)
def test_solutions_of_4_2(exercise, wrong, names):
    exercises.settle(exercise, wrong, names)


def test_pictures_differ_in_the_eps_at_which_they_fall(net, points):
    """So that the wrong answers to `smallest_eps` are wrong."""
    answer = exercises.of("4-2")[-1].made()
    assert len(set(answer(net, *points, [0.05, 0.1, 0.2, 0.3]).tolist())) > 1


def test_panel_steps_and_jumps_to_the_same_net():
    walked, jumped = training_panel(), training_panel()
    for epoch in range(0, 3 * STRIDE + 1, STRIDE):
        walked.set(inner="FGSM", epoch=epoch)
    jumped.set(inner="FGSM", epoch=3 * STRIDE)
    assert walked.result["epoch"] == jumped.result["epoch"] == 3 * STRIDE
    assert (walked.result["sure"] == jumped.result["sure"]).all()
    assert not walked.errors
    assert not jumped.errors


def test_panel_goes_back_and_leaves_the_random_state_alone():
    torch.manual_seed(1)  # the panel's own seed is 0
    panel, before = training_panel(), chance()
    first = panel.set(inner="nobody", epoch=0)
    panel.set(epoch=2 * STRIDE)
    again = panel.set(epoch=0)
    assert (first["sure"] == again["sure"]).all()
    assert unchanged(before)


def test_the_adversaries_of_the_panel_differ_and_so_do_their_pupils():
    panel = training_panel(1)  # the lesson shows it with seed 0
    ends = {inner: panel.at(inner=inner, epoch=EPOCHS)[0] for inner in ("FGSM", "PGD")}
    for end in ends.values():
        assert BALL.norm(end["moved"] - end["x"]).max() <= BALL.eps * (1 + 1e-5)
    corners = {
        inner: ((end["moved"] - end["x"]).abs() > 0.99 * BALL.eps).all(1).float().mean()
        for inner, end in ends.items()
    }
    assert corners["FGSM"] == 1 > corners["PGD"]
    assert ends["PGD"]["robust"] >= ends["FGSM"]["robust"] + 0.1
    right = 1 - ends["FGSM"]["fooled"].float().mean().item()
    assert right == pytest.approx(ends["FGSM"]["fgsm"])


def test_panel_marks_who_is_fooled_and_nobody_where_nobody_moves():
    panel = training_panel()
    words = {}
    for inner in INNERS:
        result, frame = panel.at(inner=inner, epoch=0)
        words[inner] = {t.get_text() for legend in figures.boundary_frame(result).legends
                        for t in legend.get_texts()}  # fmt: skip
        assert (result["moved"] is None) == (inner == "nobody")
        assert f"{result['fgsm']:.0%} of those moved by FGSM" in frame.alt
    both = {"moved, fooled", "moved, still right"}
    assert words == {"nobody": set(), "FGSM": both, "PGD": both}


def test_a_check_takes_no_chance_from_the_notebook():
    torch.manual_seed(1)  # the check's own seed is 0
    before = chance()
    lesson_4_1.corners()
    assert unchanged(before)


def test_figures_of_4_1_are_drawn_from_any_device(each_device):
    def net(points):
        return torch.stack([points[..., 0], points[..., 1]], -1)

    way = torch.linspace(0, 1, 5, device=each_device).requires_grad_()
    x, y = torch.rand(3, 2, device=each_device), torch.tensor([0, 1, 0], device=each_device)
    wrong = torch.tensor([[0.5, 0.5], [torch.nan] * 2, [torch.nan] * 2], device=each_device)
    min_max.kink(way, {"one": way, "other": -way}, way.abs(), 0.5, (-1.0, 1.0))
    min_max.by_hand(way, way, -way)
    figure = min_max.squares_judged({"a": net}, x, y, 0.1, {"a": wrong}, {"a": y > 0})
    assert [text.get_text() for text in figure.axes[0].texts] == ["✓", "?"]  # the first is wrong
    min_max.slices(0.3, {"a": {"FGSM": [way], "PGD": [way]}})


def test_bounds_and_exams_are_drawn_where_they_lie():
    figure = min_max.closing([1, 2], {"a": [(0.9, 0.1), (0.8, 0.5)]})
    above, below = (line.get_ydata().tolist() for line in figure.axes[0].lines)
    assert (above, below) == ([0.9, 0.8], [0.1, 0.5])
    curves = {"FGSM": [([2, 4], [0.3, 0.1])], "PGD": [([4], [0.6])]}
    ends = {name: {"clean": [(0.9, 0.8, 0.95)]} for name in curves}
    figure = min_max.equal_price([0.5], curves, ends)
    fgsm, pgd_line = figure.axes[0].lines
    assert fgsm.get_xydata().tolist() == [[0, 0.5], [2, 0.3], [4, 0.1]]
    assert pgd_line.get_xydata().tolist() == [[0, 0.5], [4, 0.6]]
    assert figure.axes[1].lines[0].get_ydata().tolist() == [0.8, 0.95]
    assert "trained against FGSM, trained against PGD" in in_words(figure)


def test_panel_shows_the_boundary_on_its_way():
    """The slider put at its end: partial results, each further on, up to the last epoch."""
    seen = [(share, result["epoch"]) for share, result in training_panel().compute(
        {"inner": "nobody", "epoch": EPOCHS})]  # fmt: skip
    assert len(seen) == EPOCHS // STRIDE
    assert all(a < b for (_, a), (_, b) in zip(seen, seen[1:]))  # noqa: RUF007
    assert seen[-1] == (1.0, EPOCHS)


def test_boundaries_stand_where_the_net_changes_its_mind():
    def net(points):  # class 1 above y = 0.25
        return torch.stack([torch.zeros(len(points)), 50 * (points[:, 1] - 0.25)], 1)

    sure = figures.leaning(net, side=101)
    assert (sure[:25] < 0.5).all()
    assert (sure[26:] > 0.5).all()


def test_loss_surfaces_share_a_log_scale_and_name_their_lines(each_device):
    line = torch.linspace(-4, 0.5, 15, device=each_device)
    steep = (10**line).expand(15, 15)
    figure = figures.surfaces({"steep": steep, "flat": 0.02 + 0 * steep}, 0.1, "two")
    named = [text.get_text() for text in figure.axes[0].texts]
    assert {"0.0003", "0.001", "0.03", "log 2"} <= set(named)
    assert "log 2" not in [text.get_text() for text in figure.axes[1].texts]
    filled = [drawn for axes in figure.axes[:2] for drawn in axes.collections
              if drawn.get_cmap().name == "cividis"]  # fmt: skip
    scales = {(drawn.norm.vmin, drawn.norm.vmax) for drawn in filled}
    assert len(filled) == 2
    assert len(scales) == 1
    bottom = figures.surfaces({"none at all": torch.zeros(5, 5), "steep": steep}, 0.1).axes[-1]
    assert bottom.get_yticklabels()[0].get_text() == "≤ 0.00001"  # a log scale has no zero


def test_exams_show_every_run_and_its_band():
    def runs(*counts):
        return [Estimate((torch.arange(100) < k).float(), "error", "PGD-40") for k in counts]

    found = {"fast": runs(5, 7, 9), "PGD": runs(20)}
    figure = figures.exams(found, found, {"fast": 12, "PGD": 36})
    for axes in figure.axes:
        bars = [line for line in axes.lines if line.get_alpha() == 0.35]
        marks = [line.get_xdata()[0] for line in axes.lines if line.get_marker() in "os"]
        assert marks == pytest.approx([5, 7, 9, 20])
        for mark, bar in zip(marks, bars):
            low, high = bar.get_xdata()
            assert low < mark < high
    assert "fast (12)" in [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_energies_fill_each_row():
    rows = {
        "noise": {"ink": 0.2, "near": 0.2, "else": 0.6},
        "net": {"ink": 1, "near": 0, "else": 0},
    }
    figure = figures.energies(rows, "two rows")
    (axes,) = figure.axes
    ends = [max(bar.get_x() + bar.get_width() for bar in axes.patches if abs(bar.get_y()
            + bar.get_height() / 2 - row) < 0.1) for row in range(2)]  # fmt: skip
    assert ends == pytest.approx([100, 100])
    assert "else: 60.0 %" in in_words(figure)
