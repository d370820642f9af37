"""Live panels for pages without Python: joins `web/src` and what they need into plain files.

    python -m tools.live FOLDER        four pages, one script, the nets, the pictures
    python -m tools.live --assemble    web/src/kernels.wasm from kernels.wat (needs PyPI's wasmtime)

A page that is opened from a file may neither import modules nor fetch, nor load a worker's file. So
the modules become one classic script, which holds the worker and the kernels as text, and the data
become scripts, too. Words, controls and colours are those of the Python panels.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tutlib import assets
from tutlib.assets import catalogue
from tutlib.lessons.panels.geometry import one_step
from tutlib.lessons.panels.pig import pig_explorer, target_picker
from tutlib.lessons.panels.twins import PICTURES, TWINS, twin_attack
from tutlib.panel import Choice, Pad, Panel, Slider, Upload, frozen
from tutlib.plots.theme import COLOURS

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "web" / "src"
FROZEN = ROOT / "tutlib" / "panel" / "frozen.css"
SCRIPT = "tutlib-live.js"
PANELS = {
    "pig-explorer": (pig_explorer, "1.1"),
    "target-picker": (target_picker, "2.1"),
    "one-step": (one_step, "2.2"),
    "twins": (twin_attack, "4.2"),
}
NETS = ("standard", *TWINS)
NO_SCRIPT = "With JavaScript this panel is live: the net runs in your browser, and nothing is sent."
PHOTO = {"kind": "upload", "label": "your photo", "question": "", "back": "Back to the hog",
         "help": "JPEG, PNG, WebP ...: it stays on this machine"}  # fmt: skip
# Of the figures the captions say where things stand; in a page that depends on its width.
CAPTIONS = {
    "Pig explorer": "The change is drawn fifty times too strong.",
    "Where would you like to fly?": "The change is drawn fifty times too strong. The curves: how "
    "sure the net is of the start and of the target, after each step.",
}
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
body {{ max-width: 62rem; margin: 1.2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff;
  font: 1rem/1.6 system-ui, sans-serif; }}
h1 {{ font-size: .95rem; font-weight: 500; margin: 0; opacity: .8; }}
@media (prefers-color-scheme: dark) {{ body {{ color: #eee; background: #16181c; }} }}
</style>
<main>
<h1>Lesson {lesson}, live</h1>
{fragment}
<p>No Python, no server, no upload: what you see is computed in this page.</p>
</main>
</html>
"""


def live(folder: Path, base: str = ".") -> dict[str, str]:
    """Write the live panels' files into `folder`; what to put into a page, for each panel.

    Args:
        folder: is made if it is not there: script, nets, pictures, strips, and a page a panel.
        base: how a page reaches `folder`, as a relative address (``"../../_static/live"``).

    Returns:
        {"pig-explorer" (lesson 1.1), "target-picker" (2.1), "one-step" (2.2), "twins" (4.2): HTML}
        that shows the strip, a static picture, until the script has taken its place.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    panels = {name: make() for name, (make, _) in PANELS.items()}
    configs = {name: config(panel) for name, panel in panels.items()}
    (folder / SCRIPT).write_text(script(configs), encoding="utf-8")
    for name, content in data():
        line = f"(window.tutlibLive ??= {{}})[{json.dumps(name)}] = {json.dumps(content)};\n"
        (folder / f"{name.replace(' ', '-')}.js").write_text(line, encoding="utf-8")
    fragments = {}
    for name, panel in panels.items():
        picture, alt = panel.strip_image()
        small = frozen.resized(picture, min(1, 1400 / picture.width))
        small.save(folder / f"{name}.webp", "WEBP", quality=75)
        fragments[name] = fragment(name, panel, small.size, alt, base)
        page = PAGE.format(title=html.escape(panel.title), lesson=PANELS[name][1],
                           fragment=fragment(name, panel, small.size, alt, "."))  # fmt: skip
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return fragments


def fragment(name: str, panel: Panel, size: tuple[int, int], alt: str, base: str) -> str:
    """The strip with its words, and the script that takes its place."""
    width, height = size
    return (
        f'<div data-tutlib-live="{name}">\n<p><strong>{html.escape(panel.title)}</strong></p>\n'
        f"<p>{html.escape(panel.question)}</p>\n"
        f'<p><img src="{base}/{name}.webp" alt="{html.escape(alt)}" width="{width}" '
        f'height="{height}" style="max-width:100%;height:auto" loading="lazy"></p>\n'
        f"<p><em>{html.escape(panel.caption)}</em></p>\n"
        f"<noscript><p><small>{NO_SCRIPT}</small></p></noscript>\n</div>\n"
        f'<script src="{base}/{SCRIPT}"></script>\n'
    )


def config(panel: Panel) -> dict:
    """A panel's words and controls, for the script."""
    words = vars(panel.words()) | {"caption": CAPTIONS.get(panel.title, panel.caption)}
    controls = [_control(control) for control in panel.controls]
    if not any(control["kind"] in ("upload", "pad") for control in controls):
        controls.append(PHOTO)
    return {"words": words, "controls": controls, "labels": assets.THINGS, "picture": "hog"}


def _control(control) -> dict:
    found = {"kind": type(control).__name__.lower(), "name": control.name, "label": control.label,
             "help": control.help}  # fmt: skip
    if isinstance(control, Upload):
        return found | {"back": control.back, "question": control.question}
    if isinstance(control, Pad):
        return found | {"value": control.value, "names": control.names, "step": control.step}
    if not isinstance(control, Slider | Choice):
        raise TypeError(f"live pages know no {found['kind']} yet ({control.name})")
    values = control.stops if isinstance(control, Slider) else [v for _, v in control.options]
    return found | {"values": values, "texts": [control.text(value) for value in values],
                    "at": values.index(control.value)}  # fmt: skip


def data() -> Iterator[tuple[str, str]]:
    """What the panels fetch when they come into view: (name, base64) of nets and pictures.

    Pictures are raw bytes in rows of red, then green, then blue: some browsers add noise to what
    a page reads from a decoded picture.
    """
    for name in NETS:
        (path,) = catalogue.SHIPPED[f"things-{name}"].files()
        yield name, _base64(path.read_bytes())
    for name in PICTURES:
        levels = (assets.picture(name)[0] * 255).round().byte()
        yield name, _base64(levels.cpu().numpy().tobytes())


def script(configs: dict) -> str:
    """All of `web/src` as one classic script."""
    parts = {
        "configs": configs,
        "style": style(),
        "worker": f'"use strict";\n{joined("worker")}',
        "kernels": _base64((SOURCE / "kernels.wasm").read_bytes()),
    }
    start = f"module_start.start({json.dumps(parts)});"
    return f'(() => {{\n"use strict";\n{joined("start")}\n{start}\n}})();\n'


def style() -> str:
    """The frozen panels' style sheet, ours, and the colours of the meanings."""
    sheet = (SOURCE / "live.css").read_text(encoding="utf-8")
    rules = [f'[data-meaning="{name}"] {{ --meaning: {c}; }}' for name, c in COLOURS.items()]
    rules.append('[data-meaning="ink"] { --meaning: currentColor; }')  # on a dark page, too
    rules.append(f":host {{ --perturbation: {COLOURS['perturbation']}; }}")
    mark = "/* MEANINGS */"
    if mark not in sheet:
        raise ValueError(f"live.css has no line {mark}")
    return FROZEN.read_text(encoding="utf-8") + sheet.replace(mark, "\n".join(rules))


IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:const|class|function)\b)", re.M)
NAMES = re.compile(r"^export (?:async )?(?:const|class|function\*?) (\w+)", re.M)


def joined(entry: str) -> str:
    """A module and all it imports as plain declarations: each module a function of its own."""
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...] = ()) -> None:
        if name in above:
            raise ValueError(f"modules import each other in a circle: {' > '.join((*above, name))}")
        if name not in order:
            for _, other in IMPORT.findall(_source(name)):
                visit(other, (*above, name))
            order.append(name)

    visit(entry)
    return "\n".join(_plain(name) for name in order)


def _plain(name: str) -> str:
    source = _source(name)
    names = ", ".join(NAMES.findall(source))
    body = EXPORT.sub("", IMPORT.sub(_taken, source))
    if left := re.search(r"^(?:import|export)\b.*", body, re.M):
        raise ValueError(f"{name}.js: this line cannot be joined: {left[0]}")
    return f"const module_{name} = (() => {{\n{body}\nreturn {{{names}}};\n}})();"


def _taken(line: re.Match) -> str:
    """`import {a, b as c} from "./d.js";` inside one script."""
    return f"const {{{line[1].replace(' as ', ': ')}}} = module_{line[2]};\n"


def _source(name: str) -> str:
    return (SOURCE / f"{name}.js").read_text(encoding="utf-8")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def assembled() -> bytes:
    """kernels.wat in WebAssembly's bytes, by PyPI's wasmtime (its version 50)."""
    from wasmtime import wat2wasm

    return bytes(wat2wasm((SOURCE / "kernels.wat").read_text(encoding="utf-8")))


def stamp(wasm: bytes) -> str:
    """What kernels.txt records: of which source these bytes are, and that they are these."""
    source = (SOURCE / "kernels.wat").read_text(encoding="utf-8").encode()  # one kind of line end
    sums = {"kernels.wat": source, "kernels.wasm": wasm}
    return "".join(f"{hashlib.sha256(held).hexdigest()}  {name}\n" for name, held in sums.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="where the files shall go")
    parser.add_argument("--assemble", action="store_true", help="make kernels.wasm anew")
    words = parser.parse_args()
    if words.assemble:
        wasm = assembled()
        (SOURCE / "kernels.wasm").write_bytes(wasm)
        (SOURCE / "kernels.txt").write_text(stamp(wasm), encoding="utf-8")
    elif words.folder:
        live(words.folder)
        sizes = {path.name: path.stat().st_size for path in sorted(words.folder.iterdir())}
        print("\n".join(f"{size / 1000:8.0f} kB  {name}" for name, size in sizes.items()))
    else:
        parser.error("name a folder, or --assemble")


if __name__ == "__main__":
    main()
