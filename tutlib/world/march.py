"""Walking along rays through a signed distance field: first hits, soft shadows, contact shade."""

import numpy as np

from .shapes import Clay

CENTRE = np.array([[0.0], [0.72], [0.0]], np.float32)  # every thing fits into this ball
RADIUS = 1.55
CELL = 4  # pixels along the side of a coarse cell
CAUTION = 0.85  # blends and ellipsoids overstate distances a little


def distance(sculpt, points):
    """Signed distance from points (3, N) to the thing."""
    clay = Clay(points)
    sculpt(clay)
    return clay.distance


def ball_span(origin, direction, margin=0.0):
    """Where rays enter and leave the ball around the thing; leaving < entering where they miss."""
    q = origin - CENTRE
    half = (q * direction).sum(0)
    inside = half * half - (q * q).sum(0) + (RADIUS + margin) ** 2
    root = np.sqrt(np.maximum(inside, 0))
    return np.maximum(-half - root, 0.02), np.where(inside > 0, root - half, -1)


def first_hits(sculpt, origin, direction, start, stop, spread=0.0, steps=38):
    """Ray lengths (N,) to the surface, inf where there is none before `stop`.

    spread: march cones of this half width per unit length instead of rays; they report where the
        surface first touches the cone, so every ray inside may safely start there.
    """
    found = np.full(start.shape, np.inf, np.float32)
    alive = np.flatnonzero(stop > start)
    d, t, stop = direction[:, alive], start[alive], stop[alive]
    few = 0 if spread else alive.size // 250  # not worth a step of their own
    for _ in range(steps):
        if alive.size <= few:
            break
        gap = distance(sculpt, origin + t * d) - t * spread
        hit = gap < 0.0015 * t
        found[alive[hit]] = t[hit]
        t = t + gap * CAUTION
        keep = ~hit & (t < stop)
        alive, t, stop, d = alive[keep], t[keep], stop[keep], d[:, keep]
    if alive.size and spread:
        found[alive] = t  # out of steps: the rays in these cones go on from here
    return found


def coarse_starts(sculpt, camera):
    """How far the rays of each CELL x CELL pixels may jump at once: (rows, cols), inf: miss."""
    n = -(-camera.size // CELL)
    middle = (np.arange(n, dtype=np.float32) + 0.5) * CELL
    v, u = np.meshgrid(middle, middle, indexing="ij")
    d = camera.rays(u.ravel(), v.ravel())
    spread = 0.75 * CELL * camera.pixel  # half the cell's diagonal, rounded up
    eye = camera.eye[:, None]
    reach = float(np.sqrt(((eye - CENTRE) ** 2).sum()))
    start, stop = ball_span(eye, d, margin=spread * reach)
    return first_hits(sculpt, eye, d, start, stop, spread, steps=14).reshape(n, n)


def sunlight(sculpt, points, sun, start, softness=8.0, steps=18):
    """How much of the sun reaches points (3, N): 0 full shadow, 1 full light, soft in between.

    The narrowest passage a ray squeezes through sets the half shadow. Between two steps the true
    nearest point is estimated by triangulation (after Aaltonen, 2018): without it the shadow shows
    rings, one for every step. (The estimate is kept modest: blends make distances jump.)
    """
    light = np.ones(points.shape[1], np.float32)
    _, stop = ball_span(points, sun)
    start = np.broadcast_to(np.float32(start), stop.shape)
    alive = np.flatnonzero(stop > start)
    p, t, stop = points[:, alive], start[alive], stop[alive]
    before = np.full(t.shape, 1e9, np.float32)
    for _ in range(steps):
        if not alive.size:
            break
        h = distance(sculpt, p + t * sun)
        back = np.minimum(h * h / (2 * before), 0.6 * abs(h))
        nearest = np.sqrt(np.maximum(h * h - back * back, 0)) * np.sign(h)
        passage = np.clip(softness * nearest / np.maximum(t - back, 0.01), 0, 1)
        light[alive] = np.minimum(light[alive], passage)
        before = np.maximum(h, 1e-4)
        t = t + np.clip(h, 0.03, 0.4)
        keep = (light[alive] > 0.01) & (t < stop)
        alive, t, stop, before, p = alive[keep], t[keep], stop[keep], before[keep], p[:, keep]
    return light * light * (3 - 2 * light)
