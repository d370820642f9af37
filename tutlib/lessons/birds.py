"""Sentences about birds, and the small net that reads them (lesson 5.5).

A wish has one group of numbers for each part that a caption can name; in a group stands a
distribution over the part's options, and the last option is "left open".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from tutlib import assets

PARTS = tuple(assets.BIRD_WORDS)  # body, breast, wings, crown, beak
GROUPS = tuple(len(words) + 1 for words in assets.BIRD_WORDS.values())
ALSO = {"small": ("small", "little", "tiny"), "large": ("large", "big"),
        "breast": ("breast", "belly"), "crown": ("crown", "cap")}  # fmt: skip
GLUE = ("a", "an", "the", "bird", "with", "and", "has", "is", "its", "it", "very", "of")
WORDS = ("", "?", *sorted({*GLUE, *PARTS, "head", "wing", *sum(ALSO.values(), ()),
                           *sum(assets.BIRD_WORDS.values(), ())}))  # fmt: skip
LONGEST = 24  # words of a caption that are read


def sentences(numbers: Tensor, seed: int = 0) -> list[str]:
    """Captions that ask for `numbers` (N, 5), a column for each of `PARTS`; -1 is left open.

    The order of the parts, the words for them and the turn of the sentence are left to chance.

    Example:
        >>> sentences(torch.tensor([[0, -1, 3, -1, -1]]))
        ['a small bird with yellow wings']
    """
    rng = torch.Generator().manual_seed(seed)

    def chance(high: int) -> int:
        return int(torch.randint(high, (), generator=rng))

    return [_sentence(row, chance) for row in numbers.tolist()]


def _sentence(row: Sequence[int], chance: Callable[[int], int]) -> str:
    asked = {part: assets.BIRD_WORDS[part][n] for part, n in zip(PARTS, row) if n >= 0}
    words = {word: ALSO.get(word, (word,)) for word in (*asked, *asked.values())}
    said = {word: ways[chance(len(ways))] for word, ways in words.items()}
    size = said[asked["body"]] + " " if "body" in asked else ""
    bird, things = f"a {size}bird", []
    for part in asked:
        if part != "body":
            thing = f"{said[asked[part]]} {said[part]}"
            things.insert(chance(len(things) + 1), thing if part == "wings" else f"a {thing}")
    if not things:
        return bird
    if chance(3) == 0:  # what it has comes first
        return ", ".join([*things, bird])
    *others, last = things
    return f"{bird} with " + (f"{', '.join(others)} and {last}" if others else last)


def in_numbers(captions: Sequence[str]) -> Tensor:
    """Each caption as the numbers (N, 24) of its words in `WORDS`; 0 where it has ended.

    Example:
        >>> [WORDS[n] for n in in_numbers(["A small bird!"])[0, :4]]
        ['a', 'small', 'bird', '']
    """
    known = {word: number for number, word in enumerate(WORDS)}
    out = torch.zeros(len(captions), LONGEST, dtype=torch.long)
    for row, caption in zip(out, captions):
        words = re.findall(r"[a-z]+", caption.lower())[:LONGEST]
        row[: len(words)] = torch.tensor([known.get(word, 1) for word in words], dtype=torch.long)
    return out


class Listener(nn.Module):
    """Reads a caption word by word: numbers (N, L) of `WORDS` -> the logits (N, 31) of a wish.

    Each word is a row of 24 numbers. A GRU goes along the row of words and keeps a memory of 64
    numbers (Cho et al., 2014); what it holds after the last word is read out.

    Args:
        ordered: False sums up the words instead, whatever their order: a bag of words.

    Example:
        >>> Listener()(in_numbers(["a small bird", "a bird with red wings"])).shape
        torch.Size([2, 31])
    """

    def __init__(self, ordered: bool = True):
        super().__init__()
        self.ordered = ordered
        self.word = nn.Embedding(len(WORDS), 24, padding_idx=0)
        self.gates, self.fresh = nn.Linear(24 + 64, 2 * 64), nn.Linear(24 + 64, 64)
        self.total = nn.Linear(24, 64)  # of the bag
        self.wish = nn.Sequential(nn.ReLU(), nn.Linear(64, sum(GROUPS)))

    def forward(self, numbers: Tensor) -> Tensor:
        numbers = numbers[:, : max(1, int((numbers > 0).sum(1).max()))]  # no longer than they are
        words = self.word(numbers)
        if not self.ordered:
            return self.wish(self.total(words.sum(1)))
        memory = words.new_zeros(len(words), 64)
        for word, is_there in zip(words.unbind(1), (numbers > 0).unbind(1)):
            after = self.step(word, memory)
            memory = torch.where(is_there[:, None], after, memory)
        return self.wish(memory)

    def step(self, word: Tensor, memory: Tensor) -> Tensor:
        """The memory (N, 64) after one more word (N, 24)."""
        keep, look = self.gates(torch.cat([word, memory], 1)).sigmoid().chunk(2, 1)
        fresh = self.fresh(torch.cat([word, look * memory], 1)).tanh()
        return keep * memory + (1 - keep) * fresh


def told_apart(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy of every part (N, 31 logits), wanted (N, 5) with -1 for open: one number."""
    parts = zip(logits.split(GROUPS, 1), wanted.T, GROUPS)
    return torch.stack([
        nn.functional.cross_entropy(guess, torch.where(n < 0, size - 1, n))
        for guess, n, size in parts
    ]).mean()  # fmt: skip


def heard(logits: Tensor) -> Tensor:
    """Which option each part has, (N, 5), -1 for left open: of logits or of wishes (N, 31).

    Example:
        >>> heard(torch.eye(31)[:1] + torch.eye(31)[8:9])
        tensor([[ 0,  5,  0,  0,  0]])
    """
    best = torch.stack([part.argmax(1) for part in logits.split(GROUPS, 1)], 1)
    return torch.where(best == torch.tensor(GROUPS, device=best.device) - 1, -1, best)


def as_wish(logits: Tensor) -> Tensor:
    """A distribution over each part's options (N, 31), from logits."""
    return torch.cat([part.softmax(1) for part in logits.split(GROUPS, 1)], 1)


def combinations(count: int, rng: torch.Generator, new: bool, left_open: float = 0.0) -> Tensor:
    """Random birds to ask for, numbers (N, 5) as in `PARTS`, -1 for left open.

    Args:
        new: only combinations of breast, wings and crown that are held back; False: only others.
        left_open: how often a part is left open.

    Example:
        >>> combinations(2, torch.Generator().manual_seed(0), new=True).shape
        torch.Size([2, 5])
    """
    numbers = torch.stack([torch.randint(size - 1, (count,), generator=rng) for size in GROUPS], 1)
    # Of the seven crowns that go with a breast and wings, one makes the combination new.
    crowns = numbers[:, None].repeat(1, 7, 1)
    crowns[:, :, 3] = torch.arange(7)
    kept = assets.is_kept_back(dict(zip(PARTS, crowns.permute(2, 0, 1))))
    chance = torch.rand(count, 7, generator=rng)
    numbers[:, 3] = torch.where(kept == new, chance, -1.0).argmax(1)
    return torch.where(torch.rand(count, len(GROUPS), generator=rng) < left_open, -1, numbers)


def hear(listener: nn.Module, caption: str) -> Tensor:
    """One caption as a wish (1, 31); an empty one, or "a bird", leaves everything open.

    Raises:
        assets.CaptionError: for a caption that cannot be read, with what to write instead.
    """
    if set(re.findall(r"\w+", caption.lower())) <= set(GLUE):
        caption = "a bird"
    else:
        assets.read_caption(caption)
    device = next(listener.parameters()).device
    with torch.no_grad():
        return as_wish(listener(in_numbers([caption]).to(device)))


def asked_words(caption: str) -> dict[str, str]:
    """What a caption names, {"wings": "black"}; nothing of an empty one.

    Example:
        >>> asked_words("black wings, a tiny bird"), asked_words(" ")
        ({'body': 'small', 'wings': 'black'}, {})
    """
    if set(re.findall(r"\w+", caption.lower())) <= set(GLUE):
        return {}
    return assets.read_caption(caption)
