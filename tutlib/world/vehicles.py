"""School bus, sports car, speedboat and airliner."""

import numpy as np

from .palette import BLACK, CHROME, DARK, GLASS, RUBBER, WHITE
from .shapes import box, disc, ellipsoid, inside, length, mirrored, rgb, rotated, stick
from .thing import register

LIVERIES = (
    (0.05, 0.12, 0.45),
    (0.60, 0.05, 0.06),
    (0.05, 0.32, 0.18),
    (0.75, 0.38, 0.04),
    (0.10, 0.35, 0.60),
)
CAR_PAINTS = (
    (0.65, 0.02, 0.02),
    (0.03, 0.10, 0.50),
    (0.75, 0.55, 0.02),
    (0.80, 0.80, 0.78),
    (0.02, 0.30, 0.10),
    (0.03, 0.03, 0.035),
    (0.75, 0.22, 0.01),
    (0.40, 0.42, 0.45),
)


def wheels(clay, places, radius, half, side, rim):
    """A pair of wheels at each x in places, `side` away from the middle."""
    both = mirrored(clay.p)
    for place in places:
        tyre = disc(both, (place, radius, side), radius, half, "z", 0.03)
        clay.add(tyre, RUBBER, 0.005, 0.1)
        if clay.painting:
            hub = length(both[0] - place, both[1] - radius)
            clay.paint(inside(0.55 * radius - hub, 0.02 - tyre), rim, 0.6)
            clay.paint(inside(0.16 * radius - hub, 0.02 - tyre), DARK, 0.3)


@register("airliner", grounds=("sky", "sky", "sky", "road"), zoom=0.92)
def airliner(draw):
    """Two engines, swept wings, a coloured fin; banking a little."""
    livery, white = rgb(*draw.choose(LIVERIES)), WHITE * draw.between(0.85, 1.1)
    roll, pitch = draw.between(-0.5, 0.5), draw.between(-0.2, 0.3)
    sweep, long = draw.between(0.45, 0.65), draw.between(1.05, 1.2)

    def sculpt(clay):
        x, y, z = clay.p
        y, z = rotated(y - 0.75, z, roll)
        x, y = rotated(x, y, pitch)
        p, both = (x, y, z), (x, y, abs(z))
        side, tail = both[2], -0.95 * long
        clay.add(stick(p, (-0.75, 0.02, 0), (0.95 * long, 0, 0), 0.15, 0.135), white, gloss=0.5)
        clay.add(stick(p, (-0.7, 0.02, 0), (-1.15 * long, 0.09, 0), 0.14, 0.04), white, 0.05, 0.5)
        chord = 0.20 - 0.13 * np.clip(side, 0, 1.2)
        swept = (x + sweep * side, y - 0.10 * side, side)
        wing = box(swept, (0.15, -0.07, 0.62), (chord, 0.022, 0.62), 0.015) * 0.8
        clay.add(wing, CHROME * 0.9, 0.03, 0.5)
        rear = (x + 0.55 * side, y, side)
        tailplane = box(rear, (tail, 0.10, 0.22), (0.12, 0.016, 0.24), 0.012) * 0.8
        clay.add(tailplane, CHROME, 0.02, 0.5)
        raked = (x + 0.6 * (y - 0.1), y, z)
        fin = box(raked, (tail, 0.30, 0), (0.14, 0.24, 0.016), 0.012) * 0.8
        clay.add(fin, livery, 0.02, 0.5)
        engine = disc(both, (0.08, -0.15, 0.42), 0.085, 0.17, "x", 0.04)
        clay.add(engine, livery * 0.6 + CHROME * 0.4, 0.01, 0.6)
        if clay.painting:
            _airliner_paint(clay, both, livery, long)

    return sculpt


def _airliner_paint(clay, both, livery, long):
    x, y, side = both
    hull = inside(0.2 - side, 0.9 - x, x + 0.8)
    clay.paint(inside(0.022 - abs(y - 0.03), np.sin(x * 75) * 0.0133, side - 0.1, hull), GLASS, 0.9)
    clay.paint(inside(0.016 - abs(y + 0.035), 0.16 - side, side - 0.1), livery)
    nose = inside(x - 0.93 * long, 1.04 * long - x, 0.2 - side)
    clay.paint(inside(0.03 - abs(y - 0.055), nose), GLASS, 0.9)
    inlet = 0.066 - length(y + 0.15, side - 0.42)
    clay.paint(inside(inlet, x - 0.22), DARK)


@register("school bus", grounds=("road", "road", "grass"), zoom=0.95)
def school_bus(draw):
    """Yellow, with a bonnet and a row of windows."""
    yellow = rgb(0.85, 0.48, 0.02) * draw.between(0.88, 1.1)
    long = draw.between(0.95, 1.15)
    rim = rgb(*draw.choose(((0.06, 0.055, 0.05), (0.3, 0.3, 0.3), (0.85, 0.48, 0.02))))

    def sculpt(clay):
        clay.add(box(clay.p, (-0.12, 0.66, 0), (0.92 * long, 0.46, 0.36), 0.07), yellow, gloss=0.4)
        bonnet = box(clay.p, (0.95 * long, 0.46, 0), (0.22, 0.25, 0.33), 0.06)
        clay.add(bonnet, yellow, 0.02, 0.4)
        for bumper in (1.19 * long, -0.12 - 0.93 * long):
            bar = box(clay.p, (bumper, 0.24, 0), (0.03, 0.05, 0.34), 0.02)
            clay.add(bar, DARK, 0.01, 0.3)
        if clay.painting:
            _bus_paint(clay, yellow, long)
        wheels(clay, (0.85 * long, -0.60 * long), 0.19, 0.07, 0.32, rim)

    return sculpt


def _bus_paint(clay, yellow, long):
    x, y, z = clay.p
    side = abs(z)
    cabin = x + 0.12
    pane = 0.105 - abs((cabin / 0.26) % 1 - 0.5) * 0.26
    row = inside(0.15 - abs(y - 0.83), pane, 0.84 * long - abs(cabin), side - 0.34)
    clay.paint(row, GLASS, 0.9)
    clay.paint(inside(0.14 - abs(y - 0.84), 0.30 - side, abs(cabin) - 0.9 * long), GLASS, 0.9)
    for height in (0.58, 0.40):
        clay.paint(inside(0.018 - abs(y - height), side - 0.3), BLACK)
    clay.paint(y - 1.09, yellow * 0.4 + WHITE * 0.5)
    for end in (cabin - 0.9 * long, -cabin - 0.9 * long):
        clay.paint(inside(0.05 - length(y - 1.04, side - 0.22), end), rgb(0.7, 0.05, 0.02), 0.8)
    front = x - 1.15 * long
    clay.paint(inside(0.11 - abs(y - 0.48), 0.13 - side, front), DARK)
    clay.paint(inside(0.06 - length(y - 0.5, side - 0.24), front), rgb(0.9, 0.9, 0.8), 1.0)


@register("sports car", grounds=("road", "road", "sand"), zoom=0.95)
def sports_car(draw):
    """Low and wide, in any colour; some have a wing, some have stripes."""
    paint = rgb(*draw.choose(CAR_PAINTS)) * draw.between(0.8, 1.1)
    wing, striped = draw.chance(0.4), draw.chance(0.3)
    cabin, low = draw.between(-0.22, 0.0), draw.between(0.9, 1.08)
    places = (0.66, -0.64)

    def sculpt(clay):
        x, true_y, z = clay.p
        y, side = true_y / low, abs(z)
        p, both = (x, y, z), (x, y, side)
        clay.add(ellipsoid(p, (0, 0.30, 0), (1.15, 0.20, 0.50)), paint, gloss=0.8)
        clay.add(box(p, (-0.05, 0.26, 0), (1.0, 0.13, 0.45), 0.09), paint, 0.08, 0.8)
        clay.add(ellipsoid(both, (0.45, 0.36, 0.26), (0.42, 0.16, 0.17)), paint, 0.08, 0.8)
        clay.add(ellipsoid(both, (-0.68, 0.32, 0.30), (0.32, 0.13, 0.14)), paint, 0.08, 0.8)
        dome = ellipsoid(p, (cabin, 0.42, 0), (0.52, 0.24, 0.34))
        clay.add(dome, paint, 0.05, 0.8)
        mirror = ellipsoid(both, (cabin + 0.30, 0.50, 0.37), (0.04, 0.03, 0.05))
        clay.add(mirror, paint, 0.01, 0.8)
        if wing:
            clay.add(box(p, (-0.98, 0.60, 0), (0.10, 0.02, 0.44), 0.015), paint * 0.7, 0.01, 0.6)
            clay.add(box(both, (-0.95, 0.50, 0.30), (0.03, 0.10, 0.02), 0.01), DARK, 0.01)
        if clay.painting:
            _car_paint(clay, both, dome, cabin, striped)
        for place in places:  # wheel arches are cut out
            arch = 0.205 - length(x - place, true_y - 0.18)
            clay.distance = np.maximum(clay.distance, inside(arch, (side - 0.3) * 3))
        wheels(clay, places, 0.18, 0.08, 0.39, CHROME)

    return sculpt


def _car_paint(clay, both, dome, cabin, striped):
    x, y, side = both
    rel = x - cabin
    band = inside(y - 0.455, 0.615 - y, 0.03 - dome)
    screens = np.maximum(abs(rel) - 0.30, inside(side - 0.16, 0.36 - abs(rel)))
    if striped:
        on_top = np.maximum(abs(rel) - 0.45, 0.47 - y)
        clay.paint(inside(0.05 - abs(side - 0.1), y - 0.3, on_top), WHITE)
    clay.paint(inside(band, screens), GLASS, 1.0)
    lamp = 0.07 - length((x - 0.98) * 0.6, side - 0.32)
    clay.paint(inside(lamp, y - 0.28, 0.42 - y), rgb(0.9, 0.9, 0.85), 1.0)
    tail = inside(0.035 - abs(y - 0.33), side - 0.18, -0.98 - x)
    clay.paint(tail, rgb(0.8, 0.02, 0.02), 0.8)
    clay.paint(inside(0.05 - abs(y - 0.22), 0.25 - side, x - 0.98), DARK)


@register("speedboat", grounds=("water",), zoom=0.95)
def speedboat(draw):
    """An open boat with an outboard engine, its bow lifted by speed."""
    hulls = ((0.75, 0.75, 0.72), (0.05, 0.12, 0.40), (0.60, 0.04, 0.05), (0.02, 0.25, 0.30))
    paint = rgb(*draw.choose((*hulls, (0.75, 0.50, 0.05))))
    trims = ((0.60, 0.04, 0.05), (0.05, 0.12, 0.40), (0.75, 0.75, 0.72), (0.03, 0.03, 0.03))
    trim, pitch, cuddy = rgb(*draw.choose(trims)), draw.between(0.0, 0.16), draw.chance(0.4)

    def sculpt(clay):
        x, y = rotated(clay.p[0], clay.p[1] - 0.1, pitch)
        z = clay.p[2]
        p, both = (x, y, z), (x, y, abs(z))
        rise = np.maximum(x, 0)
        hull = ellipsoid((x, y - 0.12 * rise**2, z), (-0.35, 0.32, 0), (1.55, 0.48, 0.45))
        deck = y - 0.30 - 0.10 * rise
        hull = np.maximum(np.maximum(hull, deck), -0.95 - x)
        well = box(p, (-0.35, 0.40, 0), (0.42, 0.22, 0.27), 0.08)
        clay.add(np.maximum(hull, -well) * 0.9, paint, gloss=0.7)
        if clay.painting:
            stripe = inside(0.05 - abs(y - 0.14 - 0.10 * rise), 0.02 - deck)
            clay.paint(stripe, trim)
            clay.paint(deck + 0.03, WHITE)
            clay.paint(0.015 - well, rgb(0.45, 0.28, 0.15))
        if cuddy:
            roof = ellipsoid(p, (0.25, 0.30, 0), (0.55, 0.26, 0.30))
            clay.add(np.maximum(roof, -0.1 - x), WHITE, 0.03, 0.6)
            if clay.painting:
                band = inside(y - 0.42, 0.53 - y, 0.2 - abs(both[2] - 0.1))
                clay.paint(band, GLASS, 1.0)
        wx, wy = rotated(x - 0.12, y - 0.42, -0.7)
        screen = np.maximum(box((wx, wy, z), (0, 0, 0), (0.022, 0.19, 0.33), 0.015), 0.28 - y)
        clay.add(screen, GLASS * 1.5, 0.01, 1.0)
        clay.add(box(both, (-0.50, 0.28, 0.12), (0.07, 0.13, 0.09), 0.04), WHITE, 0.02, 0.3)
        clay.add(box(p, (-1.02, 0.30, 0), (0.12, 0.17, 0.11), 0.06), DARK, 0.01, 0.6)

    return sculpt
