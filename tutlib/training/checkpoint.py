"""Going on where a training run stopped: everything the next epoch depends on, in one dict.

A checkpoint file is written whole or not at all, and read without unpickling anything.
"""

from __future__ import annotations

import copy
import zlib
from pathlib import Path

import torch
from torch import nn

from tutlib.check.files import write_whole

PARTS = {"recipe", "history", "best", "model", "optimizer", "generator", "random", "random_gpu"}


def snapshot(recipe: dict, history: list, best: tuple, model: nn.Module, optimizer, generator):
    """A copy of all that moves: weights, optimizer, the source of chance, what was measured.

    (The learning rate needs no place here: it is a function of the epoch.)
    """
    on_gpu = torch.cuda.is_initialized()
    return {
        "recipe": recipe,
        "history": history,
        "best": best,
        "model": copy.deepcopy(model.state_dict()),
        "optimizer": copy.deepcopy(optimizer.state_dict()),
        "generator": generator.get_state(),
        "random": torch.get_rng_state(),  # dropout draws from here
        "random_gpu": torch.cuda.get_rng_state_all() if on_gpu else [],
    }


def restore(state: dict, recipe: dict, model: nn.Module, optimizer, generator) -> None:
    """Put everything back where `snapshot` found it.

    Raises:
        ValueError: if the checkpoint was made by a run with another recipe, or by another net.
    """
    then = state.get("recipe", {})
    differ = [name for name in recipe if then.get(name) != recipe[name]]
    if differ:
        told = "; ".join(f"{name} was {then.get(name)}, is {recipe[name]}" for name in differ)
        raise ValueError(f"this checkpoint belongs to another run ({told}): use another file.")
    try:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
    except (RuntimeError, ValueError) as error:
        raise ValueError("this checkpoint belongs to another net: use another file.") from error
    generator.set_state(state["generator"])
    torch.set_rng_state(state["random"])
    if state["random_gpu"] and torch.cuda.device_count() == len(state["random_gpu"]):
        torch.cuda.set_rng_state_all(state["random_gpu"])


def fingerprint(x: torch.Tensor, y: torch.Tensor) -> str:
    """Eight hex digits that are the same for the same pictures and labels, and for no others.

    Example:
        >>> fingerprint(torch.zeros(1, 2), torch.tensor([0]))
        'ecbb4b55'
    """
    mark = 0
    for part in (x, y):
        mark = zlib.crc32(part.detach().cpu().contiguous().numpy().tobytes(), mark)
    return f"{mark:08x}"


def save(state: dict, path: str | Path) -> None:
    """Write `state` whole or not at all: an interrupted save leaves the older file as it was."""
    write_whole(path, lambda part: torch.save(state, part))


def load(path: str | Path) -> dict | None:
    """The state saved in `path`, or None if there is no such file.

    Raises:
        ValueError: if the file is not a whole checkpoint.
    """
    if not Path(path).exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not (isinstance(state, dict) and state.keys() >= PARTS):
            raise ValueError("parts are missing")
        return state
    except PermissionError as error:
        raise ValueError(f"{path} may not be read: look at its permissions.") from error
    except Exception as error:  # what is damaged can break anything in torch's reader
        raise ValueError(
            f"{path} is not a whole checkpoint: delete it to start from the beginning."
        ) from error
