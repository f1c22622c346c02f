"""The parent's side of the TensorFlow process: started when needed, timed, killed, started anew."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from tasks.engine.messages import Answer, Doing, Hello, Message, Order, Part
from tasks.errors import BrokenNetworkError, NetworkError

# -P keeps the worker's own folder off the path: its modules' names would hide libraries'.
COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("worker.py")))
INSTALL = "install the requirements again (see the README)"
NOISE = ("WARNING: All log messages before absl", "To enable the following instructions")

MOST_LEFT = 500_000_000
"""Bytes that networks may leave behind in the process. TensorFlow does not give all back: after a
Faster R-CNN it holds some 1.6 GB more than before. A new process takes seconds; one that outgrows
the machine, or counts one network's memory as the next one's, does harm."""

Phase = Callable[[str], None]
Take = Callable[[msgspec.Raw], None]
T = TypeVar("T")


def ignore(news: object) -> None:
    """Nobody asked."""


@dataclass(frozen=True, slots=True)
class Ears:
    """How long to wait, in seconds, and who is told what meanwhile."""

    limit: float
    phase: Phase = ignore
    part: Take = ignore


class Child:
    """One TensorFlow process for many networks; at most one order is under way.

    Threads may share it. Processes may not: after a fork each needs its own (see `shared`), for
    both would write into one pipe.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._greeted = False
        self._start_log = Path()
        self._lock = threading.Lock()

    def warm_up(self, log: Path) -> None:
        """Start the process, if none runs, without waiting for it; `log` takes what it prints."""
        with self._lock:
            self._started(log)

    def run(
        self, order: Order, kind: type[T], limit: float, phase: Phase, part: Take = ignore
    ) -> T:
        """Have an order carried out; its answer as a `kind`.

        Args:
            limit: seconds, for the start, and for the order until its first part or its answer,
                and from then on for each part.
            phase: hears each phase as it begins; `part` takes what is done before the answer.

        Raises:
            BrokenNetworkError: the network can't be used.
            NetworkError: TensorFlow can't be imported, the time is over, or the process died.
        """
        with self._lock:
            process = self._started(Path(order.log))
            try:
                if not self._greeted:
                    phase("start TensorFlow")
                    self._greet(process, order, limit)
                answer = self._ask(process, order, Ears(limit, phase, part))
            except BaseException:  # Ctrl-C, too: what the process is at is of no use any more
                self.close()
                raise
            if answer.left > MOST_LEFT:
                self.close()
        if answer.why:
            todo = answer.todo or f"details: {Path(order.log).as_posix()}"
            kind_of_error = NetworkError if answer.passing else BrokenNetworkError
            raise kind_of_error(order.name, answer.why, todo)
        return msgspec.json.decode(answer.body, type=kind)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()

    def _started(self, log: Path) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "wb") as file:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env=environment(os.environ),
            )
        self._greeted, self._start_log = False, log
        return self._process

    def _greet(self, process: subprocess.Popen[bytes], order: Order, limit: float) -> None:
        hello, overdue = receive(process, Ears(limit))
        if hello is None:
            raise death(order.name, process.wait(), limit if overdue else None, self._start_log)
        if isinstance(hello, Hello) and hello.fault:
            why = f"TensorFlow can't be imported: {hello.fault}"
            raise NetworkError(order.name, why, f"{INSTALL}; details: {self._start_log}")
        self._greeted = True

    def _ask(self, process: subprocess.Popen[bytes], order: Order, ears: Ears) -> Answer:
        send(process, order)
        answer, overdue = receive(process, ears)
        if isinstance(answer, Answer):
            return answer
        limit = ears.limit if overdue else None
        raise death(order.name, process.wait(), limit, Path(order.log))


@cache
def _child_of(process_id: int) -> Child:
    child = Child()
    atexit.register(child.close)
    return child


def shared() -> Child:
    """The child of this process, which all its networks share; a fork of it gets one of its own."""
    return _child_of(os.getpid())


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The child's environment: a quiet TensorFlow, on the CPU; what the user has set stays."""
    return {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", **given}


def send(process: subprocess.Popen[bytes], order: Order) -> None:
    """Write the order; a process that is gone is noticed when its answer does not come."""
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        process.stdin.flush()


def receive(process: subprocess.Popen[bytes], ears: Ears) -> tuple[Hello | Answer | None, bool]:
    """The next message that is more than news; None if the process ends first.

    The flag tells whether it was ended because its time was over.
    """
    assert process.stdout is not None
    with Deadline(process, ears.limit) as deadline:
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break
            message: Message = msgspec.json.decode(line, type=Message)
            match message:
                case Doing(phase):
                    ears.phase(phase)
                case Part(body):
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


def death(network: str, code: int, limit: float | None, log: Path) -> NetworkError:
    """Say why the process is no more: its time was over (`limit`), a signal, or an exit code."""
    if limit is not None:
        todo = f"raise smoke_timeout in config/workspace.toml, or see {log}"
        return NetworkError(network, f"it did not answer within {limit:g} seconds", todo)
    last = last_line(log)
    said = f": {last}" if last else ""
    if code >= 0:
        why = f"TensorFlow's process ended with exit code {code}{said}"
    elif -code == 9:
        why = "TensorFlow's process was killed by signal 9: out of memory?"
    elif -code == signal.SIGILL:
        why = "TensorFlow's process was killed by signal 4: made for another kind of processor?"
    else:
        why = f"TensorFlow's process was killed by signal {-code} ({_signal_name(-code)}){said}"
    return NetworkError(network, why, f"details: {log}")


def last_line(log: Path) -> str:
    """The last line of a log that says something, at most 200 characters of it; "" if none does."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8192))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines()]
    useful = [line for line in lines if line and not line.startswith(NOISE)]
    return useful[-1][:200] if useful else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
