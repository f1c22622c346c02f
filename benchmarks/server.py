"""A loopback HTTP server in a process of its own: whole files, by the kernel's sendfile.

python -m benchmarks.server FOLDER      prints its port, serves until its standard input ends

/NAME           the file, as fast as it is taken
/50/NAME        the file, at 50 MB/s
/last-byte      when the last byte of the last file was sent: seconds as of time.time()
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

ROOT = Path(__file__).parents[1]
LAST_BYTE = "last-byte"
PIECE = 1 << 16
BEHIND = 0.02  # seconds that a transfer at a rate may catch up with: a real line has no memory


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a running server that serves the files in `folder`."""
    command = [sys.executable, "-m", "benchmarks.server", str(folder)]
    server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout is not None
    assert server.stdin is not None
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()


def last_byte(address: str) -> float:
    """When the server at this address sent the last byte of the last file, as of time.time()."""
    with urllib.request.urlopen(f"{address}/{LAST_BYTE}") as answer:
        return float(answer.read())


def serve(folder: Path) -> None:
    """Print the port, then serve until standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Thread(target=_accept, args=(listener, folder), daemon=True).start()
    sys.stdin.read()


def _accept(listener: socket.socket, folder: Path) -> None:
    files = _Files(folder)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=files.answer, args=(connection,), daemon=True).start()


class _Files:
    """Answers one request a connection."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sent = 0.0

    def answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            method, target = _request(connection)
            if target.name == LAST_BYTE:
                told = repr(self._sent).encode()
                connection.sendall(_head(200, len(told)) + told)
                return
            path = self._folder / target.name
            if not path.is_file():
                connection.sendall(_head(404, 0))
                return
            status = path.stat()
            connection.sendall(_head(200, status.st_size, f'ETag: "{status.st_mtime_ns:x}"\r\n'))
            if method == "GET":
                self._send(connection, path, target.parent.name)

    def _send(self, connection: socket.socket, path: Path, rate: str) -> None:
        with open(path, "rb") as file:
            if rate:
                _pace(connection, file, int(rate) * 1e6)
            else:
                connection.sendfile(file)
        self._sent = time.time()


def _request(connection: socket.socket) -> tuple[str, PurePosixPath]:
    """Method and path.

    Raises:
        ValueError: this is no request.
    """
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(65536)
        if not piece:
            raise ValueError("the request is cut short")
        request += piece
    method, target, _ = request.split(b"\r\n", 1)[0].decode().split(" ")
    return method, PurePosixPath(target.partition("?")[0])


def _pace(connection: socket.socket, file: BinaryIO, rate: float) -> None:
    """Send a file at so many bytes a second, and leave little of it in the system's buffer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * PIECE)
    due = time.monotonic()
    while piece := file.read(PIECE):
        due = max(due, time.monotonic() - BEHIND) + len(piece) / rate
        time.sleep(max(0.0, due - time.monotonic()))
        connection.sendall(piece)


def _head(status: int, length: int, more: str = "") -> bytes:
    reason = http.client.responses[status]
    kind = "Content-Type: application/gzip\r\n"
    end = "Connection: close\r\n\r\n"
    return f"HTTP/1.1 {status} {reason}\r\n{kind}Content-Length: {length}\r\n{more}{end}".encode()


if __name__ == "__main__":
    serve(Path(os.fsdecode(sys.argv[1])))
