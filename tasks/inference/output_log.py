"""What the process prints, written by the parent into a log that no network can make large; and
why it ended, as far as the log and the exit code say."""

from __future__ import annotations

import os
import re
import select
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

from tasks.core.errors import NetworkError
from tasks.core.temporary import no_link

HEAD = 2_000_000
TAIL = 1_000_000
"""Bytes of a log that are kept: so many from its beginning, and so many from its end."""
BLOCK = 1 << 16
PIPE = 1 << 20
"""Bytes that a pipe holds at most."""
POSIX = os.name == "posix"
NOISE = (
    *("WARNING: All log messages before absl", "To enable the following instructions"),
    *("@ ", "PC: @", "*** ", "#", "[symbolize", "File ", "^", "~", "Extension modules:"),
    *("Current thread 0x", "Thread 0x", "<no Python frame>"),
)
"""How lines begin that say nothing of a reason, such as the frames of a stack."""
FATAL = r"F[0-9]{4} .*?\] (.+)"  # as TensorFlow logs it; the reason may have more lines


class OutputLog:
    """Reads all that comes out of a pipe, in a thread of its own, into one log after another. What
    comes while no log is open is dropped, as is the middle of what comes in masses."""

    def __init__(self, pipe: IO[bytes], log: Path) -> None:
        self._pipe, self._lock = pipe, threading.Lock()
        self._file: BinaryIO | None = None
        self._space, self._tail, self._left_out = 0, bytearray(), 0
        self.begin(log)
        if POSIX:
            os.set_blocking(pipe.fileno(), False)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def begin(self, log: Path) -> None:
        """What comes from here on goes into this log, which starts empty."""
        with self._lock:
            self._end()
            self._space, self._left_out = HEAD, 0
            with suppress(OSError):  # the network is run even if its log can't be written
                log.parent.mkdir(parents=True, exist_ok=True)
                self._file = open(log, "wb", buffering=0, opener=no_link)  # noqa: SIM115

    def end(self) -> None:
        """What was printed until now is in the log, and nothing more gets into it."""
        if POSIX:
            with suppress(OSError, ValueError):
                self._read(PIPE)
        else:
            time.sleep(0.05)
        with self._lock:
            self._end()

    def close(self) -> None:
        """The process has ended: take the rest, and let go of the pipe."""
        self._thread.join(1.0)
        with self._lock:
            self._end()
        if not self._thread.is_alive():
            self._pipe.close()

    def _listen(self) -> None:
        """Wait for something and take it, to the end of all."""
        more = True
        with suppress(OSError, ValueError):
            while more and POSIX:
                poll = select.poll()
                poll.register(self._pipe, select.POLLIN)
                poll.poll()
                more = self._read(BLOCK)
            while more:
                block = os.read(self._pipe.fileno(), BLOCK)
                with self._lock:
                    self._take(block)
                more = bool(block)

    def _read(self, most: int) -> bool:
        """Take what is there, up to about `most` bytes; false at the end of all."""
        with self._lock, suppress(BlockingIOError):
            while most > 0:
                block = os.read(self._pipe.fileno(), BLOCK)
                if not block:
                    return False
                self._take(block)
                most -= len(block)
        return True

    def _take(self, block: bytes) -> None:
        head, rest = block[: self._space], block[self._space :]
        self._space -= len(head)
        self._put(head)
        self._tail += rest
        if len(self._tail) > 2 * TAIL:
            self._cut()

    def _cut(self) -> None:
        """Keep no more than the end of what came beyond the head."""
        beyond = max(0, len(self._tail) - TAIL)
        self._left_out += beyond
        del self._tail[:beyond]

    def _end(self) -> None:
        self._cut()
        if self._left_out:
            self._put(b"\n[%d bytes are left out here]\n" % self._left_out)
        self._put(bytes(self._tail))
        self._tail.clear()
        if self._file is not None:
            self._file.close()
        self._file = None

    def _put(self, block: bytes) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.write(block)


def last_line(log: Path) -> str:
    """The line of a log that says why the process ended, at most 200 characters of it: a fatal
    error's, or the last one that says something; "" if none does."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8192))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines()]
    useful = [line for line in lines if line and not line.startswith(NOISE)]
    fatal = [match[1] for line in useful if (match := re.match(FATAL, line))]
    return (fatal or useful or [""])[-1][:200]


def exit_error(network: str, code: int, limit: float | None, log: Path) -> NetworkError:
    """Why the process ended: its time (`limit`, in seconds) was over, a signal, or an exit code."""
    if limit is not None:
        todo = f"raise smoke_timeout in config/workspace.toml, or see {log}"
        return NetworkError(network, f"it did not answer within {limit:g} seconds", todo)
    last = last_line(log)
    printed = f": {last}" if last else ""
    if code == 0:
        why = "ended before it had answered (exit code 0)"
    elif code > 0:
        why = f"ended with exit code {code}{printed}"
    elif -code == 9:
        why = "was killed by signal 9: out of memory?"
    elif -code == signal.SIGILL:
        why = "was killed by signal 4: made for another kind of processor?"
    else:
        name = {each.value: each.name for each in signal.Signals}.get(-code, "unknown")
        why = f"was killed by signal {-code} ({name}){printed}"
    return NetworkError(network, f"TensorFlow's process {why}", f"details: {log}")
