"""The normal form of a notebook: what a reader sees stays, what only a machine knows goes."""

import base64
import copy
import io

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from tools import notebooks, render
from tools.render import WIDGET_VIEW, check, fingerprint, normalise, paths_in, scrub, serialise


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def shown(**data):
    return new_output("display_data", data={key.replace("_", "/"): v for key, v in data.items()})


def notebook_of(*outputs, source="x = 1"):
    cell = new_code_cell(source, id="example1", outputs=list(outputs), execution_count=7)
    cell.metadata = {"tags": ["claim"], "execution": {"shell.execute_reply": "now"}}
    notebook = new_notebook(cells=[new_markdown_cell("# Title", id="title001"), cell])
    notebook.metadata = {"widgets": {"state": 1}, "language_info": {"version": "3.11.7"}}
    return notebook


def test_volatile_metadata_goes_and_ids_and_tags_stay():
    notebook = notebook_of()
    normalise(notebook)
    cell = notebook.cells[1]
    assert (cell.id, cell.metadata, cell.execution_count) == ("example1", {"tags": ["claim"]}, None)
    assert notebook.metadata == {
        "execution": {"timeout": 900},
        "kernelspec": render.KERNELSPEC,
        "language_info": render.LANGUAGE | {"version": "3.11.7"},
    }


def test_a_panel_keeps_its_page_and_its_strip_and_loses_its_live_view():
    panel = shown(text_plain="a pig", text_html="<b>frozen</b>", image_png="iVBORw0=")
    panel.data[WIDGET_VIEW] = {"model_id": "abc"}
    bare = shown(text_plain="HBox()")
    bare.data[WIDGET_VIEW] = {"model_id": "def"}
    notebook = notebook_of(panel, bare)
    normalise(notebook)
    (kept,) = notebook.cells[1].outputs
    assert set(kept.data) == {"text/plain", "text/html", "image/png"}


def test_prints_are_joined_however_the_kernel_cut_them():
    one, two = notebook_of(printed("a\nb\n")), notebook_of(printed("a\n"), printed("b\n"))
    normalise(one)
    normalise(two)
    assert serialise(one) == serialise(two)
    progress = notebook_of(printed("10 %\r"), printed("20 %\rdone\n"))
    normalise(progress)
    assert progress.cells[1].outputs[0].text == "done\n"


def test_normalising_twice_is_normalising_once():
    notebook = notebook_of(printed("a\rb\n"), printed("c"), shown(text_plain="figure"))
    normalise(notebook)
    once = serialise(notebook)
    normalise(notebook)
    assert serialise(notebook) == once


def test_scrub_takes_out_this_machine_and_standard_error():
    text = f"read {notebooks.ROOT}/data/pig.webp; <object at 0x7f12ab34cd56>"
    notebook = notebook_of(printed(text), printed("a warning", name="stderr"))
    scrub(notebook)
    (out,) = notebook.cells[1].outputs
    assert out.text == "read data/pig.webp; <object>"
    assert paths_in(notebook) == []


@pytest.mark.parametrize(
    "text",
    ["/home/ada/pig.png", "saved to /tmp/x.png", "lib/site-packages/torch", f"{notebooks.ROOT}"],
)
def test_paths_of_a_machine_are_seen(text):
    assert paths_in(notebook_of(printed(text)))
    assert paths_in(notebook_of(source=f"open('{text}')"))


@pytest.mark.parametrize(
    "text", ["https://host.org/home/pig", "2/255 and and/or", "data:image/png;base64,iVB/tmp/x"]
)
def test_what_looks_like_a_path_and_is_none_passes(text):
    assert paths_in(notebook_of(printed(text))) == []


def test_check_wants_the_outputs_of_this_code(tmp_path):
    notebook = notebook_of(printed("1"))
    normalise(notebook)
    notebook.metadata["tutlib"] = {"rendered": fingerprint(notebook)}
    path = tmp_path / "good.ipynb"
    path.write_text(serialise(notebook))
    assert check(path) == []

    polished = copy.deepcopy(notebook)
    polished.cells[0].source = "# Better title"
    path.write_text(serialise(polished))
    assert check(path) == []

    polished.cells[1].source = "x = 2"
    path.write_text(serialise(polished))
    assert "outputs are not those of its code" in "\n".join(check(path))

    path.write_text(serialise(notebook_of(printed("1"))))
    assert "not in normal form" in "\n".join(check(path))


def picture(colours):
    """64 x 64 x 3 pixels of noise, in at most so many colours, as a heavy PNG and its alt text."""
    chosen = np.random.default_rng(0).integers(0, 256, (colours, 3), dtype=np.uint8)
    pixels = chosen[np.random.default_rng(1).integers(0, colours, (300, 300))]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    out = shown(image_png=base64.b64encode(file.getvalue()).decode())
    out.metadata["image/png"] = {"alt": "noise"}
    return pixels, out


def test_what_has_few_colours_is_stored_to_the_last_bit():
    pixels, out = picture(colours=1000)
    normalise(notebook_of(out))
    stored = Image.open(io.BytesIO(base64.b64decode(out.data["image/png"])))
    assert np.array_equal(np.asarray(stored), pixels)


def test_a_photograph_is_stored_in_true_colour_with_its_alt_text():
    pixels, out = picture(colours=50_000)
    normalise(notebook_of(out))
    assert out.metadata == {"image/jpeg": {"alt": "noise"}}
    stored = Image.open(io.BytesIO(base64.b64decode(out.data["image/jpeg"]))).convert("RGB")
    error = np.asarray(stored).astype(float) - pixels
    assert np.abs(error.mean((0, 1))).max() < 1  # not a grey level of tint
    assert np.abs(error).mean() < 12  # noise is the hardest picture there is


def test_a_large_notebook_is_refused():
    assert render.too_large("x" * render.LARGEST) == []
    assert "2.0 MB are allowed" in render.too_large("x" * (render.LARGEST + 1))[0]


def test_a_notebook_that_fails_is_not_written_back(tmp_path, capsys):
    path = tmp_path / "bad.ipynb"
    path.write_text(serialise(notebook_of(source="1 / 0")))
    before = path.read_bytes()
    assert render.main([str(path)]) == 1
    assert path.read_bytes() == before
    assert "ZeroDivisionError" in capsys.readouterr().out
