"""Bring a picture of the catalogue into the cache, once; never wait for a server out of reach."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from tasks.config.types import Picture, Settings
from tasks.core.addresses import redacted
from tasks.core.errors import TodError
from tasks.core.files import sha256_or_nothing, write_atomic
from tasks.core.paths import Cache
from tasks.web import sources

LARGEST = 50_000_000
"""Bytes; no test picture is near it."""

Get = Callable[[str, Settings], bytes]


class UnavailableError(Exception):
    """Why the picture is not to be had, as a clause."""


def cached(cache: Cache, picture: Picture) -> Path:
    """Where the cache keeps this picture; its name holds its digest."""
    suffix = PurePosixPath(urlsplit(picture.source).path).suffix
    is_usual = suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) < 10
    return cache.picture(picture.sha256, suffix if is_usual else "")


def fetch(cache: Cache, picture: Picture, settings: Settings, get: Get | None = None) -> Path:
    """The picture in the cache, fetched first if it is not there or damaged.

    Raises:
        UnavailableError: no server can be reached, or what came is not the picture.
        OSError: the cache can't be written.
    """
    path = cached(cache, picture)
    if sha256_or_nothing(path, LARGEST) == picture.sha256:
        return path
    content = (get or over_http)(picture.source, settings)
    if hashlib.sha256(content).hexdigest() != picture.sha256:
        raise UnavailableError(f"what {redacted(picture.source)} gave has another sha256")
    write_atomic(path, content)
    return path


def over_http(address: str, settings: Settings) -> bytes:
    """The body at an http(s) address.

    Raises:
        UnavailableError: offline by choice, out of reach, or not answered with a picture.
    """
    from tasks.web import connectivity

    if connectivity.is_offline():
        raise UnavailableError("TOD_OFFLINE is set")
    origin = connectivity.origin_of(address)
    if fault := connectivity.unreachable([origin], settings.probe_timeout).get(origin):
        raise UnavailableError(f"{origin} can't be reached: {fault}")
    return _body(address, settings)


def _body(address: str, settings: Settings) -> bytes:
    from tasks.web.request import TransientError, ask, open_session

    source = sources.parse(address)
    content = bytearray()
    try:
        with open_session() as session, closing(ask(session, source, {}, settings)) as answer:
            if answer.status != 200:
                raise UnavailableError(f"{source.host} did not give it ({answer.status})")
            for block in answer.blocks(source):
                content += block
                if len(content) > LARGEST:
                    raise UnavailableError(f"{source.shown} sends more than a picture")
    except (TodError, TransientError) as fault:
        error = fault.final if isinstance(fault, TransientError) else fault
        raise UnavailableError(f"{source.host} did not give it: {error.why}") from None
    return bytes(content)
