"""What is far away: sky and clouds, hills and trees, or the walls of a room."""

import numpy as np

from .noise import fbm2, fbm3, noise2, smoothstep
from .shapes import rgb

ROOM = 3.4  # half the width of the room
FAR = 45.0  # where the ground ends and the trees stand


def scenery(scene, light, camera, d):
    """Everything far away outdoors, (3, N), in the directions d."""
    colour = sky(scene, light, d)
    return colour if scene.ground == "sky" else landscape(scene, light, camera, d, colour)


def sky(scene, light, d):
    """The sky (3, N) in the directions d."""
    height = d[1]
    lift = 0.35 if scene.ground == "sky" else 0.0  # up there the horizon lies below
    colour = light.sky(height * 1.6 + lift)
    s = 1.5 / (abs(height) + 0.25)
    shape = fbm3(d[0] * s + scene.shift, height * 3 + 1, d[2] * s + scene.shift, 4)
    thick = smoothstep(0.25 - 0.4 * scene.clouds, 0.55, shape) * (0.35 + 0.65 * scene.clouds)
    return colour + (0.93 - 0.25 * (1 - thick) - colour) * thick


def landscape(scene, light, camera, d, colour):
    """Hills and a line of trees over the sky's colour; near the ground all of it drowns in haze."""
    low = np.flatnonzero(d[1] < 0.3)
    if not low.size:
        return colour
    flat = np.maximum(np.sqrt(d[0, low] ** 2 + d[2, low] ** 2), 1e-3)
    height, east, south = d[1, low] / flat, d[0, low] / flat, d[2, low] / flat  # a seamless ring
    out, soft = colour[:, low], 1.2 * camera.pixel  # edges as wide as a pixel do not stair-step
    for i, (top, tint, haze) in enumerate(
        (
            (scene.hills, rgb(0.22, 0.31, 0.36), 0.55),
            (scene.hills * 0.62, rgb(0.12, 0.20, 0.15), 0.36),
            (0.016 + scene.hills * 0.33, rgb(0.050, 0.085, 0.032), 0.13),
        )
    ):
        trees = i == 2
        wide, narrow, place = 3 + 4 * i, 14 + 40 * trees, scene.shift + 9.5 * i
        row = noise2(east * wide + place, south * wide + 99)
        fine = fbm2(east * narrow + 99, south * narrow + place, 4)
        line = top * (0.75 + 0.45 * row + (0.55 if trees else 0.28) * fine)
        cover = smoothstep(line + soft, line - soft, height)
        mist = haze + (0.7 - haze) * np.exp(-np.maximum(height, 0) / 0.04)
        if trees:  # crowns: light from above, dark between them and below
            crowns = fbm3(east * 60, height * 85 + scene.shift, south * 60, 3)
            tint = tint * (1.0 + 1.5 * crowns + 0.9 * smoothstep(line - 0.025, line, height))
            mist = haze
        out = out + (tint + (light.horizon * 0.85 - tint) * mist - out) * cover
    colour[:, low] = out
    return colour


def tree_length(scene, d):
    """How far the rays (3, N) go over the ground until the trees begin: a ragged, grassy edge."""
    limit = np.full(d.shape[1], FAR, np.float32)
    far = np.flatnonzero((d[1] < 0) & (d[1] > -0.12))
    if far.size:
        limit[far] *= 1 + 0.35 * fbm2(d[0, far] * 9 + scene.shift, d[2, far] * 9, 5)
    return limit


def wall_length(eye, d):
    """How far the rays go until they leave the room. The walls facing the camera are left out."""
    slabs = []
    for axis in (0, 2):
        speed = np.where(abs(d[axis]) < 1e-4, np.float32(1e-4), d[axis])
        slabs.append((np.sign(speed) * ROOM - eye[axis]) / speed)
    return np.maximum(np.minimum(slabs[0], slabs[1]), 0.05), slabs[0] < slabs[1]


def wall(scene, p, across):
    """Wallpaper at points p on the walls; across: which of the two pairs of walls each is on."""
    along = np.where(across, p[2], p[0]).astype(np.float32)
    y = p[1]
    colour = rgb(*scene.wall_colour) * (1 + 0.06 * fbm2(along * 3 + scene.shift, y * 3, 3))
    if scene.wallpaper == 1:
        wave = np.sin(along * (9 + 5 * scene.ground_scale))
        colour = colour * (1 - 0.16 * smoothstep(-0.15, 0.15, wave))
    elif scene.wallpaper == 2:
        seam = abs((y * 2.4) % 1 - 0.5)
        colour = colour * (1 - 0.30 * smoothstep(0.46, 0.49, seam))
    skirting = smoothstep(0.245, 0.235, y)
    edge = 1 - 0.5 * smoothstep(0.03, 0.0, abs(y - 0.25))
    colour = colour + (rgb(0.62, 0.60, 0.56) - colour) * skirting
    return colour * edge * (0.52 + 0.34 * smoothstep(-0.1, 2.6, y)) * 1.15
