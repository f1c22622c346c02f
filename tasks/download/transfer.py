"""Fetch one address into a partial file: resume, retry, compare; nothing is published here."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.core.errors import DamagedError, DownloadError, UnreachableError
from tasks.core.files import free_space, human_size
from tasks.download import outlook, reach
from tasks.download.outlook import Outlook
from tasks.download.partial import PartialFile
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob, Progress
from tasks.pipeline.room import Disk, Writing, by_disk, must_fit, way_out
from tasks.web import answer as judge
from tasks.web.request import Answer, TransientError, ask, broken, open_session
from tasks.web.sources import Source, attested_by

if TYPE_CHECKING:
    import requests

# Progress that earns a broken transfer its tries anew.
EARNS_TRIES = 1 << 20
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
PEEK = 512
REFUSALS = {
    401: "it asks for a password",
    403: "access denied or no such file",
    404: "no such file",
    410: "no such file any more",
}


@dataclass(frozen=True, slots=True)
class Tools:
    """What the outside world gives; tests put their own in its place."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random
    free: Callable[[Path], int] = free_space


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the functions below share while one address is fetched."""

    source: Source
    job: NetworkJob
    session: requests.Session
    partial_file: PartialFile
    progress: Progress
    tools: Tools


def fetch(
    source: Source, job: NetworkJob, partial_file: PartialFile, progress: Progress, tools: Tools
) -> ArchiveRecord:
    """Fetch the archive from one address; it lies whole in the partial file then."""
    with open_session() as session:
        transfer = Transfer(source, job, session, partial_file, progress, tools)
        try:
            progress.begin("download", None)
            return _persist(transfer)
        except BaseException:
            partial_file.leave()
            raise
        finally:
            progress.end()


def _persist(transfer: Transfer) -> ArchiveRecord:
    """Try until it is done, until the fault is final, or until the tries are used up."""
    tried, best = 0, transfer.partial_file.resumable
    while True:
        try:
            return _attempt(transfer, first=tried == 0 and transfer.partial_file.size == 0)
        except TransientError as fault:
            if transfer.partial_file.size >= best + EARNS_TRIES:
                tried, best = 0, transfer.partial_file.size
            if tried >= transfer.job.config.settings.retries:
                raise fault.final from None
            transfer.partial_file.stop_reading()
            transfer.tools.sleep(pause(tried, fault.wait, transfer.tools.jitter()))
            tried += 1


def pause(tried: int, asked: float | None, chance: float) -> float:
    """Seconds to wait before the next try: doubled each time, shortened by up to a half.

    The chance keeps a class of thirty from asking again all at once.
    """
    if asked is not None:
        return asked
    return min(FIRST_WAIT * 2.0**tried, LONGEST_WAIT) * (0.5 + chance / 2)


def _attempt(transfer: Transfer, *, first: bool) -> ArchiveRecord:
    partial_file, source = transfer.partial_file, transfer.source
    have = partial_file.resumable
    headers = {}
    if have and partial_file.known:
        headers = {"Range": f"bytes={have}-", "If-Range": judge.if_range(partial_file.known)}
    settings = transfer.job.config.settings
    answer = ask(transfer.session, source, headers, settings, first=first)
    with closing(answer):
        match judge.verdict(answer.status, answer.headers, from_storage=source.is_storage):
            case "body":
                return _take_whole(transfer, answer)
            case "part" if have:
                return _take_rest(transfer, answer, have)
            case "range" if have:
                return _take_as_complete(transfer, answer, have)
            case "stranger":
                raise UnreachableError(source.text, f"a proxy or filter answers ({answer.status})")
            case "retry":
                # The zoo's own host that says "later" has answered; any other is as good as absent.
                kind = DownloadError if source.is_storage else UnreachableError
                busy = kind(source.text, f"the server is busy or broken ({answer.status})")
                wait = judge.retry_after(answer.headers, transfer.tools.clock())
                raise TransientError(busy, wait)
    why = REFUSALS.get(answer.status, "the server answered")
    raise DownloadError(source.text, f"{why} ({answer.status})")


def _take_whole(transfer: Transfer, answer: Answer) -> ArchiveRecord:
    """A whole body: whatever was there before is of no use."""
    total = judge.length_of(answer.headers)
    body = answer.blocks(transfer.source)
    start = b""  # enough to tell what it is, or all there is
    while len(start) < PEEK and (block := next(body, b"")):
        start += block
    _check_start(transfer, answer, start)
    _check_room(transfer, total)
    known = judge.side_car(transfer.source.shown, answer.headers, total)
    transfer.partial_file.restart(known, judge.server_hashes(answer.headers))
    transfer.progress.begin("download", total)
    return _receive(transfer, answer, start, body)


def _take_rest(transfer: Transfer, answer: Answer, have: int) -> ArchiveRecord:
    partial_file = transfer.partial_file
    assert partial_file.known is not None
    if why := judge.why_not_continue(partial_file.known, have, answer.headers):
        raise _start_over(transfer, why)
    _, total = judge.content_range(answer.headers)
    _check_room(transfer, total)
    transfer.progress.begin("download", total)
    partial_file.resume(have, judge.server_hashes(answer.headers))
    transfer.progress.rewind(have)
    return _receive(transfer, answer, b"", answer.blocks(transfer.source))


def _start_over(transfer: Transfer, why: str) -> TransientError:
    transfer.partial_file.discard()
    return TransientError(DownloadError(transfer.source.text, why), wait=0.0)


def _take_as_complete(transfer: Transfer, answer: Answer, have: int) -> ArchiveRecord:
    """416: nothing comes after what we have. If that is the whole object, it is complete."""
    partial_file = transfer.partial_file
    assert partial_file.known is not None
    _, total = judge.content_range(answer.headers)
    etag = answer.headers.get("ETag", partial_file.known.etag)
    is_whole = have == partial_file.known.total and total in (None, have)
    if not is_whole or etag != partial_file.known.etag:
        raise _start_over(transfer, "the partial file is of no use")
    partial_file.resume(have, judge.server_hashes(answer.headers))
    return _complete(transfer, answer)


def _check_start(transfer: Transfer, answer: Answer, start: bytes) -> None:
    why = judge.why_no_archive(start, answer.headers)
    if why and transfer.source.is_storage and not judge.is_genuine(answer.headers):
        raise UnreachableError(transfer.source.text, f"a portal or filter answers: {why}")
    if why:
        raise DownloadError(transfer.source.text, why)


def _check_room(transfer: Transfer, total: int | None) -> None:
    """Before the first byte: is there room for the archive and for what is in it, and for those of
    the networks that the same run is still to fetch, as far as their servers can be reached?"""
    job, free = transfer.job, transfer.tools.free
    if total is not None and total > job.config.settings.max_unpacked:
        raise _too_large(transfer, total)
    own = tuple(outlook.writings(job, Outlook(place="address", size=total)))
    must_fit(job.name, by_disk(own, free), lambda disk: way_out(disk, job.cache.root))
    others = list(outlook.of_others(job))
    disks = by_disk((*own, *_writings(others)), free)
    if not all(disk.fits for disk in disks):  # only then is it worth trying their servers
        others = [(other, some) for other, some in others if reach.can_come(other)]
        disks = by_disk((*own, *_writings(others)), free)
    what = f"for this and the run's other archives ({len(others)}) "
    must_fit(job.name, disks, lambda disk: _todo(disk, job), what)


def _todo(disk: Disk, job: NetworkJob) -> str:
    return f"`doit plan` lists them; {way_out(disk, job.cache.root, 'name fewer networks')}"


def _writings(some: Iterable[tuple[NetworkJob, tuple[Writing, ...]]]) -> Iterator[Writing]:
    return chain.from_iterable(writings for _, writings in some)


def _too_large(transfer: Transfer, size: int) -> DownloadError:
    limit = human_size(transfer.job.config.settings.max_unpacked)
    why = f"the archive has {human_size(size)} or more, the limit is {limit}"
    return DownloadError(transfer.source.text, why, "max_unpacked in config/workspace.toml sets it")


def _receive(
    transfer: Transfer, answer: Answer, start: bytes, body: Iterator[bytes]
) -> ArchiveRecord:
    """Append the body to the partial file, hashing; then compare."""
    partial_file, limit = transfer.partial_file, transfer.job.config.settings.max_unpacked
    for block in chain([start] if start else [], body):
        partial_file.write(block)
        transfer.progress.advance(len(block))
        if partial_file.size > limit:
            partial_file.discard()
            raise _too_large(transfer, limit)
    return _complete(transfer, answer)


def _complete(transfer: Transfer, answer: Answer) -> ArchiveRecord:
    """Compare length and hashes with what the server said, then have the bytes on disk."""
    partial_file = transfer.partial_file
    known = partial_file.known
    assert known is not None
    if known.total is not None and partial_file.size < known.total:
        raise broken(transfer.source, f"{partial_file.size} of {known.total} bytes came")
    hashes = judge.server_hashes(answer.headers)
    wrong = [kind for kind, value in hashes.items() if partial_file.digest(kind) != value]
    if wrong or (known.total is not None and partial_file.size > known.total):
        partial_file.discard()
        unlike = ", ".join(wrong) or "length"
        why = f"the bytes are not those that the server says it sent ({unlike})"
        raise TransientError(DamagedError(transfer.source.text, why, "run doit again"))
    partial_file.finish()
    status = os.stat(partial_file.path)
    return ArchiveRecord(
        source=transfer.source.shown,
        sha256=partial_file.digest("sha256").hex(),
        size=partial_file.size,
        etag=known.etag,
        last_modified=known.last_modified,
        generation=known.generation,
        attested_by=attested_by(
            transfer.source, answer.host, secure=answer.secure, hashed=bool(hashes)
        ),
        mtime_ns=status.st_mtime_ns,
    )
