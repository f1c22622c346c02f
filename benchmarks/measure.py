"""Running things and taking their time.

A contender's rounds alternate with the others': what a machine does besides hits all alike.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Left out: what would send traffic elsewhere, or make the contenders write other files.
UNWANTED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "TOD_CACHE", "TOD_OFFLINE")


@dataclass(frozen=True)
class Sample:
    """One run: seconds by the clock and on the processors, and what it printed."""

    wall: float
    cpu: float
    out: str = ""


@dataclass(frozen=True)
class Contender:
    """Something to be timed.

    Attributes:
        name: its row.
        run: does it once; is timed by what it returns.
        prepare: makes the next round's start; is not timed.
    """

    name: str
    run: Callable[[], Sample]
    prepare: Callable[[], object] = lambda: None


class FailedError(Exception):
    """A contender did not do its work: its time means nothing."""


def environment(**more: str) -> dict[str, str]:
    """What every contender gets: no proxies, no settings of the surroundings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in UNWANTED and not name.lower().endswith("_proxy")
    }
    return {**kept, "NO_COLOR": "1", **more}


def process(
    command: Sequence[str], folder: Path, surroundings: Mapping[str, str] | None = None
) -> Sample:
    """Run a command to its end.

    Raises:
        FailedError: it ended with another exit code than 0.
    """
    began = time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(surroundings or environment()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert child.stdout is not None
    out = child.stdout.read().decode(errors="replace")
    child.returncode, usage = _ended(child.pid)
    wall = time.perf_counter() - began
    child.stdout.close()
    if child.returncode:
        raise FailedError(f"{' '.join(command)[:200]} ended with {child.returncode}: {out[-2000:]}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, out)


# A process counts as its own the peak of the one that started it, so a small one starts it here.
PEAK = """
import os, sys
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
print()
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_memory(
    command: Sequence[str], folder: Path, surroundings: Mapping[str, str] | None = None
) -> int:
    """The most bytes that a command, or the largest process that it starts, has in memory.

    Raises:
        FailedError: it ended with another exit code than 0.
    """
    sample = process([sys.executable, "-S", "-c", PEAK, *command], folder, surroundings)
    return int(sample.out.splitlines()[-1]) * (1 if sys.platform == "darwin" else 1024)


def _ended(pid: int) -> tuple[int, resource.struct_rusage]:
    """The exit code, and the usage of the process with all that it waited for."""
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage


def timed(work: Callable[[], object]) -> Sample:
    """Run a function of this process."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return Sample(time.perf_counter() - began, time.process_time() - cpu)


def interleave(
    contenders: Sequence[Contender], rounds: int, say: Callable[[str], None] = lambda _: None
) -> dict[str, list[Sample]]:
    """Every contender `rounds` times, in turn; each round begins with another one.

    What earlier runs left to be written is written before the next begins.
    """
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        first = number % len(contenders) if contenders else 0
        for contender in (*contenders[first:], *contenders[:first]):
            contender.prepare()
            os.sync()
            sample = contender.run()
            samples[contender.name].append(sample)
            say(f"  {number + 1}/{rounds} {contender.name}: {sample.wall:.3f} s")
    return samples


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")
