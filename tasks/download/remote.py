"""Get an archive from one server into the cache: is it worth trying, whose turn is it, fetch.

While a network is deferred the first question is asked at every `doit`: what only the others need
is imported where they are answered.
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tasks.core.addresses import redacted
from tasks.core.errors import (
    DownloadError,
    PlainHttpError,
    UnreachableError,
)
from tasks.core.files import human_size, is_file, remove_leftovers
from tasks.download import cached, reach, refused
from tasks.pipeline import archive_cache
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob, Progress, refusal
from tasks.web import connectivity, sources
from tasks.web.sources import Source

if TYPE_CHECKING:
    from tasks.download.transfer import Tools


WHY_NOT_PLAIN = "plain http, and no confirmed digest to check the answer by"
ABOUT_PLAIN = (
    "use an https address, or record the archive's sha256 as `confirmed` in the network's table"
)


def get(
    job: NetworkJob, source: Source, progress: Progress, tools: Tools | None
) -> tuple[ArchiveRecord, str]:
    """Have the archive of one address in the cache: its record, and how it came, in words.

    Raises:
        PlainHttpError: nothing would tell a forged answer from the archive.
        ConfigError: config/zoo.lock can't be read.
        RefusedError: the server gives another archive than the one on record, or still offers it.
        UnreachableError, DownloadError, DamagedError, DiskError: as `step.run` has them.
        OSError: the cache can't be written.
    """
    if not reach.may_be_asked(job, job.network, source):
        raise PlainHttpError(source.text, WHY_NOT_PLAIN, ABOUT_PLAIN)
    try:
        origin = connectivity.origin_of(source.text)
    except ValueError:
        raise DownloadError(source.text, "this is no web address") from None
    former = refused.from_source(job, source)
    try:
        reach.check(job, source, origin)
        if former is not None and refused.still_offered(job, source, former):
            raise refusal(job, "still offers the archive that was refused")
        return _in_turn(job, source, progress, tools)
    except UnreachableError as failure:
        # Who did not answer now is not asked again by this process for its other networks.
        if not connectivity.is_offline():
            connectivity.verdicts()[origin] = failure.why
        if former is not None:
            why = f"its archive was refused, and now it can't be asked ({failure.why})"
            raise refusal(job, why) from None
        raise


def _in_turn(
    job: NetworkJob, source: Source, progress: Progress, tools: Tools | None
) -> tuple[ArchiveRecord, str]:
    from tasks.download.partial import PartialFile, address_key, movement, side_path
    from tasks.download.transfer import Tools, fetch
    from tasks.pipeline.reading import ReadAlong
    from tasks.pipeline.step_lock import turn

    place = job.cache.partial(job.name, address_key(source.text))
    lock = job.cache.root / "locks" / f"{archive_cache.cached(job).name}.lock"
    with turn(
        lock,
        progress,
        is_done=lambda: is_file(archive_cache.cached(job)),
        movement=lambda: movement(place.parent),
        patience=2 * job.config.settings.read_timeout,
    ):
        record = cached.usable(job)
        if record is not None and not refused.is_other(job, record):
            return record, "fetched by another doit"
        cached.must_be_replaceable(job)
        with (
            closing(ReadAlong(job)) as reading,
            closing(
                PartialFile(place, source.shown, reading)
            ) as partial_file,  # until it has its name
        ):
            record = fetch(source, job, partial_file, progress, tools or Tools())
            if refused.is_other(job, record):
                raise refused.set_aside(job, partial_file.path, record, progress)
            cached.publish(job, partial_file.path, record)
            with suppress(OSError):
                side_path(partial_file.path).unlink()
            reading.complete(record)
        tidy(job)
    resumed = f", from {human_size(partial_file.resumed)} on" if partial_file.resumed else ""
    return record, f"from {source.host}{resumed}"


def tidy(job: NetworkJob) -> None:
    """Remove what killed downloads of this network left, now that its archive is there."""
    from tasks.download.partial import address_key, remove_orphans

    archive = archive_cache.cached(job)
    for path in (archive, job.cache.record(archive)):
        remove_leftovers(path)
    for source in sources.ordered(job.network, job.config.settings):
        if source.path is None:
            remove_orphans(job.cache.partial(job.name, address_key(source.text)))


def by_hand(job: NetworkJob) -> str:
    """How to get the archive without us, ready to copy."""
    import shlex

    remote = [source for source in job.network.sources if sources.is_remote(source)]
    if not remote:
        return f"get the file, then `doit adopt {job.name} FILE`"
    secure = [address for address in remote if address.lower().startswith("https://")]
    address = redacted((secure or remote)[-1]).replace("'", "%27")
    file = PurePosixPath(urlsplit(address).path).name or "FILE"
    return f"`curl -fLO '{address}'` elsewhere, then `doit adopt {job.name} {shlex.quote(file)}`"
