"""The faces of lesson 5.3: portraits all drawn alike, the forger that learnt them, their reader.

    sheet = assets.portraits(8, seed=0)         # .pictures (8, 3, 64, 64), .factors["smile"], ...
    forger, reader = assets.face_forger(), assets.face_reader()
    reader.says(gan.sample(forger, torch.randn(8, 32)))["smile"]        # (8,): 0 no, 1 yes

What is no question of the lesson (wall, light, nod, the run of the hair) is the same in every
portrait; the head turns a little, the other attributes have dice of their own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tutlib import world
from tutlib.assets import bundled
from tutlib.check.inputs import check_count, check_pictures
from tutlib.gan import Forger
from tutlib.nets import Normalize, ResidualBlock, untouched
from tutlib.world import Sheet
from tutlib.world.faces import FACTORS as FACES

SIDE, WIDTH = 64, 20  # pixels; maps of the reader's first layer
Z_SIZE, MAPS = 32, (160, 160, 80, 40, 16)  # the forger's numbers, and its maps at 4 to 64 pixels
TURN = 0.3  # radians, from the leftmost head to the rightmost
READ = ("smile", "man", "beard", "glasses", "hair", "hair_colour", "skin")
ALIKE = {
    "nod": 0.0, "width": 1.0, "eye_size": 1.05, "nose": 1.0, "curls": 0.5, "parting": 0.3,
    "wall": "sand", "light": 0.5, "shift": 3.0,
}  # fmt: skip


def portraits(count: int, seed: int = 0, **asked) -> Sheet:
    """Draw `count` portraits, the same ones for the same seed; `asked` as for `portray`.

    Example:
        >>> portraits(2, seed=0, smile="yes").factors["smile"].tolist()
        [1, 1]
    """
    check_count("count", count, 1)
    turn = torch.rand(count, generator=torch.Generator().manual_seed(seed))
    given = ALIKE | {"yaw": (TURN * (turn - 0.5)).numpy()} | asked
    return world.portray(count, seed, SIDE, **given)


class FaceReader(nn.Module):
    """What is seen in faces (N, 3, 64, 64): for each attribute probabilities (N, options).

    Attributes:
        options: for each attribute its words, in the order of the probabilities.
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net
        self.options = {name: FACES[name].options for name in READ}

    @torch.no_grad()
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Raises ValueError if these are no colour pictures of 64 x 64 pixels in [0, 1]."""
        _check_faces(x)
        with untouched(self.net):
            logits = torch.cat([self.net(part) for part in x.split(200)])
        return {name: part.softmax(1) for name, part in heads(logits).items()}

    def says(self, x: Tensor) -> dict[str, Tensor]:
        """The likeliest option of each attribute (N,), numbered as in a sheet's factors."""
        return {name: part.argmax(1) for name, part in self(x).items()}

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """What the net's last layer sees of each face (N, F): a ruler that knows about faces."""
        _check_faces(x)
        with untouched(self.net):
            return torch.cat([self.net[:-1](part) for part in x.split(200)])


def _check_faces(x: Tensor) -> None:
    check_pictures(x)
    if tuple(x.shape[1:]) != (3, SIDE, SIDE):
        raise ValueError(
            f"the face reader looks at pictures (N, 3, {SIDE}, {SIDE}), and these are "
            f"{tuple(x.shape)}: F.interpolate changes their size."
        )


def reader_net(width: int = WIDTH) -> nn.Sequential:
    """The untrained net behind `FaceReader`: (N, 3, 64, 64) to 21 numbers.

    It keeps a grid of 4 x 4: a mouth is looked for where mouths are.

    Example:
        >>> reader_net(width=3).eval()(torch.rand(1, 3, 64, 64)).shape
        torch.Size([1, 21])
    """
    check_count("width", width, 3)
    widths = (width, width * 4 // 3, 2 * width, 3 * width)
    return nn.Sequential(
        Normalize(),
        nn.Conv2d(3, widths[0], 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
        ResidualBlock(widths[0], widths[1], stride=2),
        ResidualBlock(widths[1], widths[2], stride=2),
        ResidualBlock(widths[2], widths[3], stride=2),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(16 * widths[3], sum(len(FACES[name].options) for name in READ)),
    )


def heads(logits: Tensor) -> dict[str, Tensor]:
    """Cut the net's outputs (N, 21) into logits (N, options), by name."""
    return dict(zip(READ, logits.split([len(FACES[name].options) for name in READ], 1)))


def face_reader() -> FaceReader:
    """The bundled net that reads faces, on the CPU; it learnt from portraits and nothing else."""
    return FaceReader(bundled.load_weights(reader_net(), "faces-reader")).eval()


def face_forger() -> Forger:
    """The bundled forger of portraits, on the CPU: z (N, 32) -> pictures (N, 3, 64, 64)."""
    forger = bundled.load_weights(Forger(Z_SIZE, MAPS), "faces-forger").requires_grad_(False)
    return forger.to(memory_format=torch.channels_last)  # the same numbers, in half the time
