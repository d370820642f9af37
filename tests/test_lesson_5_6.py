"""5.6: the nets that translate, the two coupled games, the panels, the figures, the exercises."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests import exercises
from tutlib import assets, gan
from tutlib.lessons.panels.real_or_fake import EACH, read_guess, real_or_fake
from tutlib.lessons.panels.translation import drag_a_horse
from tutlib.plots import translation as figures
from tutlib.plots.theme import in_words

EXERCISES = exercises.table("5-6", {
    "fairest": [
        lambda values: values.mean(),
        lambda values: (values.min() + values.max()) / 2,
        lambda values: values[len(values) // 2],
    ],
    "cycle_loss": [
        lambda there, back, a, b: (back(there(a)) - a).abs().mean(),
        lambda there, back, a, b: (back(there(a)) - a).mean() + (there(back(b)) - b).mean(),
        lambda there, back, a, b: ((back(there(a)) - a).abs().mean()
                                   + (back(there(b)) - b).abs().mean()),
        lambda there, back, a, b: 2 * (back(there(a)) - a).abs().mean(),
    ],
    "sees": [
        lambda layers: sum(kernel for kernel, _ in layers) - len(layers) + 1,
        lambda layers: torch.tensor([kernel for kernel, _ in layers]).prod().item(),
        lambda layers: 1 + sum((kernel - 1) * stride for kernel, stride in layers),
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_solutions(exercise, wrong):
    exercises.settle(exercise, wrong)


# ---------------------------------------------------------------- the nets


def test_a_repainter_leaves_alone_what_its_mask_leaves_out():
    torch.manual_seed(0)
    net, x = gan.Repainter(width=2), torch.rand(2, 3, 32, 32)
    paint, mask = net.painted(x)
    torch.testing.assert_close(net(x), mask * paint + (1 - mask) * x)
    assert mask.shape == (2, 1, 32, 32)
    nn.init.zeros_(net.body.last.weight)
    net.body.last.bias.data = torch.tensor([0.0, 0, 0, -200])
    assert torch.equal(net(x), x)
    net.body.last.bias.data = torch.tensor([0.0, 0, 0, 200])
    torch.testing.assert_close(net(x), torch.full_like(x, 0.5))


def test_a_line_reaches_the_picture_past_the_bottom():
    """Its outermost skip: with a blind bottom the net still sees where a line is."""
    torch.manual_seed(0)
    net = gan.UNet(1, 3, 2)
    lines = torch.zeros(1, 1, 32, 32)
    lines[..., 16, :] = 1
    for layer in (net.down1, net.up1[1]):
        nn.init.zeros_(layer.weight)
    assert not torch.allclose(net(lines)[..., 16, 8:24], net(lines)[..., 4, 8:24])


def test_the_judge_sees_patches_of_38_pixels():
    judge = gan.PatchJudge(width=2).double()
    for step in judge.body:
        if isinstance(step, nn.Sequential):
            step[-1] = nn.Identity()  # its normalisation looks at whole maps
    x = torch.rand(1, 3, 64, 64, dtype=torch.double, requires_grad=True)
    (grad,) = torch.autograd.grad(judge(x)[0, 0, 4, 4], x)
    rows = grad.abs().sum((0, 1, 3)).nonzero()[:, 0]
    assert rows[-1] - rows[0] + 1 == 38


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: gan.UNet(1)(torch.rand(1, 3, 32, 32)), "maps \\(N, 1, H, W\\)"),
        (lambda: gan.UNet(1)(torch.rand(1, 1, 20, 32)), "multiples of 8"),
        (lambda: gan.UNet(1)(torch.rand(1, 1, 8, 8)), "multiples of 8 from 16"),
        (lambda: gan.UNet(0), "inputs"),
        (lambda: gan.PatchJudge(told=1)(torch.rand(1, 3, 32, 32)), "1 channels of what"),
        (lambda: gan.PatchJudge()(torch.rand(1, 1, 32, 32)), "are judged"),
        (lambda: assets.translator("cat to dog"), "a translator is one of"),
        (lambda: assets.HerdReader()(torch.rand(1, 3, 32, 32)), "\\(N, 3, 64, 64\\) are read"),
    ],
)
def test_wrong_input_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


# ---------------------------------------------------------------- pix2pix: `also`


def tiny_pairs(seed=0):
    rng = torch.Generator().manual_seed(seed)
    lines = (torch.rand(12, 1, 16, 16, generator=rng) > 0.8).float()
    return torch.rand(12, 3, 16, 16, generator=rng), lines


def tiny_painters():
    torch.manual_seed(0)
    return gan.Deterministic(gan.UNet(1, 3, 2)), gan.PatchJudge(2, told=1)


def test_also_is_given_the_pictures_that_belong_to_the_outlines():
    x, lines = tiny_pairs()
    seen = []

    def also(fake, real, given):
        rows = [int((lines == line).all((1, 2, 3)).nonzero()) for line in given]
        assert torch.equal(real, x[rows])
        assert fake.requires_grad
        seen.append(len(fake))
        return (fake - real).abs().mean()

    for reuse in (True, False):
        list(gan.play(*tiny_painters(), gan.deal_from(x, lines), z_size=1, rounds=2, batch=4,
                      also=also, reuse_fakes=reuse))  # fmt: skip
    assert seen == [4] * 4


def test_also_moves_the_generator_and_not_the_judge():
    x, lines = tiny_pairs()
    ends = []
    for also in (None, lambda fake, real, given: 50 * fake.mean()):
        net, judge = tiny_painters()
        rng = torch.Generator().manual_seed(0)
        list(gan.play(net, judge, gan.deal_from(x, lines), z_size=1, rounds=1, batch=4, also=also,
                      rng=rng))  # fmt: skip
        ends.append((net.net(lines).mean(), judge(x, lines)))
    assert ends[1][0] < ends[0][0]  # darker, as it was asked to be
    assert torch.equal(ends[0][1], ends[1][1])


# ---------------------------------------------------------------- CycleGAN


def four_nets(seed=0):
    torch.manual_seed(seed)
    return ([gan.Repainter(2) for _ in range(2)], [gan.PatchJudge(2) for _ in range(2)])


def two_heaps():
    rng = torch.Generator().manual_seed(1)
    return [gan.deal_from(torch.rand(9, 3, 16, 16, generator=rng)) for _ in range(2)]


def journey(rounds=3, seed=0, **terms):
    rng = torch.Generator().manual_seed(seed)
    return list(gan.play_cycle(*four_nets(), two_heaps(), rounds=rounds, rng=rng, **terms))


def test_a_round_is_what_the_formulas_say():
    """By hand, with other optimisers: judges on detached fakes, then generators on all terms."""
    (there, back), (judge_a, judge_b) = four_nets()
    twins = copy.deepcopy(((there, back), (judge_a, judge_b)))
    a, b = torch.rand(2, 4, 3, 16, 16)
    fake_a, fake_b = back(b), there(a)
    d_loss = sum(
        ((judge(real) - 1) ** 2).mean() / 2 + (judge(fake.detach()) ** 2).mean() / 2
        for judge, real, fake in ((judge_a, a, fake_a), (judge_b, b, fake_b))
    )
    for judge in (judge_a, judge_b):
        weights = list(judge.parameters())
        grads = torch.autograd.grad(d_loss, weights, retain_graph=True)
        with torch.no_grad():
            for weight, grad in zip(weights, grads):
                weight -= 1e-3 * grad / (grad.abs() + 1e-8)  # Adam's first step
    lost = F.l1_loss(back(fake_b), a) + F.l1_loss(there(fake_a), b)
    kept = F.l1_loss(there(b), b) + F.l1_loss(back(a), a)
    fooled = sum(((judge(fake) - 1) ** 2).mean() / 2
                 for judge, fake in ((judge_a, fake_a), (judge_b, fake_b)))  # fmt: skip
    (trip,) = gan.play_cycle(*twins, [lambda n, rng: a, lambda n, rng: b], rounds=1, lr=1e-3)
    assert trip.d_loss == pytest.approx(d_loss.item(), rel=1e-5)
    assert trip.lost == pytest.approx(lost.item() / 2, rel=1e-5)
    assert trip.g_loss == pytest.approx((fooled + 5 * lost + 2.5 * kept).item(), rel=1e-4)


def test_the_same_seed_gives_the_same_journey():
    first, again, other = (journey(seed=s)[-1].there for s in (0, 0, 1))
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(first(x), again(x))
    assert not torch.equal(first(x), other(x))


def test_the_judges_stand_still_in_the_generators_move():
    nets = four_nets()
    before = copy.deepcopy(nets[1])
    list(gan.play_cycle(*nets, two_heaps(), rounds=2, lr=(1e-3, 0.0)))
    for judge, old in zip(nets[1], before):
        assert all(torch.equal(w, v) for w, v in zip(judge.parameters(), old.parameters()))
        assert all(weight.grad is None for weight in judge.parameters())


def test_without_the_cycle_nothing_is_lost_that_counts():
    assert [trip.lost for trip in journey(cycle=0.0)] == [0.0] * 3
    assert all(trip.lost > 0 for trip in journey())


def test_the_average_lags_behind_the_player():
    nets = four_nets()
    *_, trip = gan.play_cycle(*nets, two_heaps(), rounds=4, average=0.9)
    x = torch.rand(2, 3, 16, 16)
    assert not torch.equal(trip.there(x), nets[0][0](x))
    assert not any(weight.requires_grad for weight in trip.there.parameters())


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [({"rounds": -1}, "rounds"), ({"batch": 0}, "batch"), ({"cycle": -1.0}, "cycle"),
     ({"identity": float("nan")}, "identity"), ({"average": 1.0}, "decay"),
     ({"loss": "kindness"}, "loss must be one of")],
)  # fmt: skip
def test_a_wrong_wish_is_answered_before_the_first_round(terms, sentence):
    with pytest.raises(ValueError, match=sentence):
        gan.play_cycle(*four_nets(), two_heaps(), **({"rounds": 1} | terms))


def test_a_cycle_cannot_say_which_translation():
    """The lesson's example: two translations between two heaps; both lose nothing, both fit."""
    a = torch.rand(1000)
    for there, back in ((lambda x: x + 2, lambda x: x - 2), (lambda x: 3 - x, lambda x: 3 - x)):
        torch.testing.assert_close(back(there(a)), a)
        assert 2 <= there(a).min() <= there(a).max() <= 3


# ---------------------------------------------------------------- what ships


def test_the_shipped_translators_fill_their_nets():
    x = torch.rand(1, 3, 64, 64)
    for name in assets.TRANSLATORS:
        net = assets.translator(name)
        made = net(x[:, :1] if name.startswith("outline") else x)
        assert made.shape == x.shape
        assert made.min() >= 0
        assert made.max() <= 1
        assert not any(weight.requires_grad for weight in net.parameters())


def test_the_reader_reads():
    reader = assets.herd_reader()
    for coat in ("horse", "zebra"):
        sheet = assets.herd(48, 12345, coat=coat)
        read = reader.read(sheet.pictures)
        assert ((read["zebra"] > 0.5) == (coat == "zebra")).float().mean() > 0.95
        assert (read["side"] == sheet.factors["side"]).float().mean() > 0.95
        turn = torch.corrcoef(torch.stack([read["turn"], sheet.factors["turn"]]))[0, 1]
        assert turn > 0.95


# ---------------------------------------------------------------- the panels


def test_the_quiz_counts():
    real, made = torch.zeros(12, 3, 8, 8), torch.ones(12, 3, 8, 8)
    panel = real_or_fake(real, made, seed=3)
    shown, _ = panel.at(truth="shown")
    assert sum(shown["truth"]) == EACH // 2
    assert shown["score"] is None  # nobody has guessed
    named = [k + 1 for k, is_made in enumerate(shown["truth"]) if is_made]
    assert all(shown["pictures"][n - 1].mean() == 1 for n in named)
    answered, frame = panel.at(guess=" ".join(map(str, named)), truth="shown")
    assert answered["score"] == 12
    assert frame.alt.endswith("you are right about 12 of 12")
    others = [n for n in range(1, 13) if n not in named]
    assert panel.at(guess=f"{others}", truth="shown")[0]["score"] == 0
    assert panel.at(guess=f"{named[0]}", truth="shown")[0]["score"] == 7
    covered, frame = panel.at(guess="1 2")
    assert covered["truth"] is None
    assert covered["score"] is None
    assert frame.alt.endswith("the truth is covered")


def test_the_quiz_answers_what_is_not_a_number_of_a_picture():
    assert read_guess("none of them") == []
    with pytest.raises(ValueError, match="there is no 13"):
        read_guess("1 13")
    with pytest.raises(ValueError, match="12 made pictures are needed, not 4"):
        real_or_fake(torch.zeros(12, 3, 8, 8), torch.ones(4, 3, 8, 8))


def test_the_horse_can_be_dragged():
    painter = gan.UNet(1, 3, 2).requires_grad_(False)
    there, back = (gan.Repainter(2).requires_grad_(False) for _ in range(2))
    panel = drag_a_horse(painter, there, back)
    first, frame = panel.at()
    turned, _ = panel.at(pose=(1.8, 0.3))
    right, _ = panel.at(looks="right")
    shaken, _ = panel.at(noise=64)
    assert [tuple(picture.shape) for picture in first] == [(1, 1, 64, 64), *[(1, 3, 64, 64)] * 3]
    assert not torch.equal(first[0], turned[0])
    assert not torch.equal(first[0], right[0])
    assert torch.equal(first[2], shaken[2])
    assert not torch.equal(first[3], shaken[3])
    assert "turn 1.30" in frame.alt


# ---------------------------------------------------------------- the figures


def test_the_best_answers_are_the_median_and_the_mean():
    figure = figures.best_answers(torch.tensor([0.2, 0.2, 0.8, 0.8]), "sixty pixels")
    words = in_words(figure)
    assert "pays least: 0.20 to 0.80" in words  # every median
    assert "pays least: 0.50" in words  # the mean
    assert "sixty pixels" in words
    odd = in_words(figures.best_answers(torch.tensor([0.1, 0.3, 0.9, 0.3, 0.8])))
    assert "pays least: 0.30" in odd
    assert "pays least: 0.48" in odd


def test_rows_name_themselves_and_are_enlarged_without_blocks():
    x = torch.rand(3, 3, 16, 16)
    figure = figures.rows_of({"drawn": x, "made": 1 - x}, ("real", "generated"), "two rows")
    assert all(word in in_words(figure) for word in ("drawn", "made", "two rows"))
    assert {axes.images[0].get_interpolation() for axes in figure.axes} == {"bicubic"}


def test_the_secret_has_its_bands_and_its_chance():
    band = [(0.8, 0.9, 0.95), (0.4, 0.5, 0.6)]
    figure = figures.kept_secret([0, 8], {"own": band, "drawn": band}, 0.25, "shaken")
    assert all(word in in_words(figure) for word in ("own", "drawn", "guessing", "shaken"))
