"""Where an archive can come from, in order. Pure: nothing here looks at a disk or a network."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from tasks.config.types import Network, Settings
from tasks.core import addresses

# Both names lead to one bucket of Cloud Storage (its own error texts call it
# `download.tensorflow.org`), so an answer of either speaks for both.
STORAGE_HOSTS = frozenset({"storage.googleapis.com", "download.tensorflow.org"})


class Source(Struct, frozen=True):
    """One place to look.

    Attributes:
        text: as the configuration has it: an address or a path. It may hold secrets.
        path: the local file, or None for an http(s) address.
        is_mirror: one of the settings' mirrors.
    """

    text: str
    path: Path | None = None
    is_mirror: bool = False

    @property
    def shown(self) -> str:
        """The address or path as it may be shown and kept."""
        return addresses.redacted(self.text)

    @property
    def host(self) -> str:
        """The host of an address; "" for a local file."""
        return "" if self.path else urlsplit(self.text).hostname or ""

    @property
    def is_storage(self) -> bool:
        """Whether this is an address of the bucket itself: a mirror may lie there in another."""
        return is_storage(self.host) and not self.is_mirror

    @property
    def is_plain(self) -> bool:
        """Whether anyone on the way may answer in the name of this host."""
        return self.text.lower().startswith("http://")


def is_storage(host: str) -> bool:
    """Whether a host is one of the bucket's."""
    return host in STORAGE_HOSTS


def is_remote(text: str) -> bool:
    """Whether this is an http(s) address."""
    return text.lower().startswith(("http://", "https://"))


def local_path(text: str) -> Path:
    """The path that `file://…`, `~/…` or a plain path stands for; relative ones stay so."""
    if text.lower().startswith("file://"):
        parts = urlsplit(text)
        path = unquote(parts.path)
        # file:///C:/x has the drive behind a slash that is no part of the path.
        if os.name == "nt" and path[2:3] == ":":
            path = path[1:]
        return Path(path)
    return Path(os.path.expanduser(text))  # noqa: PTH111  Path's raises if nobody has that name


def parse(text: str, *, is_mirror: bool = False) -> Source:
    """The source that a line of configuration names."""
    return Source(text, None if is_remote(text) else local_path(text), is_mirror)


def ordered(network: Network, settings: Settings) -> tuple[Source, ...]:
    """The network's own sources and the mirrors, each once, in the order to try them in."""
    own = tuple(network.sources)
    mirrors = tuple(_mirrored(network, settings.mirrors))
    texts = mirrors + own if settings.mirrors_first else own + mirrors
    return tuple(parse(text, is_mirror=text not in own) for text in dict.fromkeys(texts))


def _mirrored(network: Network, mirrors: tuple[str, ...]) -> list[str]:
    """A mirror holds what the network's first http(s) address names; local archives have none."""
    address = next((source for source in network.sources if is_remote(source)), None)
    if address is None:
        return []
    raw = urlsplit(address).path
    paths = [PurePosixPath(raw if is_remote(mirror) else unquote(raw)) for mirror in mirrors]
    return [
        _filled(mirror, network.name, path.parent.name, path.name)
        for mirror, path in zip(mirrors, paths, strict=True)
        if path.name or "{network}" in mirror  # else nothing tells it from others
    ]


def mirror_path(network: Network) -> str | None:
    """What a mirror that is a mere base is asked for, `/20200711/net.tar.gz`, with no escapes; None
    for a network that no mirror is asked for."""
    found = _mirrored(network, ("http://mirror",))
    return unquote(urlsplit(found[0]).path) if found else None


def _filled(mirror: str, network: str, date: str, file: str) -> str:
    """`{date}`, `{file}` and `{network}` are replaced; a mirror without them is a base."""
    fields = {"{date}": date, "{file}": file, "{network}": network}
    if not any(field in mirror for field in fields):
        base, mark, query = mirror.partition("?") if is_remote(mirror) else (mirror, "", "")
        mirror = base.rstrip("/") + "/{date}/{file}" + mark + query
    if not date:  # the address has no folder
        mirror = mirror.replace("/{date}/", "/")
    for field, value in fields.items():
        mirror = mirror.replace(field, value)
    return mirror


def attested_by(source: Source, host: str, *, secure: bool, hashed: bool) -> str:
    """Who vouches for the bytes that came, beside us; see `DownloadReceipt`.

    A hash counts only if the storage host itself sent it, over https all the way: whoever can
    change the bytes on plain http, or keeps a mirror, can send the hash that goes with them.

    Args:
        host: who answered in the end, after redirects.
        hashed: a hash came with the bytes.
    """
    if not secure:
        return "none"
    return "server" if hashed and source.is_storage and is_storage(host) else "tls"
