"""From a scene to a picture, and to everything that is known about it."""

from dataclasses import dataclass

import numpy as np

from . import backdrop, march
from .camera import Camera
from .ground import GROUNDS, albedo, blade_length, plane_length, water
from .light import film, light_of, shade
from .noise import noise3, smoothstep
from .scene import camera_of, sculpture
from .shapes import Clay

CORNERS = np.array([[1, -1, -1, 1], [-1, -1, 1, 1], [-1, 1, -1, 1]], np.float32)  # a tetrahedron
SUBPIXELS = np.array([[-3, -1, 1, 3], [-1, 3, -3, 1]], np.float32) / 8  # right, down
AWAY, GROUND, THING = 0, 1, 2  # what a ray meets


@dataclass(frozen=True)
class Frame:
    """A picture and its ground truth; H = W = size, all float32 but the mask.

    rgb (H, W, 3) in [0, 1]; mask (H, W) bool, where the thing is; depth (H, W), the length of the
    ray to whatever is seen, inf for the sky; normal (H, W, 3), unit length on the thing and zero
    elsewhere; colour (H, W, 3), the thing's plain colour without any light (linear, zero
    elsewhere); camera, to project points to pixels.
    """

    rgb: np.ndarray
    mask: np.ndarray
    depth: np.ndarray
    normal: np.ndarray
    colour: np.ndarray
    camera: Camera


@dataclass(frozen=True)
class _Stage:
    """What stays the same for all rays of a picture."""

    scene: object
    sculpt: object
    camera: Camera
    ground: object
    light: object
    starts: np.ndarray  # how far the rays of each coarse cell may jump at once


def render(scene, size=224):
    """Take the picture of a `Scene`, size x size pixels. Returns a `Frame`."""
    camera, sculpt, ground = camera_of(scene, size), sculpture(scene), GROUNDS[scene.ground]
    starts = march.coarse_starts(sculpt, camera)
    stage = _Stage(scene, sculpt, camera, ground, light_of(scene, ground), starts)
    v, u = np.divmod(np.arange(size * size), size)
    rgb, depth, hit, normal, colour = _look(stage, u + 0.5, v + 0.5)
    mask = np.zeros(size * size, bool)
    mask[hit] = True

    colour = _spread(colour, hit, size)
    edge = np.flatnonzero(_edges(mask.reshape(size, size), depth.reshape(size, size), colour))
    if edge.size:
        right, down = (at[edge, None] + 0.5 + step for at, step in zip((u, v), SUBPIXELS))
        fine = _look(stage, right.ravel(), down.ravel())[0]
        rgb[:, edge] = fine.reshape(3, edge.size, -1).mean(2)

    grain = np.random.default_rng((4, scene.seed)).standard_normal(size * size, np.float32)
    rgb = np.clip(rgb + scene.grain * grain, 0, 1)
    return Frame(
        rgb=np.ascontiguousarray(rgb.T).reshape(size, size, 3),
        mask=mask.reshape(size, size),
        depth=depth.reshape(size, size),
        normal=_spread(normal, hit, size),
        colour=colour,
        camera=camera,
    )


def _spread(values, where, size):
    """Values (3, K) of the pixels `where`, as a picture with zeros elsewhere."""
    picture = np.zeros((size * size, 3), np.float32)
    picture[where] = values.T
    return picture.reshape(size, size, 3)


def _edges(mask, depth, colour):
    """Pixels at an outline, a fold or a sharp mark of the thing: worth several rays each."""
    near = np.where(mask, depth, np.float32(100))
    edge = np.zeros(mask.shape, bool)
    for axis in (0, 1):
        jump = abs(np.diff(near, axis=axis)) > 0.08
        jump |= abs(np.diff(colour, axis=axis)).max(2) > 0.22
        first = (slice(None), slice(0, -1)) if axis else (slice(0, -1), slice(None))
        second = (slice(None), slice(1, None)) if axis else (slice(1, None), slice(None))
        edge[first] |= jump
        edge[second] |= jump
    return edge


def _look(stage, u, v):
    """Follow the rays through the picture positions (u, v).

    Returns film values (3, N), depth (N,), and for the K rays that meet the thing: their indices,
    normals (3, K) and plain colours (3, K).
    """
    d = stage.camera.rays(u, v)
    eye = stage.camera.eye[:, None]
    depth, end, blades, across = _reach(stage, d)
    hit = _meet_thing(stage, d, u, v, depth)  # from here on, depth knows the thing
    kind = np.where(depth < end, GROUND, AWAY)
    kind[hit] = THING
    ground, away = np.flatnonzero(kind == GROUND), np.flatnonzero(kind == AWAY)

    p, q = eye + d[:, hit] * depth[hit], eye + d[:, ground] * depth[ground]
    normal = _normals(stage.sculpt, p)
    sun_thing, sun_ground = _sunlit(stage, p, normal, q)
    picture = np.empty(d.shape, np.float32)
    picture[:, hit], colour = _surface(stage, p, d[:, hit], depth[hit], normal, sun_thing)
    if ground.size:
        seen = d[:, ground], depth[ground], end[ground], blades[:, ground]
        picture[:, ground] = _ground(stage, q, *seen, sun_ground)
    if across is not None:
        wall = eye + d[:, away] * depth[away]
        picture[:, away] = backdrop.wall(stage.scene, wall, across[away])
    elif away.size:
        picture[:, away] = backdrop.scenery(stage.scene, stage.light, stage.camera, d[:, away])
        depth[away] = np.inf
    return film(picture, stage.scene.exposure), depth, hit, normal, colour


def _reach(stage, d):
    """How far the rays d (3, N) go in a world without the thing.

    Returns depth (N,); end (N,), where the ground ends, so that depth < end on the ground; what
    grows there (3, N), see `ground.blade_length`; and which pair of walls a ray meets (None: none).
    """
    scene, eye, n = stage.scene, stage.camera.eye, d.shape[1]
    blades = np.zeros((3, n), np.float32)
    if scene.ground == "sky":
        return np.full(n, np.inf, np.float32), np.full(n, -1, np.float32), blades, None
    plane, across = plane_length(eye, d), None
    if scene.ground == "floor":
        end, across = backdrop.wall_length(eye, d)
    else:
        end = backdrop.tree_length(scene, d)
    depth = np.minimum(plane, end)
    if stage.ground.blades:
        low = np.flatnonzero(plane < end)
        pixel = _pixel(stage.camera, plane[low], d[:, low])
        depth[low], *grown = blade_length(scene, stage.camera, d[:, low], plane[low], pixel)
        blades[:, low] = grown
    return depth, end, blades, across


def _pixel(camera, length, d):
    """Width of a pixel on the ground: stretched along the view, so the mean of both widths."""
    return length * camera.pixel / np.sqrt(np.maximum(-d[1], 0.02))


def _meet_thing(stage, d, u, v, depth):
    """Indices of the rays that meet the thing first; writes its distance into `depth`."""
    cell = stage.starts[(v // march.CELL).astype(int), (u // march.CELL).astype(int)]
    near = np.flatnonzero(np.isfinite(cell))
    eye = stage.camera.eye[:, None]
    _, leave = march.ball_span(eye, d[:, near], margin=0.01)
    stop = np.minimum(leave, depth[near] + 0.002)
    t = march.first_hits(stage.sculpt, eye, d[:, near], cell[near], stop)
    found = np.isfinite(t)
    depth[near[found]] = t[found]
    return near[found]


def _normals(sculpt, p):
    """Unit normals (3, N) at surface points, from four distances around each."""
    around = (p[:, None, :] + 0.004 * CORNERS[:, :, None]).reshape(3, -1)
    return _unit(CORNERS @ march.distance(sculpt, around).reshape(4, p.shape[1]))


def _sunlit(stage, p, normal, q):
    """Share of the sun at the thing's points p and at the ground's points q, in one march."""
    sun = stage.light.sun
    on_thing, on_ground = np.zeros(p.shape[1], np.float32), np.ones(q.shape[1], np.float32)
    facing = np.flatnonzero((normal * sun).sum(0) > -0.25)
    enter, leave = march.ball_span(q, sun)
    shaded = np.flatnonzero(leave > 0)
    if stage.scene.ground == "water":  # too lively to hold a shadow
        shaded = shaded[:0]
    points = np.concatenate([p[:, facing] + 0.02 * normal[:, facing], q[:, shaded]], axis=1)
    start = np.concatenate([np.full(facing.size, 0.03, np.float32), enter[shaded]])
    light = march.sunlight(stage.sculpt, points, sun, start)
    on_thing[facing], on_ground[shaded] = light[: facing.size], light[facing.size :]
    return on_thing, on_ground


def _surface(stage, p, d, depth, normal, sunlit):
    """The thing at its surface points p, seen along d: (light, plain colour), both (3, N)."""
    if not p.size:
        return p, p
    colour, gloss = _painted(stage, p, float(depth.mean()) * stage.camera.pixel)
    shading = _unit(normal + _fuzz(p, gloss))
    openness = np.ones(p.shape[1], np.float32)
    for reach in (0.07, 0.2):  # how much of the surroundings other parts of the thing hide
        free = march.distance(stage.sculpt, p + shading * reach) / reach
        openness *= 1 - 0.6 * np.clip(1 - free, 0, 1)
    return shade(stage.light, d, shading, colour, gloss, sunlit, openness), colour


def _painted(stage, p, pixel):
    """Plain colour (3, N) and gloss (N,) of the thing at its surface points."""
    clay = Clay(p, True, pixel)
    stage.sculpt(clay)
    for decal in stage.scene.decals:
        decal.paint(clay)
    return np.clip(clay.colour, 0, 1).astype(np.float32), np.clip(clay.gloss, 0, 1)


def _fuzz(p, gloss):
    """Tiny dents of skin and fur; smooth where the surface is glossy."""
    amount = (1 - np.minimum(gloss * 4, 1)) * 0.2
    x, y, z = p[0] * 24, p[1] * 30, p[2] * 30
    return amount * np.stack([noise3(x + i, y, z + 9 * i) for i in range(3)])


def _unit(vectors):
    return vectors / (np.sqrt((vectors * vectors).sum(0)) + 1e-9)


def _ground(stage, p, d, depth, end, blades, sunlit):
    """Light (3, N) from the ground's points p, seen along d at the given depth."""
    scene, light = stage.scene, stage.light
    pixel = _pixel(stage.camera, depth, d)
    near = np.flatnonzero(p[0] ** 2 + p[2] ** 2 < 3.0)
    gap = np.full(depth.shape, 1.0, np.float32)
    if near.size:
        above = p[:, near] + np.array([[0], [0.12], [0]], np.float32)
        gap[near] = march.distance(stage.sculpt, above)
    if scene.ground == "water":
        lit = water(scene, light, p, d, gap - 0.1, pixel)
    else:
        openness = 0.35 + 0.65 * smoothstep(-0.08, 0.35, gap)
        glow = light.sun_colour * (0.8 * light.sun[1]) * sunlit
        glow = glow + light.sky_colour * (0.55 * openness)
        lit = albedo(scene, light, p, pixel, blades if stage.ground.blades else None) * glow
    if light.indoor:
        return lit
    haze = 1 - np.exp(-((depth / 85) ** 1.3))
    lit = lit + (light.horizon * 0.85 - lit) * haze
    # Under the first trees it gets dark, so that no hard line is left where they begin.
    return lit * (1 - 0.75 * smoothstep(0.82, 1.0, depth / end))
