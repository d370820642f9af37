"""The widget of an `Upload`: a file of the reader's own, and the way back.

A notebook's server drops messages above ten million bytes and says nothing. So the page itself
makes a large picture smaller before it is sent, or says that it cannot.
"""

import base64
import html
import json

import ipywidgets as w

LARGE = 2_000_000  # bytes: a picture above this is made smaller in the page ...
SIDE = 1600  # ... to so many pixels on its longer side: more than any net here looks at
MOST = 7_000_000  # bytes that can be sent at all, as base64 inside one message
CHOSEN = """(async function (input) {
  var file = input.files[0], box = input.closest('.tutlib-upload-box');
  if (!file) return;
  var blob = file, wire = box.querySelector('input[type=text]'), word = '';
  if (file.size > LARGE) {
    try {
      var image = await createImageBitmap(file, {imageOrientation: 'from-image'});
      var scale = Math.min(1, SIDE / Math.max(image.width, image.height));
      var canvas = document.createElement('canvas');
      canvas.width = Math.max(1, Math.round(image.width * scale));
      canvas.height = Math.max(1, Math.round(image.height * scale));
      canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
      blob = await new Promise(function (done) { canvas.toBlob(done, 'image/jpeg', 0.95); });
      word = canvas.width + ' x ' + canvas.height + ' pixels of it';
    } catch (error) {
      blob = file;  // no picture this browser knows: perhaps Python does, if it can be sent
    }
  }
  var sent = '';
  if (blob.size > MOST) {
    word = 'too large to send: save it as a JPEG of at most 7 MB, and choose that';
  } else {
    sent = await new Promise(function (done) {
      var reader = new FileReader();
      reader.onload = function () { done(reader.result.slice(reader.result.indexOf(',') + 1)); };
      reader.readAsDataURL(blob);
    });
  }
  wire.value = JSON.stringify({name: file.name, word: word, content: sent});
  wire.dispatchEvent(new Event('input', {bubbles: true}));
})(this)"""


class UploadBox(w.HBox):
    """A native file field (mouse, touch and keys), what was chosen, and a button to go back."""

    def __init__(self, control, moved):
        self._control, self._moved, self._count = control, moved, 0
        self.surface, self.said = w.HTML(), w.HTML()
        self.wire = w.Text(layout={"display": "none"})
        self.back = w.Button(description=control.back, layout={"display": "none"})
        label = w.HTML(f'<b class="tutlib-name">{html.escape(control.label)}</b>')
        super().__init__([label, self.surface, self.said, self.back, self.wire])
        self.add_class("tutlib-upload-box")
        self.add_class("tutlib-row")
        self._empty()
        self.wire.observe(self._arrived, "value")
        self.back.on_click(lambda _: self._go_back())

    def _empty(self):
        """A fresh file field: the one thing a page can do to forget a file."""
        self._count += 1
        script = CHOSEN
        for name, value in (("LARGE", LARGE), ("SIDE", SIDE), ("MOST", MOST)):
            script = script.replace(name, str(value))
        hint = html.escape(self._control.help or self._control.label)
        self.surface.value = (
            f'<input type="file" data-count="{self._count}" title="{hint}" '
            f'aria-label="{html.escape(self._control.label)}" '
            f'accept="{html.escape(self._control.accept)}" onchange="{html.escape(script)}">'
        )
        self.said.value = ""
        self.back.layout.display = "none"

    def place(self, content):
        """Forget the file, quietly, where `content` is None (only a reader can bring one)."""
        if content is None:
            self._empty()

    def _go_back(self):
        self._empty()
        self._moved(self._control.name, None)

    def _arrived(self, change):
        if not change.new:
            return
        self.wire.value = ""  # the file need not travel, or be stored, twice
        try:
            told = json.loads(change.new)
            word, content = told["word"], base64.b64decode(told["content"], validate=True)
        except (ValueError, KeyError, TypeError):
            word, content = "It arrived damaged: choose it once more.", None
        self.said.value = html.escape(word)
        self.back.layout.display = None
        if content or not word:
            self._moved(self._control.name, content)
