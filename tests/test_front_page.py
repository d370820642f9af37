"""The numbers on the front page are those of the lessons."""

import json
import re

import nbformat
import pytest

from tools import course, front_page, mutants, notebooks, pages, render


def lesson(card="20 s of computing on two cores", printed="✔ one\n✔ two\n", tags=("claim",)):
    out = nbformat.v4.new_output("stream", name="stdout", text=printed)
    cell = nbformat.v4.new_code_cell("claim(...)", outputs=[out], metadata={"tags": list(tags)})
    head = nbformat.v4.new_markdown_cell(
        f"# A lesson\n\n| time |\n|---|\n| 5 min of reading, {card} |"
    )
    return nbformat.v4.new_notebook(cells=[head, cell])


def test_the_readme_shows_what_the_lessons_hold():
    assert front_page.faults() == []  # else its sentence says what mends it
    assert front_page.main(["--check"]) == 0


def test_they_are_counted_and_agree_with_another_count():
    told = front_page.numbers()
    paths = [path for path in notebooks.find() if path.parent != notebooks.FOLDER]
    assert int(told["lessons"]) == len(paths)
    assert int(told["chapters"]) == len({path.parent for path in paths}) == len(course.chapters())
    claims = sum(
        line.removeprefix("\x1b[32m").startswith("✔")
        for path in paths
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if "claim" in cell["metadata"].get("tags", ())
        for out in cell["outputs"]
        for line in "".join(out.get("text", "")).splitlines()
    )
    assert int(told["claims proved"]) == claims > 3 * len(paths)
    assert 20 <= int(told["computing on two cores"].split()[0]) <= 1.5 * len(paths)


def test_the_books_first_page_shows_them_too():
    page = pages.index()
    assert front_page.table() in page
    assert "<!--" not in page


def test_old_numbers_are_found_and_mended(monkeypatch, tmp_path, capsys):
    text = front_page.README.read_text(encoding="utf-8")
    old = re.sub(r"^\| 6 \| \d+", "| 6 | 3", text, flags=re.M)
    assert old != text
    monkeypatch.setattr(front_page, "README", tmp_path / "README.md")
    front_page.README.write_text(old, encoding="utf-8")
    assert render.main(["--check"]) == 1
    assert "`python -m tools.front_page` counts them again" in capsys.readouterr().out
    assert front_page.main([]) == 0
    assert front_page.README.read_text(encoding="utf-8") == text
    assert front_page.faults() == []
    front_page.README.write_text("No place for numbers.", encoding="utf-8")
    with pytest.raises(ValueError, match="once each"):
        front_page.write()


def test_whoever_tidies_a_lesson_counts_again_and_nobody_else(monkeypatch, tmp_path):
    counted = []
    monkeypatch.setattr(front_page, "main", lambda words: counted.append(words) or 0)
    for name in ("normalise_file", "check"):
        monkeypatch.setattr(render, name, lambda path: [])
    other = tmp_path / "a.ipynb"
    nbformat.write(lesson(), other)
    ours = str(notebooks.FOLDER / "start.ipynb")
    for words, done in {
        ("--normalise", str(other)): [], ("--normalise", ours): [[]], ("--normalise",): [[]],
        ("--check", ours): [], ("--check",): [["--check"]],
    }.items():  # fmt: skip
        counted.clear()
        assert render.main(list(words)) == 0
        assert counted == done


def test_only_a_claim_that_held_counts():
    assert front_page.ticks(lesson()) == 2
    assert front_page.ticks(lesson(printed="✘ one\n")) == 0
    assert front_page.ticks(lesson(tags=())) == 0


def test_minutes_come_from_the_cards():
    cards = {"a": lesson(), "b": lesson("a minute of computing on one core, 3 s on a GPU"),
             "c": lesson("2 min of computing on two cores")}  # fmt: skip
    assert front_page.minutes(cards, front_page.ON_CPU) == "3 minutes"  # 200 s
    with pytest.raises(ValueError, match=r"\['a', 'c'\]"):
        front_page.minutes(cards, front_page.ON_GPU)
    assert front_page.minutes({"a": lesson()}, front_page.ON_GPU) == "not measured"
    assert front_page.minutes({"b": cards["b"]}, front_page.ON_GPU) == "0 minutes"


def test_mutants_are_shown_once_a_full_run_has_counted_them(monkeypatch, tmp_path):
    for module in (mutants, front_page):
        monkeypatch.setattr(module, "KILLED", tmp_path / "killed.json")
    assert "mutants killed" not in front_page.numbers()
    fates = ["killed"] * 1470 + ["survived"] * 29 + ["timeout"]
    found = [("a.py", "f", f"was {n}", "now", fate) for n, fate in enumerate(fates)]
    mutants.keep([*found, ("a.py", "f", "", "now too", "not checked")])  # it was stopped
    assert "mutants killed" not in front_page.numbers()
    mutants.keep([*found, ("a.py", "f", "", "", "survived")])  # the one without a change
    assert front_page.numbers()["mutants killed"] == "98 % of 1,500"
    assert front_page.table().splitlines()[0].endswith("| mutants killed |")
