"""From an archive to files in a staging folder, hashed while they are written.

The archive was verified by an earlier step, maybe an earlier process: its bytes may have changed
since, so each member is compared again with what verification found.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tasks.archives.tar import Entry, Limits, TarStream, iterate_members, opened
from tasks.core.errors import DamagedError, DiskError
from tasks.core.files import human_size
from tasks.pipeline.receipts import FileRecord

Members = Mapping[str, tuple[int, str]]  # path → (size, sha256), as in VerifyReceipt


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What lies in the staging folder: `files` that were asked for, and all `folders` named."""

    files: dict[str, FileRecord]
    folders: tuple[str, ...]


def unpack(
    archive: Path,
    into: Path,
    members: Members,
    limits: Limits,
    *,
    only: Collection[str] | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Unpacked:
    """Write the archive's files (`only` these, if given) below `into`, which is empty or missing.

    Args:
        members: what the archive must hold.
        advance: gets the number of bytes written.

    Raises:
        DamagedError: a member is not as verified, or the archive is broken by now.
        UnsafeArchiveError: as `archive.iterate_members`.
        OSError: a file can't be written.
    """
    files, folders, seen = dict[str, FileRecord](), list[str](), set[str]()
    into.mkdir(0o755, parents=True, exist_ok=True)
    # A file's data must be on disk before the receipt vouches for it. Waiting for the disk and
    # inflating the next member overlap.
    with ThreadPoolExecutor(1) as disk, opened(archive, lambda _: None) as stream:
        flushed: list[tuple[Entry, Future[int]]] = []
        for entry in iterate_members(stream, limits):
            if entry.kind == "folder":
                folders.append(entry.path)
                make_folder(into, entry.path)
                continue
            seen.add(entry.path)
            if only is None or entry.path in only:
                make_folder(into, os.path.dirname(entry.path))
                target = into / entry.path
                descriptor = _write(stream, entry, target, members, advance)
                flushed.append((entry, disk.submit(_flush, descriptor, target, entry.mtime)))
        for entry, mtime in flushed:
            files[entry.path] = FileRecord(*members[entry.path], mtime.result())
    if missing := sorted(set(members) - seen):
        raise DamagedError("archive", f"no longer holds {missing[0]}")
    return Unpacked(files, tuple(folders))


def make_folder(root: Path, path: str) -> None:
    """Make a folder below `root` with its parents, rwxr-xr-x less the umask."""
    folder = root
    for part in path.split("/") if path else ():
        folder = folder / part
        if not folder.is_dir():
            folder.mkdir(0o755)


def _write(
    stream: TarStream,
    entry: Entry,
    target: Path,
    members: Members,
    advance: Callable[[int], None],
) -> int:
    """Write one member and give back its open descriptor. The archive's mode bits don't count."""
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o644)
    try:
        with open(descriptor, "wb", buffering=0, closefd=False) as file:
            for piece in stream.data(entry.size):
                digest.update(piece)
                advance(len(piece))
                while piece:  # a file without a buffer may take less than it was given
                    piece = piece[file.write(piece) or 0 :]
        if members.get(entry.path) != (entry.size, digest.hexdigest()):
            raise DamagedError("archive", f"changed since it was verified ({entry.path})")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


_BINARY = getattr(os, "O_BINARY", 0)  # Windows would turn line ends


def _flush(descriptor: int, path: Path, mtime: int) -> int:
    """Wait until data and mtime are on disk; the mtime once more, for a late write changes it."""
    try:
        set_mtime(path, mtime)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return set_mtime(path, mtime)


def set_mtime(path: Path, mtime: int) -> int:
    """Set the mtime and give back what the file system made of it: FAT keeps even seconds only."""
    os.utime(path, (mtime, mtime))
    return int(path.stat().st_mtime)


def must_have_room(what: str, folder: Path, size: int) -> None:
    """Refuse to begin what the disk can't hold.

    Raises:
        DiskError: fewer than `size` bytes are free where `folder` lies.
    """
    free = shutil.disk_usage(folder).free
    if size > free:
        need, have = human_size(size), human_size(free)
        raise DiskError(what, f"{folder} needs {need} more, but its disk has {have} free")
