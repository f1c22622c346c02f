"""What a workspace serves, to whom, and what it does not."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core.paths import Workspace
from tasks.download import step
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob, Silent
from tasks.serve import server as serving
from tasks.web import connectivity
from tests.support.downloads import BODY, OTHER, SHA256, Waits, install, network_job, partials
from tests.support.served import ADDRESS, PATH, Mirror, mirror, put, record, teacher


@pytest.fixture
def class_mirror(workspace: Workspace) -> Iterator[Mirror]:
    with mirror(teacher(workspace)) as made:
        yield made


def told(one: Mirror) -> str:
    """The last line, which comes after the client has all its bytes."""
    deadline = time.monotonic() + 5
    while not one.told and time.monotonic() < deadline:
        time.sleep(0.01)
    return one.told[-1]


def test_an_archive_of_the_lock_is_sent_with_its_digest_as_etag(class_mirror: Mirror) -> None:
    status, headers, body = class_mirror.ask()
    assert (status, body) == (200, BODY)
    assert headers["ETag"] == f'"{SHA256}"'
    assert headers["Accept-Ranges"] == "bytes"
    assert told(class_mirror).startswith(f"127.0.0.1 {PATH}: 300.1 kB, 0.")


def test_the_rest_of_an_archive_is_sent(class_mirror: Mirror) -> None:
    status, headers, body = class_mirror.ask(Range="bytes=100000-", If_Range=f'"{SHA256}"')
    assert (status, body) == (206, BODY[100_000:])
    assert headers["Content-Range"] == f"bytes 100000-{len(BODY) - 1}/{len(BODY)}"
    assert "from 100.0 kB on" in told(class_mirror)


def test_head_not_modified_and_a_range_beyond_the_end_have_no_body(class_mirror: Mirror) -> None:
    assert class_mirror.ask(method="HEAD")[::2] == (200, b"")
    assert class_mirror.ask(If_None_Match=f'"{SHA256}"')[::2] == (304, b"")
    status, headers, _ = class_mirror.ask(Range=f"bytes={len(BODY)}-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(BODY)}")


def test_the_first_page_tells_what_is_served(class_mirror: Mirror) -> None:
    status, headers, body = class_mirror.ask("/")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    assert f'mirrors = ["{class_mirror.address}"]' in body.decode()
    assert f"{SHA256}  {len(BODY):>12}  {PATH}" in body.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/config/zoo.lock",
        "/20200711/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/20200711/net.tar.gz/",
        "/20200711/",
        "/20200711/net.tar.gz%00",
        "*",
        "http://other.example/20200711/net.tar.gz",
    ],
)
def test_nothing_else_can_be_had(class_mirror: Mirror, path: str) -> None:
    assert class_mirror.ask(path)[0] == 404


def test_what_a_client_asks_for_is_shown_harmlessly(class_mirror: Mirror) -> None:
    class_mirror.ask("/%1b[2J" + "x" * 500)
    with socket.create_connection(class_mirror.server.socket.getsockname()) as client:
        client.sendall(b"GET /\x1b[2J HTTP/1.1\r\nConnection: close\r\n\r\n")
        client.recv(1000)
    assert told(class_mirror)
    assert all(line.isprintable() and len(line) < 200 for line in class_mirror.told)


def test_of_a_client_that_asks_for_nothing_served_some_lines_are_told(class_mirror: Mirror) -> None:
    for number in range(serving.MOST_REFUSALS + 5):
        assert class_mirror.ask(f"/{number}")[0] == 404
    assert len(class_mirror.told) == serving.MOST_REFUSALS
    last = f"127.0.0.1 /{serving.MOST_REFUSALS - 1}: not served (404); "
    assert class_mirror.told[-1] == last + "more of this client are only counted"
    assert class_mirror.server.totals.refused == {"127.0.0.1": serving.MOST_REFUSALS + 5}


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /20200711/net.tar.gz\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /%zz%ff%00%2e%2e%2f HTTP/1.1\r\n\r\n",
        b"GET /20200711/net.tar.gz HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n" * 200,
        b"GET /20200711/net.tar.gz HTTP/1.1\r\nRange: bytes=0-1,--1,-5\r\n\r\n" * 20,
        bytes(range(256)) * 20,
    ],
    ids=[
        "HTTP/0.9",
        "long line",
        "long header",
        "escapes",
        "version",
        "pipeline",
        "ranges",
        "noise",
    ],
)
def test_whatever_comes_and_is_reset_others_are_served(
    class_mirror: Mirror, request_bytes: bytes
) -> None:
    for _ in range(3):
        with socket.create_connection(class_mirror.server.socket.getsockname()) as client:
            client.sendall(request_bytes)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert class_mirror.ask()[2] == BODY


def test_an_archive_that_the_lock_lacks_is_not_served(class_mirror: Mirror) -> None:
    class_mirror.job.workspace.lock_file.unlink()
    assert class_mirror.ask()[0] == 404


def test_an_archive_of_other_bytes_is_not_served(class_mirror: Mirror) -> None:
    path = put(class_mirror.job, OTHER)
    assert class_mirror.ask()[0] == 404
    assert class_mirror.server.shelf.look(Silent())[1] == [
        f"{path} is not what config/zoo.lock names; it is not served"
    ]


def test_an_installed_network_whose_archive_is_gone_is_told(class_mirror: Mirror) -> None:
    job = class_mirror.job
    step.run(job, Silent())
    archive_cache.drop(job)
    install(job, SHA256)
    assert class_mirror.server.shelf.look(Silent()) == (
        [],
        [
            "net is installed and its archive is gone; "
            "`doit -a download:net` fetches it to be served"
        ],
    )


def test_an_archive_that_changed_is_hashed_again(class_mirror: Mirror) -> None:
    assert class_mirror.ask()[0] == 200
    path = put(class_mirror.job, BODY[:-1] + b"?")
    assert class_mirror.ask()[0] == 404
    path.write_bytes(BODY)
    assert class_mirror.ask()[2] == BODY


def test_an_archive_that_changes_while_it_is_sent_breaks_off(workspace: Workspace) -> None:
    body = os.urandom(30_000_000)
    with (
        mirror(teacher(workspace, body)) as one,
        socket.create_connection(one.server.socket.getsockname()) as client,
    ):
        client.sendall(f"GET {PATH} HTTP/1.1\r\n\r\n".encode())
        came = len(client.recv(1000))
        put(one.job, body[:-1] + b"?")
        while block := client.recv(1 << 20):
            came += len(block)
        assert came < len(body)
        assert "then it broke off" in told(one)


def test_an_archive_is_hashed_once(class_mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    class_mirror.ask()
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert class_mirror.ask()[2] == BODY


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_nobody_can_change_anything(class_mirror: Mirror, method: str) -> None:
    assert class_mirror.ask(method=method)[0] == 501
    assert class_mirror.ask()[2] == BODY


def test_headers_without_end_are_refused(class_mirror: Mirror) -> None:
    with socket.create_connection(class_mirror.server.socket.getsockname()) as client:
        client.sendall(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 3000)
        assert client.recv(1000).startswith(b"HTTP/1.1 431")


def test_a_body_is_never_taken_for_a_request(class_mirror: Mirror) -> None:
    inner = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(class_mirror.server.socket.getsockname()) as client:
        client.sendall(f"GET /no HTTP/1.1\r\nContent-Length: {len(inner)}\r\n\r\n{inner}".encode())
        client.settimeout(5)
        came = b""
        try:
            while block := client.recv(4096):
                came += block
        except ConnectionResetError:
            pass
    assert came.count(b"HTTP/1.1 ") == 1


def test_a_client_that_says_nothing_is_sent_away(
    class_mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "REQUEST_TIME", 0.3)
    with socket.create_connection(class_mirror.server.socket.getsockname()) as client:
        client.settimeout(5)
        client.sendall(b"GET / HT")
        assert client.recv(10) == b""


def test_a_client_that_takes_nothing_is_sent_away(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "BLOCK_TIME", 0.3)
    with (
        mirror(teacher(workspace, os.urandom(30_000_000))) as one,
        socket.create_connection(one.server.socket.getsockname()) as client,
    ):
        client.sendall(f"GET {PATH} HTTP/1.1\r\n\r\n".encode())
        assert "then it broke off" in told(one)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="does not tell what has arrived")
def test_what_waited_to_be_sent_to_a_client_that_hung_up_does_not_count(
    workspace: Workspace,
) -> None:
    body = os.urandom(1_000_000)  # less than the system takes from us at once
    with mirror(teacher(workspace, body)) as one:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            client.connect(one.server.socket.getsockname())
            client.sendall(f"GET {PATH} HTTP/1.1\r\n\r\n".encode())
            client.recv(1000)
            time.sleep(0.3)
            assert one.told == []
        assert " of 1.0 MB, then it broke off" in told(one)
        assert 0 < one.server.totals.bytes < 100_000


def test_a_client_that_leaves_before_it_has_the_page_is_told_in_words(
    class_mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(serving.Handler, "_send_text", left)
    with pytest.raises(http.client.RemoteDisconnected):
        class_mirror.ask("/")
    assert told(class_mirror) == "127.0.0.1 /: it broke off"


def test_clients_that_wait_make_room_for_those_that_ask(
    class_mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST", 5)
    place = class_mirror.server.socket.getsockname()
    waiting = [socket.create_connection(place) for _ in range(20)]
    assert class_mirror.ask()[2] == BODY
    for each in waiting:
        each.close()


def test_where_all_are_served_one_more_is_told_to_come_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST", 1)
    with (
        mirror(teacher(workspace, os.urandom(30_000_000))) as one,
        socket.create_connection(one.server.socket.getsockname()) as client,
    ):
        client.sendall(f"GET {PATH} HTTP/1.1\r\n\r\n".encode())
        client.recv(100)
        status, headers, _ = one.ask()
        assert (status, headers["Retry-After"]) == (503, "5")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="has no 127.0.0.2 by itself")
def test_a_client_with_many_connections_makes_room_for_another(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST", 3)
    with mirror(teacher(workspace, os.urandom(30_000_000))) as one:
        place = one.server.socket.getsockname()
        greedy = [socket.create_connection(place, None, ("127.0.0.2", 0)) for _ in range(3)]
        for each in greedy:
            each.sendall(f"GET {PATH} HTTP/1.1\r\n\r\n".encode())
            each.recv(100)
        assert one.ask()[0] == 200
        for each in greedy:
            each.close()


def test_of_the_clients_the_one_with_the_most_connections_loses_the_idlest() -> None:
    def visit(client: str, deadline: float, *, is_served: bool = True) -> serving.Visit:
        return serving.Visit(socket.socket(), client, deadline, is_served)

    visits = [visit("a", 1), visit("b", 4), visit("b", 3), visit("b", 5)]
    assert serving.who_leaves(visits, "new") is visits[2]
    assert serving.who_leaves(visits, "a") is visits[2]
    assert serving.who_leaves(visits, "b") is None
    assert serving.who_leaves(visits[:3], "a") is None
    waiting = visit("a", 9, is_served=False)
    assert serving.who_leaves([*visits, waiting], "b") is waiting
    for each in (*visits, waiting):
        each.sock.close()


def pupil(
    root: Path, monkeypatch: pytest.MonkeyPatch, mirror: str, locked: bytes | None = BODY
) -> NetworkJob:
    """A workspace that names a mirror, with a cache of its own."""
    root.mkdir()
    monkeypatch.setenv("TOD_CACHE", str(root / "cache"))
    workspace = Workspace(root)
    if locked:
        record(workspace, locked)
    return network_job(
        workspace, ADDRESS, locked=None, mirrors=(mirror,), mirrors_first=True, retries=3
    )


def test_a_pupil_fetches_what_its_own_lock_names(
    class_mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = pupil(tmp_path / "pupil", monkeypatch, class_mirror.address)
    assert step.run(job, Silent()).note == "from 127.0.0.1"
    assert f"{PATH}: 300.1 kB" in told(class_mirror)


def test_a_pupil_without_a_lock_asks_nothing_over_plain_http(
    class_mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = pupil(tmp_path / "pupil", monkeypatch, class_mirror.address, locked=None)
    outcome = step.run(job, Silent())
    assert outcome.kind == "deferred"
    assert "plain http, and no confirmed digest" in outcome.note
    assert class_mirror.told == []


def test_a_fetch_goes_on_where_a_killed_server_left_it(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = BODY + os.urandom(8_000_000)
    job = teacher(workspace, body)
    with mirror(job) as one:
        port = one.server.socket.getsockname()[1]
        asked = pupil(tmp_path / "pupil", monkeypatch, one.address, locked=body)
        assert step.run(asked, Closing(one), Waits().tools).kind == "deferred"
    assert len(partials(tmp_path / "pupil/cache")) == 1
    connectivity.verdicts.cache_clear()
    monkeypatch.setenv("TOD_CACHE", str(tmp_path / "cache"))
    with mirror(job, port):
        monkeypatch.setenv("TOD_CACHE", str(tmp_path / "pupil/cache"))
        assert "MB on" in step.run(asked, Silent()).note


class Closing(Silent):
    """Ends the server when two megabytes have come."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror, self.done = mirror, 0

    def advance(self, amount: int) -> None:
        self.done += amount
        if self.done > 2_000_000:
            self.mirror.server.server_close()
