"""Several tries at a picture: who is tried again, and what is kept."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tutlib.attacks import keep_best
from tutlib.attacks.candidates import ascend_until_fooled, better, restarted
from tutlib.balls import Box, Linf


@dataclass(frozen=True)
class Told:
    """An objective whose pictures say themselves what they are worth: (value, won, who)."""

    names: torch.Tensor

    def __call__(self, x):
        return x[:, 0]

    def won(self, x):
        return x[:, 1] > 0

    def rows(self, keep):
        return Told(self.names[keep])


# Eighths: float32 holds them, and their order survives being squeezed between -1 and 1.
TRY = st.tuples(st.integers(-4000, 4000).map(lambda n: n / 8), st.booleans())


@given(tries=st.lists(st.lists(TRY, min_size=3, max_size=3), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_a_win_comes_before_every_loss_and_then_the_value_counts(tries):
    candidates = [
        torch.tensor([[value, won, who] for value, won in row]) for who, row in enumerate(tries)
    ]
    kept = keep_best(Told(torch.arange(3)), candidates)
    for picture, found in enumerate(kept):
        # max keeps the first of several that are equally good, and so should we.
        best = max(candidates, key=lambda c: (c[picture, 1].item(), c[picture, 0].item()))
        assert torch.equal(found, best[picture])


def test_of_equally_good_ones_the_first_is_kept():
    first = torch.tensor([[1.0, 0, 0], [2.0, 1, 0]])
    second = torch.tensor([[1.0, 0, 1], [2.0, 1, 1]])
    assert torch.equal(better(Told(torch.arange(2)), first, second), first)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5)])
def test_whole_pictures_are_exchanged_whatever_their_shape(shape):
    class Brightness:
        def __call__(self, x):
            return x.flatten(1).sum(1)

        def won(self, x):
            return torch.zeros(len(x), dtype=torch.bool)

    dark, light = torch.zeros(shape), torch.ones(shape)
    mixed = torch.cat([light[:1], dark[:1]])
    assert torch.equal(better(Brightness(), dark, mixed), mixed)
    assert torch.equal(better(Brightness(), light, mixed), light)


def scripted(*runs):
    """An attack that returns what was written for each run, and the pictures it was given."""
    given, script = [], iter(runs)

    def attack(objective, x):
        assert torch.equal(objective.names, x[:, 2].long())  # objective and pictures go together
        given.append(objective.names.tolist())
        run = next(script)
        return torch.tensor([[*run[who], who] for who in given[-1]])

    return attack, given


PICTURES = torch.tensor([[0.0, 0, 0], [0.0, 0, 1], [0.0, 0, 2]])
WON, LOST = 1.0, 0.0


def test_only_what_still_stands_is_tried_again_and_the_best_try_is_kept():
    attack, given = scripted(
        {0: (1, WON), 1: (5, LOST), 2: (6, LOST)},
        {1: (3, LOST), 2: (7, LOST)},  # 1 got worse and keeps its first try
        {1: (2, WON), 2: (6.5, LOST)},  # a win is better than the higher 5
        {2: (8, LOST)},
    )
    found = restarted(attack, Told(torch.arange(3)), PICTURES, 4)
    assert given == [[0, 1, 2], [1, 2], [1, 2], [2]]
    assert found.tolist() == [[1, WON, 0], [2, WON, 1], [8, LOST, 2]]


def test_when_nothing_stands_nothing_is_tried_again():
    attack, given = scripted({0: (1, WON), 1: (1, WON), 2: (1, LOST)}, {2: (0, WON)})
    restarted(attack, Told(torch.arange(3)), PICTURES, 10)
    assert given == [[0, 1, 2], [2]]


def test_one_try_is_one_try():
    attack, given = scripted({0: (1, LOST), 1: (1, LOST), 2: (1, LOST)})
    restarted(attack, Told(torch.arange(3)), PICTURES, 1)
    assert given == [[0, 1, 2]]


@dataclass(frozen=True)
class Past:
    """Raise the picture's mean; won where it is past `limits`, one for each picture."""

    limits: torch.Tensor

    def __call__(self, x):
        return x.flatten(1).mean(1)

    def won(self, x):
        return self(x) > self.limits

    def rows(self, keep):
        return Past(self.limits[keep])


class Tenths:
    """A step of 0.1 upwards that keeps its stretches: how many pictures moved in each step."""

    def __init__(self):
        self.stretches = []

    def start(self, ball):
        self.stretches.append([])

        def move(grad, point):
            self.stretches[-1].append(len(point))
            point.add_(grad.sign(), alpha=0.1)

        return move

    def lengths(self):
        return [len(stretch) for stretch in self.stretches if stretch]


@pytest.mark.parametrize(
    ("steps", "stretches"),
    [(0, []), (1, [1]), (2, [1, 1]), (4, [1, 1, 2]), (5, [1, 1, 2, 1]), (8, [1, 1, 2, 4]),
     (30, [1, 1, 2, 4, 8, 14])],
)  # fmt: skip
def test_stretches_double_and_never_take_more_than_all_steps(steps, stretches):
    step, x = Tenths(), torch.zeros(2, 3)
    ascend_until_fooled(
        Past(torch.full((2,), 9.0)), x, Linf(5.0), step, steps, start=None, box=None
    )
    assert step.lengths() == stretches
    assert all(moved == 2 for stretch in step.stretches for moved in stretch)


def test_fooled_pictures_leave_the_batch_at_the_end_of_a_stretch():
    limits = torch.tensor([0.35, -0.05, 0.05, 9.0, 0.15])
    step = Tenths()
    found = ascend_until_fooled(Past(limits), torch.zeros(5, 3), Linf(5.0), step, 10,
                                start=None, box=(0.0, 1.0))  # fmt: skip
    # Stretches end after 1, 2, 4, 8 and 10 steps of 0.1.
    torch.testing.assert_close(found[:, 0], torch.tensor([0.4, 0.0, 0.1, 1.0, 0.2]))
    sizes = [stretch[0] for stretch in step.stretches if stretch]
    assert sizes == [4, 3, 2, 1, 1]


def test_each_stretch_goes_on_where_the_last_one_ended_around_the_same_centre():
    x = torch.zeros(1, 3)
    found = ascend_until_fooled(Past(torch.tensor([9.0])), x, Linf(0.55), Tenths(), 20,
                                start=x - 0.3, box=None)  # fmt: skip
    torch.testing.assert_close(found, x + 0.55)
    found = ascend_until_fooled(Past(torch.tensor([9.0])), x, Linf(5.0), Tenths(), 4,
                                start=x - 0.3, box=None)  # fmt: skip
    torch.testing.assert_close(found, x + 0.1)


@pytest.mark.parametrize(("box", "low", "high"), [(None, -4.1, 5.9), ((-1.0, 3.0), -1.0, 3.0)])
def test_the_box_holds_in_every_stretch_and_before_the_first(box, low, high):
    x, ball = torch.full((1, 3), 0.9), Linf(5.0)
    never, at_once = Past(torch.tensor([9.5])), Past(torch.tensor([-9.5]))
    for start, end in [(x - 9, low), (x + 9, high)]:
        for objective, steps in [(never, 0), (at_once, 60)]:  # it is only projected
            found = ascend_until_fooled(objective, x, ball, Tenths(), steps, start=start, box=box)
            torch.testing.assert_close(found, torch.full((1, 3), end))
    found = ascend_until_fooled(never, x, ball, Tenths(), 60, start=None, box=box)
    torch.testing.assert_close(found, torch.full((1, 3), high))


def test_the_pictures_themselves_stay_as_they_are():
    x, start = torch.zeros(2, 3), torch.full((2, 3), 0.1)
    ascend_until_fooled(Past(torch.full((2,), 9.0)), x, Box(), Tenths(), 3, start=start, box=None)
    assert (x == 0).all()
    assert (start == 0.1).all()
