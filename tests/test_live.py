"""How live pages are put together: the joined script, the kernels' source, words and figures."""

import json
import re

import pytest

from tools import live
from tutlib import assets
from tutlib.assets import photos
from tutlib.lessons.panels.twins import twin_attack
from tutlib.plots.theme import COLOURS

KERNELS = (live.SOURCE / "kernels.wasm").read_bytes()


def test_the_kernels_are_those_of_their_source():
    """kernels.txt is written when they are assembled: a change of either alone is seen."""
    recorded = (live.SOURCE / "kernels.txt").read_text()
    assert recorded == live.stamp(KERNELS), "run `python -m tools.live --assemble`"


def test_assembled_anew_the_kernels_have_the_same_bytes():
    why = "PyPI's wasmtime (10 MB) assembles the kernels; nothing else needs it, and the test above"
    pytest.importorskip("wasmtime", reason=f"{why} tells whether source and bytes belong together")
    assert live.assembled() == KERNELS


def test_words_and_controls_are_those_of_the_python_panels():
    made = {name: live.config(make()) for name, (make, _) in live.PANELS.items()}
    explorer = made["pig-explorer"]
    eps, *_ = explorer["controls"]
    assert eps["texts"][:3] == ["0/255", "0.25/255", "0.5/255"]
    assert [c["kind"] for c in explorer["controls"]] == ["slider"] * 3 + ["choice", "upload"]
    assert explorer["words"]["answers"][1] == "about 1 of 255"
    assert explorer["labels"] == assets.THINGS
    assert made["one-step"]["controls"][0]["value"] == (0.7, 0.3)
    assert {c["kind"] for c in made["target-picker"]["controls"]} == {"choice", "slider", "upload"}
    for config in made.values():
        caption = config["words"]["caption"]
        assert caption
        assert not re.search("[Ll]eft|[Rr]ight:|every second pixel", caption)  # of figures only
        json.dumps(config)


def test_every_caption_that_is_replaced_belongs_to_a_panel():
    assert set(live.CAPTIONS) <= {make().title for make, _ in live.PANELS.values()}


def test_every_meaning_has_its_colour():
    sheet = live.style()
    for meaning, colour in COLOURS.items():
        if meaning != "ink":  # on a dark page ink is light
            assert f'[data-meaning="{meaning}"] {{ --meaning: {colour}; }}' in sheet


def test_the_joined_script_holds_every_module_once_and_in_order():
    script = live.script({})
    assert not re.search(r"^\s*(import|export)\b", script, re.M)
    modules = re.findall(r"^const module_(\w+) = ", live.joined("start"), re.M)
    assert len(set(modules)) == len(modules)
    assert modules[-1] == "start"
    known = {path.stem for path in live.SOURCE.glob("*.js")}
    worker = re.findall(r"^const module_(\w+) = ", live.joined("worker"), re.M)
    assert {*modules, *worker} == known  # nothing lies about unused
    assert "layers" not in modules  # the page leaves all sums to its worker
    assert len(script) < 100_000


@pytest.mark.parametrize(("sources", "words"), [
    ({"start": 'import {b} from "./b.js";\n', "b": 'import {c} from "./start.js";\n'}, "circle"),
    ({"start": "export default 3;\n"}, "cannot be joined"),
    ({"start": 'import * as b from "./b.js";\n'}, "cannot be joined"),
])  # fmt: skip
def test_what_cannot_be_joined_is_said(monkeypatch, sources, words):
    monkeypatch.setattr(live, "_source", sources.__getitem__)
    with pytest.raises(ValueError, match=words):
        live.joined("start")


def test_one_module_is_made_plain(monkeypatch):
    sources = {
        "start": 'import {a as b, c} from "./other.js";\nexport async function go() {}\n',
        "other": "export const a = 1;\nexport class c {}\nexport function* d() {}\n",
    }
    monkeypatch.setattr(live, "_source", sources.__getitem__)
    joined = live.joined("start")
    assert "const {a: b, c} = module_other;" in joined
    assert "return {a, c, d};" in joined
    assert joined.index("module_other =") < joined.index("module_start =")
    assert joined.endswith("return {go};\n})();")


def test_the_twins_panel_tells_them_apart():
    panel = twin_attack()
    found, frame = panel.at(eps=8)
    assert found["robust"]["says"][0][0] == found["robust"]["first"] == "hog"
    assert found["plain"]["says"][0][0] != "hog"
    assert "eps 8/255: the plain net says" in frame.alt
    for one in found.values():
        x = assets.picture("hog")
        assert 0 < (one["x_adv"] - x).abs().max() <= 8 / 255
    still, _ = panel.at(eps=0)
    assert (still["plain"]["x_adv"] == assets.picture("hog")).all()
    bus = photos.to_png(assets.picture("school bus"))
    own, _ = panel.at(eps=0, photo=bus)
    assert own["robust"]["first"] == own["plain"]["first"] == "school bus"
