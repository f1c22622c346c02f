"""Each fault of a server: what comes of it, how often we ask, and for which bytes."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass

import google_crc32c
import pytest

from tasks.core.errors import DamagedError, DownloadError, TodError, UnreachableError
from tasks.core.paths import Cache, Workspace
from tasks.download import step
from tasks.pipeline import archive_cache
from tasks.pipeline.job import Silent
from tests.support.downloads import BODY, OTHER, SHA256, Waits, network_job, partials
from tests.support.servers import (
    Reply,
    answer,
    broken_off,
    chunked,
    dripping,
    endless,
    file,
    head,
    part,
    raw,
    redirect,
    reset_at_once,
    serving,
    silent,
    stalled,
)

ONE = {"ETag": '"one"'}
TWO = {"ETag": '"two"'}
DATED = {"Last-Modified": "Sat, 11 Jul 2020 10:00:00 GMT"}
HALF = len(BODY) // 2
REST = f"bytes={HALF}-"
GZIPPED = {"Content-Encoding": "gzip"}
BOMB = gzip.compress(bytes(50_000_000), mtime=0)


def hashes(body: bytes) -> tuple[str, str]:
    crc = base64.b64encode(google_crc32c.Checksum(body).digest()).decode()
    md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    return f"crc32c={crc}", f"md5={md5}"


CRC, MD5 = hashes(BODY)
BAD_CRC, BAD_MD5 = hashes(OTHER)


@dataclass(frozen=True)
class Case:
    """A script, and what must come of it.

    Attributes:
        why: a part of the error's words; "" if the archive must arrive.
        ranges: what was asked for in `Range`, one a request.
    """

    script: tuple[Reply, ...]
    ranges: tuple[str | None, ...] = (None,)
    why: str = ""
    error: type[TodError] = DownloadError
    read_timeout: float = 5.0


ARRIVES = {
    "a plain answer": Case((answer(200, BODY),)),
    "no Content-Length": Case((answer(200, BODY, length=None),)),
    "chunked": Case((chunked(BODY),)),
    "a slow drip": Case((dripping(BODY, 8, 0.03),)),
    "a longer body than announced": Case((answer(200, BODY + b"surplus", length=len(BODY)),)),
    "an absurd Content-Length": Case(
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + BODY),)
    ),
    "chunked without terminator, then whole": Case(
        (chunked(BODY, terminated=False), chunked(BODY)), (None, None)
    ),
    "a reset at once, then whole": Case((reset_at_once, file(BODY)), (None, None)),
    "a reset in the middle is resumed": Case(
        (broken_off(BODY, HALF, ONE), file(BODY)), (None, REST)
    ),
    "two resets in the middle": Case(
        (broken_off(BODY, 1000, ONE), broken_off(BODY, HALF, ONE), file(BODY)),
        (None, "bytes=1000-", REST),
    ),
    "a stall is resumed": Case(
        (stalled(BODY, HALF, ONE), file(BODY)), (None, REST), read_timeout=0.25
    ),
    "a short body is resumed": Case(
        (answer(200, BODY[:HALF], ONE, length=len(BODY)), file(BODY)), (None, REST)
    ),
    "resumed by Last-Modified": Case(
        (broken_off(BODY, HALF, DATED), file(BODY, DATED, etag=None)), (None, REST)
    ),
    "nothing to validate with: from the start": Case(
        (broken_off(BODY, HALF), file(BODY)), (None, None)
    ),
    "a weak ETag does not validate": Case(
        (broken_off(BODY, HALF, {"ETag": 'W/"one"'}), file(BODY)), (None, None)
    ),
    "200 to a Range request": Case((broken_off(BODY, HALF, ONE), answer(200, BODY)), (None, REST)),
    "the object was replaced: If-Range gives a 200": Case(
        (broken_off(OTHER, HALF, TWO), file(BODY)), (None, REST)
    ),
    "the object was replaced: If-Range ignored, another ETag": Case(
        (broken_off(OTHER, HALF, TWO), part(BODY, HALF, ONE), file(BODY)), (None, REST, None)
    ),
    "a 206 without the ETag": Case(
        (broken_off(BODY, HALF, ONE), part(BODY, HALF, {}), file(BODY)), (None, REST, None)
    ),
    "a 206 of another generation": Case(
        (
            broken_off(BODY, HALF, {**ONE, "x-goog-generation": 1}),
            part(BODY, HALF, {**ONE, "x-goog-generation": 2}),
            file(BODY),
        ),
        (None, REST, None),
    ),
    "a 206 that begins elsewhere": Case(
        (
            broken_off(BODY, HALF, ONE),
            part(BODY, HALF, ONE, where=f"bytes 0-9/{len(BODY)}"),
            file(BODY),
        ),
        (None, REST, None),
    ),
    "a 206 of another total": Case(
        (
            broken_off(BODY, HALF, ONE),
            part(BODY, HALF, ONE, where=f"bytes {HALF}-{len(BODY)}/{len(BODY) + 1}"),
            file(BODY),
        ),
        (None, REST, None),
    ),
    "a 206 with a Content-Range that means nothing": Case(
        (broken_off(BODY, HALF, ONE), part(BODY, HALF, ONE, where="bytes nonsense"), file(BODY)),
        (None, REST, None),
    ),
    "416 where the partial is of another length": Case(
        (
            broken_off(BODY, HALF, ONE),
            answer(416, headers={"Content-Range": "bytes */9"}),
            file(BODY),
        ),
        (None, REST, None),
    ),
    "503, then whole": Case((answer(503), file(BODY)), (None, None)),
    "408, 500, then whole": Case((answer(408), answer(500), file(BODY)), (None, None, None)),
    "Content-Encoding: gzip on the stored file": Case((answer(200, BODY, GZIPPED),)),
    "x-goog-hash": Case((file(BODY, {"x-goog-hash": f"{CRC},{MD5}"}),)),
    "x-goog-hash in two lines": Case(
        (answer(200, BODY, lines=f"x-goog-hash: {CRC}\r\nx-goog-hash: {MD5}\r\n"),),
    ),
    "x-goog-hash of a composite object: crc32c alone": Case((file(BODY, {"x-goog-hash": CRC}),)),
    "x-goog-hash that is malformed": Case(
        (file(BODY, {"x-goog-hash": "md5=%%%,crc32c=AAA,=,,sha9=AAAA"}),)
    ),
    "x-goog-hash that contradicts itself": Case((file(BODY, {"x-goog-hash": f"{CRC},{BAD_CRC}"}),)),
    "x-goog-hash wrong once, then right": Case(
        (file(OTHER, {"x-goog-hash": CRC}), file(BODY, {"x-goog-hash": CRC})),
        (None, None),
    ),
    "x-goog-hash on a resumed body covers the whole": Case(
        (broken_off(BODY, HALF, ONE), file(BODY, {"x-goog-hash": f"{MD5},{CRC}"})),
        (None, REST),
    ),
}

FAILS = {
    "403": Case((answer(403),), why="403"),
    "404": Case((answer(404),), why="no such file (404)"),
    "410": Case((answer(410),), why="410"),
    "500 for ever": Case((answer(500),), (None,) * 3, "500", UnreachableError),
    "502 for ever": Case((answer(502),), (None,) * 3, "502", UnreachableError),
    "503 for ever": Case((answer(503),), (None,) * 3, "503", UnreachableError),
    "resets for ever": Case((reset_at_once,), (None,) * 3, "reset", UnreachableError),
    "silence": Case((silent,), (None,), "time-out", UnreachableError, read_timeout=0.25),
    "stalls for ever": Case((stalled(BODY, HALF),), (None,) * 3, "silent", read_timeout=0.25),
    "short for ever": Case((answer(200, BODY[:HALF], length=len(BODY)),), (None,) * 3, "broke off"),
    "chunked without terminator for ever": Case(
        (chunked(BODY, terminated=False),), (None,) * 3, "broke off"
    ),
    "a chunk size that is no number": Case(
        (raw(head(200, {"Transfer-Encoding": "chunked"}) + b"x1_0\r\n" + BODY),),
        (None,) * 3,
        "broke off",
    ),
    "a chunk size below zero": Case(
        (raw(head(200, {"Transfer-Encoding": "chunked"}) + b"-5\r\n" + BODY),),
        (None,) * 3,
        "broke off",
    ),
    "an HTML page": Case(
        (answer(200, b"<html>Log in</html>", {"Content-Type": "text/html; charset=utf-8"}),),
        why="an HTML page came",
    ),
    "an HTML page that says it is a tar": Case(
        (answer(200, b"\n<!doctype html>", {"Content-Type": "application/x-tar"}),),
        why="an HTML page came",
    ),
    "an empty body": Case((answer(200),), why="no gzip archive"),
    "a zip": Case((answer(200, b"PK\x03\x04" + bytes(100)),), why="no gzip archive"),
    "compressed once more": Case(
        (answer(200, gzip.compress(BODY), GZIPPED),), why="compresses the archive once more"
    ),
    "a wrong crc32c": Case(
        (file(BODY, {"x-goog-hash": BAD_CRC}),), (None,) * 3, "crc32c", DamagedError
    ),
    "a wrong md5": Case(
        (file(BODY, {"x-goog-hash": f"{CRC},{BAD_MD5}"}),), (None,) * 3, "md5", DamagedError
    ),
    "an answer that is no HTTP": Case(
        (raw(b"220 ftp ready\r\n"),), (None,) * 3, "reset", UnreachableError
    ),
    "a redirect without end": Case((redirect(302, "/again"),), (None,) * 10, "redirects for ever"),
    "a redirect to a file": Case((redirect(301, "file:///etc/passwd"),), why="no web address"),
    "a redirect to nonsense": Case((redirect(301, "http://[::bad/"),), why="no web address"),
}


@pytest.mark.parametrize("name", ARRIVES)
def test_the_archive_arrives_whole_in_spite_of(
    name: str, workspace: Workspace, cache: Cache
) -> None:
    case = ARRIVES[name]
    with serving(*case.script) as server:
        job = network_job(workspace, server.url(), read_timeout=case.read_timeout)
        outcome = step.run(job, Silent(), Waits().tools)
        asked = server.asked("Range")
    assert outcome.kind == "built"
    archive = archive_cache.archive_of(job)
    assert archive is not None
    assert archive.read_bytes() == BODY
    record = archive_cache.read_record(cache.record(archive))
    assert record is not None
    assert (record.sha256, record.attested_by) == (SHA256, "none")
    assert tuple(asked) == case.ranges
    assert list((cache.root / "partial").iterdir()) == []
    assert step.why_stale(job) is None


@pytest.mark.parametrize("name", FAILS)
def test_a_server_is_given_up_after(name: str, workspace: Workspace, cache: Cache) -> None:
    case = FAILS[name]
    with serving(*case.script) as server:
        job = network_job(workspace, server.url(), may_defer=False, read_timeout=case.read_timeout)
        with pytest.raises(case.error) as caught:
            step.run(job, Silent(), Waits().tools)
        asked = server.asked("Range")
    assert type(caught.value) is case.error
    assert case.why in caught.value.why
    assert "doit adopt net" in caught.value.todo
    assert tuple(asked) == case.ranges
    assert archive_cache.archive_of(job) is None
    assert not partials(cache.root)


def test_a_body_that_decompresses_for_ever_is_never_decompressed(
    workspace: Workspace, cache: Cache
) -> None:
    """Fifty megabytes of zeros in fifty kilobytes: kept as sent, for verify to judge."""
    with serving(answer(200, BOMB, GZIPPED)) as server:
        job = network_job(workspace, server.url(), locked=BOMB)
        outcome = step.run(job, Silent(), Waits().tools)
    assert outcome.size == len(BOMB)


def test_a_body_without_end_is_cut_off_at_the_limit(workspace: Workspace, cache: Cache) -> None:
    with serving(endless(BODY)) as server:
        job = network_job(workspace, server.url(), max_unpacked=5_000_000)
        with pytest.raises(DownloadError, match="the limit is") as caught:
            step.run(job, Silent(), Waits().tools)
    assert "max_unpacked" in caught.value.todo
    assert not partials(cache.root)


def test_an_announced_length_above_the_limit_is_not_begun(
    workspace: Workspace, cache: Cache
) -> None:
    with serving(answer(200, BODY, length=10**12)) as server:
        job = network_job(workspace, server.url())
        with pytest.raises(DownloadError, match="the limit is"):
            step.run(job, Silent(), Waits().tools)
    assert not (cache.root / "partial").exists()


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("7", 7.0),
        ("100000", 60.0),
        ("Tue, 14 Nov 2023 22:13:29 GMT", 9.0),
        ("Tue, 14 Nov 2000 22:13:29 GMT", 0.0),
        ("soon", 0.5),
        ("-3", 0.5),
    ],
)
def test_429_waits_as_long_as_it_is_asked_to(
    asked: str, waited: float, workspace: Workspace
) -> None:
    waits = Waits()
    with serving(answer(429, headers={"Retry-After": asked}), file(BODY)) as server:
        step.run(network_job(workspace, server.url()), Silent(), waits.tools)
    assert waits.asked == [waited]


def test_waits_grow_and_are_bounded(workspace: Workspace) -> None:
    waits = Waits()
    with serving(answer(503)) as server:
        job = network_job(workspace, server.url(), retries=7)
        step.run(job, Silent(), waits.tools)
    assert waits.asked == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_long_archive_over_a_bad_line_has_more_tries_than_a_short_one(
    workspace: Workspace,
) -> None:
    """Two tries in all would not do for five resets; each megabyte earns them anew."""
    body = BODY + bytes(6_000_000)
    script = [broken_off(body, at * 1_100_000, ONE) for at in range(1, 6)]
    replies = [script[0], *(resumed_until(body, at * 1_100_000) for at in range(2, 6)), file(body)]
    with serving(*replies) as server:
        job = network_job(workspace, server.url(), retries=1, locked=body)
        outcome = step.run(job, Silent(), Waits().tools)
    assert outcome.size == len(body)


def resumed_until(body: bytes, end: int) -> Reply:
    """A 206 that breaks off when the client has `end` bytes."""

    def reply(connection: object) -> None:
        start = int(connection.request.headers["range"].removeprefix("bytes=").rstrip("-"))  # type: ignore[attr-defined]
        whole = f"bytes {start}-{len(body) - 1}/{len(body)}"
        answer(206, body[start:end], {**ONE, "Content-Range": whole}, length=len(body) - start)(
            connection  # type: ignore[arg-type]
        )

    return reply


def test_what_is_asked_names_the_project_and_wants_stored_bytes(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        step.run(network_job(workspace, server.url()), Silent())
        assert server.asked("Accept-Encoding") == ["identity"]
        assert str(server.asked("User-Agent")[0]).startswith("tod-tf2/")
