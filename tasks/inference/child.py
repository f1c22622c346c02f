"""The parent's side of the TensorFlow process: started when needed, timed, killed, started anew."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Raw, ValidationError
from msgspec.structs import replace

from tasks.core.errors import BrokenNetworkError, NetworkError
from tasks.inference.channel import (
    Message,
    PartialResult,
    PhaseStarted,
    Ready,
    Reply,
    Request,
    Updates,
    start,
)
from tasks.inference.environment import (
    VARIABLE,
    Permissions,
    environment,
    with_added,
    write_permissions,
)
from tasks.inference.output_log import OutputLog, exit_error

# -P keeps the worker's own folder off the path: its modules' names would hide libraries'.
COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("worker.py")))
INSTALL = "install the requirements again (see the README)"

MOST_LEFT = 500_000_000
"""Bytes that networks may leave behind in the process. TensorFlow does not give all back: after a
Faster R-CNN it holds some 1.6 GB more than before. A new process takes seconds; one that outgrows
the machine, or counts one network's memory as the next one's, does harm."""
LONGEST = 256_000_000
"""Bytes of a message. A picture of the largest size that is run is a quarter of it."""

T = TypeVar("T")


def ignore(update: object) -> None:
    """Do nothing with it."""


class Child:
    """One TensorFlow process for many networks; at most one request is under way.

    The process may do what the requests until now were permitted. One that needs more ends it and
    starts another, for what a process gave up it can't get back.

    Threads may share it. Processes may not: after a fork each needs its own (see `shared`), for
    both would write into one pipe. `isolation` says in words what keeps the latest process from the
    rest of the machine.
    """

    def __init__(self, command: Sequence[str] = COMMAND, memory: int = 0) -> None:
        self.isolation = ""
        self._command = command
        self._process: _Process | None = None
        home = os.path.expanduser("~")  # noqa: PTH111 - Path raises where there is none
        self._permissions = Permissions(home=home, memory=memory)
        self._lock = threading.Lock()
        self._kept = ""  # the network that the process keeps, if that takes more than MOST_LEFT

    def warm_up(self, log: Path, permissions: Permissions) -> None:
        """Start the process, if none runs, without waiting for it; `log` takes what it prints."""
        with self._lock:
            self._running(log, permissions)

    def run(
        self,
        request: Request,
        kind: type[T],
        limit: float,
        phase: Callable[[str], None],
        partial: Callable[[Raw], None] = ignore,
    ) -> T:
        """Have a request carried out; its result as a `kind`.

        Args:
            limit: seconds, for the start, and for the request until its first partial result or its
                reply, and from then on for each of the partial results that it may have.
            phase: called with each phase as it begins; `partial` with each partial result.

        Raises:
            BrokenNetworkError: the network can't be used.
            NetworkError: TensorFlow can't be imported, the time is over, or the process died.
        """
        details = f"details: {Path(request.log).as_posix()}"
        with self._lock:
            if self._kept and not (request.keeps and request.network == self._kept):
                self.close()
            process = self._running(Path(request.log), request.permissions)
            try:
                if not process.is_ready:
                    phase("start TensorFlow")
                    self.isolation = process.wait_until_ready(request, limit)
                reply = process.ask(request, limit, Updates(phase, partial))
                result = None if reply.why else msgspec.json.decode(reply.body, type=kind)
            except msgspec.MsgspecError as error:
                self.close()
                why = f"TensorFlow's process does not answer as it should: {error}"
                raise NetworkError(request.network, why, details) from error
            except BaseException:  # Ctrl-C, too: what the process is at is of no use any more
                self.close()
                raise
            if reply.left > MOST_LEFT:
                self._kept = request.network
                if not request.keeps:
                    self.close()
        if result is None:
            kind_of_error = NetworkError if reply.transient else BrokenNetworkError
            raise kind_of_error(request.network, reply.why, reply.todo or details)
        return result

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process, self._kept = self._process, None, ""
        if process is not None:
            process.close()

    def _running(self, log: Path, permissions: Permissions) -> _Process:
        """The process, or a new one if there is none that may do all this and can be trusted."""
        held, self._permissions = self._permissions, with_added(self._permissions, permissions)
        enough = self._permissions is held
        if self._process is None or not enough or not self._process.is_usable():
            self.close()
            self._process = _Process(self._command, self._permissions, log)
        return self._process


class _Process:
    """One process, its connection, its log and its home."""

    def __init__(self, command: Sequence[str], permissions: Permissions, log: Path) -> None:
        self.is_ready = False
        self.home = home = tempfile.mkdtemp(prefix="tod-tf2-")
        permitted = replace(permissions, reads=(*permissions.reads, home))
        variables = {**environment(os.environ, home), VARIABLE: write_permissions(permitted, home)}
        self.popen, self._channel = start(command, variables)
        assert self.popen.stderr is not None
        self._output, self._start_log = OutputLog(self.popen.stderr, log), log

    def is_usable(self) -> bool:
        """Whether it lives, and has sent nothing since its last reply: what it sends unasked is not
        sent by our own code."""
        return self.popen.poll() is None and not (self.is_ready and self._channel.has_unread())

    def wait_until_ready(self, request: Request, limit: float) -> str:
        """Wait for TensorFlow to be imported; what isolates the process, in words."""
        nobody = Updates(ignore, ignore)
        ready = self._receive(replace(request, log=str(self._start_log)), limit, nobody)
        if not isinstance(ready, Ready):
            raise ValidationError("it replies before it was asked")
        if ready.fault:
            why = f"TensorFlow can't be imported: {ready.fault}"
            raise NetworkError(request.network, why, f"{INSTALL}; details: {self._start_log}")
        self.is_ready = True
        return ready.isolation

    def ask(self, request: Request, limit: float, updates: Updates) -> Reply:
        """Send a request, under a token that nobody can know before, and wait for the reply."""
        marked = replace(request, token=os.urandom(16).hex())
        self._output.end()
        self._output.begin(Path(request.log))
        self._channel.send(msgspec.json.encode(marked))
        reply = self._receive(marked, limit, updates)
        if not isinstance(reply, Reply):
            raise ValidationError("it says a second time that it is ready")
        self._output.end()
        return reply

    def close(self) -> None:
        """End it, whatever it is doing, and remove its home."""
        self.popen.kill()
        self._channel.close()
        self.popen.wait()
        self._output.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def _receive(self, request: Request, limit: float, updates: Updates) -> Ready | Reply:
        """The next message that is neither a phase nor a partial result, which are passed on. Each
        partial result starts the time again, but no more may come than were asked for, so that it
        comes to an end.

        Raises:
            NetworkError: the time is over, or the process died.
            msgspec.MsgspecError: it sent something else than a message about this request, or too
                long a one, or too many partial results.
        """
        partials, most = 0, request.most_partials
        with closing(Deadline(self.popen, limit)) as deadline:
            while line := self._channel.receive(LONGEST):
                if not line.endswith(b"\n") and len(line) < LONGEST:
                    break
                message: Message = msgspec.json.decode(line, type=Message)
                if message.token != request.token:
                    raise ValidationError("it sent a message that is not about this request")
                if isinstance(message, PhaseStarted):
                    updates.phase(message.phase)
                elif isinstance(message, PartialResult):
                    partials += 1
                    if partials > most:
                        raise ValidationError(f"it sent more than {most} partial results")
                    deadline.restart()
                    updates.partial(message.body)
                else:
                    return message
        code = self.popen.wait()
        self._output.close()  # the last that it printed is in the log now
        overdue = limit if deadline.is_over else None
        raise exit_error(request.network, code, overdue, Path(request.log))


class Deadline:
    """Kills a process when its time is over. A timer that kills works alike on every system: a
    pipe can't be read with a time limit on Windows."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.is_over = False
        self._process, self._seconds = process, seconds
        self._start()

    def restart(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        self._timer.cancel()

    def _start(self) -> None:
        self._timer = threading.Timer(self._seconds, self._kill)
        self._timer.daemon = True
        self._timer.start()

    def _kill(self) -> None:
        self.is_over = True
        self._process.kill()


@cache
def _child_of(process_id: int) -> Child:
    child = Child()
    atexit.register(child.close)
    return child


def shared() -> Child:
    """The child of this process, which all its networks share; a fork of it gets one of its own."""
    return _child_of(os.getpid())
