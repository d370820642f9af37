"""Four paintings to take a style from, and the photographs to give it to.

The paintings are made here, by formulas and a seed: nothing is copied and nothing downloaded.
Everything is laid out in fractions of the picture, so a painting looks the same at every size.
The photographs ship inside scikit-image and scikit-learn and are read from there.
"""

from __future__ import annotations

from importlib import resources

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from scipy.spatial import cKDTree
from torch import Tensor

PHOTOS = {
    "china": ("sklearn.datasets", "images/china.jpg"),
    "flower": ("sklearn.datasets", "images/flower.jpg"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "astronaut": ("skimage", "data/astronaut.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
}


def paint(name: str, size: int = 128, seed: int = 0) -> Tensor:
    """One of `STYLES`, painted at `size` x `size`: (1, 3, size, size), float32 in [0, 1].

    Raises:
        KeyError: if there is no such style; ValueError: if size is below 16.
    """
    if name not in STYLES:
        raise KeyError(f"nobody here paints {name!r}; the styles are {', '.join(STYLES)}")
    if size < 16:
        raise ValueError(f"size must be at least 16 pixels, and this is {size}.")
    canvas = STYLES[name](size, np.random.default_rng(seed))
    pixels = np.ascontiguousarray(canvas.clip(0, 1).transpose(2, 0, 1), dtype=np.float32)
    return torch.from_numpy(pixels)[None]


def photo(name: str, size: int = 128) -> Tensor:
    """The middle square of one of `PHOTOS`: (1, 3, size, size), float32 in [0, 1].

    Raises:
        KeyError: if there is no such photograph.
        FileNotFoundError: if the package that ships it does not have it.
    """
    if name not in PHOTOS:
        raise KeyError(f"there is no photograph {name!r}; there are {', '.join(PHOTOS)}")
    image = open_sample(*PHOTOS[name])
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side)).resize((size, size), Image.LANCZOS)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float().contiguous() / 255


def open_sample(package: str, path: str) -> Image.Image:
    """A sample picture that an installed package ships, as RGB."""
    place = resources.files(package) / path
    if not place.is_file():
        raise FileNotFoundError(
            f"{package} does not ship {path} here: install the versions in constraints.txt."
        )
    with place.open("rb") as stream, Image.open(stream) as image:
        return image.convert("RGB")


# ---------------------------------------------------------------- starry night

MOON = (0.83, 0.16, 0.085)
STARS = ((0.09, 0.11, 0.05), (0.27, 0.20, 0.055), (0.44, 0.08, 0.045), (0.60, 0.20, 0.05),
         (0.16, 0.40, 0.04), (0.90, 0.46, 0.04), (0.34, 0.33, 0.035))  # fmt: skip
SWIRLS = ((0.47, 0.44, 0.125, -1.0), (0.70, 0.52, 0.085, 1.0), (0.24, 0.57, 0.06, -1.0))
NIGHT = ((9, 16, 48), (20, 42, 108), (38, 86, 168), (92, 148, 206), (178, 212, 222),
         (238, 236, 190))  # fmt: skip
GLOW = ((60, 100, 150), (190, 150, 50), (236, 188, 52), (252, 224, 110), (255, 248, 205))
LAND = ((8, 12, 26), (14, 30, 54), (24, 58, 78), (50, 92, 88), (104, 128, 86))


def starry(n: int, random: np.random.Generator) -> np.ndarray:
    """Wind, stars and a moon over hills and a village; every stroke follows the wind."""
    y, x = np.mgrid[:n, :n] / n
    u, v = _wind(x, y)
    bristles = _strokes(random.random((n, n)), u, v, n)
    dabs = _strokes(ndimage.zoom(random.random((n // 2, n // 2)), 2, order=0)[:n, :n], u, v, n)
    bands = 0.5 + 0.5 * np.sin(34 * _stream(x, y) + 2 * dabs)
    sky = 0.17 + 0.16 * y + 0.27 * bands + 0.36 * (dabs - 0.5)
    canvas = _palette(NIGHT, sky + 0.12 * np.exp(-(((y - 0.66) / 0.09) ** 2)))
    for cx, cy, size in (*STARS, MOON):
        r = np.hypot(x - cx, y - cy) / size
        halo = np.exp(-((r / 1.25) ** 2)) + 0.45 * np.exp(-(((r - 1.75) / 0.3) ** 2))
        core = 0.75 * np.exp(-((r / 0.5) ** 2)) + 0.12 * np.cos(2 * np.pi * r / 0.55)
        light = _palette(GLOW, 0.42 + core + 0.5 * (dabs - 0.5))
        cover = np.clip(halo * (0.75 + 0.9 * (dabs - 0.2)), 0, 1)[..., None]
        canvas = canvas * (1 - cover) + light * cover
    bite = np.hypot(x - MOON[0] + 0.042, y - MOON[1] + 0.016) > 0.056
    crescent = (np.hypot(x - MOON[0], y - MOON[1]) < 0.068) & bite
    canvas[crescent] = _palette(GLOW, 0.42 + 0.35 * dabs)[crescent]
    canvas = _village(canvas, x, y, dabs, n)
    relief = ndimage.gaussian_filter(bristles, n / 400) - ndimage.gaussian_filter(bristles, n / 90)
    canvas = canvas + 0.42 * relief[..., None]  # thick paint catches the light
    return (canvas - 0.4) * 1.08 + 0.4


def _stream(x, y):
    """The stream function: the wind blows along its level lines."""
    psi = 0.55 * y + 0.05 * np.sin(7 * x + 1) * (1 - y)
    for cx, cy, size, turn in SWIRLS:
        psi = psi + turn * 1.5 * size * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / size**2)
    for cx, cy, size in (*STARS, MOON):
        psi = psi + 1.3 * size * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (1.6 * size) ** 2)
    return psi


def _hills(x):
    far = 0.745 - 0.06 * np.sin(5.2 * x + 0.4) - 0.05 * x
    near = 0.85 + 0.035 * np.sin(6.5 * x + 2.4)
    return far, near


def _wind(x, y):
    """A unit vector in every pixel: along the stream in the sky, along the slopes on land."""
    psi = _stream(x, y)
    u, v = np.gradient(psi, axis=0), -np.gradient(psi, axis=1)
    far, near = _hills(x)
    for ground in (far, near):
        slope = np.gradient(ground, axis=1) / np.gradient(x, axis=1)
        land = y > ground
        u, v = np.where(land, 1.0, u), np.where(land, slope, v)
    length = np.hypot(u, v) + 1e-9
    return u / length, v / length


def _strokes(noise, u, v, n):
    """Smear noise along the wind (line integral convolution: Cabral and Leedom, 1993)."""
    total, reach = noise.copy(), max(4, round(n / 22))
    rows, columns = np.mgrid[:n, :n].astype(float)
    for sign in (1, -1):
        r, c = rows.copy(), columns.copy()
        for _ in range(reach):
            i, j = r.round().astype(int).clip(0, n - 1), c.round().astype(int).clip(0, n - 1)
            r, c = r + sign * v[i, j], c + sign * u[i, j]
            total += ndimage.map_coordinates(noise, (r, c), order=1, mode="mirror")
    total = ndimage.gaussian_filter(total, n / 300)
    return ((total - total.mean()) / total.std() * 0.28 + 0.5).clip(0, 1)


def _village(canvas, x, y, dabs, n):
    """Two ranges of hills, roofs with lit windows and a spire, and a cypress like a dark flame."""
    far, near = _hills(x)
    for ground, shade in ((far, 0.42), (near, 0.2)):
        light = shade + 0.75 * (dabs - 0.5) + 0.3 * np.exp(-(((y - ground) / 0.02) ** 2))
        canvas = np.where((y > ground)[..., None], _palette(LAND, light), canvas)
    for k, left in enumerate(np.arange(0.34, 0.97, 0.085)):
        wide, tall = 0.058, 0.036 + 0.014 * (k % 3)
        base = 0.90 + 0.03 * (k % 2)
        roof = base - tall - np.clip(0.5 - np.abs((x - left) / wide - 0.5), 0, 1) * 0.055
        house = (x > left) & (x < left + wide) & (y > roof) & (y < base)
        canvas[house] = _palette(LAND, 0.45 + 0.4 * (k % 3) + 0.4 * (dabs - 0.5))[house]
        across, down = np.abs(x - left - wide / 2), np.abs(y - base + tall / 2)
        lit = np.maximum(across, 0.9 * down) < 0.010
        canvas[lit] = np.array(GLOW[3]) / 255
    spire = (np.abs(x - 0.575) < 0.018 * ((y - 0.70) / 0.2).clip(0, 1)) & (y < 0.9)
    canvas[spire] = np.array(LAND[1]) / 255
    rise = ((y - 0.16) / 0.84).clip(0, 1)
    wave = 0.10 + 0.012 * np.sin(26 * y)
    flame = np.abs(x - wave) < 0.085 * rise**0.75 * (1 + 0.22 * np.sin(34 * y + 9 * x))
    canvas[flame] = _palette(LAND, 0.12 + 0.5 * (dabs - 0.4))[flame]
    return canvas


# ---------------------------------------------------------------- three more


def mondrian(n: int, random: np.random.Generator) -> np.ndarray:
    """White, red, yellow and blue fields between black lines, split at random."""
    canvas = np.ones((n, n, 3))
    paints = np.array([(245, 242, 232), (214, 26, 23), (247, 207, 28), (18, 51, 148)]) / 255
    line = max(1, round(n / 50))

    def split(top, left, bottom, right, depth):
        height, width = bottom - top, right - left
        if depth == 0 or min(height, width) < n / 8 or (depth < 3 and random.random() < 0.15):
            fill = paints[random.choice(4, p=(0.40, 0.22, 0.19, 0.19))]
            canvas[top:bottom, left:right] = fill + 0.012 * random.normal()
            canvas[top : top + line, left:right] = canvas[top:bottom, left : left + line] = 0.05
            return
        part = random.uniform(0.3, 0.7)
        if width > height * random.uniform(0.7, 1.4):
            middle = left + round(width * part)
            split(top, left, bottom, middle, depth - 1)
            split(top, middle, bottom, right, depth - 1)
        else:
            middle = top + round(height * part)
            split(top, left, middle, right, depth - 1)
            split(middle, left, bottom, right, depth - 1)

    split(0, 0, n, n, 6)
    canvas[-line:], canvas[:, -line:] = 0.05, 0.05
    return canvas


def glass(n: int, random: np.random.Generator) -> np.ndarray:
    """Stained glass: Voronoi cells in jewel colours, lit from behind, held by lead."""
    count = 110
    seeds = random.random((count, 2)) * 1.1 - 0.05
    for _ in range(2):  # Lloyd's relaxation: cells of similar size, as a glazier cuts them
        probe = random.random((4000, 2)) * 1.1 - 0.05
        owner = cKDTree(seeds).query(probe)[1]
        seeds = np.array([probe[owner == k].mean(0) if (owner == k).any() else seeds[k]
                          for k in range(count)])  # fmt: skip
    y, x = np.mgrid[:n, :n] / n
    distance, cell = cKDTree(seeds).query(np.c_[y.ravel(), x.ravel()], 2)
    near, second = distance.reshape(n, n, 2).transpose(2, 0, 1)
    jewels = np.array([(214, 30, 38), (238, 120, 24), (250, 196, 40), (30, 150, 72), (26, 160, 190),
                       (28, 70, 190), (122, 44, 170), (206, 50, 120)]) / 255  # fmt: skip
    colours = jewels[random.integers(0, len(jewels), count)]
    colours = (colours * random.uniform(0.75, 1.2, (count, 1))).clip(0, 1)
    canvas = colours[cell[:, 0]].reshape(n, n, 3)
    glow = 1.18 - 0.5 * np.clip(near / 0.07, 0, 1) ** 1.5
    ripple = ndimage.gaussian_filter(random.normal(size=(n, n)), n / 110)
    canvas = canvas * (glow + 0.05 * ripple / ripple.std())[..., None]
    lead = np.clip((second - near - 0.008) / 0.010, 0, 1)[..., None]
    return canvas * lead + 0.035 * (1 - lead)


INDIGO, CREAM, BLUE, SKY = (16, 30, 84), (238, 230, 206), (30, 78, 150), (150, 194, 214)
SILKS = (  # rings from the rim to the centre, in four colourways
    (INDIGO, CREAM, BLUE, CREAM, BLUE, CREAM),
    (INDIGO, (36, 84, 160), (16, 44, 110), (70, 130, 190), (16, 44, 110), CREAM),
    (INDIGO, CREAM, SKY, CREAM, SKY, BLUE),
    (INDIGO, CREAM, (206, 66, 44), CREAM, (206, 66, 44), (240, 190, 90)),
)


def waves(n: int, random: np.random.Generator) -> np.ndarray:
    """Seigaiha, the blue ocean waves of Japanese cloth: rows of fans, each hiding the last."""
    fine = 2 * n  # drawn at twice the size and averaged, so that the arcs have no stairs
    y, x = np.mgrid[:fine, :fine] / fine
    x, y = x + 0.012 * np.sin(9 * y + 1), y + 0.014 * np.sin(8 * x)  # cloth is never quite flat
    radius, rings, rows, columns = 0.165, 5, 15, 6
    dyes = random.choice(len(SILKS), (rows, columns), p=(0.40, 0.25, 0.22, 0.13))
    silks = np.array(SILKS) / 255
    canvas = np.tile(silks[0, 0], (fine, fine, 1))
    for row in range(rows):
        offset = radius * (row % 2)
        column = np.round((x - offset) / (2 * radius)).astype(int)
        height = (row - 1) * radius * 0.55
        r = np.hypot(x - offset - 2 * radius * column, y - height) / radius
        ring = ((1 - r) * (rings + 1)).astype(int).clip(0, rings)
        dye = dyes[row, (column + 1).clip(0, columns - 1)]
        canvas = np.where((r < 1)[..., None], silks[dye, ring], canvas)
    canvas = canvas.reshape(n, 2, n, 2, 3).mean((1, 3))
    return canvas + 0.02 * ndimage.gaussian_filter(random.normal(size=(n, n)), 0.8)[..., None]


STYLES = {"starry night": starry, "mondrian": mondrian, "stained glass": glass, "waves": waves}


def _palette(colours, t):
    """Walk along a row of colours: t in [0, 1] (clipped) -> (..., 3) in [0, 1]."""
    colours = np.array(colours) / 255
    places = np.linspace(0, 1, len(colours))
    t = np.clip(t, 0, 1)
    return np.stack([np.interp(t, places, colours[:, k]) for k in range(3)], -1)
