"""Step 1, download: after it an archive is at hand, or the network is deferred.

    local files that come first ──► the cache ──► the rest of the sources, in order
                                                    │ one gives it ──► cache, record, receipt
                                                    │ all answered "no" ──► DownloadError
                                                    └ some can't be reached ──► deferred

A 403 or 404 moves on to the next source and is final once every source has answered. The zoo's
two hosts are two names of one bucket, so an answer of either counts for both. A damaged archive is
an error whatever else is out of reach.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from tasks import store
from tasks.catalogue.types import Network
from tasks.download import sources
from tasks.download.sources import Source
from tasks.errors import (
    DamagedError,
    DownloadError,
    TodError,
    UnreachableError,
    disk_error,
)
from tasks.installed import differences, receipt_of
from tasks.job import NetworkJob, Outcome, Progress
from tasks.receipts import DownloadReceipt, digest, read, write
from tasks.store import ArchiveRecord

if TYPE_CHECKING:
    from tasks.download.transfer import Tools

VERSION = 1

Failures = list[tuple[Source, TodError]]


def definition(network: Network) -> str:
    """Digest of what the step is asked for. Mirrors do not count: they hold the same object."""
    return digest((VERSION, network.sources))


def why_stale(job: NetworkJob) -> str | None:
    """Why the archive must be seen to, or None if it, or the installed network, is intact."""
    receipt = read(job.workspace.receipt("download", job.name), DownloadReceipt)
    if receipt is None:
        return "never done"
    if receipt.definition != definition(job.network):
        return "its sources changed"
    if receipt.status == "deferred":
        return f"deferred: {receipt.reason}"
    if receipt.archive:
        return _local_change(job, receipt)
    if _is_installed(job, receipt):
        return None
    path = store.cached(job)
    if not path.is_file():
        return "the archive was refused" if store.refused(job) else "the archive is gone"
    record = store.read_record(job.cache.record(path))
    if record is None or record.sha256 != receipt.sha256 or not store.is_untouched(path, record):
        return "the archive changed in the cache"
    return None


def _local_change(job: NetworkJob, receipt: DownloadReceipt) -> str | None:
    path = job.workspace.root / receipt.archive
    if not path.is_file():
        return None if _is_installed(job, receipt) else "the archive is gone"
    note = store.read_record(job.workspace.local_record(job.name))
    if note is None or note.sha256 != receipt.sha256:
        return "the archive was not read here yet"
    return None if store.is_untouched(path, note) else "the archive changed"


def _is_installed(job: NetworkJob, receipt: DownloadReceipt) -> bool:
    """Whether the network lies extracted and intact, from this very archive."""
    extracted = receipt_of(job.workspace, job.name)
    if extracted is None or extracted.archive_sha256 != receipt.sha256:
        return False
    return not differences(job.workspace.network(job.name), extracted.files)


def run(job: NetworkJob, progress: Progress, tools: Tools | None = None) -> Outcome:
    """Have the archive at hand. `tools` are the clock and the like, for tests.

    Raises:
        UnreachableError: no source can be reached, and the job may not be deferred.
        DownloadError: every source answered, and none has it.
        DamagedError: what came is not what the server says it sent.
        RefusedError: the server still offers the object that was refused.
        DiskError: the cache can't be written, or is too small.
    """
    if why_stale(job) is None:
        return Outcome("kept")
    try:
        return _obtain(job, progress, tools)
    except OSError as error:
        raise disk_error(job.name, error) from error


def _obtain(job: NetworkJob, progress: Progress, tools: Tools | None) -> Outcome:
    every = sources.ordered(job.network, job.config.settings)
    leading = tuple(takewhile(lambda source: source.path is not None, every))
    failures: Failures = []
    return (
        _first_of(job, leading, progress, tools, failures)
        or _from_cache(job)
        or _first_of(job, every[len(leading) :], progress, tools, failures)
        or _give_up(job, failures)
    )


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
                return _read_in_place(job, source)
            return _fetch(job, source, progress, tools)
        except (UnreachableError, DownloadError, DamagedError) as failure:
            failures.append((source, failure))
    return None


def _read_in_place(job: NetworkJob, source: Source) -> Outcome:
    assert source.path is not None
    path = job.workspace.root / source.path
    if not path.is_file():
        raise DownloadError(str(source.path), "no such file")
    record = store.measured(path, ArchiveRecord(source=source.text, witness="file"))
    store.write_record(job.workspace.local_record(job.name), record)
    return _done(job, record, archive=source.path.as_posix(), note="read in place")


def _from_cache(job: NetworkJob) -> Outcome | None:
    from tasks.download.cached import usable
    from tasks.download.remote import tidy

    record = usable(job)
    if record is None:
        return None
    tidy(job)  # a download that was killed right after it had published could not
    return _done(job, record, note="found in the cache")


def _fetch(job: NetworkJob, source: Source, progress: Progress, tools: Tools | None) -> Outcome:
    from tasks.download.remote import get

    got = get(job, source, progress, tools)
    return _done(job, got.record, note=got.note)


def _done(job: NetworkJob, record: ArchiveRecord, *, note: str, archive: str = "") -> Outcome:
    recorded = job.network.archive.sha256 == record.sha256
    receipt = DownloadReceipt(
        definition=definition(job.network),
        archive=archive,
        source=record.source,
        sha256=record.sha256,
        size=record.size,
        witness="recorded" if recorded else record.witness,
    )
    write(job.workspace.receipt("download", job.name), receipt)
    return Outcome("built", note, record.size)


def _give_up(job: NetworkJob, failures: Failures) -> Outcome:
    """Every source failed: an error if that is final, else the network waits for a better day."""
    from tasks.download.remote import by_hand, why_all_failed

    why, todo = why_all_failed(failures), by_hand(job)
    advice = [failure.todo for _, failure in failures if failure.todo]
    if is_final(failures):
        damaged = any(isinstance(failure, DamagedError) for _, failure in failures)
        kind = DamagedError if damaged else DownloadError
        raise kind(job.name, why, "; or ".join([*dict.fromkeys(advice), todo]))
    if not job.may_defer:
        raise UnreachableError(job.name, why, "; or ".join([*dict.fromkeys(advice), todo]))
    receipt = DownloadReceipt(
        status="deferred", definition=definition(job.network), reason="no host can be reached"
    )
    write(job.workspace.receipt("download", job.name), receipt)
    return Outcome("deferred", why, lines=tuple(dict.fromkeys(advice)))


def is_final(failures: Failures) -> bool:
    """Whether no source that was out of reach could change the answer; see the module."""
    if any(isinstance(failure, DamagedError) for _, failure in failures):
        return True
    answered = any(s.is_storage and isinstance(f, DownloadError) for s, f in failures)
    return not any(
        isinstance(failure, UnreachableError) and not (source.is_storage and answered)
        for source, failure in failures
    )
