"""Pictures glued to things of the world, and road signs."""

from dataclasses import replace

import numpy as np
import pytest

from tutlib import world
from tutlib.world.shapes import Clay


def plain(colour, size=8):
    return np.broadcast_to(np.float32(colour), (size, size, 3))


def test_a_decal_colours_what_lies_close_to_its_plane_and_nothing_else():
    decal = world.Decal(plain((0.5, 0.2, 0.9)), (1, 0, 0), (0, 0, -0.5), (0, 0.5, 0), 0.05)
    points = np.float32([[1, 0, 0], [1.04, 0.4, 0.4], [1.2, 0, 0], [1, 0.6, 0], [1, 0, -0.7]]).T
    clay = Clay(points, painting=True)
    clay.add(np.zeros(5, np.float32), np.full((3, 1), 0.3, np.float32))
    decal.paint(clay)
    glued = np.float32([0.5, 0.2, 0.9]) ** 2.2
    np.testing.assert_allclose(clay.colour[:, :2].T, [glued] * 2, rtol=1e-5)
    np.testing.assert_allclose(clay.colour[:, 2:], 0.3, rtol=1e-6)


def test_a_decal_is_neither_mirrored_nor_upside_down():
    picture = np.zeros((2, 2, 3), np.float32)
    picture[0, 0] = (1, 0, 0)  # upper left
    picture[1, 1] = (0, 1, 0)  # lower right
    frame = world.render(front(decals=(world.on_the_plate(picture),)), 64)
    middle, _ = frame.camera.project(np.float32([0.03, 1.3, 0]))
    u, v = middle.astype(int)
    assert frame.rgb[v - 16, u - 16].argmax() == 0
    assert frame.rgb[v + 16, u + 16].argmax() == 1


def front(**options):
    return world.scene("road sign", 3, azimuth=0.0, elevation=0.0, distance=4.3, fov=0.36,
                       ground="grass", **options)  # fmt: skip


def test_the_renderer_shows_the_texture_where_the_camera_projects_it():
    frame = world.render(front(decals=(world.on_the_plate(world.face("stop", 128)),)), 128)
    flat = world.face("stop", 128)
    for a, b in ((0, -0.65), (0.55, 0.6), (-0.7, 0.0), (0.97, 0.97)):
        point = np.float32([0.03, 1.3 + 0.55 * b, -0.55 * a])
        (u, v), _ = frame.camera.project(point)
        pixel = flat[int((1 - b) * 63.9), int((a + 1) * 63.9)] ** 2.2
        np.testing.assert_allclose(frame.colour[int(v), int(u)], pixel, atol=0.12)


def test_without_decals_the_world_is_as_it_was_and_geometry_never_changes():
    bare = front()
    faced = replace(bare, decals=(world.on_the_plate(world.face("no entry", 32)),))
    one, other = world.render(bare, 48), world.render(faced, 48)
    assert np.array_equal(one.depth, other.depth)
    assert np.array_equal(one.mask, other.mask)
    away = ~one.mask
    away[1:-1, 1:-1] &= ~(one.mask[2:, 1:-1] | one.mask[:-2, 1:-1])
    away[1:-1, 1:-1] &= ~(one.mask[1:-1, 2:] | one.mask[1:-1, :-2])
    assert np.array_equal(one.rgb[away], other.rgb[away])
    assert abs(one.rgb - other.rgb)[one.mask].max() > 0.2


@pytest.mark.parametrize("name", world.SIGNS)
def test_a_face_is_a_picture_and_unlike_the_others(name):
    face = world.face(name, 32)
    assert face.shape == (32, 32, 3)
    assert face.dtype == np.float32
    assert 0 <= face.min() < face.max() <= 1
    others = [abs(face - world.face(other, 32)).mean() for other in world.SIGNS if other != name]
    assert min(others) > 0.05


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 4), (0, 8, 3)])
def test_a_decal_needs_a_picture(shape):
    with pytest.raises(ValueError, match="picture"):
        world.on_the_plate(np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        world.on_the_plate(np.full((4, 4, 3), 2.0))
    with pytest.raises(ValueError, match="no sign"):
        world.face("parking")
