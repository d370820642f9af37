"""The data behind the book and the lectures; what a browser sees is in tests/browser."""

import re
import runpy
import tomllib

import pytest

from tools import bibliography, book, course, docstrings, live, pages, slides

GLOSSARY = tomllib.loads((course.ROOT / "book/glossary.toml").read_text(encoding="utf-8"))


def prose(number):
    (lesson,) = [lesson for lesson in course.lessons() if lesson.number == number]
    return "\n".join(cell.source for cell in lesson.read().cells).lower()


def test_there_are_chapters_and_every_lesson_is_in_one():
    chapters = course.chapters()
    assert [chapter.number for chapter in chapters] == list("123456")
    assert all(chapter.lessons and chapter.promise for chapter in chapters)
    numbered = [lesson for lesson in course.lessons() if lesson.number]
    assert [lesson for chapter in chapters for lesson in chapter.lessons] == numbered
    assert course.lessons()[0].path.name == "start.ipynb"
    assert course.lessons()[1].name == "1.1 Diving right in"


def test_the_glossary_is_rich_and_plain():
    assert len(GLOSSARY) >= 60
    assert list(GLOSSARY) == sorted(GLOSSARY, key=str.lower)
    for term, entry in GLOSSARY.items():
        assert re.search("[가-힣]", entry["korean"]), term
        assert 10 <= len(entry["says"]) <= 100, term
        assert not entry["says"].endswith("."), term


@pytest.mark.parametrize("number", sorted({entry["lesson"] for entry in GLOSSARY.values()}))
def test_a_word_is_said_in_the_lesson_where_it_is_born(number):
    text = prose(number)
    for term, entry in GLOSSARY.items():
        if entry["lesson"] == number:
            assert entry.get("as", term).lower() in text, f"{term} is not in {number}"


def test_the_bibliography_holds_what_the_lessons_cite_each_work_once():
    works, faults = bibliography.collect()
    assert faults == []
    assert bibliography.FILE.read_text(encoding="utf-8") == bibliography.as_toml(works), (
        "run `python -m tools.bibliography`"
    )
    stored = tomllib.loads(bibliography.FILE.read_text(encoding="utf-8"))
    titles = [work["title"].lower() for work in stored.values()]
    assert len(set(titles)) == len(titles) == len(works) > 100
    assert "2.2" in stored["goodfellow-2015"]["lessons"]


def test_a_reference_is_read_as_it_is_written():
    (work,) = bibliography.works_in("A. Özgür and B. Li, *On nets*, a lecture at X (2017): why.")
    assert (work.key, work.title, work.kind) == ("ozgur-2017", "On nets", "a lecture at X")
    two = bibliography.works_in("A. B, *One* (2005), and C. D et al., *Two* (2022): the paint.")
    assert [work.key for work in two] == ["b-2005", "d-2022"]
    assert bibliography.works_in("somebody, without a title or a year") == []


def test_two_works_of_one_year_are_told_apart():
    works = [bibliography.Work("A. B", title, 2017) for title in ("Two", "One")]
    assert {k: w.title for k, w in bibliography._keyed(works).items()} == {
        "b-2017a": "One", "b-2017b": "Two"}  # fmt: skip


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        (["|x| times `Ball`s"], [r"\|x\| times `Ball`\ s", ""]),
        (["unpacked **more or *rest here"], [r"unpacked \*\*more or \*rest here", ""]),
        (["an *emphasis* stays"], ["an *emphasis* stays", ""]),
        (["    code | as it is"], ["::", "", "    code | as it is", ""]),
        (["name: what", "    it is"], ["- name: what it is", ""]),
        (["one    the first", "two    the second"],
         ["::", "", "    one    the first", "    two    the second", ""]),
        (["Example:", "    >>> a | b", "", "    >>> c | d"],
         ["Example:", "    >>> a | b", "", "    >>> c | d", ""]),
        (["Args:", "    x: of |x|"], ["Args:", r"    x: of \|x\|", ""]),
    ],
)  # fmt: skip
def test_a_docstring_becomes_readable(plain, expected):
    assert docstrings.readable(plain) == expected


@pytest.mark.parametrize("address", ["", "https://github.com/someone/something"])
def test_links_to_the_cloud_appear_once_the_address_is_known(monkeypatch, address):
    monkeypatch.setattr(course, "settings", lambda: {"repository": address, "branch": "main"})
    options = runpy.run_path(str(course.ROOT / "book/conf.py"))["html_theme_options"]
    assert options.get("repository_url", "") == address
    assert ("launch_buttons" in options) == bool(address)


@pytest.mark.parametrize("name", live.PANELS)
def test_a_live_panel_takes_the_place_of_its_frozen_page(name):
    make, number = live.PANELS[name]
    (lesson,) = [lesson for lesson in course.lessons() if lesson.number == number]
    panel = f"<div>\n<p><strong>{make().title}</strong></p>\n</div>"
    text = str(book.staged(lesson, {name: panel}).cells)
    assert text.count(make().title + "</strong>") == 1
    frozen = str(lesson.read().cells).count("<div data-tutlib-panel=")
    assert text.count("<div data-tutlib-panel=") == frozen - (name not in pages.ADDED)
    with pytest.raises(ValueError, match=f"{name} finds no place"):
        book.staged(lesson, {name: "<p><strong>Another panel</strong></p>"}
                    if name not in pages.ADDED else {name: panel.replace(
                        make().title, "A boundary that learns to keep its distance")})  # fmt: skip


def test_every_live_panel_is_told_on_its_page():
    assert set(pages.LIVE) == set(live.PANELS) > set(pages.ADDED)
    text = pages.live_panels()
    assert all(f"#live-{name}" in text for name in live.PANELS)


def test_a_lecture_links_to_lectures():
    old = '<a href="../1-intro/1-2-notation.ipynb">1.2</a> <a href="../../data/README.md">x</a>'
    assert slides.linked(old) == '<a href="1-2-notation.html">1.2</a> x'


def test_of_a_paragraph_a_slide_shows_the_first_words():
    long = "It is short. " + "This one is much longer, and then goes on and on. " * 5
    assert slides.beginning("One. Two.") == "One. Two."
    assert slides.beginning(long).startswith("It is short. This")
    assert len(slides.beginning(long)) <= slides.SHORT
    assert slides.beginning(long + "Here it is:", leads_on=True).endswith("Here it is:")
    assert slides.beginning("Where $a = 1. B$ holds. " + long).startswith("Where $a = 1. B$ holds.")
