"""config/zoo.lock: what was trusted, so that it is asked of every later download.

The file is meant to be committed. It is sorted, holds no times, and is written only when its
content changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from tasks.config.reading import NOT_READABLE, read_file
from tasks.config.types import LockEntry, Name, Network
from tasks.core import addresses
from tasks.core.errors import ConfigError, RefusedError
from tasks.core.files import write_if_changed
from tasks.core.paths import Workspace
from tasks.core.temporary import file_lock
from tasks.core.text import lowered

PATIENCE = 10.0  # seconds to wait for another process before going on without the guard
TRIES = 5
Entries = dict[Name, LockEntry]


def read(path: Path) -> dict[str, LockEntry]:
    """The entries of a lock, by network; none if there is no file.

    Raises:
        ConfigError: it can't be read, or is not a lock. It is never made anew over that: it says
            what was trusted.
    """
    place = short_path(path)
    try:
        content = read_file(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError((f"{place}: {(error.strerror or str(error)).lower()}",)) from None
    try:
        return msgspec.json.decode(content, type=Entries)
    except NOT_READABLE as error:
        todo = "correct it, or restore it from version control"
        whole = f"not JSON that this build writes: {decoding_fault(error)}"
        faults = entry_faults(content) or (whole,)
        raise ConfigError(tuple(f"{place}: {fault}; {todo}" for fault in faults)) from None


def settled(path: Path, network: Network) -> str | None:
    """The sha256 that a network's archive must have, whoever sends it: the lock's, or a confirmed
    one of the catalogue's; None if nothing settles that yet.

    Raises:
        ConfigError: as `read`.
    """
    entry = read(path).get(network.name)
    return entry.sha256 if entry is not None else network.archive.settled


def record(path: Path, name: str, entry: LockEntry, *, locked: bool = False) -> bool:
    """Put an entry into the lock; say whether that changed the file.

    Two processes may do so at once. A guard keeps them apart where the file system knows locks.
    Where it does not, the file is whole all the same, but an entry can be lost to a process that
    had read the file before it was added. Looking for it afterwards makes that rare; a lost
    entry is recorded again when its network is next verified.

    Args:
        path: `Workspace.lock_file` of a workspace.
        locked: the file must be as it is.

    Raises:
        ConfigError: as `read`.
        RefusedError: the entry is new or another one, and the file is locked.
        OSError: the file can't be written.
    """
    entry = msgspec.structs.replace(entry, source=addresses.redacted(entry.source))
    if locked and read(path).get(name) != entry:
        raise locked_error(path, name)
    changed = False
    with guarded(path):
        for _ in range(TRIES):
            entries = read(path)
            if entries.get(name) == entry:
                break
            changed |= write_if_changed(path, encoded({**entries, name: entry}))
    return changed


def locked_error(path: Path, name: str) -> RefusedError:
    """What is told where the lock would have to change, and must not."""
    why = f"{short_path(path)} does not hold what would be recorded now, and it is locked"
    todo = "run this without TOD_LOCKED and `settings.locked`, then commit the file"
    return RefusedError(name, why, todo)


def encoded(entries: dict[str, LockEntry]) -> bytes:
    """The bytes of a lock: sorted by name, one field a line, no secret in an address."""
    entries = {
        name: msgspec.structs.replace(entry, source=addresses.redacted(entry.source))
        for name, entry in entries.items()
    }
    content = msgspec.json.encode(entries, order="deterministic")
    return msgspec.json.format(content, indent=2) + b"\n"


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Keep other processes out, as a courtesy: with no guard to be had, go on without it."""
    from filelock import Timeout

    guard_path = Workspace(path.parent.parent).lock_guard
    with suppress(OSError):
        guard_path.parent.mkdir(parents=True, exist_ok=True)
    guard = file_lock(guard_path, PATIENCE)
    with suppress(OSError, NotImplementedError, Timeout):
        guard.acquire()
    try:
        yield
    finally:
        guard.release()


def entry_faults(content: bytes) -> tuple[str, ...]:
    """What is wrong with which entry; nothing if the file as a whole can't be read."""
    try:
        entries = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except NOT_READABLE:
        return ()
    faults = []
    for name, entry in entries.items():
        try:
            msgspec.json.decode(entry, type=LockEntry)
        except NOT_READABLE as error:
            faults.append(f"{name}: {decoding_fault(error)}")
    return tuple(faults)


def decoding_fault(error: Exception) -> str:
    """The decoder's words, in one line, in the form of the other faults of the configuration."""
    message = re.sub(r"\s+", " ", str(error))
    fault, _, place = message.partition(" - at `$")
    where = place.removesuffix("`").strip(" .")
    if "matching regex" in fault:  # a name, or the only field with a pattern
        fault = "expected 64 hexadecimal digits" if where else "expected a network's name"
    fault = fault if fault.startswith("JSON") else lowered(fault)
    return f"{where}: {fault}" if where else fault


def short_path(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
