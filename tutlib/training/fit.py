"""Training: the weights move. In adversarial training the picture moves first, to its worst place.

    min over theta:  mean over (x, y)  of  max over delta in the ball  of  l(h_theta(x + delta), y)

`fit` is the ordinary training loop with one more line. Who solves the inner maximum is an
argument, `inner`: None (standard training), or any attack ``inner(model, x, y, generator=...) ->
x_adv``. `fgsm_rs`, `pgd_inner` and `mixed` make three of them out of `attacks.pgd`.
"""

from __future__ import annotations

import copy
import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from tutlib.check.inputs import check_count, check_positive
from tutlib.check.models import check_model, logits_of
from tutlib.nets import untouched
from tutlib.training.batches import batches, check_source, mark_of, some
from tutlib.training.checkpoint import load, restore, save, snapshot
from tutlib.training.inner import Attack, describe
from tutlib.training.measure import measured, score
from tutlib.training.stopped import Stopped, what_is_kept
from tutlib.training.together import Team, team

BAR = "{desc} |{bar}| {remaining} left{postfix}"
TOLD = {"train_clean": "right", "train_robust": "right under attack",
        "watch_clean": "new ones right", "watch_robust": "new ones right under attack"}  # fmt: skip
MEASURED = 200  # training pictures measured after every epoch, where none are watched


@dataclass(frozen=True)
class Run:
    """What a call of `fit` did.

    Attributes:
        history: a dict for each finished epoch: "epoch" (from 1), "loss" (mean over the pictures
            trained on, after the inner maximiser), "train_clean", "train_robust", "watch_clean",
            "watch_robust" (accuracies, as far as measured), "seconds" (of training: CPU seconds,
            or seconds on the clock on a GPU; measuring accuracies does not count).
        best: the epoch whose weights the model now has; 0 if none was finished.
        finished: False if the run was interrupted, or stopped by `until`.
        state: everything needed to go on: pass it as `checkpoint`.
    """

    history: list[dict[str, float]]
    best: int
    finished: bool
    state: dict

    @property
    def seconds(self) -> float:
        """Training time of all epochs together."""
        return sum(row["seconds"] for row in self.history)

    def curve(self, name: str) -> list[float]:
        """One column of the history, for example ``curve("watch_robust")``."""
        return [row[name] for row in self.history]


def fit(
    model: nn.Module,
    x: Tensor | Dataset,
    y: Tensor | None,
    *,
    inner: Attack | None = None,
    augment: Callable[..., Tensor] | None = None,
    loss: Callable[..., Tensor] | None = None,
    epochs: int = 10,
    batch: int = 100,
    lr: float = 2e-3,
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    watch: tuple[Tensor, Tensor] | None = None,
    judge: Attack | None = None,
    seed: int = 0,
    until: int | None = None,
    checkpoint: str | Path | dict | None = None,
    progress: bool = True,
) -> Run:
    """Train `model` on the pictures that `inner` makes of (x, y).

    Ctrl-C (or the notebook's stop button) ends it early, and the cell with it (`Stopped`): the best
    weights so far are kept. The same call with the same `checkpoint` then goes on from the last
    finished epoch, and ends with the weights of an uninterrupted run, to the last bit (on a CPU).

    Inside `together` all processes that `torchrun` has started train one net: each takes its share
    of every batch, and the first one alone writes and prints. What is drawn at random for a picture
    (a start, a shift) is then drawn by each process for itself; BatchNorm sees the shares.

    Args:
        model: from pictures to logits (N, K); trained in place, and left in eval mode.
        x, y: all training pictures (N, ...) and labels (N,), on the model's device. What does not
            fit into memory: a torch ``Dataset`` of pairs, read as it is needed, and None.
        inner: the inner maximiser, ``inner(model, x, y, generator=...) -> x_adv``; None: clean.
        augment: what happens to a batch before that, ``augment(x, generator=...) -> x``: `shifted`.
        loss: what the weights lower, ``loss(model, x, y)`` of a batch; None: the cross-entropy.
        epochs, batch, lr: passes over the data, pictures in a step, and the highest learning rate
            (`one_cycle`).
        optimizer: makes the optimizer, called as ``optimizer(parameters, lr=lr)``.
        watch: pictures and labels not trained on. The epoch with the highest robust (without
            `judge`: clean) accuracy on them is kept; without `watch` it is the last.
        judge: the attack, ``judge(model, x, y)``, behind the robust accuracies.
        seed: of the order of the pictures, of `augment` and of `inner`'s random starts.
        until: stop after this many of the epochs, to go on later.
        checkpoint: a file to go on from if it is there, and to save to after every epoch; or the
            `state` of an earlier `Run`.
        progress: show a bar with the loss, the accuracies and the time left.

    Raises:
        ValueError, TypeError: pictures or labels of the wrong kind, numbers that make no sense, a
            checkpoint that is broken or belongs to another run.
        FloatingPointError: if the loss is no longer a number.
        Stopped: at Ctrl-C; its `run` is what there is so far.

    Example:
        >>> from tutlib.training import accuracy
        >>> x, y = torch.tensor([[0.2], [0.3], [0.7], [0.8]]), torch.tensor([0, 0, 1, 1])
        >>> net = mlp(1, 8, 2)
        >>> run = fit(net, x, y, epochs=40, batch=4, lr=0.1, progress=False)
        >>> len(run.history), accuracy(net, x, y)
        (40, 1.0)
    """
    labels, group = _check(model, x, y, epochs, batch, lr, until), team()
    size, device = _shared(min(batch, len(x)), group), _device(model)
    sets = {"train": some(x, labels, MEASURED if watch is None else len(watch[0]), device)}
    sets |= {"watch": watch} if watch is not None else {}
    moving = optimizer(model.parameters(), lr=lr)
    generator = torch.Generator().manual_seed(seed)
    recipe = {"pictures": len(x), "epochs": epochs, "batch": batch, "lr": lr, "seed": seed,
              "inner": describe(inner), "augment": describe(augment),
              "optimizer": describe(optimizer), "data": mark_of(x, labels),
              "loss": None if loss is None else describe(loss)}  # fmt: skip
    path = checkpoint if isinstance(checkpoint, str | Path) else None
    state = _beginning(checkpoint, path, recipe, model, moving, generator, group)
    done, last = len(state["history"]), epochs if until is None else min(until, epochs)
    what, steps = "training" if inner is None else "adversarial training", len(x) // size
    bar = tqdm(total=last * steps, initial=done * steps, bar_format=BAR,
               leave=False, disable=not (progress and group.leads))  # fmt: skip
    try:
        for epoch in range(done + 1, last + 1):
            rate = functools.partial(_rate, lr, epoch, epochs)
            order = torch.randperm(len(x), generator=generator)[: steps * size]
            made = _adversary(model, inner, augment, _chance(generator, seed, epoch, group))
            bar.set_description(f"{what}: epoch {epoch} of {last}", refresh=False)
            parts = batches(x, labels, order, size, group, device)
            row = _epoch(model, parts, steps, made, loss, moving, rate, group, bar.update)
            row = {"epoch": epoch} | row | measured(model, sets, judge, group)
            bar.set_postfix_str(_in_words(row))
            best, worth = state["best"], score(row)
            if worth >= best[0]:
                best = (worth, epoch, copy.deepcopy(model.state_dict()))
            history = [*state["history"], row]
            state = snapshot(recipe, history, best, model, moving, generator)
            if path is not None and group.leads:
                _save_or_say(state, path)
    except KeyboardInterrupt:
        so_far = _ended(model, state, epochs)
        raise Stopped(what_is_kept(so_far, epochs, path is not None), so_far) from None
    finally:
        bar.close()
        moving.zero_grad()
        model.eval()
    return _ended(model, state, epochs)


def _ended(model: nn.Module, state: dict, epochs: int) -> Run:
    """What there is, and the best weights in the net (before the first: those it began with)."""
    best, history = state["best"], state["history"]
    model.load_state_dict(state["model"] if best[2] is None else best[2])
    return Run(history, best[1], len(history) == epochs, state)


def _beginning(checkpoint, path, recipe: dict, model, moving, generator, group: Team) -> dict:
    """Where the run begins: at the checkpoint, or here and now; everywhere with the same net."""
    state = checkpoint
    if path is not None:  # the others may be on machines without this file
        state = group.told(load(path) if group.leads else None)
    if state is not None:
        restore(state, recipe, model, moving, generator)
        return state
    group.same_net(model)
    state = snapshot(recipe, [], (-math.inf, 0, None), model, moving, generator)
    if path is not None and group.leads:
        save(state, path)  # interrupted in the first epoch, it begins at the same place again
    return state


def _save_or_say(state: dict, path: str | Path) -> None:
    """A disk that is full, or gone, ends no training: what was learnt is still in memory."""
    try:
        save(state, path)
    except OSError as error:
        tqdm.write(f"{path} cannot be written ({error.strerror or error}): training goes on.")


def _epoch(model, parts, steps, made, loss_of, optimizer, rate, group: Team, tick
           ) -> dict[str, float]:  # fmt: skip
    """Once through the pictures, in a new order: the mean loss and the seconds it took."""
    model.train()
    device = _device(model)
    total, begin = torch.zeros((), device=device), _clock(device)
    for i, (x, y) in enumerate(parts):
        for settings in optimizer.param_groups:
            settings["lr"] = rate(i / steps)
        pictures = made(x, y)  # first the pictures move, uphill ...
        loss = (loss_of or _cross_entropy)(model, pictures, y)
        optimizer.zero_grad()
        loss.backward()  # ... and then the weights, downhill
        group.average_gradients(model)
        optimizer.step()
        total += loss.detach()
        tick()
    group.same_net(model)  # BatchNorm's running statistics have seen the shares alone
    loss = group.mean(total.item() / steps)
    if not math.isfinite(loss):
        raise FloatingPointError(f"the loss has become {loss}: lower the learning rate `lr`.")
    return {"loss": loss, "seconds": _clock(device) - begin}


def _in_words(row: dict[str, float]) -> str:
    """What the bar says of the last epoch: loss 0.05, right 98.5%."""
    told = [f"{words} {row[name]:.1%}" for name, words in TOLD.items() if name in row]
    return ", ".join([f"loss {row['loss']:.3g}", *told])


def _cross_entropy(model, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(model(x), y)


def _adversary(model, inner, augment, generator) -> Callable[[Tensor, Tensor], Tensor]:
    """The pictures that a batch is trained on."""

    def made(x: Tensor, y: Tensor) -> Tensor:
        x = x if augment is None else augment(x, generator=generator)
        return x if inner is None else inner(model, x, y, generator=generator)

    return made


def _chance(generator: torch.Generator, seed: int, epoch: int, group: Team) -> torch.Generator:
    """Where the random starts and shifts of an epoch come from; in a team, each has its own.

    It depends on the epoch alone, so that whoever goes on from a checkpoint draws the same.
    """
    if group.size == 1:
        return generator
    mine = hash((seed, epoch, group.rank)) % 2**63  # whole numbers: the same in every process
    torch.manual_seed(mine)  # of dropout
    return torch.Generator().manual_seed(mine)


def _rate(lr: float, epoch: int, epochs: int, within: float) -> float:
    return lr * one_cycle((epoch - 1 + within) / epochs)


def one_cycle(done: float, warm_up: float = 0.3) -> float:
    """The share of the highest learning rate: straight up from 0, then down like a cosine to 0.

    (Smith and Topin, "Super-convergence", 2018.)

    Args:
        done: the share of the training that lies behind us, in [0, 1].
        warm_up: where the peak is.

    Example:
        >>> [round(one_cycle(done), 2) for done in (0.15, 0.3, 0.65, 1.0)]
        [0.5, 1.0, 0.5, 0.0]
    """
    if done < warm_up:
        return max(done / warm_up, 0.04)
    return 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up)))


def _check(model, x, y, epochs, batch, lr: float, until) -> Tensor | None:
    check_model(model)
    for name, value, least in (("epochs", epochs, 1), ("batch", batch, 1), ("until", until, 0)):
        check_count(name, epochs if value is None else value, least)
    check_positive("lr", lr)
    labels = check_source(x, y)
    if labels is None:
        pictures, ends = some(x, None, 2, _device(model))
    else:  # all classes lie between these two
        rows = torch.stack([labels.argmin(), labels.argmax()])
        pictures, ends = x[rows], labels[rows]
    with untouched(model), torch.no_grad():
        logits_of(model, pictures, ends)
    return labels


def _shared(batch: int, group: Team) -> int:
    if batch % group.size:
        raise ValueError(
            f"batch is {batch}, and {group.size} processes share it: make it a multiple of that."
        )
    return batch


def _device(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _clock(device: torch.device) -> float:
    """CPU seconds (right also on a busy machine), or the clock where a GPU does the work."""
    if device.type != "cuda":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()
