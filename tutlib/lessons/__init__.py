"""What belongs to one lesson: its panel, the checks of its exercises, and the cover."""
