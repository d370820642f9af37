"""The frozen panel in a real browser: a page from a file, no kernel, no network, mouse and keys."""

import os

import pytest
from matplotlib.figure import Figure

from tutlib.panel import Choice, Pad, Panel, Slider, Toggle

pytestmark = pytest.mark.browser
STOPS = [0, 1, 2, 4, 8]


def draw(result):
    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(result), list(result.values()))
    axes.set_xlim(0, 1)
    return figure


def pig(state):
    sure = state["eps"] / 8
    return {"hog": 1 - sure, state["target"]: sure}


def explorer(**more):
    return Panel(
        pig,
        draw,
        [
            Slider("eps", stops=STOPS, value=2, format="{}/255", label="ε"),
            Choice("target", ["airliner", "wombat"]),
        ],
        title="The pig explorer",
        caption="What the net answers.",
        frozen={"eps": STOPS, "target": ["airliner", "wombat"]},
        strip=[{"eps": 0}, {"eps": 2}, {"eps": 8}],
        alt=lambda state, result: f"{state['target']} at {state['eps']}/255",
        **more,
    )


@pytest.fixture
def show(chromium_page, tmp_path):
    """show(html) opens it as a file, offline, and at the end asserts that no host was asked."""

    def opener(*pieces, width=1200, scheme="light"):
        file = tmp_path / "page.html"
        head = '<meta name="viewport" content="width=device-width">'
        head += '<meta name="color-scheme" content="light dark">'
        file.write_text(
            f"<!doctype html><meta charset=utf-8>{head}<body>{''.join(pieces)}", "utf-8"
        )
        chromium_page.context.set_offline(True)
        chromium_page.on("request", lambda request: opener.requests.append(request.url))
        chromium_page.on("pageerror", lambda error: opener.errors.append(str(error)))
        chromium_page.set_viewport_size({"width": width, "height": 900})
        chromium_page.emulate_media(color_scheme=scheme)
        chromium_page.goto(file.as_uri())
        if os.environ.get("TUTLIB_SHOTS"):
            name = f"{len(pieces)}-{width}-{scheme}.png"
            chromium_page.screenshot(path=f"{os.environ['TUTLIB_SHOTS']}/{name}", full_page=True)
        return chromium_page

    opener.requests, opener.errors = [], []
    yield opener
    assert opener.errors == []
    assert [url for url in opener.requests if not url.startswith(("file:", "data:"))] == []


def shown(page):
    return page.locator("figure img")


def wait_alt(page, alt):
    page.wait_for_function(
        """alt => [...document.querySelectorAll('[data-tutlib-panel]')]
            .some((host) => host.shadowRoot.querySelector('figure img').alt === alt)""",
        arg=alt,
    )
    assert shown(page).first.evaluate("img => img.decode().then(() => img.naturalWidth)") > 600


def test_slider_by_keyboard_and_mouse(show):
    page = show(explorer().freeze())
    slider = page.get_by_role("slider", name="ε")
    wait_alt(page, "airliner at 2/255")
    before = shown(page).get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowRight")
    wait_alt(page, "airliner at 4/255")
    assert shown(page).get_attribute("src") != before
    assert slider.get_attribute("aria-valuetext") == "4/255"
    page.keyboard.press("Home")
    wait_alt(page, "airliner at 0/255")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    wait_alt(page, "airliner at 8/255")


def test_a_slider_that_plays(show):
    slider = Slider("t", stops=[0, 1, 2], play=True)
    panel = Panel(lambda state: {"t": state["t"] / 2}, draw, [slider, Toggle("noise")],
                  frozen={"t": [0, 1, 2], "noise": [False, True]},
                  alt=lambda state, result: f"{state['t']} {state['noise']}")  # fmt: skip
    page = show(panel.freeze())
    button = page.get_by_role("button", name="Play", exact=True)
    wait_alt(page, "0 False")
    button.click()
    page.get_by_role("button", name="Pause", exact=True).wait_for()
    wait_alt(page, "1 False")
    wait_alt(page, "2 False")
    button.wait_for()  # the end is reached
    button.click()  # and from there it begins again
    wait_alt(page, "0 False")
    page.get_by_role("checkbox", name="noise").check()  # a hand on a control pauses
    assert button.is_visible()
    page.wait_for_timeout(1000)
    assert shown(page).get_attribute("alt") == "0 True"


def test_drop_down(show):
    page = show(explorer().freeze())
    page.get_by_label("target").select_option(label="wombat")
    wait_alt(page, "wombat at 2/255")


def test_the_guess_comes_first(show):
    panel = explorer(
        question="Will it still be a hog?", answers=["yes", "no"], reveal="Half a hog."
    )
    page = show(panel.freeze())
    assert not shown(page).is_visible()
    assert page.get_by_role("slider", name="ε").is_disabled()
    page.get_by_role("button", name="no", exact=True).click()
    assert shown(page).is_visible()
    assert page.get_by_text("You said: no. Half a hog.").is_visible()
    assert not page.get_by_role("button", name="no", exact=True).is_visible()
    page.keyboard.press("ArrowLeft")  # the first control has the keys now
    wait_alt(page, "airliner at 1/255")


def test_a_typed_guess_and_show_me(show):
    page = show(explorer(question="How sure?").freeze())
    page.get_by_role("textbox", name="Your guess").fill("<b>0.5</b>")
    page.get_by_role("button", name="Show me").press("Enter")
    assert shown(page).is_visible()
    assert page.get_by_text("You said: <b>0.5</b>.").is_visible()


def test_two_panels_even_the_same_do_not_meet(show):
    page = show(explorer().freeze(), explorer().freeze())
    assert shown(page).count() == 2
    page.get_by_role("slider", name="ε").nth(1).press("End")
    wait_alt(page, "airliner at 8/255")
    assert shown(page).nth(0).get_attribute("alt") == "airliner at 2/255"
    assert shown(page).nth(1).get_attribute("alt") == "airliner at 8/255"


def test_pad_by_mouse_and_arrow_keys(show):
    panel = Panel(
        lambda state: {"x": state["point"][0], "y": state["point"][1]},
        draw,
        [Pad("point", value=(0.5, 0.5)), Toggle("noise")],
        frozen={
            "point": [(x, y) for y in (0.0, 0.5, 1.0) for x in (0.0, 0.5, 1.0)],
            "noise": [False, True],
        },
        alt=lambda state, result: f"{result['x']:g} {result['y']:g} {state['noise']}",
    )
    page = show(panel.freeze())
    wait_alt(page, "0.5 0.5 False")
    pad = page.get_by_role("slider", name="point")
    pad.press("ArrowUp")
    wait_alt(page, "0.5 1 False")
    pad.press("ArrowLeft")
    wait_alt(page, "0 1 False")
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.95 * box["height"], steps=5)
    page.mouse.up()
    wait_alt(page, "1 0 False")
    page.get_by_role("checkbox", name="noise").check()
    wait_alt(page, "1 0 True")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
def test_fits_and_is_legible(show, width, scheme):
    panel = explorer(question="Will it still be a hog?", answers=["yes", "no"])
    page = show(panel.freeze(), panel.freeze(), width=width, scheme=scheme)
    page.get_by_role("button", name="Show me").first.click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    ink, paper = page.evaluate("""() => {
        const words = document.querySelector('[data-tutlib-panel]').shadowRoot.querySelector('h3');
        const probe = document.createElement('div');
        probe.style.color = 'Canvas'; document.body.append(probe);
        const grey = (node) => getComputedStyle(node).color.match(/[0-9.]+/g).slice(0, 3)
            .reduce((sum, v) => sum + Number(v) / 765, 0);
        return [grey(words), grey(probe)]; }""")
    assert abs(ink - paper) > 0.7
    if os.environ.get("TUTLIB_SHOTS"):
        page.screenshot(path=f"{os.environ['TUTLIB_SHOTS']}/open-{width}-{scheme}.png")


def test_a_phone_can_enlarge_the_picture(show):
    page = show(explorer().freeze(), width=390)
    button, picture = page.get_by_role("button", name="Larger picture"), shown(page)
    assert picture.bounding_box()["width"] < 390
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert picture.bounding_box()["width"] > 600
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator(".view").press("ArrowRight")  # the picture moves in its frame
    page.wait_for_function("""() => document.querySelector('[data-tutlib-panel]').shadowRoot
        .querySelector('.view').scrollLeft > 0""")
    button.click()
    assert picture.bounding_box()["width"] < 390
    page.set_viewport_size({"width": 1200, "height": 900})
    assert not button.is_visible()


def test_without_its_script_it_is_the_strip(show):
    html = explorer(question="Will it still be a hog?").freeze()
    page = show(html[: html.index("<script>")])
    assert page.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth)") > 600
    assert page.locator("img").get_attribute("alt").count("/255") == 3
    assert page.get_by_text("What the net answers.").is_visible()
    assert page.get_by_text("Will it still be a hog?").is_visible()
