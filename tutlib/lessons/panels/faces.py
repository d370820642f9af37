"""The panel of 6.4: one objective that is a sum of three wishes, and a slider for each."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from tutlib import assets, nets
from tutlib.attacks import Towards
from tutlib.balls import Box
from tutlib.descent import Adam, descend
from tutlib.panel import Panel, Slider
from tutlib.plots.faces import percent, wishes
from tutlib.style import Crowd, paintings, repaint

STEPS, RATE = 12, 0.03
NET = 10.0  # pixels' squares and nats are not the same money: so much is a nat worth
STOPS = [0, 0.1, 0.3, 1]


def sum_of_wishes(pig: Tensor, crowd: Crowd, wish: Callable, weights: tuple[float, float, float]
                  ) -> Callable[[Tensor], Tensor]:  # fmt: skip
    """How far a picture is from the pig, from the painting, and from the net's approval.

    Args:
        pig: (1, 3, H, W); crowd: of the painting; wish: what the net shall raise, (N,) values.
        weights: of the three; a part of weight 0 is not computed.

    Returns:
        A function from a picture to one number.
    """
    like_the_pig, painted, named = weights

    def objective(x: Tensor) -> Tensor:
        total = like_the_pig / 2 * (x - pig).square().sum()
        if painted:
            total = total + painted * crowd.loss(x)
        return total - NET * named * wish(x).sum() if named else total

    return objective


def three_wishes(net=None, *, size: int | None = None, keep: int = 1000, goal: str = "airliner",
                 thing: str = "hog") -> Panel:  # fmt: skip
    """Look like the pig, be painted, be an airliner: a weight for each, and one call of `descend`.

    Args:
        net: a classifier (default: the bundled one, which is quick enough on either shelf).
        size: pixels a side; keep: patches of the painting; goal, thing: classes of the net.
    """
    net = assets.classifier("fragile") if net is None else net
    pig = assets.picture(thing)
    if size is not None:
        pig = torch.nn.functional.interpolate(pig, (size, size), mode="area")
    wish = Towards(net, torch.tensor([net.index(goal)], device=pig.device))

    @functools.cache
    def studio() -> tuple[Tensor, Crowd]:
        painting = paintings.paint("starry night", pig.shape[-1]).to(pig.device)
        start = repaint(pig, painting, side=pig.shape[-1], fair=0.005, keep=keep)
        return start, Crowd(painting, keep=keep, generator=torch.Generator().manual_seed(0))

    def compute(state: dict) -> dict:
        start, crowd = studio()
        crowd.random.manual_seed(0)  # the same state gives the same picture
        weights = state["pig"], state["paint"], state["airliner"]
        objective = sum_of_wishes(pig, crowd, wish, weights)
        with nets.untouched(net):
            x = descend(objective, start, Box(), Adam(RATE), STEPS)
        return {"picture": x, "said": net.top(x, 4), "title": _title(state)}

    return Panel(
        compute,
        wishes,
        [
            Slider("pig", stops=STOPS, value=0.3, label="look like the pig", help="½‖x - pig‖²"),
            Slider("paint", stops=STOPS, value=1, label="be painted", help="patches of the night"),
            Slider("airliner", stops=STOPS, value=0, label="be an airliner",
                   help="the net's loss for that name"),
        ],
        title="Three wishes, one sum",
        question="The airliner's weight is 0. What will the net call the painted pig?",
        answers=("hog", "airliner", "something else"),
        reveal="Now wish for an airliner. Then take the paint away; then the pig. Which lesson of "
        "this course stands in each corner?",
        caption="Left: the picture that lowers the sum, twelve steps after the painted pig. Right: "
        "the net's answers; blue is the truth, amber the name wished for.",
        frozen={"pig": [0, 0.3, 1], "paint": [0, 0.3, 1], "airliner": [0, 1]},
        strip=[{"pig": 1, "paint": 0}, {"pig": 1, "paint": 0, "airliner": 1},
               {"pig": 0.3, "paint": 1}, {"pig": 0.3, "paint": 1, "airliner": 1}],
        alt=_alt,
    )  # fmt: skip


def _title(state: dict) -> str:
    return f"pig {state['pig']:g}, paint {state['paint']:g}, airliner {state['airliner']:g}"


def _alt(state: dict, found: dict) -> str:
    name, value = found["said"][0]
    return f"Weights: {found['title']}. The net says {name} ({percent(value)})"
