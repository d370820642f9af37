"""A panel without a kernel and without scripts: a few of its states side by side."""

import io

from PIL import Image, ImageDraw, ImageFont

from tutlib.panel.controls import in_words
from tutlib.panel.frozen import moving, resized

STRIP_WIDTHS = (1800, 1400, 1000)
STRIP_BYTES = 800_000


def strip(controls, frames, font):
    """Three to five frames side by side (wide ones below each other), each with its state above it.

    `font` is the path of a TrueType font. Returns an RGB picture; see `strip_png` for the file.
    """
    if not 1 <= len(frames) <= 5:
        raise ValueError(f"a strip shows 3 to 5 states; these are {len(frames)}")
    differ = [c.name for c in moving(controls, frames)]
    texts = [in_words(controls, frame.state, only=differ) for frame in frames]
    aspect = frames[0].image.width / frames[0].image.height
    columns = _columns(len(frames), aspect)
    width = min(frames[0].image.width, STRIP_WIDTHS[0] // columns)
    gap = round(0.02 * STRIP_WIDTHS[0])
    band = round(1.9 * gap) if differ else 0
    cells = [resized(frame.image, width / frame.image.width) for frame in frames]
    height = max(cell.height for cell in cells)
    rows = -(-len(cells) // columns)
    size = (columns * (width + gap) - gap, rows * (height + band + gap) - gap)
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.truetype(font, round(0.8 * gap))
    for i, (cell, text) in enumerate(zip(cells, texts)):
        left, top = (i % columns) * (width + gap), (i // columns) * (height + band + gap)
        pen.text((left + width / 2, top + band / 2), text, fill="#222222", font=font, anchor="mm")
        sheet.paste(cell, (left, top + band))
    return sheet


def _columns(count, aspect):
    """As many side by side as stay legible on a page (a row at most 5 times as wide as high)."""
    most = max(1, min(count, int(5 / aspect)))
    rows = -(-count // most)
    return -(-count // rows)


def strip_png(image):
    """The strip as PNG bytes, narrower where it would be heavy."""
    for width in STRIP_WIDTHS:
        small = resized(image, min(1, width / image.width))
        buffer = io.BytesIO()
        small.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= STRIP_BYTES:
            break
    return buffer.getvalue()
