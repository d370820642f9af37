"""Bytes as text: how a picture travels inside a page."""

from __future__ import annotations

import base64


def base64_of(data: bytes) -> str:
    """Bytes in base64."""
    return base64.b64encode(data).decode()


def data_uri(data: bytes, kind: str) -> str:
    """A picture file as the address of itself; `kind` is "png", "webp" or "jpeg"."""
    return f"data:image/{kind};base64,{base64_of(data)}"
