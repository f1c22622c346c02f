"""A loopback HTTP server in a process of its own: whole files, by the kernel's sendfile.

python -m benchmarks.server FOLDER      prints its port, serves until its standard input ends
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


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


def serve(folder: Path) -> None:
    """Print the port, then serve until standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Thread(target=_accept, args=(listener, folder), daemon=True).start()
    sys.stdin.read()


def _accept(listener: socket.socket, folder: Path) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection, folder), daemon=True).start()


def _answer(connection: socket.socket, folder: Path) -> None:
    """One request; the connection ends with it."""
    with contextlib.suppress(OSError, ValueError), connection:
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
        method, target, _ = request.split(b"\r\n", 1)[0].decode().split(" ")
        path = folder / Path(target.partition("?")[0]).name
        if not path.is_file():
            connection.sendall(_head(404, 0))
            return
        status = path.stat()
        connection.sendall(_head(200, status.st_size, f'ETag: "{status.st_mtime_ns:x}"\r\n'))
        if method == "GET":
            with open(path, "rb") as file:
                connection.sendfile(file)


def _head(status: int, length: int, more: str = "") -> bytes:
    reason = http.client.responses[status]
    kind = "Content-Type: application/gzip\r\n"
    end = "Connection: close\r\n\r\n"
    return f"HTTP/1.1 {status} {reason}\r\n{kind}Content-Length: {length}\r\n{more}{end}".encode()


if __name__ == "__main__":
    serve(Path(os.fsdecode(sys.argv[1])))
