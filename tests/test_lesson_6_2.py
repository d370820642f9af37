"""6.2: its exercises' solutions pass their own checks, its panel paints, its figures stand."""

import pytest
import torch
from matplotlib.figure import Figure

from tests import exercises
from tests.uploads import png
from tutlib import style
from tutlib.balls import Box
from tutlib.descent import Plain, descend
from tutlib.lessons import cover
from tutlib.lessons.panels.patches import HOLDS, patches_panel
from tutlib.plots import patches as figures
from tutlib.style import paintings


def painted_everywhere(crowd, x, mask, steps):
    return descend(crowd.loss, x, Box(), Plain(1.0), steps)


def painted_the_wrong_side(crowd, x, mask, steps):
    return descend(crowd.loss, x, Box(x * mask, x * mask + 1 - mask), Plain(1.0), steps)


def black_outside(crowd, x, mask, steps):
    return descend(crowd.loss, x, Box(0 * x, mask.expand_as(x)), Plain(1.0), steps)


def distance(ours, theirs):
    return torch.cdist(ours, theirs)


EXERCISES = exercises.table("6-2", {
    "both_ways": [
        lambda ours, theirs: distance(ours, theirs).amin(1).mean(),
        lambda ours, theirs: (distance(ours, theirs).amin(0).mean(),
                              distance(ours, theirs).amin(1).mean()),
        lambda ours, theirs: (distance(ours, theirs).square().amin(1).mean(),
                              distance(ours, theirs).square().amin(0).mean()),
        lambda ours, theirs: (distance(ours, theirs).amin(1).amax(),
                              distance(ours, theirs).amin(0).amax()),
        lambda ours, theirs: (distance(ours, theirs).mean(), distance(ours, theirs).mean()),
    ],
    "fair_picks": [
        lambda ours, theirs, alpha: distance(ours, theirs).argmin(1),
        lambda ours, theirs, alpha: (
            distance(ours, theirs) / (alpha + distance(ours, theirs).amin(0))).argmin(1),
        lambda ours, theirs, alpha: (
            distance(ours, theirs).square()
            / (alpha + distance(ours, theirs).square().amin(1, keepdim=True))).argmin(1),
        lambda ours, theirs, alpha: (
            distance(ours, theirs).square()
            * (alpha + distance(ours, theirs).square().amin(0))).argmin(1),
        lambda ours, theirs, alpha: (
            distance(ours, theirs).square()
            / (alpha + distance(ours, theirs).square().amin(0))).argmin(0),
    ],
    "painted_where": [
        lambda crowd, x, mask, steps: x,
        painted_everywhere,
        painted_the_wrong_side,
        black_outside,
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_solutions(exercise, wrong):
    exercises.settle(exercise, wrong)


# ---------------------------------------------------------------- the panel


@pytest.fixture(scope="module")
def panel():
    return patches_panel(torch.device("cpu"), size=32)


def test_the_panel_paints_what_repaint_paints(panel):
    shown = panel.set(hold=0.3, style="waves", content="china")
    content, painting = paintings.photo("china", 32), paintings.paint("waves", 32)
    assert torch.equal(shown["picture"], style.repaint(content, painting, side=32, hold=0.3))
    assert shown["far"] == style.distances(shown["picture"], painting, count=400)
    assert set(HOLDS) >= {0, 0.6}
    assert not panel.errors


def test_the_panel_takes_your_own_of_any_shape(panel):
    state = panel.state | {
        "your photo": png(60, 40, (200, 10, 10)), "your painting": png(30, 90, (10, 10, 200)),
    }  # fmt: skip
    *_, (_, found) = panel.compute(state)
    assert found["picture"].shape == (1, 3, 32, 48)
    assert found["style"].shape == (1, 3, 96, 32)
    assert found["picture"][0, 2].min() > 0.7  # it has become blue
    assert panel._alt(state, found).startswith("your photo in patches of your painting, hold")
    assert isinstance(panel.draw(found), Figure)
    assert panel.moved(panel.state | {"your photo": b"no picture"}) is not None
    assert "not a picture" in panel.errors.pop()


def test_the_panel_tells_how_far_it_is(panel):
    stream = panel.compute(panel.state | {"your photo": None})
    seen = list(stream)
    shares = [done for done, _ in seen]
    assert shares == sorted(set(shares))
    assert shares[-1] == 1
    assert all(found["far"] is None for _, found in seen[:-1])
    assert all(found["picture"].shape == (1, 3, 32, 32) for _, found in seen)
    assert panel._alt(panel.state, seen[0][1]).endswith("painting ...")


# ---------------------------------------------------------------- figures


def test_rivals_stand_side_by_side():
    photo, painting = torch.rand(1, 3, 30, 50), torch.rand(1, 3, 40, 20)
    figure = figures.rivals(photo, painting, {"one": photo, "two": photo}, "A caption.")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["the photograph", "the painting", "one", "two"]
    widths = [axes.get_subplotspec().get_position(figure).width for axes in figure.axes]
    assert widths[0] < 0.6 * widths[2] == pytest.approx(0.6 * widths[3])


def test_faded_is_the_painting_where_it_is_used_and_paper_elsewhere():
    painting, used = torch.rand(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)
    used[..., :4] = 1
    made = figures.faded(painting, used)
    assert torch.equal(made[..., :4], painting[..., :4])
    assert (made[..., 4:] == figures.PAPER).all()


def test_the_cover_shows_a_photograph_repainted():
    figure = cover.draw_painted("coffee", "waves", side=32)
    photo, painting, picture = (axes.images[0].get_array() for axes in figure.axes)
    found = style.repaint(paintings.photo("coffee", 32), paintings.paint("waves", 32), side=32)
    assert photo.shape == painting.shape == picture.shape == (32, 32, 3)
    assert (picture == found[0].permute(1, 2, 0).numpy()).all()
