"""Sun, sky and how surfaces answer them."""

import math
from dataclasses import dataclass

import numpy as np

from .shapes import rgb


@dataclass(frozen=True)
class Light:
    """The light of one scene; all colours (3, 1) float32, linear."""

    sun: np.ndarray  # unit direction towards the sun
    sun_colour: np.ndarray
    sky_colour: np.ndarray  # light from all of the sky together
    zenith: np.ndarray  # how the sky itself looks: overhead ...
    horizon: np.ndarray  # ... and low down, which is also the colour of haze
    bounce: np.ndarray  # light sent back by the ground
    indoor: bool

    def sky(self, height):
        """The clear sky at directions of this height (the y of a unit vector)."""
        return self.horizon + (self.zenith - self.horizon) * np.sqrt(np.clip(height, 0, 1))


def light_of(scene, ground):
    """The scene's `Light` above this `ground.Ground`."""
    ring = math.cos(scene.sun_elevation)
    sun = rgb(
        ring * math.cos(scene.sun_azimuth),
        math.sin(scene.sun_elevation),
        ring * math.sin(scene.sun_azimuth),
    )
    indoor = scene.ground == "floor"
    warm = rgb(1 + scene.warmth, 1 + 0.1 * scene.warmth, 1 - scene.warmth)
    sky = rgb(0.75, 0.70, 0.65) if indoor else rgb(0.50, 0.68, 1.0) * scene.sky_strength
    return Light(
        sun=sun,
        sun_colour=warm * scene.sun_strength,
        sky_colour=sky,
        zenith=rgb(*scene.sky_colour),
        horizon=rgb(0.60, 0.70, 0.80) * (1 + 0.3 * (rgb(*scene.sky_colour)[2] - 0.7)),
        bounce=(ground.dark + ground.light) * (0.5 * scene.ground_tint),
        indoor=indoor,
    )


def shade(light, view, normal, albedo, gloss, sunlit, openness):
    """Colour (3, N) of surface points seen along `view`.

    sunlit, openness: (N,), the share of the sun and of the surroundings that reaches the point.
    """
    facing = (normal * light.sun).sum(0)
    # Skin and fur let light creep round the terminator, in skin red the furthest; lacquer not.
    skin = np.minimum(gloss * 8, 1)
    soft = (0.12 + rgb(0.10, -0.02, -0.05) * skin) * (1 - np.minimum(gloss * 2.5, 1))
    direct = np.clip((facing + soft) / (1 + soft), 0, 1) * sunlit
    upward = 0.5 + 0.5 * normal[1]
    around = light.sky_colour * (0.62 * openness * upward)
    around = around + light.bounce * (0.9 * openness * (1 - upward))
    colour = albedo * (light.sun_colour * (0.8 * direct) + around)
    return colour + _reflection(light, view, normal, gloss, sunlit, openness)


def _reflection(light, view, normal, gloss, sunlit, openness):
    towards = -(view * normal).sum(0)
    mirror = view + 2 * towards * normal
    fresnel = 0.04 + 0.96 * (1 - np.clip(towards, 0, 1)) ** 5
    surroundings = np.where(mirror[1] > 0, light.sky(mirror[1]), light.bounce)
    surroundings = surroundings * (0.9 if light.indoor else 1.4)
    highlight = np.clip((mirror * light.sun).sum(0), 0, 1) ** 40 * sunlit
    glossy = 0.22 * surroundings * ((fresnel * 2.2 + 0.12) * openness)
    glossy = gloss * (glossy + 0.38 * highlight * light.sun_colour)
    velvet = (1 - np.minimum(gloss * 3, 1)) * 0.05 * fresnel * openness  # fine hair at the rim
    return glossy + velvet * light.sky_colour


def film(colour, exposure):
    """Linear light to [0, 1]: exposure, a film-like shoulder (Narkowicz, 2016), gamma."""
    x = np.maximum(colour * exposure, 0)
    x = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)
    return np.minimum(x, 1) ** (1 / 2.2)
