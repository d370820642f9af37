"""Tests that bite: change the code in thousands of small ways, and see which the tests notice.

    python -m tools.mutants [--jobs N] [tutlib/balls.py ...]

mutmut makes the mutants and runs the tests. tests/mutants.toml names the modules and their tests,
and gives a reason for every mutant that may live.
"""

import argparse
import json
import os
import shutil
import sys
import tomllib
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutants"  # `make clean` removes it; git, ruff and pytest pass it by
LIST = ROOT / "tests" / "mutants.toml"
KILLED = ROOT / "tests" / "mutants-killed.json"  # of the last full run; the front page shows it
WANTED = 90  # per cent killed, of those that are not equivalent
REASONS = ("equivalent", "wording", "speed", "device")  # device: only a GPU could tell
ALIVE = ("survived", "no tests")  # all else is death, a KeyboardInterrupt let through as well


def main(words):
    parser = argparse.ArgumentParser(prog="tools.mutants")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("modules", nargs="*")
    asked = parser.parse_args(words)
    said = tomllib.loads(LIST.read_text(encoding="utf-8"))
    chosen = asked.modules or ["*"]
    tests = {module: files for module, files in said["tests"].items()
             if any(fnmatch(module, name) for name in chosen)}  # fmt: skip
    if not tests:
        sys.exit(f"[tests] in {LIST.name} names none of these: {', '.join(chosen)}")
    lay_out()
    run(tests, asked.jobs, said.get("by_hand", []))
    found = list(mutants())
    if not asked.modules:
        keep(found)
    return report(found, said.get("accepted", []))


def lay_out():
    """A fresh folder with what mutmut copies: its memory does not notice a changed test."""
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "mutants").mkdir(parents=True)
    for name in ("tutlib", "tests", "tools", "pyproject.toml"):
        (WORK / name).symlink_to(ROOT / name)
    for name in ("data", "notebooks"):  # what the tests only read is not copied
        (WORK / "mutants" / name).symlink_to(ROOT / name)
    os.chdir(WORK)


def run(tests, jobs, by_hand):
    """Let mutmut mutate the modules, each one tried on its own tests (see `judges`)."""
    # A forked child can use neither the GPU nor the threads that its parent has started.
    os.environ.update(CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    os.environ["TUTLIB_ASSETS"] = "bundled"
    from mutmut import __main__ as mutmut

    from tools import mutate

    config = mutmut.config()
    config.only_mutate = list(tests)
    files = {rule.partition("::")[0] for rules in tests.values() for rule in rules}
    config.pytest_add_cli_args_test_selection = sorted(file for file in files if file[0] != "-")
    dotted = {module: module.removesuffix(".py").replace("/", ".") for module in tests}
    own = {dotted[module].removesuffix(".__init__"): tests[module] for module in tests}
    find_tests = mutmut.collect_or_load_stats

    def find_own_tests(*args, **options):
        find_tests(*args, **options)
        for function, found in mutmut.state().tests_by_mangled_function_name.items():
            rules = own[function.rpartition(".")[0]]
            found &= {test for test in found if judges(test, rules)}

    mutmut.collect_or_load_stats = find_own_tests
    mutate.extend(by_hand)
    mutmut._run([], jobs)


def judges(test, rules):
    """Whether a test takes part: a rule begins its name, and none with a "-" before it does."""
    told = [rule for rule in rules if test.startswith(rule.removeprefix("-"))]
    return bool(told) and not any(rule.startswith("-") for rule in told)


def mutants():
    """(module, function, was, now, fate) of every mutant."""
    from mutmut import __main__ as mutmut
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key as names_of

    for path in mutmut.walk_mutatable_files():
        data = mutmut.SourceFileMutationData(path=path)
        data.load()
        for key, exit_code in data.exit_code_by_key.items():
            diff = mutmut.get_diff_for_mutant(key, path=path).splitlines()[2:]
            lines = {sign: [line[1:].strip() for line in diff if line[0] == sign] for sign in "-+"}
            function, owner = names_of(key)
            where = path.as_posix(), f"{owner}.{function}" if owner else function
            fate = mutmut.status_by_exit_code[exit_code]
            yield *where, "\n".join(lines["-"]), "\n".join(lines["+"]), fate


def keep(found):
    """Write down for the front page how many mutants there were, and how many were killed."""
    fates = [fate for *_, was, now, fate in found if was or now]
    if fates and "not checked" not in fates:
        killed = sum(fate not in ALIVE for fate in fates)
        KILLED.write_text(
            json.dumps({"mutants": len(fates), "killed": killed}) + "\n", encoding="utf-8"
        )


def report(found, accepted):
    """Print the table and what is wrong; True if anything is."""
    reasons = {(a["module"], a["function"], a["was"], a["now"]): a["reason"].partition(":")[0]
               for a in accepted}  # fmt: skip
    wrong = [f"{key}: a reason begins with one of {REASONS}" for key, reason in reasons.items()
             if reason not in REASONS]  # fmt: skip
    if any(fate == "not checked" for *_, fate in found):
        wrong.append("It was stopped before the end.")
    modules = list(dict.fromkeys(module for module, *_ in found))
    print(f"\n{'module':30} mutants  killed survived timeouts equivalent  killed %")
    for module in [*modules, "all together"]:
        own = [entry for entry in found if module in (entry[0], "all together")]
        fates = Counter(fate for *_, was, now, fate in own if was or now)
        alive = [tuple(key) for *key, fate in own if fate in ALIVE and any(key[2:])]
        same = sum(reasons.get(key) == "equivalent" for key in alive)
        total = fates.total()
        killed = total - len(alive)
        share = 100 * killed / max(1, total - same)
        print(f"{module:30} {total:7} {killed:7} {len(alive):8} {fates['timeout']:8} "
              f"{same:10} {share:9.1f}")  # fmt: skip
        if share < WANTED:
            wrong.append(f"{module}: {share:.1f} % are killed, and {WANTED} % should be.")
    for *key, fate in found:
        if not any(key[2:]) and fate not in ALIVE:  # the one without a change
            wrong.append(f"{key[0]}: its tests fail without any change, too ({fate}).")
        elif any(key[2:]) and fate in ALIVE and tuple(key) not in reasons:
            wrong.append(entry(*key, f"?: {fate}"))
    known = {tuple(key) for *key, _ in found}
    for key in reasons:
        if key[0] in modules and key not in known:
            wrong.append("There is no such mutant any more:\n" + entry(*key, reasons[key]))
    print("", *wrong or ["Every survivor is listed."], sep="\n\n")
    return bool(wrong)


def entry(module, function, was, now, reason):
    """A survivor, as tests/mutants.toml wants it."""
    lines = [f'module = "{module}"', f'function = "{function}"', f"was = {quoted(was)}",
             f"now = {quoted(now)}", f'reason = "{reason}"']  # fmt: skip
    return "\n".join(["[[accepted]]", *lines])


def quoted(text):
    return f"'''\n{text}'''" if "\n" in text or "'" in text else f"'{text}'"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
