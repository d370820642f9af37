"""The exact worst case of a small ReLU net, as a mixed-integer linear program."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array, vstack
from torch import Tensor, nn

from tutlib.check.inputs import check_pictures
from tutlib.check.models import check_model
from tutlib.nets import untouched
from tutlib.risk.bounds.interval import box_around
from tutlib.risk.bounds.layers import check_boxes, layers_of, lead_rows, pulled_back, without_own
from tutlib.risk.bounds.linear import hidden_boxes, linear_leads


@dataclass(frozen=True)
class Worst:
    """The lowest lead in a box, and where it is.

    Attributes:
        lead: the lowest lead that was found, at `x`.
        proved: no point of the box has a lower one (up to 1e-6, the solver's tolerance); equal to
            `lead` unless time ran out.
        x: (1, ...) the worst picture of the box.
        label: the class that comes nearest.
        switches: how many ReLUs can be on or off somewhere in the box: the yes-or-no questions.
    """

    lead: float
    proved: float
    x: Tensor
    label: int
    switches: int


@dataclass(frozen=True)
class Nearest:
    """The nearest picture that the net does not give to class `y`.

    Attributes:
        radius: how far its furthest pixel has moved; infinity if there is none within reach.
        proved: no picture nearer than this exists (equal to `radius` unless time ran out).
        x: (1, ...) that picture (None if there is none); label: the class that it ties with.
        switches: how many ReLUs can be on or off within reach.
    """

    radius: float
    proved: float
    x: Tensor | None
    label: int | None
    switches: int


@torch.no_grad()
def exact_lead(net: nn.Module, low: Tensor, high: Tensor, y, *, seconds: float = 60.0,
               relaxed: bool = False) -> Worst:  # fmt: skip
    """The lowest lead of class `y` in one box, over whichever class comes nearest.

    (Tjeng, Xiao and Tedrake, "Evaluating robustness of neural networks with mixed integer
    programming", 2019.) Each ReLU that may be on or off in the box is a yes-or-no variable. SciPy
    hands the program to HiGHS, which branches, bounds, and proves that nothing lower exists.
    Classes that a linear bound keeps above the lowest lead found so far are left out.

    Args:
        net: of layers that `layers_of` knows, small (tens of such ReLUs); low, high: (1, ...).
        seconds: how long HiGHS may take for one class.
        relaxed: let the yes-or-no variables take values in between: a linear program, quick, and
            only a bound (`lead` equals `proved`, and `x` need not have that lead).

    Raises:
        ValueError: for more than one box.

    Example:
        >>> net = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 2))  # |x| against 0.5
        >>> for weight, value in zip(
        ...     net.parameters(), ([[1.0], [-1.0]], [0, 0], [[1.0, 1.0], [0, 0]], [0.0, 0.5])
        ... ):
        ...     weight.data = torch.tensor(value, dtype=torch.float32)
        >>> worst = exact_lead(net, torch.tensor([[-1.0]]), torch.tensor([[2.0]]), 0)
        >>> round(worst.lead, 6), worst.switches
        (-0.5, 2)
    """
    check_model(net)
    net, low, high = _precise(net, low, high)
    labels = check_boxes(net, low, high, y)
    if len(low) != 1:
        raise ValueError(f"one box at a time, please: these are {len(low)}.")
    program, rows, offset, floor = _asked(net, low, high, labels)
    best, proved = None, math.inf
    for j in floor.argsort()[:-1].tolist():  # the most promising class first; not `y` itself
        if best is not None and floor[j] >= best.lead:
            break
        lead, bound, x = program.lowest(rows[:, j], float(offset[0, j]), seconds, relaxed)
        if x is None:
            raise RuntimeError(f"no answer within {seconds:g} s: take a smaller net, or more time.")
        proved = min(proved, bound)
        if best is None or lead < best.lead:
            best = Worst(lead, proved, x.view_as(low), j, program.switches)
    return replace(best, proved=min(proved, best.lead))


@torch.no_grad()
def exact_radius(net: nn.Module, x: Tensor, y, reach: float, *, seconds: float = 60.0) -> Nearest:
    """How far the nearest wrong picture is from one picture (1, ...), in L-inf and inside [0, 1].

    The same program as in `exact_lead`, asked another question: with some class level with `y`, how
    small can the largest change of a pixel be?

    Args:
        reach: look no further than this; the closer (an attack's distance, say), the quicker.
        seconds: how long HiGHS may take for one class.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 2))  # the larger value wins
        >>> net[0].weight.data, net[0].bias.data = torch.eye(2), torch.zeros(2)
        >>> round(exact_radius(net, torch.tensor([[0.7, 0.5]]), 0, reach=0.3).radius, 6)
        0.1
    """
    check_model(net)
    check_pictures(x)
    net, x = _precise(net, x)
    low, high = box_around(x, reach)
    labels = check_boxes(net, low, high, y)
    if len(x) != 1:
        raise ValueError(f"one picture at a time, please: these are {len(x)}.")
    with untouched(net):
        own = without_own(net(x)[:, labels] - net(x), labels)
    if own.amin() <= 0:
        return Nearest(0.0, 0.0, x, int(own.argmin()), 0)
    program, rows, offset, floor = _asked(net, low, high, labels)
    best, proved = Nearest(math.inf, math.inf, None, None, program.switches), math.inf
    for j in floor.argsort()[:-1].tolist():
        if floor[j] > 0:
            break
        program = _asked(net, low, high, labels)[0]  # the question adds rows of its own
        radius, bound, place = program.nearest(
            rows[:, j], float(offset[0, j]), x.flatten().numpy(), min(best.radius, reach), seconds
        )
        proved = min(proved, bound)
        if place is not None and radius < best.radius:
            best = Nearest(radius, proved, place.view_as(x), j, program.switches)
    return replace(best, proved=min(proved, best.radius))


def _precise(net: nn.Module, *points: Tensor) -> tuple:
    """A copy of the net and the points, on the CPU and in double precision."""
    for point in points:
        check_pictures(point, None)
    if not isinstance(net, nn.Module):
        raise TypeError(f"bounds need a net's layers, and this is a {type(net).__name__}.")
    return copy.deepcopy(net).double().cpu(), *(point.double().cpu() for point in points)


def _asked(net: nn.Module, low: Tensor, high: Tensor, labels: Tensor):
    """The program of a net in a box, what to ask of it for each class, and how low that can be."""
    *inner, last = layers_of(net)
    with untouched(net):
        boxes = hidden_boxes(inner, low, high, "linear")
        rows, offset = lead_rows(last, labels)
        return _Program(inner, boxes), rows, offset, linear_leads(net, low, high, labels)[0]


class _Program:
    """All that a net can do in a box, as rows and columns: low <= A v <= high, some v whole.

    v holds the pixels; then for every hidden layer the inputs z of its ReLUs, and for those that
    may be on or off their outputs a and their switches s:

        a >= 0,  a >= z,  a <= upper * s,  a <= z - lower * (1 - s)
    """

    def __init__(self, layers: list[nn.Module], boxes: list[tuple[Tensor, Tensor]]):
        self.low, self.high, self.whole = [], [], []
        self.rows, self.below, self.above = [], [], []  # of A, and what they lie between
        self.pixels = self.columns(*(end.flatten().numpy() for end in boxes[0]))
        self.last, self.chain, self.switches = self.pixels, [], 0
        self.alive = np.ones(len(self.pixels), bool)
        for layer, box in zip(layers, boxes):
            if isinstance(layer, nn.ReLU):
                self.relu(*(end.flatten().numpy() for end in box), box[0].shape[1:])
                self.chain = []
            else:
                self.chain.append((layer, box[0].shape[1:]))

    def columns(self, low, high, whole: bool = False) -> np.ndarray:
        """New variables between `low` and `high`; their numbers."""
        first = sum(map(len, self.low))
        self.low.append(low)
        self.high.append(high)
        self.whole.append(np.full(len(low), whole))
        return np.arange(first, first + len(low))

    def hold(self, terms: list[tuple[np.ndarray, np.ndarray]], below, above) -> None:
        """New rows: below <= sum of factors (R,) or (R, C) times variables <= above."""
        self.rows.append(terms)
        self.below.append(below)
        self.above.append(above)

    def written_back(self, rows: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Sums (1, S, ...) of the newest layer's outputs in the newest variables: (S, C), (S,)."""
        offset = rows.new_zeros(rows.shape[:2])
        for layer, shape in reversed(self.chain):
            rows, more = pulled_back(layer, rows, shape)
            offset = offset + more
        return rows[0].flatten(1).numpy()[:, self.alive], offset[0].numpy()

    def relu(self, low, high, shape) -> None:
        units = len(low)
        matrix, offset = self.written_back(torch.eye(units).double().view(1, units, *shape))
        z = self.columns(low, high)
        ones = np.ones(units)
        self.hold([(matrix, self.last), (-ones, z)], -offset, -offset)
        open_ = (low < 0) & (high > 0)
        count = int(open_.sum())
        a = self.columns(np.zeros(count), high[open_])
        s = self.columns(np.zeros(count), np.ones(count), whole=True)
        one, free = np.ones(count), np.full(count, np.inf)
        lower, upper = low[open_], high[open_]
        self.hold([(one, a), (-one, z[open_])], 0 * one, free)
        self.hold([(one, a), (-upper, s)], -free, 0 * one)
        self.hold([(one, a), (-one, z[open_]), (-lower, s)], -free, -lower)
        after = np.where(open_, 0, z)  # a ReLU that is always on is its input
        after[open_] = a
        self.alive = high > 0
        self.last = after[self.alive]
        self.switches += count

    def lowest(self, row: Tensor, offset: float, seconds: float, relaxed: bool = False):
        """The lowest value of a sum of the last outputs: found, proved, and at which pixels."""
        (matrix,), (more,) = self.written_back(row[:, None])
        aim = np.zeros(sum(map(len, self.low)))
        aim[self.last] = matrix
        found, bound, x = self.solve(aim, seconds, relaxed)
        more = offset + float(more)
        return found + more, bound + more, x

    def nearest(self, row: Tensor, offset: float, x: np.ndarray, reach: float, seconds: float):
        """The smallest change of any pixel that brings a sum of the last outputs down to zero."""
        (matrix,), (more,) = self.written_back(row[:, None])
        (t,) = self.columns(np.zeros(1), np.full(1, reach))
        one, free = np.ones(len(x)), np.full(len(x), np.inf)
        self.hold([(one, self.pixels), (-one, t + 0 * self.pixels)], -free, x)
        self.hold([(one, self.pixels), (one, t + 0 * self.pixels)], x, free)
        self.hold([(matrix[None], self.last)], np.full(1, -np.inf), np.full(1, -offset - more))
        aim = np.zeros(sum(map(len, self.low)))
        aim[t] = 1
        return self.solve(aim, seconds)

    def solve(self, aim: np.ndarray, seconds: float, relaxed: bool = False):
        whole = np.concatenate(self.whole) & (not relaxed)
        done = milp(
            aim, integrality=whole.astype(int),
            bounds=Bounds(np.concatenate(self.low), np.concatenate(self.high)),
            constraints=self.constraints(len(aim)),
            options={"time_limit": seconds, "mip_rel_gap": 0.0},
        )  # fmt: skip
        if done.x is None:  # nothing there (2), or no time to find it
            bound = np.inf if done.status == 2 else done.mip_dual_bound
            return np.inf, -np.inf if bound is None else bound, None
        bound = done.fun if relaxed or done.mip_dual_bound is None else done.mip_dual_bound
        return float(done.fun), float(bound), torch.from_numpy(done.x[self.pixels])

    def constraints(self, width: int) -> list[LinearConstraint]:
        blocks = []
        for terms, below in zip(self.rows, self.below):
            block = lil_array((len(below), width))
            for factors, columns in terms:
                if factors.ndim == 2:
                    block[:, columns] = factors
                else:
                    block[np.arange(len(below)), columns] = factors
            blocks.append(block.tocsr())
        if not blocks:
            return []
        return [LinearConstraint(vstack(blocks), np.concatenate(self.below),
                                 np.concatenate(self.above))]  # fmt: skip
