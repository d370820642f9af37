"""Make the lectures: a reveal.js deck of every lesson, in build/slides, from the same notebooks.

    python -m tools.slides [NUMBER ...]        all decks, or those of 2.1, 2.3, ...

A deck shows what a hall can read: headings, formulas, guesses, code, figures, panels, and of a
paragraph its first words; all of the prose is in the presenter's notes (key S). book/slides/deck.js
lays the blocks out when a deck is opened, so that each slide fits 1280 x 720 with any font. Nothing
is asked from any host.
"""

from __future__ import annotations

import html
import importlib.util
import re
import shutil
import sys
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tools import course
from tools.book import MATHJAX, mathjax

OUT = course.ROOT / "build" / "slides"
OURS = course.ROOT / "book" / "slides"
REVEAL = ("dist/reveal.css", "dist/reveal.js", "plugin/notes")
SHORT = 190  # characters of a paragraph that a slide shows
LEFT_OUT = ("references",)  # sections for reading at home
ANSI = re.compile(r"\x1b\[[0-9;]*m")
CLAIMED = re.compile(r"^.*✔.*$", flags=re.M)


def main(words: list[str]) -> int:
    shutil.rmtree(OUT, ignore_errors=True)
    _copy_what_decks_share()
    chosen = [x for x in course.lessons() if not words or x.number in words]
    for lesson in chosen:
        (OUT / f"{lesson.path.stem}.html").write_text(deck(lesson), encoding="utf-8")
    (OUT / "index.html").write_text(index(chosen), encoding="utf-8")
    print(f"{OUT.relative_to(course.ROOT)}/index.html: {len(chosen)} lectures")
    return 0


def deck(lesson: course.Lesson) -> str:
    """The page of one lecture: blocks in order, which deck.js lays out on slides."""
    parts, leaving = [], False
    for cell in lesson.read().cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if cell.cell_type == "markdown" and (found := re.match(r"## +(\w+)", cell.source)):
            leaving = found[1].lower() in LEFT_OUT
        if kind == "skip" or leaving or "check.exercise(" in cell.source:
            continue
        blocks = prose(cell.source, lesson) if cell.cell_type == "markdown" else code(cell)
        if kind == "notes":
            blocks = said(cell.source)
        begins = ' data-begins=""' if kind in ("slide", "subslide") else ""
        parts.append(f'<div class="cell"{begins}>\n{blocks}\n</div>')
    page = (OURS / "deck.html").read_text(encoding="utf-8")
    page = page.replace("TITLE", html.escape(lesson.name))
    return page.replace("<!-- cells -->", linked("\n".join(parts)))


def linked(text: str) -> str:
    """Links to lessons lead to their decks; other files of the course are not in the lecture."""
    text = re.sub(r'href="(?:[^":]*/)?([\w-]+)\.ipynb"', r'href="\1.html"', text)
    return re.sub(r'<a href="\.\./[^"]*">(.*?)</a>', r"\1", text)


def prose(source: str, lesson: course.Lesson) -> str:
    """A cell of prose: what a slide shows of it, then all of it as notes."""
    whole = re.sub(r"\n-{3,}\n.*\Z", "", source, flags=re.S)  # the links to the neighbours
    plain = re.sub(r"<details>.*?</details>", "", whole, flags=re.S)
    blocks = [block.strip() for block in re.split(r"\n\s*\n", plain) if block.strip()]
    made = []
    for block, following in zip(blocks, [*blocks[1:], ""]):
        if block.startswith("# "):
            block = f"# {lesson.name}"
        if block.startswith("|") and "you will learn" in block.split("\n")[0].lower():
            continue  # the card is for who reads alone
        made.append(shown(block, leads_on=following.startswith(("$$", "|", "- ", "1. "))))
    return "\n".join([*made, said(whole)])


def shown(block: str, leads_on: bool = False) -> str:
    """One block of prose as a slide has it."""
    if heading := re.match(r"(#+) +(.*)", block):
        size = min(len(heading[1]), 3)
        rest = block.partition("\n")[2].strip()
        head = f'<h{size} class="block head">{inline(heading[2])}</h{size}>'
        return head + ("\n" + shown(rest, leads_on) if rest else "")
    if block.startswith("**Predict.**"):
        text = inline(block.removeprefix("**Predict.**").strip().replace("\n", " "))
        return f'<div class="block predict"><b>Predict</b><p>{text}</p></div>'
    kind = "list" if re.match(r"[-*] |\d+\. ", block) else "table" if block[0] == "|" else "text"
    if kind == "text" and not block.startswith("$$"):
        block = beginning(" ".join(block.split("\n")), leads_on)
    return f'<div class="block {kind}">{MARKDOWN.render(block)}</div>'


def beginning(paragraph: str, leads_on: bool = False) -> str:
    """Its first sentences, about `SHORT` characters; where a formula follows, also its last one."""
    pieces = re.split(r"(?<=[.!?:;])\s+(?=[A-Z$*\"“(\[])", paragraph)
    sentences: list[str] = []
    for piece in pieces:  # what a formula, emphasis or a bracket holds together is one sentence
        open_ = sentences and any(sentences[-1].count(mark) % 2 for mark in ("$", "**", "`"))
        if open_ or (sentences and sentences[-1].count("(") > sentences[-1].count(")")):
            sentences[-1] += " " + piece
        else:
            sentences.append(piece)
    kept = 1
    while kept < len(sentences) and len(" ".join(sentences[: kept + 1])) <= SHORT:
        kept += 1
    if leads_on and kept < len(sentences):
        return " ".join([*sentences[: max(1, kept - 1)], sentences[-1]])
    return " ".join(sentences[:kept])


def code(cell: NotebookNode) -> str:
    """A cell of code and its outputs; of a claim only the ticks, of a panel only the panel.

    The code of these, and of what only prepares, is in the notes.
    """
    outputs = [block for block in map(output, cell.outputs) if block]
    listing = f'<div class="block code">{highlight(cell.source, PythonLexer(), FORMAT)}</div>'
    if "claim" in cell.metadata.get("tags", []):
        ticks = "\n".join(CLAIMED.findall(ANSI.sub("", _printed(cell))))
        figures = [block for block in outputs if 'class="block figure' in block]
        proved = f'<div class="block proved"><pre>{html.escape(ticks)}</pre></div>' if ticks else ""
        return "\n".join([*figures, proved, said(f"```\n{cell.source}\n```")])
    prepares = "check.seed()" in cell.source or "budget" in cell.metadata.get("tags", [])
    if prepares or any("data-tutlib-panel" in block for block in outputs):
        return "\n".join([*outputs, said(f"```\n{cell.source}\n```")])
    return "\n".join([listing, *outputs])


def output(out: NotebookNode) -> str:
    """One output as a block; "" for what a slide does not show."""
    data = out.get("data", {})
    if out.output_type == "stream":
        text = html.escape(ANSI.sub("", out.text).rstrip())
        return f'<div class="block printed"><pre>{text}</pre></div>'
    if "text/html" in data:
        return f'<div class="block panel">{data["text/html"]}</div>'
    for kind in ("image/jpeg", "image/png"):
        if kind in data:
            alt = html.escape(out.metadata.get(kind, {}).get("alt", ""), quote=True)
            source = f"data:{kind};base64,{data[kind].strip()}"
            return f'<div class="block figure"><img alt="{alt}" src="{source}"></div>'
    return ""


def said(source: str) -> str:
    """Presenter's notes."""
    return f'<div class="said">{MARKDOWN.render(source)}</div>'


def index(lessons: list[course.Lesson]) -> str:
    items = "\n".join(
        f'<li><a href="{x.path.stem}.html">{html.escape(x.name)}</a></li>' for x in lessons
    )
    page = (OURS / "index.html").read_text(encoding="utf-8")
    return page.replace("<!-- lectures -->", items)


def inline(text: str) -> str:
    return MARKDOWN.renderInline(text)


def _printed(cell: NotebookNode) -> str:
    return "".join(out.text for out in cell.outputs if out.output_type == "stream")


def _formula(text: str, options: dict) -> str:
    left, right = (r"\[", r"\]") if options.get("display_mode") else (r"\(", r"\)")
    return f"{left}{html.escape(text)}{right}"


def _markdown() -> MarkdownIt:
    reader = MarkdownIt("commonmark").enable("table")
    return reader.use(dollarmath_plugin, renderer=_formula, double_inline=True)


def _copy_what_decks_share() -> None:
    OUT.mkdir(parents=True)
    reveal = Path(importlib.util.find_spec("sphinx_revealjs").origin).parent / "_static/revealjs"
    for root, names, folder in ((reveal, REVEAL, "reveal"), (mathjax(), MATHJAX, "mathjax")):
        for name in names:
            target = OUT / folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (root / name).is_dir() else shutil.copy)(root / name, target)
    shutil.copy(OURS / "deck.js", OUT)
    colours = FORMAT.get_style_defs(".code")
    (OUT / "deck.css").write_text((OURS / "deck.css").read_text("utf-8") + colours, "utf-8")


MARKDOWN = _markdown()
FORMAT = HtmlFormatter(style="a11y-high-contrast-light", nowrap=False)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
