"""Step 1, download: after it an archive is at hand, or the network is deferred.

    local files that come first, shared caches ──► the cache, the installed network
                                                    │ none has it
                                                    ▼
                                     the other sources, in order
                                                    │ one gives it ──► cache, record, receipt
                                                    │ all answered "no" ──► DownloadError
                                                    │ one gives other bytes ──► RefusedError
                                                    └ some can't be reached ──► deferred

A 403 or 404 moves on to the next source and is final once every source has answered. The zoo's
two hosts are two names of one bucket, so an answer of either counts for both. Whoever gives a whole
archive that is not the one on record is passed over as well. Where no other source has the right
one, that, like a damaged archive, is an error whatever else is out of reach. `doit -a download`
wants the archive itself: for that, the installed network does not do.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

import msgspec

from tasks.config import lock
from tasks.core.addresses import redacted
from tasks.core.errors import (
    DamagedError,
    DownloadError,
    PlainHttpError,
    RefusedError,
    TodError,
    UnreachableError,
    disk_error,
)
from tasks.core.receipts import read, write
from tasks.download import refused
from tasks.download.stale import definition, is_installed
from tasks.download.stale import why_stale as why_stale
from tasks.pipeline import archive_cache, cache_users
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob, Outcome, Progress
from tasks.pipeline.receipts import DownloadReceipt
from tasks.web import sources
from tasks.web.sources import Source

if TYPE_CHECKING:
    from tasks.download.transfer import Tools

Failures = list[tuple[Source, TodError]]


def run(job: NetworkJob, progress: Progress, tools: Tools | None = None) -> Outcome:
    """Have the archive at hand. `tools` are the clock and the like, for tests.

    Raises:
        UnreachableError: no source can be reached, and the job may not be deferred.
        DownloadError: every source answered, and none has it.
        DamagedError: what came is not what the server says it sent.
        RefusedError: no source gives the archive on record, and one gives another; or
            config/zoo.lock must stay as it is and does not know the archive.
        ConfigError: config/zoo.lock can't be read.
        DiskError: the cache can't be written, or is too small.
    """
    if why_stale(job) is None and not job.again:
        return Outcome("kept")
    lines: list[str] = []
    try:
        outcome = _obtain(job, progress, tools, lines)
    except (TodError, OSError) as error:
        for line in lines:  # of what was passed over before
            progress.note(line.removeprefix(f"{job.name}: "))
        if isinstance(error, OSError):
            raise disk_error(job.name, error) from error
        raise
    return msgspec.structs.replace(outcome, lines=(*outcome.lines, *lines))


def _obtain(job: NetworkJob, progress: Progress, tools: Tools | None, lines: list[str]) -> Outcome:
    """As `run`; `lines` gets what the user must know, whatever comes of it."""
    every = sources.ordered(job.network, job.config.settings)
    leading = tuple(takewhile(lambda source: source.path is not None, every))
    failures: Failures = []
    at_hand = (
        _first_of(job, leading, progress, tools, failures)
        or _from_shared_cache(job, lines)
        or _from_cache(job, progress, failures, lines)
        or _at_hand(job, failures)
    )
    if at_hand is not None:
        lines[:0] = _passed_over(job, failures)
        return at_hand
    if job.locked and lock.settled(job.workspace.lock_file, job.network) is None:
        raise lock.locked_error(job.workspace.lock_file, job.name)  # before a byte is fetched
    from tasks.download.cached import why_skipped

    lines += why_skipped(job)
    came = _first_of(job, every[len(leading) :], progress, tools, failures)
    if came is None:
        return _give_up(job, failures)
    lines[:0] = _passed_over(job, failures)
    return came


def _passed_over(job: NetworkJob, failures: Failures) -> Iterator[str]:
    """What the user must know of the sources that gave other bytes than the one that was taken."""
    for source, failure in failures:
        if isinstance(failure, (RefusedError, DamagedError)):
            yield f"{job.name}: {_shown(source)}: {failure.why}; it is passed over"


def _shown(source: Source) -> str:
    return source.host or source.shown


def _first_of(
    job: NetworkJob,
    some: tuple[Source, ...],
    progress: Progress,
    tools: Tools | None,
    failures: Failures,
) -> Outcome | None:
    """The first source that gives the archive; what the others said is added to `failures`."""
    for source in some:
        try:
            if source.path is not None:
                return _read_in_place(job, source, progress)
            from tasks.download.remote import get

            record, note = get(job, source, progress, tools)
            return _done(job, record, note=note)
        except (UnreachableError, DownloadError, DamagedError, RefusedError) as failure:
            failures.append((source, failure))
    return None


def _read_in_place(job: NetworkJob, source: Source, progress: Progress) -> Outcome:
    assert source.path is not None
    path = job.workspace.root / source.path
    if not path.is_file():
        raise DownloadError(str(source.path), "no such file")
    record = archive_cache.measured(
        job, path, ArchiveRecord(source=source.shown, attested_by="file")
    )
    if refused.is_other(job, record):
        raise refused.of_file(job, path, record, progress)
    return _done(job, record, archive=source.path.as_posix(), note="read in place")


def _from_shared_cache(job: NetworkJob, lines: list[str]) -> Outcome | None:
    if not job.config.settings.shared_caches:
        return None
    from tasks.download.shared import find

    found = find(job, lines)
    if found is None:
        return None
    path, record = found
    archive = path if path.is_absolute() else path.relative_to(job.workspace.root)
    return _done(job, record, archive=archive.as_posix(), note=f"read in place: {path}")


def _from_cache(
    job: NetworkJob, progress: Progress, failures: Failures, lines: list[str]
) -> Outcome | None:
    from tasks.download.cached import ANOTHERS, usable
    from tasks.download.remote import tidy

    refused.readmit(job)
    record, path = usable(job), archive_cache.cached(job)
    if record is None:
        return None
    if not refused.is_other(job, record):
        tidy(job)  # a download that was killed right after it had published could not
        return _done(job, record, note="found in the cache")
    wanted = lock.settled(job.workspace.lock_file, job.network) or ""
    if record.source == ANOTHERS:
        why = "another user's, and not the archive on record"
        lines.append(f"{job.name}: {path} is {why}; it is left alone")
    elif not cache_users.keep_for_others(job, wanted):
        failure = refused.set_aside(job, path, record, progress)
        failures.append((Source("the cached copy"), failure))
    return None


def _at_hand(job: NetworkJob, failures: Failures) -> Outcome | None:
    """The very archive that the lock or a confirmed digest names, whatever the sources are now: the
    network that was unpacked from it, or a copy that the cache has from other addresses. Whoever
    put another file in the place of a source wants it instead of what is installed."""
    from tasks.download.cached import of_digest

    wanted = lock.settled(job.workspace.lock_file, job.network)
    if wanted is None:
        return None
    known = _record_of(job, wanted)
    replaced = any(one.path and isinstance(failure, RefusedError) for one, failure in failures)
    if known is not None and is_installed(job, known.sha256) and not (job.again or replaced):
        return _done(job, known, note="installed already")
    record = of_digest(job, wanted)
    return _done(job, record, note="found in the cache") if record is not None else None


def _record_of(job: NetworkJob, sha256: str) -> ArchiveRecord | None:
    """What is known of that archive without its bytes: by the last receipt, or by the lock."""
    former = read(job.receipt("download"), DownloadReceipt)
    entry = job.lock_entry()
    for one in (former, entry):
        if one is not None and one.sha256 == sha256:
            return ArchiveRecord(
                source=one.source, sha256=sha256, size=one.size, attested_by=one.attested_by
            )
    return None


def _done(job: NetworkJob, record: ArchiveRecord, *, note: str, archive: str = "") -> Outcome:
    recorded = job.network.archive.sha256 == record.sha256
    receipt = DownloadReceipt(
        definition=definition(job.network),
        archive=archive,
        source=redacted(record.source),
        sha256=record.sha256,
        size=record.size,
        attested_by="recorded" if recorded else record.attested_by,
    )
    archive_cache.write_record(job.workspace.local_record(job.name), record)
    if not archive:
        cache_users.note(job)
    write(job.receipt("download"), receipt)
    return Outcome("built", note, record.size)


def _give_up(job: NetworkJob, failures: Failures) -> Outcome:
    """Every source failed: an error if that is final, else the network waits for a better day."""
    from tasks.download.remote import by_hand

    said = (f"{_shown(source)}: {failure.why}" for source, failure in failures)
    why, todo = "; ".join(dict.fromkeys(said)), by_hand(job)
    if accepting := [f.todo for _, f in failures if isinstance(f, RefusedError)]:
        copy = refused.kept(job) if len(accepting) > 1 else None
        which = f" (what came from {copy.source})" if copy is not None else ""
        raise RefusedError(job.name, why, "; or ".join(dict.fromkeys(accepting)) + which)
    advice = [failure.todo for _, failure in failures if failure.todo]
    if is_final(failures):
        damaged = any(isinstance(failure, DamagedError) for _, failure in failures)
        kind = DamagedError if damaged else DownloadError
        raise kind(job.name, why, "; or ".join([*dict.fromkeys(advice), todo]))
    advice = [f.todo for _, f in failures if f.todo and not isinstance(f, PlainHttpError)]
    if not job.may_defer:
        raise UnreachableError(job.name, why, "; or ".join([*dict.fromkeys(advice), todo]))
    if why_stale(job) is None:  # it is installed; its archive was wanted again
        return Outcome("kept", lines=(f"{job.name}: its archive can't be fetched: {why}",))
    receipt = DownloadReceipt(
        status="deferred", definition=definition(job.network), reason="no host can be reached"
    )
    write(job.receipt("download"), receipt)
    return Outcome("deferred", why, lines=tuple(dict.fromkeys(advice)))


def is_final(failures: Failures) -> bool:
    """Whether no source that was out of reach could change the answer; see the module."""
    if any(isinstance(failure, DamagedError) for _, failure in failures):
        return True
    asked = [(s, f) for s, f in failures if not isinstance(f, PlainHttpError)]
    answered = any(s.is_storage and isinstance(f, DownloadError) for s, f in asked)
    return not any(
        isinstance(failure, UnreachableError) and not (source.is_storage and answered)
        for source, failure in failures
    )
