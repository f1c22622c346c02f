"""What the parent hears of the process, and how long it waits for it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from tasks.inference.channel import Channel
from tasks.inference.messages import Answer, Doing, Hello, Message, Part

LONGEST = 256_000_000
"""Bytes of a message. A picture of the largest size that is run is a quarter of it."""

Phase = Callable[[str], None]
Take = Callable[[msgspec.Raw], None]


def ignore(news: object) -> None:
    """Nobody asked."""


@dataclass(frozen=True, slots=True)
class Ears:
    """How long to wait, in seconds, and who is told what meanwhile; the number of the order that
    it must be about, and how many parts of it may come."""

    limit: float
    phase: Phase = ignore
    part: Take = ignore
    number: str = ""
    parts: int = 0


def receive(
    process: subprocess.Popen[bytes], channel: Channel, ears: Ears
) -> tuple[Hello | Answer | None, bool]:
    """The next message that is more than news; None if the process ends first.

    The flag tells whether it was ended because its time was over. Each part lets the time begin
    anew, but no more parts may come than were asked for: so there is an end to all of it.

    Raises:
        msgspec.MsgspecError: it sent something else than a message of this order, or too long a
            one, or too many parts.
    """
    parts = 0
    with Deadline(process, ears.limit) as deadline:
        while line := channel.receive(LONGEST):
            if not line.endswith(b"\n") and len(line) < LONGEST:
                break
            message: Message = msgspec.json.decode(line, type=Message)
            if message.number != ears.number:
                raise msgspec.ValidationError("it speaks of something else than what was asked")
            match message:
                case Doing(phase):
                    ears.phase(phase)
                case Part(body):
                    parts += 1
                    if parts > ears.parts:
                        raise msgspec.ValidationError(f"it sent more than {ears.parts} parts")
                    deadline.begin()
                    ears.part(body)
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
        """Let all the time begin anew."""
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
