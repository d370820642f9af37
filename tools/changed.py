"""Quick tests of what has changed: what `make check` runs, in two minutes on two cores.

    python -m tools.changed [BASE]     BASE: a commit (default: where origin/main was left)

Ruff, the anatomy of all notebooks, and the test files that a change can reach: those that changed,
and those that import, over however many modules, something that did. `make test` does the rest.
"""

from __future__ import annotations

import ast
import math
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET, USUAL = 60.0, 2.0  # seconds of tests, and of a test file that is not in this list
SECONDS = {f"tests/test_{name}.py": seconds for seconds, names in {
    0.5: "attacks_leave_no_trace changed check clock exercises files gan_exercises inputs nets "
         "photos pgd_is_short",
    1: "anatomy attacks balls descent diagnose environment examples render",
    4: "downloads house",
    10: "cli gan lesson_1_2 lesson_2_2 lessons_robust style training",
    25: "lesson_6_1 notebooks panel risk world",
    60: "lessons_with_the_pig",
    # Real data, nets as published, whole training runs, other devices: left to `make test`.
    math.inf: "bundled_shelf lessons_on_gpu mutants pretend_gpu published real_lessons real_shelf "
              "training_mnist",
}.items() for name in names.split()}  # fmt: skip
# These look at all files of a folder, and import none.
WATCH = {"tutlib/": "house examples", "tests/": "house clock", "notebooks/": "exercises"}
# Looked at when nothing has changed, and before all else when too much has.
CORE = [f"tests/test_{name}.py" for name in ("anatomy", "attacks", "balls", "descent", "house")]


def git(root: Path, *words: str) -> str:
    """What git prints; "" where it only complains."""
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def base_of(root: Path, wanted: str = "") -> str:
    """The commit to compare with: the one asked for, or where origin/main was left, or HEAD~1."""
    if wanted and not git(root, "rev-parse", "--verify", f"{wanted}^{{commit}}"):
        sys.exit(f"there is no commit {wanted!r} to compare with: `make check BASE=HEAD~1`, say.")
    return wanted or git(root, "merge-base", "HEAD", "origin/main") or "HEAD~1"


def changed_since(root: Path, base: str) -> set[str]:
    """Files that differ from `base` in the working tree, new and deleted ones too."""
    known = git(root, "diff", "--name-only", "--no-renames", base)
    new = git(root, "ls-files", "--others", "--exclude-standard")
    return {path for path in (*known.split("\n"), *new.split("\n")) if path}


def sources_in(root: Path) -> dict[str, str]:
    """{path: source} of all modules."""
    found = [path for room in ("tutlib", "tests", "tools") for path in (root / room).rglob("*.py")]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in found}


def dotted(path: str) -> str:
    """`tutlib/gan/ring.py` -> "tutlib.gan.ring", `tutlib/gan/__init__.py` -> "tutlib.gan"."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(path: str, source: str, known: set[str]) -> set[str]:
    """The modules a file imports; the submodule, where a name is one."""
    found, folder = set(), path.split("/")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = folder[: len(folder) - node.level + 1] if node.level else []
            stem = ".".join([*above, *filter(None, [node.module])])
            deeper = {f"{stem}.{alias.name}" for alias in node.names}
            found |= deeper | ({stem} if deeper - known else set())
    return found


def reached(sources: dict[str, str], changed: set[str]) -> set[str]:
    """The modules that changed, and those that import one of them, or name a changed file."""
    modules = {dotted(path): path for path in sources}
    if "tests/conftest.py" in changed:
        return set(sources)
    hit = {dotted(path) for path in changed if path.endswith(".py")}
    for path in changed:
        hit |= {dotted(other) for other, source in sources.items() if _name(path) in source}
        hit |= {"tutlib.assets"} if path.startswith("data/") else set()
        watching = [names for folder, names in WATCH.items() if path.startswith(folder)]
        hit |= {f"tests.test_{name}" for names in watching for name in names.split()}
    graph = {m: imports(path, sources[path], set(modules)) for m, path in modules.items()}
    while more := {m for m, needs in graph.items() if needs & hit} - hit:
        hit |= more
    return {modules[m] for m in hit if m in modules}


def _name(path: str) -> str:
    """What a test says that reads this file: of a lesson the number, of a module nothing."""
    name = Path(path).name
    if lesson := re.match(r"(\d+)-(\d+)-.*ipynb$|lesson_(\d+)_(\d+)\.py$", name):
        return '"' + "-".join(filter(None, lesson.groups())) + '"'
    return "no name of a file" if name.endswith(".py") else name


def chosen(tests: set[str], changed: set[str]) -> tuple[list[str], list[str]]:
    """(to run, to leave out): changed ones, the core, then the cheapest, while time lasts."""
    run, late, spent = [], [], 0.0
    cost = {path: SECONDS.get(path, USUAL) for path in tests}
    for path in sorted(tests, key=lambda t: (t not in changed, t not in CORE, cost[t], t)):
        fits = spent + cost[path] <= BUDGET
        spent += cost[path] if fits else 0
        (run if fits else late).append(path)
    return run, late


def main(words: list[str]) -> int:
    base = base_of(ROOT, *words[:1])
    changed = changed_since(ROOT, base)
    tests = {p for p in reached(sources_in(ROOT), changed) if p.startswith("tests/test_")}
    run, late = chosen(tests or set(CORE), changed)
    lessons = [p for p in sorted(changed) if p.endswith(".ipynb") and (ROOT / p).is_file()]
    print(f"{len(changed)} files differ from {git(ROOT, 'rev-parse', '--short', base) or base}.")
    pytest = ["pytest", "-q", "--disable-warnings", "-m", "not notebook and not browser"]
    pytest += ["-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]
    failed = [what for what, command in {
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "anatomy": ["tools.anatomy"],
        "changed notebooks as rendered": lessons and ["tools.render", "--check", *lessons],
        "units": run and [*pytest, *run],
    }.items() if command and _run(what, command)]  # fmt: skip
    core = "" if tests else " (the core: no test knows what changed)"
    slow = f"; and, too slow for now: `make test TESTS='{' '.join(late)}'`" if late else ""
    print(f"Tried: ruff, anatomy, {len(lessons)} changed notebooks, {len(run)} test files{core}.")
    print(f"Left out: runs of notebooks, browsers, real data, the GPU{slow}.")
    print(f"Failed: {', '.join(failed)}." if failed else "So far all is well.")
    return bool(failed)


def _run(what: str, command: list[str]) -> int:
    print(f"--- {what}", flush=True)
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
