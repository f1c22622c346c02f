"""Which servers may be asked for an archive, and whether they can be reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from tasks.config import lock
from tasks.config.types import Network
from tasks.core.errors import UnreachableError
from tasks.download import refused
from tasks.pipeline.job import NetworkJob
from tasks.web import connectivity, sources
from tasks.web.connectivity import Origin
from tasks.web.sources import Source


def may_be_asked(job: NetworkJob, network: Network, source: Source) -> bool:
    """Whether what a source answers can be told from what somebody on the way answers in its name:
    over https, or by a digest that settles what the archive is.

    Raises:
        ConfigError: config/zoo.lock can't be read.
    """
    return not source.is_plain or lock.settled(job.workspace.lock_file, network) is not None


def check(job: NetworkJob, source: Source, origin: Origin) -> None:
    """Find out whether a server can be reached, and by the way those of all networks that the
    workspace wants: one deadline serves them all.

    Raises:
        UnreachableError: it can't.
    """
    if connectivity.is_offline():
        raise UnreachableError(source.text, "TOD_OFFLINE is set")
    wanted = filter(None, map(job.config.networks.get, job.config.wanted))
    every = (source for network in (job.network, *wanted) for source in _askable(job, network))
    origins = {origin, *_origins(every)}
    settings = job.config.settings
    if reason := connectivity.unreachable(origins, settings.probe_timeout).get(origin):
        raise UnreachableError(source.text, reason)


def can_come(job: NetworkJob) -> bool:
    """Whether a server that may be asked for the archive can be reached; one whose archive was
    refused does not count. Servers that nothing is known of yet are tried.

    Raises:
        ConfigError: config/zoo.lock can't be read.
    """
    some = (one for one in _askable(job, job.network) if refused.from_source(job, one) is None)
    origins = set(_origins(some))
    return bool(
        origins - connectivity.unreachable(origins, job.config.settings.probe_timeout).keys()
    )


def _askable(job: NetworkJob, network: Network) -> Iterator[Source]:
    for source in sources.ordered(network, job.config.settings):
        if source.path is None and may_be_asked(job, network, source):
            yield source


def _origins(some: Iterable[Source]) -> Iterator[Origin]:
    for source in some:
        with suppress(ValueError):
            yield connectivity.origin_of(source.text)
