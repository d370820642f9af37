"""A net together with what is needed to talk about it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Classifier(nn.Module):
    """A net together with what is needed to talk about it: names, size, origin.

    Args:
        net: from pictures (N, C, size, size) in [0, 1] to logits (N, K).
        labels: the K class names, in order.
        size: side of the pictures it was made for, in pixels.
        source: "bundled" or "real".
        name: what to call it in a figure.

    Example:
        >>> net = Classifier(nn.Flatten(), ["hog", "wombat"], 1, "bundled", name="The net")
        >>> net.describe(torch.tensor([[[[0.0]], [[1.0]]]])), net.index("hog")
        ('The net says: wombat (73.1 %)', 0)
    """

    def __init__(self, net: nn.Module, labels: list[str], size: int, source: str, name: str):
        super().__init__()
        self.net, self.labels, self.size = net, list(labels), size
        self.source, self.name = source, name
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def index(self, name: str) -> int:
        """The number of a class.

        Raises:
            KeyError: if there is no such class; the message names the nearest ones.
        """
        if name in self.labels:
            return self.labels.index(name)
        near = [label for label in self.labels if name.lower() in label.lower()][:5]
        known = near or [*self.labels[:10], "..."]
        raise KeyError(f"this net knows no {name!r}; it knows {', '.join(known)}")

    @torch.no_grad()
    def prob(self, x: Tensor, name: str | int) -> Tensor:
        """How sure the net is of one class: (N, C, H, W) -> (N,), between 0 and 1."""
        column = self.index(name) if isinstance(name, str) else name
        return self(x).softmax(1)[:, column]

    @torch.no_grad()
    def top(self, x: Tensor, k: int = 5) -> list[tuple[str, float]]:
        """The k surest answers for one picture (1, C, H, W): pairs (name, probability)."""
        if len(x) != 1:
            raise ValueError(f"top() looks at one picture, and this is a batch of {len(x)}.")
        values, columns = self(x).softmax(1)[0].topk(min(k, len(self.labels)))
        return [(self.labels[c], v) for c, v in zip(columns.tolist(), values.tolist())]

    def describe(self, x: Tensor) -> str:
        """What the net says about one picture, in a sentence."""
        (name, value), *_ = self.top(x, 1)
        return f"{self.name} says: {name} ({100 * value:.1f} %)"
