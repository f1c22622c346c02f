"""What has to be so before doit starts: signals, and a folder for the state."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import TracebackType


def prepare(state: Path) -> None:
    """Make the process end cleanly when it is told to, and the state folder.

    doit writes its state once, at the end of a run: a SIGTERM that is not turned into an exception
    would lose it.

    Raises:
        OSError: the state folder can't be made.
    """
    signal.signal(signal.SIGTERM, _leave)
    sys.excepthook = _one_line_for_interrupts
    state.mkdir(parents=True, exist_ok=True)


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
