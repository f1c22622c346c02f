"""What has to be so before doit starts: how the process writes, and how it ends."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from types import TracebackType

from tasks.console.output import failures, guard_standard_streams

FAILED = 1
STOPPED = "stopped; run `doit` again to go on"
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


def prepare() -> None:
    """Make the process end cleanly when it is told to, with or without somewhere to write.

    doit writes its state once, at the end of a run: a signal that is not turned into an exception
    would lose it.
    """
    guard_standard_streams()
    atexit.register(_last_words)
    for number in _signals():
        if signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` and a shell's `&` leave it
            signal.signal(number, _stop)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_obey_the_parent)
    sys.excepthook = _one_line_for_interrupts


def _signals() -> list[signal.Signals]:
    return [signal.Signals[name] for name in SIGNALS if hasattr(signal, name)]


def _obey_the_parent() -> None:
    """In a worker of `doit -n 2`: leave interrupts to the parent, and end at once when it says so.

    doit's workers catch whatever a signal raises and send it to the parent, which may no longer
    listen; both would then wait for ever. Nothing is lost: files appear whole or not at all.
    """
    for number in _signals():
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop(number: int, frame: object) -> None:
    """End, saying so last of all. Who stops a process often sends two signals, of which one is
    enough; a second Ctrl-C ends it at once."""
    for each in _signals():
        signal.signal(each, signal.SIG_DFL if each == signal.SIGINT else signal.SIG_IGN)
    atexit.unregister(_last_words)
    atexit.register(_say, STOPPED)
    sys.exit(128 + number)


def _last_words() -> None:
    """Tell of an output that could not be written, and end with the exit code for it. Python would
    do so with a traceback."""
    sys.stdout.flush()
    if told := failures():
        _say("\n".join(told))
        sys.stderr.flush()
        os._exit(FAILED)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _one_line_for_interrupts(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """An interrupt that no handler of ours saw is one line; all else keeps its traceback."""
    if issubclass(kind, KeyboardInterrupt):
        _say(STOPPED)
    else:
        sys.__excepthook__(kind, error, trace)
