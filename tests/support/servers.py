"""Servers on loopback that misbehave on purpose.

`ScriptedServer` speaks raw sockets, so any broken sequence of bytes can be sent. Each connection
gets the next reply of its script; the last one repeats. A reply is a function of the connection.
"""

from __future__ import annotations

import atexit
import contextlib
import http.client
import socket
import ssl
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Request:
    """What a client asked. Names of headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]


@dataclass
class Connection:
    """One connection, as a reply sees it."""

    sock: socket.socket
    request: Request
    closing: threading.Event

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """End with a TCP reset instead of an orderly close."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def stall(self, seconds: float = 60.0) -> None:
        """Send nothing until the client goes away, the server closes, or the time is up."""
        deadline = time.monotonic() + seconds
        self.sock.settimeout(0.02)
        while not self.closing.is_set() and time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                if not self.sock.recv(1024):
                    return


Reply = Callable[[Connection], None]


def head(status: int, headers: Mapping[str, object] | None = None, lines: str = "") -> bytes:
    """The head of an answer. `lines` are sent as they are: for headers that come twice."""
    text = f"HTTP/1.1 {status} {http.client.responses.get(status, 'Unknown')}\r\n"
    text += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return (text + lines + "Connection: close\r\n\r\n").encode("latin-1")


def answer(
    status: int,
    body: bytes = b"",
    headers: Mapping[str, object] | None = None,
    *,
    length: int | None = -1,
    lines: str = "",
) -> Reply:
    """A plain answer. `length` is what Content-Length says: the truth if -1, nothing if None."""

    def reply(connection: Connection) -> None:
        said = len(body) if length == -1 else length
        fields = {**(headers or {}), **({} if said is None else {"Content-Length": said})}
        connection.send(head(status, fields, lines))
        if connection.request.method != "HEAD":
            connection.send(body)

    return reply


def redirect(status: int, target: str) -> Reply:
    return answer(status, headers={"Location": target})


def broken_off(body: bytes, after: int, headers: Mapping[str, object] | None = None) -> Reply:
    """A whole announced body of which `after` bytes come; then a reset."""

    def reply(connection: Connection) -> None:
        connection.send(head(200, {**(headers or {}), "Content-Length": len(body)}))
        connection.send(body[:after])
        # A reset may overtake bytes that were not read yet; TLS is read a record at a time.
        time.sleep(0.3 if isinstance(connection.sock, ssl.SSLSocket) else 0.02)
        connection.reset()

    return reply


def stalled(body: bytes, after: int, headers: Mapping[str, object] | None = None) -> Reply:
    """As `broken_off`, but then silence."""

    def reply(connection: Connection) -> None:
        connection.send(head(200, {**(headers or {}), "Content-Length": len(body)}))
        connection.send(body[:after])
        connection.stall()

    return reply


def dripping(body: bytes, pieces: int, pause: float) -> Reply:
    """A body in so many pieces with a pause after each."""

    def reply(connection: Connection) -> None:
        connection.send(head(200, {"Content-Length": len(body)}))
        step = -(-len(body) // pieces)
        for start in range(0, len(body), step):
            connection.send(body[start : start + step])
            time.sleep(pause)

    return reply


def chunked(body: bytes, *, terminated: bool = True) -> Reply:
    def reply(connection: Connection) -> None:
        connection.send(head(200, {"Transfer-Encoding": "chunked"}))
        for start in range(0, len(body), 50_000):
            piece = body[start : start + 50_000]
            connection.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if terminated:
            connection.send(b"0\r\n\r\n")

    return reply


def endless(start: bytes, headers: Mapping[str, object] | None = None) -> Reply:
    """A body without a length that never ends."""

    def reply(connection: Connection) -> None:
        connection.send(head(200, headers) + start)
        with contextlib.suppress(OSError):
            while not connection.closing.is_set():
                connection.send(bytes(65536))

    return reply


def raw(data: bytes) -> Reply:
    """These bytes, whatever they are."""
    return lambda connection: connection.send(data)


def reset_at_once(connection: Connection) -> None:
    connection.reset()


def silent(connection: Connection) -> None:
    connection.stall()


def file(
    body: bytes, headers: Mapping[str, object] | None = None, *, etag: str | None = '"one"'
) -> Reply:
    """A file as a good server gives it: ranges, If-Range, If-None-Match, HEAD."""
    fields = {**({"ETag": etag} if etag else {}), **(headers or {})}

    def reply(connection: Connection) -> None:
        asked = connection.request.headers
        start = int(asked.get("range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        validators = (fields.get("ETag"), fields.get("Last-Modified"))
        if "range" not in asked or asked.get("if-range", validators[0]) not in validators:
            unchanged = etag is not None and asked.get("if-none-match") == etag
            answer(304 if unchanged else 200, b"" if unchanged else body, fields)(connection)
        elif start >= len(body):
            answer(416, b"", {**fields, "Content-Range": f"bytes */{len(body)}"})(connection)
        else:
            part(body, start, fields)(connection)

    return reply


def part(body: bytes, start: int, headers: Mapping[str, object], **other: object) -> Reply:
    """A 206 with the bytes from `start` on; `other` may say something else than the truth."""
    where = other.get("where", f"bytes {start}-{len(body) - 1}/{len(body)}")
    return answer(206, body[start:], {**headers, "Content-Range": where})


@dataclass
class ScriptedServer:
    """A server on loopback.

    Attributes:
        requests: what was asked, in order.
        greeting: sent before anything is read, as no HTTP server does.
    """

    script: tuple[Reply, ...]
    tls: ssl.SSLContext | None = None
    greeting: bytes = b""
    name: str = "127.0.0.1"
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    _closing: threading.Event = field(default_factory=threading.Event)
    _open: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> ScriptedServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for connection in self._open:
            with contextlib.suppress(OSError):  # a mere close would not wake who waits for it
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(2)
        self._listener.close()

    def url(self, path: str = "models/20200711/net.tar.gz") -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{self.name}:{self.port}/{path}"

    def asked(self, header: str) -> list[str | None]:
        """The values of a header, one a request; None where it was not sent."""
        return [request.headers.get(header.lower()) for request in self.requests]

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            connection.settimeout(5)
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
            stack.callback(plain.close)
            plain.sendall(self.greeting)
            sock = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
            stack.callback(sock.close)
            request = read_request(sock)
            if request is None:  # a probe that only connects
                return
            reply = self.script[min(len(self.requests), len(self.script) - 1)]
            self.requests.append(request)
            reply(Connection(sock, request, self._closing))
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(0.5)
                sock.recv(1)


def read_request(sock: socket.socket) -> Request | None:
    """The head of a request, or None if the client closed without one."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return None
        data += piece
    first, *lines = data.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return Request(method, target, {name.lower(): value.strip() for name, _, value in pairs})


@contextlib.contextmanager
def serving(
    *script: Reply, tls: ssl.SSLContext | None = None, greeting: bytes = b""
) -> Iterator[ScriptedServer]:
    """A running server."""
    with ScriptedServer(script, tls, greeting) as server:
        yield server


def tunnel(connection: Connection) -> None:
    """What a proxy does: CONNECT to where it was asked, or fetch an http address."""
    if connection.request.method != "CONNECT":
        _forward(connection)
        return
    host, _, port = connection.request.target.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as upstream:
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        _pipe_both(connection.sock, upstream)


def _forward(connection: Connection) -> None:
    request = connection.request
    where, _, path = request.target.removeprefix("http://").partition("/")
    host, _, port = where.partition(":")
    lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection((host, int(port or 80)), timeout=5) as upstream:
        upstream.sendall(f"{request.method} /{path} HTTP/1.1\r\n{lines}\r\n".encode())
        _pipe(upstream, connection.sock)


def _pipe_both(one: socket.socket, other: socket.socket) -> None:
    back = threading.Thread(target=_pipe, args=(other, one), daemon=True)
    back.start()
    _pipe(one, other)
    back.join(5)


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@dataclass(frozen=True)
class Authority:
    """A certificate authority that nobody knows unless told.

    Attributes:
        bundle: file to name in REQUESTS_CA_BUNDLE.
        context: for servers at 127.0.0.1 and localhost.
    """

    bundle: Path
    context: ssl.SSLContext


def authority(folder: Path) -> Authority:
    """Make an authority and a server certificate signed by it."""
    import trustme

    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    bundle = folder / "authority.pem"
    ca.cert_pem.write_to_path(str(bundle))
    return Authority(bundle, context)


@cache
def trusted() -> Authority:
    """An authority for this process, in a folder that goes with it."""
    scratch = tempfile.TemporaryDirectory()
    atexit.register(scratch.cleanup)
    return authority(Path(scratch.name))


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def paused(
    body: bytes, after: int, go_on: threading.Event, headers: Mapping[str, object] | None = None
) -> Reply:
    """A body that comes in two parts: the second once `go_on` is set."""

    def reply(connection: Connection) -> None:
        connection.send(head(200, {**(headers or {}), "Content-Length": len(body)}))
        connection.send(body[:after])
        go_on.wait(20)
        connection.send(body[after:])

    return reply
