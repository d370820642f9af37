"""A small world of ten things, ray-marched from signed distances, and of drawn digits, in numpy.

    from tutlib import world
    scene = world.scene("hog", seed=3)
    frame = world.render(scene, size=224)      # frame.rgb, .mask, .depth, .normal, .colour, .camera

    sheet = world.write(1000, seed=0)          # sheet.pictures, .labels, .factors

Every random factor of a picture is a field of its `Scene` (of a digit: one of the `factors`), so it
is known, and can be changed.
"""

from . import birds, cats, household, mammals, vehicles  # noqa: F401  (they register their things)
from .camera import Camera
from .decal import Decal
from .handwriting import HABITS, WRITERS, Handwriting, write
from .render import Frame, render
from .scene import Scene, scene
from .signs import SIGNS, face, on_the_plate
from .thing import NAMES, THINGS, Draw, Thing, register

__all__ = [
    "HABITS",
    "NAMES",
    "SIGNS",
    "THINGS",
    "WRITERS",
    "Camera",
    "Decal",
    "Draw",
    "Frame",
    "Handwriting",
    "Scene",
    "Thing",
    "face",
    "on_the_plate",
    "register",
    "render",
    "scene",
    "write",
]
