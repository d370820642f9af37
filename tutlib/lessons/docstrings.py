"""A real text that every machine of this course has: what libraries say about themselves.

Docstrings are read from the source files with `ast`; nothing is imported. The names that would
give a library away are taken out. Which file (module) a docstring stands in is kept: a fair test
asks about modules that were never seen.
"""

from __future__ import annotations

import ast
import importlib.util
import random
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tutlib.check.inputs import check_count

LIBRARIES = ("torch", "scipy", "sklearn", "skimage")  # those with more than a hundred modules
GIVEAWAYS = ("torch", "numpy", "scipy", "sklearn", "scikit", "skimage", "matplotlib", "pyplot")
ALIASES = frozenset({"np", "plt", "mpl", "sp", "pt"})
HALVES = ("first", "second")
LARGEST = 60_000  # characters: a long file costs time, and is one module all the same
WORD = re.compile(r"[a-z]{2,}")
TWO_WORDS = re.compile(r"scikit[\W_]*(learn|image)")  # a name whose second half is a word as well


@dataclass(frozen=True)
class Text:
    """A docstring: its first words, the library (a number), the module it stands in."""

    words: tuple[str, ...]
    label: int
    module: str


def masked_words(docstring: str) -> list[str]:
    """The words of a docstring, in small letters, without examples and without giveaways.

    Example:
        >>> masked_words("Like np.sum in NumPy, but faster.\\n>>> torch.sum(x)")
        ['like', 'sum', 'in', 'but', 'faster']
    """
    lines = (line for line in docstring.split("\n") if not line.lstrip().startswith((">>>", "...")))
    return [word for word in WORD.findall(TWO_WORDS.sub(" ", "\n".join(lines).lower()))
            if word not in ALIASES and not any(name in word for name in GIVEAWAYS)]  # fmt: skip


def docstrings(libraries: Sequence[str] = LIBRARIES, *, count: int = 400, length: int = 40,
               per_module: int = 8, half: str | None = None, seed: int = 0
               ) -> list[Text]:  # fmt: skip
    """About `count` docstrings of each library, each cut after `length` words; no text twice.

    Args:
        libraries: names that can be imported; the labels are their places in this list.
        count: docstrings of each; there may be fewer, if the library has no more.
        length: shorter docstrings are left out.
        per_module: at most so many from one file.
        half: "first" or "second": only one half of the modules, always the same one on every
            machine, so that settings can be chosen on modules that are never examined.
        seed: of the order in which files are read.

    Raises:
        ValueError: if a number is too small; ModuleNotFoundError: if a library is not installed.

    Example:
        >>> texts = docstrings(["numpy"], count=20, length=30)
        >>> len(texts[0].words), texts[0].label, texts[0].module.startswith("numpy/")
        (30, 0, True)
    """
    for name, value in (("count", count), ("length", length), ("per_module", per_module)):
        check_count(name, value, 1)
    if half not in (None, *HALVES):
        raise ValueError(f'half must be "first", "second" or None, not {half!r}.')
    found, known = [], set()
    for label, library in enumerate(libraries):
        mine = []
        for file in _files(library, half, seed):
            texts = [Text(words[:length], label, file[0]) for words in _read(file[1], length)]
            texts = [t for t in dict.fromkeys(texts) if t.words not in known]
            random.Random(seed).shuffle(texts)
            mine += texts[:per_module]
            known.update(t.words for t in texts)
            if len(mine) >= count:
                break
        found += mine[:count]
    return found


def split_by_module(texts: Sequence[Text], shares: Mapping[str, int], rest: str, seed: int = 0
                    ) -> dict[str, list[Text]]:  # fmt: skip
    """Parts that share no module: so many texts of each library, and all others.

    The first part named is made of one text from each of its modules.

    Args:
        shares: name of a part -> texts of each library (at least so many, whole modules);
        rest: the name of the part that gets the remaining modules.

    Example:
        >>> texts = [Text(("a", "b"), 0, f"m{k}") for k in range(4)]
        >>> {name: len(part) for name, part in
        ...  split_by_module(texts, {"labelled": 1, "test": 2}, "unlabelled").items()}
        {'labelled': 1, 'test': 2, 'unlabelled': 1}
    """
    parts: dict[str, list[Text]] = {name: [] for name in (*shares, rest)}
    chance, first = random.Random(seed), next(iter(shares))
    for label in sorted({text.label for text in texts}):
        modules: dict[str, list[Text]] = {}
        for text in texts:
            if text.label == label:
                modules.setdefault(text.module, []).append(text)
        order, filled = sorted(modules), dict.fromkeys(shares, 0)
        chance.shuffle(order)
        for module in order:
            name = next((name for name in shares if filled[name] < shares[name]), rest)
            chosen = modules[module][:1] if name == first else modules[module]
            parts[name] += chosen
            if name != rest:
                filled[name] += len(chosen)
    return parts


def _files(library: str, half: str | None, seed: int) -> list[tuple[str, Path]]:
    """(name of the module, file) of a library without its tests, in an order by chance."""
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"there is no library called {library} to read in.")
    root = Path(spec.origin).parent
    files = [(file.relative_to(root.parent).as_posix(), file) for file in root.rglob("*.py")]
    files = sorted((name, file) for name, file in files if "test" not in name
                   and half in (None, HALVES[zlib.crc32(name.encode()) % 2]))  # fmt: skip
    random.Random(seed).shuffle(files)
    return files


def _read(file: Path, length: int) -> list[tuple[str, ...]]:
    """All docstrings of functions and classes in a file that are long enough, as words."""
    source = file.read_text(encoding="utf-8", errors="ignore")
    if len(source) > LARGEST or '"""' not in source:
        return []
    words = (tuple(masked_words(text)) for text in _said(ast.parse(source)))
    return [found for found in words if len(found) >= length]


def _said(tree: ast.Module | ast.ClassDef) -> Iterator[str]:
    """The docstrings of functions, classes and their methods; what stands inside a function is
    not looked through, which would take twice the time."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield ast.get_docstring(node) or ""
        if isinstance(node, ast.ClassDef):
            yield from _said(node)
