"""A studio that takes pictures of many scenes at once, marched in one batch.

`render` asks numpy for thousands of small steps for one picture, and at 64 pixels most of its time
goes into the asking. Here the points of sixteen scenes go through every step together: a sculpture
is `sculpt(clay, of)`, where ``of.smile`` is the factor of each point's own scene. Shapes, clay,
light and noise are the picture world's; only the marching is done anew, for many eyes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from .factors import Sheet, tensors
from .light import Light, film, shade
from .march import CAUTION
from .noise import noise3
from .outlines import edges, traced
from .shapes import Clay

POINTS = 1 << 17  # looked at together: many more no longer fit into a core's own memory
GRAIN = 0.007  # standard deviation of the sensor's noise
CELL = 4  # pixels along the side of a coarse cell
STEPS, COARSE, SHADOW = 30, 12, 12
CORNERS = np.array([[1, -1, -1, 1], [-1, -1, 1, 1], [-1, 1, -1, 1]], np.float32)
SUBPIXELS = np.array([[-3, -1, 1, 3], [-1, 3, -3, 1]], np.float32) / 8


@dataclass(frozen=True)
class Subject:
    """One kind of picture.

    sculpt: sculpt(clay, of) presses the things of all scenes into the clay.
    backdrop: backdrop(of, d, p) is the light (3, M) where rays d miss, or meet the ground at p.
    centre, radius: the ball that holds the subject.
    ground: does it stand on y = 0 and cast a shadow there?
    shadows: how much the sun's shadow darkens the subject itself (0: soft light from all over).
    """

    sculpt: Callable
    backdrop: Callable
    centre: tuple[float, float, float]
    radius: float
    ground: bool = True
    shadows: float = 1.0


class Of:
    """The traits of each point's own scene: ``of.width`` (M,), ``of.skin`` (3, M).

    A colour is 0 until somebody paints: while rays march it is not looked at.
    """

    def __init__(self, traits, which, painting=True):
        self._traits, self._which, self._painting = traits, which, painting

    def __getattr__(self, name):
        values = self._traits[name]
        if values.ndim == 2:
            return values.take(self._which, axis=1) if self._painting else 0.0
        return values.take(self._which)


def orbit(azimuth, elevation, distance, aim, fov):
    """Cameras (B,) on a sphere around `aim` (3, B): traits for `Subject`s, all float32."""
    ring = np.cos(elevation)
    out = np.stack([ring * np.cos(azimuth), np.sin(elevation), ring * np.sin(azimuth)])
    right = np.stack([np.sin(azimuth), 0 * azimuth, -np.cos(azimuth)])
    up = np.cross(right, -out, axis=0)
    parts = {"eye": aim + distance * out, "forward": -out, "right": right, "up": up, "fov": fov}
    return {name: values.astype(np.float32) for name, values in parts.items()}


def sun_traits(azimuth, elevation, strength, warmth, sky):
    """Light traits (B,): sun from this side, warm or cool, and `sky` times the sky's light."""
    ring = np.cos(elevation)
    sun = np.stack([ring * np.cos(azimuth), np.sin(elevation), ring * np.sin(azimuth)])
    warm = np.stack([1 + warmth, 1 + 0.1 * warmth, 1 - warmth])
    around = np.array([[0.66], [0.74], [0.88]]) * sky
    parts = {"sun": sun, "sun_colour": warm * strength, "sky_colour": around}
    return {name: values.astype(np.float32) for name, values in parts.items()}


def take(subject: Subject, traits: dict[str, np.ndarray], size: int) -> dict[str, np.ndarray]:
    """Photograph all scenes: arrays "rgb" (N, H, W, 3), "mask" and "outline" (N, H, W)."""
    count, together = traits["eye"].shape[1], max(1, POINTS // size**2)
    rolls = []
    for first in range(0, count, together):
        some = slice(first, first + together)
        part = {name: values[..., some] for name, values in traits.items()}
        rolls.append(_Shot(subject, part, size).develop())
    return {name: np.concatenate([roll[name] for roll in rolls]) for name in rolls[0]}


class _Shot:
    """A few scenes in front of their cameras."""

    def __init__(self, subject, traits, size):
        self.subject, self.traits, self.size = subject, traits, size
        self.count = traits["eye"].shape[1]
        self.pixel = float(traits["fov"].mean()) / size
        self.starts = self._coarse()

    def develop(self):
        """Colours, masks and outlines; pixels at an edge are looked at four more times."""
        shape = (self.count, self.size, self.size)
        which, v, u = (at.ravel() for at in np.indices(shape))
        rgb, depth, hit, normal, colour = self._look(which, u + 0.5, v + 0.5)
        truth = {"depth": np.full(which.size, np.inf, np.float32)}
        truth["depth"][hit] = depth
        for name, values in (("normal", normal), ("colour", colour)):
            truth[name] = np.zeros((which.size, 3), np.float32)
            truth[name][hit] = values.T
        truth = {name: values.reshape(*shape, *values.shape[1:]) for name, values in truth.items()}
        mask = np.isfinite(truth["depth"])
        rough = np.flatnonzero(edges(mask, truth["depth"], truth["colour"]))
        if rough.size:
            right, down = (at[rough, None] + 0.5 + step for at, step in zip((u, v), SUBPIXELS))
            fine = self._look(np.repeat(which[rough], 4), right.ravel(), down.ravel())[0]
            rgb[:, rough] = fine.reshape(3, rough.size, 4).mean(2)
        rgb = np.ascontiguousarray(rgb.T).reshape(*shape, 3)
        return {"rgb": rgb, "mask": mask, "outline": traced(mask, *truth.values())}

    def _rays(self, which, u, v):
        of, half = Of(self.traits, which), self.size / 2
        across = (np.float32(1) * u - half).astype(np.float32) * (of.fov / self.size)
        high = (half - np.float32(1) * v).astype(np.float32) * (of.fov / self.size)
        return _unit(of.forward + of.right * across + of.up * high)

    def _distance(self, p, which):
        clay = Clay(p)
        self.subject.sculpt(clay, Of(self.traits, which, painting=False))
        return clay.distance

    def _span(self, eye, d, margin=0.0):
        q = eye - np.array(self.subject.centre, np.float32)[:, None]
        half = (q * d).sum(0)
        inside = half * half - (q * q).sum(0) + (self.subject.radius + margin) ** 2
        root = np.sqrt(np.maximum(inside, 0))
        return np.maximum(-half - root, 0.02), np.where(inside > 0, root - half, np.float32(-1))

    def _coarse(self):
        """How far the rays of each cell of pixels may jump at once: (B, rows, cols), inf: miss."""
        n = -(-self.size // CELL)
        which, row, column = (at.ravel() for at in np.indices((self.count, n, n)))
        middle = (np.stack([column, row]) + 0.5) * CELL
        d, spread = self._rays(which, *middle), 0.75 * CELL * self.pixel
        eye = self.traits["eye"].take(which, axis=1)
        start, stop = self._span(eye, d, margin=6 * spread)
        return self._march(which, eye, d, start, stop, COARSE, spread).reshape(self.count, n, n)

    def _march(self, which, eye, d, start, stop, steps, spread=0.0):
        """Ray lengths (M,) to the surface, inf: none; cones of half width `spread` stop short."""
        found = np.full(start.shape, np.inf, np.float32)
        alive = np.flatnonzero((stop > start) & np.isfinite(start))
        which, eye, d, t, stop = which[alive], eye[:, alive], d[:, alive], start[alive], stop[alive]
        for _ in range(steps):
            if not alive.size:
                break
            gap = self._distance(eye + t * d, which) - t * spread
            hit = gap < 0.002 * t
            found[alive[hit]] = t[hit]
            t = t + gap * CAUTION
            keep = np.flatnonzero(~hit & (t < stop))
            alive, which, t, stop = alive[keep], which[keep], t[keep], stop[keep]
            eye, d = eye[:, keep], d[:, keep]
        if spread:
            found[alive] = t  # out of steps: the rays in these cones go on from here
        return found

    def _look(self, which, u, v):
        """Film (3, M), and of the K rays that meet the subject: depth, index, normal, colour."""
        d, of = self._rays(which, u, v), Of(self.traits, which)
        cell = self.starts[which, (v // CELL).astype(int), (u // CELL).astype(int)]
        near = np.flatnonzero(np.isfinite(cell))
        eye = of.eye
        stop = self._span(eye[:, near], d[:, near], 0.01)[1]
        t = self._march(which[near], eye[:, near], d[:, near], cell[near], stop, STEPS)
        found = np.isfinite(t)
        hit, depth = near[found], t[found]
        behind = np.ones(which.size, bool)
        behind[hit] = False
        behind = np.flatnonzero(behind)
        rgb = np.empty(d.shape, np.float32)
        rgb[:, behind] = self._behind(which[behind], eye[:, behind], d[:, behind])
        p = eye[:, hit] + d[:, hit] * depth
        rgb[:, hit], normal, colour = self._surface(which[hit], p, d[:, hit], depth)
        return film(rgb, of.exposure), depth, hit, normal, colour

    def _behind(self, which, eye, d):
        of = Of(self.traits, which)
        if not self.subject.ground:
            return self.subject.backdrop(of, d, None)
        length = np.where(d[1] < -1e-3, -eye[1] / np.minimum(d[1], -1e-3), 1e3).astype(np.float32)
        p = eye + d * length
        lit = self.subject.backdrop(of, d, p)
        close = ((p[0] ** 2 + p[2] ** 2) < (2.2 * self.subject.radius) ** 2) & (length < 100)
        close = np.flatnonzero(close)
        where, at = which[close], p[:, close]
        above = self._distance(at + np.array([[0], [0.06], [0]], np.float32), where)
        open_sky = 0.5 + 0.5 * np.clip(above / 0.3, 0, 1)
        lit[:, close] *= open_sky * (0.38 + 0.62 * self._sunlit(where, at, 0.04))
        return lit

    def _sunlit(self, which, p, start):
        """How much of the sun reaches points (3, M), from 0 to 1; the edge of a shadow is soft."""
        light, sun = np.ones(p.shape[1], np.float32), Of(self.traits, which).sun
        enter, stop = self._span(p, sun)
        alive = np.flatnonzero(stop > start)
        t = np.maximum(enter[alive], start)
        for _ in range(SHADOW):
            if not alive.size:
                break
            h = self._distance(p[:, alive] + t * sun[:, alive], which[alive])
            light[alive] = np.minimum(light[alive], np.clip(7 * h / t, 0, 1))
            t = t + np.clip(h, 0.04, 0.5)
            keep = np.flatnonzero((light[alive] > 0.02) & (t < stop[alive]))
            alive, t = alive[keep], t[keep]
        return light * light * (3 - 2 * light)

    def _surface(self, which, p, d, depth):
        of = Of(self.traits, which)
        around = (p[:, None, :] + 0.006 * CORNERS[:, :, None]).reshape(3, -1)
        normal = _unit(CORNERS @ self._distance(around, np.tile(which, 4)).reshape(4, -1))
        clay = Clay(p, True, depth * self.pixel)
        self.subject.sculpt(clay, of)
        colour, gloss = np.clip(clay.colour, 0, 1), np.clip(clay.gloss, 0, 1)
        rough = (1 - np.minimum(gloss * 4, 1)) * 0.12
        x, y, z = p[0] * 24, p[1] * 30, p[2] * 30
        shading = _unit(normal + rough * np.stack([noise3(x + i, y, z + 9 * i) for i in range(3)]))
        free = self._distance(p + shading * 0.14, which) / 0.14
        openness = 1 - 0.7 * np.clip(1 - free, 0, 1)
        sunlit = np.ones(p.shape[1], np.float32)
        if self.subject.shadows:
            facing = np.flatnonzero((normal * of.sun).sum(0) > -0.2)
            lit = self._sunlit(which[facing], (p + 0.03 * normal)[:, facing], 0.04)
            sunlit[facing] = 1 - self.subject.shadows * (1 - lit)
        light = Light(of.sun, of.sun_colour, of.sky_colour, of.zenith, of.horizon, of.bounce, True)
        return shade(light, d, shading, colour, gloss, sunlit, openness), normal, colour


def _unit(vectors):
    return vectors / (np.sqrt((vectors * vectors).sum(0)) + np.float32(1e-9))


def sheet_of(subject: Subject, traits, factors, seed: int, size: int, device) -> Sheet:
    """Take the pictures, add the sensor's grain and hand everything over as tensors."""
    shot = take(subject, traits, size)
    grain = [np.random.default_rng((4, seed, i)).standard_normal((size, size, 1), np.float32)
             for i in range(len(shot["rgb"]))]  # fmt: skip
    rgb = np.clip(shot["rgb"] + GRAIN * np.stack(grain), 0, 1)
    pictures = torch.tensor(np.ascontiguousarray(rgb.transpose(0, 3, 1, 2)), device=device)
    masks, lines = (torch.tensor(shot[name], device=device) for name in ("mask", "outline"))
    return Sheet(pictures, masks, lines, tensors(factors, device))
