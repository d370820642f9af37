"""A learner's own photo as a net wants it: upright, square, RGB, in [0, 1]."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError
from torch import Tensor

MAX_PIXELS = 200_000_000  # beyond any camera: a file that claims more is broken or hostile
ADVICE = "open it in a picture viewer and save it again as JPEG or PNG"


class PhotoError(ValueError):
    """The file cannot be used as a picture; the message says why and what to do."""


def read(source: str | Path | bytes, size: int = 224) -> Tensor:
    """Read a picture file, turn it upright, cut the middle square, shrink it: (1, 3, size, size).

    Handled: EXIF rotation, transparency (laid on white), greyscale, palettes, CMYK, 16 bits,
    animation (first frame), pictures far larger or smaller than needed. The result is on the
    8-bit grid, float32 in [0, 1].

    Args:
        source: a path, or the bytes of the file (from an upload).
        size: side of the result in pixels.

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
    square = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(square))
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
        return path.read_bytes(), path.name
    except FileNotFoundError:
        raise PhotoError(f"there is no file {path}: look at the name and the folder.") from None
    except IsADirectoryError:
        raise PhotoError(f"{path} is a folder: name a picture in it.") from None
    except OSError as error:
        raise PhotoError(f"{path} cannot be read ({error.strerror}).") from None


def _decode(data: bytes, name: str) -> Image.Image:
    """Upright 8-bit RGB, or a `PhotoError`."""
    try:
        with warnings.catch_warnings():
            # Our own limit below speaks in a sentence; Pillow's warning would come before it.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise PhotoError(
                        f"{name} claims {width} x {height} pixels, more than"
                        f" {MAX_PIXELS // 1_000_000} million: save a smaller copy first."
                    )
                picture.draft("RGB", (1024, 1024))  # JPEG: decode no more than is needed
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
        white = 65535.0 if values.max() > 255 else 255.0
        picture = Image.fromarray((values / white * 255).clip(0, 255).round().astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture)
    return picture.convert("RGB")


# A truncated file is an error here, never half a grey picture.
ImageFile.LOAD_TRUNCATED_IMAGES = False
