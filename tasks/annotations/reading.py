"""Files of other people: what stands under a name may be a pipe, a link to nothing, or huge."""

from __future__ import annotations

import os
import stat
from pathlib import Path

LARGEST = 256_000_000  # bytes of anything that is read whole or hashed
FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def is_file(path: Path) -> bool:
    """Whether it is a file, links followed; false also for what can't be looked at."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def state(path: Path) -> tuple[int, int]:
    """Size and time of change in nanoseconds, links followed where they lead anywhere.

    Raises:
        OSError: it is not there, or can't be looked at.
    """
    try:
        status = os.stat(path)
    except OSError:
        status = os.lstat(path)
    return status.st_size, status.st_mtime_ns


def head(path: Path, most: int) -> bytes:
    """The file, or one byte more than `most` of it. A pipe is not waited for.

    Raises:
        ValueError: it is no file.
        OSError: it can't be read.
    """
    try:
        descriptor = os.open(path, FLAGS)
    except FileNotFoundError:
        if path.is_symlink():
            raise ValueError("it is a link that leads nowhere") from None
        raise
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no file")
        return file.read(most + 1)
