"""Measure everything and write it to benchmarks/README.md.

make bench                             all of it (about ten minutes on one core)
make bench OPTIONS="--rounds 3"        quicker and rougher
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch

from benchmarks import measure, peers, smallest, strongest, style
from benchmarks.subjects import Subject, subjects
from tutlib import risk
from tutlib.balls import Linf

STEPS = 20
POINT = 1.0  # per cent of the pictures
STYLE = (("bundled", 128), ("vgg19", 64))
README = Path(__file__).with_name("README.md")


def main() -> int:
    os.environ["TUTLIB_ASSETS"] = "bundled"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9, help="rounds of the timing (default: 9)")
    parser.add_argument("--out", type=Path, default=README, help="where the tables go")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    parts, missed = [heading(chosen.rounds)], []
    nets = subjects()
    for subject in nets:
        print(f"measuring {subject.name} ...", flush=True)
        text, faults = attack_table(subject, chosen.rounds)
        print(text, flush=True)
        parts.append(text)
        missed += faults
        if "CNN" in subject.name:
            text, faults = fast_table(subject, max(3, chosen.rounds // 2))
            print(text, flush=True)
            parts.append(text)
            missed += faults
            text, faults = smallest.table(subject)
            print(text, flush=True)
            parts.append(text)
            missed += faults
    print("measuring the strongest attack ...", flush=True)
    text, faults = strongest.tables(nets)
    print(text, flush=True)
    parts.append(text)
    missed += faults
    for name, size in STYLE:
        text, faults = style_table(name, size)
        print(text, flush=True)
        parts.append(text)
        missed += faults
    text, faults = waiting_table()
    parts += [text, verdict(missed + faults)]
    chosen.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"{text}\n\n{parts[-1]}\n\nwritten to {chosen.out}")
    return 0


def heading(rounds: int) -> str:
    names = {"torch": "torch"} | {name: package for name, (_, package) in peers.PEERS.items()}
    versions = ", ".join(f"{name} {version(package)}" for name, package in names.items())
    return f"""# tutlib beside its peers

Written by `make bench` on {datetime.date.today()}; do not edit by hand.
Machine: {_processor()}, one thread, Python {platform.python_version()}; {versions}.

PGD in L-inf, {STEPS} steps of 2.5 eps / {STEPS} from a random start, cross-entropy: the same attack
from every library, on the same net and pictures. *Ratio*: CPU time divided by the *floor*, which is
{STEPS} times the forward pass and the gradient with respect to the pictures, and nothing else
(eager float32). Contenders take turns, what is quick several times in each; the median of {rounds}
rounds (fewer where all pictures are evaluated, and for style transfer) and, after ±, half the
interquartile range. The process keeps the memory it frees, so that nobody pays for page faults that
others left behind. *Left right*: the share of pictures still classified correctly afterwards (lower
is a stronger attack)."""


def attack_table(subject: Subject, rounds: int) -> tuple[str, list[str]]:
    """Time and strength of every library on one net; and which goals tutlib missed."""
    model, x, y, eps = subject.model, subject.x, subject.y, subject.eps
    settings = (eps, STEPS, 2.5 * eps / STEPS)
    attacks = {"tutlib": peers.tutlib} | {name: f for name, (f, _) in peers.PEERS.items()}
    part = x[: subject.batch], y[: subject.batch]
    timed = {
        name: (lambda attack=attack: attack(model, *part, *settings))
        for name, attack in ({"floor": peers.floor} | attacks).items()
    }
    table = measure.ratios(measure.interleaved(timed, rounds))
    left = {"floor": measure.accuracy(model, x, y)}
    for name, attack in attacks.items():
        torch.manual_seed(0)
        pushed = torch.cat(
            [attack(model, a, b, *settings) for a, b in zip(x.split(100), y.split(100))]
        )
        left[name] = measure.accuracy(model, pushed, y)
    rows = [
        f"| {name} | {table[name][0]:.2f} ± {table[name][1]:.2f} | {left[name]:.1f} % |"
        for name in timed
    ]
    text = (
        f"## {subject.name}, eps {eps:g}, batch {subject.batch}\n\n"
        f"| | ratio | left right, of {len(x)} |\n|---|---|---|\n" + "\n".join(rows)
    ) + (f"\n\n{subject.note}" if subject.note else "")
    return text, list(_missed(subject, table, left))


def _missed(subject: Subject, table: dict, left: dict):
    ratio, noise = table["tutlib"]
    if ratio - noise > subject.goal:
        yield f"{subject.name}: {ratio:.2f} x the floor, the goal is {subject.goal:g}"
    for name in peers.PEERS:
        if ratio - noise > max(subject.goal, table[name][0] + table[name][1]):
            yield f"{subject.name}: slower than {name} ({ratio:.2f}, {table[name][0]:.2f})"
        if left["tutlib"] > left[name] + POINT:
            yield f"{subject.name}: weaker than {name} ({left['tutlib']:.1f}, {left[name]:.1f} %)"
    for name in ("torchattacks", "foolbox"):
        if abs(left["tutlib"] - left[name]) > POINT:
            yield f"{subject.name}: {name} differs by more than a point"


def fast_table(subject: Subject, rounds: int) -> tuple[str, list[str]]:
    """The fast way to evaluate, against the floor on the same pictures."""
    model, x, y, ball = subject.model, subject.x, subject.y, Linf(subject.eps)
    parts = list(zip(x.split(subject.batch), y.split(subject.batch)))
    found = {}

    def evaluated(fast: bool) -> None:
        estimate = risk.evaluate(model, x, y, ball, steps=STEPS, fast=fast)
        found["fast" if fast else "plain"] = 100 * (1 - estimate.value)

    timed = {
        "floor": lambda: [peers.floor(model, a, b, subject.eps, STEPS, 0.0) for a, b in parts],
        "plain": lambda: evaluated(False),
        "fast": lambda: evaluated(True),
    }
    table = measure.ratios(measure.interleaved(timed, rounds))
    rows = [
        f"| `evaluate(..., fast={name == 'fast'})` | {table[name][0]:.2f} ± {table[name][1]:.2f} "
        f"| {found[name]:.1f} % |"
        for name in ("plain", "fast")
    ]
    text = f"Evaluating all {len(x)}:\n\n| | ratio | left right |\n|---|---|---|\n" + "\n".join(
        rows
    )
    missed = []
    if table["fast"][0] - table["fast"][1] > 0.4:
        missed.append(f"{subject.name}: fast at {table['fast'][0]:.2f}, the goal is 0.40")
    if abs(found["fast"] - found["plain"]) > POINT:
        missed.append(f"{subject.name}: fast and plain differ by more than a point")
    return text, missed


def style_table(name: str, size: int) -> tuple[str, list[str]]:
    """One gradient of style transfer, as four people would write it (see `style`)."""
    print(f"measuring style transfer with {name}, {size} px ...", flush=True)
    runs = style.contestants(name, size, "cpu")
    spent = style.measure(runs, style.STEPS, 3, "cpu")
    text = (
        f"## Style transfer, {name}, {size} px, {style.STEPS} gradients\n\n"
        "*Floor*: the losses and their gradient. *tutlib* includes the targets, computed once; "
        "*torch*:\ntorch.optim.LBFGS on the same objective; *tutorial*: loss modules inside the "
        "net, Gram matrices.\n\n" + style.table(spent)
    )
    return text, list(style.missed(name, spent))


def waiting_table() -> tuple[str, list[str]]:
    """What a reader waits for."""
    print("measuring how long a reader waits ...", flush=True)
    cold, (compute, draw) = measure.first_picture(), measure.panel_response()
    text = f"""## Waiting

| | seconds | goal |
|---|---|---|
| from a cold kernel to the first picture of 1.1 (wall clock) | {cold:.1f} | 10 |
| the Pig explorer, eps moved, 5 steps: compute (CPU) | {compute:.2f} | 0.15 |
| ... and draw (CPU) | {draw:.2f} | |"""
    missed = [f"first picture after {cold:.1f} s, the goal is 10"] if cold > 10 else []
    if compute > 0.15:
        missed.append(f"the Pig explorer computes for {compute:.2f} s, the goal is 0.15")
    return text, missed


def verdict(missed: list[str]) -> str:
    if not missed:
        return "## Verdict\n\nEvery goal was reached in this run."
    return "## Verdict\n\nMissed in this run:\n\n" + "\n".join(f"- {line}" for line in missed)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}"


if __name__ == "__main__":
    raise SystemExit(main())
