"""Caches that others keep and this workspace only reads: `shared_caches` of the settings.

Nothing is written there: no lock, no record, no copy. An archive is read where it lies, and only
one whose sha256 the lock or the catalogue knows: it is hashed before it is taken, and whatever is
read of it later is held against digests as well. So it does no harm if somebody replaces it, or if
the server of the folder forgets it in the middle (ESTALE): what can't be read is passed over.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tasks.config import lock
from tasks.core.files import open_file
from tasks.core.paths import Cache
from tasks.core.text import lowered
from tasks.pipeline import archive_cache
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob

SOURCE = "a shared cache"
TRIES = 3  # at a file of which the server of the folder says that it is another by now


def find(job: NetworkJob, lines: list[str]) -> tuple[Path, ArchiveRecord] | None:
    """The archive that the lock or the catalogue names, in the first shared cache that has it.

    Args:
        lines: gets what the user must know of what was passed over.

    Raises:
        ConfigError: config/zoo.lock can't be read.
    """
    caches = archive_cache.shared_caches(job)
    wanted = lock.settled(job.workspace.lock_file, job.network) if caches else None
    for shared in caches:
        if why := _why_not_readable(shared):
            _tell_once(why, lines)
        elif wanted is None:
            if os.path.lexists(_named(job, shared)):
                why = "nothing on record vouches for it"
                lines.append(f"{job.name}: {_named(job, shared)}: {why}; it is left alone")
        else:
            for path in candidates(job, shared, wanted):
                record = _verified(job, path, wanted, lines)
                if record is not None:
                    return path, record
    return None


def candidates(job: NetworkJob, shared: Cache, wanted: str) -> Iterator[Path]:
    """The archives of a shared cache that may be the one of this sha256: by the network's name and
    sources, then those whose record claims it. What lies there may be anything."""
    named = _named(job, shared)
    if os.path.lexists(named):
        yield named
    try:
        names = sorted(os.listdir(named.parent))
    except OSError:
        return
    for path in (named.parent / name for name in names if name.endswith(".tar.gz")):
        record = archive_cache.read_record(shared.record(path)) if path != named else None
        if record is not None and record.sha256 == wanted:
            yield path


def _named(job: NetworkJob, shared: Cache) -> Path:
    key = archive_cache.object_key(job.network, job.workspace.root)
    return shared.archive(job.name, key)


def unreadable(job: NetworkJob) -> tuple[str, ...]:
    """A line for each shared cache that can't be looked at."""
    return tuple(filter(None, map(_why_not_readable, archive_cache.shared_caches(job))))


def _why_not_readable(shared: Cache) -> str:
    """The line; "" if it can be."""
    try:
        os.listdir(shared.root)
    except OSError as error:
        why = lowered(error.strerror or "it can't be read")
        return f"shared cache {shared.root}: {why}; it is passed over"
    return ""


def _verified(job: NetworkJob, path: Path, wanted: str, lines: list[str]) -> ArchiveRecord | None:
    """The record of an archive whose bytes have this sha256."""
    size = job.size_on_record()
    try:
        with open_file(path) as file:
            found = os.fstat(file.fileno()).st_size
        if size in (None, found):
            record = _measured(job, path)
            if record.sha256 == wanted:
                return record
        why = "not the archive on record"
    except OSError as error:
        why = lowered(error.strerror or "it can't be read")
    lines.append(f"{job.name}: {path}: {why}; it is passed over")
    return None


def _measured(job: NetworkJob, path: Path) -> ArchiveRecord:
    """Digest, size and mtime of a file, read from its start again if it was replaced meanwhile on
    the machine that it lies on."""
    claim = ArchiveRecord(source=SOURCE, attested_by="none")
    for _ in range(TRIES - 1):
        try:
            return archive_cache.measured(job, path, claim)
        except OSError as error:
            if error.errno != errno.ESTALE:
                raise
    return archive_cache.measured(job, path, claim)


def _tell_once(line: str, lines: list[str]) -> None:
    if line not in told():
        told().add(line)
        lines.append(line)


@cache
def told() -> set[str]:
    """What this process has told of a shared cache as a whole."""
    return set()
