"""A pinhole camera: pixels to rays, and points back to pixels."""

import math
from dataclasses import dataclass

import numpy as np

LOWEST_EYE = 0.15  # above the grass: a camera under the ground would see nothing at all


@dataclass(frozen=True)
class Camera:
    """Where the picture is taken from.

    eye, forward, right, up: (3,) float32, the last three of unit length and at right angles.
    fov: width of the picture divided by the distance at which it is that wide (2 tan(angle / 2)).
    size: pixels along each side. Pixel (column u, row v) has its centre at (u + 0.5, v + 0.5).
    """

    eye: np.ndarray
    forward: np.ndarray
    right: np.ndarray
    up: np.ndarray
    fov: float
    size: int

    @property
    def pixel(self):
        """Width of a pixel, seen from one unit away."""
        return self.fov / self.size

    def rays(self, u, v):
        """Unit directions (3, N) through the positions u (right) and v (down), in pixels."""
        a = (np.asarray(u, np.float32) - self.size / 2) * self.pixel
        b = (self.size / 2 - np.asarray(v, np.float32)) * self.pixel
        d = self.forward[:, None] + self.right[:, None] * a + self.up[:, None] * b
        return d / np.sqrt((d * d).sum(0))

    def project(self, points):
        """Where points (..., 3) appear: positions (..., 2) in pixels, and distances (...).

        Points behind the camera get the position nan.
        """
        offset = np.asarray(points, np.float32) - self.eye
        ahead = offset @ self.forward
        scale = np.where(ahead > 1e-6, 1 / np.maximum(ahead, 1e-6), np.nan) / self.pixel
        u = self.size / 2 + offset @ self.right * scale
        v = self.size / 2 - offset @ self.up * scale
        uv = np.stack([u, v], -1).astype(np.float32)
        return uv, np.sqrt((offset * offset).sum(-1))


def orbit(azimuth, elevation, distance, aim, fov, size, floor=LOWEST_EYE):
    """The camera on a sphere around `aim`, looking at it; never lower than `floor` (None: free)."""
    aim = np.array(aim, np.float32)
    ring = math.cos(elevation)
    out = (ring * math.cos(azimuth), math.sin(elevation), ring * math.sin(azimuth))
    eye = aim + distance * np.array(out, np.float32)
    if floor is not None:
        eye[1] = max(eye[1], floor)
    forward = aim - eye
    forward /= np.sqrt((forward * forward).sum())
    # Straight from the azimuth, not from a cross product, so that looking straight down works.
    right = np.array([math.sin(azimuth), 0, -math.cos(azimuth)], np.float32)
    if ring < 0:
        right = -right
    up = np.cross(right, forward)
    return Camera(eye, forward, right, up.astype(np.float32), float(fov), int(size))
