"""What some panels of the gallery need before they open: small nets and pictures, in seconds.

Lessons train for themselves; here bundled nets take their places, or smaller ones that learn less.
Each opener is called without arguments and gives a `Panel`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutlib import assets, attacks, nets, risk, training
from tutlib.balls import L2, Linf
from tutlib.panel import Panel
from tutlib.risk import bounds, maps

_fit = partial(training.fit, progress=False)  # the page says itself that it is at work


def _digits(count: int, net: nn.Module | None = None) -> tuple[Tensor, Tensor]:
    """Test digits (count, 1, 28, 28), those that `net` reads right where one is given."""
    x, y = (part[: count if net is None else 2 * count].to(assets.device())
            for part in assets.digits().test)  # fmt: skip
    if net is not None:
        with torch.no_grad():
            right = net(x).argmax(1) == y
        x, y = x[right][:count], y[right][:count]
    return x, y


def _things(count: int) -> tuple[Tensor, Tensor]:
    """Every so many-th test thing, so that there are some of each kind."""
    x, y = assets.things().test
    some = torch.linspace(0, len(x) - 1, count).long()
    return x[some].to(assets.device()), y[some].to(assets.device())


def spam_filter() -> Panel:
    """1.3: naive Bayes on a thousand made-up mails."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    from tutlib.lessons.mails import mails, words
    from tutlib.lessons.panels.history import word_by_word

    texts, spam = mails(1200, 0)
    table = CountVectorizer(analyzer=lambda mail: sorted(set(words(mail))))
    rows = table.fit_transform(texts[:1000])
    bayes = MultinomialNB().fit(rows, spam[:1000])
    weights = np.diff(bayes.feature_log_prob_, axis=0)[0].tolist()
    prior = float(np.diff(bayes.class_log_prior_)[0])
    score = np.diff(bayes.predict_joint_log_proba(table.transform(texts[1000:])), axis=1)[:, 0]
    ranked = [texts[1000 + k] for k in np.argsort(score) if spam[1000 + k] and score[k] > 0]
    shown = [ranked[int(share * len(ranked))] for share in (0.4, 0.1, 0.8)]
    return word_by_word(dict(zip(table.get_feature_names_out(), weights)), prior, shown)


def one_noise_for_all() -> Panel:
    """2.4: two noises, learnt from a few pictures."""
    from tutlib.lessons.panels.universal import one_noise

    net = assets.classifier("fragile")
    x, y = _things(52)
    level = 1 / 255 * x[0].numel() ** 0.5
    noises = {norm: attacks.universal(net, x[:40], y[:40], ball, steps=8, batch=10)
              for norm, ball in (("L∞", Linf(2 / 255)), ("L2", L2(2 * level)))}  # fmt: skip
    return one_noise(net, x[40:], y[40:], noises)


def in_the_hand() -> Panel:
    """2.5: one hog, attacked as a file and through the camera."""
    from tutlib.lessons.panels.camera import in_your_hand

    net, x = assets.classifier("fragile"), assets.picture("hog")
    y, target = torch.tensor([[net.index("hog")], [net.index("airliner")]], device=x.device)
    dice = torch.Generator().manual_seed(0)
    camera, ball = attacks.Camera(), Linf(8 / 255)
    plain = attacks.pgd(net, x, y, ball, steps=40, target=target)
    through = attacks.eot(net, x, y, ball, lambda p: camera(p, dice), steps=24, draws=3,
                          target=target)  # fmt: skip
    made = {"plain": plain, "through the camera": through}
    return in_your_hand(net, made, int(y), int(target))


def handed_on() -> Panel:
    """2.6: changes made for one reader and shown to three."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    from tutlib.lessons.panels.transfer import shown_to_all

    def linear(model):
        rows, offset = (torch.tensor(part, dtype=torch.float32)
                        for part in (model.coef_, model.intercept_))  # fmt: skip
        return lambda x: x.flatten(1) @ rows.T + offset

    x, y = (part[:600].cpu() for part in assets.digits().train)
    readers = {
        "net": assets.digit_classifier().cpu(),
        "LR": linear(LogisticRegression(C=0.02, max_iter=200).fit(x.flatten(1), y)),
        "SVM": linear(LinearSVC(C=0.003, random_state=0).fit(x.flatten(1), y)),
    }
    x, y = (part[:60].cpu() for part in assets.digits().test)
    with torch.no_grad():
        right = torch.stack([reader(x).argmax(1) == y for reader in readers.values()]).all(0)
    x, y = x[right][:12], y[right][:12]
    made = {name: attacks.fgsm(reader, x, y, Linf(0.2)) for name, reader in readers.items()}
    return shown_to_all(readers, made, x, y)


def _reader(seed: int = 0, **habits) -> nn.Sequential:
    """A small digit net with one hidden layer, after a few passes over 1,500 digits."""
    x, y = (part.to(assets.device()) for part in assets.digits().first(1500))
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Flatten(), nets.mlp(784, 64, 10)).to(x.device)
    _fit(net, x, y, **({"epochs": 5, "batch": 50, "seed": seed} | habits))
    return net.requires_grad_(False)


def nearest_changes() -> Panel:
    """2.7: three searches on two small nets."""
    from tutlib.lessons.panels.smallest import smallest_change

    pair = {
        "trained as usual": _reader(),
        "robust": _reader(inner=training.fgsm_rs(Linf(0.1)), epochs=12),
    }
    x, y = (part[:60].to(assets.device()) for part in assets.digits().test)
    both = torch.stack([net(x).argmax(1) == y for net in pair.values()]).all(0)
    x, y, far = x[both][:12], y[both][:12], L2(28.0)
    found = {
        name: {"DeepFool": attacks.deepfool(net, x, y, far),
               "Carlini-Wagner": attacks.carlini_wagner(net, x, y, far, steps=60, prices=4),
               "DDN": attacks.ddn(net, x, y, far, steps=60)}
        for name, net in pair.items()
    }  # fmt: skip
    return smallest_change(pair, x, y, found)


def falling() -> Panel:
    """3.1: a risk curve of the bundled digit net."""
    from tutlib.lessons.panels.risk import falling_digits

    net, eps = assets.digit_classifier(), assets.digits().eps
    x, y = _digits(60)
    attack = partial(attacks.pgd, steps=7, early_stop=True)
    curve = risk.risk_curve(net, x, y, [eps * k / 8 for k in range(17)], attack)
    return falling_digits(net, curve, x, y)


def straight_or_bent() -> Panel:
    """3.2: a net of rectifiers and one of sigmoids."""
    from tutlib.lessons.panels.linearity import traverse

    bent = nn.Sequential(nn.Flatten(), nets.mlp(784, 64, 10, activation=nn.Sigmoid))
    x, y = (part.to(assets.device()) for part in assets.digits().first(1500))
    _fit(bent.to(x.device), x, y, epochs=8, batch=50, lr=1e-2)
    two = {"ReLU": _reader(), "sigmoid": bent.requires_grad_(False)}
    x, y = _digits(200)
    right = torch.stack([net(x).argmax(1) == y for net in two.values()]).all(0)
    x, y = x[right], y[right]
    shown = [int((y == digit).nonzero()[0]) for digit in (3, 4, 8) if (y == digit).any()]
    return traverse(two, x[shown], y[shown])


def nine_maps() -> Panel:
    """3.3: an adversarial and a random direction for nine digits."""
    from tutlib.lessons.panels.maps import click_a_map

    net = assets.digit_classifier()
    x, y = _digits(9, net)
    _, way = maps.way_out(net, x, y)
    ahead = way / way.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    aside = maps.at_right_angles(ahead, generator=torch.Generator().manual_seed(0))
    return click_a_map(net, x, y, ahead, aside, 5.0)


def other_grounds() -> Panel:
    """3.4: two animals, learnt on one ground each, or on both."""
    from tutlib.lessons.panels.grounds import swap_the_ground

    size, learn, home = 48, range(100, 116), {"hog": "grass", "wombat": "sand"}
    seen = {(a, g): assets.on_ground(a, g, learn, size)[0] for a in home for g in home.values()}
    half = len(learn) // 2

    def taught(exceptions: int) -> nn.Module:
        there = [torch.cat([seen[a, away][:exceptions], seen[a, home[a]][exceptions:]])
                 for a, away in zip(home, reversed(home.values()))]  # fmt: skip
        y = torch.arange(2, device=there[0].device).repeat_interleave(len(learn))
        torch.manual_seed(0)
        net = nn.Sequential(nets.Normalize(), nets.digit_net(size, 2, 3, width=16)).to(y.device)
        _fit(net, torch.cat(there), y, epochs=20, batch=16)
        return net

    both = {"learnt by habit": taught(0), "learnt on both grounds": taught(half)}
    return swap_the_ground(both, list(home), range(600, 606), size)


def four_methods() -> Panel:
    """3.5: four digits of 14 x 14 pixels, and a net so small that it can be searched exactly."""
    from tutlib.lessons.panels.guarantees import METHODS, SHOWN, four_answers_panel

    x, y = (part[:1500] for part in assets.digits().train)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nets.mlp(196, 10, 10, 10))
    _fit(net, F.avg_pool2d(x.cpu(), 2), y.cpu(), epochs=12, lr=4e-3)
    net = net.requires_grad_(False).double()
    x, y = (part[:40].cpu() for part in assets.digits().test)
    x = F.avg_pool2d(x, 2).double()
    right = (net(x).argmax(1) == y).nonzero()[:SHOWN, 0]
    x, y = x[right], y[right]
    how = {"count": len(x), "top": 0.2}

    def proved(bound):
        return lambda eps: bound(net, *bounds.box_around(x, eps), y).amin(1) > 0

    def stands(eps: Tensor) -> Tensor:
        balls = [attacks.pgd(net, x[k : k + 1], y[k : k + 1], Linf(e), steps=20)
                 for k, e in enumerate(eps.tolist())]  # fmt: skip
        return net(torch.cat(balls)).argmax(1) == y

    fooled = bounds.widest(stands, **how, halvings=7) + 0.2 / 2**7
    lines = bounds.widest(proved(bounds.linear_leads), **how)
    exact = [bounds.exact_radius(net, x[k : k + 1], y[k : k + 1], top, seconds=5).proved
             for k, top in enumerate(fooled.tolist())]  # fmt: skip
    exact = torch.tensor(exact).double().minimum(fooled).maximum(lines)
    radii = (bounds.widest(proved(bounds.interval_leads), **how), lines, exact, fooled)
    return four_answers_panel(net, x, y, dict(zip(METHODS, radii)))


def some_defences() -> Panel:
    """4.3: four of the twelve, those that need no training of their own."""
    from tutlib.lessons.panels.defences import pick_a_duel

    net = assets.digit_classifier()
    x, y = _digits(60)
    ball, wall = Linf(0.15), attacks.straight_through

    def calmed(x: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = x.detach().clone().requires_grad_()
            (slope,) = torch.autograd.grad(net(leaf).log_softmax(1).amax(1).sum(), leaf)
        return net((x - 0.02 * slope.sign()).clamp(0, 1))

    def glimpsed(x: Tensor) -> Tensor:
        return torch.stack([net(training.shifted(x, 2)).log_softmax(1) for _ in range(4)]).mean(0)

    defences = {"rounding to black and white": lambda x: net(x.round()), "lower confidence": calmed,
                "noise at test time": lambda x: net(x + 0.2 * torch.randn_like(x)),
                "multiple glimpses": glimpsed}  # fmt: skip
    known = defences | {"rounding to black and white": lambda x: net(wall(torch.round)(x))}
    pictures, right = {}, {}
    for name, model in defences.items():
        made = {"nobody": x, "naive: one step": attacks.fgsm(model, x, y, ball),
                "knows the defence": attacks.pgd(known[name], x, y, ball, steps=20)}  # fmt: skip
        with torch.no_grad():
            right[name] = {kind: risk.Estimate((model(z).argmax(1) == y).float(), "error", kind)
                           for kind, z in made.items()}  # fmt: skip
        pictures[name] = {kind: z[:6] for kind, z in made.items()}
    return pick_a_duel(defences, x[:6], y[:6], pictures, right)


def inside_the_loss() -> Panel:
    """4.4: linear readers of threes and sevens."""
    from tutlib.lessons import readers
    from tutlib.lessons.panels.decay import inside_or_outside

    def pairs(x: Tensor, y: Tensor, count: int) -> tuple[Tensor, Tensor]:
        rows = ((y == 3) | (y == 7)).nonzero()[:count, 0]
        return x[rows].flatten(1), torch.where(y[rows] == 7, 1.0, -1.0)

    x, y = pairs(*assets.digits().first(3000), 500)
    strengths, costs, squares = [0.05, 0.1, 0.2, 0.3], [0.003, 0.02, 0.05, 0.1], [0.03, 0.3, 1, 10]
    fit = partial(readers.fit_readers, x, y, F.softplus, steps=100)
    plain, *adversary = fit(settings=[(eps, 0) for eps in [0, *strengths]])
    sizes = fit(settings=[(0, cost) for cost in costs])
    squared = fit(settings=[(0, cost) for cost in squares], power=2)
    rows = {"adversary": zip(strengths, adversary), "decay of sizes": zip(costs, sizes),
            "decay of squares": zip(squares, squared)}  # fmt: skip
    kinds = {name: [(0, plain), *row] for name, row in rows.items()}
    return inside_or_outside(kinds, *pairs(*assets.digits().test, 1000))


def engineering_machine() -> Panel:
    """4.6: a net fitted to a table of 300 cars, and the car it dreams of."""
    from tutlib.lessons.panels.knobs import against_the_machine
    from tutlib.training import design

    x = design.engineers(300, torch.Generator().manual_seed(0))
    net = design.fit_table(x, design.lap_speed(x), steps=500, seed=0)
    starts = torch.rand(20, 8, generator=torch.Generator().manual_seed(0))
    summits = design.propose(design.lap_speed, starts, steps=300)
    winner = design.propose(net, x, steps=150)[0]
    return against_the_machine(net, x, winner, design.lap_speed(summits).max().item())


def young_forger() -> Panel:
    """5.2: digits of a forger that has played for a short while only."""
    from tutlib.lessons.panels.forgery import which_is_real

    return which_is_real(*_written_and_forged())


def twelve_digits() -> Panel:
    """5.2: the same forger's digits among written ones."""
    from tutlib.lessons.panels.real_or_fake import real_or_fake

    written, _, forged, _ = _written_and_forged()
    return real_or_fake(written, forged, things="digits")


def _written_and_forged() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    from tutlib import gan
    from tutlib.gan.nets import dcgan_discriminator, dcgan_generator

    digits, device = assets.digits(), assets.device()
    (x, y), (x_test, y_test) = ([t.to(device) for t in part]
                                for part in (digits.train, digits.test))  # fmt: skip
    torch.manual_seed(0)
    forger, expert = (make(28, classes=10).to(device)
                      for make in (dcgan_generator, dcgan_discriminator))  # fmt: skip
    for moment in gan.play(forger, expert, gan.deal_from(x, y), z_size=32, rounds=200, batch=32,
                           lr=4e-3, average=0.99, reuse_fakes=True):  # fmt: skip
        mean = moment.average
    wanted = torch.arange(200, device=device) % 10
    z = torch.randn(200, 32, generator=torch.Generator().manual_seed(0)).to(device)
    return x_test, y_test, gan.sample(mean, z, wanted), wanted


def bird_asked_for() -> Panel:
    """5.5: a listener that has practised on two thousand captions."""
    from tutlib.lessons import birds
    from tutlib.lessons.panels.asked import ask_for_a_bird

    device, rng, steps = assets.device(), torch.Generator().manual_seed(0), 400
    wanted = birds.combinations(2000, rng, new=False, left_open=0.25)
    words = birds.in_numbers(birds.sentences(wanted)).to(device)
    torch.manual_seed(0)
    listener, wanted = birds.Listener().to(device), wanted.to(device)
    adam = torch.optim.Adam(listener.parameters(), 6e-3)
    for step in range(steps):
        adam.param_groups[0]["lr"] = 6e-3 * min(1, (steps - step) / (0.4 * steps))
        rows = torch.randint(len(words), (64,), generator=rng).to(device)
        adam.zero_grad()
        birds.told_apart(listener(words[rows]), wanted[rows]).backward()
        adam.step()
    painter, reader = (net.to(device) for net in (assets.bird_painter(), assets.bird_reader()))
    return ask_for_a_bird(painter, reader, listener.eval())


def dragged_horse() -> Panel:
    """5.6: the three nets that ship."""
    from tutlib.lessons.panels.translation import drag_a_horse

    ways = ("outline to horse", "horse to zebra", "zebra to horse")
    return drag_a_horse(*(assets.translator(way).to(assets.device()) for way in ways))


def drawn_or_made() -> Panel:
    """5.6: zebras that were drawn, and zebras that a net made of horses."""
    from tutlib.lessons.panels.real_or_fake import real_or_fake

    horses, zebras = (assets.herd(12, 970 + k, coat=coat, device=assets.device()).pictures
                      for k, coat in enumerate(("horse", "zebra")))  # fmt: skip
    with torch.no_grad():
        made = assets.translator("horse to zebra").to(assets.device())(horses)
    return real_or_fake(zebras, made, things="zebras")


def painted_by_statistics() -> Panel:
    """6.1: the bundled extractor."""
    from tutlib.lessons.panels.style import style_panel

    return style_panel(assets.features("bundled"))
