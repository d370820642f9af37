"""The command line: `python -m tutlib doctor | fetch | progress | build | train`, `--version`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

from tutlib import __version__


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 0 when all is well, 1 otherwise (130: Ctrl-C)."""
    parser = argparse.ArgumentParser(prog="python -m tutlib", description=__doc__)
    parser.add_argument("--version", action="version", version=f"tutlib {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (_add_doctor, _add_fetch, _add_progress, _add_build, _add_train):
        add(commands)
    options = parser.parse_args(arguments)
    return options.run(options)


def _add_build(commands) -> None:
    from tutlib.assets.catalogue import SHIPPED

    build = commands.add_parser("build", help="make a bundled file anew, from a seed")
    build.add_argument("name", choices=[*SHIPPED, "cover"])
    build.add_argument("--seed", type=int, default=0, help="seed (default 0, the one that ships)")
    build.add_argument(
        "--measure-only",
        action="store_true",
        help="record the figures, and leave the shipped file as it is",
    )
    build.set_defaults(run=_build)


def _build(options: argparse.Namespace) -> int:
    os.environ["TUTLIB_ASSETS"] = "bundled"  # what ships is made from what ships
    begin = time.process_time()
    if options.name == "cover":  # a picture for the README: there is nothing to record
        from tutlib.lessons.cover import draw_cover

        print(json.dumps(draw_cover(options.seed), indent=1))
        return 0
    from tutlib.assets.build import make
    from tutlib.check.threads import leave_a_core

    leave_a_core()
    figures = make(options.name, options.seed, ship=not options.measure_only)
    print(json.dumps(figures, indent=1))
    print(f"{options.name}, seed {options.seed}: {time.process_time() - begin:.0f} CPU seconds")
    print(
        "the figures are in data/figures.json and in the tables of data/README.md", file=sys.stderr
    )
    return 0


def _add_doctor(commands) -> None:
    doctor = commands.add_parser("doctor", help="say what is here, what is missing, what to do")
    doctor.add_argument("--json", action="store_true", help="the same for a program to read")
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from tutlib.assets import doctor

    return doctor.main(options.json)


def _add_fetch(commands) -> None:
    from tutlib.assets.catalogue import ASSETS, megabytes

    listed = "; ".join(f"{a.name}: {a.purpose}, {megabytes(a.size)}" for a in ASSETS.values())
    fetch = commands.add_parser("fetch", help="get something real", description=listed)
    which = fetch.add_mutually_exclusive_group(required=True)
    which.add_argument("name", nargs="*", type=_known_asset, metavar="NAME", default=[])
    which.add_argument("--all", action="store_true", help="everything")
    fetch.set_defaults(run=_fetch)


def _known_asset(name: str) -> str:
    from tutlib.assets.catalogue import ASSETS

    if name not in ASSETS:
        known = ", ".join(ASSETS)
        raise argparse.ArgumentTypeError(f"there is no {name!r} to fetch; there are {known}")
    return name


def _fetch(options: argparse.Namespace) -> int:
    """Get what was named; a broken or missing one does not keep the others from being tried."""
    from tutlib.assets.catalogue import ASSETS, AssetError
    from tutlib.assets.download import DownloadError, NoAnswerError

    failed = 0
    for name in ASSETS if options.all else dict.fromkeys(options.name):
        try:
            print(_get(ASSETS[name]), flush=True)
        except NoAnswerError as error:
            print(f"{name}: {error}. Nothing more was tried.", file=sys.stderr)
            return 1
        except (DownloadError, AssetError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = 1
        except KeyboardInterrupt:
            print(f"\n{name}: stopped; the same command goes on from there.", file=sys.stderr)
            return 130
    return failed


def _get(asset) -> str:
    from tutlib.assets import doctor

    where = asset.find()
    if where is not None and not doctor.fault(asset.name):
        return f"{asset.name} is here already: {where}"
    return f"{asset.name} is here now, and verified: {asset.fetch()}"


def _add_progress(commands) -> None:
    from tutlib.lessons import solved

    words = "show which exercises you have solved; for a class, as a table"
    options = commands.add_parser("progress", help=words, description=words)
    solved.add_options(options)
    options.set_defaults(run=solved.main)


def _add_train(commands) -> None:
    from tutlib.assets.at_scale import add_options, train

    words = "train a net of your own, robustly, on as many processes as torchrun starts"
    options = commands.add_parser("train", help=words, description=words)
    add_options(options)
    options.set_defaults(run=train)


if __name__ == "__main__":
    raise SystemExit(main())
