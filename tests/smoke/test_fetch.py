"""The catalogue's picture comes into the cache once, and never keeps a build waiting."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tasks.config.types import Picture, Settings
from tasks.core.paths import Cache
from tasks.smoke.picture import UnavailableError, cached, fetch, over_http

CONTENT = b"two dogs"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def picture(source: str = "https://example.org/dogs.jpg") -> Picture:
    return Picture(source=source, sha256=DIGEST)


def forbidden(address: str, settings: Settings) -> bytes:
    raise AssertionError(f"asked {address}")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/dogs.jpg"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(CONTENT if found else b"<html>")

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_the_picture_is_fetched_once(cache: Cache, server: str) -> None:
    wanted = picture(f"{server}/dogs.jpg")
    path = fetch(cache, wanted, Settings())
    assert path.read_bytes() == CONTENT
    assert path.suffix == ".jpg"
    assert fetch(cache, wanted, Settings(), get=forbidden) == path


def test_a_damaged_copy_is_fetched_anew(cache: Cache) -> None:
    path = cached(cache, picture())
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")
    assert fetch(cache, picture(), Settings(), get=lambda *_: CONTENT).read_bytes() == CONTENT


def test_another_picture_is_not_taken(cache: Cache) -> None:
    with pytest.raises(UnavailableError, match="another sha256"):
        fetch(cache, picture(), Settings(), get=lambda *_: b"a cat")
    assert not cached(cache, picture()).exists()


def test_a_server_without_the_picture_is_told(cache: Cache, server: str) -> None:
    with pytest.raises(UnavailableError, match="did not give it"):
        fetch(cache, picture(f"{server}/none.jpg"), Settings())


def test_offline_by_choice_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_OFFLINE", "1")
    monkeypatch.setattr(socket, "create_connection", forbidden)
    with pytest.raises(UnavailableError, match="TOD_OFFLINE"):
        over_http("https://example.org/dogs.jpg", Settings())


def test_nobody_there_is_found_out_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="can't be reached"):
        over_http(f"http://127.0.0.1:{port}/dogs.jpg", Settings())
    assert time.monotonic() - began < 3


def test_a_file_without_end_in_the_cache_is_not_read(cache: Cache) -> None:
    path = cached(cache, picture())
    path.parent.mkdir(parents=True)
    path.touch()
    os.truncate(path, 10 << 40)
    assert fetch(cache, picture(), Settings(), lambda address, settings: CONTENT) == path
    assert path.read_bytes() == CONTENT
