"""The same thing on any ground: pictures of the picture world in which one factor was set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tutlib import world
from tutlib.assets.shelves import device
from tutlib.check.inputs import check_count
from tutlib.check.patience import bar


def on_ground(name: str, ground: str, seeds: Sequence[int], size: int = 48
              ) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Scenes of one thing on a ground of our choice, rendered now (0.05 CPU s each at 48 px).

    The same seed on another ground is the same thing in the same pose and light, seen from the
    same place: a counterfactual. (Its shadow and the light it gets back from the ground follow.)

    Args:
        name: one of `THINGS`; ground: "grass", "mud", "straw", "sand", "road", "floor" or "water"
            ("sky" would move the camera, too).
        seeds: which scenes, whole numbers from 0 on.
        size: side in pixels.

    Returns:
        Pictures (N, 3, size, size) in [0, 1] and masks (N, 1, size, size), True where the thing
        is; both on `device()`.

    Raises:
        ValueError: for a thing or ground that the world does not know, no seeds, a size below 8.

    Example:
        >>> (grass, there), (sand, _) = (on_ground("hog", g, [7], 16) for g in ("grass", "sand"))
        >>> grass.shape, there.shape
        (torch.Size([1, 3, 16, 16]), torch.Size([1, 1, 16, 16]))
        >>> bool((grass - sand).abs().mean() > 0.05)
        True
    """
    seeds = list(seeds)
    check_count("the number of seeds", len(seeds), 1)
    check_count("size", size, 8)
    if ground == "sky":
        raise ValueError('"sky" moves the camera, too: choose a ground that only lies there.')
    scenes = [world.scene(name, seed, ground=ground) for seed in seeds]
    frames = [world.render(scene, size) for scene in bar(scenes, f"pictures: {name} on {ground}")]
    rgb = torch.from_numpy(np.stack([frame.rgb for frame in frames])).permute(0, 3, 1, 2)
    mask = torch.from_numpy(np.stack([frame.mask for frame in frames]))[:, None]
    return rgb.contiguous().to(device()), mask.to(device())
