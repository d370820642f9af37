"""The panel of lesson 5.4: push two heaps apart, and ask two numbers which way is home."""

from __future__ import annotations

import numpy as np

from tutlib.panel import Panel, Slider
from tutlib.plots.year import two_heaps

REACH, FINE = 4.0, 2001  # the line goes from -2 REACH to 2 REACH


def between_heaps(theta: float, spread: float) -> tuple[float, float]:
    """Jensen-Shannon divergence and Wasserstein distance of two normal heaps, theta apart.

    The first is summed up on a fine grid, the second is |theta|: every grain goes the same way.

    Args:
        theta: the gap; spread: the standard deviation of both.

    Example:
        >>> js, way = between_heaps(3.0, 0.1)
        >>> round(js, 4), way  # log 2 and 3
        (0.6931, 3.0)
    """
    x, p = _density(0.0, spread)
    _, q = _density(theta, spread)
    middle = (p + q) / 2
    logs = [np.where(d > 0, d * np.log(np.maximum(d, 1e-300) / np.maximum(middle, 1e-300)), 0)
            for d in (p, q)]  # fmt: skip
    return float((logs[0] + logs[1]).sum() / 2 * (x[1] - x[0])), abs(float(theta))


def _density(at: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
    x = np.linspace(-2 * REACH, 2 * REACH, FINE)
    return x, np.exp(-(((x - at) / spread) ** 2) / 2) / (spread * np.sqrt(2 * np.pi))


def push_apart() -> Panel:
    """Sliders for the gap and for how wide the heaps are; both numbers, both slopes."""
    gaps = np.linspace(-3, 3, 121)

    def compute(state: dict) -> dict:
        theta, spread = float(state["gap"]), float(state["spread"])
        curves = np.array([between_heaps(gap, spread) for gap in gaps])
        step = 0.01
        js = [between_heaps(theta + s, spread)[0] for s in (-step, step)]
        pushes = (js[1] - js[0]) / (2 * step), float(np.sign(theta))
        x, real = _density(0.0, spread)
        near = np.abs(x) <= REACH
        return {"x": x[near], "real": real[near], "generated": _density(theta, spread)[1][near],
                "theta": gaps, "js": curves[:, 0], "way": curves[:, 1], "here": theta,
                "pushes": pushes}  # fmt: skip

    return Panel(
        compute,
        two_heaps,
        [
            Slider("gap", stops=[round(0.5 * k, 1) for k in range(-6, 7)], value=1.0, label="gap θ",
                   play=True),
            Slider("spread", stops=[0.1, 0.3, 1.0], value=0.1, label="width of the heaps"),
        ],
        title="Which way is home?",
        question="The heaps stand one unit apart. Make them wider, from 0.1 to 0.3 to 1: does the "
        "slope of Jensen-Shannon rise all the way?",
        answers=("yes: the more they touch", "no: it rises, then falls", "no: it stays at 0"),
        reveal="Try the three widths at gap 1, then move the gap. Where is the grey curve flat?",
        caption="Above: the two heaps. Below left: both numbers against the gap. Below right: "
        "their slopes, which are all that a generator learns from.",
        frozen={"gap": [-2.0, 0.0, 1.0, 2.0, 3.0], "spread": [0.1, 0.3, 1.0]},
        strip=[{"spread": spread} for spread in (0.1, 0.3, 1.0)],
        alt=lambda state, found: (
            f"gap {state['gap']}, width {state['spread']}: "
            f"slope of Jensen-Shannon {abs(found['pushes'][0]):.3f}, "
            f"of Wasserstein {abs(found['pushes'][1]):.0f}"
        ),
    )  # fmt: skip
