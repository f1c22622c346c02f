"""What is on disk, held against what should be: a decision for each file. Nothing is written here.

    what lies there                          what is done
    the wanted file, by stat or by content   kept (its mtime restored)
    nothing                                  written
    what an earlier archive put there        replaced, or removed if no longer wanted
    anything else                            the user's: moved aside, then written;
                                             left alone if no longer wanted

A file is hashed only where its size and mtime are not the recorded ones.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from tasks.core.files import sha256_of
from tasks.pipeline.receipts import FileRecord

State = Literal["wanted", "touched", "missing", "former", "users"]


@dataclass(slots=True)
class Plan:
    """Paths below the network's folder.

    Attributes:
        kept: right as they are.
        touched: right but for their mtime, with the record to restore.
        written: missing, or to be replaced.
        aside: the user's, to be moved aside before they are written.
        removed: ours, no longer wanted.
        left: no longer wanted, but changed by the user.
    """

    kept: dict[str, FileRecord] = field(default_factory=dict)
    touched: dict[str, FileRecord] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def plan(
    folder: Path, members: Mapping[str, tuple[int, str]], former: Mapping[str, FileRecord]
) -> Plan:
    """Decide for each wanted file, and for each that an earlier extraction recorded.

    Args:
        members: path → (size in bytes, sha256) of what should be there.
        former: what the last receipt says was there.

    Raises:
        OSError: a file can't be read.
    """
    made = Plan()
    for path, (size, sha256) in members.items():
        _decide(made, folder, path, FileRecord(size, sha256, 0), former.get(path))
    for path, record in former.items():
        if path not in members:
            # One that is missing counts as removed: a run that died may have left its folder.
            users = _state(folder, path, record, record) == "users"
            (made.left if users else made.removed).append(path)
    return made


def _decide(
    made: Plan, folder: Path, path: str, wanted: FileRecord, former: FileRecord | None
) -> None:
    match _state(folder, path, wanted, former):
        case "wanted" if former is not None:
            made.kept[path] = former
        case "touched" | "wanted":
            mtime = _mtime_to_restore(folder / path, wanted, former)
            made.touched[path] = FileRecord(wanted.size, wanted.sha256, mtime)
        case "users":
            made.aside.append(path)
            made.written.append(path)
        case "missing" | "former":
            made.written.append(path)


def _state(folder: Path, path: str, wanted: FileRecord, former: FileRecord | None) -> State:
    """What lies at `path`; hashed only if a stat does not tell."""
    try:
        status = os.lstat(folder / path)
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    if stat.S_ISREG(status.st_mode):
        stamp = (status.st_size, status.st_mtime_ns)
        if former is not None and stamp == (former.size, former.mtime * 10**9):
            return "wanted" if former.sha256 == wanted.sha256 else "former"
        sizes = {wanted.size} | ({former.size} if former else set())
        found = sha256_of(folder / path) if status.st_size in sizes else ""
        if found == wanted.sha256:
            return "touched"
        if former is not None and found == former.sha256:
            return "former"
    return "missing" if blocking_parent(folder, path) else "users"


def _mtime_to_restore(path: Path, wanted: FileRecord, former: FileRecord | None) -> int:
    """The recorded one; for a file that was never recorded its own, in whole seconds."""
    if former is not None and former.sha256 == wanted.sha256:
        return former.mtime
    return max(int(path.stat().st_mtime), 0)


def blocking_parent(folder: Path, path: str) -> str | None:
    """The first part of `path` that should be a folder but is a file or a link, or None."""
    for parent in reversed(PurePosixPath(path).parents[:-1]):
        try:
            mode = os.lstat(folder / parent).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISDIR(mode):
            return parent.as_posix()
    return None
