"""A scene: which thing, and every random factor of its picture, as plain numbers."""

import dataclasses
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from .camera import orbit
from .decal import Decal
from .ground import GROUNDS
from .thing import THINGS, Draw

SKIES = ((0.10, 0.30, 0.72), (0.17, 0.35, 0.68), (0.14, 0.26, 0.52))
WALLS = (
    (0.55, 0.50, 0.42),
    (0.35, 0.42, 0.45),
    (0.50, 0.36, 0.32),
    (0.60, 0.58, 0.55),
    (0.27, 0.35, 0.28),
    (0.62, 0.52, 0.30),
)


@dataclass(frozen=True)
class Scene:
    """Everything that `render` needs; change a factor with `dataclasses.replace`.

    Angles are in radians, lengths in world units (a hog is about 1.8 long), colours linear RGB.
    The thing's own proportions and colours follow from (name, seed, traits).
    """

    name: str
    seed: int
    traits: Mapping = field(default_factory=dict, hash=False)  # handed to the thing's maker
    ground: str = "grass"
    # the camera: on a sphere around `aim`
    azimuth: float = 0.8
    elevation: float = 0.25
    distance: float = 4.3
    aim: tuple[float, float, float] = (0.0, 0.65, 0.0)
    fov: float = 0.62
    # the light
    sun_azimuth: float = 1.5
    sun_elevation: float = 0.9
    sun_strength: float = 2.8
    warmth: float = 0.0
    sky_strength: float = 0.7
    exposure: float = 0.6
    # the surroundings
    sky_colour: tuple[float, float, float] = SKIES[0]
    clouds: float = 0.5
    hills: float = 0.1
    wall_colour: tuple[float, float, float] = WALLS[0]
    wallpaper: int = 0  # 0 plain, 1 stripes, 2 boards
    tiles: bool = False  # a tiled floor instead of planks
    ground_tint: float = 1.0
    ground_scale: float = 1.0
    shift: float = 0.0  # where in the endless noise this scene lies
    grain: float = 0.007  # standard deviation of the sensor's noise
    decals: tuple[Decal, ...] = ()  # pictures glued to the thing, the last one on top


def _key(name):
    return zlib.crc32(name.encode())  # `hash` would differ from run to run


def scene(name, seed=0, *, traits=None, **factors):
    """The scene number `seed` of a thing; keyword factors override single fields of `Scene`.

    An override changes nothing else: scene("hog", 3, azimuth=1.0) is the hog of scene("hog", 3),
    in the same light, seen from another side.
    Raises ValueError for a name, ground or factor the world does not know.
    """
    if name not in THINGS:
        raise ValueError(f"the world has no {name!r}; it knows {', '.join(sorted(THINGS))}")
    if seed < 0:
        raise ValueError(f"a scene's seed is a whole number from 0 on, not {seed}")
    known = {f.name for f in dataclasses.fields(Scene)} - {"name", "seed", "traits"}
    if unknown := set(factors) - known:
        raise ValueError(f"a scene has no {sorted(unknown)}; change one of {sorted(known)}")
    thing = THINGS[name]
    drawn = {**_surroundings(thing, name, seed), **factors}
    if drawn["ground"] not in GROUNDS:
        raise ValueError(f"no ground {drawn['ground']!r}; choose one of {', '.join(GROUNDS)}")
    view = _viewpoint(thing, name, seed, drawn["ground"])
    light = _light(name, seed, view["azimuth"])
    return Scene(name, int(seed), dict(traits or {}), **{**view, **light, **drawn})


# The draws come from separate dice, so that a factor added to one leaves all others as they were.


def _viewpoint(thing, name, seed, ground):
    draw = Draw(1, _key(name), seed)
    low, high = (-0.45, 0.35) if ground == "sky" else thing.elevations
    return {
        "azimuth": draw.between(*thing.azimuths),
        "elevation": draw.between(low, high),
        "distance": draw.between(3.7, 5.2) / thing.zoom,
        "aim": (draw.between(-0.2, 0.2), draw.between(*thing.aim_heights), draw.between(-0.2, 0.2)),
    }


def _light(name, seed, azimuth):
    draw = Draw(2, _key(name), seed)
    side = draw.choose((-1, 1)) * draw.between(0.25, 1.3)  # a sun right behind the camera is flat
    return {
        "sun_azimuth": azimuth + side,
        "sun_elevation": draw.between(0.5, 1.15),
        "sun_strength": draw.between(2.4, 3.3),
        "warmth": draw.between(-0.08, 0.14),
        "sky_strength": draw.between(0.55, 0.9),
        "exposure": draw.between(0.52, 0.70),
    }


def _surroundings(thing, name, seed):
    draw = Draw(3, _key(name), seed)
    tint = draw.between(0.7, 1.1)
    return {
        "ground": draw.choose(thing.grounds),
        "sky_colour": tuple(c * draw.between(0.85, 1.15) for c in draw.choose(SKIES)),
        "clouds": draw.between(0.2, 1.0),
        "hills": draw.between(0.03, 0.15),
        "wall_colour": tuple(c * tint for c in draw.choose(WALLS)),
        "wallpaper": draw.choose((0, 1, 2)),
        "tiles": draw.chance(0.5),
        "ground_tint": draw.between(0.8, 1.15),
        "ground_scale": draw.between(0.8, 1.4),
        "shift": draw.between(0, 30),
    }


def sculpture(scene):
    """The thing of this scene as sculpt(clay)."""
    return THINGS[scene.name].make(Draw(0, _key(scene.name), scene.seed), **scene.traits)


def camera_of(scene, size):
    """The scene's `Camera` for a picture of size x size pixels."""
    if not (scene.distance > 0 and math.isfinite(scene.distance)):
        raise ValueError(f"the camera's distance must be positive, not {scene.distance}")
    if size < 1:
        raise ValueError(f"a picture needs a size of at least one pixel, not {size}")
    floor = {} if scene.ground != "sky" else {"floor": None}
    view = (scene.azimuth, scene.elevation, scene.distance, scene.aim, scene.fov)
    return orbit(*view, size, **floor)
