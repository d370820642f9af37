"""The widgets of a panel where a kernel runs. `panel.py` decides what happens; this shows it."""

import html
import io
import traceback
from functools import cache
from importlib import resources

import ipywidgets as w

from tutlib.panel.controls import Choice, Pad, Slider, Text, Toggle, Upload
from tutlib.panel.drag_pad import LABEL, PadBox
from tutlib.panel.upload_box import UploadBox
from tutlib.plots.data_uri import data_uri

# The buttons of the guess go, and the keys with them: the first control takes over, unless the
# reader is somewhere else by now. (A picture that has arrived is a page's way to run one line.)
NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
HAND_ON = f"""<img alt="" src="{NOTHING}" style="display:none" onload="
  var box = this.closest('.tutlib-live'), here = document.activeElement; this.remove();
  if (here !== document.body &amp;&amp; !box.contains(here)) return;
  var first = box.querySelector('.tutlib-controls :is(.noUi-handle, select, input, .tutlib-pad)');
  if (first) first.focus({{preventScroll: true}});">"""


class Live:
    """The widgets of one panel: `box` is what is displayed, `inputs` has one for each control."""

    def __init__(self, panel):
        self.panel = panel
        self._quiet = False
        self.inputs = {}
        self.figure, self.note, self.red = w.HTML(), w.HTML(), w.HTML()
        self.log = w.Output()
        self.more = w.Accordion([self.log], titles=("What Python said",), selected_index=None)
        self.bar = w.FloatProgress(min=0, max=1, description="working", style=LABEL)
        self.bar.style.bar_color = "#0072b2"
        self.stop_button = w.Button(description="Stop", tooltip="Keep what there is so far")
        self.stop_button.on_click(lambda _: self._stop())
        self.work = w.HBox([self.bar, self.stop_button, self.note])
        self.work.add_class("tutlib-row")
        self.buttons_of = {}
        rows = [self._control(control) for control in panel.controls]
        self.controls = w.HBox(rows)
        self.controls.add_class("tutlib-controls")
        self.caption = w.HTML(_div("caption", panel.caption) if panel.caption else "")
        self.cover = w.HTML(_div("cover", "The picture waits for your guess."))
        self.gate = self._gate() if panel.question else None
        title = _div("title", panel.title) if panel.title else ""
        head = w.HBox([w.HTML(f"<style>{_css()}</style>{title}"), self.work])
        head.add_class("tutlib-head")
        gate = [self.gate] if self.gate else []
        trouble = [self.red, self.more]
        self.box = w.VBox(
            [head, *gate, self.controls, *trouble, self.cover, self.figure, self.caption]
        )
        self.box.add_class("tutlib-live")
        for hidden in (self.red, self.more, self.bar, self.stop_button):
            _visible(hidden, False)
        self._open(not panel.question)

    # -- the guess comes first -------------------------------------------------------------------

    def _gate(self):
        panel = self.panel
        self.answer = w.HTML()
        self.show_button = w.Button(description="Show me", tooltip="Skip the guess and look")
        self.show_button.add_class("tutlib-main")
        self.buttons = [w.Button(description=text) for text in panel.answers]
        for button in self.buttons:
            button.on_click(lambda pressed: self.guess(pressed.description))
        self.typed = w.Text(placeholder="Your guess")
        self.show_button.on_click(lambda _: self.guess(self.typed.value.strip()))
        self.guesses = w.HBox([*(self.buttons or [self.typed]), self.show_button])
        self.guesses.add_class("tutlib-row")
        self.question = w.HTML(_div("question", panel.question))
        return w.VBox([self.question, self.guesses, self.answer])

    def _ask(self, about_it):
        """A new question about the reader's own picture (hidden until the guess); "": the first."""
        self.question.value = _div("question", about_it or self.panel.question)
        if about_it:
            self.answer.value = ""
            _visible(self.guesses, True)
            self._open(False)

    def guess(self, said=""):
        """Open the picture; `said` is the reader's guess, if there was one.

        What was guessed with makes room: picture and controls shall stand together on a screen.
        """
        try:
            reveal = self.panel.words().reveal
        except Exception as error:
            self.panel.fail(error)
            reveal = ""
        words = " ".join(part for part in (f"You said: {said}." if said else "", reveal) if part)
        self._open(True)
        _visible(self.guesses, False)
        self.answer.value = (_div("answer", words) if words else "") + HAND_ON

    def _open(self, opened):
        self.opened = opened
        for part in (self.figure, self.caption):
            _visible(part, opened)
        _visible(self.cover, not opened)
        boxes = [*self.inputs.values(), *self.buttons_of.values()]
        for widget in (box for box in boxes if not isinstance(box, UploadBox)):
            for leaf in getattr(widget, "children", (widget,)):
                if hasattr(leaf, "disabled"):
                    leaf.disabled = not opened

    # -- controls --------------------------------------------------------------------------------

    def _control(self, control):
        widget = _MAKERS[type(control)](control, self._moved)
        self.inputs[control.name] = widget
        widget.add_class("tutlib-control")
        if control.name in self.panel.playbacks:
            row = self.buttons_of[control.name] = _buttons(self.panel.playbacks[control.name])
            box = w.VBox([widget, row])
            box.add_class("tutlib-control")
            return box
        return widget

    def _stop(self):
        self.panel.pause()
        self.panel.stop()

    def _moved(self, name, value):
        if self._quiet:
            return
        uploads = {c.name: c for c in self.panel.controls if isinstance(c, Upload)}
        if name in uploads and self.gate:
            self._ask(uploads[name].question if value is not None else "")
        self.panel.moved(self.panel.state | {name: value})

    def place(self, state):
        """Put the controls where a state says, without calling anybody."""
        self._quiet = True
        try:
            for control in self.panel.controls:
                widget, value = self.inputs[control.name], state[control.name]
                if isinstance(control, Pad):
                    widget.point(value)
                elif isinstance(control, Upload):
                    widget.place(value)
                else:
                    widget.value = value
        finally:
            self._quiet = False

    # -- what the panel shows --------------------------------------------------------------------

    def show(self, frame):
        self.box.layout.max_width = f"{max(480, frame.width) + 14}px"
        self.figure.value = (
            f'<img class="tutlib-frame" width="{frame.width}" height="{frame.height}" '
            f'alt="{html.escape(frame.alt)}" src="{_uri(frame)}">'
        )
        self.figure.remove_class("tutlib-stale")
        _visible(self.red, False)
        _visible(self.more, False)

    def progress(self, task):
        self.note.value = ""
        self.bar.value = task.fraction
        if task.long:
            _visible(self.bar, True)
            _visible(self.stop_button, True)

    def idle(self, note):
        self.note.value = html.escape(note)
        _visible(self.bar, False)
        _visible(self.stop_button, False)

    def fail(self, error):
        """A red box with one sentence; below it the traceback, for the curious and the tests."""
        name, message = type(error).__name__, str(error)
        first = (message.splitlines() or [""])[0]
        text = html.escape(f"This panel stopped with an error. {name}: {first}")
        self.red.value = f'<div class="tutlib-error" role="alert">{text}</div>'
        lines = [line.rstrip("\n") for line in traceback.format_exception(error)]
        entry = {"output_type": "error", "ename": name, "evalue": message, "traceback": lines}
        self.log.outputs = (*self.log.outputs, entry)
        self.idle("")
        self.figure.add_class("tutlib-stale")
        _visible(self.red, True)
        _visible(self.more, True)


def _slider(control, moved):
    options = [(control.text(stop), stop) for stop in control.stops]
    widget = w.SelectionSlider(options=options, value=control.value, **_named(control))
    widget.observe(lambda change: moved(control.name, change.new), "value")
    return widget


def _buttons(playback):
    """The buttons beside a slider that plays."""
    name = playback.control.label
    go = w.Button(description="Play", tooltip=f"let {name} run; again: pause")
    step = w.Button(description="Step", tooltip=f"{name}: one on")
    reset = w.Button(description="Reset", tooltip=f"{name}: back to where it began")

    def tell(running):
        go.description = "Pause" if running else "Play"

    playback.tell = tell
    go.on_click(lambda _: playback.pause() if playback.running else playback.play())
    step.on_click(lambda _: playback.step())
    reset.on_click(lambda _: playback.reset())
    row = w.HBox([go, step, reset])
    row.add_class("tutlib-row")
    return row


def _choice(control, moved):
    widget = w.Dropdown(options=control.options, value=control.value, **_named(control))
    widget.observe(lambda change: moved(control.name, change.new), "value")
    return widget


def _toggle(control, moved):
    widget = w.Checkbox(value=control.value, indent=False, **_named(control))
    widget.observe(lambda change: moved(control.name, change.new), "value")
    return widget


def _text(control, moved):
    hint = {"placeholder": control.placeholder, "continuous_update": False}
    widget = w.Text(value=control.value, **hint, **_named(control))
    widget.observe(lambda change: moved(control.name, change.new), "value")
    return widget


_MAKERS = {
    Slider: _slider,
    Choice: _choice,
    Toggle: _toggle,
    Text: _text,
    Upload: UploadBox,
    Pad: PadBox,
}


def _named(control):
    return {"description": control.label, "tooltip": control.help or control.label, "style": LABEL}


def _div(name, text):
    return f'<div class="tutlib-{name}">{html.escape(text)}</div>'


def _visible(widget, shown):
    widget.layout.display = None if shown else "none"


def _uri(frame):
    """The picture as a data URI: JPEG at high quality takes a quarter of a PNG's time."""
    buffer = io.BytesIO()
    frame.image.save(buffer, "JPEG", quality=92, subsampling=0)
    return data_uri(buffer.getvalue(), "jpeg")


@cache
def _css():
    return resources.files(__package__).joinpath("live.css").read_text(encoding="utf-8")
