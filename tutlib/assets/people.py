"""A net that says what it sees in a face: smile, hair, glasses and so on, and the head's pose.

reader = assets.face_reader()
read = reader(world_or_generated_faces)      # (N, 3, 64, 64) in [0, 1]
read["smile"]       # (N, 2): how likely "no" and "yes"
read["yaw"]         # (N,): radians
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tutlib import world
from tutlib.assets import bundled
from tutlib.check.inputs import check_count, check_pictures
from tutlib.nets import Normalize, ResidualBlock, untouched
from tutlib.world import Choice, Sheet, faces

SIZE = 64  # the side of the pictures it learnt from
READ = ("smile", "man", "beard", "glasses", "hair", "hair_colour", "skin", "yaw", "nod")


def people(count: int, seed: int = 0, size: int = SIZE, *, device="cpu", **asked) -> Sheet:
    """Faces with known attributes: `world.portray`, for lessons.

    Example:
        >>> from tutlib import assets
        >>> assets.people(2, seed=0, size=16, smile="yes").factors["smile"].tolist()
        [1, 1]
    """
    return world.portray(count, seed, size, device=device, **asked)


class FaceReader(nn.Module):
    """From faces (N, 3, H, W) to a dict: probabilities (N, options), and angles (N,) in radians.

    Attributes:
        options: for each attribute its words, in the order of the probabilities.
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net
        self.options = {name: faces.FACTORS[name].options for name in READ
                        if isinstance(faces.FACTORS[name], Choice)}  # fmt: skip

    @torch.no_grad()
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """What is seen in each picture.

        Raises:
            ValueError: if these are no colour pictures of SIZE x SIZE pixels in [0, 1].
        """
        check_pictures(x)
        if tuple(x.shape[1:]) != (3, SIZE, SIZE):
            raise ValueError(
                f"the face reader looks at pictures (N, 3, {SIZE}, {SIZE}), "
                f"and these are {tuple(x.shape)}: F.interpolate changes their size."
            )
        with untouched(self.net):
            parts = [heads(self.net(part)) for part in x.split(200)]
        found = {name: torch.cat([part[name] for part in parts]) for name in READ}
        return {k: v.softmax(1) if k in self.options else v for k, v in found.items()}

    def says(self, x: Tensor) -> dict[str, Tensor]:
        """The likeliest option of each attribute (N,), as in a sheet's factors; and the angles."""
        return {k: v.argmax(1) if k in self.options else v for k, v in self(x).items()}


def reader_net(width: int = 24) -> nn.Sequential:
    """The untrained net behind `FaceReader`: (N, 3, 64, 64) to 23 numbers.

    Example:
        >>> reader_net(width=2).eval()(torch.rand(1, 3, 64, 64)).shape
        torch.Size([1, 23])
    """
    check_count("width", width, 1)
    widths = (width, width * 4 // 3, 2 * width, 3 * width)
    outputs = sum(_outputs(name) for name in READ)
    return nn.Sequential(
        Normalize(),
        nn.Conv2d(3, widths[0], 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
        ResidualBlock(widths[0], widths[1], stride=2),
        ResidualBlock(widths[1], widths[2], stride=2),
        ResidualBlock(widths[2], widths[3], stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(widths[3], outputs),
    )


def heads(outputs: Tensor) -> dict[str, Tensor]:
    """Cut the net's outputs (N, 23) into logits (N, options) and angles (N,) by name."""
    parts = outputs.split([_outputs(name) for name in READ], dim=1)
    return {name: part if part.shape[1] > 1 else part[:, 0] for name, part in zip(READ, parts)}


def _outputs(name: str) -> int:
    kind = faces.FACTORS[name]
    return len(kind.options) if isinstance(kind, Choice) else 1


def face_reader() -> FaceReader:
    """The bundled net that reads faces, on the CPU (``.to(device)`` moves it).

    It learnt from drawn faces only (`people`), and knows nothing about photographs.
    """
    return FaceReader(bundled.load_weights(reader_net(), "faces-reader")).eval()
