"""Hog, wombat, giant panda and tabby."""

from itertools import pairwise

import numpy as np

from .noise import fbm3
from .palette import BLACK, DARK, eyes, hair, hooves, legs, spot
from .shapes import disc, ellipsoid, inside, mirrored, rgb, stick, turned
from .thing import register

FIELD = ("grass", "mud", "straw")
# The corners of a hog's tail, root to tip.
CURL = ((-0.68, 0.76, 0.0), (-0.80, 0.80, 0.075), (-0.84, 0.90, 0.0), (-0.90, 0.85, -0.07))


@register("hog", grounds=FIELD)
def hog(draw):
    """A pig: barrel body, disc of a snout, floppy ears, curly tail."""
    fat, snout = draw.between(0.9, 1.1), draw.between(0.92, 1.12)
    yaw, nod = draw.between(-0.6, 0.6), draw.between(-0.12, 0.2)
    swing, flop = draw.between(-0.14, 0.14), draw.between(0.1, 0.9)
    skins = ((0.80, 0.43, 0.38), (0.86, 0.52, 0.45), (0.76, 0.39, 0.35), (0.78, 0.47, 0.38))
    skin = rgb(*draw.choose((*skins, skins[1], (0.40, 0.21, 0.15)))) * draw.between(0.88, 1.1)
    spotted, shift = draw.chance(0.3), draw.between(0, 30)

    def sculpt(clay):
        x, y, z = clay.p
        clay.add(ellipsoid(clay.p, (0, 0.64, 0), (0.74, 0.40 * fat, 0.38 * fat)), skin)
        clay.add(ellipsoid(clay.p, (-0.42, 0.66, 0), (0.38, 0.39 * fat, 0.36 * fat)), skin, 0.15)
        legs(clay, (0.42, -0.50), 0.45, 0.21, 0.16, 0.085, swing, skin, 0.12)
        for start, end in pairwise(CURL):
            clay.add(stick(clay.p, start, end, 0.032, 0.026), skin, 0.03)
        if clay.painting:
            if spotted:
                patches = fbm3(x * 2 + shift, y * 2, z * 2, 2) - 0.13
                clay.paint(0.3 * patches - 0.5 * np.maximum(x - 0.2, 0), DARK)  # not on the face
            hooves(clay, skin * 0.22, 0.075, 0.35)
            clay.colour = clay.colour * (0.94 + 0.10 * fbm3(x * 5 + shift, y * 5, z * 5, 3))
        _hog_head(clay, turned(clay.p, (0.62, 0.78, 0), yaw, nod), skin, snout, flop)

    return sculpt


def _hog_head(clay, head, skin, snout, flop):
    both = mirrored(head)
    x, y, z = both
    tip = 0.56 * snout
    clay.add(ellipsoid(head, (0.15, 0, 0), (0.33, 0.29, 0.27)), skin, 0.15)
    clay.add(ellipsoid(both, (0.20, -0.11, 0.13), (0.19, 0.15, 0.14)), skin, 0.08)  # cheeks
    clay.add(stick(head, (0.3, -0.04, 0), (0.49 * snout, -0.08, 0), 0.18, 0.125), skin, 0.07)
    clay.add(ellipsoid(head, (0.36, -0.19, 0), (0.15, 0.075, 0.10)), skin, 0.05)  # lower jaw
    nose = skin * rgb(1.0, 0.76, 0.80)
    clay.add(disc(head, (tip, -0.08, 0), 0.155, 0.05, "x", 0.04), nose, 0.025, 0.3)
    _hog_ears(clay, both, skin, flop)
    if clay.painting:
        blush = 0.5 - 4.5 * np.sqrt((x - 0.27) ** 2 + (y + 0.09) ** 2 + (z - 0.25) ** 2)
        clay.colour = clay.colour * (1 - rgb(0.0, 0.22, 0.20) * np.clip(blush * 2, 0, 1))
        nostril = 0.036 - np.sqrt((z - 0.058) ** 2 + ((y + 0.075) * 0.65) ** 2)
        clay.paint(inside(nostril, x - 0.5 * snout), skin * 0.08)
        smile = inside(0.011 - abs(y + 0.175 - 0.14 * (x - 0.30) ** 2 - 0.8 * (0.42 - x) ** 2))
        clay.paint(inside(smile, x - 0.18, 0.50 * snout - x), skin * 0.25)
    lid = ellipsoid(both, (0.350, 0.117, 0.163), (0.060, 0.055, 0.062))
    clay.add(lid, skin * 0.86, 0.02)
    eyes(clay, both, (0.375, 0.10, 0.172), 0.052)


def _hog_ears(clay, both, skin, flop):
    x, y, z = both
    ear = turned((x, y, z - 0.19 - 0.3 * (y - 0.28)), (0.08, 0.25, 0), 0.0, flop)
    upward = np.clip(ear[1], -0.1, 0.34)
    taper = 1.0 - 1.5 * upward  # broad at the root, pointed at the tip
    drooped = ear[0] + 0.9 * upward * upward
    flap = ellipsoid((drooped, ear[1], ear[2] / taper), (0, 0.10, 0), (0.05, 0.23, 0.15)) * 0.7
    clay.add(flap, skin * 0.9, 0.03)
    if clay.painting:
        hollow = inside(0.085 - abs(ear[2] / taper), drooped - 0.012, ear[1] - 0.02)
        clay.paint(inside(hollow, 0.02 - flap), skin * rgb(0.72, 0.50, 0.52))


@register("wombat", grounds=("grass", "mud", "sand"))
def wombat(draw):
    """A low, round, furry barrel with a blunt black nose."""
    fat, yaw = draw.between(0.92, 1.1), draw.between(-0.6, 0.6)
    nod, swing = draw.between(-0.1, 0.3), draw.between(-0.1, 0.1)
    coats = ((0.22, 0.14, 0.085), (0.30, 0.21, 0.14), (0.20, 0.17, 0.15), (0.36, 0.27, 0.19))
    coat = rgb(*draw.choose((*coats, (0.14, 0.10, 0.075)))) * draw.between(0.85, 1.15)
    shift = draw.between(0, 30)

    def sculpt(clay):
        fur = coat * hair(clay, shift, 0.5) if clay.painting else coat
        clay.add(ellipsoid(clay.p, (-0.05, 0.56, 0), (0.76, 0.45 * fat, 0.44 * fat)), fur, gloss=0)
        clay.add(ellipsoid(clay.p, (-0.4, 0.56, 0), (0.42, 0.44 * fat, 0.42 * fat)), fur, 0.15, 0)
        legs(clay, (0.42, -0.45), 0.36, 0.26, 0.18, 0.12, swing, fur, 0.12, 0)
        hooves(clay, coat * 0.6)
        head = turned(clay.p, (0.55, 0.68, 0), yaw, nod)
        both = mirrored(head)
        clay.add(ellipsoid(head, (0.14, 0, 0), (0.36, 0.31, 0.33)), fur, 0.15, 0)
        clay.add(ellipsoid(head, (0.42, -0.11, 0), (0.17, 0.15, 0.17)), fur * 0.9, 0.1, 0)
        clay.add(ellipsoid(head, (0.56, -0.04, 0), (0.06, 0.07, 0.10)), BLACK, 0.03, 0.5)
        clay.add(ellipsoid(both, (-0.02, 0.29, 0.19), (0.06, 0.12, 0.085)), fur * 0.8, 0.03, 0)
        if clay.painting:
            clay.paint(spot(both, (0.30, 0.2), 0.05, 0.0), coat * 0.4)
        eyes(clay, both, (0.40, 0.10, 0.2), 0.042)

    return sculpt


@register("giant panda", grounds=("grass", "mud", "floor"))
def giant_panda(draw):
    """Black and white, sitting or on all fours."""
    sits, yaw, nod = draw.chance(0.6), draw.between(-0.6, 0.6), draw.between(-0.1, 0.25)
    swing, fat = draw.between(-0.12, 0.12), draw.between(0.93, 1.08)
    pale, ink = rgb(0.80, 0.77, 0.70) * draw.between(0.85, 1.1), rgb(0.030, 0.028, 0.030)
    shift = draw.between(0, 30)

    def sculpt(clay):
        fluff = hair(clay, shift, 0.22) if clay.painting else 1.0
        light, dark = pale * fluff, ink * fluff
        if sits:
            neck = _sitting_panda(clay, light, dark, fat)
        else:
            neck = _walking_panda(clay, light, dark, fat, swing)
        head = turned(clay.p, neck, yaw, nod)
        both = mirrored(head)
        clay.add(ellipsoid(head, (0.08, 0, 0), (0.33, 0.32, 0.37)), light, 0.06, 0)
        clay.add(ellipsoid(head, (0.36, -0.1, 0), (0.15, 0.12, 0.16)), light, 0.08, 0)
        clay.add(ellipsoid(head, (0.50, -0.05, 0), (0.045, 0.045, 0.075)), BLACK, 0.02, 0.5)
        clay.add(ellipsoid(both, (-0.02, 0.29, 0.28), (0.07, 0.12, 0.12)), dark, 0.02, 0)
        if clay.painting:
            hx, hy, hz = both
            drop = np.sqrt(((hy - 0.05 + 0.5 * (hz - 0.16)) * 0.8) ** 2 + (hz - 0.16) ** 2)
            clay.paint(inside(0.095 - drop, hx - 0.1), ink)
            mouth = inside(0.010 - abs(hy + 0.155 - 1.2 * hz * hz), hx - 0.40, 0.10 - hz)
            clay.paint(mouth, ink)
        eyes(clay, both, (0.38, 0.07, 0.15), 0.037)

    return sculpt


def _sitting_panda(clay, light, dark, fat):
    both = mirrored(clay.p)
    clay.add(ellipsoid(clay.p, (-0.1, 0.55, 0), (0.45 * fat, 0.56, 0.50 * fat)), light, gloss=0)
    clay.add(ellipsoid(clay.p, (-0.05, 0.86, 0), (0.36, 0.19, 0.43)), dark, 0.1, 0)
    paw = (0.42, 0.52, 0.34 + 0.1 * fat)
    clay.add(stick(both, (0.05, 0.86, 0.38), paw, 0.15, 0.13), dark, 0.06, 0)
    clay.add(stick(both, (0.1, 0.2, 0.36), (0.62, 0.15, 0.42), 0.19, 0.15), dark, 0.06, 0)
    clay.add(ellipsoid(both, (0.76, 0.17, 0.43), (0.06, 0.16, 0.14)), dark * 2, 0.04, 0)
    return 0.12, 1.22, 0


def _walking_panda(clay, light, dark, fat, swing):
    clay.add(ellipsoid(clay.p, (-0.05, 0.68, 0), (0.72, 0.42 * fat, 0.40 * fat)), light, gloss=0)
    clay.add(ellipsoid(clay.p, (0.34, 0.68, 0), (0.22, 0.40, 0.39)), dark, 0.06, 0)
    legs(clay, (0.40, -0.48), 0.5, 0.23, 0.19, 0.13, swing, dark, 0.06, 0)
    return 0.66, 0.88, 0
