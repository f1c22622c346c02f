"""The cached copy: used if its bytes are those on record, put there whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tasks import store
from tasks.catalogue import lock
from tasks.files import sha256_of, sync_folder
from tasks.job import NetworkJob
from tasks.store import ArchiveRecord

if TYPE_CHECKING:
    from tasks.download.transfer import Fetched


def usable(job: NetworkJob) -> ArchiveRecord | None:
    """The record of the cached copy, or None if there is none that may be used.

    A copy whose size or mtime changed is hashed; if its bytes changed it is set aside. One that
    came over plain http, for a workspace that had its digest, is left alone where nothing settles
    what it must be.

    Raises:
        ConfigError: config/zoo.lock can't be read.
        OSError: the cache can't be read, or not be written.
    """
    path = store.cached(job)
    if not path.is_file():
        return None
    record = store.read_record(job.cache.record(path))
    if record is not None and came_over_plain_http(record) and not _is_settled(job):
        return None
    if record is not None and store.is_untouched(path, record):
        return record
    found = store.measured(path, record or ArchiveRecord())
    if record is None or found.sha256 != record.sha256:
        store.set_aside(job, path, "damaged")
        return None
    # A cache that may only be read is as good: it is hashed again next time.
    with suppress(OSError):
        store.write_record(job.cache.record(path), found)
    return found


def came_over_plain_http(record: ArchiveRecord) -> bool:
    return record.witness == "none" or record.source.lower().startswith("http://")


def _is_settled(job: NetworkJob) -> bool:
    return lock.settled(job.workspace.lock_file, job.network) is not None


def of_digest(job: NetworkJob, sha256: str) -> ArchiveRecord | None:
    """The record of the archive of that sha256, copied to where this network's belongs; None if the
    cache has none. It lies there under another name if it came from other addresses.

    Raises:
        OSError: the cache can't be read, or not be written.
    """
    folder = store.cached(job).parent
    for path in sorted(folder.glob("*.tar.gz")):
        record = store.read_record(job.cache.record(path))
        if record is None or record.sha256 != sha256 or sha256_of(path) != sha256:
            continue
        return store.read_record(job.cache.record(store.put(job, path, record)))
    return None


def publish(job: NetworkJob, fetched: Fetched) -> ArchiveRecord:
    """Move a fetched archive to its name in the cache.

    The record goes first: an archive without one would have to be fetched again, a record without
    its archive means nothing. A refused copy is superseded.

    Raises:
        OSError: the cache can't be written.
    """
    archive = store.cached(job)
    store.write_record(job.cache.record(archive), fetched.record)
    os.replace(fetched.path, archive)
    sync_folder(archive.parent)
    with suppress(OSError):
        fetched.side_car.unlink()
    store.drop_refused(job)
    return fetched.record
