"""A panel: one idea to move by hand, made of two pure functions.

    compute(state) -> result          numbers and pictures; no widget, no matplotlib
    draw(result) -> figure            a matplotlib Figure

shows itself in three forms: **live** widgets where a kernel runs, a **frozen** page with working
sliders where only scripts run, and a **strip** of pictures where not even those do.

`compute` may be a generator that yields `(fraction_done, partial_result)`: then work longer than a
second has a progress bar and a Stop button, and the last partial result stays.
"""

import asyncio
import os
import sys
import time
import traceback
from collections import OrderedDict
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from tutlib.panel.controls import (
    Choice,
    Pad,
    Slider,
    Text,
    Toggle,
    Upload,
    complete,
    in_words,
    start,
    states,
)
from tutlib.panel.frozen import Frame, Words, check_count, page
from tutlib.panel.keepsake import Keepsake
from tutlib.panel.playback import Playback
from tutlib.panel.strip import strip, strip_png
from tutlib.panel.task import Task

__all__ = ["Choice", "Pad", "Panel", "Slider", "Text", "Toggle", "Upload"]

SCALE = 2  # frames are drawn at twice their size in CSS pixels
SLICE = 0.05  # seconds of compute between two looks at what the reader did
FIRST_SLICE = 0.15  # what is done by then needs no task in the background
UNDER_WAY = 0.3  # a partial result is worth a picture of its own after this


class Panel:
    """A panel from `compute`, `draw` and a few controls (see the module and `controls.py`).

    title, caption     words above and below
    question           asked first; the picture stays hidden until a guess or "Show me"
    answers            a few buttons to guess with (none: a line to type in)
    reveal             a sentence after the guess; or `reveal(state, result)` for the start state
    frozen             the states of the frozen page, at most 24: a list of (partial) states, or a
                       dict of lists, whose product is taken; what is left out is at its start
    strip              3 to 5 states for the strip
    alt                `alt(state, result)`: what the picture shows, in words
    cache              how many results are kept
    """

    def __init__(self, compute, draw, controls=(), *, title="", question="", answers=(), reveal="",
                 caption="", frozen=None, strip=None, alt=None, cache=64):  # fmt: skip
        names = [control.name for control in controls]
        if len(set(names)) < len(names):
            raise ValueError(f"two controls have the same name: {', '.join(names)}")
        self.compute, self.draw, self.controls = compute, draw, list(controls)
        self.title, self.question, self.caption = title, question, caption
        self.answers, self.reveal = tuple(answers), reveal
        self._alt, self._cache, self._cache_size = alt, OrderedDict(), cache
        self.frozen_states = states(self.controls, frozen)
        check_count(len(self.frozen_states))
        self.strip_states = states(self.controls, strip) if strip else _spread(self.frozen_states)
        self.errors, self.touched = [], time.monotonic()
        self.state = start(self.controls)
        self.result = None
        self._task, self._live, self._places = None, None, {}
        playing = (c for c in self.controls if isinstance(c, Slider) and c.play)
        self.playbacks = {control.name: Playback(self, control) for control in playing}

    # -- the two functions, cached ---------------------------------------------------------------

    def _key(self, state):
        return tuple((c.name, c.key(state[c.name])) for c in self.controls)

    def remember(self, state, result, frame):
        self._cache[self._key(state)] = (result, frame)
        while len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)

    def known(self, state):
        key = self._key(state)
        if key in self._cache:
            self._cache.move_to_end(key)
        return self._cache.get(key)

    def frame(self, state, result):
        """The result drawn: a `frozen.Frame` (picture, alt text)."""
        alt = self._alt(state, result) if self._alt else self._plain_alt(state)
        return Frame(state, picture_of(self.draw(result), self._places), alt, SCALE)

    def _plain_alt(self, state):
        return ": ".join(part for part in (self.title, in_words(self.controls, state)) if part)

    def at(self, **state):
        """(result, frame) of a state, computed to the end; touches nothing that is on screen."""
        state = complete(self.controls, state)
        if self.known(state) is None:
            task = Task(self.compute, state)
            task.run()
            self.remember(state, task.result, self.frame(state, task.result))
        return self.known(state)

    # -- forms without a kernel ------------------------------------------------------------------

    def strip_image(self):
        frames = [self.at(**state)[1] for state in self.strip_states]
        font = Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")
        return strip(self.controls, frames, str(font)), _joined_alt(frames)

    def strip(self):
        """The strip as PNG bytes."""
        return strip_png(self.strip_image()[0])

    def freeze(self):
        """The frozen page: one piece of HTML that asks no host for anything."""
        frames = [self.at(**state)[1] for state in self.frozen_states]
        return self.page(frames, *self.strip_image())

    def page(self, frames, image, alt, live=""):
        """These frames as a frozen page, with a picture (and its words) where no script runs."""
        first = start(self.controls)
        held = [frame.state for frame in frames]
        opening = held.index(first) if first in held else 0
        return page(self.controls, self.words(), frames, image, alt, opening, live)

    def words(self):
        """What the panel says, with the sentence after the guess worked out."""
        reveal = self.reveal
        if callable(reveal):
            opening = start(self.controls)
            reveal = reveal(opening, self.at(**opening)[0])
        return Words(self.title, self.question, self.answers, reveal, self.caption)

    # -- live ------------------------------------------------------------------------------------

    @property
    def live(self):
        """The widgets; made, with a first frame, when first asked for."""
        if self._live is None:
            from tutlib.panel.live import Live

            self._live = Live(self)
            self.update(drain=publishing())
        return self._live

    def set(self, **state):
        """Move the controls as a hand would, wait for the result, return it; errors are raised."""
        wanted = complete(self.controls, self.state | state)
        self.pause()
        self.live.place(wanted)
        self.state = wanted
        error = self.update(drain=True)
        if error is not None:
            raise error
        return self.result

    def moved(self, state):
        """What every control calls: the reader wants another state. Returns the error, if any."""
        self.touched = time.monotonic()
        self.pause()
        try:
            self.state = complete(self.controls, state)
        except Exception as error:
            return self.fail(error)
        return self.update()

    def stop(self):
        """End the work in hand; the last partial result stays."""
        if self._task:
            self._task.stopped = True

    def pause(self):
        """Stop every slider that runs by itself."""
        for playback in self.playbacks.values():
            playback.pause()

    @property
    def busy(self):
        """Whether there is still work in hand."""
        return self._task is not None

    def update(self, drain=False):
        """Show `self.state`: from the cache, at once, or step by step in the background.

        Returns the error where there was one; it is already on screen and in `errors`.
        """
        self.stop()
        self._task = task = Task(self.compute, self.state)
        task.next_preview += UNDER_WAY if self.result is not None else 0
        try:
            known = self.known(self.state)
            if known:
                self._task = None
                return self._show(*known)
            loop = None if drain else _running_loop()
            self._advance(task, until=None if loop is None else time.monotonic() + FIRST_SLICE)
        except Exception as error:
            return self.fail(error)
        if loop and not task.over:
            self._background_run = loop.create_task(self._background(task))
        return None

    def _advance(self, task, until=None):
        """Work until the time given (None: to the end), then show how far it is."""
        while not task.over and (until is None or time.monotonic() < until):
            task.run(time.monotonic() + SLICE if until is None else until)
            if task is self._task and not task.over:
                self.live.progress(task)
                self._preview(task)
        if task is self._task and task.over:
            self._finish(task)

    async def _background(self, task):
        """Step by step, listening to the reader in between; a newer task ends this one."""
        try:
            while task is self._task and not task.over:
                self._advance(task, until=time.monotonic() + SLICE)
                await asyncio.sleep(0.005)
            if task is self._task and task.stopped:
                self._finish(task)
        except Exception as error:
            self.fail(error)
        finally:
            task.close()

    def _preview(self, task):
        """The partial result, drawn seldom: drawing takes a third of the time at most."""
        if task.result is not None and time.monotonic() >= task.next_preview:
            begun = time.monotonic()
            self._show(task.result, self.frame(task.state, task.result))
            task.next_preview = time.monotonic() + max(0.4, 2 * (time.monotonic() - begun))

    def _finish(self, task):
        self._task = None
        task.close()
        if task.result is None:
            return self.live.idle("Stopped before the first result.")
        frame = self.frame(task.state, task.result)
        if not task.stopped:
            self.remember(task.state, task.result, frame)
        self._show(task.result, frame)
        note = f"Stopped at {task.fraction:.0%}: this is the last result so far."
        return self.live.idle(note if task.stopped else "")

    def _show(self, result, frame):
        self.result = result
        self.live.show(frame)
        if self._task is None:
            self.live.idle("")

    def fail(self, error):
        self._task = None
        self.pause()
        self.errors.append("".join(traceback.format_exception(error)))
        self.live.fail(error)
        return error

    def _ipython_display_(self):
        """In a notebook: what a saved copy keeps, then the widgets; rendered, both are one."""
        shell = None if publishing() else _notebook()
        if shell is None:
            raise NotImplementedError  # IPython asks for the bundle then
        from IPython.display import display

        Keepsake(self).show(shell)
        bundle, notes = self._repr_mimebundle_()
        display(bundle, metadata=notes, raw=True)

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {"text/plain": self._plain_alt(self.state)}
        notes = {}
        if publishing():
            try:
                bundle["text/html"] = self.freeze()
                bundle["image/png"] = self.strip()
                notes["image/png"] = {"alt": self.strip_image()[1]}
            except Exception as error:
                self.fail(error)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.live.box.model_id}
        bundle["application/vnd.jupyter.widget-view+json"] = view
        return bundle, notes


def picture_of(figure, places=None):
    """A matplotlib figure as an RGB picture, at twice 96 dots per inch.

    `places` remembers, from one figure to the next of the same build, where the axes are: they do
    not jump when a number grows longer, and the layout, half of the work, is done only once.
    """
    if not isinstance(figure, matplotlib.figure.Figure):
        raise TypeError(f"draw(result) must return a matplotlib Figure; it returned {type(figure)}")
    figure.set_dpi(96 * SCALE)
    places = {} if places is None else places
    build = (*figure.get_size_inches(), *(axes.get_subplotspec() is None for axes in figure.axes))
    if build in places:
        figure.set_layout_engine("none")
        for axes, place in zip(figure.axes, places[build]):
            axes.set_position(place)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    places[build] = [axes.get_position(original=True) for axes in figure.axes]
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba()), "RGBA")
    plt.close(figure)  # otherwise a notebook would show it a second time
    white = Image.new("RGBA", pixels.size, "white")
    return Image.alpha_composite(white, pixels).convert("RGB")


def publishing():
    """Whether this notebook is being rendered for readers without a kernel."""
    return os.environ.get("TUTLIB_RENDER", "") not in ("", "0")


def _notebook():
    """The shell of the notebook that this runs in, or None."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell if hasattr(shell, "kernel") else None


def _running_loop():
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _spread(all_states, count=4):
    """About four of the states, the first and the last among them."""
    count = min(count, len(all_states))
    last = len(all_states) - 1
    return [all_states[round(i * last / max(1, count - 1))] for i in range(count)]


def _joined_alt(frames):
    return " | ".join(frame.alt for frame in frames)
