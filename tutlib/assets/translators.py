"""The bundled nets of lesson 5.6: who translates, and who reads what came of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tutlib import gan
from tutlib.assets import bundled
from tutlib.nets import untouched

WIDTH = 20
TRANSLATORS = {  # name -> the file it lies in, and its place there
    "outline to horse": ("pix2pix", None),
    "horse to zebra": ("cyclegan", "0"),
    "zebra to horse": ("cyclegan", "1"),
}


POSE = {"turn": (1.3, 0.32), "distance": (1.06, 0.058), "head": (0.0, 0.26)}  # mean, deviation


class HerdReader(nn.Module):
    """Reads drawn horses and zebras: which of the two, which way they look, whose coat.

    It learnt from pictures whose every factor is known, with some noise on them. Pictures
    (N, 3, 64, 64) in [0, 1] -> (N, 9): logits for "zebra" and for "looks right", the factors of
    `POSE`, standardised, and logits for the four coats a horse may have.

    Example:
        >>> HerdReader()(torch.rand(2, 3, 64, 64)).shape
        torch.Size([2, 9])
    """

    def __init__(self):
        super().__init__()
        layers, before = [], 3
        for maps in (12, 24, 48, 48):
            layers += [nn.Conv2d(before, maps, 4, stride=2, padding=1), nn.BatchNorm2d(maps)]
            layers += [nn.ReLU()]
            before = maps
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * before, 48), nn.ReLU())
        self.last = nn.Linear(48, 9)

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 4 or tuple(x.shape[1:]) != (3, 64, 64):
            raise ValueError(f"pictures (N, 3, 64, 64) are read, not {tuple(x.shape)}.")
        return self.last(self.body(x))

    @torch.no_grad()
    def read(self, x: Tensor) -> dict[str, Tensor]:
        """What is on the pictures, 500 at a time, each entry (N,).

        "zebra": how surely, in [0, 1]; "side": 0 left, 1 right; "turn", "distance", "head": as the
        factors of `assets.herd`; "tint": the likeliest of the four coats.

        Example:
            >>> HerdReader().read(torch.rand(2, 3, 64, 64))["tint"].shape
            torch.Size([2])
        """
        with untouched(self):
            said = torch.cat([self(part) for part in x.split(500)])
        pose = {name: mean + deviation * said[:, 2 + i]
                for i, (name, (mean, deviation)) in enumerate(POSE.items())}  # fmt: skip
        return {"zebra": said[:, 0].sigmoid(), "side": (said[:, 1] > 0).long(), **pose,
                "tint": said[:, 5:].argmax(1)}  # fmt: skip


def translator(name: str) -> nn.Module:
    """One of the nets that translate 64-pixel pictures, see `TRANSLATORS`; on the CPU.

    Raises:
        ValueError: if there is no such net.
    """
    if name not in TRANSLATORS:
        raise ValueError(f"a translator is one of {'; '.join(TRANSLATORS)}: not {name!r}.")
    file, place = TRANSLATORS[name]
    net = _loaded(file) if place is None else _loaded(file)[int(place)]
    return net.requires_grad_(False)


def herd_reader() -> HerdReader:
    """The net that reads horses and zebras; on the CPU."""
    return bundled.load_weights(HerdReader(), "herd-reader").requires_grad_(False)


def _loaded(file: str) -> nn.Module:
    """Anew with every call, so that who changes a net changes nobody else's."""
    return bundled.load_weights(blank(file), file)


def blank(file: str) -> nn.Module:
    """The untrained net, or pair of nets, that a file of `data/` fills."""
    if file == "pix2pix":
        return gan.UNet(1, 3, WIDTH)
    return nn.ModuleList(gan.Repainter(WIDTH) for _ in range(2))
