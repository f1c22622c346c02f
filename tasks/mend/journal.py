"""The originals of what was mended, and how files are changed such that a kill loses nothing.

    <project>/mended/2026-11-28T1812/
    ├── manifest.json     which files, what they held before and hold now, how far it came
    ├── originals/        the files as they were, at their places in the workspace
    └── new/              the files to come, until each is moved to its place

The folder is made out of sight, and gets its name when all of it is on disk. From then on every
file of the project is either as it was or as it will be, and the manifest tells which; whoever
comes next moves the rest, or moves all of it back. Each move is a rename.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import re
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from tasks.core.errors import UserFilesError
from tasks.core.files import (
    LARGEST_STATE,
    make_folders,
    read_file,
    sha256_of,
    sync_folder,
    sync_tree,
    write_atomic,
)
from tasks.core.ownership import is_below
from tasks.core.staging import made_aside, remove_strays
from tasks.core.temporary import token
from tasks.core.text import count, printable

MANIFEST, ORIGINALS, NEW, STAGED = "manifest.json", "originals", "new", "run"
PREPARING = ".preparing"
NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d{4})(?:-(\d{1,6}))?")
NOTHING = ""
NAMED = 5  # files that a refusal names

State = Literal["mending", "mended", "undoing", "undone"]
Author = Literal["mend", "import"]
"""Whose change it was: a rule's, or that of an import that replaced annotations."""


class Entry(Struct, frozen=True):
    """A file that is mended.

    Attributes:
        path: as seen from the workspace.
        before, after: what stands there, as `_seen` tells it.
        with_file: another one, without whose mending this one must stay as it is; "" if none.
    """

    path: str
    before: str
    after: str
    with_file: str = ""


class Manifest(Struct, frozen=True):
    """What a folder of originals stands for."""

    state: State
    files: tuple[Entry, ...]
    changes: tuple[str, ...] = ()
    by: Author = "mend"


class FileChange(Struct, frozen=True):
    """What is to become of a file.

    Attributes:
        before: what was read there; None if nothing is there.
        after: None if it is to go.
        like: the file whose permissions a new one gets.
        with_file: as of `Entry`.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    like: Path | None = None
    with_file: Path | None = None


# --- preparing ------------------------------------------------------------------------------------


class Preparation(Struct):
    """A folder of originals that is being filled."""

    root: Path
    folder: Path
    made: Path
    entries: list[Entry] = field(default_factory=list)

    def add(self, change: FileChange) -> None:
        """Keep a file's original, and what is to come in its place.

        Raises:
            UserFilesError: the file is not as it was read.
            OSError: it can't be read, or copied.
        """
        key, after = change.path.relative_to(self.root).as_posix(), NOTHING
        before = _seen(change.path)
        if change.before != _content(change.path):
            raise UserFilesError(printable(key), "it was changed just now", "run doit again")
        if change.before is not None:
            _copy(change.path, self.made / ORIGINALS / key)
        if change.after is not None:
            new = self.made / NEW / key
            make_folders(new.parent)
            new.write_bytes(change.after)
            shutil.copymode(change.like or change.path, new)
            after = hashlib.sha256(change.after).hexdigest()
        other = change.with_file
        self.entries.append(
            Entry(key, before, after, other.relative_to(self.root).as_posix() if other else "")
        )

    def finish(self, changes: tuple[str, ...], by: Author = "mend") -> Path:
        """Bring all to disk, and give the folder its name; from here on the mending has begun.

        Raises:
            OSError: it can't be written.
        """
        files = tuple(sorted(self.entries, key=lambda entry: entry.after == NOTHING))
        _write_manifest(self.made, Manifest("mending", files, changes, by))
        _sync_files(self.made)
        sync_tree(self.made)
        run = _next_name(self.folder)
        self.made.rename(run)
        sync_folder(self.folder)
        return run


@contextmanager
def preparing(root: Path, folder: Path) -> Iterator[Preparation]:
    """A folder that vanishes with the block unless it is finished.

    Raises:
        OSError: it can't be made.
    """
    remove_strays(folder / PREPARING)
    try:
        with made_aside(folder / PREPARING) as aside:
            made = aside / STAGED
            made.mkdir()
            yield Preparation(root, folder, made)
    finally:
        with suppress(OSError):
            folder.rmdir()  # where nothing was mended


def _next_name(folder: Path) -> Path:
    """A name behind all that are there, also if the clock was set back."""
    last, now = last_run(folder), time.strftime("%Y-%m-%dT%H%M")
    date, number = max(_order(last) if last else ("", 0), (now, 0))
    names = (f"{date}-{n}" if n > 1 else date for n in itertools.count(number + 1))
    return next(folder / name for name in names if not os.path.lexists(folder / name))


# --- mending and undoing --------------------------------------------------------------------------


def last_run(folder: Path) -> Path | None:
    """The folder of the last mending; None if there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        names = [path for path in folder.iterdir() if NAME.fullmatch(path.name)]
        return max(filter(_has_manifest, names), key=_order, default=None)
    return None


def read_manifest(run: Path) -> Manifest:
    """What stands in a folder of originals.

    Raises:
        UserFilesError: it can't be read.
    """
    try:
        content = read_file(run / MANIFEST, LARGEST_STATE)
        found = msgspec.json.decode(content, type=Manifest)
        project = run.parent.parent.name
        if not all(is_below(project, entry.path) for entry in found.files):
            raise ValueError("it names files outside of the project")
    except (OSError, ValueError) as error:
        why = f"it can't be read: {error}"
        todo = "the originals lie beside it; move the folder away to go on without them"
        raise UserFilesError(printable(run / MANIFEST), why, todo) from error
    return found


def mend(root: Path, run: Path) -> tuple[Manifest, tuple[str, ...]]:
    """Move all that is to come to its place. A file that somebody changed meanwhile stays.

    Returns:
        The manifest; the files that stay, as seen from the workspace.

    Raises:
        UserFilesError: the manifest can't be read.
        OSError: a file can't be moved; doing it again goes on from there.
    """
    manifest, stay = read_manifest(run), list[str]()
    for entry in manifest.files:
        path = root / entry.path
        now = _seen(path)
        if entry.with_file in stay or now not in (entry.before, entry.after):
            stay.append(entry.path)
        elif now != entry.after and entry.after == NOTHING:
            path.unlink()
        elif now != entry.after:
            _move(run / NEW / entry.path, path)
    done = replace(
        manifest,
        state="mended",
        files=tuple(entry for entry in manifest.files if entry.path not in stay),
    )
    _sync_folders_of(root, done)
    _write_manifest(run, done)
    shutil.rmtree(run / NEW, ignore_errors=True)
    return done, tuple(stay)


def undo(root: Path, run: Path) -> Manifest:
    """Move the originals back to their places; the folder goes when it is empty.

    Raises:
        UserFilesError: files were changed since; they are named, and nothing is brought back. Or
            the manifest can't be read.
        OSError: a file can't be moved; doing it again goes on from there.
    """
    manifest = read_manifest(run)
    _refuse_if_changed(root, run, manifest)
    if manifest.state != "undone":
        _write_manifest(run, replace(manifest, state="undoing"))
        for entry in reversed(manifest.files):
            _bring_back(root, run, entry)
        _sync_folders_of(root, manifest)
        _write_manifest(run, replace(manifest, state="undone"))
    _remove_run(run)
    return manifest


def _refuse_if_changed(root: Path, run: Path, manifest: Manifest) -> None:
    changed = [
        entry.path
        for entry in manifest.files
        if manifest.state != "undone"
        and _seen(root / entry.path) not in (entry.before, entry.after, NOTHING)
    ]
    if changed:
        named = ", ".join(map(printable, changed[:NAMED]))
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        were = "was" if len(changed) == 1 else "were"
        why = f"{named}{more} {were} changed since, so nothing is brought back"
        todo = f"move your edits away, or take single originals from {printable(run / ORIGINALS)}"
        raise UserFilesError(count(len(changed), "file"), why, todo)


def _bring_back(root: Path, run: Path, entry: Entry) -> None:
    path, original = root / entry.path, run / ORIGINALS / entry.path
    now = _seen(path)
    if entry.before == NOTHING:
        if now == entry.after:
            path.unlink(missing_ok=True)
    elif now in (entry.after, NOTHING) and os.path.lexists(original):
        _move(original, path)


def _remove_run(run: Path) -> None:
    """Remove a folder whose originals are all back; what somebody put there stays."""
    shutil.rmtree(run / NEW, ignore_errors=True)
    _remove_empty([Path(place) for place, _, _ in os.walk(run / ORIGINALS, topdown=False)])
    (run / MANIFEST).unlink(missing_ok=True)
    _remove_empty([run, run.parent])


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


# --- files ----------------------------------------------------------------------------------------


def _seen(path: Path) -> str:
    """What stands at a path: nothing, a link and where it leads, a file and its sha256."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING
    if stat.S_ISLNK(mode):
        return f"link to {printable(os.readlink(path))}"  # noqa: PTH115  may be no text
    return sha256_of(path) if stat.S_ISREG(mode) else "not a file"


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _copy(path: Path, place: Path) -> None:
    """Copy a file with its times and permissions; a link as a link."""
    make_folders(place.parent)
    shutil.copy2(path, place, follow_symlinks=False)


def _move(source: Path, path: Path) -> None:
    """Put a file in the place of another, which keeps its bytes under its other names."""
    make_folders(path.parent)
    try:
        source.replace(path)
    except OSError as error:
        if error.errno != errno.EXDEV:  # a link leads to a folder on another disk
            raise
        _move_far(source, path)


def _move_far(source: Path, path: Path) -> None:
    if source.is_symlink():
        beside = path.with_name(f".{token()}.tmp")
        beside.symlink_to(source.readlink())
        beside.replace(path)
    else:
        write_atomic(path, source.read_bytes())
        shutil.copystat(source, path)
    source.unlink()


def _write_manifest(run: Path, manifest: Manifest) -> None:
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    write_atomic(run / MANIFEST, encoded + b"\n")


def _sync_files(folder: Path) -> None:
    """Wait until the content of all files in a folder is on disk."""
    for place, _, names in os.walk(folder):
        for name in names:
            _sync_file(Path(place) / name)


def _sync_file(path: Path) -> None:
    if path.is_symlink():
        return
    with open(path, "rb+" if os.name == "nt" else "rb") as file:
        os.fsync(file.fileno())


def _sync_folders_of(root: Path, manifest: Manifest) -> None:
    for folder in {(root / entry.path).parent for entry in manifest.files}:
        sync_folder(folder)


def _has_manifest(run: Path) -> bool:
    return (run / MANIFEST).is_file()


def _order(run: Path) -> tuple[str, int]:
    found = NAME.fullmatch(run.name)
    return (found[1], int(found[2] or 1)) if found else ("", 0)
