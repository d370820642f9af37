"""Pages of the book that are made from what stands elsewhere: nothing is written down twice.

index.md          the welcome in book/index.md, with the numbers, and a card for each chapter
live.md           where the live panels are (`tools/live.py`)
glossary.md       from book/glossary.toml
bibliography.md   from book/bibliography.toml
reference/*.md    from the docstrings of `tutlib`, a page for each door of the house
"""

from __future__ import annotations

import importlib
import inspect
import tomllib
from types import ModuleType

from tools import course, front_page, live
from tools.notebooks import environment

BOOK = course.ROOT / "book"
PACKAGE = course.ROOT / "tutlib"
LIVE = {
    "pig-explorer": "Push every pixel of the pig, or of a photo of yours, by a little, and see "
    "when the net changes its mind.",
    "target-picker": "Choose what the pig shall become, and watch how sure the net is of both, "
    "step by step.",
    "one-step": "Drag a picture of two pixels about, and compare where the step by the gradient "
    "leads with the worst point of the ball.",
    "twins": "Run the same attack on two nets, one of which met an adversary while it learned.",
}
# A live panel without a frozen page in its lesson: the cell before which it stands, its heading.
ADDED = {
    "twins": (
        "## Watch it move",
        "### Live: attack the twins yourself\n\nHere are both twins, computed in your browser: "
        "attack the pig, another picture, or a photo of yours.",
    )
}


def all_pages() -> dict[str, str]:
    """{path: text} of every page that is made."""
    made = {"index.md": index(), "live.md": live_panels(), "glossary.md": glossary()}
    return made | {"bibliography.md": bibliography()} | reference()


def index() -> str:
    text = (BOOK / "index.md").read_text(encoding="utf-8")
    made = {"chapters": cards(), "numbers": front_page.table(), "contents": contents()}
    for name, part in made.items():
        text = text.replace(f"<!-- {name} -->", part)
    return text


def cards() -> str:
    """A card for each chapter: what the learner will do there, and its lessons."""
    lines = ["::::{grid} 1 1 2 2", ":gutter: 3", ""]
    for chapter in course.chapters():
        lines += [f":::{{grid-item-card}} {chapter.name}", "", f"You will {chapter.promise}.", ""]
        lines += [f"- [{lesson.name}]({lesson.place}.ipynb)" for lesson in chapter.lessons]
        lines += [":::", ""]
    return "\n".join([*lines, "::::"])


def contents() -> str:
    """The hidden trees of contents that the bar at the side shows."""
    names = {course.START: "The map of the course"}
    here = {x.path.stem: f"{names.get(x.path.stem, x.title)} <{x.place}>" for x in course.besides()}
    play = [here.pop("gallery"), "live"]
    first = list(here.values())
    trees = [_tree("", first)]
    trees += [_tree(c.name, [x.place for x in c.lessons]) for c in course.chapters() if c.lessons]
    last = ["glossary", "bibliography", "reference/index", "data/README"]
    return "\n".join([*trees, _tree("To play with", play), _tree("To look things up", last)])


def _tree(caption: str, places: list[str]) -> str:
    head = ["```{toctree}", ":hidden:"] + ([f":caption: {caption}"] if caption else [])
    return "\n".join([*head, "", *places, "```", ""])


def live_panels() -> str:
    """A card for each live panel: its name, what to do there, and the way to it."""
    where = {lesson.number: lesson for lesson in course.lessons()}
    lines = ["::::{grid} 1 1 2 2", ":gutter: 3", ""]
    with environment(TUTLIB_ASSETS="bundled"):  # as in tools/live.py
        titles = {name: make().title for name, (make, _) in live.PANELS.items()}
    for name, says in LIVE.items():
        _, number = live.PANELS[name]
        place = f"{where[number].place}.html#live-{name}"
        lines += [f":::{{grid-item-card}} {titles[name]}", "", says, ""]
        lines += [f'<a href="{place}">Open it in {where[number].name}</a>', ":::", ""]
    head = """# Live panels

Most panels of this book show answers that were computed before. In these four your browser computes
them while you move the controls. All but the two pixels take a photo of yours, which stays on your
machine: nothing is sent, and nothing needs to be installed.

"""
    return head + "\n".join([*lines, "::::", ""])


def glossary() -> str:
    """English and Korean side by side, with one line that says what it is, and where it is born."""
    with (BOOK / "glossary.toml").open("rb") as file:
        terms = tomllib.load(file)
    where = {lesson.number: lesson for lesson in course.lessons()}
    rows = ["| English | 한국어 | in one line | born in |", "|---|---|---|---|"]
    for term, entry in terms.items():
        korean = f'<span lang="ko">{entry["korean"]}</span>'
        link = f"[{entry['lesson']}]({where[entry['lesson']].place}.ipynb)"
        rows.append(f"| **{term}** | {korean} | {entry['says']} | {link} |")
    head = f"""# Glossary

The {len(terms)} words that the course is made of, in English and in Korean, each with the lesson
where it is born.

"""
    return head + "\n".join([":::{table}", ":class: glossary", "", *rows, ":::", ""])


def bibliography() -> str:
    """All works of all lessons, by first author, each with the lessons that cite it."""
    with (BOOK / "bibliography.toml").open("rb") as file:
        works = tomllib.load(file)
    where = {lesson.number: lesson for lesson in course.lessons()}
    lines = []
    for key, work in works.items():
        kind = f", {work['kind']}" if "kind" in work else ""
        cited = " · ".join(f"[{n}]({where[n].place}.ipynb)" for n in work["lessons"])
        lines.append(f"- <span id=\"{key}\"></span>{work['authors']}, *{work['title']}*{kind} "
                     f"({work['year']}). In {cited}.")  # fmt: skip
    head = f"""# Bibliography

The {len(works)} works that the lessons cite, each with the lessons that cite it.

"""
    return head + "\n".join(lines) + "\n"


def reference() -> dict[str, str]:
    """A page for each door of the house: its names, then those of the files behind it."""
    doors = sorted(path.stem for path in PACKAGE.iterdir() if not path.name.startswith("__"))
    made = {f"reference/{name}.md": door_page(name) for name in doors}
    lines = ["# Reference of `tutlib`", "", "A page for each door of the house.", ""]
    lines += ["| door | its idea |", "|---|---|"]
    lines += [f"| [`{name}`]({name}.md) | {_idea(_imported(name))} |" for name in doors]
    made["reference/index.md"] = "\n".join([*lines, "", _tree("", doors)])
    return made


def door_page(door: str) -> str:
    """What a door hands on, then what else is public in the files of its folder."""
    folder = PACKAGE / door
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else []
    behind = [
        path.relative_to(PACKAGE).with_suffix("") for path in files if path.stem != "__main__"
    ]
    names = [".".join(path.parts).removesuffix(".__init__") for path in behind]
    shown: set[int] = set()
    parts = [_section(door, shown, level=1)]
    parts += [_section(name, shown, level=2) for name in names if name != door]
    return "\n".join(filter(None, parts))


def _section(name: str, shown: set[int], level: int) -> str:
    """A module: its docstring, its names in a table, and each with its docstring and example."""
    module = _imported(name)
    entries = [entry for entry in _public(module) if id(entry[1]) not in shown]
    shown |= {id(thing) for _, thing in entries}
    if not entries and level > 1:
        return ""
    told = [entry for entry in entries if _home(entry[1]) == name.split(".")[0]]
    lines = [f".. automodule:: {module.__name__}", "   :no-members:", "   :no-index:", ""]
    lines += [f".. currentmodule:: {module.__name__}", ""]
    if told:
        lines += [".. autosummary::", "   :nosignatures:", "", *(f"   {n}" for n, _ in told), ""]
    for entry, thing in told:
        kind = "class" if inspect.isclass(thing) else "function"
        members = ["   :members:", "   :exclude-members: set"] if kind == "class" else []
        lines += [f".. auto{kind}:: {entry}", *members, ""]
    lines += ["```", "", *_also(module, [entry for entry in entries if entry not in told])]
    return "\n".join([f"{'#' * level} `{module.__name__}`", "", "```{eval-rst}", *lines])


def _also(module: ModuleType, entries: list[tuple[str, object]]) -> list[str]:
    """One line for what a module hands on from another door, and for its constants."""
    lines = []
    for name, thing in entries:
        home = _home(thing)
        kind = f"from [`{home}`]({home}.md)" if home else f"a {type(thing).__name__}"
        lines.append(f"- `{name}`, {kind}")
    return ["It also hands on:", "", *lines, ""] if lines else []


def _home(thing: object) -> str:
    """The door behind which a function or class was made; "" for a constant."""
    made = inspect.isclass(thing) or inspect.isroutine(thing)
    parts = (getattr(thing, "__module__", "") or "").split(".") if made else []
    return parts[1] if parts[:1] == ["tutlib"] else ""


def _public(module: ModuleType) -> list[tuple[str, object]]:
    """What a module hands on (`__all__`), or what is defined in it and told in a docstring."""
    if names := getattr(module, "__all__", None):
        return [(name, getattr(module, name)) for name in sorted(names, key=str.lower)]
    return [(name, thing) for name, thing in vars(module).items()
            if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
            and getattr(thing, "__doc__", "") and callable(thing)]  # fmt: skip


def _imported(name: str) -> ModuleType:
    return importlib.import_module(f"tutlib.{name}")


def _idea(module: ModuleType) -> str:
    """The first line of a module's docstring."""
    return (module.__doc__ or "").strip().split("\n")[0]
