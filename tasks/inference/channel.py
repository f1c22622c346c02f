"""What the build and its TensorFlow process say to each other, and the connection for it.

A message is a line of JSON. The connection is a pair of sockets: a pipe can be opened again, for
writing too, under the name that /proc/self/fd gives it, so an operation of a graph could reply in
the place of our own code. A socket can't be opened by name. Windows has no such names, and there it
is two pipes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Literal

from msgspec import Raw, Struct

from tasks.inference.environment import Permissions

NOTHING = Raw(b"null")

Handler = Literal["tasks.smoke.examination:handle", "tasks.measure.benchmark:handle"]
"""What may be asked for, as `package.module:function`. The function is given the body of the
request and `Updates`, and gives back a Struct for the reply."""


class Request(Struct, frozen=True, kw_only=True):
    """Something to do with a network.

    Attributes:
        handler: what is to be done.
        log: the file that takes what TensorFlow prints.
        permissions: what it takes to carry this out.
        most_partials: how many partial results may come before the reply.
        keeps: the network stays loaded for further requests about it: the process is not ended for
            the memory that it takes before one comes that is about another.
        token: random: all messages about this request repeat it.
    """

    handler: Handler
    network: str
    log: str
    permissions: Permissions = Permissions()
    body: Raw = NOTHING
    most_partials: int = 0
    keeps: bool = False
    token: str = ""


class Ready(Struct, frozen=True, kw_only=True, tag=True):
    """TensorFlow was imported; or was not, and `fault` says why. `isolation` says what keeps the
    process from the rest of the machine."""

    fault: str = ""
    isolation: str = ""
    token: str = ""


class PhaseStarted(Struct, frozen=True, tag=True):
    """A phase of the work begins."""

    phase: str
    token: str = ""


class PartialResult(Struct, frozen=True, tag=True):
    """Some of the work is done; the time that it may take begins anew."""

    body: Raw
    token: str = ""


class Reply(Struct, frozen=True, kw_only=True, tag=True):
    """A request was carried out; or could not be, and `why` (and `todo`) say why not.

    Attributes:
        transient: what went wrong need not go wrong another time.
        left: bytes that the process holds now beyond what it held before its first request: what
            networks leave behind. 0 if the system does not count.
    """

    body: Raw = NOTHING
    left: int = 0
    why: str = ""
    todo: str = ""
    transient: bool = False
    token: str = ""


Message = Ready | PhaseStarted | PartialResult | Reply


class Updates(Struct, frozen=True):
    """What is called while a request is carried out: at the beginning of a phase, and with each
    partial result, which is a Struct in the child and its JSON in the parent."""

    phase: Callable[[str], None]
    partial: Callable[[Any], None]


class FaultError(Exception):
    """In the child: the network or the picture can't be used. A NetworkError in the parent; for
    `transient` see `Reply`."""

    def __init__(self, why: str, todo: str = "", *, transient: bool = False) -> None:
        super().__init__(why)
        self.why, self.todo, self.transient = why, todo, transient


@dataclass(frozen=True, slots=True)
class Channel:
    """The build's end of the connection."""

    requests: IO[bytes]
    messages: IO[bytes]

    def send(self, line: bytes) -> None:
        """Write a line; a process that has ended is noticed when its reply does not come."""
        with suppress(OSError):
            self.requests.write(line + b"\n")
            self.requests.flush()

    def receive(self, most: int) -> bytes:
        """The next line, of at most `most` bytes; b"" if the process has ended."""
        try:
            return self.messages.readline(most)
        except ConnectionResetError:  # it ended before it had read all that was sent
            return b""

    def has_unread(self) -> bool:
        """Whether something came that was not asked for."""
        if os.name == "nt":
            return False
        os.set_blocking(self.messages.fileno(), False)
        try:
            return bool(self.messages.peek(1))  # type: ignore[attr-defined]
        except ConnectionResetError:
            return True
        finally:
            os.set_blocking(self.messages.fileno(), True)

    def close(self) -> None:
        for stream in (self.requests, self.messages):
            with suppress(OSError):
                stream.close()


def start(
    command: Sequence[str], environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], Channel]:
    """Start a process that has the other end as its stdin and stdout."""

    def begin(end: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=end,
            stdout=end,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # no terminal: what is typed is not its to read, or to write
        )

    if os.name == "nt":
        process = begin(subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        return process, Channel(process.stdin, process.stdout)
    import socket  # a slow import

    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = begin(theirs.fileno())
        copy = os.dup(ours.fileno())
        return process, Channel(open(copy, "wb"), open(ours.detach(), "rb"))
