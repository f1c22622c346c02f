"""What has to be so before doit starts: signals, and a state database that opens."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import TracebackType


def prepare(state_file: Path) -> None:
    """Make the process end cleanly when it is told to, and doit's database openable.

    doit writes its state once, at the end of a run: a SIGTERM that is not turned into an exception
    would lose it.

    Raises:
        OSError: the state folder can't be made.
    """
    signal.signal(signal.SIGTERM, _leave)
    sys.excepthook = _one_line_for_interrupts
    state_file.parent.mkdir(parents=True, exist_ok=True)
    set_aside_if_broken(state_file)


def set_aside_if_broken(state_file: Path) -> bool:
    """Rename a database that does not open, and say so. Receipts make its loss cheap."""
    if not state_file.exists():
        return False
    try:
        with closing(sqlite3.connect(f"file:{state_file}?mode=ro", uri=True)) as database:
            database.execute("select name from sqlite_master limit 1").fetchall()
    except sqlite3.DatabaseError:
        broken = state_file.with_name(state_file.name + ".broken")
        os.replace(state_file, broken)
        print(
            f"{state_file} was damaged and is now {broken}; nothing else is lost", file=sys.stderr
        )
        return True
    return False


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
