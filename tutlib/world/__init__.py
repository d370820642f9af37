"""A small world of ten things, ray-marched from signed distances; drawn digits, faces and animals.

    from tutlib import world
    scene = world.scene("hog", seed=3)
    frame = world.render(scene, size=224)      # frame.rgb, .mask, .depth, .normal, .colour, .camera

    sheet = world.write(1000, seed=0)          # sheet.pictures, .labels, .factors

    people = world.portray(64, seed=0)         # faces whose smile, hair, beard, glasses are known
    birds = world.flock(64, seed=0)            # coloured birds; world.captions(birds.factors)
    zebras = world.herd(64, seed=0, coat="zebra")    # and the same animals with coat="horse"
    lines = world.outline(frame)               # what a pencil would draw of a scene

Every random factor of a picture is a field of its `Scene` (of a digit: one of the `factors`), so it
is known, and can be changed.
"""

from . import birds, cats, household, mammals, vehicles  # noqa: F401  (they register their things)
from .camera import Camera
from .captions import CaptionError, captions, read_caption
from .decal import Decal
from .faces import portray
from .factors import Choice, Sheet, Span
from .flock import beaks_at, flock, is_kept_back
from .handwriting import HABITS, WRITERS, Handwriting, write
from .herd import herd
from .outlines import outline
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
    "CaptionError",
    "Choice",
    "Decal",
    "Draw",
    "Frame",
    "Handwriting",
    "Scene",
    "Sheet",
    "Span",
    "Thing",
    "beaks_at",
    "captions",
    "face",
    "flock",
    "herd",
    "is_kept_back",
    "on_the_plate",
    "outline",
    "portray",
    "read_caption",
    "register",
    "render",
    "scene",
    "write",
]
