"""Every notebook has the course's anatomy, and every rule of it can be broken."""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import anatomy, notebooks

NOTEBOOKS = notebooks.find()


def name(path):
    return path.relative_to(notebooks.FOLDER).as_posix()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_has_the_anatomy(path):
    faults = anatomy.faults(path)
    assert not faults, "\n".join(faults)


def test_the_notebooks_form_one_round_trip():
    faults = anatomy.course_faults(NOTEBOOKS)
    assert not faults, "\n".join(faults)


def test_only_the_map_and_the_gallery_are_exempt():
    assert set(anatomy.EXEMPT) == {anatomy.START, anatomy.GALLERY}
    for kept in (anatomy.claims, anatomy.hero, anatomy.links, anatomy.seed):
        assert all(kept not in rules for rules in anatomy.EXEMPT.values())
    assert anatomy.neighbours not in anatomy.EXEMPT[anatomy.START]


# A small page that has everything; each test below takes one thing away.


def prose(cell_id, text, slide="slide"):
    return new_markdown_cell(text, id=cell_id, metadata={"slideshow": {"slide_type": slide}})


def code(cell_id, text, *tags, outputs=()):
    metadata = {"slideshow": {"slide_type": "subslide"}, "tags": list(tags)}
    return new_code_cell(text, id=cell_id, metadata=metadata, outputs=list(outputs))


HEAD = """# A tiny lesson
*In one minute you will move one pixel.*

| you will learn | you need | time | downloads |
|---|---|---|---|
| one pixel | two hands | 3 s | none |"""
EXERCISES = """## Exercises
### ★★ Move it back
<details>
<summary>Hint</summary>
Think.
</details>

<details><summary>Solution</summary>
Minus.
</details>"""
END = """## References
- A. Turing, Computing machinery and intelligence, 1950

[previous: the map](start.ipynb) · [next: the map](start.ipynb)"""


@pytest.fixture
def page(tmp_path):
    (tmp_path / "start.ipynb").write_text("{}")
    picture = new_output("display_data", data={"image/png": "iVBORw0="})
    picture.metadata["image/png"] = {"alt": "a pig in a meadow"}
    cells = [
        prose("head0001", HEAD),
        code("seed0001", "from tutlib import check\nSEED = check.seed()", outputs=[picture]),
        prose("predict1", "## Which way?\n\n**Predict.** Up or down?"),
        code("budget01", "steps = 3", "budget"),
        code("claim001", "claim('it moved', True)", "claim"),
        prose("explain1", "Down. ## Takeaways\n\n## Takeaways\nPixels move."),
        prose("exercis1", EXERCISES),
        code("exercis2", "answer = None\ncheck.exercise(answer, [])"),
        prose("refer001", END),
    ]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    return anatomy.Page(tmp_path / "1-1-tiny.ipynb", new_notebook(cells=cells, metadata=metadata))


def faults(page):
    return [sentence for rule in anatomy.RULES for sentence in rule(page)]


def test_the_small_page_is_accepted(page):
    assert faults(page) == []


CHANGES = {
    "no title": ("head0001", "# A tiny lesson", "A tiny lesson", "begin with the title"),
    "no promise": ("head0001", "*In one minute you will move one pixel.*", "Hello.", "a promise"),
    "bold promise": ("head0001", "*In one minute you will move one pixel.*", "**Hi.**", "promise"),
    "two sentences": ("head0001", "pixel.*", "pixel. And more.*", "one sentence"),
    "no card": ("head0001", "you need", "you want", "there is no card"),
    "empty card": ("head0001", "two hands", "", "each of its four columns"),
    "no time": ("head0001", "3 s", "soon", "measured one"),
    "no prediction": ("predict1", "**Predict.**", "Predict:", "asks for a guess"),
    "no takeaways": ("explain1", "\n## Takeaways", "\n## Summary", "`## Takeaways`"),
    "no exercises": ("exercis1", "## Exercises", "## Homework", "`## Exercises`"),
    "no references": ("refer001", "## References", "## Sources", "`## References`"),
    "no stars": ("exercis1", "★★", "", "1 to 3 stars"),
    "four stars": ("exercis1", "★★", "★★★★", "1 to 3 stars, not more"),
    "no hint": ("exercis1", "<summary>Hint", "<summary>Idea", "0 folded hints"),
    "no solution": ("exercis1", "<summary>Solution", "<summary>Answer", "0 folded solutions"),
    "open solution": ("exercis1", "<details><summary>S", "<details open><summary>S", "folded"),
    "no check": ("exercis2", "check.exercise", "print", "call check.exercise"),
    "no year": ("refer001", "1950", "long ago", "names its year"),
    "no list": ("refer001", "- A. Turing", "A. Turing", "must be a list"),
    "no previous": ("refer001", "previous", "back", "link the previous"),
    "no next": ("refer001", "next", "onward", "link the next"),
    "dead link": ("refer001", "](start.ipynb) ·", "](gone.ipynb) ·", "leads nowhere"),
    "long cell": ("budget01", "steps = 3", "steps = 3\n" * 26, "is what the eye|are what the eye"),
    "wall of imports": ("budget01", "steps", "import a\n" * 9 + "steps", "wall of 9 imports"),
    "untagged claim": ("budget01", "steps", "claim('a', True)\nsteps", "belong together"),
    "hollow claim": ("claim001", "claim('it moved', True)", "pass", "belong together"),
    "no seed": ("seed0001", "check.seed()", "0", "check.seed()"),
    "a path": ("budget01", "steps = 3", "open('/home/ada/x')", "path of one machine"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_text_is_noticed(page, change):
    cell_id, old, new, expected = change
    (cell,) = [cell for cell in page.cells if cell.id == cell_id]
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    assert any(part in sentence for sentence in faults(page) for part in expected.split("|"))


def spoil(page, what):
    cells = {cell.id: cell for cell in page.cells}
    if what == "no hero":
        cells["seed0001"].outputs = []
    elif what == "no alt text":
        cells["seed0001"].outputs[0].metadata = {}
    elif what == "no claims":
        cells["claim001"].metadata.tags, cells["claim001"].source = [], "pass"
    elif what == "two budgets":
        cells["exercis2"].metadata.tags = ["budget"]
    elif what == "adjacent code":
        page.cells.insert(2, code("adjacent", "x = 1"))
    elif what == "two claim cells in a row":
        page.cells.insert(5, code("adjacent", "claim('x', True)", "claim"))
    elif what == "a guess that nothing answers":
        page.cells.insert(5, prose("unasked1", "**Predict.** What now?"))
    elif what == "five exercises":
        cells["exercis1"].source += "\n\n### ★ One more" * 4
    elif what == "twins":
        page.cells.append(copy.deepcopy(cells["refer001"]))
    elif what == "odd id":
        cells["refer001"].id = "x"
    elif what == "no slides":
        del cells["refer001"].metadata["slideshow"]
    elif what == "section in the middle of a slide":
        cells["predict1"].metadata.slideshow.slide_type = "fragment"
    elif what == "another kernel":
        page.notebook.metadata.kernelspec.name = "julia"
    elif what == "another language":
        del page.notebook.metadata["language_info"]
    elif what == "errors allowed":
        page.notebook.metadata["execution"] = {"allow_errors": True}
    elif what == "a cell may raise":
        cells["budget01"].metadata.tags.append("raises-exception")
    elif what == "too large":
        cells["seed0001"].outputs[0].data["image/png"] = "A" * 2_000_001


SPOILT = {
    "no hero": "show no picture",
    "no alt text": "has no alt text",
    "no claims": "nothing is proved",
    "two budgets": "here 2 are tagged",
    "adjacent code": "prose must stand",
    "two claim cells in a row": "prose must stand",
    "a guess that nothing answers": "no code cell follows",
    "five exercises": "2 to 4 are what",
    "twins": "2 cells are called",
    "odd id": "a cell id has",
    "no slides": "nothing about slides",
    "section in the middle of a slide": "its slide_type is `slide`",
    "another kernel": "must be python3",
    "another language": "must be python.",
    "errors allowed": "would hide",
    "a cell may raise": "allowed to raise",
    "too large": "2.0 MB are allowed",
}


@pytest.mark.filterwarnings("ignore::nbformat.validator.DuplicateCellId")
@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_page_is_noticed(page, what):
    spoil(page, what)
    assert SPOILT[what] in "\n".join(faults(page))


@pytest.mark.filterwarnings("ignore::nbformat.validator.DuplicateCellId")
def test_every_rule_has_been_broken(page):
    broken = set()
    for cell_id, old, new, _ in CHANGES.values():
        other = anatomy.Page(page.path, copy.deepcopy(page.notebook))
        (cell,) = [cell for cell in other.cells if cell.id == cell_id]
        cell.source = cell.source.replace(old, new)
        broken |= {rule for rule in anatomy.RULES if list(rule(other))}
    for what in SPOILT:
        other = anatomy.Page(page.path, copy.deepcopy(page.notebook))
        spoil(other, what)
        broken |= {rule for rule in anatomy.RULES if list(rule(other))}
    assert broken == set(anatomy.RULES)


def chain(folder, **links):
    paths = []
    for name, (previous, following) in links.items():
        text = f"[previous]({previous}.ipynb) · [next]({following}.ipynb)"
        path = folder / f"{name}.ipynb"
        path.write_text(notebooks.nbformat.writes(new_notebook(cells=[new_markdown_cell(text)])))
        paths.append(path)
    return paths


def test_a_broken_round_trip_is_noticed(tmp_path):
    whole = chain(tmp_path, start=("b", "a"), a=("start", "b"), b=("a", "start"))
    assert anatomy.course_faults(whole) == []
    beside = chain(tmp_path, gallery=("start", "start"))
    assert anatomy.course_faults([*whole, *beside]) == []
    skipped = chain(tmp_path, start=("b", "b"), a=("start", "b"), b=("start", "start"))
    assert "no chain of next links reaches a.ipynb" in "\n".join(anatomy.course_faults(skipped))
    one_way = chain(tmp_path, start=("b", "a"), a=("b", "b"), b=("a", "start"))
    assert "does not lead back" in "\n".join(anatomy.course_faults(one_way))
    ends = chain(tmp_path, start=("b", "a"), a=("start", "b"), b=("a", "b"))
    assert "back to start.ipynb" in "\n".join(anatomy.course_faults(ends))
    assert "has no start.ipynb" in "\n".join(anatomy.course_faults(whole[1:]))
