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
    camera = stage.camera
    d = camera.rays(u, v)
    picture, depth = _surroundings(stage, d)

    cell = stage.starts[(v // march.CELL).astype(int), (u // march.CELL).astype(int)]
    near = np.flatnonzero(np.isfinite(cell))
    eye = camera.eye[:, None]
    _, leave = march.ball_span(eye, d[:, near], margin=0.01)
    stop = np.minimum(leave, depth[near] + 0.002)
    t = march.first_hits(stage.sculpt, eye, d[:, near], cell[near], stop)
    found = np.isfinite(t)
    hit, t = near[found], t[found]
    if hit.size:
        pixel = float(t.mean()) * camera.pixel
        lit, normal, colour = _surface(stage, eye + d[:, hit] * t, d[:, hit], pixel)
        picture[:, hit], depth[hit] = lit, t
    else:
        normal = colour = np.zeros((3, 0), np.float32)
    return film(picture, stage.scene.exposure), depth, hit, normal, colour


def _surface(stage, p, d, pixel):
    """Light the thing at its surface points p, seen along d: (lit, normal, plain colour)."""
    n = p.shape[1]
    eps = 0.004
    around = (p[:, None, :] + eps * CORNERS[:, :, None]).reshape(3, -1)
    normal = CORNERS @ march.distance(stage.sculpt, around).reshape(4, n)
    normal = _unit(normal)
    colour, gloss = _painted(stage.sculpt, p, pixel)
    shading = _unit(normal + _fuzz(p, gloss))

    openness = np.ones(n, np.float32)
    for reach in (0.07, 0.2):  # how much of the surroundings other parts of the thing hide
        free = march.distance(stage.sculpt, p + shading * reach) / reach
        openness *= 1 - 0.6 * np.clip(1 - free, 0, 1)
    sunlit = np.zeros(n, np.float32)
    facing = np.flatnonzero((normal * stage.light.sun).sum(0) > -0.25)
    q = p[:, facing] + normal[:, facing] * 0.02
    sunlit[facing] = march.sunlight(stage.sculpt, q, stage.light.sun, 0.03)
    lit = shade(stage.light, d, shading, colour, gloss, sunlit, openness)
    return lit, normal, colour


def _painted(sculpt, p, pixel):
    """Plain colour (3, N) and gloss (N,) of the thing at its surface points."""
    clay = Clay(p, True, pixel)
    sculpt(clay)
    return np.clip(clay.colour, 0, 1).astype(np.float32), np.clip(clay.gloss, 0, 1)


def _fuzz(p, gloss):
    """Tiny dents of skin and fur; smooth where the surface is glossy."""
    amount = (1 - np.minimum(gloss * 4, 1)) * 0.2
    x, y, z = p[0] * 24, p[1] * 30, p[2] * 30
    return amount * np.stack([noise3(x + i, y, z + 9 * i) for i in range(3)])


def _unit(vectors):
    return vectors / (np.sqrt((vectors * vectors).sum(0)) + 1e-9)


def _surroundings(stage, d):
    """Everything but the thing: linear light (3, N) and depth (N,) along the rays d."""
    scene, eye = stage.scene, stage.camera.eye
    n = d.shape[1]
    picture, depth = np.empty((3, n), np.float32), np.full(n, np.inf, np.float32)
    plane = plane_length(eye, d) if scene.ground != "sky" else depth.copy()
    if scene.ground == "floor":
        limit, across = backdrop.wall_length(eye, d)
    else:
        limit, across = backdrop.tree_length(scene, d), None
    on_ground = plane < limit
    away = np.flatnonzero(~on_ground)
    if across is not None:
        depth[away] = limit[away]
        p = eye[:, None] + d[:, away] * limit[away]
        picture[:, away] = backdrop.wall(scene, p, across[away])
    elif away.size:
        colour = backdrop.sky(scene, stage.light, d[:, away])
        if scene.ground != "sky":
            colour = backdrop.landscape(scene, stage.light, stage.camera, d[:, away], colour)
        picture[:, away] = colour
    below = np.flatnonzero(on_ground)
    if below.size:
        picture[:, below], depth[below] = _ground(stage, d[:, below], plane[below], limit[below])
    return picture, depth


def _ground(stage, d, length, limit):
    """The ground along rays that meet its plane: linear light and the length of the rays."""
    scene, light, eye = stage.scene, stage.light, stage.camera.eye[:, None]
    # A pixel's shadow on the ground: stretched along the view, so take the mean of both widths.
    pixel = length * stage.camera.pixel / np.sqrt(np.maximum(-d[1], 0.02))
    blade = None
    if stage.ground.blades:
        length, *blade = blade_length(scene, stage.ground, stage.camera, d, length, pixel)
    p = eye + d * length
    near = np.flatnonzero(p[0] ** 2 + p[2] ** 2 < 3.0)
    gap = np.full(length.shape, 1.0, np.float32)
    if near.size:
        above = p[:, near] + np.array([[0], [0.12], [0]], np.float32)
        gap[near] = march.distance(stage.sculpt, above)
    if scene.ground == "water":
        lit = water(scene, light, p, d, gap - 0.1, pixel)
    else:
        openness = 0.35 + 0.65 * smoothstep(-0.08, 0.35, gap)
        sunlit = np.ones(length.shape, np.float32)
        enter, leave = march.ball_span(p, light.sun)
        shadowed = np.flatnonzero(leave > 0)
        start = enter[shadowed]
        sunlit[shadowed] = march.sunlight(stage.sculpt, p[:, shadowed], light.sun, start, 7.0)
        glow = light.sun_colour * (0.8 * light.sun[1]) * sunlit
        glow = glow + light.sky_colour * (0.55 * openness)
        lit = albedo(scene, light, p, pixel, blade) * glow
    if not light.indoor:
        haze = 1 - np.exp(-((length / 85) ** 1.3))
        lit = lit + (light.horizon * 0.85 - lit) * haze
        # Under the first trees it gets dark, so that no hard line is left where they begin.
        lit = lit * (1 - 0.75 * smoothstep(0.82, 1.0, length / limit))
    return lit, length
