"""The book, page by page: its links by file, everything else in a real Chromium.

Pages are found, not listed: a new lesson is walked as soon as it is there.
"""

import functools
import http.server
import threading
from html.parser import HTMLParser
from importlib import resources
from urllib.parse import unquote, urlsplit

import pytest

from tests.browser.conftest import ROOT, lacking, made_once
from tools import course, live

pytestmark = pytest.mark.browser
BOOK = ROOT / "build" / "book"
PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 720}
GRAVE = {"serious", "critical"}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
NO_ALT = """() => {
    const roots = [document, ...[...document.querySelectorAll("[data-tutlib-panel]")]
        .map((host) => host.shadowRoot).filter(Boolean)];
    return roots.flatMap((root) => [...root.querySelectorAll("img")])
        .filter((img) => !(img.alt || "").trim()).map((img) => img.src.slice(0, 80));
}"""
ASLEEP = """[...document.querySelectorAll("[data-tutlib-panel]")]
    .filter((host) => !host.shadowRoot).map((host) => host.dataset.tutlibPanel)"""
DONE = """(was) => { const { done } = document.querySelector("[data-tutlib-live]").dataset;
    return done && done !== was && done; }"""
AT_ONCE = "*, ::before, ::after { transition: none !important; }"  # else colours are on their way
LIVE = "document.querySelector('[data-tutlib-live]')?.dataset.tutlibLive"
# Axe-core's rule for contrast takes three quarters of its time, and pages of a kind share colours.
ONE_OF_A_KIND = ("index.html", "2-3-many-steps.html", "attacks.html", "glossary.html")
BROKEN = "[...document.images].filter((i) => i.complete && !i.naturalWidth).map((i) => i.src)"


@pytest.fixture(scope="session")
def book():
    """The folder of the book, made anew."""
    try:
        import myst_nb  # noqa: F401
    except ImportError:
        lacking("Sphinx and its friends are not installed (make test installs them)")
    made_once("tools.book")
    return BOOK


@pytest.fixture(scope="session")
def site(book):
    """The address of the book, served from this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    handler = functools.partial(Quiet, directory=str(book))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Page(HTMLParser):
    """What a page links to and which anchors it has."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loaded, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        elif tag == "link" and found.get("href"):
            self.loaded.append(found["href"])
        elif found.get("src"):
            self.loaded.append(found["src"])

    def has(self, fragment):
        return not fragment or fragment in self.ids


def pages(book):
    return {path: Page(path.read_text("utf-8")) for path in sorted(book.rglob("*.html"))}


def test_it_holds_all_that_it_promises(book):
    lessons = [lesson.place for lesson in course.lessons()]
    assert all((book / f"{lesson}.html").is_file() for lesson in lessons)
    assert all((book / "_sources" / f"{lesson}.ipynb").is_file() for lesson in lessons)
    doors = {path.stem for path in (ROOT / "tutlib").iterdir() if not path.name.startswith("__")}
    assert {path.stem for path in (book / "reference").glob("*.html")} == doors | {"index"}
    attacks = (book / "reference" / "attacks.html").read_text("utf-8")
    assert 'id="tutlib.attacks.pgd"' in attacks
    assert "&gt;&gt;&gt; </span>" in attacks, "examples are shown"
    size = sum(path.stat().st_size for path in book.rglob("*") if path.is_file())
    assert size < 80e6, f"the book has {size / 1e6:.0f} MB"


def test_no_link_leads_nowhere(book):
    found, wrong = pages(book), []
    for path, page in found.items():
        for link in page.links + page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                outside = parts.scheme in ("http", "https") or parts.netloc
                if outside and link in page.loaded:
                    wrong.append(f"{path.relative_to(book)} loads {link}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                wrong.append(f"{path.relative_to(book)} -> {link[:90]}")
            elif target in found and not found[target].has(unquote(parts.fragment)):
                wrong.append(f"{path.relative_to(book)} -> {link[:90]} (no such anchor)")
    assert wrong == []


def listen(page, said, asked, home):
    """Keep what a page complains of, and whom it asks besides its home."""
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    ours = (home, "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(ours) else asked.append(r.url))


def graver(page, place="html", contrast=False):
    """What axe-core finds that is serious or worse: of contrast, or of everything else."""
    rules = {"runOnly": ["color-contrast"]} if contrast else {
        "rules": {"color-contrast": {"enabled": False}}}  # fmt: skip
    options = {"preload": False, "resultTypes": ["violations"], "elementRef": False} | rules
    run = "([place, options]) => axe.run(place, options)"
    found = page.evaluate(run, [place, options])["violations"]
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:120]}" for fault in found
            if fault["impact"] in GRAVE]  # fmt: skip


def play(page, name):
    """Wake the live panel of a page, move its eps by a key: another verdict."""
    host = page.locator(f"[data-tutlib-live={name}]")
    host.scroll_into_view_if_needed()
    host.get_by_role("button", name="Show me", exact=True).click()
    before = page.wait_for_function(DONE, arg="").json_value()
    key = "Home" if name == "target-picker" else "End"  # its eps is large from the start
    host.get_by_role("slider", name="eps", exact=True).press(key)
    page.wait_for_function(DONE, arg=before)


def test_every_page_is_whole_readable_and_open_to_all(chromium, book, site):
    """On a phone in the dark nothing is cut; on a laptop by day axe-core finds nothing grave."""
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    context = chromium.new_context(viewport=PHONE, color_scheme="dark")
    context.route(lambda url: not url.startswith(site), lambda route: route.abort())
    page, wrong, said, asked, played = context.new_page(), [], [], [], []
    listen(page, said, asked, site)
    for path in sorted(book.rglob("*.html")):
        name = path.relative_to(book).as_posix()
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme="dark")
        page.goto(f"{site}/{name}")
        page.add_style_tag(content=AT_ONCE)
        page.evaluate("window.MathJax && MathJax.startup && MathJax.startup.promise")
        if awake := page.evaluate(LIVE):
            play(page, awake)
            played.append(awake)
        faults = [f"{page.evaluate(OVERFLOW)} px too wide"] if page.evaluate(OVERFLOW) else []
        faults += [f"no alt text: {src}" for src in page.evaluate(NO_ALT)]
        faults += [f"no picture: {src}" for src in page.evaluate(BROKEN)]
        faults += [f"a panel does not wake: {host}" for host in page.evaluate(ASLEEP)]
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.evaluate(axe)
        place = "html" if name.endswith(ONE_OF_A_KIND) else awake and "[data-tutlib-live]"
        if place:
            faults += graver(page, place, contrast=True)
        page.set_viewport_size(LAPTOP)
        page.emulate_media(color_scheme="light")
        # The pages of the reference are long, and all made alike: of these, one will do.
        if not name.startswith("reference/") or name.endswith(("index.html", "attacks.html")):
            faults += graver(page)
        if place:
            faults += graver(page, place, contrast=True)
        wrong += [f"{name}: {fault}" for fault in faults + said + asked]
        said.clear(), asked.clear()
    context.close()
    assert wrong == []
    assert sorted(played) == sorted(live.PANELS)


@pytest.mark.parametrize("name", live.PANELS)
def test_a_live_panel_is_awake_in_a_book_opened_from_a_file(chromium, book, name):
    context = chromium.new_context(viewport=LAPTOP, offline=True)
    page, said, asked = context.new_page(), [], []
    listen(page, said, asked, book.as_uri())
    page.goto(f"{book.as_uri()}/live.html")
    page.locator(f"a[href$='#live-{name}']").click()
    play(page, name)
    context.close()
    assert said + asked == []


def test_without_scripts_the_strip_of_a_live_panel_stays(chromium, book):
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{book.as_uri()}/live.html")
    page.locator("a[href$='#live-twins']").click()
    strip = page.locator("[data-tutlib-live] img")
    strip.scroll_into_view_if_needed()
    assert strip.is_visible()
    assert strip.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 1000
    context.close()


def test_a_frozen_panel_moves_inside_the_book(chromium_page, site):
    page = chromium_page
    page.goto(f"{site}/notebooks/2-targeted-attacks/2-3-many-steps.html")
    page.get_by_role("button", name="Show me").click()
    slider = page.get_by_role("slider").first
    picture = page.locator("[data-tutlib-panel] figure img")
    before = picture.get_attribute("alt")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("End")
    assert picture.get_attribute("alt") != before
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 300


@pytest.mark.parametrize("over", ["http", "file"])
def test_the_search_finds_a_lesson_and_a_function(chromium_page, book, site, over):
    home = site if over == "http" else book.as_uri()
    for words, place in (("airliner", "2-1-turning-a-pig"), ("sgd_attack", "reference/attacks")):
        chromium_page.goto(f"{home}/search.html?q={words}")
        chromium_page.locator(f"#search-results a[href*='{place}']").first.wait_for()
