"""Smooth randomness in space: value noise and its sums, in 2D and 3D, all float32."""

import numpy as np

_CUBE = np.random.default_rng(0).uniform(-1, 1, (32, 32, 32)).astype(np.float32).ravel()
_TILE = np.random.default_rng(1).uniform(-1, 1, (256, 256)).astype(np.float32).ravel()


def smoothstep(low, high, x):
    """0 below `low`, 1 above `high`, a smooth curve in between (low > high turns it round)."""
    t = np.clip((x - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def _cell(v):
    """Whole part (int32), and the fractional part already bent into a smooth blending weight."""
    whole = np.floor(v)
    f = v - whole
    return whole.astype(np.int32), f * f * (3 - 2 * f)


def noise3(x, y, z):
    """Value noise in [-1, 1] that repeats every 32 units. x, y, z: float32 arrays of one shape."""
    (i, x), (j, y), (k, z) = _cell(x), _cell(y), _cell(z)
    i0, j0, k0 = (i & 31) << 10, (j & 31) << 5, k & 31
    i1, j1, k1 = ((i + 1) & 31) << 10, ((j + 1) & 31) << 5, (k + 1) & 31

    def along_x(jk):
        a, b = _CUBE.take(i0 + jk), _CUBE.take(i1 + jk)
        return a + (b - a) * x

    near = along_x(j0 + k0)
    near += (along_x(j1 + k0) - near) * y
    far = along_x(j0 + k1)
    far += (along_x(j1 + k1) - far) * y
    return near + (far - near) * z


def noise2(x, y):
    """Value noise in [-1, 1] on a plane; it repeats every 256 units."""
    (i, x), (j, y) = _cell(x), _cell(y)
    i0, i1 = (i & 255) << 8, ((i + 1) & 255) << 8
    j0, j1 = j & 255, (j + 1) & 255
    low = _TILE.take(i0 + j0)
    low += (_TILE.take(i1 + j0) - low) * x
    high = _TILE.take(i0 + j1)
    high += (_TILE.take(i1 + j1) - high) * x
    return low + (high - low) * y


def fbm3(x, y, z, octaves=4):
    """Sum of ever finer noise3, each octave half as strong as the one before."""
    return sum(
        noise3(x * 2**i + 7 * i, y * 2**i, z * 2**i) * 0.5 ** (i + 1) for i in range(octaves)
    )


def fbm2(x, y, octaves=4, footprint=None):
    """Sum of ever finer noise2.

    footprint: how wide a pixel is at each point, in units of x. Octaves finer than a pixel fade
    out, so that a plane seen at a grazing angle goes calm into the distance instead of sparkling.
    """
    total = np.zeros(np.shape(x), np.float32)
    for i in range(octaves):
        layer = noise2(x * 2**i + 7.3 * i, y * 2**i + 3.1 * i) * 0.5 ** (i + 1)
        if footprint is not None:
            layer *= np.clip(1.6 - 1.6 * 2**i * footprint, 0, 1)
        total += layer
    return total


def scatter(i, j, salt=0):
    """One random number in [0, 1) per integer cell (i, j): the place of each blade or plank."""
    row, column = (i * 7 + salt * 31) & 255, (j * 5 + salt * 17 + i) & 255
    return _TILE.take(row << 8 | column) * 0.5 + 0.5
