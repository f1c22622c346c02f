"""Files that appear whole or not at all, and their digests. Knows nothing of networks."""

from __future__ import annotations

import glob
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

BLOCK = 1 << 20
# Seconds after which a further write leaves another mtime on any file system (FAT: 2).
SETTLED = 3.0

Stamp = tuple[int, int, int]


@contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that replaces `path` when the block ends, and vanishes when the block raises.

    The temporary name lies in the same folder (a rename across file systems is no rename) and
    holds the process id, so two processes never write into one file. Content is on disk before
    the name is: a power cut leaves the old file or the new one. What killed writers of the same
    file left goes first: nobody else would ever remove it.

    Raises:
        OSError: the folder can't be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    temporary = path.with_name(f".{path.name[:40]}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def leftovers(path: Path) -> list[Path]:
    """The temporary files that killed writers of `path` left; a living writer keeps its own."""
    strays = path.parent.glob(f".{glob.escape(path.name[:40])}.*.tmp")
    found = [(stray, stray.name.split(".")[-2]) for stray in strays]
    return [stray for stray, pid in found if pid.isdigit() and not process_lives(int(pid))]


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files that killed writers of `path` left."""
    for stray in leftovers(path):
        with suppress(OSError):
            stray.unlink()


def process_lives(process: int) -> bool:
    """Whether a process of this machine has this number; if that can't be told, yes."""
    if os.name == "nt" or process <= 0:  # signal 0 is a Ctrl-C there
        return process > 0
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is there, but not ours to signal
        return True
    return True


def write_atomic(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, whole or not at all."""
    with atomic_writer(path) as file:
        file.write(content)


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write `content` unless `path` holds it already; say whether anything was written.

    An unchanged file keeps its mtime, so nothing that depends on it goes stale.
    """
    with suppress(OSError):
        if path.read_bytes() == content:
            return False
    write_atomic(path, content)
    return True


def sha256_of(path: Path) -> str:
    """The sha256 of a file as 64 hexadecimal digits, read in blocks.

    Raises:
        OSError: the file can't be read.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_or_nothing(path: Path) -> str:
    """The same; "" for a file that is missing or can't be read."""
    try:
        return sha256_of(path)
    except OSError:
        return ""


def stamp_of(path: Path) -> Stamp | None:
    """What the content of a file may be remembered under, for as long as a process lives.

    None for a file that is missing, or was written so lately (or in the future, by the clock) that
    a further write might leave no trace.
    """
    try:
        status = os.stat(path)
    except OSError:
        return None
    if status.st_mtime > time.time() - SETTLED:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def remove(path: Path) -> None:
    """Remove a file if it is there."""
    with suppress(FileNotFoundError):
        path.unlink()


def remove_empty_folders(folder: Path, *, upto: Path) -> None:
    """Remove `folder` and its parents below `upto`, as long as they are empty."""
    while folder != upto and upto in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def human_size(size: int) -> str:
    """A byte count as people say it, in decimal units as the zoo's page uses: 211.9 MB."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")
