"""The panel of the robust twin: the same attack on two nets that learned from the same pictures."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from tutlib import assets, plots
from tutlib.assets import photos
from tutlib.attacks import AwayFrom, input_gradient
from tutlib.balls import Linf
from tutlib.descent import Steepest, ascend
from tutlib.panel import Choice, Panel, Slider, Upload
from tutlib.plots.pictures import answers, put

TWINS = ("plain", "robust")
LEVELS = [0, 1, 2, 4, 8, 16]  # eps, in steps of 255
PICTURES = ["hog", "giant panda", "school bus", "tabby"]


def twin_attack() -> Panel:
    """One attack, two nets: the plain one, and the one that met an adversary in training."""
    nets = {twin: assets.classifier(twin=twin) for twin in TWINS}

    def compute(state: dict) -> Iterator[tuple[float, dict]]:
        x, photo, eps, found = (
            assets.picture(state["picture"]),
            state["photo"],
            state["eps"] / 255,
            {},
        )
        if photo is not None:
            x = photos.read(photo, x.shape[-1]).to(x)
        for done, (name, net) in enumerate(nets.items(), 1):
            x_adv = _attacked(net, x, eps, state["steps"])
            slope = input_gradient(net, x, net(x).argmax(1))
            found[name] = {"x_adv": x_adv, "slope": slope, "first": net.top(x, 1)[0][0],
                           "says": net.top(x_adv, 3)}  # fmt: skip
            yield done / len(nets), found

    return Panel(
        compute,
        _draw,
        controls=[
            Choice("picture", PICTURES, help="what both nets look at"),
            Slider("eps", stops=LEVELS, value=0, format="{}/255", help="how far a pixel may move"),
            Slider("steps", stops=[1, 2, 5, 10, 20], value=10, help="gradient steps"),
            Upload(
                "photo",
                label="your photo",
                help="JPEG, PNG, WebP ...: it stays on this machine",
                back="Back to the drawn pictures",
            ),
        ],
        title="The same attack on two twins",
        question="Two nets of the same build learned from the same pictures. An adversary moved "
        "every pixel of one net's pictures by up to 8/255 while it learned. How far must the "
        "pixels of the pig move before that one takes back its answer?",
        answers=["1/255", "4/255", "8/255", "more than 8/255"],
        reveal="Move eps from 0 upwards, one stop at a time: which net falls first, and what would "
        "each of them like to see changed?",
        caption="Its gradient: which pixels the net would like to see changed, to doubt its answer "
        "(grey: none; each on its own scale). Blue: what the net said first. Orange: what it says "
        "instead.",
        frozen={"eps": LEVELS},
        strip=[{"eps": 0}, {"eps": 4}, {"eps": 8}],
        alt=_alt,
    )


def _attacked(net, x: Tensor, eps: float, steps: int) -> Tensor:
    """PGD by signs, from the picture itself, in steps of a quarter of the room."""
    if eps == 0:
        return x
    with torch.no_grad():
        y = net(x).argmax(1)
    return ascend(AwayFrom(net, y), x, Linf(eps), Steepest(eps / 4), steps)


def _draw(found: dict) -> Figure:
    plots.use_style()
    figure, axes = plt.subplots(2, 4, figsize=(10.5, 4.1), height_ratios=[2.6, 1])
    for column, (name, one) in enumerate(found.items()):
        seen, slope, below, empty = (*axes[0, 2 * column : 2 * column + 2],
                                     *axes[1, 2 * column : 2 * column + 2])  # fmt: skip
        fallen = one["says"][0][0] != one["first"]
        put(seen, one["x_adv"], f"the {name} net\n", "adversarial" if fallen else "neutral")
        drawn = 0.5 + one["slope"] / (6 * one["slope"].std())
        put(slope, drawn[..., ::2, ::2], "its gradient\n", "neutral")
        names, values = zip(*one["says"])
        marks = {one["first"]: "clean"} | ({names[0]: "adversarial"} if fallen else {})
        answers(below, names, values, highlight=marks)
        empty.axis("off")
    return figure


def _alt(state: dict, found: dict) -> str:
    said = (f"the {name} net says {one['says'][0][0]} ({one['says'][0][1]:.0%})"
            for name, one in found.items())  # fmt: skip
    return f"{state['picture']}, eps {state['eps']}/255: {', '.join(said)}"
