"""The connection between the build and its TensorFlow process, which nothing else can write to.

A pipe can be opened again, for writing too, under the name that /proc/self/fd gives it: so an
operation of a graph could answer in the place of our own code. A socket can't be opened by name.
Windows has no such names, and there it is two pipes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True, slots=True)
class Channel:
    """The build's end."""

    orders: IO[bytes]
    answers: IO[bytes]

    def send(self, line: bytes) -> None:
        """Write a line; a process that is gone is noticed when its answer does not come."""
        with suppress(OSError):
            self.orders.write(line + b"\n")
            self.orders.flush()

    def receive(self, most: int) -> bytes:
        """The next line, of at most `most` bytes; b"" if the process has ended."""
        try:
            return self.answers.readline(most)
        except ConnectionResetError:  # it ended before it had read all that was sent
            return b""

    def holds_more(self) -> bool:
        """Whether something came that was not asked for."""
        if os.name == "nt":
            return False
        os.set_blocking(self.answers.fileno(), False)
        try:
            return bool(self.answers.peek(1))  # type: ignore[attr-defined]
        except ConnectionResetError:
            return True
        finally:
            os.set_blocking(self.answers.fileno(), True)

    def close(self) -> None:
        for stream in (self.orders, self.answers):
            with suppress(OSError):
                stream.close()


def start(
    command: Sequence[str], environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], Channel]:
    """Start a process that has the other end as its stdin and stdout.

    Raises:
        OSError: it can't be started.
    """
    if os.name == "nt":
        process = _started(command, environment, subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        return process, Channel(process.stdin, process.stdout)
    import socket  # a slow import

    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = _started(command, environment, theirs.fileno())
        again = os.dup(ours.fileno())
        return process, Channel(open(again, "wb"), open(ours.detach(), "rb"))


def _started(
    command: Sequence[str], environment: Mapping[str, str], end: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=end,
        stdout=end,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # no terminal: what is typed is not its to read, or to write
    )
