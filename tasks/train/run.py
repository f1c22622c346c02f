"""The folder of a training, `<project>/training/<network>/`: what a trainer leaves there and goes
on from. What the training stands on is noted in it, so that it never goes on with something else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import msgspec
from filelock import Timeout
from msgspec import Struct

from tasks.core.errors import TrainingError
from tasks.core.files import LARGEST_STATE, make_folders, read_file, write_atomic
from tasks.core.receipts import digest
from tasks.core.temporary import file_lock
from tasks.training.history import Row, event_file, events, read_csv, to_csv
from tasks.training.trainers import RUN_NOTE

NOTE, HISTORY, REQUEST = RUN_NOTE, "history.csv", "request.json"
PICTURES = "the pictures"
LEARNED, MEASURED = "train", "eval"
"""Folders of the event files, as the Object Detection API names them."""
LARGEST_NOTE = 1 << 16  # bytes
# What belongs to a run: checkpoints of either trainer, event files, and what we leave ourselves.
PARTS = (
    *("checkpoint", "ckpt-*", "best", "state.npz", "best.npz"),
    *(LEARNED, MEASURED, NOTE, HISTORY, REQUEST),
)


class RunNote(Struct, frozen=True):
    """What a run stands on.

    Attributes:
        key: digest of all of it.
        stands_on: the digest of each thing, by its name.
        pictures: digest of pictures and annotations alone; that in `stands_on` is of the records,
            which other labels change too. "": not known.
    """

    key: str
    stands_on: dict[str, str] = {}
    pictures: str = ""


class Aside(Struct, frozen=True):
    """Where a run on another basis is now, and what is another."""

    folder: Path
    changed: tuple[str, ...]

    @property
    def told(self) -> str:
        """The same as a line."""
        why = " and ".join(self.changed) or "the pictures, the network or how it is trained"
        where = self.folder.as_posix()
        return f"begun anew, for {why} changed; the training before is now {where}"


def read_note(folder: Path) -> RunNote | None:
    """The note of the run in this folder, or None if there is none that can be read."""
    try:
        return msgspec.json.decode(read_file(folder / NOTE, LARGEST_NOTE), type=RunNote)
    except (OSError, msgspec.DecodeError):
        return None


def begin(folder: Path, stands_on: Mapping[str, str], pictures: str) -> Aside | None:
    """Have a folder in which a run on this basis can begin or go on.

    Args:
        stands_on, pictures: as in `RunNote`.

    Returns:
        What was set aside for it, or None if there was nothing.

    Raises:
        OSError: something can't be renamed or written.
    """
    make_folders(folder)
    note, now = read_note(folder), RunNote(digest(stands_on), dict(stands_on), pictures)
    if note is not None and note.key == now.key:
        return None
    aside = _set_aside(folder)
    write_atomic(folder / NOTE, msgspec.json.encode(now) + b"\n")
    return Aside(aside, _changed(note, now)) if aside else None


def _changed(before: RunNote | None, now: RunNote) -> tuple[str, ...]:
    """The names of what is another, () if that is not known. Where other labels alone made other
    records, the pictures are not named."""
    if before is None or not before.stands_on:
        return ()
    changed = [name for name, it in now.stands_on.items() if before.stands_on.get(name) != it]
    if len(changed) > 1 and before.pictures == now.pictures and PICTURES in changed:
        changed.remove(PICTURES)
    return tuple(changed)


def _set_aside(folder: Path) -> Path | None:
    parts = [path for pattern in PARTS for path in sorted(folder.glob(pattern))]
    if not parts:
        return None
    aside = next(p for n in count(1) if not os.path.lexists(p := folder / f"before-{n}"))
    aside.mkdir()
    for path in parts:
        path.rename(aside / path.name)
    return aside


def read_history(*folders: Path) -> list[Row]:
    """What the run did so far, from the first of these folders where that can be read."""
    for folder in folders:
        with suppress(OSError, ValueError):
            return read_csv(read_file(folder / HISTORY, LARGEST_STATE))
    return []


def write_history(folder: Path, rows: Sequence[Row]) -> None:
    """Write what the run did: the table, and the event files that TensorBoard reads.

    Raises:
        OSError: it can't be written.
    """
    write_atomic(folder / HISTORY, to_csv(rows))
    measured = [row for row in rows if row.map is not None]
    for name, some in ((LEARNED, [row for row in rows if row.map is None]), (MEASURED, measured)):
        if some:
            make_folders(folder / name)
            write_atomic(folder / name / event_file(some[0].time), events(some))


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
