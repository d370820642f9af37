"""Every panel of the course in one list, and a page that opens one of them at a time.

A new panel is one line in `ENTRIES`; then render `notebooks/gallery.ipynb` again.
"""

from __future__ import annotations

import html
import importlib
from collections.abc import Callable
from typing import NamedTuple

import ipywidgets as w

from tutlib.check.patience import silence
from tutlib.lessons import openers
from tutlib.lessons.chapters import CHAPTERS
from tutlib.panel import Panel
from tutlib.panel.panel import publishing


class Entry(NamedTuple):
    """A panel of a lesson.

    place: of the lesson's notebook in `notebooks/`; panel: module.function in
    `tutlib.lessons.panels`; title: what the panel is called; says: one sentence; opens: what makes
    it ready (None: the function needs nothing).
    """

    place: str
    panel: str
    title: str
    says: str
    opens: Callable[[], Panel] | None = None

    @property
    def lesson(self) -> str:
        """The number of the lesson, as "2.3"."""
        return ".".join(self.place.rpartition("/")[2].split("-")[:2])

    def make(self) -> Panel:
        """The panel, ready to be shown; in a few seconds, and without a bar of its own."""
        if self.opens is None:
            module, _, name = self.panel.partition(".")
            make = getattr(importlib.import_module(f"tutlib.lessons.panels.{module}"), name)
        with silence():
            return make() if self.opens is None else self.opens()


# fmt: off
ENTRIES = (
    Entry("1-introduction/1-1-diving-right-in", "pig.pig_explorer", "Pig explorer",
          "Choose how far every pixel may move, and watch the net change its mind about the "
          "pig, or about a photo of yours."),
    Entry("1-introduction/1-2-notation-and-losses", "losses.three_logits",
          "Three logits, one loss, two gradients",
          "Move three logits and see what they cost, and which way the two gradients point."),
    Entry("1-introduction/1-3-a-short-history", "history.word_by_word", "Good words",
          "Add innocent words to a spam mail, one by one, until the filter lets it through.",
          openers.spam_filter),
    Entry("2-targeted-attacks/2-1-turning-a-pig-into-an-airliner", "pig.target_picker",
          "Where would you like to fly?",
          "Pick what the net shall see, and watch the pig become it, step by step."),
    Entry("2-targeted-attacks/2-2-the-fast-gradient-sign-method", "geometry.one_step",
          "One step to the edge of the ball",
          "Drag a picture of two pixels, and see where the best step leads in balls of three "
          "shapes."),
    Entry("2-targeted-attacks/2-3-many-steps", "walk.step_by_step", "Many small steps",
          "Let the attack walk over a hilly loss, from several starts and with steps of "
          "several sizes."),
    Entry("2-targeted-attacks/2-4-one-noise-for-all", "universal.one_noise",
          "One noise, many pictures",
          "Lay one and the same noise over one picture after the other, and count which of "
          "them fall.",
          openers.one_noise_for_all),
    Entry("2-targeted-attacks/2-5-through-the-camera", "camera.in_your_hand",
          "A camera in your hand",
          "Turn, roll and step back with a camera, and look what is left of two attacks.",
          openers.in_the_hand),
    Entry("2-targeted-attacks/2-6-without-looking-inside", "transfer.shown_to_all",
          "Made for one, shown to all",
          "Change a digit for one reader, and see which of the others it fools as well.",
          openers.handed_on),
    Entry("2-targeted-attacks/2-7-the-smallest-change", "smallest.smallest_change",
          "The smallest change",
          "Compare how far three searches have to go for the same digit, on a usual and on a "
          "robust net.",
          openers.nearest_changes),
    Entry("3-adversarial-risk/3-1-from-risk-to-adversarial-risk", "risk.falling_digits",
          "Which digits fall?",
          "Turn the size of the attack up, and watch the risk rise and the digits fall.",
          openers.falling),
    Entry("3-adversarial-risk/3-2-too-linear", "linearity.traverse",
          "A walk along one straight line",
          "Move every pixel along one line, and see how straight the answers of different "
          "nets are.",
          openers.straight_or_bent),
    Entry("3-adversarial-risk/3-3-maps", "maps.click_a_map", "What is there on the map?",
          "Walk over maps of what a net says around a digit, and see the picture under your "
          "foot.",
          openers.nine_maps),
    Entry("3-adversarial-risk/3-4-wrong-almost-everywhere", "grounds.swap_the_ground",
          "Same animal, other ground",
          "Put an animal on another ground, or cover it, and ask two nets again.",
          openers.other_grounds),
    Entry("3-adversarial-risk/3-5-guarantees", "guarantees.four_answers_panel",
          "Four answers to one question",
          "Slide eps, and see what two bounds, an exact search and an attack can say about "
          "it.",
          openers.four_methods),
    Entry("4-adversarial-training/4-2-training-robust-nets", "training.training_panel",
          "A boundary that learns to keep its distance",
          "Watch a boundary in the plane learn, with and without an adversary in the "
          "training."),
    Entry("4-adversarial-training/4-3-twelve-defences", "defences.pick_a_duel",
          "Pick a defence, pick an attack",
          "Set four of the lesson's twelve defences against an attack that knows them.",
          openers.some_defences),
    Entry("4-adversarial-training/4-4-other-models", "decay.inside_or_outside",
          "Inside the loss, or outside",
          "Put an adversary inside the loss or a price on weights outside of it, and compare "
          "what remains.",
          openers.inside_the_loss),
    Entry("4-adversarial-training/4-5-virtual-adversarial-training", "unlabelled.place_labels",
          "Points without labels push",
          "Place a few labels, and let the points without labels push the boundary away."),
    Entry("4-adversarial-training/4-6-the-universal-engineering-machine",
          "knobs.against_the_machine", "Your knobs against the machine",
          "Build a racing car with eight knobs, and beat the car that the machine dreams of.",
          openers.engineering_machine),
    Entry("5-gans/5-1-the-two-player-game", "gan.ring_game", "The two-player game",
          "Watch forger and expert play on a ring of eight heaps, and see what the forger "
          "forgets."),
    Entry("5-gans/5-2-dcgan", "forgery.which_is_real", "Which do you believe?",
          "Tell written digits from forged ones; this forger played 200 rounds, the lesson's "
          "plays on and forges better.",
          openers.young_forger),
    Entry("5-gans/5-2-dcgan", "real_or_fake.real_or_fake", "Real or made?",
          "Guess which of twelve digits are forged, by a forger that played 200 rounds.",
          openers.twelve_digits),
    Entry("5-gans/5-3-walking-in-latent-space", "latent.walk_with_a_finger", "Walk with a finger",
          "Drag a point through latent space, push a smile or glasses, and watch the face change."),
    Entry("5-gans/5-4-the-year-of-the-gan", "year.push_apart", "Which way is home?",
          "Push two heaps apart, and see which of two distances still knows the way back."),
    Entry("5-gans/5-5-asked-for-pictures", "asked.ask_for_a_bird", "Ask for a bird",
          "Write a caption and see four birds that a net paints for it, each word ticked or "
          "crossed.", openers.bird_asked_for),
    Entry("5-gans/5-6-translation", "translation.drag_a_horse", "From a line to a zebra, and back",
          "Turn a horse by hand: its outline is painted, becomes a zebra, and comes back.",
          openers.dragged_horse),
    Entry("5-gans/5-6-translation", "real_or_fake.real_or_fake", "Real or made?",
          "Guess which of twelve zebras were drawn and which a net made of horses, and count.",
          openers.drawn_or_made),
    Entry("6-style-transfer/6-1-content-and-style", "style.style_panel", "How much, and whose?",
          "Repaint a photograph while you watch, and choose how much style, and whose.",
          openers.painted_by_statistics),
    Entry("6-style-transfer/6-2-a-painting-is-its-patches", "patches.patches_panel",
          "Whole patches of a painting",
          "Repaint a photograph, or one of yours, with whole patches of a painting."),
    Entry("6-style-transfer/6-3-one-forward-pass", "one_pass.one_pass", "One forward pass",
          "Paint at once, and choose how much of the paint is laid on."),
    Entry("6-style-transfer/6-4-one-idea-four-faces", "faces.three_wishes",
          "Three wishes, one sum",
          "Weigh three wishes against each other, and see which picture pays for all of them."),
)
# fmt: on


def contents() -> Contents:
    """All panels by chapter, each with its sentence and a link to its lesson."""
    return Contents()


class Contents:
    """A list that a notebook shows as a page, and a terminal as lines."""

    def _repr_html_(self) -> str:
        parts = []
        for number, title in CHAPTERS.items():
            rows = "".join(
                f"<li><strong>{html.escape(entry.title)}</strong>. {html.escape(entry.says)} "
                f"{_link(entry)}</li>"
                for entry in ENTRIES
                if entry.lesson.startswith(f"{number}.")
            )
            if rows:
                parts.append(f"<h4>{number} {html.escape(title)}</h4><ul>{rows}</ul>")
        return "".join(parts)

    def __repr__(self) -> str:
        return "\n".join(f"{entry.lesson} {entry.title}: {entry.says}" for entry in ENTRIES)


class Gallery:
    """Choose a chapter, choose a panel, open it; the one before it is closed.

    `box` is what is shown; `panel` the one that is open, or None.
    """

    def __init__(self) -> None:
        self.panel: Panel | None = None
        chapters = [(f"{n} {t}", n) for n, t in CHAPTERS.items()
                    if any(entry.lesson.startswith(f"{n}.") for entry in ENTRIES)]  # fmt: skip
        size = {"height": "36px", "max_width": "97%"}  # for fingers, and for narrow screens
        self.chapter = w.Dropdown(options=chapters, description="chapter", layout=size)
        self.choice = w.Dropdown(description="panel", layout=size | {"flex": "0 1 28em"})
        self.button = w.Button(description="Open", button_style="primary", layout=size)
        self.says, self.place = w.HTML(), w.VBox()
        row = w.HBox([self.chapter, self.choice, self.button], layout={"flex_flow": "row wrap"})
        self.box = w.VBox([row, self.says, self.place])
        self.box.add_class("tutlib-gallery")
        self.chapter.observe(lambda _: self._list(), "value")
        self.choice.observe(lambda _: self._describe(), "value")
        self.button.on_click(lambda _: self._open())
        self._list()

    def show(self, lesson: str) -> Panel:
        """Open the panel of a lesson, as `open("2.3")`; the first one, if it has several.

        Raises:
            ValueError: if the lesson has no panel.
        """
        found = [entry for entry in ENTRIES if entry.lesson == lesson]
        if not found:
            numbers = ", ".join(entry.lesson for entry in ENTRIES)
            raise ValueError(f"lesson {lesson!r} has no panel; these have one: {numbers}.")
        self.chapter.value = lesson.partition(".")[0]
        self.choice.value = ENTRIES.index(found[0])
        return self._show(found[0])

    def close(self) -> None:
        """Stop what the open panel does, and take it away."""
        if self.panel is not None:
            self.panel.stop()
            self.panel.pause()
            self.place.children = ()
            _closed(self.panel.live.box)
            self.panel = None

    def _show(self, entry: Entry) -> Panel:
        self.close()
        self.panel = entry.make()
        self.place.children = (self.panel.live.box,)
        return self.panel

    def _open(self) -> None:
        """What the button does: an error is said in words, and the list goes on working."""
        entry = ENTRIES[self.choice.value]
        self.close()
        self.button.disabled = True
        self.says.value = _told(entry, "<em>It is being prepared: a few seconds.</em>")
        try:
            self._show(entry)
            self.says.value = _told(entry)
        except Exception as error:
            why = html.escape(f"{type(error).__name__}: {error}".partition("\n")[0])
            self.says.value = _told(entry, f"It could not be opened. {why}")
        finally:
            self.button.disabled = False

    def _list(self) -> None:
        rows = [(f"{entry.lesson} {entry.title}", place) for place, entry in enumerate(ENTRIES)
                if entry.lesson.startswith(f"{self.chapter.value}.")]  # fmt: skip
        self.choice.options = rows
        self.choice.value = rows[0][1]
        self._describe()

    def _describe(self) -> None:
        if self.choice.value is not None:
            self.says.value = _told(ENTRIES[self.choice.value])

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Live: the list. For readers without a kernel: what the open panel shows them."""
        bundle, notes = {"text/plain": "The gallery: run this cell to open panels."}, {}
        if publishing():
            bundle, notes = (self.panel or self.show(ENTRIES[0].lesson))._repr_mimebundle_()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        return {**bundle, "application/vnd.jupyter.widget-view+json": view}, notes


def _closed(widget: w.Widget) -> None:
    for child in getattr(widget, "children", ()):
        _closed(child)
    widget.close()


def _link(entry: Entry) -> str:
    return f'<a href="{entry.place}.ipynb">Lesson {entry.lesson}</a>'


def _told(entry: Entry, more: str = "") -> str:
    look = '<a target="_blank" rel="noopener" style="color: #0072b2; text-decoration: underline" '
    link = _link(entry).replace("<a ", look)
    return f'<p style="font-size: 1.05rem">{html.escape(entry.says)} {link} {more}</p>'
