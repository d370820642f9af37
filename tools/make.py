"""Everything that `make` can do, in plain Python: the Makefile asks this file, Windows has no make.

    python -m tools.make TASK [NAME=VALUE ...]       py -m tools.make gpu TESTS=tests/test_balls.py

Each task sets up what it needs in `.venv` first (`tools/setup_env.py`). What a task can be told
(`SETTINGS`) comes as NAME=VALUE, or from the environment, which is how make hands it on. Standard
library only, and readable by Python 3.6, so that an old Python is told what is missing.
"""

import glob
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tools import setup_env

ROOT = setup_env.ROOT
SETTINGS = {
    "PORT": "8888",  # of JupyterLab
    "OPTIONS": "",  # more words for JupyterLab, or for the comparison with other libraries
    "TESTS": "tests",  # which tests
    "BASE": "",  # the commit that `check` compares with
    "NOTEBOOK": "",  # the one to render
    "MUTANTS": "",  # the modules to change
    "JOBS": "2",  # mutants tried at the same time
    "TORTURE": "1000",  # wrong inputs for each public function
}
# Under test two notebooks run side by side, one thread each: more threads than cores are slower.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
UTF8 = {"PYTHONUTF8": "1"}  # what is printed and read is UTF-8, also where Windows says otherwise
PYTEST = ("pytest", "-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder")
TORTURED = ("torture", "downloads", "lessons_under_stress")
NO_TESTS = 5  # pytest's word for it: some tests run only without a GPU, some only with one
# Freed memory is kept. Otherwise glibc hands it back between two calls or not, as it happens, and
# whoever comes next pays for asking again: up to half of the floor's own time.
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_MMAP_THRESHOLD_": "33554432"}
LEFT_BEHIND = (".pytest_cache", ".ruff_cache", ".hypothesis", "build", "tutlib.egg-info")


# ---------------------------------------------------------------- the tasks, as `help` shows them


def lab():
    """Open the course in JupyterLab (PORT=9000 for another port)"""
    words = ["--lab", "--port=" + said("PORT"), *several("OPTIONS")]
    return run(sys.executable, "-m", "tools.setup_env", *words)


def test():
    """Run every test (TESTS=tests/test_balls.py for some), and what `gpu` runs"""
    return set_up("test", "book") or fine_without_tests(course(*PYTEST, *several("TESTS"))) or gpu()


def check():
    """For every day: ruff, anatomy, tests that a change can reach; two minutes (BASE=HEAD~3)"""
    return set_up("test") or course("tools.changed", *several("BASE"))


def gpu():
    """Run what a GPU could change, on a GPU: a pretended one if there is none (TESTS=...)"""
    words = (*PYTEST, "-p", "tests.pretend_gpu", *several("TESTS"))
    return set_up("test") or fine_without_tests(course(*words))


def render():
    """Run the notebooks and write them back with outputs (NOTEBOOK=path for one)"""
    return set_up("test") or course("tools.render", *filter(None, [said("NOTEBOOK")]))


def book():
    """Make the book of the course, a static site: build/book/index.html"""
    return set_up("book") or course("tools.book")


def slides():
    """Make a lecture of every lesson: build/slides/index.html"""
    return set_up("book") or course("tools.slides")


def mutants():
    """Change the code in small ways: do the tests notice? (MUTANTS=tutlib/balls.py)"""
    if os.name == "nt":
        return "The tool that makes the mutants needs Linux or macOS: there is WSL for that."
    words = ("--jobs", said("JOBS"), *several("MUTANTS"))
    return set_up("test", "mutants") or course("tools.mutants", *words)


def torture():
    """Wrong input by the thousand (TORTURE=5000), then hours of lessons under bad conditions"""
    words = (*PYTEST, "--stress", *(f"tests/test_{name}.py" for name in TORTURED))
    return set_up("test") or course(*words, TORTURE=said("TORTURE"))


def bench():
    """Compare with other libraries, into benchmarks/README.md (OPTIONS="--rounds 3": rougher)"""
    peers = setup_env.python_of(ROOT / "benchmarks" / ".venv")
    words = (peers, "-m", "benchmarks.run", *several("OPTIONS"))
    settings = dict(ONE_THREAD, **KEEP_MEMORY)
    return set_up() or course("benchmarks.set_up") or run(*words, **settings)


def clean():
    """Remove .venv, caches and what was built"""
    if Path(sys.prefix).resolve() == setup_env.VENV.resolve():
        return "A Python cannot remove the .venv it runs in: take the one that .venv was made with."
    caches = (path for path in ROOT.rglob("__pycache__") if path.is_dir())
    for folder in [setup_env.VENV, *(ROOT / name for name in LEFT_BEHIND), *caches]:
        if folder.exists():
            shutil.rmtree(str(folder))
    return 0


TASKS = {
    task.__name__: task
    for task in (lab, test, check, gpu, render, book, slides, mutants, torture, bench, clean)
}


# ---------------------------------------------------------------- how they are run


def main(words):
    """Do the tasks in turn, up to the first that fails; its exit status."""
    told = [word for word in words if "=" in word]
    tasks = [word for word in words if "=" not in word]
    strange = [word for word in tasks if word not in TASKS]
    strange += [word for word in told if word.partition("=")[0] not in SETTINGS]
    if strange or not tasks:
        print(usage())
        return "Not known here: " + ", ".join(strange) if strange else 0
    os.environ.update(word.split("=", 1) for word in told)
    os.chdir(str(ROOT))
    for name in tasks:
        status = TASKS[name]()
        if status:
            return status
    return 0


def usage():
    """Every task, and what it does."""
    lines = ["python -m tools.make TASK [NAME=VALUE ...]   (or: make TASK [NAME=VALUE ...])", ""]
    return "\n".join(lines + [f"  {name:9} {TASKS[name].__doc__}" for name in TASKS])


def said(name):
    """A setting: from the command line or the environment, else its usual value."""
    return os.environ.get(name) or SETTINGS[name]


def several(name):
    """A setting of several words, quoted as in a shell; what stands for files becomes their names.

    On Windows `tests\\test_balls.py` is a path, too.
    """
    text = said(name)
    text = text.replace("\\", "/") if os.name == "nt" else text
    return [found for word in shlex.split(text) for found in sorted(glob.glob(word)) or [word]]


def set_up(*extras):
    """Bring .venv up to date; 0 if it is."""
    words = [part for extra in extras for part in ("--extra", extra)]
    return run(sys.executable, "-m", "tools.setup_env", *words)


def course(module, *words, **environment):
    """Run a module with the course's own Python, on one thread."""
    settings = dict(ONE_THREAD, **environment)
    return run(setup_env.python_of(setup_env.VENV), "-m", module, *words, **settings)


def fine_without_tests(status):
    return 0 if status == NO_TESTS else status


def run(*words, **environment):
    """Run a command to its end, whatever keys are pressed meanwhile; its exit status."""
    sys.stdout.flush()
    settings, running = dict(os.environ, **dict(UTF8, **environment)), []
    # Ctrl-C reaches the child, too, which knows what to do; who ends this one ends both.
    meanwhile = {
        signal.SIGINT: lambda *_: None,
        signal.SIGTERM: lambda *_: [child.terminate() for child in running],
    }
    before = {sign: signal.signal(sign, handler) for sign, handler in meanwhile.items()}
    try:
        running.append(subprocess.Popen([str(w) for w in words], cwd=str(ROOT), env=settings))
        status = running[0].wait()
        return status if status >= 0 else 128 - status  # as a shell says it
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
