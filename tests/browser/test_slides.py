"""The lectures in a real Chromium, at 1280 x 720: every slide of every deck fits its screen."""

import os
import subprocess
import sys

import pytest

from tests.browser.conftest import ROOT, lacking
from tools import course

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
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    }
    made = subprocess.run([sys.executable, "-m", "tools.slides"], cwd=ROOT, env=environment,
                          capture_output=True, text=True)  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
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
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert len(places) >= 4
    assert notes >= 3
