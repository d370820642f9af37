"""Risk, adversarial risk, and how sure we may be of a number that was measured.

    risk              the mean over pictures of  loss(h(x), y)
    adversarial risk  the mean over pictures of  max over delta in the ball of loss(h(x + delta), y)

The maximum inside the mean can only be found by searching, and a search may miss it. So every
adversarial risk here is a *lower bound*, and says so when it is printed. What two searches found
is combined picture by picture (`worst_case`): the larger of the two, never the larger mean.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.check.inputs import check_ball, check_labels, check_pictures
from tutlib.check.models import check_model, logits_of
from tutlib.check.patience import bar
from tutlib.nets import untouched
from tutlib.risk import fast as fast_path
from tutlib.risk.estimates import Estimate, joined

Attack = Callable[..., Tensor]


@dataclass(frozen=True)
class RiskCurve:
    """Adversarial risk against eps: `eps` and `estimates` belong together, one by one.

    Attributes:
        falls_at: (N,) the smallest eps of the curve at which a picture was fooled; 0 where it
            was wrong untouched, infinity where it never fell.
        pictures: (N, C, H, W) each picture as it fell (as last attacked, where it never did).
    """

    eps: list[float]
    estimates: list[Estimate]
    falls_at: Tensor
    pictures: Tensor

    @property
    def values(self) -> list[float]:
        """The height of the curve at each eps."""
        return [estimate.value for estimate in self.estimates]


def risk(model, x: Tensor, y, *, kind: str = "error", batch: int = 250) -> Estimate:
    """The empirical risk of `model`: what share it gets wrong, or its mean loss.

    Args:
        model: from pictures to logits (N, K); x: (N, C, H, W) in [0, 1]; y: an int or (N,).
        kind: "error" (0-1 error) or "loss" (cross-entropy, in nats).
        batch: how many pictures at a time.

    Example:
        >>> vote = lambda x: x  # the brighter of two pixels wins
        >>> x, y = torch.tensor([[0.9, 0.1], [0.6, 0.5], [0.4, 0.5], [0.7, 0.3]]), 0
        >>> risk(vote, x, y)  # one of four
        25.0 % (clean pictures, 4 pictures; 95% band 4.6-69.9 %)
    """
    check_pictures(x)
    values = per_picture(model, x, check_labels(y, x), kind=kind, batch=batch)
    return Estimate(values, kind, "clean pictures")


def per_picture(
    model, x: Tensor, y, *, kind: str = "error", batch: int = 250, box=(0.0, 1.0)
) -> Tensor:
    """The 0-1 error or the cross-entropy of every picture: (N, C, H, W) -> (N,).

    `box`: lowest and highest legal pixel, None for points that are not pictures.

    Example:
        >>> per_picture(lambda x: x, torch.tensor([[0.9, 0.1], [0.4, 0.5]]), 0)
        tensor([0., 1.])
    """
    if kind not in ("error", "loss"):
        raise ValueError(f"kind must be 'error' or 'loss', and this is {kind!r}.")
    check_pictures(x, box)
    check_model(model)
    labels, found = check_labels(y, x), []
    with untouched(model), torch.no_grad():
        for part, truth in zip(x.split(batch), labels.split(batch)):
            logits = logits_of(model, part.clone(), truth)  # a model may write into its input
            wrong = (logits.argmax(1) != truth).float()
            loss = F.cross_entropy(logits, truth, reduction="none")
            found.append(wrong if kind == "error" else loss)
    return torch.cat(found)


def adversarial_risk(
    model,
    x: Tensor,
    y,
    ball,
    attacks: Attack | Mapping[str, Attack] = pgd,
    *,
    kind: str = "error",
    batch: int = 250,
    box: tuple[float, float] | None = (0.0, 1.0),
) -> Estimate:
    """The adversarial risk in `ball`, from below: each picture's worst over all `attacks`.

    The untouched picture is a point of the ball too, so the answer is never below `risk`.
    (Madry et al., 2018; per-picture worst case over attacks: Croce and Hein, 2020.)

    Args:
        model, x, y, kind, batch: as for `risk`.
        ball: `Linf(eps)` or `L2(eps)`.
        attacks: one attack, or several by name; each is called as ``attack(model, x, y, ball)``.
        box: an attack that leaves the ball, or this box, is refused; None allows any value.

    Raises:
        ValueError: if an attack returns pictures it had no right to.

    Example:
        >>> vote = lambda x: x  # the brighter of two pixels wins
        >>> x, y = torch.tensor([[0.9, 0.1], [0.6, 0.5], [0.4, 0.5], [0.7, 0.3]]), 0
        >>> adversarial_risk(vote, x, y, Linf(0.1)).value  # 0.6 against 0.5 falls, too
        0.5
    """
    check_pictures(x, box)
    named = attacks if isinstance(attacks, Mapping) else {attack_name(attacks): attacks}
    if not named:
        raise ValueError("adversarial_risk needs at least one attack.")
    labels = check_labels(y, x)
    check_ball(ball, x, box)
    options = {"kind": kind, "batch": batch, "box": box}
    worst = per_picture(model, x, labels, **options)
    for name, attack in named.items():
        x_adv = _in_parts(attack, model, x, labels, ball, batch)
        _check_allowed(name, x_adv, x, ball, box)
        worst = worst.maximum(per_picture(model, x_adv, labels, **options))
    return Estimate(worst, kind, joined(list(named)), lower_bound=True)


def risk_curve(
    model,
    x: Tensor,
    y,
    eps: Sequence[float],
    attack: Attack = pgd,
    *,
    ball=Linf,
    kind: str = "error",
    batch: int = 250,
    box: tuple[float, float] | None = (0.0, 1.0),
) -> RiskCurve:
    """Adversarial risk for growing `eps` (from below).

    A larger ball holds every smaller one, so what was found at a small eps counts at all larger
    ones: the curve can never fall, and a picture that fell once need not be attacked again.

    Args:
        eps: radii in pixel units, rising; 0 means the untouched pictures.
        attack: called as ``attack(model, x, y, ball(eps))``; other arguments as for `risk`.

    Example:
        >>> vote = lambda x: x  # the brighter of two pixels wins
        >>> x, y = torch.tensor([[0.9, 0.1], [0.6, 0.5], [0.4, 0.5], [0.7, 0.3]]), 0
        >>> curve = risk_curve(vote, x, y, [0, 0.1, 0.3, 0.5])
        >>> curve.values, curve.falls_at.tolist()[0]
        ([0.25, 0.5, 0.75, 1.0], 0.5)
    """
    radii = [float(radius) for radius in eps]
    if not radii or not all(a < b < math.inf for a, b in pairwise([-1e-300, *radii])):
        raise ValueError(f"eps must be rising numbers from 0 on, and these are {radii}.")
    check_pictures(x, box)
    check_ball(ball(radii[-1]) if radii[-1] else None, x, box)
    labels, pictures = check_labels(y, x), x.detach().clone()
    options = {"batch": batch, "box": box}
    worst = per_picture(model, x, labels, kind=kind, **options)
    wrong = worst if kind == "error" else per_picture(model, x, labels, **options)
    falls_at = torch.where(wrong > 0, 0.0, math.inf)
    estimates, name = [], attack_name(attack)
    for radius in bar(radii, "values of eps"):
        rows = torch.arange(len(x), device=x.device)
        rows = rows[falls_at == math.inf] if kind == "error" else rows
        if radius > 0 and len(rows):
            x_adv = _in_parts(attack, model, x[rows], labels[rows], ball(radius), batch)
            _check_allowed(name, x_adv, x[rows], ball(radius), box)
            found = per_picture(model, x_adv, labels[rows], kind=kind, **options)
            fell = found > 0
            if kind == "loss":
                fell = per_picture(model, x_adv, labels[rows], **options) > 0
            standing = falls_at[rows] == math.inf
            pictures[rows[standing]] = x_adv[standing]
            falls_at[rows[standing & fell]] = radius
            worst = worst.index_put((rows,), found.maximum(worst[rows]))
        how = name if radius > 0 else "clean pictures"
        estimates.append(Estimate(worst, kind, how, lower_bound=radius > 0))
    return RiskCurve(radii, estimates, falls_at, pictures)


def evaluate(
    model,
    x: Tensor,
    y,
    ball,
    *,
    steps: int = 20,
    step_size: float | None = None,
    restarts: int = 1,
    batch: int = 250,
    fast: bool = False,
    generator: torch.Generator | None = None,
) -> Estimate:
    """The adversarial 0-1 error under PGD; `fast` for nets one knows and sets that are large.

    The fast path searches in bfloat16 and in the memory layout that suits the net where that
    pays (it measures), and lets a picture go once it is fooled *in float32*, or so far from it
    that it cannot arrive in time (see `fast`): the search may become a little weaker, but never
    counts a picture as fooled that is not. It is for measuring; lessons attack with `attacks.pgd`.

    Args:
        steps, step_size, restarts, generator: as for `attacks.pgd`; others as for `risk`.

    Example:
        >>> vote = lambda x: x  # the brighter of two pixels wins
        >>> x, y = torch.tensor([[0.9, 0.1], [0.6, 0.5], [0.4, 0.5], [0.7, 0.3]]), 0
        >>> print(evaluate(vote, x, y, Linf(0.1), steps=5))
        at least 50.0 % (PGD-5, 4 pictures; 95% band 15.0-85.0 %)
    """
    options = {"steps": steps, "step_size": step_size, "restarts": restarts}
    attack = partial(pgd, **options, generator=generator)
    if not fast:
        return adversarial_risk(model, x, y, ball, attack, batch=batch)
    check_pictures(x)
    check_ball(ball, x, (0, 1))
    labels = check_labels(y, x)
    per_picture(model, x[:1], labels[:1])  # the model is looked at, too
    wrong = fast_path.fooled(model, x, labels, ball, **options, batch=batch, generator=generator)
    return Estimate(wrong.float(), "error", f"{attack_name(attack)}, fast", lower_bound=True)


def attack_name(attack: Attack) -> str:
    """ "PGD-20, 5 starts" for ``partial(pgd, steps=20, restarts=5)``, and so on.

    Example:
        >>> attack_name(partial(pgd, steps=20, restarts=5))
        'PGD-20, 5 starts'
    """
    function = attack.func if isinstance(attack, partial) else attack
    name = getattr(function, "__name__", type(function).__name__)
    try:
        options = inspect.signature(attack).parameters
    except (TypeError, ValueError):  # a callable without a readable signature has only its name
        return name
    steps, starts = (
        options[key].default if key in options else None for key in ("steps", "restarts")
    )
    name = name.upper() if len(name) <= 4 else name
    name += f"-{steps}" if isinstance(steps, int) else ""
    return name + (f", {starts} starts" if isinstance(starts, int) and starts > 1 else "")


def _in_parts(attack: Attack, model, x: Tensor, y: Tensor, ball, batch: int) -> Tensor:
    parts = bar(list(zip(x.split(batch), y.split(batch))), "batches")
    # A copy for each: an attack that works in place would change the pictures it is judged by.
    return torch.cat([attack(model, part.clone(), labels, ball) for part, labels in parts])


def _check_allowed(name: str, x_adv: Tensor, x: Tensor, ball, box) -> None:
    """An attack is believed only if its pictures are in the ball and in the box."""
    if x_adv.shape != x.shape:
        raise ValueError(f"{name} returned {tuple(x_adv.shape)} for pictures {tuple(x.shape)}.")
    far = float(ball.norm(x_adv - x).max())
    if not far <= ball.eps * (1 + 1e-5):
        raise ValueError(
            f"{name} left the ball: it moved a picture by {far:.6g}, and eps is {ball.eps:.6g}."
        )
    if box is not None:
        try:
            check_pictures(x_adv, box)
        except ValueError as error:
            raise ValueError(
                f"{name} made pictures that cannot exist ({error}) "
                "Clamp them, or say box=None to count them all the same."
            ) from error
