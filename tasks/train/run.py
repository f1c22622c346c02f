"""The folder of a training, `<project>/training/<network>/`: what a trainer leaves there and goes
on from. What the training stands on is noted in it, so that it never goes on with something else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import msgspec
from filelock import Timeout
from msgspec import Struct

from tasks.core.errors import TrainingError
from tasks.core.files import LARGEST_STATE, make_folders, read_file, write_atomic
from tasks.core.temporary import file_lock
from tasks.training.history import Row, event_file, events, read_csv, to_csv

NOTE, HISTORY, REQUEST, EVENTS = "run.json", "history.csv", "request.json", "train"
LARGEST_NOTE = 1 << 16  # bytes
# What belongs to a run: checkpoints of either trainer, event files, and what we leave ourselves.
PARTS = (
    *("checkpoint", "ckpt-*", "best", "state.npz", "best.npz"),
    *(EVENTS, "eval", NOTE, HISTORY, REQUEST),
)


class RunNote(Struct, frozen=True):
    """What a run stands on; `key` is the digest of it."""

    key: str


def read_note(folder: Path) -> RunNote | None:
    """The note of the run in this folder, or None if there is none that can be read."""
    try:
        return msgspec.json.decode(read_file(folder / NOTE, LARGEST_NOTE), type=RunNote)
    except (OSError, msgspec.DecodeError):
        return None


def begin(folder: Path, key: str) -> Path | None:
    """Have a folder in which a run on this basis can begin or go on.

    Returns:
        Where the parts of a run on another basis are now, or None if there was none.

    Raises:
        OSError: something can't be renamed or written.
    """
    make_folders(folder)
    note = read_note(folder)
    if note is not None and note.key == key:
        return None
    aside = _set_aside(folder)
    write_atomic(folder / NOTE, msgspec.json.encode(RunNote(key)) + b"\n")
    return aside


def _set_aside(folder: Path) -> Path | None:
    parts = [path for pattern in PARTS for path in sorted(folder.glob(pattern))]
    if not parts:
        return None
    aside = next(p for n in count(1) if not os.path.lexists(p := folder / f"before-{n}"))
    aside.mkdir()
    for path in parts:
        path.rename(aside / path.name)
    return aside


def read_history(folder: Path) -> list[Row]:
    """What the run did so far; nothing where that can't be read."""
    try:
        return read_csv(read_file(folder / HISTORY, LARGEST_STATE))
    except (OSError, ValueError):
        return []


def write_history(folder: Path, rows: Sequence[Row]) -> None:
    """Write what the run did: the table, and the event file that TensorBoard reads.

    Raises:
        OSError: it can't be written.
    """
    write_atomic(folder / HISTORY, to_csv(rows))
    if rows:
        make_folders(folder / EVENTS)
        write_atomic(folder / EVENTS / event_file(rows[0].time), events(rows))


@contextmanager
def held(name: str, folder: Path) -> Iterator[None]:
    """Keep other processes from training in this folder.

    Raises:
        TrainingError: another one does.
    """
    make_folders(folder)
    lock = file_lock(folder / ".lock")
    try:
        lock.acquire()
    except Timeout:
        why = "another process trains it just now"
        raise TrainingError(name, why, "wait for it, or stop it; then run doit again") from None
    except (OSError, NotImplementedError):  # no locks on this file system
        yield
        return
    try:
        yield
    finally:
        lock.release()
