"""Does what was planned, looking again right before each file is replaced or removed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from msgspec import Struct, field

from tasks.core.files import remove, sync_folder
from tasks.core.ownership import write_unless
from tasks.core.path_state import PathState, path_state
from tasks.core.text import printable
from tasks.scaffold.plan import Plan, digest_of


class Done(Struct):
    """What turned out otherwise than planned.

    Attributes:
        taken: files that the user made or changed at the last moment.
        folders: folders of ours that are wanted no more and hold something.
        lines: a sentence about each.
    """

    taken: set[str] = field(default_factory=set)
    folders: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def take(self, path: str) -> None:
        self.taken.add(path)
        self.lines.append(f"{printable(path)} was changed just now and stays as it is")


def carry_out(root: Path, planned: Plan) -> Done:
    """Make, write and remove what was planned; what changed since it was planned is left alone.

    Raises:
        OSError: a folder or file can't be made.
    """
    done = Done()
    for folder in planned.make:
        (root / folder).mkdir(exist_ok=True)
    _sync_parents(root, planned.make)
    for path, content in planned.write.items():
        if not _write(root, root / path, content, planned.expect[path]):
            done.take(path)
    for path in planned.drop:
        if path_state(root, root / path) == planned.expect[path]:
            remove(root / path)
        else:
            done.take(path)
    for folder in planned.drop_folders:
        _drop_folder(root, folder, done)
    _sync_parents(root, (*planned.drop, *planned.drop_folders))
    return done


def _sync_parents(root: Path, paths: Iterable[str]) -> None:
    """Have on disk that these came or went, once for each folder that holds any."""
    for folder in sorted({(root / path).parent for path in paths}):
        sync_folder(folder)


def _write(root: Path, path: Path, content: bytes, expect: PathState) -> bool:
    """Write the file unless something else stands there by now than was seen when planning.

    The look comes after the slow part (the new content is on disk under another name), right
    before the rename. A second process that wrote the same in the meantime is no conflict.
    """

    def write(file: IO[bytes]) -> bool:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        here = path_state(root, path)
        return here == expect or here.is_ours((digest_of(content),))

    return write_unless(path, write)


def _drop_folder(root: Path, folder: str, done: Done) -> None:
    try:
        (root / folder).rmdir()
    except FileNotFoundError:
        return
    except OSError:
        done.folders.append(folder)
        done.lines.append(f"{printable(folder)} is wanted no more, but holds files and stays")
