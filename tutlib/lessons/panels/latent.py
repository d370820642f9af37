"""The panel of lesson 5.3: a plane of latent space to drag in, and sliders for attributes."""

from __future__ import annotations

import torch
from torch import Tensor

from tutlib import assets, gan
from tutlib.panel import Pad, Panel, Slider
from tutlib.plots.latent import pad as draw

DIALS = {"smile": "smile", "glasses": "glasses", "beard": "beard", "long hair": "hair",
         "dark skin": "skin"}  # fmt: skip
LATER = {"hair": 2, "skin": 3}  # the option from which on a dial's word holds (else 1)
POOL = 600  # faces that are read, to find the directions


def has(read: dict[str, Tensor]) -> dict[str, Tensor]:
    """How likely each of `DIALS` is, from what `FaceReader` says: (N,) each."""
    return {dial: read[name][:, LATER.get(name, 1) :].sum(1) for dial, name in DIALS.items()}


def directions(forger, reader, z: Tensor) -> dict[str, Tensor]:
    """For each of `DIALS` the way in z that turns it on: (d,) each, of length 1.

    Each is the difference between those with it and those without it, at right angles to the ways
    of all options of all other attributes.
    """
    read = reader(torch.cat([gan.sample(forger, part) for part in z.split(100)]))
    options = [(name, p.argmax(1) == k) for name, p in read.items() for k in range(p.shape[1])]
    ways = [(name, gan.direction(z, v)) for name, v in options if 0 < int(v.sum()) < len(v)]
    found = {}
    for dial, p in has(read).items():
        others = [way for name, way in ways if name != DIALS[dial]]
        free = gan.without(gan.direction(z, p > 0.5), torch.stack(others))
        found[dial] = torch.nn.functional.normalize(free, dim=0)
    return found


def walk_with_a_finger(*, seed: int = 0, device: torch.device | str = "cpu") -> Panel:
    """Drag in the plane through three faces; a slider each for smile, glasses, beard, hair, skin.

    Every place of the pad is brought to the length that dice have; the sliders come on top.
    """
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
        z = usual * torch.nn.functional.normalize(z, dim=0)
        for name, way in ways.items():
            z = z + float(state[name]) * way
        face = gan.sample(forger, z[None])
        said = {name: value.item() for name, value in has(reader(face)).items()}
        return face[0].cpu(), said, z.norm().item()

    def dial(name: str) -> Slider:
        return Slider(name, stops=list(range(-4, 5)), value=0,
                      help=f"how far along the arrow of: {name}")  # fmt: skip

    return Panel(
        compute,
        lambda found: draw(*found, usual),
        [Pad("place", x=(-1.5, 1.5), y=(-1.5, 1.5), value=(0.0, 0.0), label="a plane in z",
             names=("across", "up"), step=(0.1, 0.1)), *map(dial, DIALS)],
        title="Walk with a finger",
        question="Push one slider to the right, then another. Which one changes more of the "
        "person than its word says?",
        answers=("glasses", "the beard", "all alike"),
        reveal="Try it on three or four places of the pad: what moves along depends on where you "
        "stand. The arrows are averages over hundreds of faces, freed from each other's shadows.",
        caption="Drag the point: each place is a face. The sliders add a direction; the bars are "
        "what a net that reads drawn faces says.",
        frozen={"place": [(-1.0, 0.0), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0)],
                "smile": [-4, 0, 4]},
        strip=[{"place": (x, 0.0)} for x in (-1.0, 0.0, 1.0)],
        alt=lambda state, found: "a generated face; the reader says " + ", ".join(
            f"{name} {100 * value:.0f} %" for name, value in found[1].items()),
    )  # fmt: skip
