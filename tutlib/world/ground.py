"""The ground: where rays meet it, what it looks like there, and grass that stands up from it."""

from dataclasses import dataclass

import numpy as np

from .noise import fbm2, noise2, scatter, smoothstep
from .shapes import rgb


@dataclass(frozen=True)
class Ground:
    """One kind of ground: its range of colours, grains per unit, how rough they
    look, and how patchy it is on the large scale.

    blades: height of what grows on it (0: nothing); lying: how far the blades lean over.
    """

    dark: np.ndarray
    light: np.ndarray
    grain: float = 9.0
    rough: float = 0.3
    patchy: float = 1.0
    blades: float = 0.0
    lying: float = 0.5


GROUNDS = {
    "grass": Ground(rgb(0.055, 0.085, 0.022), rgb(0.17, 0.20, 0.065), 7, 0.5, 1.0, 0.11, 0.6),
    "mud": Ground(rgb(0.11, 0.075, 0.045), rgb(0.25, 0.18, 0.12), 11, 0.8),
    "straw": Ground(rgb(0.22, 0.155, 0.06), rgb(0.50, 0.39, 0.18), 7, 0.5, 1.0, 0.055, 2.4),
    "sand": Ground(rgb(0.42, 0.30, 0.18), rgb(0.58, 0.45, 0.29), 15, 0.45),
    "road": Ground(rgb(0.10, 0.10, 0.108), rgb(0.165, 0.165, 0.17), 26, 0.6, 0.5),
    "floor": Ground(rgb(0.30, 0.165, 0.075), rgb(0.46, 0.285, 0.145)),
    "water": Ground(rgb(0.015, 0.075, 0.11), rgb(0.05, 0.19, 0.24)),
    "sky": Ground(rgb(0.20, 0.26, 0.20), rgb(0.32, 0.38, 0.30)),
}
SPACING = 0.046  # between two blades
SHELLS = 8  # heights at which a ray looks for blades


def plane_length(eye, d):
    """How far the rays go until they meet y = 0, inf where they never do."""
    down = np.minimum(d[1], -1e-4)
    return np.where(d[1] < -1e-4, -eye[1] / down, np.inf).astype(np.float32)


def blade_length(scene, camera, d, plane, pixel):
    """Where rays that would go on to the plane meet grass, if they do, and which grass.

    Returns their lengths, the heights 0..1 met, each blade's own number in [0, 1), and how tall the
    grass still is (1 near, 0 far), all (N,).
    Blades are slim cones, one per cell of a warped grid, looked for at a few heights from the top
    down. Where a pixel is wider than a blade (pixel: its width there) they shrink to nothing.
    """
    ground = GROUNDS[scene.ground]
    size = np.clip(1.7 - pixel / SPACING, 0, 1) * ground.blades
    length, height, hue = plane.copy(), np.zeros_like(plane), np.zeros_like(plane)
    slope = 1 / np.maximum(-d[1], 0.02)
    open_rays = np.flatnonzero(size > 0.002)
    base = camera.eye[:, None] + d[:, open_rays] * plane[open_rays]
    warp = 0.9 * noise2(base[0] * 3, base[2] * 3 + scene.shift)
    for level in np.linspace(0.92, 0.0, SHELLS, dtype=np.float32):
        if not open_rays.size:
            break
        back = level * size[open_rays] * slope[open_rays]
        x = base[0] - d[0, open_rays] * back
        z = base[2] - d[2, open_rays] * back
        u = (0.88 * x + 0.47 * z) / SPACING + warp + 50
        v = (0.88 * z - 0.47 * x) / SPACING - warp + 50
        i, j = np.floor(u).astype(np.int32), np.floor(v).astype(np.int32)
        tall, lean = scatter(i, j), scatter(j, i, 1) * 6.283
        bend = level * level * 0.45 * ground.lying
        a = u - i - (0.3 + 0.4 * scatter(i, j, 2)) - bend * np.cos(lean)
        b = v - j - (0.3 + 0.4 * scatter(i, j, 3)) - bend * np.sin(lean)
        width = 0.34 * (1 - level / (0.45 + 0.6 * tall))
        hit = (a * a + b * b < width * abs(width)) & (back < length[open_rays] - 0.05)
        k = open_rays[hit]
        length[k] -= back[hit]
        height[k], hue[k] = level, tall[hit]
        open_rays, base, warp = open_rays[~hit], base[:, ~hit], warp[~hit]
    return length, height, hue, size / max(ground.blades, 1e-6)


def albedo(scene, light, p, pixel, blade=None):
    """Plain colour (3, N) of the ground at points p; pixel: width of a pixel there.

    blade: heights, numbers and shares from `blade_length`, where something grows.
    """
    ground, s, shift = GROUNDS[scene.ground], scene.ground_scale, scene.shift
    x, z = p[0], p[2]
    patches = fbm2(x * 0.9 * s + shift, z * 0.9 * s, 3)
    g = ground.grain
    fine = fbm2(x * g + shift, z * g, 4, pixel * g)
    # The same grains, seen a step towards the sun: the difference lights one flank of each.
    step = 0.35 / g
    flank = fbm2((x + light.sun[0] * step) * g + shift, (z + light.sun[2] * step) * g, 3, pixel * g)
    value = np.clip(0.5 + ground.patchy * patches + ground.rough * fine, 0, 1.3)
    colour = ground.dark + (ground.light - ground.dark) * value
    colour = colour * (1 + 1.6 * ground.rough * (fine - flank))
    if blade is not None:
        height, hue, share = blade
        grown = (0.40 + 1.0 * height) * (0.75 + 0.5 * hue)
        colour = colour * (1 + (grown - 1) * share)
        dry = np.clip(hue - 0.6, 0, 1) * height * share  # some blades are yellow at the tip
        colour = colour + (rgb(0.30, 0.27, 0.10) - colour) * dry
    if scene.ground == "road":
        colour = _road(colour, x, z, pixel, shift)
    elif scene.ground == "floor":
        colour = _floor(colour, scene, x, z, pixel)
    return np.maximum(colour * scene.ground_tint, 0.004)


def _road(colour, x, z, pixel, shift):
    """Dashes of a lane marking, a little worn, with edges as soft as a pixel."""
    edge = pixel + 0.01
    line = smoothstep(0.055 + edge, 0.055 - edge, abs(z - 1.1))
    dash = smoothstep(-0.22, -0.16, np.sin(x * 1.5 + shift))
    worn = 0.75 + 0.25 * smoothstep(-0.25, 0.0, noise2(x * 25, z * 25))
    return colour + (0.62 - colour) * (line * dash * worn)


def _floor(colour, scene, x, z, pixel):
    s = scene.ground_scale
    if scene.tiles:
        edge = 5 * s * (pixel + 0.004)
        across = np.clip(np.sin(x * 5 * s) / edge, -1, 1) * np.clip(np.sin(z * 5 * s) / edge, -1, 1)
        return colour * (0.87 + 0.21 * across)
    plank = z * 2.2 * s
    number = np.floor(plank)
    seam = abs(plank - number - 0.5)
    edge = 2.2 * s * pixel + 0.008
    gap = smoothstep(0.485 - edge, 0.485 + edge, seam)
    tone = scatter(number.astype(np.int32), np.int32(3))
    grain = fbm2(x * 1.6 + number * 7.3, plank * 9, 3, pixel * 20)
    return colour * (0.82 + 0.36 * tone) * (1 + 0.38 * grain) * (1 - 0.55 * gap)


def water(scene, light, p, d, gap, pixel):
    """Lit water (3, N): waves that mirror the sky, foam round the hull (gap: distance to it)."""
    ground, shift = GROUNDS[scene.ground], scene.shift
    x, z = p[0], p[2]
    calm = 1 / (1 + 6 * pixel)  # far waves are finer than a pixel: only their mean is left
    a = fbm2(x * 2.2 + shift, z * 3.4, 4, pixel * 3) * calm
    b = fbm2(z * 2.6 + 31, x * 3.1 + shift, 4, pixel * 3) * calm
    n = np.stack([0.55 * a, np.ones_like(a), 0.55 * b])
    n /= np.sqrt((n * n).sum(0))
    towards = np.clip(-(d * n).sum(0), 0, 1)
    mirror = d + 2 * towards * n
    fresnel = 0.03 + 0.97 * (1 - towards) ** 5
    deep = ground.dark + (ground.light - ground.dark) * np.clip(0.5 + 1.1 * a, 0, 1)
    glitter = np.clip((mirror * light.sun).sum(0), 0, 1) ** 60
    sky = light.sky(abs(mirror[1]))
    colour = deep * 2.2 * scene.ground_tint + (sky - deep) * np.minimum(fresnel, 0.75)
    colour = colour + light.sun_colour * glitter * 0.7
    rough = fbm2(x * 6, z * 6 + shift, 3, pixel * 6)
    behind = np.maximum(-x - 0.6, 0)
    wake = smoothstep(0.16, 0.0, abs(abs(z) - 0.22 - 0.28 * behind) - 0.25 * rough)
    wake = wake * smoothstep(0.0, 0.5, behind) * np.exp(-behind * 0.45)
    foam = np.maximum(smoothstep(0.10, -0.04, gap - 0.16 * rough), 0.85 * wake)
    return colour + (1.1 - colour) * foam * 0.85
