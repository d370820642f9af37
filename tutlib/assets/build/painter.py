"""How the painters of 6.3 are made, on the objective of 6.1.

No painted photograph is shown to them. A net paints crops, the extractor of 6.1 says what each is
worth (content + lam * style + smooth * total variation), and the weights go downhill (Johnson et
al., 2016). First a body learns to paint one painting. Held still, it learns a code for each of the
others, then all learn together. For any painting a `Reader` learns to make codes for the first
body, from invented paintings. The crops come from sample photographs and from the picture world's
training sheets; china, chelsea and astronaut, which chapter 6 shows, are not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib import style
from tutlib.assets import bundled
from tutlib.assets.build.invented import invent
from tutlib.assets.build.muon import Muon
from tutlib.assets.build.record import ship_net
from tutlib.assets.build.style import SAMPLES, pictures
from tutlib.check.patience import bar
from tutlib.style import paintings
from tutlib.style.extractors import Extractor

# Pages, lawns and galaxies: good to learn textures from, but nothing that anybody paints over.
PLAIN = ("page", "brick", "grass", "gravel", "hubble_deep_field", "moon")
LAM, SMOOTH = 10.0, 0.5  # those of 6.1
SIDE = 192  # pixels a side of the painting: how large its strokes are in a picture
SIDES = (64, 96)  # pixels a side of the crops: small ones for the first half of the steps
WORLD = 300  # pictures of the world among the contents
LIVELY = 0.08  # the least deviation of a crop's grey values: on a flat wall there is no content
INVENTED, INVENTED_SIDE = 500, 96  # paintings that the reader learns from
FIRST = "starry night"  # the painting that the body learns first
FIRST_STEPS, CODE_STEPS, JOINT_STEPS, READER_STEPS = 900, 200, 4000, 2000
RATE, CODE_RATE, READER_RATE = 0.02, 0.1, 2e-3  # of Muon, and of Adam
READ_AT_ONCE = 2  # paintings in a step of the reader

Goal = Callable[[Tensor, Tensor], Tensor]


# ---------------------------------------------------------------- what they look at


def contents() -> list[Tensor]:
    """What they learn to paint: pictures (3, H, W) in [0, 1], photographs first."""
    named = zip(SAMPLES, pictures())
    photos = [x for (_, path), x in named if not any(name in path for name in PLAIN)]
    world, _ = bundled.things(bundled.SIZE).train
    return [x.expand(3, -1, -1) for x in photos] + list(world[:WORLD])


def crops(pool: list[Tensor], count: int, generator: torch.Generator, side: int) -> Tensor:
    """`count` lively squares (count, 3, side, side), most of a picture each; 3 of 10 are photos."""

    def draw(high: int) -> int:
        return int(torch.randint(0, max(1, high), (), generator=generator))

    photos, found = len(pool) - WORLD, []
    while len(found) < count:
        picture = pool[draw(photos)] if draw(10) < 3 else pool[photos + draw(WORLD)]
        height, width = picture.shape[1:]
        edge = min(height, width) * (60 + 4 * draw(11)) // 100
        top, left = draw(height - edge + 1), draw(width - edge + 1)
        part = picture[None, :, top : top + edge, left : left + edge]
        part = F.interpolate(part, (side, side), mode="bilinear", antialias=True).clamp(0, 1)
        if F.avg_pool2d(part.mean(1, keepdim=True), 4).std() > LIVELY:
            found.append(part.flip(3) if draw(2) else part)
    return torch.cat(found)


# ---------------------------------------------------------------- what they pay


def objective(extractor: Extractor, painting: Tensor) -> Goal:
    """(painted, photographs) -> the objective of 6.1, averaged over a batch."""
    layers = {*extractor.style_layers, *extractor.content_layers}
    with torch.no_grad():
        seen = extractor(painting, extractor.style_layers)
        wanted = {name: style.statistics(seen[name]) for name in extractor.style_layers}

    def paid(x: Tensor, photos: Tensor) -> Tensor:
        with torch.no_grad():
            shown = extractor(photos, extractor.content_layers)
        ours = extractor(x, layers)
        place = [style.content_loss(ours[name], style.standardize(shown[name]))
                 for name in extractor.content_layers]  # fmt: skip
        # style_loss adds over the batch: the sum for each picture, and so the mean of them.
        paint = [style.style_loss(ours[name], target) / len(x) for name, target in wanted.items()]
        parts = style.Losses(sum(place) / len(place), sum(paint) / len(paint))
        return style.weighed(lambda _: parts, LAM, SMOOTH)(x)

    return paid


# ---------------------------------------------------------------- how they learn


def downhill(rules: Sequence[torch.optim.Optimizer], price: Callable[[int], Tensor], steps: int,
             warm: int = 0) -> None:  # fmt: skip
    """Lower `price(step)` by optimisers whose rates fall to 0: after `warm` steps, linearly.

    The price is the logarithm of an objective: easy and hard pictures weigh alike.
    """

    def rate(t: int) -> float:
        return min(1, (t + 1) / (warm + 1)) * (1 - t / steps)

    plans = [torch.optim.lr_scheduler.LambdaLR(rule, rate) for rule in rules]
    for step in bar(range(steps), "crops painted"):
        loss = price(step)
        for rule in rules:
            rule.zero_grad()
        loss.backward()
        for rule, plan in zip(rules, plans):
            rule.step()
            plan.step()


def rules_for(net: style.Painter, code_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the convolutions, Adam for all that is not a matrix."""
    grain = [p for p in net.parameters() if p.dim() == 1]
    slow = [{"params": grain}, {"params": [net.codes], "lr": code_rate}]
    body = [p for p in net.parameters() if p.dim() == 4]
    return [Muon(body, RATE), torch.optim.Adam(slow, RATE / 5)]


def train_first(extractor: Extractor, seed: int = 0, steps: int = FIRST_STEPS) -> style.Painter:
    """A body, from a seed, and one code."""
    torch.manual_seed(seed)
    net, pool = style.Painter([FIRST]), contents()
    generator = torch.Generator().manual_seed(seed)
    goal = objective(extractor, paintings.paint(FIRST, SIDE))

    def price(step: int) -> Tensor:
        photos = crops(pool, 1, generator, SIDES[2 * step // steps])
        return goal(net(photos, FIRST, seed=step), photos).log()

    downhill(rules_for(net, RATE / 5), price, steps, warm=19)
    return net


def train_code(body: style.Painter, goal: Goal, generator: torch.Generator, pool: list[Tensor],
               steps: int = CODE_STEPS) -> Tensor:  # fmt: skip
    """A code (1, numbers) for one more painting; the body holds still."""
    code = body.codes[:1].detach().clone().requires_grad_()

    def price(step: int) -> Tensor:
        photos = crops(pool, 1, generator, SIDES[2 * step // steps])
        return goal(body(photos, code, seed=step), photos).log()

    downhill([torch.optim.Adam([code], CODE_RATE)], price, steps)
    return code.detach()


def train_painter(seed: int = 0, first_steps: int = FIRST_STEPS, code_steps: int = CODE_STEPS,
                  joint_steps: int = JOINT_STEPS) -> style.Painter:  # fmt: skip
    """One body with a code for each of the four paintings, from a seed."""
    extractor, pool = bundled.extractor(), contents()
    goals = {name: objective(extractor, paintings.paint(name, SIDE)) for name in paintings.STYLES}
    first = train_first(extractor, seed, first_steps).requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    codes = [first.codes if name == FIRST else train_code(first, goal, generator, pool, code_steps)
             for name, goal in goals.items()]  # fmt: skip
    net = style.Painter(list(goals))
    net.load_state_dict(first.state_dict() | {"codes": torch.cat(codes)})
    all_together(net, goals, pool, joint_steps, seed + 1)
    return net.eval()


def all_together(net: style.Painter, goals: dict[str, Goal], pool: list[Tensor], steps: int,
                 seed: int) -> None:  # fmt: skip
    """Body and codes, a painting at a time in turn."""
    generator, order = torch.Generator().manual_seed(seed), list(goals)

    def price(step: int) -> Tensor:
        name = order[step % len(order)]
        photos = crops(pool, 1, generator, SIDES[2 * step // steps])
        return goals[name](net(photos, name, seed=step), photos).log()

    downhill(rules_for(net, RATE), price, steps, warm=19)


def train_any(seed: int = 0, first_steps: int = FIRST_STEPS, steps: int = READER_STEPS,
              invented: int = INVENTED) -> style.AnyPainter:  # fmt: skip
    """The net for any painting, from a seed: the first body, and a reader of codes for it."""
    extractor, pool = bundled.extractor(), contents()
    body = train_first(extractor, seed, first_steps).requires_grad_(False)
    shown = (invent(k, INVENTED_SIDE) for k in range(invented))
    with torch.no_grad():
        told, goals = zip(*((style.told(extractor, x), objective(extractor, x))
                            for x in bar(shown, "paintings invented and read")))  # fmt: skip
    seen = torch.cat(told)
    torch.manual_seed(seed)
    net = style.AnyPainter(seen.shape[1])
    net.painter.load_state_dict(body.state_dict())
    net.painter.requires_grad_(False)
    net.reader.fit_summary(seen)
    generator = torch.Generator().manual_seed(seed)

    def price(step: int) -> Tensor:
        some = torch.randint(0, invented, (READ_AT_ONCE,), generator=generator)
        photos = crops(pool, READ_AT_ONCE, generator, SIDES[0])
        made = net(photos, seen[some], seed=step)
        paid = [goals[k](x[None], photo[None]) for k, x, photo in zip(some, made, photos)]
        return torch.stack(paid).log().mean()

    downhill([torch.optim.Adam(net.reader.spell.parameters(), READER_RATE)], price, steps)
    return net.eval()


# ---------------------------------------------------------------- what they are worth


@torch.no_grad()
def shares(paint: Callable[[Tensor, str], Tensor], size: int = 128) -> dict:
    """The objective on two photographs they never saw, as a share of the photograph's own."""
    extractor, table = bundled.extractor(), {}
    for name in paintings.STYLES:
        paid, found = objective(extractor, paintings.paint(name, SIDE)), []
        for sitter in ("astronaut", "chelsea"):
            photo = paintings.photo(sitter, size)
            found.append(paid(paint(photo, name), photo) / paid(photo, photo))
        table[name] = round(sum(found).item() / len(found), 3)
    return table


def figures_painter(net: style.Painter) -> dict:
    """See `shares`: each painting with its own code."""
    return shares(net)


def figures_any(net: style.AnyPainter) -> dict:
    """See `shares`: four paintings it was not trained on."""
    extractor = bundled.extractor()
    seen = {name: style.told(extractor, paintings.paint(name, SIDE)) for name in paintings.STYLES}
    return shares(lambda photo, name: net(photo, seen[name]))


def painter(seed: int, ship: bool) -> dict:
    """What `build` calls."""
    return ship_net("painter", train_painter(seed), figures_painter, ship)


def any_painter(seed: int, ship: bool) -> dict:
    """What `build` calls."""
    return ship_net("any-painter", train_any(seed), figures_any, ship)
