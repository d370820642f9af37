"""The gallery in a real JupyterLab: three panels of different chapters, one after the other."""

import os

import pytest

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds until a panel is there on a busy machine


def test_three_panels_of_three_chapters(chromium_page, lab, open_notebook, run_all_cells):
    page, complaints = chromium_page, []
    page.set_viewport_size({"width": 1280, "height": 720})
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    open_notebook(page, lab, "gallery.ipynb")
    assert page.locator("iframe, .tutlib-frozen, .jp-RenderedHTMLCommon img").count() > 0
    run_all_cells(page)
    box = page.locator(".tutlib-gallery")
    live = box.locator(".tutlib-live")
    box.scroll_into_view_if_needed()
    assert live.count() == 0, "nothing is computed before it is asked for"
    stories = (
        ("2 Targeted attacks", "2.3 Many small steps", "2-targeted-attacks/2-3-many-steps.ipynb"),
        ("1 Introduction", "1.3 Good words", "1-introduction/1-3-a-short-history.ipynb"),
        ("4 Adversarial training", "4.6 Your knobs against the machine",
         "4-adversarial-training/4-6-the-universal-engineering-machine.ipynb"),
    )  # fmt: skip
    for chapter, panel, file in stories:
        box.get_by_label("chapter", exact=True).select_option(label=chapter)
        box.get_by_label("panel", exact=True).select_option(label=panel)
        box.locator(f"a[href='{file}']").wait_for()
        opener = box.get_by_role("button", name="Open", exact=True)
        opener.focus()
        opener.press("Enter")  # by keys
        title = live.get_by_text(panel.partition(" ")[2], exact=True)
        title.wait_for(timeout=PATIENCE)
        assert live.count() == 1, "one panel is live at a time"
        live.get_by_role("button", name="Show me", exact=True).click()
        picture = live.locator("img.tutlib-frame")
        picture.wait_for(timeout=PATIENCE)
        before = picture.get_attribute("src")
        live.locator(".noUi-handle").first.press("ArrowRight")
        page.wait_for_function(
            "before => document.querySelector('.tutlib-gallery img.tutlib-frame').src !== before",
            arg=before, timeout=PATIENCE,
        )  # fmt: skip
        if os.environ.get("TUTLIB_SHOTS"):
            page.screenshot(path=f"{os.environ['TUTLIB_SHOTS']}/gallery-{panel[:3]}.png")
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0
    assert complaints == []


def test_on_a_phone_nothing_is_cut(chromium_page, lab, open_notebook, run_all_cells):
    page = chromium_page
    open_notebook(page, lab, "gallery.ipynb")
    run_all_cells(page)
    box = page.locator(".tutlib-gallery")
    page.keyboard.press("Control+b")  # the list of files goes
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(500)
    box.scroll_into_view_if_needed()
    edge = box.bounding_box()
    assert edge["width"] > 250
    parts = box.locator("select, button").all()
    assert len(parts) == 3
    for part in parts:
        place = part.bounding_box()
        assert place["height"] >= 32, "for a finger"
        assert place["x"] + place["width"] <= edge["x"] + edge["width"] + 1
