"""The panel of lesson 1.3: a spam mail, good words added one by one, and the filter's score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import numpy as np

from tutlib.lessons.mails import words
from tutlib.panel import Choice, Panel, Slider, Text
from tutlib.plots.history import good_words

MOST = 14  # words that can be added by the slider, and shown
BEST, GOOD, ANY = "the best words", "good words at random", "any words at random"


def candidates(weights: Mapping[str, float], present: set[str], how: str) -> list[str]:
    """The words to add, in order: none that is in the mail, at most `MOST`."""
    free = [word for word in sorted(weights) if word not in present]
    if how == BEST:
        return sorted(free, key=lambda word: weights[word])[:MOST]
    if how == GOOD:
        free = [word for word in free if weights[word] < 0]
    return [str(word) for word in np.random.default_rng(0).permutation(free)[:MOST]]


def word_by_word(weights: Mapping[str, float], prior: float, mails: Sequence[str]) -> Panel:
    """The panel: pick or write a mail, add words, see the filter's score.

    Args:
        weights: word -> what it adds to the log-odds of spam; prior: the log-odds of no words.
        mails: some spam mails to begin with.
    """
    named = {f"spam mail {number}": mail for number, mail in enumerate(mails, 1)}

    def compute(state: dict) -> SimpleNamespace:
        mail = state["own"].strip() or state["mail"]
        shown, present = mail.split(), set(words(mail))
        parts = [(token, weights.get(next(iter(words(token)), ""))) for token in shown]
        order = candidates(weights, present, state["how"])
        typed = [w for w in dict.fromkeys(words(state["typed"])) if w not in present][:MOST]
        order = (typed + [w for w in order if w not in typed])[:MOST]
        chosen = order[: max(int(state["count"]), len(typed))]
        start = prior + sum(weights.get(word, 0.0) for word in present)
        every = start + np.cumsum([0.0, *(weights.get(word, 0.0) for word in order)])
        return SimpleNamespace(
            parts=parts + [(word, weights.get(word)) for word in chosen],
            added=len(chosen),
            scores=every[: len(chosen) + 1],
            most=MOST,
            lowest=min(-0.24 * max(5.0, every.max()), 1.1 * every.min()),
            reach=1.08 * max(5.0, every.max()),
        )

    controls = [
        Choice("mail", named, label="mail"),
        Slider("count", min=0, max=MOST, value=0, play=True, label="words added"),
        Choice("how", [BEST, GOOD, ANY], label="which words"),
        Text("typed", label="your own words", placeholder="choir pancakes hedgehog",
             help="These are added first."),
        Text("own", label="your own mail", placeholder="Dear customer, ...",
             help="Write a mail of your own; empty: the one chosen above."),
    ]  # fmt: skip
    return Panel(
        compute,
        good_words,
        controls,
        title="Good words",
        question="The first good word takes a good piece from the score. And the tenth?",
        answers=("next to nothing: the filter is used to them", "nearly as much", "even more"),
        reveal="Nearly as much: every word takes its own weight, whatever else stands there. Add "
        "them one by one. Then try words at random, and words of your own.",
        caption="Grey: speaks for spam, the darker the more. Framed: speaks for a wanted mail. "
        "Pink: added. Blue square: the mail as it was. A dot left of zero is through.",
        frozen={"how": [BEST, GOOD], "count": [0, 4, 8, 14]},
        strip=[{"count": count} for count in (0, 4, 8, 14)],
        alt=describe,
    )  # fmt: skip


def describe(state: dict, result: SimpleNamespace) -> str:
    """The picture in words, for those who do not see it."""
    new = ", ".join(word for word, _ in result.parts[len(result.parts) - result.added :])
    verdict = "spam" if result.scores[-1] > 0 else "wanted mail"
    return (
        f"A mail with {result.added} words added ({state['how']}{': ' + new if new else ''}): "
        f"score {result.scores[0]:.1f} before, {result.scores[-1]:.1f} now, {verdict}."
    )
