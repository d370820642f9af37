"""A learner's own photo as a net wants it: upright, square, RGB, in [0, 1]."""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError
from torch import Tensor

# What Pillow may try: for some other formats it would start another program.
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "PPM", "TIFF", "AVIF")
MAX_PIXELS = 60_000_000  # held in memory, some of them several times, for a picture of 224 x 224
MAX_PIXELS_JPEG = 170_000_000  # beyond any camera; a JPEG file is decoded at an eighth of its size
LONGEST = 3  # how many times as long as wide a photo may stay
HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")  # what a phone may write
ADVICE = "open it in a picture viewer and save it again as JPEG or PNG"


class PhotoError(ValueError):
    """The file cannot be used as a picture; the message says why and what to do."""


def read(source: str | Path | bytes, size: int = 224, *, square: bool = True) -> Tensor:
    """Read a picture file, turn it upright, cut the middle square, shrink it: (1, 3, size, size).

    Handled: EXIF rotation, transparency (laid on white), greyscale, palettes, CMYK, 16 bits,
    animation (first frame), pictures far larger or smaller than needed. The result is on the
    8-bit grid, float32 in [0, 1].

    Args:
        source: a path, or the bytes of the file (from an upload).
        size: side of the result in pixels.
        square: no keeps the shape, and `size` is the shorter side (what is longer than three times
            that is cut at both ends).

    Raises:
        PhotoError: not there, not a picture, cut short, empty, or absurdly large.
    """
    data, name = _bytes_of(source)
    if not data:
        raise PhotoError(f"{name} is empty: choose another file, or copy it again.")
    picture = _decode(data, name)
    side = min(picture.size)
    if side < 8:
        width, height = picture.size
        raise PhotoError(
            f"{name} is only {width} x {height} pixels: choose a picture of at least 8 x 8."
        )
    longest = 1 if square else LONGEST
    shape = [round(size * min(n / side, longest)) for n in picture.size]
    pixels = torch.from_numpy(np.array(ImageOps.fit(picture, shape, Image.Resampling.LANCZOS)))
    return pixels.permute(2, 0, 1)[None].float().div(255).contiguous()


def to_png(picture: Tensor) -> bytes:
    """A picture (1, C, H, W) in [0, 1] as the bytes of a PNG file (rounded to 8 bits)."""
    levels = (picture[0].detach().cpu() * 255).round().to(torch.uint8)
    pixels = levels[0] if len(levels) == 1 else levels.permute(1, 2, 0)
    file = io.BytesIO()
    Image.fromarray(pixels.numpy()).save(file, "PNG")
    return file.getvalue()


def _bytes_of(source: str | Path | bytes) -> tuple[bytes, str]:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), "this file"
    path = Path(source)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # a pipe: it never ends
            raise PhotoError(f"{path} is no ordinary file: name a picture.")
        return path.read_bytes(), path.name
    except FileNotFoundError:
        raise PhotoError(f"there is no file {path}: look at the name and the folder.") from None
    except IsADirectoryError:
        raise PhotoError(f"{path} is a folder: name a picture in it.") from None
    except OSError as error:
        raise PhotoError(f"{path} cannot be read ({error.strerror}).") from None


def _decode(data: bytes, name: str) -> Image.Image:
    """Upright 8-bit RGB, or a `PhotoError`."""
    if data[4:8] == b"ftyp" and data[8:12] in HEIC:
        raise PhotoError(
            f"{name} is a HEIC photo, which cannot be read here: save it as JPEG (a phone can be "
            "told to, under camera formats: most compatible)."
        )
    try:
        with warnings.catch_warnings():
            # What matters is said below, in a sentence; Pillow's warnings would come before it.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_known()) as picture:
                width, height = picture.size
                picture.draft("RGB", (1024, 1024))  # JPEG: decode no more than is needed
                jpeg = picture.format in ("JPEG", "MPO")
                most = MAX_PIXELS_JPEG if jpeg else MAX_PIXELS
                if width * height > most or math.prod(picture.size) > MAX_PIXELS:
                    raise PhotoError(
                        f"{name} claims {width} x {height} pixels, more than"
                        f" {most // 1_000_000} million: save a smaller copy first."
                    )
                return _as_rgb(ImageOps.exif_transpose(picture))
    except PhotoError:
        raise
    except Image.DecompressionBombError:
        raise PhotoError(f"{name} claims far too many pixels: save a smaller copy first.") from None
    except UnidentifiedImageError:
        raise PhotoError(f"{name} is not a picture that can be read here: {ADVICE}.") from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise PhotoError(f"{name} is damaged or cut short ({error}): {ADVICE}.") from None


def _as_rgb(picture: Image.Image) -> Image.Image:
    """8-bit RGB from any mode; transparent parts become white paper."""
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 or 32 bits of grey
        values = np.asarray(picture, dtype=np.float64)
        white = _white(values.max(), whole=picture.mode != "F")
        picture = Image.fromarray((values / white * 255).clip(0, 255).round().astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture)
    return picture.convert("RGB")


def _white(largest: float, *, whole: bool) -> float:
    """What counts as white: 65535 for whole numbers (also in a dark picture), 1 for others.

    Files that do neither are known by a larger value in them.
    """
    usual = [65535.0, 2.0**31 - 1] if whole else [1.0, 255.0, 65535.0]
    for white in usual:
        if largest <= white:
            return white
    raise ValueError(f"its largest value is {largest:g}")


def _known() -> list[str]:
    """Those of `FORMATS` that this Pillow can read."""
    Image.init()
    return [kind for kind in FORMATS if kind in Image.OPEN]


# A truncated file is an error here, never half a grey picture.
ImageFile.LOAD_TRUNCATED_IMAGES = False
