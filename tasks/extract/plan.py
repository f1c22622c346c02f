"""What is on disk, held against what should be: a decision for each file, and then carried out.

    what lies there                          what is done
    the wanted file, by stat or by content   kept (its mtime restored)
    nothing                                  written
    what an earlier archive put there        replaced, or removed if no longer wanted
    anything else                            the user's: moved aside, then written;
                                             left alone if no longer wanted

A file is hashed only where its size and mtime are not the recorded ones. `plan` only reads. What it
plans is carried out file by file, each whole or not at all, the user's never lost: killed between
any two lines, the next run finds a state that the same rules finish.
What can't be read, moved or removed raises OSError.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Literal

from tasks.archives.reading import make_folder, set_mtime
from tasks.core.files import remove, remove_empty_folders, sha256_of
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
            # One that was never recorded keeps its own mtime, in whole seconds.
            mtime = max(int((folder / path).stat().st_mtime), 0)
            if former is not None and former.sha256 == wanted.sha256:
                mtime = former.mtime
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


def put_in_place(
    folder: Path, staged: Path, folders: Iterable[str], plan: Plan, taken: Iterable[str]
) -> tuple[str, ...]:
    """Move the staged files into the network's folder.

    Args:
        folders: that the archive names; they are made.
        taken: paths that may not be used for files moved aside.

    Returns:
        One line for each file of the user's that was moved aside.
    """
    reserved, lines = set(taken), list[str]()
    for path in filter(None, folders):
        lines += _clear_way(folder, f"{path}/below", reserved)
        make_folder(folder, path)
    for path in plan.written:
        lines += _clear_way(folder, path, reserved)
        make_folder(folder, os.path.dirname(path))
        if path in plan.aside:
            lines.append(_move_aside(folder, path, reserved))
        os.replace(staged / path, folder / path)
    return tuple(lines)


def settle(folder: Path, plan: Plan) -> dict[str, FileRecord]:
    """Restore mtimes and remove what is no longer wanted; the records of all files that stay."""
    touched = {
        path: FileRecord(record.size, record.sha256, set_mtime(folder / path, record.mtime))
        for path, record in plan.touched.items()
    }
    for path in plan.removed:
        remove(folder / path)
        remove_empty_folders((folder / path).parent, upto=folder)
    return {**plan.kept, **touched}


def _clear_way(folder: Path, path: str, reserved: set[str]) -> Iterable[str]:
    """A file or a link where a folder must be would lead our files elsewhere."""
    while (blocking := blocking_parent(folder, path)) is not None:
        yield _move_aside(folder, blocking, reserved)


def _move_aside(folder: Path, path: str, reserved: set[str]) -> str:
    """Rename to the first free `<path>.yours-<n>`."""
    names = (f"{path}.yours-{number}" for number in count(1))
    aside = next(n for n in names if n not in reserved and not os.path.lexists(folder / n))
    (folder / path).rename(folder / aside)
    return f"{folder}/{path} was changed: it is now {aside}, and the original is back"
