"""The panels of the first two attacks: the Pig explorer (1.1) and the target picker (2.1)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from tutlib import assets, plots
from tutlib.assets import photos
from tutlib.attacks import AwayFrom, Towards
from tutlib.balls import Linf
from tutlib.descent import Steepest, ascend
from tutlib.nets import untouched
from tutlib.panel import Choice, Panel, Slider, Upload

AWAY = "anywhere else"
LEVELS = [0, 0.25, 0.5, 1, 2, 4, 8]  # eps, in steps of 255


def pig_explorer(net=None, picture: Tensor | None = None) -> Panel:
    """How little does it take? Eps, steps, step size, goal, and a photo of your own.

    Args:
        net: a classifier like `assets.classifier()`; picture: (1, 3, net.size, net.size) in [0, 1].
    """
    net = net or assets.classifier()
    picture = assets.picture("hog") if picture is None else picture
    goals = [AWAY, *_goals(net, picture)]

    def compute(state: dict) -> Iterator[tuple[float, dict]]:
        photo = state["photo"]  # an empty file is a file, too: it is refused, and not the pig
        x = picture if photo is None else photos.read(photo, net.size).to(picture)
        goal = None if state["goal"] == AWAY else net.index(state["goal"])
        size = state["step size"] * state["eps"] / 255
        before = net.top(x)
        for done, x_adv in _climb(net, x, state["eps"] / 255, size, state["steps"], goal):
            yield done, _answers(net, x, before, x_adv, goal)

    return Panel(
        compute,
        _draw_trio,
        controls=[
            Slider("eps", stops=LEVELS, value=0, format="{}/255", help="how far a pixel may move"),
            Slider("steps", stops=[1, 2, 5, 10, 30, 100], value=5, help="gradient steps"),
            Slider(
                "step size",
                stops=[0.05, 0.1, 0.25, 0.5, 1],
                value=0.5,
                format="{} eps",
                help="length of one step, as a share of eps",
            ),
            Choice("goal", goals, help="the class to move to"),
            Upload(
                "photo",
                label="your photo",
                help="JPEG, PNG, WebP ...: it stays on this machine",
                back=f"Back to the {net.top(picture, 1)[0][0]}",
                question="How far must every pixel of your photo be allowed to move before the net "
                "takes back what it says first?",
            ),
        ],
        title="Pig explorer",
        question="How far must every pixel be allowed to move before the net no longer says "
        f"{net.top(picture, 1)[0][0]}?",
        answers=["a quarter of one step of 255", "about 1 of 255", "about 8 of 255", "never"],
        reveal="Move eps from 0 upwards, one stop at a time, and watch the right-hand bars.",
        caption="Left: the picture. Middle: the change, fifty times too strong (every second pixel "
        "of it). Right: their sum.",
        frozen={"eps": [0, 0.5, 1, 2], "goal": goals[:2]},
        strip=[{"eps": 0}, {"eps": 0.5}, {"eps": 2}],
        alt=_alt,
    )


def target_picker(net=None, picture: Tensor | None = None) -> Panel:
    """Pick a class and watch the pig become it, step by step."""
    net = net or assets.classifier()
    picture = assets.picture("hog") if picture is None else picture
    goals = _goals(net, picture)
    first = "airliner" if "airliner" in goals else goals[0]

    def compute(state: dict) -> Iterator[tuple[float, dict]]:
        eps, goal = state["eps"] / 255, net.index(state["target"])
        before = net.top(picture)
        start = before[0][0]
        path = [(0, float(net.prob(picture, start)), float(net.prob(picture, goal)))]
        yield 0.0, _flight(net, picture, before, picture, goal, path, state["steps"])
        for done, x_adv in _climb(net, picture, eps, eps / 8, state["steps"], goal):
            step = round(done * state["steps"])
            path.append((step, float(net.prob(x_adv, start)), float(net.prob(x_adv, goal))))
            yield done, _flight(net, picture, before, x_adv, goal, path, state["steps"])

    return Panel(
        compute,
        _draw_flight,
        controls=[
            Choice("target", goals, value=first, help="what the net shall see"),
            Slider("eps", stops=[0.5, 1, 2, 4], value=2, format="{}/255", help="room to move"),
            Slider("steps", stops=[0, 2, 4, 8, 16, 32, 64], value=16, help="gradient steps"),
        ],
        title="Where would you like to fly?",
        question="Which of these will be the hardest to turn the pig into?",
        answers=goals[:4],
        reveal="Try it: pick a target, then take steps away until the flight fails.",
        caption="Left: the picture the net sees. Middle: the change, fifty times too strong (every "
        "second pixel of it). "
        "Right: how sure the net is of the start and of the target, after each step.",
        frozen={"target": [first, *[g for g in goals if g != first][:2]], "steps": [0, 4, 16]},
        strip=[{"steps": 0}, {"steps": 4}, {"steps": 16}],
        alt=lambda state, found: (
            f"{state['steps']} steps to {state['target']}, {_alt(state, found)}"
        ),
    )


def _goals(net, picture: Tensor, count: int = 9) -> list[str]:
    """Classes to aim at: the course's ten things where the net knows them, but not the answer."""
    answer = net.top(picture, 1)[0][0]
    known = [name for name in assets.THINGS if name in net.labels and name != answer]
    favourites = ["airliner", "wombat"]
    known.sort(key=lambda name: favourites.index(name) if name in favourites else len(favourites))
    return known[:count]


def _climb(
    net, x: Tensor, eps: float, size: float, steps: int, goal: int | None
) -> Iterator[tuple[float, Tensor]]:
    """The one loop, in stretches short enough to watch: (share done, picture so far)."""
    if eps == 0 or steps == 0:
        yield 1.0, x
        return
    answer = net(x).argmax(1)
    objective = (
        AwayFrom(net, answer) if goal is None else Towards(net, torch.full_like(answer, goal))
    )
    x_adv, done = x, 0
    while done < steps:
        stretch = min(2 if done < 8 else 8, steps - done)
        with untouched(net):
            x_adv = ascend(objective, x, Linf(eps), Steepest(size), stretch, start=x_adv)
        done += stretch
        yield done / steps, x_adv


def _answers(net, x: Tensor, before: list, x_adv: Tensor, goal: int | None) -> dict:
    return {
        "picture": x,
        "delta": x_adv - x,
        "before": before,
        "after": net.top(x_adv),
        "goal": None if goal is None else net.labels[goal],
    }


def _flight(net, x: Tensor, before: list, x_adv: Tensor, goal: int, path: list, steps: int) -> dict:
    found = _answers(net, x, before, x_adv, goal)
    return found | {"start": before[0][0], "path": list(path), "steps": steps}


def _draw_trio(found: dict) -> Figure:
    return plots.trio(
        found["picture"],
        found["delta"],
        found["before"],
        found["after"],
        truth=found["before"][0][0],
        goal=found["goal"],
        thin=2,
        scale=0.82,
    )


def _draw_flight(found: dict) -> Figure:
    plots.use_style()
    figure, (seen, change, curve) = plt.subplots(1, 3, figsize=(10, 3.7))
    changed = (found["picture"] + found["delta"]).clamp(0, 1)
    name, value = found["after"][0]
    plots.put(seen, changed, f"the net says: {name}\n{100 * value:.0f} %", "adversarial")
    drawn = found["delta"][..., ::2, ::2] * 50 + 0.5
    plots.put(change, drawn, "the change, × 50\n", "perturbation")
    steps, starts, goals = zip(*found["path"])
    curve.plot(steps, starts, "o-", color=plots.COLOURS["clean"], label=found["start"])
    curve.plot(steps, goals, "s--", color=plots.COLOURS["target"], label=found["goal"])
    curve.set(ylim=(-0.03, 1.03), xlabel="step", xlim=(-0.5, 1.04 * max(found["steps"], 8)))
    curve.set_title("how sure")
    curve.legend(loc="center right")
    return figure


def _alt(state: dict, found: dict) -> str:
    (before, p), (after, q) = found["before"][0], found["after"][0]
    return (
        f"eps {state['eps']}/255: before, the net says {before} ({p:.0%});"
        f" after, it says {after} ({q:.0%})"
    )
