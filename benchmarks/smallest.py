"""DeepFool beside its peers: how far pictures must go, how many are fooled, and at what price.

python -m benchmarks.smallest          the table alone (a minute on one core)
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.subjects import Subject, subjects
from tutlib.attacks import deepfool
from tutlib.balls import L2, Linf

PICTURES, STEPS = 60, 50
LONGER = 1.05  # our median way, in units of the shortest of our peers'
BALLS = {"L2": L2, "Linf": Linf}


def everywhere(norm: str, x: Tensor):
    """The ball that reaches from black to white."""
    return BALLS[norm](float(BALLS[norm](1.0).norm(torch.ones_like(x[:1]))))


def tutlib(norm: str, model, x: Tensor, y: Tensor) -> Tensor:
    return deepfool(model, x, y, everywhere(norm, x), steps=STEPS)


def foolbox(norm: str, model, x: Tensor, y: Tensor) -> Tensor:
    from foolbox import PyTorchModel, attacks

    kind = {"L2": attacks.L2DeepFoolAttack, "Linf": attacks.LinfDeepFoolAttack}[norm]
    wrapped = PyTorchModel(model, bounds=(0, 1), device=x.device)
    return kind(steps=STEPS)(wrapped, x, y, epsilons=None)[0]


def torchattacks(norm: str, model, x: Tensor, y: Tensor) -> Tensor:
    from torchattacks import DeepFool

    return DeepFool(model, steps=STEPS)(x, y)


PEERS: dict[str, dict[str, Callable]] = {
    "L2": {"tutlib": tutlib, "foolbox": foolbox, "torchattacks": torchattacks},
    "Linf": {"tutlib": tutlib, "foolbox": foolbox},  # torchattacks knows L2 only
}


def table(subject: Subject) -> tuple[str, list[str]]:
    """Median way, share fooled and CPU time of each library; and which goals tutlib missed."""
    model, rows, missed = subject.model, [], []
    x = subject.x[:PICTURES]
    y = model(x).argmax(1)
    for norm, attacks in PEERS.items():
        measure, found = everywhere(norm, x), {}
        for name, attack in attacks.items():
            begun = time.process_time()
            x_adv = attack(norm, model, x, y).detach()
            seconds = time.process_time() - begun
            way = measure.norm(x_adv - x)
            fell = model(x_adv).argmax(1) != y
            way = torch.where(fell, way, torch.inf).median().item()  # who stands went for ever
            found[name] = way
            rows.append(f"| {norm} | {name} | {way:.4g} | {100 * fell.float().mean():.1f} % "
                        f"| {seconds:.1f} |")  # fmt: skip
        shortest = min(way for name, way in found.items() if name != "tutlib")
        if found["tutlib"] > LONGER * shortest:
            missed.append(f"{subject.name}: DeepFool in {norm} goes {found['tutlib']:.3g}, "
                          f"a peer {shortest:.3g}")  # fmt: skip
    text = (
        f"## DeepFool, {subject.name}, {len(x)} pictures, at most {STEPS} steps\n\n"
        "*Median way*: to the nearest picture that is called otherwise (who was not fooled counts "
        "as infinitely far).\n\n"
        "| norm | | median way | fooled | CPU s |\n|---|---|---|---|---|\n" + "\n".join(rows)
    )
    return text, missed


def main() -> None:
    torch.set_num_threads(1)
    for subject in subjects():
        if "CNN" in subject.name:
            text, missed = table(subject)
            print("\n".join([text, *missed]), flush=True)


if __name__ == "__main__":
    main()
