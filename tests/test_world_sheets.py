"""Faces, birds, horses and outlines: reproducible, and true to the factors that they name."""

import importlib
import itertools

import numpy as np
import pytest
import torch
from scipy import stats
from skimage.color import deltaE_ciede2000, rgb2lab

from tutlib import world
from tutlib.world import faces, factors
from tutlib.world.factors import Choice
from tutlib.world.shapes import Clay, ellipsoid
from tutlib.world.studio import Subject, orbit, sun_traits, take

FACES = faces.FACTORS
wording = importlib.import_module("tutlib.world.captions")
BIRDS, COLOURS, PARTS = wording.FACTORS, wording.COLOURS, wording.PARTS
HORSES = importlib.import_module("tutlib.world.herd").FACTORS  # `world.herd` is the function
SUBJECTS = {
    "faces": (world.portray, FACES),
    "birds": (world.flock, BIRDS),
    "horses": (world.herd, HORSES),
}
LOOKING_AHEAD = {"yaw": 0.0, "nod": 0.0}
# What a colour-blind eye makes of linear light (Machado, Oliveira and Fernandes, 2009).
EYES = {
    "usual": np.eye(3),
    "no red": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "no green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                          [-0.011820, 0.042940, 0.968881]]),
    "no blue": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                         [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
both = pytest.mark.parametrize("name", SUBJECTS)


def changed(draw, size=64, count=8, seed=3, common=None, **pair):
    """Where pictures differ (N, H, W) when one factor takes the two values of `pair`."""
    ((factor, values),) = pair.items()
    one, two = (
        draw(count, seed, size, **(common or {}), **{factor: value}).pictures for value in values
    )
    return (one - two).abs().amax(1) > 0.02


@both
def test_same_seed_same_pictures_and_a_longer_sheet_begins_like_a_shorter_one(name):
    draw, kinds = SUBJECTS[name]
    long, short, other = draw(20, 5, 48), draw(3, 5, 48), draw(3, 6, 48)
    assert torch.equal(draw(3, 5, 48).pictures, short.pictures)
    # the same but for the last digit of a sine, which numpy rounds by where it lies in its array
    assert (long.pictures[:3] - short.pictures).abs().max() < 1e-4
    assert (short.pictures - other.pictures).abs().mean() > 0.03
    assert long.pictures.shape == (20, 3, 48, 48)
    assert long.pictures.dtype == torch.float32
    assert long.pictures.isfinite().all()
    assert 0 <= long.pictures.min() < 0.2 < 0.8 < long.pictures.max() <= 1
    assert list(long.factors) == list(kinds)
    for factor, kind in kinds.items():
        values = long.factors[factor]
        assert values.shape == (20,)
        assert values.dtype == (torch.int64 if isinstance(kind, Choice) else torch.float32)


@both
def test_a_sheet_does_not_depend_on_how_many_scenes_go_through_together(name, monkeypatch):
    draw, _ = SUBJECTS[name]
    together = draw(5, 1, 32).pictures
    monkeypatch.setattr("tutlib.world.studio.POINTS", 1)
    assert (draw(5, 1, 32).pictures - together).abs().mean() < 1e-3


@both
def test_the_reader_s_own_dice_are_left_alone(name):
    torch.manual_seed(4)
    before = torch.get_rng_state()
    SUBJECTS[name][0](2, 0, 16)
    assert torch.equal(before, torch.get_rng_state())


@both
def test_factors_are_uniform_and_independent(name):
    _, kinds = SUBJECTS[name]
    rolled = factors.roll(kinds, 20_000, 7, {})
    for factor, kind in kinds.items():
        if isinstance(kind, Choice):
            counts = np.bincount(rolled[factor], minlength=len(kind.options))
            assert stats.chisquare(counts).pvalue > 1e-4, factor
        else:
            wide = (rolled[factor] - kind.low) / (kind.high - kind.low)
            assert stats.kstest(wide, "uniform").pvalue > 1e-4, factor
    for one, two in itertools.combinations(kinds, 2):
        assert abs(np.corrcoef(rolled[one], rolled[two])[0, 1]) < 0.035, (one, two)


@both
def test_a_factor_that_is_asked_for_changes_no_other(name):
    _, kinds = SUBJECTS[name]
    plain = factors.roll(kinds, 50, 2, {})
    for factor, kind in kinds.items():
        wish = kind.options[0] if isinstance(kind, Choice) else kind.high
        asked = factors.roll(kinds, 50, 2, {factor: wish})
        assert np.unique(asked[factor]).size == 1
        for other in set(kinds) - {factor}:
            np.testing.assert_array_equal(asked[other], plain[other])


@both
def test_every_factor_can_be_seen(name):
    draw, kinds = SUBJECTS[name]
    for factor, kind in kinds.items():
        ends = (0, len(kind.options) - 1) if isinstance(kind, Choice) else (kind.low, kind.high)
        common = {"coat": "horse"} if name == "horses" and factor == "tint" else {}
        if name == "horses" and factor == "stripes":
            common = {"coat": "zebra"}
        moved = changed(draw, 40, 4, common=common, **{factor: ends}).float().mean((1, 2))
        assert moved.median() > 0.002, factor


@pytest.mark.parametrize(
    ("factor", "values", "rows", "columns"),
    [  # where it may move pixels, in shares of the picture, of a face that looks ahead
        ("beard", (0, 1), (0.50, 0.85), (0.18, 0.82)),
        ("glasses", (0, 1), (0.30, 0.65), (0.18, 0.82)),
        ("smile", (0, 1), (0.40, 0.80), (0.20, 0.80)),
        ("iris", (0, 2), (0.36, 0.55), (0.25, 0.75)),
        ("nose", (0.85, 1.15), (0.36, 0.70), (0.30, 0.70)),
        ("shirt", (0, 1), (0.78, 1.0), (0.0, 1.0)),
    ],
)
def test_an_attribute_of_a_face_moves_only_its_own_place(factor, values, rows, columns):
    moved = changed(world.portray, common=LOOKING_AHEAD, **{factor: values})
    top, bottom, left, right = (round(64 * share) for share in (*rows, *columns))
    inside = moved[:, top:bottom, left:right].sum((1, 2))
    assert (inside > 4).all()
    # A ray stops within 0.2 % of the surface, a little earlier or later: single pixels at a rim.
    assert moved.sum() - inside.sum() <= 0.01 * inside.sum(), "pixels changed elsewhere"


def test_the_wall_changes_behind_the_face_only_and_the_skin_on_it_only():
    masks = world.portray(8, 3).masks
    wall = changed(world.portray, wall=(0, 1))
    skin = changed(world.portray, skin=(0, 4))
    rim = torch.nn.functional.max_pool2d(masks[:, None].float(), 3, 1, 1)[:, 0] > 0
    core = -torch.nn.functional.max_pool2d(-masks[:, None].float(), 3, 1, 1)[:, 0] > 0
    assert (wall & core).sum() <= 1e-3 * wall.sum()  # between two strands of hair
    assert not (skin & ~rim).any()


def test_no_face_is_cut_and_shoulders_end_at_the_frame():
    masks = world.portray(64, 11).masks
    assert not masks[:, :2].any(), "hair touches the upper edge"
    head = masks[:, : round(0.75 * 64)]
    assert not head[:, :, :2].any() | head[:, :, -2:].any()
    assert masks[:, -1].any(1).all()
    tall = head.any(2).float().mean(1)
    assert (tall > 0.8).all(), "faces fill the picture"


@pytest.mark.parametrize("draw", [world.flock, world.herd])
def test_no_animal_is_cut_by_the_frame(draw):
    masks = draw(64, 11, 48).masks
    border = torch.stack([masks[:, 0], masks[:, -1], masks[:, :, 0], masks[:, :, -1]])
    assert not border.any()
    assert (masks.float().mean((1, 2)) > 0.05).all()


def test_horse_and_zebra_have_one_silhouette_and_one_meadow():
    horses, zebras = (world.herd(24, 9, coat=coat) for coat in ("horse", "zebra"))
    assert torch.equal(horses.masks, zebras.masks)
    apart = (horses.pictures - zebras.pictures).abs().amax(1)
    away = -torch.nn.functional.max_pool2d(-(~horses.masks)[:, None].float(), 3, 1, 1)[:, 0] > 0
    assert apart[away].max() == 0
    assert (((apart > 0.1) & horses.masks).sum((1, 2)) > 0.5 * horses.masks.sum((1, 2))).all()
    for name, values in horses.factors.items():
        assert name == "coat" or torch.equal(values, zebras.factors[name])
    # a zebra is black and white, a horse is neither
    for sheet, least, most in ((horses, 0.10, 1.0), (zebras, 0.0, 0.08)):
        colour = [p.amax(0)[m] - p.amin(0)[m] for p, m in zip(sheet.pictures, sheet.masks)]
        medians = torch.stack([c.median() for c in colour])
        assert ((medians > least) & (medians < most)).all()


def test_outlines_are_thin_and_lie_on_edges_only():
    for draw, _ in SUBJECTS.values():
        sheet = draw(16, 2)
        lines, masks = sheet.outlines, sheet.masks
        assert not (lines & ~masks).any()
        assert (lines.sum((1, 2)) > 40).all()
        blocks = lines[:, 1:, 1:] & lines[:, :-1, 1:] & lines[:, 1:, :-1] & lines[:, :-1, :-1]
        assert blocks.sum() <= 0.01 * lines.sum(), "a line is two pixels broad"
        # every pixel of the silhouette has a line on it or beside it
        solid = masks.float()[:, None]
        rim = (-torch.nn.functional.max_pool2d(-solid, 3, 1, 1) < 1)[:, 0] & masks
        near = torch.nn.functional.max_pool2d(lines.float()[:, None], 3, 1, 1)[:, 0] > 0
        assert not (rim & ~near).any()


@pytest.mark.parametrize("name", world.NAMES)
def test_the_outline_of_a_scene_follows_its_own_ground_truth(name):
    frame = world.render(world.scene(name, 2), 64)
    lines = world.outline(frame)
    assert lines.dtype == bool
    assert not (lines & ~frame.mask).any()
    assert 20 < lines.sum() < 0.6 * frame.mask.sum()
    near = np.where(frame.mask, frame.depth, 100)
    edge = np.zeros_like(frame.mask)
    for values in (near[..., None] / 0.1, frame.normal / 0.75, np.sqrt(frame.colour) / 0.2):
        for axis, by in itertools.product((0, 1), (-1, 1)):
            edge |= np.sqrt(np.square(values - np.roll(values, by, axis)).sum(2)) > 0.999
    assert not (lines & ~edge).any(), "a line where nothing changes"


def test_an_empty_picture_has_no_outline():
    frame = world.render(world.scene("hog", 0, aim=(0.0, 30.0, 0.0)), 32)
    assert not world.outline(frame).any()
    with pytest.raises(TypeError, match=r"world\.render"):
        world.outline(frame.rgb)


@pytest.mark.parametrize("eye", EYES)
def test_colours_with_different_names_look_different(eye):
    light = np.clip(np.array(list(COLOURS.values())) @ EYES[eye].T, 0, 1)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    lab = rgb2lab(shown[None])[0]
    for a, b in itertools.combinations(range(len(lab)), 2):
        assert deltaE_ciede2000(lab[a], lab[b]) > 14


@pytest.mark.parametrize("part", ["breast", "wings", "crown", "beak"])
def test_the_named_part_has_the_named_colour(part):
    """Where only this part changes, the picture takes the hue that its name says."""
    draws = {c: world.flock(8, 4, 64, **{part: c}).pictures for c in BIRDS[part].options}
    where = (draws["red"] - draws["black"]).abs().amax(1) > 0.3
    assert (where.sum((1, 2)) > (3 if part == "beak" else 20)).all()
    mean = {c: torch.stack([p[:, w].mean(1) for p, w in zip(x, where)]) for c, x in draws.items()}
    assert (mean["black"] < 0.35).all()
    assert (mean["red"][:, 0] > 2 * mean["red"][:, 1:].amax(1)).all()
    assert (mean["yellow"][:, :2] > mean["yellow"][:, 2:] + 0.2).all()
    if part != "beak":
        assert (mean["blue"].argmax(1) == 2).all()
        assert (mean["green"].argmax(1) == 1).all()
        assert (mean["white"].amin(1) > 0.5).all()


def test_kept_back_combinations_are_a_seventh_and_new_only_as_a_whole():
    grid = {
        part: torch.tensor(values)
        for part, values in zip(
            ("breast", "wings", "crown"), zip(*itertools.product(range(7), repeat=3))
        )
    }
    kept = world.is_kept_back(grid)
    assert kept.sum() == 49
    for one, two in itertools.combinations(grid, 2):
        seen = set(zip(grid[one][~kept].tolist(), grid[two][~kept].tolist()))
        assert len(seen) == 49, "every pair of two parts occurs in training"
    seen, new = (world.flock(40, 1, 16, seen=flag) for flag in (True, False))
    assert not world.is_kept_back(seen.factors).any()
    assert world.is_kept_back(new.factors).all()
    crowns = world.flock(350, 2, 8, seen=True).factors["crown"]
    assert stats.chisquare(torch.bincount(crowns, minlength=7).numpy()).pvalue > 1e-4


def test_captions_and_factors_agree_both_ways():
    sheet = world.flock(100, 6, 8)
    for parts in (PARTS, ("breast", "wings"), ("body",), "crown"):
        for i, text in enumerate(world.captions(sheet.factors, parts)):
            said = world.read_caption(text)
            assert set(said) == ({parts} if isinstance(parts, str) else set(parts))
            for part, word in said.items():
                assert BIRDS[part].options[int(sheet.factors[part][i])] == word
    text = world.captions(sheet.factors)[0]
    redrawn = world.flock(1, 6, 8, **world.read_caption(text))
    assert torch.equal(redrawn.pictures, world.flock(1, 6, 8).pictures)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A BIG bird with red wings!", {"body": "large", "wings": "red"}),
        ("yellow belly, black head", {"breast": "yellow", "crown": "black"}),
        ("a bird, its wings... no", None),
        ("", None),
        ("   ?!", None),
        ("a brid with a red breast", None),
        ("a bird with a pnik breast", None),
        ("a bird with a turquoise breast", None),
        ("a red bird", None),
        ("a bird with a red and blue breast", None),
        ("a bird with a red breast and a blue breast", None),
        ("a small large bird", None),
        ("a bird with a green beak", None),
        ("a bird with wings", None),
        ("a bird with red", None),
        ("a bird", None),
        ("птица 7", None),
    ],
)
def test_captions_that_people_type(text, said):
    if said is not None:
        assert world.read_caption(text) == said
        return
    with pytest.raises(world.CaptionError) as caught:
        world.read_caption(text)
    assert 20 < len(str(caught.value)) < 140
    assert "\n" not in str(caught.value)


def test_a_misspelt_word_is_answered_with_the_right_one():
    with pytest.raises(world.CaptionError, match='did you mean "pink"'):
        world.read_caption("a bird with a pnik breast")


@both
@pytest.mark.parametrize(
    ("arguments", "asked", "error"),
    [
        ((0,), {}, ValueError),
        ((2.5,), {}, TypeError),
        ((2, -1), {}, ValueError),
        ((2, 0, 4), {}, ValueError),
        ((2, 0, 5000), {}, ValueError),
        ((2,), {"moustache": 1}, ValueError),
        ((2,), {"light": 9.0}, ValueError),
        ((2,), {"light": float("nan")}, ValueError),
        ((2,), {"light": "left"}, ValueError),
        ((2,), {"light": [0.1, 0.2, 0.3]}, ValueError),
    ],
)
def test_wrong_input_gets_one_sentence(name, arguments, asked, error):
    with pytest.raises(error) as caught:
        SUBJECTS[name][0](*arguments, **asked)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 320


@pytest.mark.parametrize("wish", ["purple", 7, -1, 1.5, [0, 1, 2], None])
def test_a_choice_that_there_is_not(wish):
    with pytest.raises(ValueError, match="skin"):
        world.portray(2, skin=wish)


@pytest.mark.parametrize("wish", ["brown", 3, [3, 3], ["brown", "brown"], torch.tensor([3, 3])])
def test_a_choice_can_be_named_or_numbered(wish):
    assert world.portray(2, size=8, skin=wish).factors["skin"].tolist() == [3, 3]


def test_the_birds_door():
    with pytest.raises(ValueError, match="crown"):
        world.flock(1, seen=True, crown="red")
    with pytest.raises(TypeError, match="seen"):
        world.flock(1, seen="yes")
    with pytest.raises(ValueError, match="names"):
        world.captions({"tail": torch.zeros(1)}, ("tail",))
    with pytest.raises(ValueError, match="lack"):
        world.captions({"body": torch.zeros(1)})
    with pytest.raises(TypeError, match="sentence"):
        world.read_caption(3)


def test_nothing_slips_into_float64(monkeypatch):
    """One stray float64 would double the cost of what follows."""
    kinds, original = set(), Clay.add

    def watched(self, distance, colour, *more, **named):
        kinds.add(distance.dtype)
        original(self, distance, colour, *more, **named)

    monkeypatch.setattr(Clay, "add", watched)
    for draw, _ in SUBJECTS.values():
        draw(2, 0, 16)
    assert kinds == {np.dtype(np.float32)}


def test_the_studio_sees_a_ball_as_geometry_says():
    """A ball in front of a wall: its disc has the radius that the camera's formula gives."""

    def sculpt(clay, of):
        clay.add(ellipsoid(clay.p, (0, 0, 0), (0.5,) * 3), np.full((3, 1), 0.5, np.float32))

    def wall(of, d, p):
        return np.zeros_like(d)

    one = np.ones(2, np.float32)
    traits = orbit(0.4 * one, 0.2 * one, 4 * one, np.zeros((3, 2), np.float32), 0.5 * one)
    traits |= sun_traits(one, one, 2 * one, 0 * one, one) | {"exposure": one}
    traits |= dict.fromkeys(("zenith", "horizon", "bounce"), np.full((3, 2), 0.5, np.float32))
    shot = take(Subject(sculpt, wall, (0, 0, 0), 0.6, ground=False), traits, 96)
    seen = 0.5 + 0.002 * 4  # a ray has arrived within 0.2 % of its length
    radius = seen / np.sqrt(4**2 - seen**2) * 96 / 0.5  # tangent rays, in pixels
    np.testing.assert_allclose(shot["mask"].sum((1, 2)), np.pi * radius**2, rtol=0.02)
