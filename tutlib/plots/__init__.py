"""Figures in one look, where a colour has one meaning; with panels the only room for matplotlib.

`pictures` shows pictures (with captions, before and after, with a net's answers beside them);
each chapter's own figures live in a module named after what they show.
"""

from tutlib.plots.pictures import answers, before_after, grid, put, show, trio
from tutlib.plots.theme import COLOURS, use_style

__all__ = ["COLOURS", "answers", "before_after", "grid", "put", "show", "trio", "use_style"]
