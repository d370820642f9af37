"""BEGAN: a discriminator that redraws the picture, and a balance (Berthelot et al., 2017)."""

from __future__ import annotations

from torch import Tensor, nn

from tutlib.check.inputs import check_positive
from tutlib.gan.losses import Loss, wasserstein_g


class Redrawer(nn.Module):
    """An autoencoder as discriminator: its score is minus its error, pictures (N, ...) -> (N,).

    Args:
        encoder: from pictures (N, C, H, W) in [0, 1] to codes (N, k); decoder: back to pictures.

    Example:
        >>> same = Redrawer(nn.Flatten(), nn.Unflatten(1, (1, 2, 2)))  # it redraws perfectly
        >>> same(torch.rand(3, 1, 2, 2)).abs()
        tensor([0., 0., 0.])
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def redraw(self, x: Tensor) -> Tensor:
        """The picture as it comes out again."""
        return self.decoder(self.encoder(x).flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        return -(self.redraw(x) - x).abs().flatten(1).mean(1)


class Balance:
    """k_t, which decides how much D cares about generated pictures; it moves with every call.

    With errors L = -score, D lowers L(real) - k L(fake); then k <- k + pace (gamma L(real) -
    L(fake)), kept in [0, 1]. So k rises while generated pictures are redrawn too well.

    Attributes:
        k: the weight now; quality: L(real) + |gamma L(real) - L(fake)|, Berthelot's measure.

    Example:
        >>> balance = Balance(gamma=0.5, pace=0.1)
        >>> balance(torch.tensor([-2.0]), torch.tensor([-3.0]))  # k is 0: only L(real) counts
        tensor(2.)
        >>> balance.k  # 0.1 * (0.5 * 2 - 3) is negative
        0.0
    """

    def __init__(self, gamma: float = 0.5, pace: float = 1e-3):
        check_positive("gamma", gamma)
        check_positive("pace", pace)
        self.gamma, self.pace, self.k, self.quality = gamma, pace, 0.0, float("nan")

    def __call__(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        real, fake = -real_scores.mean(), -fake_scores.mean()
        loss = real - self.k * fake
        lead = self.gamma * real.item() - fake.item()
        self.k = min(1.0, max(0.0, self.k + self.pace * lead))
        self.quality = real.item() + abs(lead)
        return loss


def boundary_equilibrium(gamma: float = 0.5, pace: float = 1e-3) -> Loss:
    """BEGAN's loss for `gan.play`, with a `Balance` of its own: make a new one for each game.

    Example:
        >>> boundary_equilibrium().generator(torch.tensor([-0.25]))  # G lowers its own error
        tensor(0.2500)
    """
    return Loss(Balance(gamma, pace), wasserstein_g)
