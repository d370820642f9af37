"""The panel of lesson 4.5: place the labels, turn eps, and watch points without one push."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from sklearn.datasets import make_moons
from torch import Tensor

from tutlib import nets, training
from tutlib.balls import L2
from tutlib.panel import Choice, Pad, Panel, Slider
from tutlib.plots.virtual import HIGH, LOW, frame, leaning_on_plane
from tutlib.training.virtual import Virtual

COUNT, EPOCHS, STEPS, XI = 400, 4, 100, 0.01


def moons(seed: int = 0, count: int = COUNT) -> tuple[Tensor, Tensor]:
    """Two half moons around the origin: points (count, 2), and the moon of each, 0 or 1.

    Example:
        >>> x, y = moons(count=10)
        >>> x.shape, y.sum().item()
        (torch.Size([10, 2]), 5)
    """
    x, y = make_moons(count, noise=0.06, random_state=seed)
    return torch.tensor(x, dtype=torch.float32) - torch.tensor([0.5, 0.25]), torch.tensor(y)


def learn_the_moons(points: Tensor, x: Tensor, y: Tensor, eps: float, weight: float = 1.0, *,
                    seed: int = 0) -> Iterator[torch.nn.Module]:  # fmt: skip
    """A small net after each quarter of its training; eps 0 looks at the labelled points only."""
    loss = Virtual(points, L2(eps), weight, batch=200, xi=XI) if eps and weight else None
    torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPU as well
    net, state = nets.mlp(2, 50, 50, 2).to(points.device), None
    for epoch in range(1, EPOCHS + 1):
        state = training.fit(
            net, x.repeat(STEPS, 1), y.repeat(STEPS), loss=loss, epochs=EPOCHS, until=epoch,
            batch=len(x), lr=1e-2, checkpoint=state, seed=seed, progress=False,
        ).state  # fmt: skip
        yield net


def place_labels(seed: int = 0) -> Panel:
    """Drag a label, choose how many there are, turn eps and the weight."""
    points, truth = moons(seed)

    def labelled(count: int, at: tuple) -> tuple[Tensor, Tensor]:
        rows = torch.cat([(truth == k).nonzero()[:count, 0] for k in (0, 1)])
        x, y = points[rows].clone(), truth[rows]
        x[0] = torch.tensor(at)
        return x, y

    def compute(state: dict) -> Iterator[tuple[float, dict]]:
        x, y = labelled(int(state["labels"]), state["point"])
        before = torch.get_rng_state()  # a panel changes nothing in the notebook around it
        runs = learn_the_moons(points, x, y, float(state["eps"]), float(state["weight"]), seed=seed)
        for part in range(1, EPOCHS + 1):
            net = next(runs)
            with torch.no_grad():
                wrong = int((net(points).argmax(1) != truth).sum())
            here = torch.get_rng_state()
            torch.set_rng_state(before)
            yield part / EPOCHS, {"sure": leaning_on_plane(net, 81), "points": points, "x": x,
                                  "y": y, "wrong": wrong}  # fmt: skip
            torch.set_rng_state(here)
        torch.set_rng_state(before)

    home = tuple(round(v, 2) for v in points[(truth == 0).nonzero()[0, 0]].tolist())
    return Panel(
        compute,
        frame,
        [
            Slider("eps", stops=[0, 0.1, 0.2, 0.3, 0.4, 0.6, 1], value=0, label="eps"),
            Slider("weight", stops=[0, 0.3, 1, 3], value=1, label="weight"),
            Choice("labels", ["1", "4"], value="4", label="labels a class"),
            Pad("point", x=(LOW[0], HIGH[0]), y=(LOW[1], HIGH[1]), value=home,
                label="one label of class 0", step=(0.1, 0.1)),
        ],
        title="Points without labels push",
        question="With eps 0 the grey points play no part. As eps grows, for how long will the "
        "boundary get better?",
        answers=("the larger, the better", "until the moons are as close as that",
                 "it does not matter"),
        reveal="Half the gap between the moons is the longest step that does not lead across. "
        "Try eps 1, and one label a class. Then put the label on the wrong moon.",
        caption="Large marks: labelled points. Grey: points whose label nobody told the net. "
        "Black line: where it is undecided.",
        frozen={"eps": [0, 0.1, 0.3, 1], "labels": ["1", "4"]},
        strip=[{"eps": 0}, {"eps": 0.3}, {"eps": 1}],
        alt=lambda state, found: (
            f"eps {state['eps']}, weight {state['weight']}, {state['labels']} labels a class: "
            f"{found['wrong']} of {len(found['points'])} points are on the wrong side"
        ),
    )  # fmt: skip
