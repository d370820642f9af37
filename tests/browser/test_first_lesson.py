"""Lesson 1.1 as a learner meets it: in JupyterLab, and as a page where nothing runs but scripts."""

import os
import re

import nbformat
import pytest

from tests.browser.conftest import ROOT

pytestmark = pytest.mark.browser
LESSON = "1-introduction/1-1-diving-right-in.ipynb"
SAYS_HOG = re.compile(r"after, it says hog")
SAYS_OTHER = re.compile(r"after, it says (?!hog)")


def shoot(page, name):
    if os.environ.get("TUTLIB_SHOTS"):
        page.screenshot(path=f"{os.environ['TUTLIB_SHOTS']}/lesson-{name}.png")


def test_the_pig_explorer_in_jupyterlab(chromium_page, lab, open_notebook, run_all_cells):
    page = chromium_page
    page.set_viewport_size({"width": 1200, "height": 1400})
    open_notebook(page, lab, LESSON)
    run_all_cells(page, timeout=400)
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0
    page.get_by_role("button", name="Show me", exact=True).click()
    picture = page.locator("img.tutlib-frame").first
    picture.scroll_into_view_if_needed()
    assert SAYS_HOG.search(picture.get_attribute("alt"))
    shoot(page, "eps 0")
    controls, seen = page.locator(".tutlib-controls").first.bounding_box(), picture.bounding_box()
    on_a_laptop = 600  # pixels that JupyterLab leaves of 720: what is moved and watched, together
    assert seen["y"] + seen["height"] - controls["y"] <= on_a_laptop

    handle = page.locator(".noUi-handle").first  # the first slider is eps
    handle.focus()
    for _ in range(3):  # 0, 0.25, 0.5, 1
        page.keyboard.press("ArrowRight")
    eventually(page, "eps 1/255", SAYS_OTHER)
    shoot(page, "eps 1 by keyboard")

    start, rail = handle.bounding_box(), page.locator(".noUi-target").first.bounding_box()
    middle = start["y"] + start["height"] / 2
    page.mouse.move(start["x"] + start["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(rail["x"] - 5, middle, steps=12)
    page.mouse.up()
    eventually(page, "eps 0/255", SAYS_HOG)

    page.mouse.move(*centre(handle))
    page.mouse.down()
    page.mouse.move(rail["x"] + rail["width"] + 5, middle, steps=12)
    page.mouse.up()
    eventually(page, "eps 8/255", SAYS_OTHER)
    shoot(page, "eps 8 by mouse")


def test_the_committed_lesson_needs_no_kernel(chromium_page, tmp_path):
    notebook = nbformat.read(ROOT / "notebooks" / LESSON, as_version=4)
    pages = [
        out.data["text/html"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for out in cell.outputs
        if "data-tutlib-panel" in out.get("data", {}).get("text/html", "")
    ]
    assert len(pages) == 1, "the committed lesson carries its panel"
    file, asked, page = tmp_path / "page.html", [], chromium_page
    file.write_text(f"<!doctype html><meta charset=utf-8><body>{pages[0]}", "utf-8")
    page.context.set_offline(True)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.get_by_role("button", name="Show me").click()
    slider, picture = page.get_by_role("slider", name="eps"), page.locator("figure img")
    assert SAYS_HOG.search(picture.get_attribute("alt"))

    slider.focus()
    page.keyboard.press("End")
    assert SAYS_OTHER.search(picture.get_attribute("alt"))
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 6, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    assert SAYS_HOG.search(picture.get_attribute("alt"))
    page.get_by_label("goal").select_option(label="airliner")
    page.keyboard.press("Tab")
    slider.focus()
    page.keyboard.press("End")
    assert "after, it says airliner" in picture.get_attribute("alt")
    shoot(page, "frozen")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def centre(thing):
    box = thing.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def eventually(page, state, answer):
    """Wait until the picture of a state is there, and see what the net says in it."""
    picture = page.locator(f'img.tutlib-frame[alt^="{state}"]').first
    picture.wait_for()
    assert answer.search(picture.get_attribute("alt"))
