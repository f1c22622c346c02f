"""Size, time of change and digest of each file as it was last read. A file of the same size and
time is taken to have the same digest; any other is read. This holds on one machine only, so it is
not part of a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from pathlib import Path

import msgspec
from msgspec import Struct

from tasks.core.files import (
    LARGEST_STATE,
    is_file,
    read_file,
    sha256_of,
    size_and_mtime,
    write_if_changed,
)


class Noted(Struct, frozen=True, array_like=True):
    """A file as it was last read: bytes, time of change in nanoseconds, digest."""

    size: int
    mtime: int
    sha256: str


class Memory(Struct, frozen=True):
    """The state of all files when the step last ended.

    Attributes:
        sources: `train` or `test` → name of a file, as shown (a name can be such that no JSON
            holds it) and as seen from the folder of pictures → what stood there.
        records: `train` or `test` → the record file.
    """

    sources: dict[str, dict[str, Noted]] = {}
    records: dict[str, Noted] = {}


def recall(path: Path) -> Memory:
    """What was noted at `path`; nothing if it can't be read."""
    try:
        return msgspec.json.decode(read_file(path, LARGEST_STATE), type=Memory)
    except (OSError, msgspec.DecodeError, ValueError):
        return Memory()


def keep(path: Path, memory: Memory) -> None:
    """Note it.

    Raises:
        OSError: the folder can't be written.
    """
    write_if_changed(path, msgspec.json.encode(memory, order="deterministic"))


def is_as_noted(files: Mapping[str, Path], noted: Mapping[str, Noted]) -> bool:
    """Whether these files, and no others, are as they were seen; a stat each.

    Raises:
        OSError: one can't be looked at.
    """
    here = {name: size_and_mtime(path) for name, path in files.items()}
    return here == {name: (note.size, note.mtime) for name, note in noted.items()}


def note(path: Path, before: Noted | None = None, most: float = inf) -> Noted:
    """The file's state; it is read only if it is not as it was `before`, and if it is a file of
    `most` bytes at most. Others have no digest.

    Raises:
        OSError: it can't be read.
    """
    size, mtime = size_and_mtime(path)
    if before is not None and (before.size, before.mtime) == (size, mtime):
        return before
    return Noted(size, mtime, sha256_of(path) if is_file(path) and size <= most else "")
