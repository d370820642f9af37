"""The panel of lesson 5.3: a plane of latent space to drag in, and sliders for attributes."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib import assets, gan
from tutlib.panel import Pad, Panel, Slider
from tutlib.plots.latent import pad as draw

DIALS = ("smile", "glasses", "beard", "man", "long hair")
POOL = 600  # faces that are read, to find the directions


def has(read: dict[str, Tensor]) -> dict[str, Tensor]:
    """How likely each of `DIALS` is, from what `FaceReader` says: (N,) each."""
    return {name: read["hair"][:, 2] if name == "long hair" else read[name][:, 1] for name in DIALS}


def directions(forger, reader, z: Tensor) -> dict[str, Tensor]:
    """For each of `DIALS` the way in z that turns it on, freed from the others' ways: (d,) each.

    Each is one unit of the difference between those with it and those without it.
    """
    found = {k: gan.direction(z, v > 0.5) for k, v in has(reader(gan.sample(forger, z))).items()}
    return {
        name: gan.without(v, torch.stack([w for k, w in found.items() if k != name]))
        for name, v in found.items()
    }


def walk_with_a_finger(*, seed: int = 0, device: torch.device | str = "cpu") -> Panel:
    """Drag in the plane through three faces; turn on a smile, glasses, a beard, longer hair."""
    forger, reader = assets.face_forger().to(device), assets.face_reader().to(device)
    chance = torch.Generator().manual_seed(seed)
    pool = torch.randn(POOL, forger.z_size, generator=chance).to(device)
    ways = directions(forger, reader, pool)
    corner, right, up = pool[:3]
    # Two axes of one length at right angles, so that the pad is a true map of its plane.
    usual = forger.z_size**0.5
    right = usual * torch.nn.functional.normalize(right - corner, dim=0)
    up = gan.without(up - corner, right[None])
    up = usual * torch.nn.functional.normalize(up, dim=0)

    def compute(state: dict) -> tuple[Tensor, dict[str, float], float]:
        across, upwards = state["place"]
        z = corner + across * right + upwards * up
        for name, way in ways.items():
            z = z + float(state[name]) * way
        face = gan.sample(forger, z[None])
        said = {name: value.item() for name, value in has(reader(face)).items()}
        return face[0].cpu(), said, z.norm().item()

    def dial(name: str) -> Slider:
        return Slider(name, stops=[-1.5, -1, -0.5, 0, 0.5, 1, 1.5], value=0,
                      help=f"how far along the way of: {name}")  # fmt: skip

    return Panel(
        compute,
        lambda found: draw(*found, usual),
        [Pad("place", x=(-1.5, 1.5), y=(-1.5, 1.5), value=(0.0, 0.0), label="a plane in z",
             names=("across", "up"), step=(0.1, 0.1)), *map(dial, DIALS)],
        title="Walk with a finger",
        question="You push the slider for the beard on somebody whom the reader takes for a woman. "
        "What else will move?",
        answers=("only the beard", "the jaw as well: a man", "the whole person"),
        reveal="Try it on three or four places of the pad: what moves along depends on where you "
        "stand. The directions are averages over hundreds of faces.",
        caption="Drag the point: each place is a face. The sliders add a direction; the bars are "
        "what a net that reads drawn faces says.",
        frozen={"place": [(-1.0, 0.0), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0)],
                "smile": [-1.5, 0, 1.5]},
        strip=[{"place": (x, 0.0)} for x in (-1.0, 0.0, 1.0)],
        alt=lambda state, found: "a generated face; the reader says " + ", ".join(
            f"{name} {100 * value:.0f} %" for name, value in found[1].items()),
    )  # fmt: skip
