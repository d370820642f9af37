"""Files as a learner would upload them, for the tests of panels."""

import io

from PIL import Image


def png(width: int, height: int, colour: tuple) -> bytes:
    """A picture of one colour, as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()
