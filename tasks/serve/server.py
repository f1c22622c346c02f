"""A read-only HTTP server for the archives of a `Shelf`: a thread a connection, and a bound on both
how many there are and how long each may wait, so that no client can keep the others out.

Every connection has a deadline, which the main loop looks at twice a second: a request must have
come within `REQUEST_TIME`, each block must have gone within `BLOCK_TIME`. Where `MOST` are open, a
new one takes the place of the one that has waited longest without a request; if all are being
served, of one of the address that has the most, as long as that has more than the newcomer's.
Whoever finds no place is told to come again.
"""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.client import LineTooLong
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase, BufferedReader
from typing import Any
from urllib.parse import unquote, urlsplit

from tasks.core.errors import TodError
from tasks.core.files import human_size
from tasks.core.text import lowered, printable, shortened
from tasks.pipeline.job import Silent
from tasks.serve.arrival import has_ended, unacknowledged
from tasks.serve.ranges import Part, asked_for
from tasks.serve.shelf import Served, Shelf, state_of

MOST = 128  # connections
REQUEST_TIME = 10.0  # seconds
BLOCK_TIME = 60.0
PIECE = 1 << 18  # bytes of a block: a client must take 4.4 kB a second
LONGEST_PAUSE = 50  # milliseconds between two looks at what has arrived
LARGEST_REQUEST = 1 << 14  # bytes of a request with its headers
MOST_REFUSALS = 10  # lines about a client that asks for what it does not get
LONGEST_NAME = 120  # characters of what a client asked for, in a line
COME_AGAIN = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Retry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


@dataclass(eq=False, slots=True)
class Visit:
    """An open connection of the client at an address."""

    sock: socket.socket
    client: str
    deadline: float
    is_served: bool = False

    def end(self) -> None:
        """Wake whoever reads or writes it; its own thread closes it."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


@dataclass
class Totals:
    """What was sent so far, and how often each client asked for what it did not get."""

    fetches: int = 0
    bytes: int = 0
    clients: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)


class Server(socketserver.TCPServer):
    """The server. `serve_forever` runs it; closing it ends all connections."""

    allow_reuse_address = True
    request_queue_size = MOST

    def __init__(
        self, place: tuple[Any, ...], family: int, shelf: Shelf, say: Callable[[str], None]
    ) -> None:
        """
        Args:
            place: the address to listen at, as `socket.getaddrinfo` gives it.
            say: tells the user a line; called by one thread at a time.

        Raises:
            OSError: the address can't be had.
        """
        self.address_family = family
        self.shelf, self.totals = shelf, Totals()
        self._say = say
        self._guard = threading.Lock()
        self._visits: dict[socket.socket, Visit] = {}
        self._at_work: set[threading.Thread] = set()
        self._has_ended = False
        super().__init__(place, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Have a thread serve a connection, if there is room for one."""
        if not self._admit(request, str(client_address[0])):
            with suppress(OSError):
                request.settimeout(0)
                request.send(COME_AGAIN)
            self.shutdown_request(request)
            return
        work = threading.Thread(target=self._attend, args=(request, client_address), daemon=True)
        self._at_work.add(work)
        work.start()

    def _admit(self, sock: socket.socket, client: str) -> bool:
        with self._guard:
            if len(self._visits) >= MOST:
                leaves = who_leaves(list(self._visits.values()), client)
                if leaves is None:
                    return False
                leaves.end()
                del self._visits[leaves.sock]
            self._visits[sock] = Visit(sock, client, time.monotonic() + REQUEST_TIME)
        return True

    def _attend(self, sock: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(sock, client_address)
        except (OSError, ValueError):
            pass  # the client left, or was sent away
        finally:
            with self._guard:
                self._visits.pop(sock, None)
            self.shutdown_request(sock)
            self._at_work.discard(threading.current_thread())

    def service_actions(self) -> None:
        """Called twice a second by the main loop: end what is past its time."""
        now = time.monotonic()
        with self._guard:
            for visit in self._visits.values():
                if visit.deadline < now:
                    visit.end()

    def allow(self, sock: socket.socket, seconds: float, *, is_served: bool) -> None:
        """Give a connection so much more time."""
        with self._guard:
            visit = self._visits.get(sock)
            if visit is None:
                raise ConnectionAbortedError("another connection has its place")
            visit.deadline, visit.is_served = time.monotonic() + seconds, is_served

    def tell(self, line: str) -> None:
        """Tell the user a line, whatever a client put into it; none once the server has ended."""
        with self._guard:
            if not self._has_ended:
                self._say(printable(line))

    def tell_refused(self, client: str, line: str) -> None:
        """Tell that a client did not get what it asked for, `MOST_REFUSALS` times of each."""
        with self._guard:
            self.totals.refused[client] += 1
            number = self.totals.refused[client]
        if number <= MOST_REFUSALS:
            more = "; more of this client are only counted" if number == MOST_REFUSALS else ""
            self.tell(f"{client} {line}{more}")

    def count(self, client: str, sent: int) -> None:
        with self._guard:
            self.totals.fetches += 1
            self.totals.bytes += sent
            self.totals.clients.add(client)

    def server_close(self) -> None:
        super().server_close()
        with self._guard:
            for visit in self._visits.values():
                visit.end()

    def end(self, seconds: float) -> None:
        """Close, and wait so long for the lines about what is cut off by that; later ones are not
        told."""
        self.server_close()
        until = time.monotonic() + seconds
        try:
            for work in [*self._at_work]:
                work.join(max(until - time.monotonic(), 0))
        finally:
            with self._guard:
                self._has_ended = True


def who_leaves(visits: list[Visit], client: str) -> Visit | None:
    """Which of all connections makes room for a new one of a client; None if none has to.

    Of those that are served, the one that has taken nothing for the longest time, of the client
    that has the most; a client gets no more than the others in that way.
    """
    waiting = [visit for visit in visits if not visit.is_served]
    if not waiting:
        each = Counter(visit.client for visit in visits)
        most, number = each.most_common(1)[0]
        if number <= each[client] + 1:
            return None
        waiting = [visit for visit in visits if visit.client == most]
    return min(waiting, key=lambda visit: visit.deadline)


def address_of(sock: socket.socket) -> str:
    """The address that a socket is bound to, as a mirror is named."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Bounded:
    """Reads lines of a request until it has become too large."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file
        self.left = LARGEST_REQUEST

    def readline(self, most: int = -1) -> bytes:
        line = self._file.readline(min(most, self.left + 1) if most >= 0 else self.left + 1)
        self.left -= len(line)
        if self.left < 0:
            raise LineTooLong("request")
        return line

    def close(self) -> None:
        self._file.close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    headers: Message[str, str]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "tod-tf2", ""
    disable_nagle_algorithm = True
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(code)d %(message)s\n"

    def setup(self) -> None:
        super().setup()
        self.rfile: Any = Bounded(self.rfile)

    def handle_one_request(self) -> None:
        self.rfile.left = LARGEST_REQUEST
        self.server.allow(self.connection, REQUEST_TIME, is_served=False)
        try:
            super().handle_one_request()
        except LineTooLong:  # in the first line; those of headers are answered
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """What is told is told by us."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.server.allow(self.connection, BLOCK_TIME, is_served=True)
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # what follows would be taken for the next request
        path = unquote(urlsplit(f"//host{self.path}").path) if self.path[:1] == "/" else ""
        try:
            page = self._page() if path == "/" else ""
            opened = None if page else self.server.shelf.open(path)
        except (TodError, OSError) as error:
            why = (
                lowered(error.strerror or "can't be read") if isinstance(error, OSError) else error
            )
            self.server.tell_refused(self._client, f"{self._name}: {why}")
            self._send_text(503, "The archive can't be read now")
            return
        if page:
            self._send_page(page)
            return
        if opened is None:
            self.server.tell_refused(self._client, f"{self._name}: not served (404)")
            self._send_text(404, "Not served here")
            return
        served, file = opened
        with file:
            self._send(served, file, asked_for(dict(self.headers), served.size, served.etag))

    @property
    def _client(self) -> str:
        return str(self.client_address[0])

    @property
    def _name(self) -> str:
        return shortened(self.path, LONGEST_NAME)

    def _send_text(self, status: int, text: str) -> None:
        body = f"{text}\n".encode("utf-8", "backslashreplace")
        self.send_response(status)
        self._finish_head({"Content-Type": "text/plain; charset=utf-8"}, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _finish_head(self, fields: dict[str, str], length: int) -> None:
        for name, value in {**fields, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _page(self) -> str:
        found, _ = self.server.shelf.look(Silent())
        lines = [
            "Archives of pre-trained networks. To fetch from here, write this into",
            "config/workspace.toml, where the address is this page's:",
            "",
            "  [settings]",
            f'  mirrors = ["{address_of(self.connection)}"]',
            "",
            *(f"{one.sha256}  {one.size:>12}  {one.path}" for one in found),
        ]
        return "\n".join(lines)

    def _send_page(self, page: str) -> None:
        try:
            self._send_text(200, page)
        except OSError:
            self.server.tell_refused(self._client, f"{self._name}: it broke off")
            raise

    def _send(self, served: Served, file: BufferedReader, part: Part) -> None:
        self.send_response(part.status)
        fields = {"ETag": served.etag, "Accept-Ranges": "bytes"}
        if part.status == 206:
            fields["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{served.size}"
        elif part.status == 416:
            fields["Content-Range"] = f"bytes */{served.size}"
        if part.status in (200, 206):
            fields["Content-Type"] = "application/gzip"
        if part.status == 304:
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
        else:
            self._finish_head(fields, part.end - part.start)
        if self.command == "HEAD" or part.end == part.start:
            return
        began = time.monotonic()
        file.seek(part.start)
        try:
            self._send_bytes(file, part)
        finally:
            sent = max(file.tell() - part.start - unacknowledged(self.connection), 0)
            self._tell_of(served, part, sent, time.monotonic() - began)

    def _send_bytes(self, file: BufferedReader, part: Part) -> None:
        """Send these bytes, as long as the file stays what it was, until they have arrived."""
        state, place = state_of(file), part.start
        while place < part.end:
            self.server.allow(self.connection, BLOCK_TIME, is_served=True)
            place += self.connection.sendfile(file, place, min(PIECE, part.end - place))
            if state_of(file) != state:
                raise ConnectionAbortedError("the archive changed")
        left, pause = unacknowledged(self.connection), 1
        while (now := unacknowledged(self.connection)) and not has_ended(self.connection, pause):
            pause = min(2 * pause, LONGEST_PAUSE)
            if left - now >= PIECE:
                self.server.allow(self.connection, BLOCK_TIME, is_served=True)
                left = now

    def _tell_of(self, served: Served, part: Part, sent: int, seconds: float) -> None:
        self.server.count(self._client, sent)
        asked = part.end - part.start
        of = "" if sent == asked else f" of {human_size(asked)}, then it broke off"
        begin = f", from {human_size(part.start)} on" if part.start else ""
        rate = human_size(int(sent / max(seconds, 1e-6)))
        size = human_size(sent)
        self.server.tell(
            f"{self._client} {served.path}: {size}{of}{begin}, {seconds:.1f} s, {rate}/s"
        )
