"""The live pages in a real browser: http and file, mouse, keys and touch, no other host."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from tests.browser.test_live_nets import a_photo
from tools import live
from tutlib import assets
from tutlib.assets import photos

pytestmark = pytest.mark.browser
HOST = "http://live.test/"
EXPLORER, PICKER, STEP, TWINS = live.PANELS


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The finished files: made once, served from memory or opened where they lie."""
    folder = tmp_path_factory.mktemp("live")
    fragments = live.live(folder, base="../some/where")
    return folder, fragments


@pytest.fixture
def show(chromium, site):
    """show(name) opens a live page; in the end no host was asked and no script had raised."""
    folder, _ = site
    requests, errors, contexts = [], [], []

    def opener(name, *, http=False, guess="Show me", missing="", query="", **settings):
        settings = {"viewport": {"width": 1280, "height": 720}} | settings
        context = chromium.new_context(**settings)
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))

        def serve(route):
            path = folder / re.sub(r"\?.*", "", route.request.url.removeprefix(HOST))
            return route.abort() if path.name == missing else route.fulfill(path=path)

        context.set_offline(not http)
        page.route(HOST + "**", serve)
        page.goto((HOST if http else folder.as_uri() + "/") + f"{name}.html{query}")
        if guess:
            page.get_by_role("button", name=guess, exact=True).click()
        return page

    yield opener
    for context in contexts:
        context.close()
    assert errors == []
    assert [url for url in requests if not url.startswith((HOST, "file:", "data:", "blob:"))] == []


def says(page, wanted=None):
    """What came of the attack, once it is there: "hog > wombat"."""
    test = "(wanted) => { const { done } = document.querySelector('[data-tutlib-live]').dataset;"
    test += " return done && (!wanted || done === wanted) && done; }"
    return page.wait_for_function(test, arg=wanted, timeout=60_000).json_value()


def status(page):
    return page.locator(".status").inner_text()


def test_the_explorer_from_a_file_by_keys(show):
    page = show(EXPLORER, guess="about 1 of 255")
    assert "You said: about 1 of 255." in page.locator("section").inner_text()
    eps = page.get_by_role("slider", name="eps", exact=True)
    assert eps.evaluate("node => node.matches(':focus')")  # the keys are handed on
    assert says(page) == "hog > hog"
    page.keyboard.press("End")
    assert eps.get_attribute("aria-valuetext") == "8/255"
    assert says(page).startswith("hog > ")
    assert not says(page).endswith("hog")
    assert re.fullmatch(r"The net says: .+ \(\d+(\.\d)?\s%\)\.", status(page))
    page.get_by_role("combobox", name="goal").select_option(label="airliner")
    page.get_by_role("slider", name="steps", exact=True).press("ArrowRight")
    page.get_by_role("slider", name="eps", exact=True).press("ArrowLeft")
    says(page, "hog > airliner")
    picture = page.get_by_role("img", name="The changed picture")
    assert "airliner" in picture.get_attribute("aria-label")
    assert "largest change of any pixel: 4.00 of 255" in page.locator("section").inner_text()


def test_over_http_by_mouse_with_a_photo_that_stands_on_its_side(show):
    page = show(EXPLORER, http=True)
    says(page)
    assert page.evaluate("document.querySelector('[data-tutlib-live]').dataset.engine") == "wasm"
    file = {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": a_photo()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("of your photo be allowed").wait_for()  # asked anew, and hidden
    assert not page.locator("figure").is_visible()
    page.get_by_role("button", name="never", exact=True).click()
    says(page)
    shown = page.locator("canvas").first.evaluate(
        "node => [...node.getContext('2d').getImageData(0, 0, 224, 224).data]"
    )
    wanted = photos.read(file["buffer"])[0].permute(1, 2, 0).numpy() * 255
    off = np.abs(np.array(shown).reshape(224, 224, 4)[..., :3] - wanted)
    assert off.mean() < 0.2
    box = page.get_by_role("slider", name="eps", exact=True).bounding_box()
    page.mouse.click(box["x"] + box["width"] - 5, box["y"] + box["height"] / 2)
    assert (
        page.get_by_role("slider", name="eps", exact=True).get_attribute("aria-valuetext")
        == "8/255"
    )
    says(page)
    page.get_by_role("button", name="Back to the hog").click()
    page.get_by_role("button", name="Show me").click()
    assert says(page).startswith("hog > ")


def test_a_goal_that_the_photo_already_has_is_given_up(show, site):
    page = show(PICKER)
    says(page, "hog > airliner")
    plane = io.BytesIO()
    levels = (assets.picture("airliner")[0].permute(1, 2, 0) * 255).round().byte()
    Image.fromarray(levels.cpu().numpy()).save(plane, "PNG")
    file = {"name": "plane.png", "mimeType": "image/png", "buffer": plane.getvalue()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("plane.png").wait_for()
    assert says(page).startswith("airliner > ")
    options = page.get_by_role("combobox", name="target").locator("option").all_inner_texts()
    assert "airliner" not in options
    assert "hog" in options
    assert len(options) == 9


def test_a_file_that_is_no_picture_is_refused_in_a_sentence(show):
    page = show(EXPLORER)
    says(page)
    file = {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"Dear pig"}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("letter.txt is not a picture that can be read here").wait_for()
    assert says(page) == "hog > hog"  # and the pig stays


def test_the_picker_shows_its_progress_and_can_be_stopped(show):
    page = show(PICKER)
    says(page, "hog > airliner")
    assert status(page).startswith("After 16 steps the net says: airliner")
    page.get_by_role("slider", name="steps", exact=True).press("End")
    page.get_by_text(re.compile(r"^step \d+ of 64$")).wait_for()
    stop = page.get_by_role("button", name="Stop", exact=True)
    stop.focus()
    page.keyboard.press("Enter")
    page.get_by_text(re.compile(r"Stopped after step \d+ of 64: this is the last")).wait_for()
    assert says(page).startswith("stopped: hog > ")
    assert stop.is_disabled()
    assert 0 < page.get_by_role("progressbar").evaluate("bar => bar.value") < 1
    assert page.locator(".status").evaluate("node => node.matches(':focus')")
    page.get_by_role("combobox", name="target").select_option(label="wombat")  # works on
    assert (
        page.get_by_role("slider", name="steps", exact=True).get_attribute("aria-valuetext") == "64"
    )
    says(page, "hog > wombat")
    assert page.locator(".status").get_attribute("role") == "status"


def test_one_step_by_touch_and_keys(show):
    page = show(STEP, viewport={"width": 390, "height": 800}, has_touch=True, guess="")
    page.get_by_role("button", name="never").tap()
    before = says(page)
    point = page.get_by_role("slider", name="the picture")
    assert point.get_attribute("aria-valuetext") == "pixel 1 0.70, pixel 2 0.30"
    box = page.locator("svg.plot").first.bounding_box()
    page.touchscreen.tap(box["x"] + 0.5 * box["width"], box["y"] + 0.3 * box["height"])
    assert says(page) != before
    moved = point.get_attribute("aria-valuetext")
    assert moved != "pixel 1 0.70, pixel 2 0.30"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert point.evaluate("node => node.matches(':focus')")
    was, now = ([float(v) for v in re.findall(r"\d\.\d+", text)]
                for text in (moved, point.get_attribute("aria-valuetext")))  # fmt: skip
    assert np.subtract(now, was) == pytest.approx([-0.02, 0.02], abs=0.011)
    page.get_by_role("combobox", name="norm").select_option(label="L2")
    assert page.locator("circle.ball").count() == 1
    page.get_by_role("slider", name="eps", exact=True).press("End")
    assert re.match(r"The step promises \d\.\d\d and reaches", status(page))


def test_the_robust_twin_stands_where_the_plain_one_falls(show):
    page = show(TWINS, http=True)
    assert says(page) == "hog > hog | hog > hog"
    eps = page.get_by_role("slider", name="eps", exact=True)
    for _ in range(4):
        eps.press("ArrowRight")
    assert eps.get_attribute("aria-valuetext") == "8/255"
    plain, robust = says(page).split(" | ")
    assert plain != "hog > hog"
    assert robust == "hog > hog"
    page.get_by_role("combobox", name="picture").select_option(label="school bus")
    assert says(page).startswith("school bus > ")
    assert page.get_by_role("group", name="the robust net").get_by_role("img").count() == 2


def test_without_webassembly(show):
    page = show(EXPLORER, http=True, query="?plain")
    says(page)
    assert page.evaluate("document.querySelector('[data-tutlib-live]').dataset.engine") == "plain"
    page.get_by_role("slider", name="steps", exact=True).press("Home")
    page.get_by_role("slider", name="eps", exact=True).press("End")
    assert says(page).startswith("hog > ")


@pytest.mark.parametrize("name", live.PANELS)
def test_without_scripts_the_strip_stays(show, site, name):
    page = show(name, guess="", java_script_enabled=False)
    strip = page.locator("img")
    assert strip.is_visible()
    assert len(strip.get_attribute("alt")) > 60
    assert strip.evaluate("node => node.naturalWidth") >= 1000
    _, fragments = site
    assert f'src="../some/where/{name}.webp"' in fragments[name]
    assert 'src="../some/where/tutlib-live.js"' in fragments[name]


def test_where_a_file_is_missing_the_strip_comes_back_with_a_sentence(show):
    page = show(EXPLORER, http=True, guess="", missing="standard.js")
    page.get_by_text("This panel is not live here: standard.js is missing").wait_for()
    assert page.locator("img").is_visible()


@pytest.mark.parametrize("name", live.PANELS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_can_be_read_in_the_dark(show, name, scheme):
    page = show(name, viewport={"width": 390, "height": 800}, color_scheme=scheme)
    says(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    names = page.locator("section").evaluate(
        """panel => [...panel.querySelectorAll("input, select, canvas, svg.plot, progress, button")]
        .filter(node => node.type !== "file").map(node => node.getAttribute("aria-label")
          || node.textContent || panel.querySelector(`label[for="${node.id}"]`)?.textContent)"""
    )
    assert all(names)
    dim = page.locator("section").evaluate(CONTRAST)
    assert dim == []


# All words of the panel whose contrast with the page is below 4.5 (disabled buttons are exempt).
CONTRAST = """panel => {
  const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = colour => {
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data]; };
  const light = c => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = rgb(getComputedStyle(document.body).backgroundColor);
  return [...panel.querySelectorAll("p, label, output, span, .title, h3, h4, text, figcaption")]
    .filter(node => node.textContent.trim() && node.checkVisibility()).map(node => {
      const style = getComputedStyle(node);
      const ink = rgb(node instanceof SVGElement ? style.fill : style.color);
      const a = Number(style.opacity), seen = ink.map((v, i) => a * v + (1 - a) * ground[i]);
      const [x, y] = [light(seen), light(ground)].sort((p, q) => q - p);
      return [(x + 0.05) / (y + 0.05), node.textContent.slice(0, 40)];
    }).filter(([ratio]) => ratio < 4.5);
}"""
