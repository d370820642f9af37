"""The command line: `python -m tutlib doctor | fetch | build`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 0 when all is well, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tutlib", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_build(commands)
    options = parser.parse_args(arguments)
    return options.run(options)


def _add_build(commands) -> None:
    from tutlib import recipes

    build = commands.add_parser("build", help="make a bundled file anew, from a seed")
    build.add_argument("name", choices=recipes.names())
    build.add_argument("--seed", type=int, default=0, help="seed (default 0, the one that ships)")
    build.add_argument(
        "--measure-only",
        action="store_true",
        help="record the figures, and leave the shipped file as it is",
    )
    build.set_defaults(run=_build)


def _build(options: argparse.Namespace) -> int:
    from tutlib import recipes

    os.environ["TUTLIB_ASSETS"] = "bundled"  # what ships is made from what ships
    begin = time.process_time()
    figures = recipes.build(options.name, options.seed, ship=not options.measure_only)
    print(json.dumps(figures, indent=1))
    print(f"{options.name}, seed {options.seed}: {time.process_time() - begin:.0f} CPU seconds")
    print(
        "the figures are in data/figures.json and in the tables of data/README.md", file=sys.stderr
    )
    return 0
