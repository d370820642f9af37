"""Style transfer against its floor, and against the usual way of writing it, in one run.

    make bench                                    with everything else, into README.md
    python -m benchmarks.style --extractor vgg19 --size 96  other sizes, devices, numbers of threads

Four things are measured in turn, over and over, so that a noisy machine treats them alike; the
table shows medians of CPU seconds for one gradient, and each round's ratio to the floor.

    floor      the losses and their gradient, with nothing around them
    tutlib     `style.transfer`: the same through the one loop and its L-BFGS
    torch      the same objective through torch.optim.LBFGS, `loss.backward()`
    tutorial   how the PyTorch tutorial writes it: an nn.Sequential with loss modules inserted
               that keep their loss as they are passed, Gram matrices, an L-BFGS closure,
               the weights left trainable (only `--extractor vgg19`: it is written for VGG-19)

VGG-19 has random weights here: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import os
import statistics as stats
import time

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import vgg

from tutlib import style
from tutlib.descent import LBFGS
from tutlib.style import extractors, paintings

LAM = 10.0
GOAL = 1.05
STEPS = 60  # what `style.transfer` does if not told otherwise


class Tutorial:
    """Loss modules between the layers of VGG-19, as in "Neural transfer using PyTorch".

    Written anew from its description, with the same layers compared as tutlib's side compares.
    """

    class Compare(nn.Module):
        def __init__(self, target: Tensor, describe):
            super().__init__()
            self.describe, self.target = describe, describe(target).detach()

        def forward(self, x: Tensor) -> Tensor:
            self.loss = F.mse_loss(self.describe(x), self.target)
            return x

    def __init__(self, layers: nn.Sequential, content: Tensor, painting: Tensor, extractor):
        self.model, self.contents, self.styles = nn.Sequential(extractor.parts[0].first), [], []
        names = iter(extractor.layers)
        for layer in layers:
            if isinstance(layer, nn.ReLU):
                self.model.append(nn.ReLU(inplace=False))
                name = next(names)
                if name in extractor.content_layers:
                    self._insert(self.contents, content, lambda f: f)
                if name in extractor.style_layers:
                    self._insert(self.styles, painting, self._gram)
            else:
                self.model.append(nn.AvgPool2d(2) if isinstance(layer, nn.MaxPool2d) else layer)
            found = len(self.contents) + len(self.styles)
            if found == len(extractor.content_layers) + len(extractor.style_layers):
                break

    def _insert(self, kept: list, picture: Tensor, describe) -> None:
        kept.append(self.Compare(self.model(picture).detach(), describe))
        self.model.append(kept[-1])

    @staticmethod
    def _gram(f: Tensor) -> Tensor:
        n, c, h, w = f.shape
        flat = f.view(n * c, h * w)
        return flat @ flat.t() / (n * c * h * w)

    def __call__(self, x: Tensor) -> Tensor:
        self.model(x)
        content = sum(one.loss for one in self.contents)
        return content + 1e6 * sum(one.loss for one in self.styles)


def torch_lbfgs(objective, content: Tensor, steps: int) -> Tensor:
    """`objective` through torch's own optimiser, in the usual closure."""
    x = content.clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS(
        [x], max_iter=steps, max_eval=steps, history_size=20, tolerance_grad=0, tolerance_change=0
    )

    def closure():
        with torch.no_grad():
            x.clamp_(0, 1)
        optimizer.zero_grad()
        loss = objective(x)
        loss.backward()
        return loss

    optimizer.step(closure)
    return x.detach().clamp(0, 1)


def floor(objective, content: Tensor, steps: int) -> None:
    """`steps` times the objective and its gradient with respect to the picture."""
    x = content.clone().requires_grad_(True)
    for _ in range(steps):
        torch.autograd.grad(objective(x), x)


def contestants(name: str, size: int, device: str) -> dict:
    """{who: function of the number of steps}, for one extractor."""
    torch.manual_seed(0)
    content = paintings.photo("china", size).to(device)
    painting = paintings.paint("starry night", size).to(device)
    layers = vgg.make_layers(vgg.cfgs["E"]).to(device).eval()
    if name == "vgg19":
        # The tutorial keeps its own copy of the weights, and leaves them trainable.
        copy = vgg.make_layers(vgg.cfgs["E"]).to(device).eval()
        copy.load_state_dict(layers.state_dict())
        extractor = extractors.vgg19(layers).to(device)
        tutorial = Tutorial(copy, content, painting, extractor)
    else:
        net = extractors.crop_net().eval()
        extractor, tutorial = extractors.bundled(net).to(device), None
    objective = style.weighed(style.losses(extractor, content, painting), LAM)
    seen = sorted({*extractor.content_layers, *extractor.style_layers})

    def features(x: Tensor) -> Tensor:
        return sum(f.sum() for f in extractor(x, seen).values())

    # As a learner calls it; what is computed once (the targets) is part of the price.
    found = {
        "features only": lambda steps: floor(features, content, steps),
        "floor": lambda steps: floor(objective, content, steps),
        "tutlib": lambda steps: style.transfer(
            extractor, content, painting, lam=LAM, steps=steps, step=LBFGS()
        ),
        "torch": lambda steps: torch_lbfgs(objective, content, steps),
    }
    if tutorial is not None:
        found["tutorial"] = lambda steps: torch_lbfgs(tutorial, content, steps)
    return found


def measure(runs: dict, steps: int, rounds: int, device: str) -> dict[str, list[float]]:
    """Seconds for one gradient, per contestant and round; the order turns with each round."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    spent: dict[str, list[float]] = {who: [] for who in runs}
    for run in runs.values():
        run(2)  # warm-up
    for turn in range(rounds):
        names = list(runs)
        for who in names[turn % len(names) :] + names[: turn % len(names)]:
            begin = clock()
            runs[who](steps)
            if device != "cpu":
                torch.cuda.synchronize()
            spent[who].append((clock() - begin) / steps)
    return spent


def table(spent: dict[str, list[float]]) -> str:
    """A Markdown table: medians, and medians of the ratios within each round."""
    lines = ["| | ms for one gradient | ratio to the floor |", "|---|---|---|"]
    for who, seconds in spent.items():
        milliseconds = 1e3 * stats.median(seconds)
        lines.append(f"| {who} | {milliseconds:.1f} | {ratio(spent, who):.3f} |")
    return "\n".join(lines)


def ratio(spent: dict[str, list[float]], who: str) -> float:
    """The median of the ratios to the floor within each round."""
    return stats.median(a / b for a, b in zip(spent[who], spent["floor"]))


def missed(name: str, spent: dict[str, list[float]]):
    """The goals that were not reached: 1.05 times the floor, and faster than the tutorial."""
    mine = ratio(spent, "tutlib")
    if mine > GOAL:
        yield f"style transfer, {name}: {mine:.3f} x the floor, the goal is {GOAL}"
    if "tutorial" in spent and mine >= ratio(spent, "tutorial"):
        yield f"style transfer, {name}: not faster than the tutorial's way of writing it"


def main() -> None:
    os.environ["TUTLIB_ASSETS"] = "bundled"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--extractor", choices=["bundled", "vgg19", "both"], default="both")
    parser.add_argument("--size", type=int, default=128, help="pixels a side")
    parser.add_argument("--steps", type=int, default=STEPS, help="gradients in one run")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in ("bundled", "vgg19") if options.extractor == "both" else (options.extractor,):
        runs = contestants(name, options.size, options.device)
        spent = measure(runs, options.steps, options.rounds, options.device)
        where = f"torch {torch.__version__}, {options.threads} thread(s), {options.device}"
        how = f"{options.size} px, {options.steps} steps, {options.rounds} rounds"
        print(f"\n### {name}, {how}, {where}\n")
        print(table(spent), flush=True)


if __name__ == "__main__":
    main()
