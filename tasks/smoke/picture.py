"""Which picture a network is run on, what can be checked of its labels then, and how a picture of
the catalogue comes into the cache: once, and without waiting for a server that can't be reached."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from embedded import NAME as EMBEDDED
from tasks.config.types import Config, Network, Picture, Settings
from tasks.core.addresses import redacted
from tasks.core.errors import TodError
from tasks.core.files import sha256_or_nothing, write_atomic
from tasks.core.paths import Cache
from tasks.inference.report import LabelChecks

SCENE = 4_000_012
"""Seed of the drawn scene, of `embedded.splits.EXAMPLES`: no network was taught or judged on it. It
was chosen because all six digits are on it."""
SCENE_ID = f"scene {SCENE}"
"""What a receipt says of the drawn scene, where a picture has its sha256."""
LARGEST = 50_000_000
"""Bytes; no test picture is near it."""

Get = Callable[[str, Settings], bytes]


class Choice(Struct, frozen=True):
    """Where a network's picture comes from.

    Attributes:
        kind: `own`: a file of the user's; `catalogue`: a picture of the catalogue; `scene`: drawn.
        name: the file, relative to the workspace; the picture's name; or "".
    """

    kind: Literal["own", "catalogue", "scene"]
    name: str = ""


def choose(config: Config, network: Network) -> Choice:
    """The settings' picture; else that of the first project that names the network and has one;
    else the catalogue's; else the drawn scene."""
    if config.settings.smoke_image:
        return Choice("own", config.settings.smoke_image)
    for project in config.projects.values():
        if network.name in project.networks and project.smoke_image:
            return Choice("own", project.smoke_image)
    if network.smoke_picture in config.pictures:
        return Choice("catalogue", network.smoke_picture)
    return Choice("scene")


def label_checks(network: Network, wanted: Choice, used: Choice, missing: str) -> LabelChecks:
    """What can be checked when `used` stands in for `wanted` (`missing` says why it must). An
    expectation holds for the picture that it was written for, the network's default one. The
    scene's own labels are expected of the embedded network alone: only it was taught these
    digits."""
    if used.kind == "own":
        return LabelChecks(skipped="the picture is the user's own: what it shows is not known")
    if used != wanted:
        return LabelChecks(skipped=f"its own picture is not available: {missing}")
    if used.kind == "catalogue":
        return LabelChecks(expect=network.expect)
    if network.name == EMBEDDED:
        return LabelChecks(expect=network.expect, scene=True)
    return LabelChecks(skipped="nothing is known of what it should find on the drawn scene")


class UnavailableError(Exception):
    """Why the picture can't be fetched, as a clause: offline by choice, no server that can be
    reached, or what came is not the picture."""


def cached(cache: Cache, picture: Picture) -> Path:
    """Where the cache keeps this picture; its name holds its digest."""
    suffix = PurePosixPath(urlsplit(picture.source).path).suffix
    is_usual = suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) < 10
    return cache.picture(picture.sha256, suffix if is_usual else "")


def fetch(cache: Cache, picture: Picture, settings: Settings, get: Get | None = None) -> Path:
    """The picture in the cache, fetched first if it is not there or damaged."""
    path = cached(cache, picture)
    if sha256_or_nothing(path, LARGEST) == picture.sha256:
        return path
    content = (get or over_http)(picture.source, settings)
    if hashlib.sha256(content).hexdigest() != picture.sha256:
        raise UnavailableError(f"what {redacted(picture.source)} gave has another sha256")
    write_atomic(path, content)
    return path


def over_http(address: str, settings: Settings) -> bytes:
    """The body at an http(s) address."""
    from tasks.web import connectivity, sources
    from tasks.web.request import TransientError, ask, open_session

    if connectivity.is_offline():
        raise UnavailableError("TOD_OFFLINE is set")
    origin = connectivity.origin_of(address)
    if fault := connectivity.unreachable([origin], settings.probe_timeout).get(origin):
        raise UnavailableError(f"{origin} can't be reached: {fault}")
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
    except (TodError, TransientError) as failure:
        error = failure.final if isinstance(failure, TransientError) else failure
        raise UnavailableError(f"{source.host} did not give it: {error.why}") from None
    return bytes(content)
