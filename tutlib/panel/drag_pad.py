"""The widget of a `Pad`: a surface to drag a point on, by mouse, touch and keyboard."""

import html

import ipywidgets as w

from tutlib.plots.data_uri import data_uri

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
    image = (
        f'<img src="{data_uri(control.background, "png")}" alt="">' if control.background else ""
    )
    return (
        f'<div class="tutlib-pad" tabindex="0" role="slider" aria-roledescription="point to drag" '
        f'aria-label="{label}" title="{hint}" onpointerdown="{script}" onpointermove="{script}" '
        f'onkeydown="{script}">{image}<b></b></div>'
    )
