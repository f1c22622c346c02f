"""Lists that are too long for the screen: the first lines are told, and a file holds them all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tasks.core.files import remove, write_atomic


def first_of(lines: Sequence[str], most: int, whole: Path) -> tuple[str, ...]:
    """The first lines, how many more there are, and the file that holds them all, which is written.
    A list that is short enough is told as it is, and has no such file."""
    more = len(lines) - most
    if more <= 0:
        with suppress(OSError):
            remove(whole)
        return tuple(lines)
    return (*lines[:most], f"and {more} more; all of them: {write_whole_list(lines, whole)}")


def write_whole_list(lines: Sequence[str], whole: Path) -> str:
    """Write the lines; the file's name, and why it can't be written, which hides nothing else."""
    try:
        write_atomic(whole, ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
    except OSError as error:
        return f"{whole.as_posix()} ({(error.strerror or 'it can not be written').lower()})"
    return whole.as_posix()
