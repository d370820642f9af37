"""The ensemble beside AutoAttack, and the smallest change beside foolbox: how strong, how dear.

python -m benchmarks.strongest         the tables alone (ten minutes on one core)
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.measure import interleaved, ratios
from benchmarks.subjects import Subject, subjects
from tutlib import attacks, risk
from tutlib.balls import L2, Linf

PICTURES, FEW, ROUNDS = 40, 20, 2
STEPS = 50  # of Auto-PGD, where one climb is compared with one climb
QUESTIONS = 500  # of Square
POINTS, SHARE = 0.3, 1 / 3  # per cent of the pictures; of AutoAttack's CPU time


def autoattack(model, x: Tensor, y: Tensor, eps: float) -> Tensor:
    """The standard version, with the 100 steps of its paper (torchattacks' default is 10)."""
    from torchattacks import AutoAttack

    attack = AutoAttack(model, norm="Linf", eps=eps, version="standard", seed=0)
    for part in attack._autoattack.attacks:
        if hasattr(part, "steps"):
            part.steps = 100
    return attack(x, y)


def climbs(kind: str) -> dict[str, Callable]:
    """One Auto-PGD climb of each library on one score, or Square with as many questions."""
    from torchattacks import APGD, Square

    if kind == "Square":
        return {
            "tutlib": lambda m, x, y, eps: attacks.square(m, x, y, Linf(eps), queries=QUESTIONS),
            "torchattacks": lambda m, x, y, eps: Square(m, eps=eps, n_queries=QUESTIONS)(x, y),
        }

    scores = {"ce": "cross-entropy", "dlr": "ratio"}
    return {
        "tutlib": lambda m, x, y, eps: attacks.apgd(m, x, y, Linf(eps), steps=STEPS,
                                                    score=scores[kind]),
        "torchattacks": lambda m, x, y, eps: APGD(m, eps=eps, steps=STEPS, loss=kind)(x, y),
    }  # fmt: skip


def smallest() -> dict[str, dict[str, Callable]]:
    """The minimal-norm attacks in L2, each beside its peer, at an equal number of gradients."""
    from foolbox import PyTorchModel
    from foolbox import attacks as theirs
    from torchattacks import CW

    def foolbox(attack, m, x: Tensor, y: Tensor) -> Tensor:
        return attack(PyTorchModel(m, bounds=(0, 1), device=x.device), x, y, epsilons=None)[0]

    far, price = L2(28.0), {"lr": 0.02, "steps": 60, "prices": 5}
    cw = theirs.L2CarliniWagnerAttack(
        binary_search_steps=5, steps=60, stepsize=0.02, initial_const=1.0
    )
    return {
        "DDN, 100 gradients": {
            "tutlib": lambda m, x, y: attacks.ddn(m, x, y, far, steps=100),
            "foolbox": lambda m, x, y: foolbox(theirs.DDNAttack(steps=100), m, x, y),
            "foolbox's FMN": lambda m, x, y: foolbox(theirs.L2FMNAttack(steps=100), m, x, y),
        },
        "Carlini and Wagner, 5 x 60 gradients": {
            "tutlib": lambda m, x, y: attacks.carlini_wagner(m, x, y, far, **price),
            "foolbox": lambda m, x, y: foolbox(cw, m, x, y),
            "torchattacks, one price": lambda m, x, y: CW(m, c=1, steps=300, lr=0.02)(x, y),
        },
    }


@torch.no_grad()
def left(model, x_adv: Tensor, y: Tensor) -> float:
    """Still called right, per cent."""
    return 100 * (model(x_adv).argmax(1) == y).float().mean().item()


def ensemble_table(subject: Subject) -> tuple[list[str], list[str]]:
    """Rows for one net, and which goals tutlib missed."""
    model, (x, y), eps = subject.model, (subject.x[:PICTURES], subject.y[:PICTURES]), subject.eps
    found, rows, missed = {}, [], []

    def ours() -> None:
        found["tutlib, `risk.strongest`"] = left(
            model, risk.strongest(model, x, y, Linf(eps)).pictures, y
        )

    def theirs() -> None:
        found["AutoAttack, standard"] = left(model, autoattack(model, x, y, eps), y)

    contenders = {"tutlib, `risk.strongest`": ours, "AutoAttack, standard": theirs}
    spent = {name: [] for name in contenders}
    for turn in range(ROUNDS):
        for name in sorted(contenders, reverse=bool(turn % 2)):
            begun = time.process_time()
            contenders[name]()
            spent[name].append(time.process_time() - begun)
    shares = ratios(spent, base="AutoAttack, standard")
    for name in contenders:
        rows.append(f"| {subject.name}, eps {eps:g} | {name} | {found[name]:.1f} % | "
                    f"{min(spent[name]):.1f} | {shares[name][0]:.2f} |")  # fmt: skip
    if found["tutlib, `risk.strongest`"] > found["AutoAttack, standard"] + POINTS:
        missed.append(f"{subject.name}: the ensemble leaves more than AutoAttack")
    if shares["tutlib, `risk.strongest`"][0] > SHARE:
        missed.append(f"{subject.name}: the ensemble takes more than a third of AutoAttack's time")
    return rows, missed


def climb_table(subject: Subject) -> list[str]:
    model, (x, y), eps = subject.model, (subject.x[:PICTURES], subject.y[:PICTURES]), subject.eps
    rows = []
    budgets = {"ce": f"APGD, ce, {STEPS} steps", "dlr": f"APGD, dlr, {STEPS} steps",
               "Square": f"Square, {QUESTIONS} questions"}  # fmt: skip
    for kind, budget in budgets.items():
        pair = climbs(kind)
        timed = {name: (lambda f=f: f(model, x, y, eps)) for name, f in pair.items()}
        share = ratios(interleaved(timed, ROUNDS), base="torchattacks")
        for name, attack in pair.items():
            rows.append(f"| {subject.name}, eps {eps:g} | {budget}, {name} | "
                        f"{left(model, attack(model, x, y, eps), y):.1f} % | "
                        f"{share[name][0]:.2f} |")  # fmt: skip
    return rows


def smallest_table(subject: Subject) -> list[str]:
    model, x = subject.model, subject.x[:FEW]
    y, rows = model(x).argmax(1), []
    for what, pair in smallest().items():
        for name, attack in pair.items():
            begun = time.process_time()
            x_adv = attack(model, x, y).detach()
            seconds = time.process_time() - begun
            way, fell = (x_adv - x).flatten(1).norm(dim=1), model(x_adv).argmax(1) != y
            way = torch.where(fell, way, torch.inf).median().item()
            rows.append(f"| {subject.name} | {what}, {name} | {way:.4g} | "
                        f"{100 * fell.float().mean():.0f} % | {seconds:.1f} |")  # fmt: skip
    return rows


def tables(nets: list[Subject]) -> tuple[str, list[str]]:
    """Everything of this file as text; and which goals tutlib missed."""
    nets = [subject for subject in nets if "CNN" in subject.name]
    ensembles, missed = zip(*(ensemble_table(subject) for subject in nets))
    one = [row for subject in nets for row in climb_table(subject)]
    near = [row for subject in nets for row in smallest_table(subject)]
    lines = [
        f"## The strongest attack, {PICTURES} pictures", "",
        "AutoAttack is torchattacks' standard version with the 100 steps of its paper. They take",
        f"turns, {ROUNDS} rounds; *share*: of AutoAttack's CPU time, the median of the rounds.", "",
        "| net | | left right | CPU s | share |", "|---|---|---|---|---|",
        *[row for rows in ensembles for row in rows], "",
        "One climb beside one climb; *share*: of torchattacks' CPU time. Ours leaves a picture",
        "alone as soon as it has fallen.", "",
        "| net | | left right | share |", "|---|---|---|---|", *one, "",
        f"The smallest change in L2, {FEW} pictures; *median way*: who was not fooled counts as",
        "infinitely far.", "",
        "| net | | median way | fooled | CPU s |", "|---|---|---|---|---|", *near,
    ]  # fmt: skip
    return "\n".join(lines), [line for lines in missed for line in lines]


def main() -> None:
    torch.set_num_threads(1)
    text, missed = tables(subjects()[:2])
    print("\n".join([text, "", *missed]), flush=True)


if __name__ == "__main__":
    main()
