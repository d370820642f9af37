"""Three ways to keep a critic from getting too steep: cut its weights, divide by a norm, or pay.

The third, `gradient_penalty`, is a part of the loss and lives in `gan.losses`. The first two act on
the weights: `clip_weights` after each step (Arjovsky et al., 2017), `divide_by_norm` in each pass
(Miyato et al., 2018).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tutlib.check.inputs import check_count, check_positive

LAYERS = nn.Linear | nn.Conv1d | nn.Conv2d


@torch.no_grad()
def clip_weights(model: nn.Module, bound: float) -> None:
    """Cut every weight of the model to [-bound, bound]; in `gan.play`, `after` each step of D.

    Raises:
        ValueError: if the bound is not positive.

    Example:
        >>> layer = nn.Linear(3, 1)
        >>> clip_weights(layer, 0.01)
        >>> bool(layer.weight.abs().max() <= 0.01)
        True
    """
    check_positive("bound", bound)
    for weight in model.parameters():
        weight.clamp_(-bound, bound)


class Divided(nn.Module):
    """A weight divided by its largest singular value, which is followed by power iteration.

    A convolution's weight (out, in, h, w) is read as a table of `out` rows, as Miyato et al. do;
    the convolution's own norm can be larger, by the root of its kernel's size at most.

    Args:
        weight: (out, ...), where to begin; start: steps of power iteration at the beginning.

    Example:
        >>> table = torch.diag(torch.tensor([4.0, 2.0]))
        >>> Divided(table)(table)[1, 1].item().__round__(4)
        0.5
    """

    def __init__(self, weight: Tensor, start: int = 20):
        super().__init__()
        check_count("start", start, 0)
        u = torch.randn(len(weight), device=weight.device)
        self.register_buffer("u", u / u.norm())
        for _ in range(start):
            self.u = self.better(weight.detach().flatten(1))[0]

    def better(self, table: Tensor) -> tuple[Tensor, Tensor]:
        """One step of power iteration: u -> v -> u, each the other's image, at length 1."""
        v = table.T @ self.u
        v = v / v.norm().clamp(min=1e-12)
        u = table @ v
        return u / u.norm().clamp(min=1e-12), v

    def forward(self, weight: Tensor) -> Tensor:
        table = weight.flatten(1)
        with torch.no_grad():
            u, v = self.better(table)
            if self.training:
                self.u.copy_(u)
        return weight / (u @ table @ v)


def divide_by_norm(model: nn.Module) -> nn.Module:
    """Divide the weight of each linear and convolutional layer by its spectral norm, in place.

    One step of power iteration in each training pass keeps up with weights that move slowly.

    Raises:
        ValueError: if the model has no such layer.

    Example:
        >>> layer = divide_by_norm(nn.Linear(5, 3))
        >>> torch.linalg.matrix_norm(layer.weight, ord=2).item().__round__(2)
        1.0
    """
    layers = [layer for layer in model.modules() if isinstance(layer, LAYERS)]
    if not layers:
        raise ValueError("there is no linear or convolutional layer whose weight could be divided.")
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", Divided(layer.weight))
    return model
