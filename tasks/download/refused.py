"""An archive that is whole and not the one on record is *refused*: kept aside for the user's word,
and not fetched again from whoever still offers it. Its source has failed like one that has no such
file, and the next one is asked.

One copy is kept, of the source that comes first. Of what other sources gave the record tells as
well, so that neither of two such sources is asked for its archive anew at every run.
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec.structs import replace

from tasks.config import lock
from tasks.core.errors import DamagedError, RefusedError, TodError, UnsafeArchiveError
from tasks.core.files import make_folders, remove, sync_folder
from tasks.pipeline import archive_cache
from tasks.pipeline.archive_cache import ArchiveRecord, SetAside
from tasks.pipeline.job import NetworkJob, Progress, refusal
from tasks.web.sources import Source, parse


def is_other(job: NetworkJob, record: ArchiveRecord) -> bool:
    """Whether the lock or the catalogue settles that the archive has another sha256.

    Raises:
        ConfigError: config/zoo.lock can't be read.
    """
    return lock.settled(job.workspace.lock_file, job.network) not in (None, record.sha256)


def kept(job: NetworkJob) -> ArchiveRecord | None:
    """The record of the refused copy that waits for the user's word, or None."""
    path = archive_cache.refused(job)
    return archive_cache.read_record(job.cache.record(path)) if path is not None else None


def set_aside(job: NetworkJob, path: Path, record: ArchiveRecord, progress: Progress) -> TodError:
    """Move a copy of ours, whose bytes are others, out of the way; the failure of its source."""
    failure = _failure(job, path, record, progress)
    if isinstance(failure, DamagedError):
        target = _move(job, path, record, "damaged")
        todo = f"it is now {target}; run doit again to fetch it anew"
        return DamagedError(failure.what, failure.why, todo)
    before = kept(job)
    also = before.also_refused if before is not None else ()
    if before is None or before.source == record.source:
        _move(job, path, replace(record, also_refused=also), "refused")
    else:
        also = (*(one for one in also if one.source != record.source), record)
        place = job.cache.set_aside(archive_cache.cached(job), "refused")
        archive_cache.write_record(job.cache.record(place), replace(before, also_refused=also))
        remove(path)
        remove(job.cache.record(path))
    return failure


def _move(job: NetworkJob, path: Path, record: ArchiveRecord, why: SetAside) -> Path:
    target = job.cache.set_aside(archive_cache.cached(job), why)
    make_folders(target.parent)
    archive_cache.write_record(job.cache.record(target), record)
    os.replace(path, target)
    remove(job.cache.record(path))
    sync_folder(target.parent)
    return target


def of_file(job: NetworkJob, path: Path, record: ArchiveRecord, progress: Progress) -> TodError:
    """The failure of a file of the user's, which stays as it is."""
    import shlex

    failure = _failure(job, path, record, progress)
    if isinstance(failure, DamagedError):
        return failure
    command = shlex.join(["doit", "accept", job.name, os.path.relpath(path, job.workspace.root)])
    return RefusedError(job.name, failure.why, f"`{command}` takes it into config/zoo.lock")


def _failure(job: NetworkJob, path: Path, record: ArchiveRecord, progress: Progress) -> TodError:
    """What is wrong with an archive of other bytes: it is damaged, or else another one."""
    from tasks.pipeline import reading

    try:
        reading.read(job, path, "verify", progress)
    except DamagedError as error:
        return DamagedError(job.name, f"the archive {error.why}")
    except UnsafeArchiveError:
        pass  # nothing of it is unpacked; nor would it be if the user accepted it
    wanted = lock.settled(job.workspace.lock_file, job.network) or ""
    by = "config/zoo.lock has" if job.lock_entry() is not None else "on record is"
    unlike = f"its sha256 is {record.sha256[:12]}…, {by} {wanted[:12]}…"
    return refusal(job, f"the archive is whole but not the one on record: {unlike}")


def from_source(job: NetworkJob, source: Source) -> ArchiveRecord | None:
    """The record of what was refused of this source, if it is still not the archive on record.

    Raises:
        ConfigError: config/zoo.lock can't be read.
    """
    copy = kept(job)
    if copy is None:
        return None
    wanted = lock.settled(job.workspace.lock_file, job.network)
    some = (one for one in (copy, *copy.also_refused) if one.sha256 != wanted)
    return next((one for one in some if _is_of(one, source)), None)


def _is_of(record: ArchiveRecord, source: Source) -> bool:
    """The bucket has two names."""
    return record.source == source.shown or (source.is_storage and parse(record.source).is_storage)


def readmit(job: NetworkJob) -> None:
    """Move the refused copy back, if config/zoo.lock names just that by now. Its bytes are hashed
    when it is used.

    Raises:
        ConfigError: config/zoo.lock can't be read.
        OSError: the cache can't be written.
    """
    copy = kept(job)
    wanted = lock.settled(job.workspace.lock_file, job.network)
    if copy is not None and copy.sha256 == wanted:
        archive_cache.readmit(job)


def still_offered(job: NetworkJob, source: Source, record: ArchiveRecord) -> bool:
    """Ask for the headers only. A server that can't tell is taken to offer the same."""
    from tasks.web import answer as judge
    from tasks.web.request import TransientError, ask, open_session

    known = judge.SideCar(
        url=source.shown,
        etag=record.etag,
        last_modified=record.last_modified,
        generation=record.generation,
        total=record.size,
    )
    conditions = {"If-None-Match": record.etag} if record.etag else {}
    try:
        with open_session() as session:
            answer = ask(session, source, conditions, job.config.settings, method="HEAD")
            answer.close()
    except TransientError as fault:
        raise fault.final from None
    match judge.verdict(answer.status, answer.headers, from_storage=source.is_storage):
        case "body":
            return judge.is_same_object(known, answer.headers)
        case "no":
            return answer.status not in (403, 404, 410)
    return True
