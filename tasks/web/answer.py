"""What a server's answer means. Pure: header values in, judgements out; hostile values do no harm.

Facts: RFC 9110 (ranges, validators, Retry-After) and Cloud Storage's reference of its headers
(docs/hashes-etags, docs/transcoding): `x-goog-hash` may come as several lines, its crc32c is
big-endian base64, it covers the whole stored object, and md5 is absent for composite objects.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from typing import Literal

import msgspec

from tasks.core.text import whole

GZIP_MAGIC = b"\x1f\x8b"
REDIRECTS = (301, 302, 303, 307, 308)
DIGEST_SIZES = {"md5": 16, "crc32c": 4}
Headers = Mapping[str, str]
Verdict = Literal["body", "part", "range", "redirect", "retry", "no", "stranger"]


class SideCar(msgspec.Struct, frozen=True, kw_only=True):
    """What lies beside a partial file: which object its bytes are of.

    Attributes:
        url: the address, without secrets (see `addresses`).
        etag, last_modified, generation: as the server sent them; "" if it did not.
        total: length of the whole object in bytes, if it is known.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    generation: str = ""
    total: int | None = None


def verdict(status: int, headers: Headers, *, from_storage: bool) -> Verdict:
    """What to do about an answer.

    Args:
        from_storage: the address is one of the zoo's bucket. A refusal there that bears none of
            the bucket's own headers is a stranger's: a proxy, a portal, a filter.
    """
    if status in (200, 206):
        return "body" if status == 200 else "part"
    if status in REDIRECTS:
        return "redirect"
    if status == 407 or (from_storage and not is_genuine(headers)):
        return "stranger"
    if status == 416:
        return "range"
    return "retry" if status in (408, 425, 429, 500, 502, 503, 504) else "no"


def is_genuine(headers: Headers) -> bool:
    """Whether the answer bears a header that Cloud Storage puts on each of its answers."""
    return any(name.lower().startswith(("x-goog-", "x-guploader-")) for name in headers)


def length_of(headers: Headers) -> int | None:
    """The body's length in bytes, if the server said it."""
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return whole(headers.get("x-goog-stored-content-length"))
    length = whole(headers.get("Content-Length"))
    return length if length is not None else whole(headers.get("x-goog-stored-content-length"))


def content_range(headers: Headers) -> tuple[int | None, int | None]:
    """(first byte, total) of `Content-Range: bytes 5-9/10`; None for what is missing or `*`."""
    text = headers.get("Content-Range", "").strip(" \t")
    found = re.fullmatch(r"bytes (?:([0-9]+)-[0-9]+|\*)/(?:([0-9]+)|\*)", text)
    first, total = found.groups() if found else (None, None)
    return whole(first), whole(total)


def side_car(url: str, headers: Headers, total: int | None) -> SideCar:
    """What the answer says of the object."""
    return SideCar(
        url=url,
        etag=headers.get("ETag", ""),
        last_modified=headers.get("Last-Modified", ""),
        generation=headers.get("x-goog-generation", ""),
        total=total,
    )


def if_range(known: SideCar) -> str:
    """The validator to send as `If-Range`: a strong ETag, else Last-Modified; "" if neither."""
    strong = known.etag if re.fullmatch(r'"[^"\r\n]*"', known.etag) else ""
    return strong or known.last_modified


def why_not_continue(known: SideCar, offset: int, headers: Headers) -> str:
    """Why a 206 is not the rest of our partial file; "" if it is.

    RFC 9110 15.3.7: a 206 bears the ETag that a 200 would bear; Last-Modified it may leave out.
    """
    first, total = content_range(headers)
    if first != offset:
        return "the range begins elsewhere"
    if None not in (total, known.total) and total != known.total:
        return "the total length differs"
    if headers.get("ETag", "") != known.etag:
        return "the ETag differs"
    if headers.get("x-goog-generation", known.generation) != known.generation:
        return "the generation differs"
    if headers.get("Last-Modified", known.last_modified) != known.last_modified:
        return "Last-Modified differs"
    length = whole(headers.get("Content-Length"))
    if length is not None and total is not None and length != total - offset:
        return "its length is not the rest's"
    return ""


def is_same_object(known: SideCar, headers: Headers) -> bool:
    """Whether the server still offers this object, as far as what it says can tell."""
    now = side_car(known.url, headers, length_of(headers))
    for name in ("generation", "etag", "last_modified"):
        if getattr(now, name) and getattr(known, name):
            return bool(getattr(now, name) == getattr(known, name))
    return now.total is None or known.total is None or now.total == known.total


def server_hashes(headers: Headers) -> dict[str, bytes]:
    """`x-goog-hash` as kind → digest; what is malformed or of an unknown kind is left out.

    Two values of one kind that disagree attest nothing: that kind is left out as well.
    """
    found: dict[str, set[bytes]] = {}
    for part in headers.get("x-goog-hash", "").split(","):
        kind, _, text = part.strip().partition("=")
        try:
            value = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(value) == DIGEST_SIZES.get(kind.strip().lower()):
            found.setdefault(kind.strip().lower(), set()).add(value)
    return {kind: values.pop() for kind, values in found.items() if len(values) == 1}


def retry_after(headers: Headers, now: float, longest: float = 60.0) -> float | None:
    """Seconds that the server asks to wait (a number or a date), bounded; None if it does not."""
    text = headers.get("Retry-After", "").strip()
    seconds = whole(text)
    if seconds is None and text:
        from email.utils import parsedate_to_datetime

        try:
            seconds = int(parsedate_to_datetime(text).timestamp() - now)
        except (ValueError, OverflowError, TypeError):
            return None
    return None if seconds is None else min(max(float(seconds), 0.0), longest)


def why_no_archive(start: bytes, headers: Headers) -> str:
    """Why a body that begins so is not the archive; "" if it may be.

    We ask for `identity`. Servers that label a stored .tar.gz with `Content-Encoding: gzip` (a
    common setting) send the file itself; one that compressed it once more sends gzip in gzip. A
    bounded look inside tells them apart: nothing is ever decompressed as it comes.
    """
    if not start.startswith(GZIP_MAGIC):
        kind = headers.get("Content-Type", "").split(";")[0].strip().lower()
        page = kind == "text/html" or start.lstrip()[:1] == b"<"
        return "an HTML page came instead of the archive" if page else "no gzip archive came"
    if not headers.get("Content-Encoding", "").strip():
        return ""
    try:
        inside = zlib.decompressobj(31).decompress(start, 2)
    except zlib.error:
        inside = b""
    twice = inside == GZIP_MAGIC
    return "the server compresses the archive once more (Content-Encoding)" if twice else ""
