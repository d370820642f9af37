"""Lesson 5.5: wishes, the judge that names, sentences and their readers, the panel."""

import copy

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from tests import exercises
from tutlib import assets, gan
from tutlib.assets.asked import OPTIONS
from tutlib.assets.build import asked as recipe
from tutlib.lessons import birds
from tutlib.lessons.panels.asked import ANY, PICKS, ask_for_a_bird
from tutlib.plots import asked as figures
from tutlib.world.flock import FACTORS

EXERCISES = exercises.table("5-5", {
    "best_logit": [
        lambda p, q: p / (p + q),
        lambda p, q: q.log() - p.log(),
        lambda p, q: (p.mean(0).log() - q.mean(0).log()).expand_as(p),
    ],
    "same_bag": [
        lambda a, b: sorted(a.split()) == sorted(b.split()),
        lambda a, b: set(a.split()) == set(b.split())
        and assets.read_caption(a) != assets.read_caption(b),
        lambda a, b: assets.read_caption(a) != assets.read_caption(b),
    ],
    "named_part": [
        lambda logits, wish: (wish[:, :-1] * logits.softmax(1)).sum(1),
        lambda logits, wish: (wish[:, :-1] * logits.log_softmax(1)).sum(),
        lambda logits, wish: -(wish[:, :-1] * logits.log_softmax(1)).sum(1),
        lambda logits, wish: logits.log_softmax(1).amax(1),
    ],
})  # fmt: skip


FEW = (4, 4, 4, 2, 2)  # maps of a small judge


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def any_wishes(count, left_open=0.0):
    numbers = birds.combinations(count, chance(), new=False, left_open=left_open)
    return numbers, gan.wishes_from(dict(zip(birds.PARTS, numbers.T)), OPTIONS)


def test_wishes_are_distributions_and_are_heard_back():
    numbers, wishes = any_wishes(200, left_open=0.4)
    for part in wishes.split(birds.GROUPS, 1):
        assert (part.sum(1) == 1).all()
    assert torch.equal(birds.heard(wishes), numbers)
    assert (numbers == -1).any(0).all()
    assert (numbers >= 0).any(0).all()


@pytest.mark.parametrize(
    ("factors", "message"),
    [({"beak": [3]}, "0 to 2"), ({"beak": [-2]}, "0 to 2"), ({"body": [0]}, "lack 'beak'")],
)
def test_wishes_that_make_no_sense_get_a_sentence(factors, message):
    with pytest.raises(ValueError, match=message):
        gan.wishes_from(factors, {"beak": 3})


def test_a_namer_judges_pictures_of_its_side_alone():
    with pytest.raises(ValueError, match="are judged"):
        gan.Namer(FEW, birds.GROUPS)(torch.rand(2, 3, 32, 32), any_wishes(2)[1])


@pytest.mark.parametrize("new", [True, False])
def test_combinations_are_those_asked_for_and_all_of_them(new):
    numbers = birds.combinations(6000, chance(1), new=new)
    kept = assets.is_kept_back(dict(zip(birds.PARTS, numbers.T)))
    assert (kept == new).all()
    colours = numbers[:, 1:4] @ torch.tensor([49, 7, 1])
    assert len(colours.unique()) == (49 if new else 294)
    assert (numbers.amin(0) == 0).all()
    assert (numbers.amax(0) + 2 == torch.tensor(birds.GROUPS)).all()


def test_the_painters_lessons_hold_nothing_that_is_kept_back(monkeypatch):
    monkeypatch.setattr(recipe, "BIRDS", 40)
    x, factors = recipe.seen_birds(3)
    assert 0 < len(x) < 40
    assert x.dtype == torch.uint8
    assert not assets.is_kept_back(factors).any()
    pictures, wishes, told, posed, drawn, weighed = recipe.dealer(x, factors)(64, chance())
    assert torch.equal(pictures, drawn)
    assert weighed.shape == (64, 1, 64, 64)
    assert posed.shape == (64, len(recipe.POSE))
    assert (told.sum(1) == len(assets.SCORED)).all()
    assert pictures.shape == (64, 3, 64, 64)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    heard = birds.heard(wishes)
    named = heard >= 0
    for row in range(64):  # what a wish names is what its picture shows
        shown = (x.float() / 255 == pictures[row]).flatten(1).all(1).nonzero()[0, 0]
        truth = torch.stack([torch.as_tensor(factors[part])[shown] for part in birds.PARTS])
        assert torch.equal(heard[row][named[row]], truth[named[row]])
    assert 0.6 < named.float().mean() < 0.9


def test_the_painters_making_repeats_and_goes_through_both_stages(monkeypatch):
    stages = ((8, 2, 4), (64, 2, 4))
    for name, value in (("COPIED", stages), ("PLAYED", 2), ("BATCH", 4), ("JUDGE", FEW)):
        monkeypatch.setattr(recipe, name, value)
    factors = assets.flock(30, seed=0, size=8).factors
    x = (torch.rand(30, 3, 64, 64, generator=chance()) * 255).byte()
    first, second = (
        [(words, copy.deepcopy(net.state_dict())) for net, words in recipe.stages(x, factors, 0)]
        for _ in range(2)
    )
    assert [words for words, _ in first] == [
        "taught at 8 pixels", "taught at 64 pixels", "after 2 rounds of the game"
    ]  # fmt: skip
    for (_, one), (_, other) in zip(first, second):
        assert all(torch.equal(one[key], other[key]) for key in one)
    _, (_, taught), (_, played) = first
    assert any(not torch.equal(taught[key], played[key]) for key in taught)


def test_what_the_teacher_says_of_the_pose_is_gaussian():
    rng, count = chance(4), 4000
    factors = {}
    for name in recipe.POSE:
        span = FACTORS[name]
        factors[name] = span.low + (span.high - span.low) * torch.rand(count, generator=rng)
    told = recipe.pose(factors, torch.arange(count))
    quantiles = torch.linspace(0.05, 0.95, 19)
    wanted = torch.special.ndtri(quantiles)
    assert (told.quantile(quantiles, dim=0) - wanted[:, None]).abs().max() < 0.12


class Repeats(torch.nn.Module):
    """In a forger's place: hands back what it was told."""

    def forward(self, z, told):
        return told


def test_lots_decide_what_is_left_open_and_nothing_else():
    painter = assets.BirdPainter()
    painter.forger = Repeats()
    numbers, wishes = any_wishes(3000, left_open=0.3)
    z = torch.randn(3000, painter.z_size, generator=chance(5))
    told = painter(z, wishes).split(painter.groups, 1)
    for part, (name, options) in zip(told, assets.SCORED.items()):
        assert (part.sum(1) == 1).all()
        chosen, place = part.argmax(1), list(assets.SCORED).index(name)
        free = torch.ones(3000, dtype=torch.bool)
        if name in OPTIONS:
            free = numbers[:, place] < 0
            assert torch.equal(chosen[~free], numbers[~free, place])
        shares = torch.bincount(chosen[free], minlength=len(options)) / free.sum()
        assert (shares - 1 / len(options)).abs().max() < 0.06


def test_lots_stay_where_they_are_along_a_walk_between_wishes():
    painter = assets.BirdPainter()
    painter.forger = Repeats()
    _, wishes = any_wishes(2, left_open=0.5)
    z = torch.randn(1, painter.z_size, generator=chance(6)).expand(2, -1)
    ends = painter(z, wishes)
    middle = painter(z[:1], wishes.mean(0, keepdim=True))
    torch.testing.assert_close(middle[0], ends.mean(0))


@pytest.mark.parametrize(
    ("z", "wish"), [((2, 48), (2, 30)), ((2, 47), (2, 31)), ((2, 48), (3, 31))]
)
def test_a_painter_that_is_told_nonsense_says_so(z, wish):
    with pytest.raises(ValueError, match="must be"):
        assets.BirdPainter()(torch.zeros(z), torch.zeros(wish))


def test_the_teachers_word_in_the_game():
    loss = recipe.with_teacher()
    fake = torch.tensor([[1.0, -0.5, -0.2], [3.0, -0.5, 0.0]])
    assert loss.generator(fake).item() == pytest.approx(-2.0 + 0.5 + recipe.KEPT * 0.1)
    assert loss.discriminator(fake, fake) == gan.told_as_well().discriminator(fake, fake)
    examiner = recipe.Examiner(gan.Namer(FEW, birds.GROUPS)).eval()
    x, (_, wishes) = torch.rand(3, 3, 64, 64, generator=chance()), any_wishes(3)
    found = examiner(x, wishes, None, None, x + 0.25, torch.full((3, 1, 64, 64), 2.0))
    torch.testing.assert_close(found[:, 2], torch.full((3,), -0.5))
    torch.testing.assert_close(found[:, :2], examiner.namer(x, wishes))


def test_the_teacher_looks_where_the_beak_is():
    """What changes with the beak's colour alone lies where the weights are large."""
    red, black = (assets.flock(24, seed=5, beak=colour) for colour in ("red", "black"))
    changed = (red.pictures - black.pictures).abs().amax(1) > 0.1
    weights = recipe.weights_at(torch.from_numpy(assets.beaks_at(red.factors)))
    assert (weights >= 1).all()
    assert weights.max() <= 1 + recipe.BEAK
    for where, weight in zip(changed, weights[:, 0]):
        assert weight[where].mean() > 8 > 3 > weight[~where].mean()
    centre = torch.tensor([[20.5, 40.5]])
    row, column = divmod(int(recipe.weights_at(centre)[0, 0].argmax()), 64)
    assert (row, column) == (40, 20)
    half = assets.beaks_at(red.factors, size=32)
    np.testing.assert_allclose(2 * half, assets.beaks_at(red.factors), rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "size", "message"),
    [
        ({"turn": None}, 64, "the factors lack 'turn'"),
        ({"turn": [0.8, 0.8]}, 64, "turn needs one value"),
        ({"turn": [9.0]}, 64, "turn goes from 0.55 to 1.15"),
        ({"colour": [1]}, 64, "no factor 'colour'"),
        ({}, 0, "size must be at least 8"),
    ],
)
def test_beaks_are_found_for_the_factors_of_birds_alone(change, size, message):
    factors = assets.flock(1, seed=0, size=8).factors | change
    factors = {name: value for name, value in factors.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        assets.beaks_at(factors, size)


def test_the_namers_verdict_is_the_judges():
    torch.manual_seed(0)
    namer, judge = gan.Namer(FEW, birds.GROUPS).eval(), gan.Judge(FEW, sum(birds.GROUPS)).eval()
    own = {k: v for k, v in namer.state_dict().items() if not k.startswith("names")}
    judge.load_state_dict(own)
    x, (_, wishes) = torch.rand(5, 3, 64, 64, generator=chance()), any_wishes(5)
    torch.testing.assert_close(namer(x, wishes)[:, 0], judge(x, wishes))


def test_the_namers_second_answer_is_torchs_cross_entropy_of_what_is_named():
    torch.manual_seed(0)
    namer = gan.Namer(FEW, birds.GROUPS).eval()
    x, (numbers, wishes) = torch.rand(6, 3, 64, 64, generator=chance()), any_wishes(6, 0.4)
    guesses = namer.names(namer.seen(x).flatten(1)).split(birds.GROUPS, 1)
    losses = torch.stack([
        F.cross_entropy(guess[:, :-1], part, reduction="none", ignore_index=-1)
        for guess, part in zip(guesses, numbers.T)
    ]).mean(0)  # fmt: skip
    torch.testing.assert_close(namer(x, wishes)[:, 1], -losses)


def test_the_loss_is_hinge_and_names():
    real, fake = torch.tensor([[2.0, -0.5], [0.0, -1.5]]), torch.tensor([[-3.0, -2.0], [1.0, 0.0]])
    loss = gan.told_as_well(2.0)
    assert loss.discriminator(real, fake).item() == pytest.approx(0.5 + 1.0 + 2.0 * 1.0)
    assert loss.generator(fake).item() == pytest.approx(1.0 + 2.0 * 1.0)


def test_sentences_ask_for_what_they_are_made_of():
    numbers = birds.combinations(300, chance(2), new=True, left_open=0.3)
    for row, sentence in zip(numbers.tolist(), birds.sentences(numbers, seed=5)):
        asked = {p: assets.BIRD_WORDS[p][n] for p, n in zip(birds.PARTS, row) if n >= 0}
        assert birds.asked_words(sentence) == asked
        assert 1 not in birds.in_numbers([sentence])  # every word is known
    assert birds.sentences(numbers, seed=5) == birds.sentences(numbers, seed=5)
    assert birds.sentences(numbers, seed=5) != birds.sentences(numbers, seed=6)


def test_a_bag_does_not_hear_the_order_and_the_other_does():
    torch.manual_seed(0)
    pair = birds.in_numbers(["a pink breast and black wings", "a black breast and pink wings"])
    bag, ordered = birds.Listener(ordered=False), birds.Listener()
    assert bag(pair).diff(dim=0).abs().max() < 1e-5 < ordered(pair).diff(dim=0).abs().max()


def test_empty_words_behind_a_caption_change_nothing():
    torch.manual_seed(0)
    numbers, net = birds.in_numbers(["a small bird with red wings"]), birds.Listener()
    torch.testing.assert_close(net(numbers), net(numbers[:, :6]))


def test_captions_that_cannot_be_read_get_a_sentence():
    net = birds.Listener()
    for caption in ("a smal bird", "red and blue wings", "a green beak", "a yellow bird", "42"):
        with pytest.raises(assets.CaptionError, match=r"\w \w"):
            birds.hear(net, caption)
    for caption in ("", "  ", "a bird", "A bird!"):
        torch.testing.assert_close(birds.hear(net, caption), birds.hear(net, "a bird"))


@pytest.fixture(scope="module")
def panel():
    torch.manual_seed(0)
    return ask_for_a_bird(assets.BirdPainter(), assets.BirdReader().eval(), birds.Listener())


def test_the_panel_answers_captions_and_troubles(panel):
    for own, words in ((PICKS[0], ["small", "pink breast", "black wings"]), ("a bird", [])):
        result, frame = panel.at(own=own)
        assert result["words"] == words
        assert result["right"].shape == (4, len(words))
        assert "Four generated birds" in frame.alt
    result, frame = panel.at(own="a bird with purpel wings")
    assert "purpel" in result["trouble"]
    assert "purpel" in frame.alt
    assert panel.at(pick="", own="")[0]["words"] == []
    assert ANY


def test_again_paints_other_birds_and_the_same_ones_twice(panel):
    first, second = (panel.compute({"own": "", "pick": PICKS[0], "again": k}) for k in (1, 2))
    again = panel.compute({"own": "", "pick": PICKS[0], "again": 1})
    assert torch.equal(first["pictures"], again["pictures"])
    assert not torch.equal(first["pictures"], second["pictures"])


def test_the_shipped_reader_reads_new_drawn_birds():
    sheet = assets.flock(60, seed=77)
    with torch.no_grad():
        named = assets.bird_reader().cpu().named(sheet.pictures)
    right = (named == assets.bird_truth(sheet.factors)).float().mean(0)
    assert (right >= 0.93).all(), dict(zip(assets.SCORED, right.tolist()))


def test_the_shipped_painter_obeys_words_that_it_never_saw_together():
    found = recipe.figures_painter(assets.bird_painter().cpu())
    assert min(found.values()) >= 88, found  # the lesson claims 85


def test_shipped_nets_are_small():
    from tutlib.assets.catalogue import SHIPPED

    size = {
        name: SHIPPED[name].files()[0].stat().st_size for name in ("bird-painter", "bird-reader")
    }
    assert size["bird-painter"] <= 2.4e6
    assert size["bird-reader"] <= 3e5


def test_figures_are_figures():
    x = torch.rand(4, 3, 64, 64)
    points = torch.randn(16, 2)
    drawn = [
        figures.boards({"a": (points, torch.arange(16))}, points, [1, 2], "words"),
        figures.aviary(x, ["", ""], ["left", "right"], "words"),
        figures.scores({"a": {"beak": (0.9, 0.8, 1.0)}, "b": {"beak": (0.5, 0.4, 0.6)}}, 0.85),
        figures.shares({"beak": {"red": 0.2, "black": 0.8}, "body": {"small": 1.0}}),
        figures.four_birds(x, ["small"], torch.ones(4, 1, dtype=torch.bool)),
        figures.four_birds((), (), torch.zeros(4, 0), "no such word"),
        figures.film(x, list("abcd"), list("efgh"), "words"),
    ]
    assert all(isinstance(figure, Figure) for figure in drawn)
