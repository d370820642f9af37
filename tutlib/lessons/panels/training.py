"""The panel of chapter 4: a boundary in the plane that moves while the net is trained."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import torch

from tutlib import nets, training
from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.training import boundary_frame, leaning
from tutlib.training import points

COUNT, GAP, EPS = 20, 0.14, 0.06  # so close that one step from the middle is not enough
EPOCHS, STRIDE = 400, 20
BALL = Linf(EPS)
INNERS = {
    "nobody": None,
    "FGSM": functools.partial(pgd, ball=BALL, steps=1, step_size=EPS, random_start=False, box=None),
    "PGD": training.pgd_inner(BALL, steps=7, box=None),
}


def at_work(inner: str, net, x, y) -> dict:
    """Where the adversary would put the points now, and which of them the net gets wrong."""
    if INNERS[inner] is None:
        return {"moved": None, "fooled": None}
    moved = INNERS[inner](net, x, y)  # chance of its own: the same in every frame
    with torch.no_grad():
        return {"moved": moved, "fooled": net(moved).argmax(1) != y}


def training_panel(seed: int = 0) -> Panel:
    """Who moves the points before the weights move, and after how many epochs do we look?"""
    x, y = points.points_apart(COUNT, GAP, seed)
    known: dict[str, dict[int, dict]] = {name: {} for name in INNERS}

    def train(inner: str, until: int) -> tuple[torch.nn.Module, int]:
        """The net after `until` epochs, from the nearest earlier state there is."""
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPU as well
        net = nets.mlp(2, 100, 100, 100, 2)
        earlier = max((epoch for epoch in known[inner] if epoch <= until), default=None)
        if until and earlier != until:
            until = min(until, (earlier or 0) + STRIDE)
            run = training.fit(
                net, x, y, inner=INNERS[inner], epochs=EPOCHS, until=until, batch=COUNT, lr=4e-3,
                seed=seed, checkpoint=known[inner].get(earlier), progress=False,
            )  # fmt: skip
            known[inner][until] = run.state
        elif until:
            net.load_state_dict(known[inner][until]["model"])
        return net.eval(), until

    def compute(state: dict) -> Iterator[tuple[float, dict]]:
        inner, wanted, epoch = state["inner"], state["epoch"], -1
        random_state = torch.get_rng_state()  # a panel changes nothing in the notebook around it
        while epoch < wanted:
            net, epoch = train(inner, wanted)
            torch.set_rng_state(random_state)
            yield (epoch + 1) / (wanted + 1), {
                "inner": f"moved by {inner}", "epoch": epoch, "x": x, "y": y, "eps": EPS,
                "sure": leaning(net), "clean": training.accuracy(net, x, y),
                "fgsm": training.accuracy(net, x, y, INNERS["FGSM"]),
                "robust": points.right_in_squares(net, x, y, EPS), **at_work(inner, net, x, y),
            }  # fmt: skip

    return Panel(
        compute,
        boundary_frame,
        [
            Choice("inner", list(INNERS), value="PGD", label="the points are moved by"),
            Slider("epoch", stops=list(range(0, EPOCHS + 1, STRIDE)), value=0, play=True),
        ],
        title="A boundary that learns to keep its distance",
        question="Two nets learn from the same points. FGSM moves them for one, PGD for the other. "
        "Which net gets more squares right in the end, as far as 441 places in each can tell?",
        answers=("the one trained with FGSM", "the one trained with PGD", "about the same"),
        reveal="Choose who moves the points and press Play to watch it train; then go back "
        "through the epochs with the arrow keys.",
        caption="Circles and squares are the two classes; the frame around each point is how far "
        "it may be moved. A line leads to where this adversary would move the point now. The bars "
        "count points, points moved by FGSM, and squares with no wrong place among 441 tried.",
        frozen={"inner": list(INNERS), "epoch": [0, 60, 120, 240, 400]},
        strip=[{"inner": name, "epoch": EPOCHS} for name in INNERS],
        alt=lambda state, result: (
            f"Points {result['inner']}, epoch {result['epoch']}: {result['clean']:.0%} of the "
            f"points and {result['fgsm']:.0%} of those moved by FGSM are right, "
            f"{result['robust']:.0%} of the squares are not refuted"
        ),
        cache=3 * (EPOCHS // STRIDE + 1),
    )
