"""What has to be so before doit starts: streams, signals, and a folder for the state."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import TracebackType

from tasks.console.streams import replace_closed


def prepare(state: Path) -> None:
    """Make the process end cleanly when it is told to, with or without somewhere to write; make the
    state folder.

    doit writes its state once, at the end of a run: a SIGTERM that is not turned into an exception
    would lose it.

    Raises:
        OSError: the state folder can't be made.
    """
    replace_closed()
    signal.signal(signal.SIGTERM, _leave)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_obey_the_parent)
    sys.excepthook = _one_line_for_interrupts
    state.mkdir(parents=True, exist_ok=True)


def _obey_the_parent() -> None:
    """In a worker of `doit -n 2`: leave interrupts to the parent, and end at once when it says so.

    doit's workers catch whatever a signal raises and send it to the parent, which may no longer
    listen; both would then wait for ever. Nothing is lost: files appear whole or not at all.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave(number: int, frame: object) -> None:
    sys.exit(128 + number)


def _one_line_for_interrupts(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """An interrupt before the run began is one line; all else keeps its traceback."""
    if issubclass(kind, KeyboardInterrupt):
        print("interrupted; run `doit` again to go on", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
