"""Captions of birds in plain English: written from the factors, and read back into them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

import torch

from .flock import BEAKS, COLOURS, FACTORS, SIZES

PARTS = ("body", "breast", "wings", "crown", "beak")  # what a caption can name, in its order
NAMES = {"belly": "breast", "wing": "wings", "head": "crown", "cap": "crown"}  # said for a part
SAID = {"big": "large", "little": "small", "tiny": "small"}
FILLERS = {"a", "an", "the", "and", "with", "its", "has", "it", "very", "is", "of"}
WORDS = (*COLOURS, *SIZES, *SAID, *PARTS[1:], *NAMES, "bird", *sorted(FILLERS))


class CaptionError(ValueError):
    """A caption that cannot be read; the message says which word, and what to write instead."""


def captions(factors: Mapping, parts: Sequence[str] = PARTS) -> list[str]:
    """Say in English what the factors of birds are.

    Args:
        factors: of a sheet that `flock` drew; parts: which of `PARTS` to name.

    Raises:
        ValueError: for a part that captions do not name.

    Example:
        >>> from tutlib import world
        >>> birds = world.flock(1, seed=0, size=16, beak="red", crown="white")
        >>> world.captions(birds.factors, ("crown", "beak"))
        ['a bird with a white crown and a red beak']
    """
    parts = (parts,) if isinstance(parts, str) else tuple(parts)
    if unknown := [part for part in parts if part not in PARTS]:
        raise ValueError(f"a caption names {', '.join(PARTS)}, and not {unknown[0]!r}.")
    if missing := [part for part in parts if part not in factors]:
        raise ValueError(f"the factors lack {missing[0]!r}: pass those of a sheet of birds.")
    columns = {part: torch.as_tensor(factors[part]).reshape(-1).tolist() for part in parts}
    words = {
        part: [FACTORS[part].options[number] for number in column]
        for part, column in columns.items()
    }
    count = len(next(iter(columns.values()), ()))
    return [_caption({part: words[part][i] for part in words}) for i in range(count)]


def _caption(said):
    bird = f"a {said['body']} bird" if "body" in said else "a bird"
    named = [f"{'' if part == 'wings' else 'a '}{said[part]} {part}"
             for part in PARTS[1:] if part in said]  # fmt: skip
    if not named:
        return bird
    *others, last = named
    return f"{bird} with " + (f"{', '.join(others)} and {last}" if others else last)


def read_caption(text: str) -> dict[str, str]:
    """Read which body and which colours a caption asks for; what it leaves open is left out.

    Any order will do, and so will "belly", "head" or "big". The answer can be drawn:
    ``flock(8, **read_caption(text))``.

    Raises:
        CaptionError: for a caption that is empty, misspelt or contradicts itself, in one sentence.

    Example:
        >>> from tutlib import world
        >>> world.read_caption("A small bird with a pink breast and black wings.")
        {'body': 'small', 'breast': 'pink', 'wings': 'black'}
    """
    if not isinstance(text, str):
        raise TypeError(f"a caption is a sentence in quotes, and this is {type(text).__name__}.")
    said, colours = {}, []
    words = re.findall(r"[^\W\d_]+(?:'s)?|\d+", text.lower())
    if not words:
        raise CaptionError('this caption is empty: try "a bird with a red breast".')
    for word in words:
        word = NAMES.get(word, SAID.get(word, word))
        if word in SIZES:
            _note(said, "body", word)
        elif word in COLOURS:
            colours.append(word)
        elif word in PARTS[1:]:
            _note(said, word, _one_colour(word, colours))
            colours = []
        elif word == "bird" and colours:
            raise CaptionError(f'say what is {colours[0]}: "a {colours[0]} breast", for example.')
        elif word not in FILLERS and word != "bird":
            raise CaptionError(_unknown(word))
    if colours:
        parts = ", ".join(PARTS[1:])
        raise CaptionError(f"say what is {colours[0]}: after a colour comes one of {parts}.")
    if not said:
        raise CaptionError('this caption asks for nothing: try "a bird with a red breast".')
    return {part: said[part] for part in PARTS if part in said}


def _note(said, part, word):
    before = said.setdefault(part, word)
    if before != word:
        part = "bird" if part == "body" else part
        raise CaptionError(f"the {part} cannot be {before} and {word}: write one of them.")


def _one_colour(part, colours):
    if len(colours) != 1:
        what = "no colour" if not colours else "more than one colour"
        raise CaptionError(f"there is {what} for the {part}: write one, as in red {part}.")
    if part == "beak" and colours[0] not in BEAKS:
        raise CaptionError(f"beaks are {', '.join(BEAKS)} here, and not {colours[0]}.")
    return colours[0]


def _unknown(word):
    near = difflib.get_close_matches(word, WORDS, 1, 0.6)
    if near:
        return f'"{word}" is no word of these captions: did you mean "{near[0]}"?'
    return f'"{word}" is no word of these captions: the colours are {", ".join(COLOURS)}.'
