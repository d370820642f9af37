"""The widgets of a panel where a kernel runs. `panel.py` decides what happens; this shows it."""

import base64
import html
import inspect
import io
import traceback
from functools import cache
from importlib import resources

import ipywidgets as w

from .controls import Choice, Pad, Slider, Text, Toggle, Upload
from .frozen import png_uri

LABEL = {"description_width": "auto"}
PAD_POINT = """(function (pad, event) {
  if (event.type === 'pointermove' ? !event.buttons : event.type === 'keydown'
      && !event.key.startsWith('Arrow')) return;
  if (event.type === 'pointerdown') { pad.setPointerCapture(event.pointerId); pad.focus(); }
  event.preventDefault();
  var box = pad.closest('.tutlib-pad-box'), rect = pad.getBoundingClientRect();
  var low = [X0, Y0], high = [X1, Y1], step = [SX, SY], point;
  var fields = Array.from(box.querySelectorAll('input[type=number]'));
  function settled() { pad.point = null; pad.removeAttribute('style'); }
  if (!pad.heard) {
    pad.heard = true;
    fields.forEach(function (field) { field.addEventListener('input', settled); });
  }
  if (event.type === 'keydown') {  // a second key may come before the fields know of the first
    var arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};
    point = fields.map(function (field, k) {
        var here = pad.point ? pad.point[k] : Number(field.value);
        return here + step[k] * arrows[event.key][k];
      });
  } else {
    point = [(event.clientX - rect.left) / rect.width, (rect.bottom - event.clientY) / rect.height]
      .map(function (part, k) { return low[k] + part * (high[k] - low[k]); });
  }
  point = point.map(function (v, k) { return Math.min(high[k], Math.max(low[k], v)); });
  ['--x', '--y'].forEach(function (name, k) {
    pad.style.setProperty(name, 100 * (point[k] - low[k]) / (high[k] - low[k]) + '%');
  });
  pad.point = point;
  clearTimeout(pad.settle);
  pad.settle = setTimeout(settled, 3000);
  var wire = box.querySelector('input[type=text]');
  wire.value = point.map(function (v) { return v.toFixed(6); }).join(' ');
  wire.dispatchEvent(new Event('input', {bubbles: true}));
})(this, event)"""


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
        if inspect.isgeneratorfunction(panel.compute):
            self.work.add_class("tutlib-room")  # what is below does not jump when a bar appears
        self.buttons_of = {}
        rows = [self._control(control) for control in panel.controls]
        self.controls = w.HBox(rows)
        self.controls.add_class("tutlib-controls")
        self.caption = w.HTML(_div("caption", panel.caption) if panel.caption else "")
        self.cover = w.HTML(_div("cover", "The picture waits for your guess."))
        self.gate = self._gate() if panel.question else None
        title = _div("title", panel.title) if panel.title else ""
        head = w.HTML(f"<style>{_css()}</style>{title}")
        gate = [self.gate] if self.gate else []
        trouble = [self.work, self.red, self.more]
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
        row = w.HBox([*(self.buttons or [self.typed]), self.show_button])
        row.add_class("tutlib-row")
        return w.VBox([w.HTML(_div("question", panel.question)), row, self.answer])

    def guess(self, said=""):
        """Open the picture; `said` is the reader's guess, if there was one."""
        for button in self.buttons:
            button.button_style = "primary" if button.description == said else ""
        try:
            reveal = self.panel.words().reveal
        except Exception as error:
            self.panel._fail(error)
            reveal = ""
        words = " ".join(part for part in (f"You said: {said}." if said else "", reveal) if part)
        self.answer.value = _div("answer", words) if words else ""
        _visible(self.show_button, False)
        self._open(True)

    def _open(self, opened):
        self.opened = opened
        for part in (self.figure, self.caption):
            _visible(part, opened)
        _visible(self.cover, not opened)
        for widget in [*self.inputs.values(), *self.buttons_of.values()]:
            for leaf in getattr(widget, "children", (widget,)):
                if hasattr(leaf, "disabled"):
                    leaf.disabled = not opened

    # -- controls --------------------------------------------------------------------------------

    def _control(self, control):
        widget = _MAKERS[type(control)](control, self._moved)
        self.inputs[control.name] = widget
        widget.add_class("tutlib-control")
        if isinstance(control, Upload):
            row = w.HBox([w.Label(control.label), widget])
            row.add_class("tutlib-control")
            return row
        if control.name in self.panel.players:
            row = self.buttons_of[control.name] = _player(self.panel.players[control.name])
            box = w.VBox([widget, row])
            box.add_class("tutlib-control")
            return box
        return widget

    def _stop(self):
        self.panel.pause()
        self.panel.stop()

    def _moved(self, name, value):
        if not self._quiet:
            self.panel.moved(self.panel.state | {name: value})

    def place(self, state):
        """Put the controls where a state says, without calling anybody."""
        self._quiet = True
        try:
            for control in self.panel.controls:
                widget, value = self.inputs[control.name], state[control.name]
                if isinstance(control, Pad):
                    widget.point(value)
                elif not isinstance(control, Upload):
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

    def progress(self, job):
        self.note.value = ""
        self.bar.value = job.fraction
        if job.long:
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


def _player(player):
    """The buttons beside a slider that plays."""
    name = player.control.label
    go = w.Button(description="Play", tooltip=f"let {name} run; again: pause")
    step = w.Button(description="Step", tooltip=f"{name}: one on")
    reset = w.Button(description="Reset", tooltip=f"{name}: back to where it began")

    def tell(running):
        go.description = "Pause" if running else "Play"

    player.tell = tell
    go.on_click(lambda _: player.pause() if player.running else player.play())
    step.on_click(lambda _: player.step())
    reset.on_click(lambda _: player.reset())
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


def _upload(control, moved):
    widget = w.FileUpload(
        accept=control.accept, multiple=False, description="Choose a file", tooltip=control.help
    )

    def arrived(change):
        if change.new:
            moved(control.name, bytes(change.new[0]["content"]))

    widget.observe(arrived, "value")
    return widget


class PadBox(w.VBox):
    """A surface to drag on and two number fields that say the same: mouse, touch and keyboard.

    The surface is HTML; what it is told by a pointer or an arrow key it writes into a hidden text
    widget (`wire`), the only way from a page to a kernel that plain ipywidgets has.
    """

    def __init__(self, control, moved):
        self._control, self._moved, self._quiet = control, moved, False
        (x0, x1), (y0, y1) = control.x, control.y
        numbers = (x0, x1, y0, y1, *control.step)
        script = PAD_POINT
        for name, value in zip(("X0", "X1", "Y0", "Y1", "SX", "SY"), numbers):
            script = script.replace(name, repr(float(value)))
        self._style, self.wire = w.HTML(), w.Text(layout={"display": "none"})
        self.fields = [
            w.BoundedFloatText(value=v, min=low, max=high, step=step, description=name, style=LABEL)
            for v, (low, high), step, name in zip(
                control.value, (control.x, control.y), control.step, control.names
            )
        ]
        hint = html.escape(control.help)
        label = w.HTML(f'<b class="tutlib-name" title="{hint}">{html.escape(control.label)}</b>')
        surface = w.HTML(_surface(control, html.escape(script)))
        super().__init__([self._style, label, surface, w.HBox(self.fields), self.wire])
        self.add_class("tutlib-pad-box")
        self.add_class(f"tutlib-pad-{self.model_id}")
        self.point(control.value)
        self.wire.observe(self._dragged, "value")
        for field in self.fields:
            field.observe(self._typed, "value")

    def point(self, value):
        """Put the knob and the fields on a point, quietly."""
        self._quiet = True
        try:
            for field, v in zip(self.fields, value):
                field.value = v
        finally:
            self._quiet = False
        spans = (self._control.x, self._control.y)
        x, y = ((v - low) / (high - low) for v, (low, high) in zip(value, spans))
        rule = f".tutlib-pad-{self.model_id} .tutlib-pad {{ --x: {x:.4%}; --y: {y:.4%} }}"
        self._style.value = f"<style>{rule}</style>"

    def _dragged(self, change):
        if change.new:
            self.point([float(part) for part in change.new.split()])
            self._tell()

    def _typed(self, change):
        if not self._quiet:
            self.point([field.value for field in self.fields])
            self._tell()

    def _tell(self):
        self._moved(self._control.name, tuple(field.value for field in self.fields))


def _surface(control, script):
    label, hint = html.escape(control.label), html.escape(control.help)
    image = f'<img src="{png_uri(control.background)}" alt="">' if control.background else ""
    return (
        f'<div class="tutlib-pad" tabindex="0" role="slider" aria-roledescription="point to drag" '
        f'aria-label="{label}" title="{hint}" onpointerdown="{script}" onpointermove="{script}" '
        f'onkeydown="{script}">{image}<b></b></div>'
    )


_MAKERS = {
    Slider: _slider,
    Choice: _choice,
    Toggle: _toggle,
    Text: _text,
    Upload: _upload,
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
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


@cache
def _css():
    return resources.files(__package__).joinpath("live.css").read_text(encoding="utf-8")
