"""Ostrich."""

import numpy as np

from .noise import noise3
from .palette import WHITE, eyes, hair
from .shapes import ellipsoid, mirrored, rgb, stick, turned
from .thing import register


@register("ostrich", grounds=("grass", "sand", "straw"), zoom=0.85)
def ostrich(draw):
    """A feather ball on long bare legs, with a long bare neck."""
    yaw, lean = draw.between(-0.8, 0.8), draw.between(-0.1, 0.25)
    swing, bow = draw.between(-0.2, 0.2), draw.between(0.0, 0.12)
    plumage = rgb(*draw.choose(((0.03, 0.03, 0.032), (0.16, 0.12, 0.09), (0.05, 0.04, 0.035))))
    skin = rgb(*draw.choose(((0.62, 0.42, 0.34), (0.50, 0.42, 0.38), (0.68, 0.50, 0.42))))
    shift = draw.between(0, 30)

    def sculpt(clay):
        x, y, z = clay.p
        both = mirrored(clay.p)
        ruffle = 1.0
        if clay.painting:
            ruffle = 1 + 0.6 * noise3(x * 6 + shift, y * 18, z * 10)
            ruffle = ruffle * hair(clay, shift)
        dark, white = plumage * ruffle, WHITE * (0.75 + 0.25 * ruffle)
        clay.add(ellipsoid(clay.p, (-0.12, 0.92, 0), (0.46, 0.29, 0.30)), dark, gloss=0)
        clay.add(ellipsoid(both, (-0.1, 0.93, 0.24), (0.36, 0.20, 0.10)), dark, 0.04, 0)
        clay.add(ellipsoid(both, (-0.42, 0.90, 0.22), (0.15, 0.13, 0.08)), white, 0.05, 0)
        clay.add(stick(clay.p, (-0.45, 1.0, 0), (-0.72, 1.1, 0), 0.17, 0.07), white, 0.06, 0)
        _bird_legs(clay, skin, swing)
        curved = (x - lean * (y - 1.0) + bow * np.sin(4 * (y - 1.0)), y, z)
        clay.add(stick(curved, (0.22, 1.0, 0), (0.40, 1.62, 0), 0.10, 0.05), skin, 0.08, 0.1)
        head = turned(clay.p, (0.40 + lean * 0.65 - bow * 0.6, 1.68, 0), yaw)
        clay.add(ellipsoid(head, (0.03, 0, 0), (0.12, 0.085, 0.085)), skin * 0.9, 0.04, 0.1)
        beak = rgb(0.55, 0.36, 0.20)
        clay.add(ellipsoid(head, (0.17, -0.02, 0), (0.11, 0.03, 0.055)), beak, 0.02, 0.3)
        eyes(clay, mirrored(head), (0.06, 0.025, 0.065), 0.028)

    return sculpt


def _bird_legs(clay, skin, swing):
    x, y, z = clay.p
    step, side = swing * np.sign(z), abs(z)
    clay.add(
        stick((x, y, side), (-0.1, 0.80, 0.14), (-0.02, 0.55, 0.13), 0.13, 0.06), skin, 0.05, 0
    )
    low = (x - step * np.maximum(0.55 - y, 0), y, side)
    shin = stick(low, (-0.02, 0.55, 0.13), (-0.08, 0.06, 0.13), 0.045, 0.035)
    clay.add(shin, skin * 0.9, 0.03, 0)
    toes = stick((x - step * 0.5, y, side), (-0.1, 0.04, 0.13), (0.12, 0.03, 0.13), 0.04, 0.03)
    clay.add(toes, skin * 0.7, 0.03, 0)
