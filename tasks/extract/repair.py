"""A plan carried out: file by file, each whole or not at all, the user's never lost.

Killed between any two of these lines, the next run finds a state that the same rules finish.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path

from tasks.archives.reading import make_folder, set_mtime
from tasks.core.files import remove, remove_empty_folders
from tasks.extract.plan import Plan, blocking_parent
from tasks.pipeline.receipts import FileRecord


def put_in_place(
    folder: Path, staged: Path, folders: Iterable[str], plan: Plan, taken: Iterable[str]
) -> tuple[str, ...]:
    """Move the staged files into the network's folder.

    Args:
        folders: that the archive names; they are made.
        taken: paths that may not be used for files moved aside.

    Returns:
        One line for each file of the user's that was moved aside.

    Raises:
        OSError: a file can't be moved.
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
    """Restore mtimes and remove what is no longer wanted; the records of all files that stay.

    Raises:
        OSError: a file can't be changed or removed.
    """
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


def sorted_records(*parts: Mapping[str, FileRecord]) -> dict[str, FileRecord]:
    """One mapping, sorted by path: a receipt must not tell in which order files were found."""
    merged = {path: record for part in parts for path, record in part.items()}
    return dict(sorted(merged.items()))
