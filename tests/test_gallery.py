"""The gallery: one list of all panels, each opened in seconds, one live at a time."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

from tools import course, notebooks
from tutlib.lessons import gallery, openers
from tutlib.lessons.gallery import ENTRIES, Entry, Gallery
from tutlib.panel import Panel, Slider

PAGE = notebooks.FOLDER / "gallery.ipynb"


def makers(path):
    """The functions that a notebook takes out of `panels` and that make a panel."""
    code = "\n".join(cell.source for cell in notebooks.read(path).cells if cell.cell_type == "code")
    for line in ast.walk(ast.parse(code)):
        if isinstance(line, ast.ImportFrom) and (line.module or "").startswith(
            "tutlib.lessons.panels."
        ):
            module = importlib.import_module(line.module)
            for alias in line.names:
                made = inspect.signature(getattr(module, alias.name)).return_annotation
                if made in (Panel, "Panel"):
                    yield f"{line.module.rpartition('.')[2]}.{alias.name}"


def test_every_panel_of_a_lesson_is_there_and_no_other():
    lessons = [lesson.path for lesson in course.lessons() if lesson.number]
    shown = {
        (path.relative_to(notebooks.FOLDER).with_suffix("").as_posix(), name)
        for path in lessons
        for name in makers(path)
    }
    listed = [(entry.place, entry.panel) for entry in ENTRIES]
    assert set(listed) == shown
    assert len(listed) == len(shown)
    assert [entry.lesson for entry in ENTRIES] == sorted(entry.lesson for entry in ENTRIES)


def test_a_panel_that_is_used_is_noticed(tmp_path):
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    words = "from tutlib.lessons.panels.unlabelled import learn_the_moons, moons, place_labels"
    nbformat.write(new_notebook(cells=[new_code_cell(words)]), tmp_path / "a.ipynb")
    assert list(makers(tmp_path / "a.ipynb")) == ["unlabelled.place_labels"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.panel)
def test_a_sentence_says_what_to_do(entry):
    assert re.fullmatch(r"[A-Z][^.!?]*\.", entry.says), "one sentence"
    assert 30 <= len(entry.says) <= 140
    assert (notebooks.FOLDER / f"{entry.place}.ipynb").is_file()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.panel)
def test_each_panel_opens(entry, capsys):
    panel = entry.make()
    assert panel.title == entry.title
    _, frame = panel.at()  # as it is when it opens
    assert frame.alt
    assert not panel.errors
    assert capsys.readouterr() == ("", "")  # no bar, no stray line


def test_no_opener_is_left_over():
    made = {name for name, thing in vars(openers).items() if inspect.isfunction(thing)
            and thing.__module__ == openers.__name__ and not name.startswith("_")}  # fmt: skip
    assert made == {entry.opens.__name__ for entry in ENTRIES if entry.opens}


def test_the_page_that_is_stored_lists_them_all_and_shows_one():
    """If it does not: `make render NOTEBOOK=notebooks/gallery.ipynb`."""
    outputs = [out.data for cell in notebooks.read(PAGE).cells for out in cell.get("outputs", ())
               if "data" in out]  # fmt: skip
    (listed,) = [out["text/html"] for out in outputs if "<h4>" in out.get("text/html", "")]
    assert listed == gallery.contents()._repr_html_()
    for entry in ENTRIES:
        assert f'<a href="{entry.place}.ipynb">Lesson {entry.lesson}</a>' in listed
        assert gallery.html.escape(entry.says) in listed
    (frozen,) = [out for out in outputs if {"image/png", "image/jpeg"} & set(out)]
    assert ENTRIES[0].title in frozen["text/html"]


# ---------------------------------------------------------------- the widgets


@pytest.fixture
def two(monkeypatch):
    """A gallery of two chapters, with panels that are made at once, and one that cannot be."""

    def made(title):
        def draw(result):
            from matplotlib.figure import Figure

            return Figure((1, 1))

        return Panel(lambda state: state["k"], draw, [Slider("k", stops=[1, 2])], title=title)

    def broken():
        raise RuntimeError("no <room>\nand more")

    entries = (
        Entry("1-a/1-1-x", "a.a", "First", "Look at the first.", lambda: made("First")),
        Entry("1-a/1-2-y", "a.b", "Second", "Look at the second.", lambda: made("Second")),
        Entry("3-c/3-1-z", "c.c", "Third", "Look at the third.", broken),
    )
    monkeypatch.setattr(gallery, "ENTRIES", entries)
    return Gallery()


def test_one_panel_is_live_at_a_time(two):
    assert two.panel is None
    assert two.place.children == ()
    two.button.click()
    first = two.panel
    assert first.title == "First"
    two.choice.value = 1
    assert two.panel is first, "choosing opens nothing"
    assert "second" in two.says.value
    two.button.click()
    assert two.panel.title == "Second"
    assert two.place.children == (two.panel.live.box,)
    assert first.live.box.comm is None, "the first one's widgets are closed"
    assert first.live.figure.comm is None
    two.close()
    assert two.panel is None
    assert two.place.children == ()


def test_a_chapter_lists_its_panels_and_others_none(two):
    assert [number for _, number in two.chapter.options] == ["1", "3"]
    assert [name for name, _ in two.choice.options] == ["1.1 First", "1.2 Second"]
    two.chapter.value = "3"
    assert [name for name, _ in two.choice.options] == ["3.1 Third"]
    assert 'href="3-c/3-1-z.ipynb"' in two.says.value


def test_what_cannot_be_opened_is_said(two):
    two.chapter.value = "3"
    two.button.click()
    assert "could not be opened. RuntimeError: no &lt;room&gt;</p>" in two.says.value
    assert not two.button.disabled
    two.chapter.value = "1"
    two.button.click()
    assert two.panel.title == "First"


def test_a_panel_is_opened_by_its_lesson(two):
    assert two.show("1.2").title == "Second"
    assert (two.chapter.value, two.choice.value) == ("1", 1)
    with pytest.raises(ValueError, match=r"'2\.2' has no panel; these have one: 1\.1, 1\.2, 3\.1"):
        two.show("2.2")


def test_readers_without_a_kernel_see_the_first_panel(two, monkeypatch):
    monkeypatch.setenv("TUTLIB_RENDER", "0")
    bundle, _ = two._repr_mimebundle_()
    assert "text/html" not in bundle
    assert two.panel is None, "nothing is computed before it is asked for"
    monkeypatch.setenv("TUTLIB_RENDER", "1")
    bundle, notes = two._repr_mimebundle_()
    assert "First" in bundle["text/html"]
    assert notes["image/png"]["alt"]
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == two.box.model_id


def test_the_list_in_a_terminal():
    lines = repr(gallery.contents()).splitlines()
    assert len(lines) == len(ENTRIES)
    assert lines[0].startswith("1.1 Pig explorer: ")


def test_the_book_has_a_page_for_it():
    from tools import pages

    tree = pages.contents()
    play = tree.partition("To play with")[2].partition("```")[0]
    assert "Gallery <notebooks/gallery>" in play
    assert tree.count("notebooks/gallery") == 1
    assert Path(PAGE).is_file()
