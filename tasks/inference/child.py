"""The parent's side of the TensorFlow process: started when needed, timed, killed, started anew."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from tasks.core.errors import BrokenNetworkError, NetworkError
from tasks.inference.channel import Channel, start
from tasks.inference.environment import VARIABLE, environment, extended, write_permissions
from tasks.inference.messages import Answer, Hello, Order, Permissions
from tasks.inference.output_log import OutputLog
from tasks.inference.replies import Listener, Phase, TakePart, exit_error, ignore, receive

# -P keeps the worker's own folder off the path: its modules' names would hide libraries'.
COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("worker.py")))
INSTALL = "install the requirements again (see the README)"

MOST_LEFT = 500_000_000
"""Bytes that networks may leave behind in the process. TensorFlow does not give all back: after a
Faster R-CNN it holds some 1.6 GB more than before. A new process takes seconds; one that outgrows
the machine, or counts one network's memory as the next one's, does harm."""

T = TypeVar("T")


class Child:
    """One TensorFlow process for many networks; at most one order is under way.

    The process may do what the orders until now were permitted. One that needs more ends it and
    starts another, for what a process gave up it can't get back.

    Threads may share it. Processes may not: after a fork each needs its own (see `shared`), for
    both would write into one pipe.

    Attributes:
        isolation: what keeps the latest process from the rest of the machine, in words.
    """

    def __init__(self, command: Sequence[str] = COMMAND, memory: int = 0) -> None:
        self.isolation = ""
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._output: OutputLog | None = None
        home = os.path.expanduser("~")  # noqa: PTH111 - Path raises where there is none
        self._permissions = Permissions(home=home, memory=memory)
        self._home = ""
        self._greeted = False
        self._start_log = Path()
        self._lock = threading.Lock()

    def warm_up(self, log: Path, permissions: Permissions) -> None:
        """Start the process, if none runs, without waiting for it; `log` takes what it prints."""
        with self._lock:
            self._started(log, permissions)

    def run(
        self, order: Order, kind: type[T], limit: float, phase: Phase, part: TakePart = ignore
    ) -> T:
        """Have an order carried out; its answer as a `kind`.

        Args:
            limit: seconds, for the start, and for the order until its first part or its answer,
                and from then on for each of the parts that it may have.
            phase: called with each phase as it begins; `part` with what is done before the answer.

        Raises:
            BrokenNetworkError: the network can't be used.
            NetworkError: TensorFlow can't be imported, the time is over, or the process died.
        """
        details = f"details: {Path(order.log).as_posix()}"
        with self._lock:
            process = self._started(Path(order.log), order.permissions)
            try:
                if not self._greeted:
                    phase("start TensorFlow")
                    self._greet(process, order, limit)
                numbered = replace(order, number=os.urandom(16).hex())
                listener = Listener(limit, phase, part, numbered.number, numbered.parts)
                answer = self._ask(process, numbered, listener)
                done = None if answer.why else msgspec.json.decode(answer.body, type=kind)
            except msgspec.MsgspecError as error:
                self.close()
                why = f"TensorFlow's process does not answer as it should: {error}"
                raise NetworkError(order.name, why, details) from error
            except BaseException:  # Ctrl-C, too: what the process is at is of no use any more
                self.close()
                raise
            if answer.left > MOST_LEFT:
                self.close()
        if done is None:
            kind_of_error = NetworkError if answer.transient else BrokenNetworkError
            raise kind_of_error(order.name, answer.why, answer.todo or details)
        return done

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        if self._channel is not None:
            self._channel.close()
        process.wait()
        if self._output is not None:
            self._output.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _started(self, log: Path, permissions: Permissions) -> subprocess.Popen[bytes]:
        held, self._permissions = self._permissions, extended(self._permissions, permissions)
        enough = self._permissions is held
        if self._process is not None and enough and self._is_ready(self._process):
            return self._process
        self.close()
        self._home = home = tempfile.mkdtemp(prefix="tod-tf2-")
        permitted = replace(self._permissions, reads=(*self._permissions.reads, home))
        variables = {**environment(os.environ, home), VARIABLE: write_permissions(permitted, home)}
        self._process, self._channel = start(self._command, variables)
        assert self._process.stderr is not None
        self._output = OutputLog(self._process.stderr, log)
        self._greeted, self._start_log = False, log
        return self._process

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it lives, and has said nothing since its last answer: what it says unasked is not
        said by our own code."""
        if process.poll() is not None or self._channel is None:
            return False
        return not (self._greeted and self._channel.holds_more())

    def _greet(self, process: subprocess.Popen[bytes], order: Order, limit: float) -> None:
        hello = self._receive(process, order.name, self._start_log, Listener(limit))
        if isinstance(hello, Hello):
            self.isolation = hello.isolation
            if hello.fault:
                why = f"TensorFlow can't be imported: {hello.fault}"
                raise NetworkError(order.name, why, f"{INSTALL}; details: {self._start_log}")
        self._greeted = True

    def _ask(self, process: subprocess.Popen[bytes], order: Order, listener: Listener) -> Answer:
        assert self._output is not None
        assert self._channel is not None
        self._output.end()
        self._output.begin(Path(order.log))
        self._channel.send(msgspec.json.encode(order))
        answer = self._receive(process, order.name, Path(order.log), listener)
        if not isinstance(answer, Answer):
            raise msgspec.ValidationError("it greets a second time")
        self._output.end()
        return answer

    def _receive(
        self, process: subprocess.Popen[bytes], network: str, log: Path, listener: Listener
    ) -> Hello | Answer:
        assert self._output is not None
        assert self._channel is not None
        message, overdue = receive(process, self._channel, listener)
        if message is None:
            code = process.wait()
            self._output.close()  # the last that it printed is in the log now
            raise exit_error(network, code, listener.limit if overdue else None, log)
        return message


@cache
def _child_of(process_id: int) -> Child:
    child = Child()
    atexit.register(child.close)
    return child


def shared() -> Child:
    """The child of this process, which all its networks share; a fork of it gets one of its own."""
    return _child_of(os.getpid())
