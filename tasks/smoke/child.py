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
from functools import cache
from pathlib import Path

import msgspec

from tasks.errors import SmokeError
from tasks.smoke.messages import Answer, Doing, Hello, Message, Order

# -P keeps the worker's own folder off the path: its modules' names would hide libraries'.
COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("worker.py")))
INSTALL = "install the requirements again (see the README)"
NOISE = ("WARNING: All log messages before absl", "To enable the following instructions")

Phase = Callable[[str], None]


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

    def run(self, order: Order, limit: float, phase: Phase) -> Answer:
        """Have a network run; `limit` is in seconds, for the start and for the order each.

        Raises:
            SmokeError: TensorFlow can't be imported, the time is over, or the process died.
        """
        with self._lock:
            process = self._started(Path(order.log))
            try:
                if not self._greeted:
                    phase("start TensorFlow")
                    self._greet(process, order, limit, phase)
                return self._ask(process, order, limit, phase)
            except BaseException:  # Ctrl-C, too: what the process is at is of no use any more
                self.close()
                raise

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

    def _greet(
        self, process: subprocess.Popen[bytes], order: Order, limit: float, phase: Phase
    ) -> None:
        hello, overdue = receive(process, limit, phase)
        if hello is None:
            raise death(order.network, process.wait(), limit if overdue else None, self._start_log)
        if isinstance(hello, Hello) and hello.fault:
            why = f"TensorFlow can't be imported: {hello.fault}"
            raise SmokeError(order.network, why, f"{INSTALL}; details: {self._start_log}")
        self._greeted = True

    def _ask(
        self, process: subprocess.Popen[bytes], order: Order, limit: float, phase: Phase
    ) -> Answer:
        send(process, order)
        answer, overdue = receive(process, limit, phase)
        if isinstance(answer, Answer):
            return answer
        raise death(order.network, process.wait(), limit if overdue else None, Path(order.log))


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


def receive(
    process: subprocess.Popen[bytes], limit: float, phase: Phase
) -> tuple[Hello | Answer | None, bool]:
    """The next message that is more than a phase; None if the process ends first.

    The flag tells whether it was ended because `limit` seconds were over. A timer that kills works
    alike on every system: a pipe can't be read with a time limit on Windows.
    """
    assert process.stdout is not None
    overdue = threading.Event()

    def stop() -> None:
        overdue.set()
        process.kill()

    timer = threading.Timer(limit, stop)
    timer.daemon = True
    timer.start()
    try:
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break
            message: Message = msgspec.json.decode(line, type=Message)
            if not isinstance(message, Doing):
                return message, False
            phase(message.phase)
    finally:
        timer.cancel()
    return None, overdue.is_set()


def death(network: str, code: int, limit: float | None, log: Path) -> SmokeError:
    """Say why the process is no more: its time was over (`limit`), a signal, or an exit code."""
    if limit is not None:
        todo = f"raise smoke_timeout in config/workspace.toml, or see {log}"
        return SmokeError(network, f"it did not answer within {limit:g} seconds", todo)
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
    return SmokeError(network, why, f"details: {log}")


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
