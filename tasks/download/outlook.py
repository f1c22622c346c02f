"""Where a network's archive will come from, and what it takes on the disk: looked up before
anything is done. No server is asked, no byte of an archive is read, nothing is written.

It follows the order of `step`, but for sources whose archive was refused: those come last. A copy
in the cache counts by its record and size here; its bytes are hashed when it is used, and fetched
if they are others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import takewhile
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from tasks.config import lock
from tasks.core.files import is_file, size_of
from tasks.core.receipts import read
from tasks.core.staging import NOTE
from tasks.core.temporary import is_own
from tasks.download import refused, shared, stale
from tasks.download.partial import address_key, read_side_car
from tasks.pipeline import archive_cache, reading
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob
from tasks.pipeline.receipts import VerifyReceipt
from tasks.pipeline.room import UNPACKED_RATIO, Writing
from tasks.web.answer import if_range
from tasks.web.sources import Source, ordered

Place = Literal["address", "file", "cache", "installed", "nowhere"]


class Outlook(Struct, frozen=True, kw_only=True):
    """How a network's archive will come.

    Attributes:
        place: where from; `nowhere` if no source will do.
        source: the address or path that is tried first, without secrets; "" if it is at hand.
        size: bytes of the archive; None if nobody has recorded them.
        begun: bytes of it that an earlier download left, and a server is asked to go on from.
        why: if `nowhere`, why no source will do, as clauses.
    """

    place: Place
    source: str = ""
    size: int | None = None
    begun: int = 0
    why: str = ""

    @property
    def to_fetch(self) -> int | None:
        """Bytes to come over the network; None if that is not known."""
        if self.place != "address":
            return 0
        return None if self.size is None else max(self.size - self.begun, 0)


def outlook(job: NetworkJob) -> Outlook:
    """How the archive will come, were it asked for now.

    Raises:
        ConfigError: config/zoo.lock can't be read.
        OSError: the cache can't be read.
    """
    size = job.size_on_record()
    every = ordered(job.network, job.config.settings)
    leading = tuple(takewhile(lambda source: source.path is not None, every))
    if local := next(filter(None, (_in_place(job, source) for source in leading)), None):
        return local
    if (found := _in_shared_cache(job, size)) is not None:
        return found
    if (record := _in_cache(job)) is not None:
        return Outlook(place="cache", size=record.size)
    settled = lock.settled(job.workspace.lock_file, job.network)
    if settled is not None and stale.is_installed(job, settled):
        return Outlook(place="installed", size=size)
    others = every[len(leading) :]
    for source in sorted(others, key=lambda one: refused.from_source(job, one) is not None):
        if local := _in_place(job, source):
            return local
        if source.path is None and (settled is not None or not source.is_plain):
            begun = _begun(job, source)
            return Outlook(place="address", source=source.shown, size=size, begun=begun)
    why = "; ".join(dict.fromkeys(_why_not(job, source) for source in every))
    return Outlook(place="nowhere", size=size, why=why)


def _why_not(job: NetworkJob, source: Source) -> str:
    if source.path is None:
        return "plain http, and no digest on record"
    there = is_file(job.workspace.root / source.path)
    return f"{source.shown} is {'not the archive on record' if there else 'missing'}"


def _in_place(job: NetworkJob, source: Source) -> Outlook | None:
    path = job.workspace.root / source.path if source.path is not None else None
    size = size_of(path) if path is not None and is_file(path) else None
    settled = lock.settled(job.workspace.lock_file, job.network)
    if size is None or (settled is not None and job.size_on_record() not in (None, size)):
        return None
    return Outlook(place="file", source=source.shown, size=size)


def _in_shared_cache(job: NetworkJob, size: int | None) -> Outlook | None:
    """An archive of a shared cache that will probably do, which is read in place."""
    settled = lock.settled(job.workspace.lock_file, job.network)
    if settled is not None:
        for cache in archive_cache.shared_caches(job):
            for path in shared.candidates(job, cache, settled):
                found = size_of(path) if is_file(path) else None
                if found is not None and size in (None, found):
                    return Outlook(place="file", source=str(path), size=found)
    return None


def _in_cache(job: NetworkJob) -> ArchiveRecord | None:
    """The record of a copy in the cache that will probably do: the network's own, or, where a
    digest is on record, one of that digest from other addresses."""
    settled = lock.settled(job.workspace.lock_file, job.network)
    own = archive_cache.cached(job)
    others = sorted(own.parent.glob("*.tar.gz")) if settled is not None else []
    for path in (own, *others):
        if not is_file(path) or not os.access(path, os.R_OK):
            continue
        record = archive_cache.read_record(job.cache.record(path))
        if record is None or size_of(path) != record.size:
            continue
        # Without a digest on record it counts by the rules of `cached.usable`.
        believed = path == own and is_own(path) and not record.came_plainly
        vouched = settled is None and believed
        if vouched or record.sha256 == settled:
            return record
    return None


def _begun(job: NetworkJob, source: Source) -> int:
    """Bytes of the longest partial file of this address."""
    place = job.cache.partial(job.name, address_key(source.text))
    sizes = [0]
    for path in place.parent.glob(f"{place.stem}.*.part"):
        known = read_side_car(path)
        if known is not None and known.url == source.shown and if_range(known):
            sizes.append(size_of(path) or 0)
    return max(sizes)


def writings(job: NetworkJob, found: Outlook) -> Iterator[Writing]:
    """What getting and unpacking the archive writes, as far as its size is known.

    A partial download is copied when it is gone on with, so that it takes its bytes twice for a
    while. The archive stays while it is unpacked, also where the settings do not keep it.
    """
    size = found.size or 0
    if found.place == "address":
        stays = size - found.begun if job.config.settings.keep_archives else -found.begun
        yield Writing(job.cache.root, size, stays)
    if found.place != "installed" and not reading.is_installed(job):
        tree = 0 if _is_staged(job) else unpacked_size(job, size)
        yield Writing(job.workspace.pre_trained, tree, tree)


def of_others(job: NetworkJob) -> Iterator[tuple[NetworkJob, tuple[Writing, ...]]]:
    """The other networks that the same run is still to fetch, each with what it writes."""
    for name in job.also_fetched():
        network = job.config.networks.get(name)
        other = None if network is None else replace(job, network=network)
        if other is None or name == job.name or stale.why_stale(other) is None:
            continue
        found = outlook(other)
        if found.place == "address":
            yield other, tuple(writings(other, found))


def _is_staged(job: NetworkJob) -> bool:
    return is_file(job.staging / NOTE)


def unpacked_size(job: NetworkJob, archive: int) -> int:
    """Bytes of the network's files: as it was verified, else about."""
    verified = read(job.receipt("verify"), VerifyReceipt)
    if verified is not None and verified.members and verified.size == archive:
        return sum(size for size, _ in verified.members.values())
    return int(archive * UNPACKED_RATIO)
