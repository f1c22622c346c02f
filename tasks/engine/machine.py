"""What figures are measured on: without it they mean nothing."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from msgspec import Struct


class Machine(Struct, frozen=True, kw_only=True):
    """A machine, and what runs on it.

    Attributes:
        processor: the processor's name, as the system tells it.
        processors: how many TensorFlow may use, each with a thread of its own.
        memory: bytes of the whole machine; 0 if the system does not tell.
        system: operating system and architecture.
        python, tensorflow: versions.
    """

    processor: str
    processors: int
    memory: int
    system: str
    python: str
    tensorflow: str


def this_machine(tensorflow: str) -> Machine:
    """The machine that this process runs on; `tensorflow` is the version."""
    return Machine(
        processor=processor(),
        processors=processors(),
        memory=total_memory(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        tensorflow=tensorflow,
    )


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def processor() -> str:
    """The processor's name; its architecture where the system tells no name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def total_memory() -> int:
    """Bytes of memory that the machine has; 0 if the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no such call
        return 0
