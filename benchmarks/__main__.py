"""The command: `python -m benchmarks`. Prints Markdown on standard output, what it does on
standard error; with --publish, also writes docs/benchmarks.md and README.md."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from benchmarks import SECTIONS
from benchmarks.machine import described, versions
from benchmarks.measure import FailedError
from benchmarks.publish import ROOT, Figures, publish
from benchmarks.room import Room
from benchmarks.table import Section
from benchmarks.tools import prepare


def main(words: Sequence[str] | None = None) -> int:
    """Measure what was asked for, and print it."""
    options = _options(words)
    options.kept.mkdir(parents=True, exist_ok=True)
    tools = prepare(options.kept / "contenders", say)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=options.kept))
    try:
        room = Room(folder, options.kept / "archives", tools, say, options.networks)
        ran = versions(tools)
        tried = {name: _section(name, room, options.rounds, ran) for name in options.only}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    done = {name: section for name, section in tried.items() if section}
    figures = Figures(described(), done)
    sys.stdout.write(figures.markdown())
    if options.publish:
        publish(ROOT, figures)
    return 0 if len(done) == len(tried) else 1


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--rounds", type=int, default=5, help="of each contender (5)")
    parser.add_argument(
        "--kept", type=Path, default=_default_folder(), help="archives, contenders, scratch space"
    )
    parser.add_argument(
        "--networks",
        type=Path,
        nargs="+",
        default=(),
        help="archives that smoke measures besides the embedded network's",
    )
    parser.add_argument(
        "--publish", action="store_true", help="also write docs/benchmarks.md and README.md"
    )
    return parser.parse_args(words)


def _default_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("tod-tf2-benchmarks", appauthor=False))


def _section(name: str, room: Room, rounds: int, ran: Sequence[str]) -> Section | None:
    """The section of this name; None if it failed, which is told."""
    say(f"{name} …")
    measure: Callable[[Room, int], Section] = import_module(f"benchmarks.{name}").section
    try:
        measured = measure(room, rounds)
    except FailedError as error:
        say(f"{name} failed: {error}")
        return None
    how_often = measured.remark or f"{rounds} round{'' if rounds == 1 else 's'}"
    remark = f"{how_often}; load {os.getloadavg()[0]:.1f} at the end"
    return replace(measured, remark=remark, versions=ran)


def say(line: str) -> None:
    """Tell what is being done."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
