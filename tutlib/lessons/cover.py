"""The picture in the README: the pig, the change, and the airliner."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure

from tutlib import assets, plots
from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.check.files import write_whole
from tutlib.plots import style_transfer
from tutlib.style import paintings, repaint


def draw_cover(seed: int = 0) -> dict:
    """Draw `data/cover.png`; returns how sure of the airliner the net is, in per cent."""
    net, pig = assets.classifier(), assets.picture("hog")
    y, target = net.index("hog"), net.index("airliner")
    generator = torch.Generator().manual_seed(seed)
    x_fly = pgd(net, pig, y, Linf(2 / 255), steps=30, target=target, generator=generator)
    figure = plots.before_after(pig, x_fly - pig, net, y=y, target=target)
    write_whole(assets.DATA / "cover.png", lambda part: figure.savefig(part, dpi=100, format="png"))
    return {"airliner": round(100 * net.prob(x_fly, target).item(), 1)}


def draw_painted(content: str = "china", style: str = "starry night", side: int = 512) -> Figure:
    """The picture that chapter 6 would put on the cover: a photograph in patches of a painting.

    About half a minute of computing at 512 pixels on one core; ``figure.savefig(path, dpi=100)``
    keeps it.
    """
    photo, painting = paintings.photo(content, side), paintings.paint(style, side)
    picture = repaint(photo, painting, side=side)
    titles = ("a photograph", "a painting", "the photograph in patches of the painting")
    return style_transfer.equation(photo, painting, picture, titles=titles)
