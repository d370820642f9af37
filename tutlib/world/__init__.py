"""A small world of ten things, ray-marched from signed distances in plain numpy.

    from tutlib import world
    scene = world.scene("hog", seed=3)
    frame = world.render(scene, size=224)      # frame.rgb, .mask, .depth, .normal, .colour, .camera

Every random factor of a picture is a field of its `Scene`, so it is known, and can be changed.
"""

from . import birds, cats, household, mammals, vehicles  # noqa: F401  (they register their things)
from .camera import Camera
from .render import Frame, render
from .scene import Scene, scene
from .thing import NAMES, THINGS, Draw, Thing, register

__all__ = [
    "NAMES",
    "THINGS",
    "Camera",
    "Draw",
    "Frame",
    "Scene",
    "Thing",
    "register",
    "render",
    "scene",
]
