"""The cached copy: used if its bytes are those on record, put there whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tasks import store
from tasks.job import NetworkJob
from tasks.store import ArchiveRecord

if TYPE_CHECKING:
    from tasks.download.transfer import Fetched


def usable(job: NetworkJob) -> ArchiveRecord | None:
    """The record of the cached copy, or None if there is none.

    A copy whose size or mtime changed is hashed; if its bytes changed it is set aside.

    Raises:
        OSError: the cache can't be read, or not be written.
    """
    path = store.cached(job)
    if not path.is_file():
        return None
    record = store.read_record(job.cache.record(path))
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


def publish(job: NetworkJob, fetched: Fetched) -> ArchiveRecord:
    """Move a fetched archive to its name in the cache.

    The record goes first: an archive without one would have to be fetched again, a record without
    its archive means nothing. A refused copy is superseded.

    Raises:
        OSError: the cache can't be written.
    """
    archive = store.cached(job)
    archive.parent.mkdir(parents=True, exist_ok=True)
    store.write_record(job.cache.record(archive), fetched.record)
    os.replace(fetched.path, archive)
    with suppress(OSError):
        fetched.side_car.unlink()
    store.drop_refused(job)
    return fetched.record
