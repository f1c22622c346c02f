"""The cached copy: used if its bytes are those on record, put there whole or not at all.

Where config/zoo.lock can't be read, what asks it raises ConfigError; where the cache can't be read
or written, OSError is raised.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from tasks.config import lock
from tasks.core.errors import DiskError
from tasks.core.files import is_file, sha256_or_nothing, size_of, sync_folder
from tasks.core.temporary import is_own
from tasks.pipeline import archive_cache, cache_users
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob

ANOTHERS = "another user's copy in the cache"


def usable(job: NetworkJob) -> ArchiveRecord | None:
    """The record of the cached copy, or None if there is none that may be used.

    Its bytes are hashed, for whoever can write to the cache could write any record; but not where a
    stat tells already that they are others. A copy that is unlike its record, or has none, is set
    aside. One that came over plain http, for a workspace
    that had its digest, is left alone where nothing settles what it must be; and see `why_skipped`.
    """
    path = archive_cache.cached(job)
    if not is_file(path) or why_skipped(job):
        return None
    try:
        return _checked(job, path)
    except FileNotFoundError:
        return None  # another doit set it aside, or removed it


def _checked(job: NetworkJob, path: Path) -> ArchiveRecord | None:
    record = claimed(job, path)
    if record is not None:
        if record.came_plainly and not _is_settled(job):
            return None
        if size_of(path) in _sizes(job, record):
            found = archive_cache.measured(job, path, record)
            if found.sha256 == record.sha256:
                return found
    if is_own(path):
        archive_cache.set_aside(job, path, "damaged")
    return None


def claimed(job: NetworkJob, path: Path) -> ArchiveRecord | None:
    """The record beside a copy. What another user wrote there vouches for nothing."""
    place = job.cache.record(path)
    record = archive_cache.read_record(place)
    if is_own(path) and (record is None or is_own(place)):
        return record
    digest = record.sha256 if record is not None else ""
    return ArchiveRecord(source=ANOTHERS, sha256=digest, attested_by="none")


def _sizes(job: NetworkJob, record: ArchiveRecord) -> Container[int | None]:
    """The sizes that a copy with this record may have, in bytes. Of another user's it is what the
    lock or the catalogue says, or else what any archive may have."""
    if record.source != ANOTHERS:
        return (record.size,)
    if not record.sha256:
        return ()
    known = job.size_on_record()
    return range(job.config.settings.max_unpacked + 1) if known is None else (known,)


def must_be_replaceable(job: NetworkJob) -> None:
    """Find out before anything is fetched whether it may take the place of what is there.

    Raises:
        DiskError: a folder is there; or another user's copy, in a folder such as /tmp, where nobody
            else may rename or remove it.
    """
    archive = archive_cache.cached(job)
    todo = "set TOD_CACHE to a folder of your own"
    for path in (archive, job.cache.record(archive)):
        with suppress(FileNotFoundError):
            status = os.lstat(path)
            if stat.S_ISDIR(status.st_mode):
                raise DiskError(job.name, f"{path} is a folder", f"remove it, or {todo}")
            if not _may_replace(path, status):
                raise DiskError(job.name, f"{path} is another user's and can't be replaced", todo)


def _may_replace(path: Path, status: os.stat_result) -> bool:
    """Whether the folder lets us. Where it is one such as /tmp, who is neither the file's owner nor
    the folder's needs the same right as for setting the file's times. That is tried, for in a
    container root may lack it."""
    folder = os.stat(path.parent)
    if not folder.st_mode & stat.S_ISVTX or os.geteuid() in (status.st_uid, folder.st_uid):
        return True
    try:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
    except OSError:
        return False
    return True


def why_skipped(job: NetworkJob) -> tuple[str, ...]:
    """Why the cached copy is left alone, as a line for the user; nothing if it is not."""
    path = archive_cache.cached(job)
    for each in (path, job.cache.record(path)):
        if is_file(each) and not os.access(each, os.R_OK):
            return (f"{job.name}: {each} is another user's and can't be read; it is left alone",)
    record = claimed(job, path) if is_file(path) else None
    if record is None or record.source != ANOTHERS:
        return ()
    if not _is_settled(job):
        why = "another user's, and nothing on record vouches for it"
    elif size_of(path) not in _sizes(job, record):
        why = "another user's, and not of the size on record"
    else:
        return ()
    return (f"{job.name}: {path} is {why}; it is left alone",)


def _is_settled(job: NetworkJob) -> bool:
    return lock.settled(job.workspace.lock_file, job.network) is not None


def of_digest(job: NetworkJob, sha256: str) -> ArchiveRecord | None:
    """The record of the archive of that sha256, copied to where this network's belongs; None if the
    cache has none. It lies there under another name if it came from other addresses."""
    folder = archive_cache.cached(job).parent
    for path in sorted(folder.glob("*.tar.gz")):
        record = claimed(job, path)
        if (
            record is None
            or record.sha256 != sha256
            or size_of(path) not in _sizes(job, record)
            or sha256_or_nothing(path, job.config.settings.max_unpacked) != sha256
        ):
            continue
        cache_users.keep_for_others(job, sha256)
        copied = archive_cache.read_record(job.cache.record(archive_cache.put(job, path, record)))
        if copied is not None and copied.sha256 == sha256:
            return copied
    return None


def publish(job: NetworkJob, path: Path, record: ArchiveRecord) -> None:
    """Move a fetched archive to its name in the cache.

    The record goes first: an archive without one would have to be fetched again, a record without
    its archive means nothing. A refused copy is superseded.
    """
    archive = archive_cache.cached(job)
    cache_users.keep_for_others(job, record.sha256)
    archive_cache.write_record(job.cache.record(archive), record)
    os.replace(path, archive)
    sync_folder(archive.parent)
    archive_cache.drop(job, refused=True)
