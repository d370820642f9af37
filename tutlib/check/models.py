"""A model at the door: whatever people bring as a net is used as it is, or refused in a sentence.

A model is any callable from pictures to logits: a module, a lambda around one, a `partial`.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable

import torch
from torch import Tensor, nn

from tutlib.check.inputs import check_ball, check_labels, check_logits, check_pictures

# How torch says that pictures and a net do not fit together.
MISFIT = re.compile(
    r"cannot be multiplied|size mismatch|to have \d+ channels|must match|should be the same|"
    r"same dtype|same device|too small|can't be greater than actual input|Expected \dD|"
    r"is invalid for input of size|expected .* but (found|got)",
    re.IGNORECASE,
)


def modules_in(model: Callable) -> list[nn.Module]:
    """Every module that a callable works with.

    A module's own; those that a `partial`, a method or an object with a `__call__` holds; those
    that a function finds around itself, also through other functions of the same notebook.

    Example:
        >>> net = nn.Sequential(nn.Flatten())
        >>> modules_in(lambda x: net(x)[:, :3]) == list(net.modules())
        True
    """
    found, waiting, seen = {}, [model], set()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, nn.Module):
            found |= {id(module): module for module in thing.modules()}
        elif isinstance(thing, functools.partial):
            waiting += [thing.func, *thing.args, *thing.keywords.values()]
        elif inspect.ismethod(thing):
            waiting += [thing.__self__, thing.__func__]
        elif inspect.isfunction(thing):
            waiting += _around(thing)
        elif callable(thing):
            waiting += [v for v in getattr(thing, "__dict__", {}).values() if callable(v)]
    return list(found.values())


def _around(function: Callable) -> list:
    """What a function finds around itself; of all functions only those of its own namespace."""
    names, home = function.__code__.co_names, function.__globals__
    cells = [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]
    held = [*cells, *(function.__defaults__ or ()), *(home[n] for n in names if n in home)]
    return [
        thing
        for thing in held
        if isinstance(thing, nn.Module | functools.partial)
        or (inspect.isfunction(thing) and thing.__globals__ is home)
    ]


def _filled(cell) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name that has no value yet
        return False


def at_the_door(model: Callable, x: Tensor, y, target=None, box=None, ball=None) -> tuple:
    """Everything an attack is given, looked at once: (model, y, target), ready for use.

    Labels come back as (N,) tensors. The first logits of the model that comes back are looked at
    (`first_look`), later ones are not: no check runs in the loop.
    """
    check_pictures(x, box)
    check_ball(ball, x, box)
    check_model(model)
    labels = check_labels(y, x)
    if target is not None:
        target = check_labels(target, x, "target")
        if same := int((target == labels).sum()):
            raise ValueError(
                f"the target is the true label itself for {same} of {len(x)} pictures: an attack "
                "needs somewhere else to go, so leave those out or choose another target."
            )
    named, ready = labels if target is None else target, None

    def looked_at(pictures: Tensor) -> Tensor:
        nonlocal ready
        if ready is None:
            logits, ready = first_look(model, pictures, named)
        else:
            logits = ready(pictures)
        if pictures.requires_grad and torch.is_grad_enabled() and not logits.requires_grad:
            raise ValueError(
                "there is no way back from the model's answer to the pixels, so there is no "
                "gradient: look for detach(), no_grad(), argmax or numpy in the model."
            )
        return logits

    return looked_at, labels, target


def check_model(model: Callable) -> None:
    """Raise unless `model` can be called, and its weights can take part in a gradient."""
    if inspect.isclass(model):
        raise TypeError(f"the model must be a net, and this is a class: {model.__name__}() is one.")
    if not callable(model):
        kind = type(model).__name__
        raise TypeError(f"the model must be a net or a function of pictures, and this is {kind}.")
    weights = (weight for module in modules_in(model) for weight in module.parameters(False))
    if any(weight.is_inference() for weight in weights):
        raise ValueError(
            "this net was built in torch.inference_mode(), and its weights can take part in no "
            "gradient: build or load it outside of it."
        )


def first_look(model: Callable, pictures: Tensor, labels: Tensor) -> tuple[Tensor, Callable]:
    """The model's logits, looked at, and the model to go on with.

    It sees a copy, and goes on with copies if it writes into what it is given.
    """
    own = pictures.clone()
    logits = logits_of(model, own, labels)
    version = 0 if own.is_inference() else own._version
    if version or not torch.equal(own, pictures):
        return logits, lambda x: model(x.clone())
    return logits, model


def logits_of(model: Callable, pictures: Tensor, labels: Tensor) -> Tensor:
    """What the model answers, if it is logits for these labels; otherwise one sentence."""
    try:
        logits = model(pictures)
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or not MISFIT.search(str(error)):
            raise
        raise ValueError(_misfit(model, pictures, str(error))) from error
    return check_logits(logits, labels)


def _misfit(model: Callable, x: Tensor, said: str) -> str:
    weights = [w for module in modules_in(model) for w in module.parameters(False)]
    advice = "reshape them to what it was made for"
    if weights and weights[0].dtype != x.dtype:
        advice = f"its weights are {weights[0].dtype}: net.float() or x.to({weights[0].dtype})"
    elif weights and weights[0].device != x.device:
        advice = f"it is on {weights[0].device}: x.to({str(weights[0].device)!r})"
    first_line = said.strip().splitlines()[0].rstrip(".")
    return (
        f"the model cannot look at pictures of shape {tuple(x.shape)}, {x.dtype}, on {x.device} "
        f"({first_line}): {advice}."
    )
