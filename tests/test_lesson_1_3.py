"""Lesson 1.3: its made-up data, its exercises, its figures, its panel."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from tests import exercises
from tools import notebooks
from tutlib.lessons.mails import GAPS, TOPICS, mails, words
from tutlib.lessons.panels.history import ANY, BEST, GOOD, MOST, candidates, word_by_word
from tutlib.lessons.programs import HARMLESS, MALICIOUS, NAMES, programs
from tutlib.plots import history

WEIGHTS = {"prize": 2.0, "cash": 1.0, "soup": -3.0, "choir": -2.0, "hen": -1.0, "the": 0.0}
MAIL = "Claim the prize, the cash prize!"
EXERCISES = exercises.table("1-3", {
    "fewest": [
        lambda score, weights: sum(weight < 0 for weight in weights),  # all the good ones
        "def fewest(score, weights):\n"  # in the order given
        "    count = 0\n"
        "    for weight in weights:\n"
        "        if score > 0 and weight < 0:\n"
        "            score, count = score + weight, count + 1\n"
        "    return count if score <= 0 else None",
        "def fewest(score, weights):\n"  # the heaviest spam words first
        "    return right(score, [-abs(weight) for weight in weights])",
        "def fewest(score, weights):\n"  # below zero, where zero is enough
        "    return right(score + 1e-9, weights)",
        "def fewest(score, weights):\n"  # never says that it cannot be done
        "    found = right(score, weights)\n"
        "    return len(weights) if found is None else found",
    ],
    "add_best": [
        lambda x, w, budget: x,
        lambda x, w, budget: x.masked_fill(w < 0, 1.0),  # as many as it likes
        "def add_best(x, w, budget):\n"  # the lightest abilities, present or not, helpful or not
        "    new = x.clone()\n"
        "    new[:, w.argsort()[:budget]] = 1\n"
        "    return new",
        "def add_best(x, w, budget):\n"  # takes away as well
        "    new = x.clone()\n"
        "    new[:, w.abs().argsort(descending=True)[:budget]] = 0\n"
        "    return new",
        "def add_best(x, w, budget):\n"  # changes what it was given
        "    x[:] = right(x, w, budget)\n"
        "    return x",
        "def add_best(x, w, budget):\n"  # one too many
        "    return right(x, w, budget + 1)",
    ],
    "by_the_neighbours": [
        lambda x, y, k: y,
        lambda x, y, k: -y,
        "def by_the_neighbours(x, y, k):\n"  # every point is its own nearest neighbour
        "    return y[torch.cdist(x, x).argsort(1)[:, :k]].sum(1).sign()",
        "def by_the_neighbours(x, y, k):\n"  # and what was put right votes at once
        "    distance = torch.cdist(x, x)\n"
        "    distance.fill_diagonal_(torch.inf)\n"
        "    y = y.clone()\n"
        "    for row, near in enumerate(distance.argsort(1)[:, :k]):\n"
        "        y[row] = y[near].sum().sign()\n"
        "    return y",
        "def by_the_neighbours(x, y, k):\n"  # a mean, and no label
        "    distance = torch.cdist(x, x)\n"
        "    distance.fill_diagonal_(torch.inf)\n"
        "    return y[distance.argsort(1)[:, :k]].float().mean(1)",
    ],
})  # fmt: skip


@pytest.mark.parametrize(("exercise", "wrong"), EXERCISES)
def test_the_solution_passes_and_wrong_answers_do_not(exercise, wrong):
    exercises.settle(exercise, wrong)


# The mails


def test_mails_are_different_and_the_same_for_the_same_seed():
    texts, spam = mails(300, 5)
    again, spam_again = mails(300, 5)
    assert texts == again
    assert (spam == spam_again).all()
    assert len(set(texts)) == 300
    assert 0.4 < spam.mean() < 0.6
    assert not set(texts) & set(mails(300, 6)[0])


def test_no_gap_is_left_open_and_every_gap_is_used():
    texts, _ = mails(500, 0)
    assert not any(mark in mail for mail in texts for mark in "{}|")
    written = " ".join(
        line for side in TOPICS.values() for topic in side.values() for line in topic
    )
    assert all(f"{{{gap}}}" in written for gap in GAPS)
    assert all(min(len(topic) for topic in side.values()) >= 5 for side in TOPICS.values())


def test_words_are_small_and_without_punctuation():
    assert words("Dear Anna, at HALF-past-six!") == ["dear", "anna", "at", "half-past-six"]


@pytest.mark.parametrize("seed", range(3))
def test_a_filter_is_good_and_not_perfect(seed):
    """A filter without mistakes would make an unlikely story, one with many a dull one."""
    texts, spam = mails(3000, seed)
    rows = CountVectorizer(analyzer=words, binary=True).fit_transform(texts)
    right = MultinomialNB().fit(rows[:1500], spam[:1500]).predict(rows[1500:]) == spam[1500:]
    assert 0.965 < right.mean() < 0.995


# The programs


def test_abilities_have_one_name_each_and_kinds_use_no_other():
    assert len(set(NAMES)) == len(NAMES) == 50
    for kinds in (HARMLESS, MALICIOUS):
        assert all(set(text.split("|")) <= set(NAMES) for text in kinds.values())


def test_programs_are_zeros_and_ones_and_come_from_their_seed():
    x, bad = programs(400, 1)
    assert set(np.unique(x)) == {0, 1}
    assert 0.4 < bad.mean() < 0.6
    assert (programs(400, 1)[0] == x).all()
    assert (programs(400, 2)[0] != x).any()


def functions_of(cell_id):
    """What a cell of the lesson defines, with the arrays that it works on."""
    (path,) = notebooks.FOLDER.rglob("1-3-*.ipynb")
    (cell,) = (cell for cell in notebooks.read(path).cells if cell.id == cell_id)
    space = {"np": np, "SEED": 0}
    exec(cell.source, space)
    return space


def test_the_greedy_search_finds_the_worst_of_a_sum_exactly():
    """For a linear score the greedy choice is the best one, as the stop before derives."""
    x, _ = programs(40, 3)
    weights = np.random.default_rng(0).normal(size=x.shape[1])
    evaded, scores = functions_of("greedy01")["evade"](lambda rows: rows @ weights, x, 4)
    gain = np.sort(np.where(x > 0, 0, np.minimum(weights, 0)), axis=1)
    np.testing.assert_allclose(scores[-1], x @ weights + gain[:, :4].sum(1))
    np.testing.assert_allclose(evaded @ weights, scores[-1])
    assert (evaded >= x).all()
    assert ((evaded - x).sum(1) <= 4).all()


def test_with_removals_the_search_is_never_worse():
    x, _ = programs(30, 3)
    weights, evade = (
        np.random.default_rng(1).normal(size=x.shape[1]),
        functions_of("greedy01")["evade"],
    )
    _, adding = evade(lambda rows: rows @ weights, x, 3)
    _, free = evade(lambda rows: rows @ weights, x, 3, may_remove=True)
    assert (free <= adding + 1e-12).all()
    assert (np.diff(free, axis=0) <= 0).all()


def test_a_monotone_detector_cannot_be_lowered_by_any_addition():
    x, bad = programs(1500, 0)
    model = HistGradientBoostingClassifier(monotonic_cst=[1] * len(NAMES)).fit(x[:1200], bad[:1200])
    low = x[1200:]
    high = np.maximum(low, np.random.default_rng(0).random(low.shape) < 0.2)
    assert (model.decision_function(high) >= model.decision_function(low) - 1e-9).all()


# The poison


def test_chosen_flips_are_different_rows_and_leave_the_labels_alone():
    made = functions_of("svm00001")
    rng = np.random.default_rng(0)
    x, y = made["sample"](20, rng)
    before, own = y.copy(), made["sample"](50, rng)
    flips = made["choose_flips"](x, y, 3, own)
    assert len(set(flips)) == 3
    assert (y == before).all()
    harm = []
    for row in range(20):
        labels = y.copy()
        labels[row] *= -1
        harm.append(made["hinge"](made["svm"](x, labels), *own))
    assert flips[0] == int(np.argmax(harm))


# The panel


@pytest.fixture
def panel():
    return word_by_word(WEIGHTS, 0.5, [MAIL, "Cash!"])


def test_the_score_is_the_prior_and_each_word_once(panel):
    assert panel.at()[0].scores.tolist() == [0.5 + 2.0 + 1.0]


def test_the_best_words_come_first_and_none_twice(panel):
    assert candidates(WEIGHTS, {"soup"}, BEST) == ["choir", "hen", "the", "cash", "prize"]
    assert set(candidates(WEIGHTS, {"soup"}, GOOD)) == {"choir", "hen"}
    assert set(candidates(WEIGHTS, set(), ANY)) == set(WEIGHTS)
    assert len(candidates({f"w{k}": -1.0 for k in range(99)}, set(), GOOD)) == MOST
    result = panel.at(count=2)[0]
    assert result.scores.tolist() == [3.5, 0.5, -1.5]
    assert [word for word, _ in result.parts[-2:]] == ["soup", "choir"]


def test_words_and_mails_of_ones_own(panel):
    result = panel.set(typed="Hen, zebra prize", count=1)
    assert [word for word, _ in result.parts[-2:]] == ["hen", "zebra"]  # the prize is in the mail
    assert result.scores.tolist() == [3.5, 2.5, 2.5]  # and a zebra means nothing to the filter
    assert panel.set(own="Hello choir", typed="", count=0).scores.tolist() == [-1.5]
    assert panel.set(own="", count=14).added == 3  # no more words are known
    assert panel.errors == []


def test_a_heavy_mail_is_told_and_frozen(panel):
    assert (
        "2 words added (the best words: soup, choir): score 3.5 before, -1.5 now, wanted mail"
        in (panel.at(count=2)[1].alt)
    )
    assert len(panel.freeze()) < 400_000


# The figures


def test_the_timeline_is_in_order_and_read_out_in_full():
    years = [year for year, *_ in history.EVENTS]
    assert years == sorted(years)
    alt = history.timeline()._repr_mimebundle_()[1]["image/png"]["alt"]
    for year, attack, _, defence, _ in history.EVENTS:
        assert f"{year} " in alt
        assert attack in alt
        assert defence in alt
    assert alt.count("(broken later)") == 2


def test_every_work_of_the_timeline_is_in_the_references():
    (path,) = notebooks.FOLDER.rglob("1-3-*.ipynb")
    works = notebooks.read(path).cells[-1].source.splitlines()
    for year, *sides in ((year, attack, defence) for year, attack, _, defence, _ in history.EVENTS):
        for side in filter(None, sides):
            first = side.rpartition("(")[2].split()[0].strip(",)")
            if first != "the":  # "the same" as on the left
                assert [w for w in works if first in w and f"({year})" in w], (year, side)


def test_the_dot_stands_where_half_is_through():
    axes = history.words_needed({"best": [1, 2, 3, 9]}, most=20).axes[0]
    assert [text.get_text() for text in axes.texts] == ["2"]
    assert axes.texts[0].xy == (2, 50)


def test_the_line_before_goes_through_the_points_it_should():
    x, y = np.array([[-1.0, 2], [1, -2]]), np.array([-1, 1])
    lines = {"before": (np.array([2.0, 1.0]), -1.0), "after": (np.array([1.0, 0.0]), 0.0)}
    scene = SimpleNamespace(x=x, y=y, flipped=[0], **lines)
    figure = history.poisoned(scene, [0, 5], {"chosen": np.array([[98.0, 90], [97, 91]])})
    before = next(line for line in figure.axes[0].lines if line.get_label() == "line before")
    across, up = before.get_data()
    np.testing.assert_allclose(2 * across + up - 1, 0, atol=1e-9)


def test_the_figures_are_drawn(panel):
    caught = np.array([[True, True], [True, False], [False, False]])
    figures = [
        history.timeline(),
        history.good_words(panel.at(count=3)[0]),
        history.additions({"a: add": caught, "b: add or remove": caught}),
        history.words_needed({"best": [1, np.inf], "none": [np.inf, np.inf]}, most=50),
    ]
    assert all(isinstance(figure, Figure) for figure in figures)
    assert max(len(line) for line in history.wrapped("word " * 60).splitlines()) <= 84
