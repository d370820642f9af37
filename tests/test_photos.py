"""A learner's own photo: handled, or refused with one sentence."""

import io

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
    "too small": (encoded(Image.new("RGB", (3, 300))), "only 3 x 300 pixels"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused_with_one_sentence(case):
    data, words = case
    with pytest.raises(photos.PhotoError, match=words) as caught:
        photos.read(data, 32)
    assert "\n" not in str(caught.value)


def test_absurd_claims_are_refused(monkeypatch):
    monkeypatch.setattr(photos, "MAX_PIXELS", 1000)
    with pytest.raises(photos.PhotoError, match="80 x 60 pixels"):
        photos.read(encoded(Image.fromarray(gradient())), 32)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(photos.PhotoError, match="there is no file"):
        photos.read(tmp_path / "nowhere.jpg")
    with pytest.raises(photos.PhotoError, match="is a folder"):
        photos.read(tmp_path)


def test_png_round_trip():
    x = photos.read(encoded(Image.fromarray(gradient())), 32)
    assert torch.equal(photos.read(photos.to_png(x), 32), x)
