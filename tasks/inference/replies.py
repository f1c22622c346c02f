"""What the process answers, how long that is waited for, and why it ended if no answer comes."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tasks.core.errors import NetworkError
from tasks.inference.channel import Channel
from tasks.inference.messages import Answer, Doing, Hello, Message, Part
from tasks.inference.output_log import last_line

LONGEST = 256_000_000
"""Bytes of a message. A picture of the largest size that is run is a quarter of it."""

Phase = Callable[[str], None]
TakePart = Callable[[msgspec.Raw], None]


def ignore(news: object) -> None:
    """Do nothing with it."""


@dataclass(frozen=True, slots=True)
class Listener:
    """How long to wait, in seconds, and what is called with each phase and part meanwhile; the
    number of the order that is answered, and how many parts of it may come."""

    limit: float
    phase: Phase = ignore
    part: TakePart = ignore
    number: str = ""
    parts: int = 0


def receive(
    process: subprocess.Popen[bytes], channel: Channel, listener: Listener
) -> tuple[Hello | Answer | None, bool]:
    """The next greeting or answer; None if the process ends first.

    The flag says whether it was ended because its time was over. Each part starts the time again,
    but no more parts may come than were asked for, so that it always comes to an end.

    Raises:
        msgspec.MsgspecError: it sent something else than a message of this order, or too long a
            one, or too many parts.
    """
    parts = 0
    with Deadline(process, listener.limit) as deadline:
        while line := channel.receive(LONGEST):
            if not line.endswith(b"\n") and len(line) < LONGEST:
                break
            message: Message = msgspec.json.decode(line, type=Message)
            if message.number != listener.number:
                raise msgspec.ValidationError("it speaks of something else than what was asked")
            match message:
                case Doing(phase):
                    listener.phase(phase)
                case Part(body):
                    parts += 1
                    if parts > listener.parts:
                        raise msgspec.ValidationError(f"it sent more than {listener.parts} parts")
                    deadline.begin()
                    listener.part(body)
                case _:
                    return message, False
    return None, deadline.is_over


class Deadline:
    """Kills a process when its time is over. A timer that kills works alike on every system: a
    pipe can't be read with a time limit on Windows."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process, self._seconds = process, seconds
        self._over = threading.Event()
        self._timer: threading.Timer | None = None

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def begin(self) -> None:
        """Start the time again."""
        self._cancel()
        self._timer = threading.Timer(self._seconds, self._stop)
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> Deadline:
        self.begin()
        return self

    def __exit__(self, *error: object) -> None:
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _stop(self) -> None:
        self._over.set()
        self._process.kill()


def exit_error(network: str, code: int, limit: float | None, log: Path) -> NetworkError:
    """Why the process ended: its time (`limit`, in seconds) was over, a signal, or an exit code."""
    if limit is not None:
        todo = f"raise smoke_timeout in config/workspace.toml, or see {log}"
        return NetworkError(network, f"it did not answer within {limit:g} seconds", todo)
    last = last_line(log)
    printed = f": {last}" if last else ""
    if code == 0:
        why = "TensorFlow's process ended before it had answered (exit code 0)"
    elif code > 0:
        why = f"TensorFlow's process ended with exit code {code}{printed}"
    elif -code == 9:
        why = "TensorFlow's process was killed by signal 9: out of memory?"
    elif -code == signal.SIGILL:
        why = "TensorFlow's process was killed by signal 4: made for another kind of processor?"
    else:
        name = {each.value: each.name for each in signal.Signals}.get(-code, "unknown")
        why = f"TensorFlow's process was killed by signal {-code} ({name}){printed}"
    return NetworkError(network, why, f"details: {log}")
