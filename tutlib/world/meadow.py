"""A meadow out of focus: what stands behind birds and horses, for many scenes at once."""

from __future__ import annotations

import numpy as np

from .noise import noise2, noise3, smoothstep
from .studio import sun_traits

GROUNDS = {
    "grass": ((0.075, 0.135, 0.030), (0.19, 0.24, 0.075)),
    "straw": ((0.30, 0.22, 0.085), (0.52, 0.41, 0.19)),
    "sand": ((0.42, 0.31, 0.19), (0.58, 0.46, 0.31)),
}
SKY = ((0.22, 0.40, 0.72), (0.62, 0.71, 0.80))  # overhead, and low down


def outdoors(f, azimuth):
    """Traits of ground, sky and sun from the factors ground, light, warmth and shift."""
    one = np.ones(len(azimuth), np.float32)
    dark, light = (np.array([pair[i] for pair in GROUNDS.values()], np.float32) for i in (0, 1))
    dark, light = dark[f["ground"]].T, light[f["ground"]].T
    sky = [np.array(colour, np.float32)[:, None] * one for colour in SKY]
    side = azimuth + f["light"] + 0.3 * np.sign(f["light"])
    sun = sun_traits(side, 0.85 * one, 2.7 * one, f["warmth"], 0.85 * one)
    return sun | {
        "dark": dark, "pale": light, "zenith": sky[0], "horizon": sky[1],
        "bounce": (dark + light) * 0.55, "exposure": 0.60 * one, "shift": f["shift"],
    }  # fmt: skip


def behind(of, d, p):
    """Sky, a far hedge and the ground, softly: light (3, M) along d, on the ground at p."""
    height = d[1]
    x, z = d[0], d[2]
    cloud = smoothstep(0.0, 0.8, noise3(x * 3 + of.shift, height * 7, z * 3))
    sky = of.horizon + (of.zenith - of.horizon) * np.sqrt(np.clip(height * 1.6, 0, 1))
    sky = sky + (0.86 - sky) * (0.55 * cloud)
    crowns = noise3(x * 9 + of.shift, height * 14, z * 9)
    top = 0.055 + 0.05 * noise3(x * 4 + of.shift, 0 * x + 5, z * 4) + 0.016 * crowns
    hedge = np.array([[0.075], [0.125], [0.062]], np.float32) * (1.1 + 0.45 * crowns)
    hedge = hedge + (of.horizon - hedge) * 0.22
    far = sky + (hedge - sky) * smoothstep(top + 0.02, top - 0.02, height)
    px, pz = np.clip(p[0], -40, 40), np.clip(p[2], -40, 40)
    away = np.clip(1.4 - 0.10 * length_of(px, pz), 0, 1)  # too far off, grains only flicker
    large = noise2(px * 0.7 + of.shift, pz * 0.7) * away
    small = noise2(px * 4 + of.shift, pz * 4) + 0.8 * noise2(px * 11, pz * 11 + of.shift)
    mix = np.clip(0.5 + 0.4 * large + 0.24 * away * small, 0, 1)
    ground = of.dark + (of.pale - of.dark) * mix
    ground = ground * (of.sun_colour * (0.8 * of.sun[1]) + 0.55 * of.sky_colour)
    haze = 1 - np.exp(-length_of(p[0], p[2]) / 60)
    ground = ground + (of.horizon * 0.8 - ground) * np.clip(haze, 0, 0.6)
    return ground + (far - ground) * smoothstep(-0.006, 0.006, height)


def length_of(a, b):
    """Length of (a, b)."""
    return np.sqrt(a * a + b * b)
