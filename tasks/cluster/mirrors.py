"""An archive from a mirror, for a worker that has no copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tasks.cluster.orders import WantedNetwork
from tasks.config.types import Network, Settings
from tasks.core.addresses import redacted
from tasks.core.errors import DownloadError, UnreachableError
from tasks.web import connectivity, sources
from tasks.web.request import TransientError, ask, open_session


def addresses(network: Network, settings: Settings) -> Iterator[str]:
    """Where workers may look for a network's archive: in the settings' mirrors, except for those
    whose address holds a secret, which is nobody else's to know."""
    for source in sources.ordered(network, settings):
        if source.is_mirror and source.path is None and redacted(source.text) == source.text:
            yield source.text


def fetch(address: str, wanted: WantedNetwork, place: Path) -> None:
    """Put what a mirror gives at `place`, a new file. Whoever unpacks it compares its digests.

    Raises:
        UnreachableError, DownloadError: the mirror can't be asked, or has no such archive.
        OSError: the file can't be written.
    """
    source, settings = sources.parse(address, is_mirror=True), Settings()
    if connectivity.is_offline():
        raise UnreachableError(address, "TOD_OFFLINE is set")
    origin = connectivity.origin_of(address)
    if why := connectivity.unreachable({origin}, settings.probe_timeout).get(origin):
        raise UnreachableError(address, why)
    most = size = wanted.archive_size or wanted.max_unpacked
    try:
        with (
            open_session() as session,
            closing(ask(session, source, {}, settings)) as answer,
            open(place, "xb") as file,
        ):
            if answer.status != 200:
                raise DownloadError(address, f"status {answer.status}")
            for block in answer.blocks(source):
                size -= len(block)
                if size < 0:
                    raise DownloadError(address, f"it is larger than {most} bytes")
                file.write(block)
    except TransientError as fault:
        raise fault.final from None
