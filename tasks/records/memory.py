"""Which file was seen in which state. A file whose size and time of change are the noted ones has
the noted digest; any other is read. True of this machine only, so it is no part of a receipt."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from tasks.files import sha256_of, write_if_changed
from tasks.look import shown


class Noted(Struct, frozen=True, array_like=True):
    """A file as it was seen: bytes, time of change in nanoseconds, digest."""

    size: int
    mtime: int
    sha256: str


class Memory(Struct, frozen=True):
    """What was seen when the step last ended.

    Attributes:
        sources: `train` or `test` → file name, as shown (a name can be such that no JSON holds
            it) → what stood in the folder of pictures.
        records: `train` or `test` → the record file.
    """

    sources: dict[str, dict[str, Noted]] = {}
    records: dict[str, Noted] = {}


def recall(path: Path) -> Memory:
    """What was noted at `path`; nothing if it can't be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except (OSError, msgspec.DecodeError, ValueError):
        return Memory()


def keep(path: Path, memory: Memory) -> None:
    """Note it.

    Raises:
        OSError: the folder can't be written.
    """
    write_if_changed(path, msgspec.json.encode(memory, order="deterministic"))


def is_as_noted(paths: Iterable[Path], noted: Mapping[str, Noted]) -> bool:
    """Whether these files, and no others, are as they were seen; a stat each.

    Raises:
        OSError: one can't be looked at.
    """
    here = {shown(path.name): _state(path) for path in paths}
    return here == {name: (note.size, note.mtime) for name, note in noted.items()}


def note(path: Path, before: Noted | None = None) -> Noted:
    """The file's state; it is read only if it is not as it was `before`.

    Raises:
        OSError: it can't be read.
    """
    size, mtime = _state(path)
    if before is not None and (before.size, before.mtime) == (size, mtime):
        return before
    return Noted(size, mtime, sha256_of(path))


def _state(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns
