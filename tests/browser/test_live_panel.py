"""The live panel in a real JupyterLab: mouse and keys, the guess, Stop, an error that is seen."""

import os

import nbformat
import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser

SET_UP = """
import time
from matplotlib.figure import Figure
from tutlib.panel import Choice, Pad, Panel, Slider, Upload

def draw(result):
    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(result), list(result.values()))
    axes.set_xlim(0, 1)
    return figure
"""
EXPLORER = """
def pig(state):
    if state["target"] == "moon":
        raise ValueError("nobody flies to the moon")
    return {"hog": 1 - state["eps"] / 8, state["target"]: state["eps"] / 8}

Panel(pig, draw,
      [Slider("eps", stops=[0, 1, 2, 4, 8], value=2, format="{}/255"),
       Choice("target", ["airliner", "wombat", "moon"], help="where to")],
      title="The pig explorer", question="Will it still be a hog?", answers=["yes", "no"],
      reveal="Half a hog.", caption="What the net answers.",
      alt=lambda state, result: f"{state['target']} at {state['eps']}/255")
"""
PAD = """
Panel(lambda state: dict(zip("xy", state["point"])), draw, [Pad("point", value=(0.5, 0.5))],
      alt=lambda state, result: f"point {result['x']:.2f} {result['y']:.2f}")
"""
SLOW = """
def slow(state):
    for step in range(200):
        time.sleep(0.05)
        yield (step + 1) / 200, {"done": (step + 1) / 200}

Panel(slow, draw, [Slider("speed", stops=[1, 2])],
      title="A title so long that the bar which comes and goes beside it has to share the line",
      alt=lambda state, result: f"slow {result['done']:.2f}")
"""
YOURS = """
from PIL import Image
import io

def width(state):
    return {"width": Image.open(io.BytesIO(state["photo"])).width if state["photo"] else 0}

Panel(width, draw, [Upload("photo", label="your photo", back="Back to none")],
      alt=lambda state, result: f"a picture {result['width']} wide")
"""


@pytest.fixture
def page(chromium_page, lab, open_notebook, run_all_cells):
    cells = [nbformat.v4.new_code_cell(code) for code in (SET_UP, EXPLORER, PAD, SLOW, YOURS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, lab.folder / "panels.ipynb")
    chromium_page.set_viewport_size({"width": 1200, "height": 2600})  # every cell in view
    open_notebook(chromium_page, lab, "panels.ipynb")
    run_all_cells(chromium_page)
    yield chromium_page
    shoot(chromium_page, "end")


def shoot(page, name):
    if os.environ.get("TUTLIB_SHOTS"):
        page.screenshot(path=f"{os.environ['TUTLIB_SHOTS']}/live-{name}.png")


def frame(page, alt):
    """Wait for the picture that says `alt` (a start is enough)."""
    page.locator(f'img.tutlib-frame[alt^="{alt}"]').wait_for()


def test_live_panels(page, tmp_path):
    yours(page, tmp_path)
    explorer(page)
    pad(page)
    stop(page)
    error(page)


def explorer(page):
    hog = page.locator('img.tutlib-frame[alt="airliner at 2/255"]')
    hog.wait_for(state="attached")
    assert not hog.is_visible()
    shoot(page, "start")
    page.get_by_role("button", name="no", exact=True).press("Enter")
    frame(page, "airliner at 2/255")
    page.get_by_text("You said: no. Half a hog.").wait_for()
    keys_go_on(page)
    handle = page.locator(".noUi-handle").first
    handle.focus()
    page.keyboard.press("ArrowRight")
    frame(page, "airliner at 4/255")
    start, rail = handle.bounding_box(), page.locator(".noUi-target").first.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(rail["x"] + rail["width"], start["y"] + start["height"] / 2, steps=12)
    page.mouse.up()
    frame(page, "airliner at 8/255")
    page.get_by_label("target").select_option(label="wombat")
    frame(page, "wombat at 8/255")


def keys_go_on(page):
    """After a guess by keys, the first control has them; and whatever has them is seen."""
    page.wait_for_function("() => document.activeElement.matches('.noUi-handle')")
    for _ in range(2):  # the slider's number is a stop of ipywidgets' own
        page.keyboard.press("Tab")
    seen = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate("() => document.activeElement.tagName") == "SELECT"
    assert page.evaluate(seen) == "solid"


def pad(page):
    frame(page, "point 0.50 0.50")
    surface = page.locator(".tutlib-pad")
    box = surface.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.1 * box["height"], steps=10)
    page.mouse.up()
    frame(page, "point 0.80 0.90")
    surface.press("ArrowDown")
    frame(page, "point 0.80 0.85")
    page.get_by_label("x", exact=True).fill("0.25")
    page.get_by_label("x", exact=True).press("Enter")
    frame(page, "point 0.25 0.85")


def yours(page, folder):
    """A photo larger than a message may be is made smaller before it is sent; and the way back."""
    chance = np.random.default_rng(0).integers(0, 256, (2400, 3200, 3), dtype=np.uint8)
    large, damaged = folder / "large.png", folder / "damaged.png"
    Image.fromarray(chance).save(large, compress_level=1)
    damaged.write_bytes(large.read_bytes()[:12_000_000])
    field = page.get_by_label("your photo")
    field.set_input_files(large)
    frame(page, "a picture 1600 wide")
    page.get_by_role("button", name="Back to none").click()
    frame(page, "a picture 0 wide")
    field.set_input_files(damaged)
    page.get_by_text("too large to send").wait_for()
    frame(page, "a picture 0 wide")


def stop(page):
    button = page.get_by_role("button", name="Stop", exact=True)
    button.wait_for()
    shoot(page, "slow")
    controls = page.locator(".tutlib-live").nth(2).locator(".tutlib-controls")
    place = controls.bounding_box()
    button.click()
    page.get_by_text("Stopped at").wait_for()
    assert not button.is_visible()
    assert controls.bounding_box() == place, "what is under the mouse stays there"
    frame(page, "slow 0.")


def error(page):
    page.get_by_label("target").select_option(label="moon")
    page.get_by_role("alert").get_by_text("ValueError: nobody flies to the moon").wait_for()
    shoot(page, "error")
    page.get_by_label("target").select_option(label="airliner")
    frame(page, "airliner at 8/255")
    assert not page.get_by_role("alert").is_visible()
