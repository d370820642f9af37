"""A learner's own photo: handled, or refused with one sentence."""

import io
import os

import numpy as np
import pytest
import torch
from PIL import Image

from tutlib.assets import photos


def gradient(width=80, height=60) -> np.ndarray:
    """Red grows to the right, green downwards."""
    red, green = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([red, green, np.full_like(red, 40)], 2).round().astype(np.uint8)


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def assert_fine(x: torch.Tensor, size: int = 32) -> None:
    assert x.shape == (1, 3, size, size)
    assert x.dtype == torch.float32
    assert x.min() >= 0
    assert x.max() <= 1
    assert torch.equal((x * 255).round() / 255, x)


def test_a_plain_picture_by_bytes_and_by_path(tmp_path):
    data = encoded(Image.fromarray(gradient()))
    (tmp_path / "pig.png").write_bytes(data)
    x = photos.read(data, 32)
    assert_fine(x)
    assert torch.equal(x, photos.read(tmp_path / "pig.png", 32))
    assert x[0, 0, :, -1].mean() > x[0, 0, :, 0].mean() + 0.5
    assert x[0, 1, -1].mean() > x[0, 1, 0].mean() + 0.5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(orientation):
    upright = Image.fromarray(gradient(64, 64))
    turns = {2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}
    stored = upright
    for turn in turns.get(orientation, []):
        stored = stored.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    x = photos.read(encoded(stored, "PNG", exif=exif), 32)
    torch.testing.assert_close(x, photos.read(encoded(upright), 32), atol=0.02, rtol=0)


def test_transparency_lies_on_white():
    pixels = np.dstack([gradient(), np.zeros((60, 80), np.uint8)])
    assert photos.read(encoded(Image.fromarray(pixels)), 32).min() == 1


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "CMYK", "RGBA", "YCbCr"])
def test_other_colour_modes(mode):
    kind = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    assert_fine(photos.read(encoded(Image.fromarray(gradient()).convert(mode), kind), 32))


def test_a_palette_with_a_transparent_colour():
    picture = Image.fromarray(gradient()).convert("P")
    assert_fine(photos.read(encoded(picture, "PNG", transparency=0), 32))


def test_sixteen_bits():
    values = np.linspace(0, 65535, 80 * 60).reshape(60, 80).astype(np.uint16)
    x = photos.read(encoded(Image.fromarray(values)), 32)
    assert_fine(x)
    assert x.max() > 0.95
    assert x.min() < 0.05
    assert x.std() > 0.2


@pytest.mark.parametrize("white", [1.0, 0.02, 0.0005])
def test_dark_sixteen_bits_stay_dark(white):
    """Its largest value says nothing about what is white."""
    values = np.full((40, 40), round(65535 * white), np.uint16)
    x = photos.read(encoded(Image.fromarray(values)), 16)
    assert x.max() == pytest.approx(white, abs=0.5 / 255)


@pytest.mark.parametrize("white", [1, 255, 65535])
@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_floats_and_wide_integers(kind, white):
    values = np.linspace(0, white if kind == np.float32 else 65535, 1600).reshape(40, 40)
    x = photos.read(encoded(Image.fromarray(values.astype(kind)), "TIFF"), 16)
    assert x.max() > 0.95
    assert 0.45 < x.mean() < 0.55


def test_floats_that_are_no_numbers_are_refused():
    values = np.full((40, 40), np.nan, np.float32)
    with pytest.raises(photos.PhotoError, match="damaged"):
        photos.read(encoded(Image.fromarray(values), "TIFF"), 16)


def test_the_first_frame_of_an_animation():
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert photos.read(data, 16)[0, 0].mean() > 0.9


def test_a_huge_photo_is_shrunk():
    assert_fine(photos.read(encoded(Image.new("RGB", (6000, 4000), "teal"), "JPEG"), 32))


def test_a_tiny_one_is_enlarged():
    assert_fine(photos.read(encoded(Image.fromarray(gradient(9, 12))), 32))


REFUSED = {
    "empty": (b"", "empty"),
    "text": (b"this is not a picture at all", "not a picture"),
    "a web page": (b"<!doctype html><html></html>", "not a picture"),
    "truncated PNG": (encoded(Image.fromarray(gradient()))[:120], "damaged or cut short"),
    "truncated JPEG": (encoded(Image.fromarray(gradient(400, 400)), "JPEG")[:2000], "cut short"),
    "a phone's HEIC": (b"\0\0\0\x18ftypheic" + bytes(400), "is a HEIC photo.*save it as JPEG"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n", "not a picture"),
    "too small": (encoded(Image.new("RGB", (3, 300))), "only 3 x 300 pixels"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused_with_one_sentence(case):
    data, words = case
    with pytest.raises(photos.PhotoError, match=words) as caught:
        photos.read(data, 32)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "side"), [("PNG", 7800), ("JPEG", 13100)])
def test_too_many_pixels_are_refused_before_they_are_decoded(kind, side, monkeypatch):
    data = encoded(Image.new("L", (side, side)), kind)  # a file of few bytes
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(photos.PhotoError, match=f"{side} x {side} pixels, more than"):
        photos.read(data, 32)


def test_another_program_is_never_started(monkeypatch):
    tried = []
    monkeypatch.setattr(Image, "preinit", lambda: None)
    for kind in ("EPS", "WMF", "MIC", "FPX"):
        if kind in Image.OPEN:
            monkeypatch.setitem(Image.OPEN, kind, (lambda *a: tried.append(a), lambda head: True))
    with pytest.raises(photos.PhotoError, match="not a picture"):
        photos.read(b"%!PS-Adobe-3.0 EPSF-3.0" + bytes(200), 32)
    assert tried == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pig.png")
    with pytest.raises(photos.PhotoError, match="no ordinary file"):
        photos.read(tmp_path / "pig.png")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(photos.PhotoError, match="there is no file"):
        photos.read(tmp_path / "nowhere.jpg")
    with pytest.raises(photos.PhotoError, match="is a folder"):
        photos.read(tmp_path)


def test_png_round_trip():
    x = photos.read(encoded(Image.fromarray(gradient())), 32)
    assert torch.equal(photos.read(photos.to_png(x), 32), x)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((80, 60), (32, 43)), ((60, 80), (43, 32)), ((40, 40), (32, 32)), ((400, 20), (32, 96))],
)
def test_a_photo_may_keep_its_shape(shape, expected):
    """Up to three times as long as wide; what is longer is cut at both ends."""
    x = photos.read(encoded(Image.fromarray(gradient(*shape))), 32, square=False)
    assert x.shape == (1, 3, *expected)
    if shape == (400, 20):
        assert x[0, 0].mean() == pytest.approx(0.5, abs=0.01)  # the middle of it
        assert x[0, 0].min() > 0.3
