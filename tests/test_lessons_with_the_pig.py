"""1.1 and 2.1: their panels, and the solutions of their exercises pass their own checks."""

import pytest
import torch

from tests import exercises
from tutlib import assets
from tutlib.assets import photos
from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.lessons.panels.pig import AWAY, pig_explorer, target_picker


@pytest.fixture(scope="module")
def net():
    return assets.classifier()


@pytest.fixture(scope="module")
def pig():
    return assets.picture("hog")


@pytest.fixture
def names(net, pig):
    return {"net": net, "pig": pig, "y": net.index("hog")}


EXERCISES_1_1 = exercises.table("1-1", {
    "project_l2": [
        lambda delta, eps: delta.clamp(-eps, eps),
        lambda delta, eps: delta * eps / delta.norm(),  # makes short ones longer
        lambda delta, eps: delta / max(1, delta.norm()),
    ],
    "attack_the_sky": [
        lambda net, x, y, eps: pgd(net, x, torch.tensor([y]), Linf(eps)),
        lambda net, x, y, eps: x,
        lambda net, x, y, eps: torch.cat([x[:, :, :75] * 0, x[:, :, 75:]], 2),  # a black sky
    ],
    "without_gradient": [
        lambda ask, x, eps, calls: x,
        lambda ask, x, eps, calls: (x + eps * torch.randn_like(x).sign()).clamp(0, 1),
        "def without_gradient(ask, x, eps, calls):\n    return right(ask, x, eps, 2 * calls)",
    ],
})  # fmt: skip
EXERCISES_2_1 = exercises.table("2-1", {
    "to_the_least_likely": [
        lambda net, x, y, eps: x,
        lambda net, x, y, eps: pgd(net, x, torch.tensor([y]), Linf(eps), steps=20,
                                   target=net(x).argsort(1)[:, -2]),  # the likeliest of the others
        lambda net, x, y, eps: pgd(net, x, torch.tensor([y]), Linf(8 * eps), steps=20,
                                   target=net(x).argmin(1)),
    ],
    "protect": [
        lambda net, x, y, eps: pgd(net, x, torch.tensor([y]), Linf(eps)),
        lambda net, x, y, eps: x,
        "def protect(net, x, y, eps):\n    return right(net, x, y, 4 * eps)",
    ],
    "two_stories": [
        lambda net, xs, targets, eps: torch.zeros_like(xs),
        lambda net, xs, targets, eps: torch.zeros_like(xs[:1]),
        lambda net, xs, targets, eps: pgd(net, xs[:1], targets[:1], Linf(eps), steps=20,
                                          target=targets[:1]) - xs[:1],  # only the first one's
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES_1_1)
def test_solutions_of_1_1(exercise, wrong, names):
    exercises.settle(exercise, wrong, names)


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES_2_1)
def test_solutions_of_2_1(exercise, wrong, names):
    exercises.settle(exercise, wrong, names)


def test_the_explorer_attacks_and_rests(net, pig):
    panel = pig_explorer(net, pig)
    rest = panel.set(eps=0)
    assert torch.equal(rest["delta"], torch.zeros_like(pig))
    moved = panel.set(eps=2, steps=10)
    assert moved["after"][0][0] != moved["before"][0][0]
    assert moved["delta"].abs().max() <= 2 / 255
    aimed = panel.set(eps=2, steps=30, goal="airliner")
    assert aimed["after"][0][0] == "airliner"
    assert not panel.errors


def test_the_explorer_takes_a_photo_of_ones_own(net, pig):
    panel = pig_explorer(net, pig)
    own = assets.picture("teapot", 3)
    found = panel.set(photo=photos.to_png(own), eps=2, steps=10, goal=AWAY)
    torch.testing.assert_close(found["picture"], own)
    assert found["after"][0][0] != found["before"][0][0]


def test_a_file_that_is_no_picture_gets_a_sentence(net, pig):
    panel = pig_explorer(net, pig)
    with pytest.raises(photos.PhotoError, match="not a picture"):
        panel.set(photo=b"hello")
    with pytest.raises(photos.PhotoError, match="this file is empty"):
        panel.set(photo=b"")
    assert len(panel.errors) == 2


def test_a_handful_of_steps_is_quick_enough_to_drag(net, pig):
    """150 ms of compute per change are time for five gradients, and as many looks at the net."""
    panel, passes = pig_explorer(net, pig), []
    count = net.register_forward_hook(
        lambda net, given, made: passes.append((len(made), made.requires_grad))
    )
    list(panel.compute(panel.state | {"eps": 2, "steps": 5}))
    count.remove()
    assert passes.count((1, True)) == 5
    assert passes.count((1, False)) <= 5
    assert len(passes) <= 10, "one picture at a time"


def test_the_target_picker_flies(net, pig):
    panel = target_picker(net, pig)
    found = panel.set(target="teapot", steps=32)
    assert found["after"][0][0] == "teapot"
    steps = [step for step, _, _ in found["path"]]
    assert steps[0] == 0
    assert steps[-1] == 32


def test_frozen_forms_are_small_enough(net, pig):
    for panel in (pig_explorer(net, pig), target_picker(net, pig)):
        assert len(panel.freeze()) <= 400_000
        assert panel.strip().startswith(b"\x89PNG")
