"""A panel: one idea to move by hand; live, frozen or as a strip, from the same two functions."""

from tutlib.panel.controls import Choice, Pad, Slider, Text, Toggle, Upload
from tutlib.panel.errors import errors_in
from tutlib.panel.panel import Panel

__all__ = ["Choice", "Pad", "Panel", "Slider", "Text", "Toggle", "Upload", "errors_in"]
