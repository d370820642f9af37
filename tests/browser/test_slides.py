"""The lectures in a real Chromium, at 1280 x 720: every slide of every deck fits its screen."""

import pytest

from tests.browser.conftest import ROOT, lacking, made_once
from tools import course, live

pytestmark = pytest.mark.browser
SLIDES = ROOT / "build" / "slides"
# What sticks out of the slide that is shown: its blocks, and what a panel shows once it is open.
OUT = """async () => {
    const frame = Reveal.getCurrentSlide().querySelector(".frame");
    const roots = [...frame.querySelectorAll("[data-tutlib-panel]")].map((host) => host.shadowRoot);
    for (const root of roots) root.querySelector(".show")?.click();
    for (let i = 0; i < 3; i += 1) await new Promise(requestAnimationFrame);
    const inside = roots.flatMap((root) => [...root.querySelectorAll("figure, fieldset")]);
    const box = frame.getBoundingClientRect();
    const out = [...frame.children, ...inside].filter((part) => {
        const at = part.getBoundingClientRect();
        const low = at.bottom > box.bottom + 1 || at.right > box.right + 1;
        return low || at.left < box.left - 1 || at.top < box.top - 1;
    }).map((part) => part.className || part.tagName);
    const wide = frame.scrollWidth, tall = frame.scrollHeight;
    if (wide > 1281 || tall > 721) out.push(`${wide} x ${tall}`);
    const live = frame.querySelector("iframe");
    if (live && live.getBoundingClientRect().width < 1000) out.push("a live panel is small");
    const bare = [...frame.querySelectorAll("img")].filter((img) => !img.alt);
    return [...out, ...bare.map(() => "a figure without alt text")];
}"""
SMALLEST = """() => {
    const parts = Reveal.getCurrentSlide().querySelectorAll(
        ".block:not(.panel) :is(pre, p, li)");
    const size = (part) => parseFloat(getComputedStyle(part).fontSize) * part.currentCSSZoom;
    return Math.min(99, ...[...parts].map(size));
}"""
PLACES = "Reveal.getSlides().map((s) => { const at = Reveal.getIndices(s); return [at.h, at.v]; })"
LINKS = "[...document.querySelectorAll('.frame a')].map((a) => a.getAttribute('href'))"


@pytest.fixture(scope="session")
def slides():
    """The folder of the decks, made anew."""
    try:
        import sphinx_revealjs  # noqa: F401
    except ImportError:
        lacking("reveal.js is not installed (make test installs it)")
    made_once("tools.slides")
    return SLIDES


@pytest.mark.parametrize("lesson", course.lessons(), ids=lambda lesson: lesson.path.stem)
def test_no_slide_overflows(chromium, slides, lesson):
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda r: asked.append(r.url))
    page.goto((slides / f"{lesson.path.stem}.html").as_uri())
    page.locator("html[data-ready]").wait_for(timeout=120_000, state="attached")
    wrong, places = [], page.evaluate(PLACES)
    for number, (h, v) in enumerate(places, 1):
        page.evaluate("([h, v]) => Reveal.slide(h, v || 0, 99)", [h, v])
        wrong += [f"slide {number}: {what}" for what in page.evaluate(OUT)]
        if (least := page.evaluate(SMALLEST)) < 14:
            wrong.append(f"slide {number}: letters of {least:.0f} px")
    notes = page.evaluate("document.querySelectorAll('aside.notes').length")
    links = [link for link in page.evaluate(LINKS) if "://" not in link]
    dead = [link for link in links if not (slides / link.split("#")[0]).is_file()]
    context.close()
    assert said == wrong == dead == [], (said, wrong, dead)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert len(places) >= 4
    assert notes >= 3


@pytest.mark.parametrize("name", live.PANELS)
def test_a_live_panel_fits_its_slide_and_answers(chromium, slides, name):
    """It is awake in the deck, all of it is seen, also after the guess and an attack."""
    (lesson,) = (x for x in course.lessons() if x.number == live.PANELS[name][1])
    page = chromium.new_context(viewport={"width": 1280, "height": 720}, offline=True).new_page()
    page.goto((slides / f"{lesson.path.stem}.html").as_uri())
    page.locator("html[data-ready]").wait_for(timeout=120_000, state="attached")
    for h, v in page.evaluate(PLACES):
        page.evaluate("([h, v]) => Reveal.slide(h, v || 0, 99)", [h, v])
        if page.locator(f"section.present > .frame iframe[data-src*={name}]").count():
            break
    inside = page.frame_locator(f"iframe[src*={name}]")
    inside.locator("figure, .hidden-figure").first.wait_for(timeout=60_000, state="attached")
    if inside.locator("button.show").count():
        inside.locator("button.show").press("Enter")  # zoomed: the mouse would miss
    slider = inside.locator("input[type=range]").first
    before = inside.locator(".status").inner_text()
    slider.press("End")
    inside.locator(".status", has_not_text=before or "nothing yet").wait_for(timeout=60_000)
    (frame,) = (frame for frame in page.frames if name in frame.url)
    low = frame.evaluate("document.body.getBoundingClientRect().bottom - innerHeight")
    page.context.close()
    assert low <= 0
