"""Which bytes of a file a request asks for. Pure: header values in, a decision out (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tasks.core.text import whole


@dataclass(frozen=True, slots=True)
class Part:
    """What to answer: the status, and the bytes from `start` to before `end`."""

    status: int
    start: int = 0
    end: int = 0


def asked_for(headers: Mapping[str, str], size: int, etag: str) -> Part:
    """The bytes of a file of `size` bytes that are asked for.

    A range that is malformed, of another unit or of several pieces is passed over, as a server may:
    the whole file is sent. `If-Range` counts only with this very strong ETag.
    """
    if _matches(headers.get("If-None-Match", ""), etag):
        return Part(304)
    everything = Part(200, 0, size)
    found = re.fullmatch(r"bytes=([0-9]*)-([0-9]*)", headers.get("Range", "").strip(" \t"))
    if found is None or headers.get("If-Range", etag).strip(" \t") != etag:
        return everything
    first, last = whole(found[1]), whole(found[2])
    if first is None:
        if found[1] or last is None:
            return everything
        return Part(206, max(size - last, 0), size) if last and size else Part(416)
    if found[2] and (last is None or last < first):
        return everything
    if first >= size:
        return Part(416)
    return Part(206, first, size if last is None else min(last + 1, size))


def _matches(condition: str, etag: str) -> bool:
    """Whether a list of ETags holds this one; a weak one of the same text is the same here."""
    tags = (tag.strip(" \t").removeprefix("W/") for tag in condition.split(","))
    return any(tag in (etag, "*") for tag in tags)
