"""A panel without a kernel: the frozen page.

`page` makes one self-contained piece of HTML. Without its script (a repository's page drops
scripts and styles) it is the strip: a plain picture with alt text and a caption. With it, the
script replaces the strip by native sliders and drop-downs over the frames, inside a shadow root,
so that panels, ids and styles never meet those of the page around them. Nothing is ever requested
from a host.
"""

import hashlib
import html
import io
import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from PIL import Image

from tutlib.panel.controls import Choice, Pad, Upload
from tutlib.plots.data_uri import data_uri

MAX_FRAMES = 24
MAX_BYTES = 400_000
# (resolution, WebP quality): crisp first, then coarser until all frames fit together. Amplified
# perturbations are noise, the heaviest pictures there are, and look the same at low quality.
LADDER = ((1, 88), (1, 70), (1, 50), (0.75, 60), (0.75, 40), (0.5, 60), (0.5, 40), (0.5, 20))


@dataclass
class Frame:
    """One drawn state: an RGB picture at `scale` times its size in CSS pixels, and its words."""

    state: dict
    image: Image.Image
    alt: str
    scale: int = 2

    @property
    def width(self):
        return round(self.image.width / self.scale)

    @property
    def height(self):
        return round(self.image.height / self.scale)


@dataclass
class Words:
    """Everything a panel says."""

    title: str = ""
    question: str = ""
    answers: tuple = field(default=())
    reveal: str = ""
    caption: str = ""


def check_count(count):
    if not 1 <= count <= MAX_FRAMES:
        raise ValueError(f"a frozen panel holds 1 to {MAX_FRAMES} frames; these are {count}")


def more(controls):
    """What running the cell gives beyond a frozen page."""
    photo = ", and a picture of your own" if any(isinstance(c, Upload) for c in controls) else ""
    return f"These pictures are stored. Run this cell in the notebook for every setting{photo}."


def webp_uri(image, quality):
    """A picture as a WebP data URI."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=3)
    return data_uri(buffer.getvalue(), "webp")


def resized(image, factor):
    """The picture at `factor` times its size."""
    if factor == 1:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.LANCZOS)


def page(controls, words, frames, strip_image, strip_alt, first=0, live=""):
    """The frozen panel as HTML, opening on frame `first`.

    `live` is the class of the live panel whose place it takes in a saved notebook: while that one
    is on the page, this one hides.

    Raises ValueError where it is heavier than `MAX_BYTES` even at its coarsest.
    """
    check_count(len(frames))
    strip_image = resized(strip_image, min(1, 1400 / strip_image.width))
    for factor, quality in LADDER:
        if (factor, quality) != LADDER[-1] and _guessed_size(frames, factor, quality) > MAX_BYTES:
            continue
        sources = [webp_uri(resized(frame.image, factor), quality) for frame in frames]
        strip_source = webp_uri(strip_image, min(quality, 75))
        text = _markup(controls, words, frames, sources, strip_source, strip_alt, first, live)
        size = len(text.encode())
        if size <= MAX_BYTES:
            return text
    raise ValueError(
        f"the frozen panel is {size / 1000:.0f} kB even at its coarsest, more than "
        f"{MAX_BYTES / 1000:.0f} kB: freeze fewer states or draw a smaller figure"
    )


def _guessed_size(frames, factor, quality):
    """Bytes of all frames together, from three of them: encoding is what takes the time."""
    some = frames[:: max(1, len(frames) // 3)][:3]
    sizes = [len(webp_uri(resized(frame.image, factor), quality)) for frame in some]
    return sum(sizes) / len(sizes) * len(frames)


def _markup(controls, words, frames, sources, strip_source, strip_alt, first, live):
    data = {
        "words": vars(words),
        "controls": [_control(c, frames) for c in moving(controls, frames)],
        "frames": _frames(moving(controls, frames), frames, sources),
        "first": first,
        "live": live,
        "more": more(controls),
        "style": _file("frozen.css"),
    }
    # "</script>" inside a string would end the script: escape what HTML could read.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    script = _file("frozen.js").replace('"PANEL-NAME"', json.dumps(name))
    paragraphs = [
        f"<p><strong>{html.escape(words.title)}</strong></p>" if words.title else "",
        f"<p>{html.escape(words.question)}</p>" if words.question else "",
        f'<p><img src="{strip_source}" alt="{html.escape(strip_alt)}" style="max-width:100%"></p>',
        f"<p><em>{html.escape(words.caption)}</em></p>" if words.caption else "",
        f"<p><small>{html.escape(more(controls))}</small></p>",
    ]
    body = "\n".join(part for part in paragraphs if part)
    return (
        f'<div data-tutlib-panel="{name}">\n{body}\n</div>\n'
        f"<script>\n{script.replace('PANEL_DATA', text)}</script>\n"
    )


@cache
def _file(name):
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _values(control, frames):
    """The distinct values of a control over the frames, in the order a reader expects."""
    found = list(dict.fromkeys(frame.state[control.name] for frame in frames))
    if isinstance(control, Choice):
        order = [option for _, option in control.options]
        return sorted(found, key=order.index)
    return sorted(found) if not isinstance(control, Pad) else found


def moving(controls, frames):
    """The controls that differ between the frames; the others have nothing to move here."""
    live = (control for control in controls if not isinstance(control, Upload))
    return [control for control in live if len(_values(control, frames)) > 1]


def _control(control, frames):
    values = _values(control, frames)
    kind = type(control).__name__.lower()
    entry = {"kind": kind, "label": control.label, "help": control.help}
    entry["texts"] = [control.text(value) for value in values]
    entry["play"] = getattr(control, "play", False)
    if isinstance(control, Pad):
        spans = (control.x, control.y)
        entry["points"] = [
            [(v - low) / (high - low) for v, (low, high) in zip(value, spans)] for value in values
        ]
        entry["background"] = data_uri(control.background, "png") if control.background else ""
    return entry


def _frames(moving, frames, sources):
    values = [_values(control, frames) for control in moving]
    return [
        {
            "at": [v.index(frame.state[c.name]) for c, v in zip(moving, values)],
            "src": source,
            "alt": frame.alt,
            "width": frame.width,
            "height": frame.height,
        }
        for frame, source in zip(frames, sources)
    ]
