"""The command: `python -m benchmarks`. Prints Markdown on standard output, what it does on
standard error."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from pathlib import Path

from benchmarks.measure import FailedError
from benchmarks.room import Room
from benchmarks.table import Section, markdown
from benchmarks.tools import Tools, prepare

SECTIONS = ("install", "memory", "noop", "drift", "smoke", "parallel")
VERSIONS = ("doit", "isal", "requests", "msgspec", "tensorflow", "keras")


def main(words: Sequence[str] | None = None) -> int:
    """Measure what was asked for, and print it."""
    options = _options(words)
    options.kept.mkdir(parents=True, exist_ok=True)
    tools = prepare(options.kept / "contenders", say)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=options.kept))
    try:
        room = Room(folder, options.kept / "archives", tools, say)
        done = [_section(name, room, options.rounds) for name in options.only]
        sys.stdout.write(markdown(head(tools), [section for section in done if section]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(done) else 1


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--rounds", type=int, default=5, help="of each contender (5)")
    parser.add_argument(
        "--kept", type=Path, default=_default_folder(), help="archives, contenders, scratch space"
    )
    return parser.parse_args(words)


def _default_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("tod-tf2-benchmarks", appauthor=False))


def _section(name: str, room: Room, rounds: int) -> Section | None:
    """The section of this name; None if it failed, which is told."""
    say(f"{name} …")
    measure: Callable[[Room, int], Section] = import_module(f"benchmarks.{name}").section
    try:
        return measure(room, rounds)
    except FailedError as error:
        say(f"{name} failed: {error}")
        return None


def head(tools: Tools) -> list[str]:
    """What it was measured on, and against what."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    installed = ", ".join(f"{name} {metadata.version(name)}" for name in VERSIONS)
    lines = [
        f"{_processors()} processors ({_processor()}), {memory:.0f} GiB of memory, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        installed,
        "contenders: " + ", ".join(tools.versions()),
        f"load when it ended: {os.getloadavg()[0]:.1f}",
    ]
    if missing := tools.missing():
        lines.append(f"not here, so left out: {', '.join(missing)}")
    return lines


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "?")


def say(line: str) -> None:
    """Tell what is being done."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
