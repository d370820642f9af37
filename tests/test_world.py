"""The picture world: deterministic, float32, finite, and true to its own geometry."""

import dataclasses
import math

import numpy as np
import pytest

from tutlib import world
from tutlib.world import march
from tutlib.world.camera import LOWEST_EYE
from tutlib.world.ground import GROUNDS
from tutlib.world.scene import camera_of, sculpture
from tutlib.world.shapes import Clay, ellipsoid, rgb

SIZE = 40
CENTRE = (0.0, 0.65, 0.0)
EXTREME = (
    {"elevation": math.pi / 2},
    {"elevation": -math.pi / 2},
    {"elevation": -1.2, "distance": 9.0},  # would be under the ground
    {"distance": 0.05},  # inside the thing
    {"distance": 60.0},
    {"azimuth": -40.0, "elevation": 0.0, "aim": (0.0, -0.5, 0.0)},
    {"fov": 4.0},
)


def check_frame(frame, size):
    """Whatever the scene: shapes, types, ranges, no NaN, unit normals exactly on the thing."""
    assert frame.rgb.shape == frame.normal.shape == frame.colour.shape == (size, size, 3)
    assert frame.mask.shape == frame.depth.shape == (size, size)
    assert frame.mask.dtype == bool
    for values in (frame.rgb, frame.depth, frame.normal, frame.colour):
        assert values.dtype == np.float32
        assert not np.isnan(values).any()
    for values in (frame.rgb, frame.colour):
        assert values.min() >= 0
        assert values.max() <= 1
    assert (frame.depth > 0).all()
    assert np.isfinite(frame.depth[frame.mask]).all()
    lengths = np.linalg.norm(frame.normal, axis=2)
    np.testing.assert_allclose(lengths[frame.mask], 1, atol=1e-4)
    assert (lengths[~frame.mask] == 0).all()
    assert (frame.colour[~frame.mask] == 0).all()


def test_ten_things_in_their_order():
    assert list(world.NAMES) == [
        "hog",
        "wombat",
        "airliner",
        "giant panda",
        "ostrich",
        "school bus",
        "sports car",
        "speedboat",
        "tabby",
        "teapot",
    ]
    assert set(world.NAMES) <= set(world.THINGS)


@pytest.mark.parametrize("name", world.NAMES)
def test_same_seed_same_picture(name):
    first, second, other = (world.render(world.scene(name, s), SIZE) for s in (3, 3, 4))
    assert world.scene(name, 3) == world.scene(name, 3)
    for field in ("rgb", "mask", "depth", "normal", "colour"):
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field))
    assert np.abs(first.rgb - other.rgb).mean() > 0.02


@pytest.mark.parametrize("name", world.NAMES)
def test_every_seed_shows_the_thing(name):
    for seed in range(12):
        frame = world.render(world.scene(name, seed), SIZE)
        check_frame(frame, SIZE)
        share = frame.mask.mean()
        assert 0.02 < share < 0.75, f"seed {seed}: the thing covers {share:.1%} of the picture"
        assert frame.rgb.std() > 0.05


@pytest.mark.parametrize("name", world.NAMES)
def test_extreme_cameras(name):
    for factors in EXTREME:
        check_frame(world.render(world.scene(name, 1, **factors), 24), 24)


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_ground_under_the_hog(ground):
    for factors in ({}, *EXTREME):
        frame = world.render(world.scene("hog", 2, ground=ground, **factors), 24)
        check_frame(frame, 24)


@pytest.mark.parametrize("size", [1, 7, 33, 64])
def test_any_size(size):
    check_frame(world.render(world.scene("hog", 0), size), size)


def test_the_camera_stays_above_the_ground_but_not_in_the_sky():
    low = {"elevation": -0.9, "distance": 4.0}
    assert camera_of(world.scene("hog", 0, ground="mud", **low), 8).eye[1] >= LOWEST_EYE
    assert camera_of(world.scene("airliner", 0, ground="sky", **low), 8).eye[1] < 0


@pytest.mark.parametrize("name", world.NAMES)
def test_depth_agrees_with_the_camera_and_the_shape(name):
    scene = world.scene(name, 5)
    frame = world.render(scene, SIZE)
    v, u = np.nonzero(frame.mask)
    rays = frame.camera.rays(u + 0.5, v + 0.5)
    points = frame.camera.eye + (rays * frame.depth[frame.mask]).T
    uv, length = frame.camera.project(points)
    np.testing.assert_allclose(uv, np.stack([u, v], 1) + 0.5, atol=2e-3)
    np.testing.assert_allclose(length, frame.depth[frame.mask], rtol=1e-4)
    # and those points lie on the thing itself
    assert np.abs(march.distance(sculpture(scene), points.T)).max() < 0.04


@pytest.mark.parametrize("name", ["hog", "wombat", "giant panda", "school bus", "teapot"])
def test_the_middle_of_the_thing_projects_into_its_mask(name):
    for seed in range(6):
        frame = world.render(world.scene(name, seed), SIZE)
        uv, length = frame.camera.project(np.array(CENTRE, np.float32))
        u, v = np.floor(uv).astype(int)
        assert frame.mask[v, u]
        assert frame.depth[v, u] < length, "the surface lies in front of the middle"


@pytest.mark.parametrize("name", world.NAMES)
def test_the_clay_never_slips_into_float64(name):
    """One stray float64 (from np.where or a Python bool) would double the cost of what follows."""
    points = np.random.default_rng(0).uniform(-1.2, 1.4, (3, 500)).astype(np.float32)
    for seed in range(4):
        clay = Clay(points, painting=True)
        sculpture(world.scene(name, seed))(clay)
        assert clay.distance.dtype == clay.colour.dtype == clay.gloss.dtype == np.float32
        plain = march.distance(sculpture(world.scene(name, seed)), points)
        np.testing.assert_array_equal(plain, clay.distance)  # painting never moves the surface


def test_points_behind_the_camera_have_no_pixel():
    camera = camera_of(world.scene("hog", 0), 16)
    behind = camera.eye - 2 * camera.forward
    assert np.isnan(camera.project(behind)[0]).all()


def test_visible_normals_face_the_camera():
    frame = world.render(world.scene("teapot", 1), 64)
    v, u = np.nonzero(frame.mask)
    facing = -(frame.camera.rays(u + 0.5, v + 0.5).T * frame.normal[frame.mask]).sum(1)
    assert (facing > -0.05).mean() > 0.98


def test_turning_the_camera_keeps_thing_and_light():
    scene = world.scene("school bus", 3, ground="road")
    turned = world.scene("school bus", 3, ground="road", azimuth=scene.azimuth + 0.5)
    assert turned == dataclasses.replace(scene, azimuth=scene.azimuth + 0.5)
    a, b = world.render(scene, 64), world.render(turned, 64)
    assert np.abs(a.rgb - b.rgb).mean() > 0.02  # another view ...
    body_a, body_b = (np.median(f.colour[f.mask], 0) for f in (a, b))
    np.testing.assert_allclose(body_a, body_b, atol=0.02)  # ... of the same yellow


def test_turning_the_camera_shows_the_same_points():
    """A point on the hog's surface has the same plain colour from two sides it is seen from."""
    scene = world.scene("hog", 7)
    a = world.render(scene, 64)
    b = world.render(dataclasses.replace(scene, azimuth=scene.azimuth + 0.15), 64)
    v, u = np.nonzero(a.mask)
    points = a.camera.eye + (a.camera.rays(u + 0.5, v + 0.5) * a.depth[a.mask]).T
    uv, length = b.camera.project(points)
    inside = ((uv > 1) & (uv < 63)).all(1)
    u2, v2 = np.floor(uv[inside]).astype(int).T
    visible = b.mask[v2, u2] & (np.abs(b.depth[v2, u2] - length[inside]) < 0.03)
    assert visible.sum() > 100
    difference = np.abs(a.colour[a.mask][inside][visible] - b.colour[v2, u2][visible])
    assert np.median(difference) < 0.02


def test_the_random_generator_of_the_reader_is_left_alone():
    np.random.seed(5)  # noqa: NPY002  (the global state is what is being watched)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    world.render(world.scene("tabby", 2), 24)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_a_new_thing_needs_no_change_to_the_renderer(monkeypatch):
    def make(draw, red=0.1):
        radius = draw.between(0.5, 0.6)

        def sculpt(clay):
            clay.add(ellipsoid(clay.p, (0, 0.6, 0), (radius,) * 3), rgb(red, 0.1, 0.1))

        return sculpt

    monkeypatch.setitem(world.THINGS, "ball", world.Thing(make, ("sand",)))
    plain = world.render(world.scene("ball", 1), SIZE)
    red = world.render(world.scene("ball", 1, traits={"red": 0.9}), SIZE)
    check_frame(red, SIZE)
    np.testing.assert_array_equal(plain.mask, red.mask)
    np.testing.assert_allclose(red.colour[red.mask][:, 0], 0.9, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "factors"),
    [
        (("pig", 0), {}),
        (("hog", -1), {}),
        (("hog", 0), {"zoom": 2}),
        (("hog", 0), {"ground": "moon"}),
    ],
)
def test_a_scene_the_world_does_not_know(arguments, factors):
    with pytest.raises(ValueError, match=r"hog|seed|azimuth|grass"):
        world.scene(*arguments, **factors)


def test_impossible_cameras():
    with pytest.raises(ValueError, match="distance"):
        world.render(world.scene("hog", 0, distance=0), 16)
    with pytest.raises(ValueError, match="size"):
        world.render(world.scene("hog", 0), 0)


def test_a_picture_costs_few_looks_at_the_thing(monkeypatch):
    """15 distances a pixel; without the coarse starts it would be 19."""
    looks, original = [], Clay.__init__

    def counted(clay, points, *more):
        looks.append(points.shape[1])
        original(clay, points, *more)

    monkeypatch.setattr(Clay, "__init__", counted)
    for name in world.NAMES:
        world.render(world.scene(name, 0), 96)
    assert sum(looks) / len(world.NAMES) / 96**2 < 16
