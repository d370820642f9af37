"""Words as vectors: from the company that they keep in a text, without a label (lesson 4.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from tutlib.lessons.docstrings import Text


def word_vectors(texts: Sequence[Text], size: int = 2000, dims: int = 32, seed: int = 0
                 ) -> tuple[list[str], Tensor]:  # fmt: skip
    """The `size` commonest words, and a vector (size, dims) for each, normalised.

    Two words are near each other if they stand in the same texts more often than by chance:
    positive pointwise mutual information, and its singular vectors (Levy and Goldberg, 2014).
    Every coordinate has mean 0 and variance 1 over the texts' words (Miyato, Dai and Goodfellow,
    2017), so that a length means the same for every vocabulary.

    Example:
        >>> texts = [Text(("red", "blue"), 0, "a"), Text(("red", "blue", "one"), 1, "b")]
        >>> words, vectors = word_vectors(texts, size=3, dims=2)
        >>> words, vectors.shape
        (['blue', 'red', 'one'], torch.Size([3, 2]))
    """
    counts = Counter(word for text in texts for word in sorted(set(text.words)))
    words = sorted(counts, key=lambda word: (-counts[word], word))[:size]
    place = {word: k for k, word in enumerate(words)}
    holds = torch.zeros(len(texts), len(words))
    for row, text in enumerate(texts):
        holds[row, [place[word] for word in set(text.words) if word in place]] = 1
    often = holds.sum(0) / holds.sum()
    together = (holds.T @ holds).fill_diagonal_(0)
    alone = together.sum(1).clamp_min(1)
    company = (together * together.sum() / (alone[:, None] * alone)).clamp_min(1).log()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPU as well
        _, values, axes = torch.svd_lowrank(company, q=min(dims, len(words)), niter=3)
    vectors = axes * values.sqrt()
    vectors = vectors - often @ vectors
    return words, vectors / (often @ vectors.square()).sqrt().clamp_min(1e-6)


def as_points(texts: Sequence[Text], words: Sequence[str], vectors: Tensor
              ) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Texts of one length as points (N, 1, length, dims), and their labels (N,).

    A word that has no vector lies in the middle, at zero.

    Example:
        >>> as_points([Text(("a", "?"), 3, "m")], ["a"], torch.ones(1, 2))
        (tensor([[[[1., 1.],
                  [0., 0.]]]]), tensor([3]))
    """
    place = {word: k for k, word in enumerate(words)}
    table = torch.cat([vectors, torch.zeros_like(vectors[:1])])
    rows = torch.tensor([[place.get(w, len(words)) for w in text.words] for text in texts])
    return table[rows][:, None], torch.tensor([text.label for text in texts])


class BagNet(torch.nn.Module):
    """Every word through the same layer, then their mean: the order of the words plays no part.

    Args:
        dims: of the word vectors; width: hidden units; classes: logits.

    Example:
        >>> BagNet(32, 64, 6)(torch.zeros(2, 1, 40, 32)).shape
        torch.Size([2, 6])
    """

    def __init__(self, dims: int, width: int, classes: int):
        super().__init__()
        self.each, self.out = torch.nn.Linear(dims, width), torch.nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.each(x).relu().mean((1, 2)))
