"""Files that appear whole or not at all, and their digests. Knows nothing of networks.

What reads, writes or removes raises OSError where that can't be done, unless it says otherwise.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import IO

from tasks.core.temporary import create_held, ground_of, is_left, open_plain, token

BLOCK = 1 << 20
SMALL = 1 << 12  # room for a block is made before it is read: most files need no more
# Seconds after which a further write leaves another mtime on any file system (FAT: 2).
SETTLED = 3.0

# Bytes of a file of ours (a receipt, a record, notes); what is larger is damaged.
LARGEST_STATE = 64 << 20

Stamp = tuple[int, int, int]


@contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that replaces `path` when the block ends, and vanishes when the block raises.

    The temporary file lies in the same folder (a rename across file systems is no rename) and is
    this writer's own; see `temporary`. Content is on disk before the name is, and the name when
    the block has ended: a power cut leaves the old file or the new one, and afterwards the new
    one. What killed writers of the same file left goes first: nobody else would ever remove it.
    """
    make_folders(path.parent)
    remove_leftovers(path)
    temporary, descriptor = create_held(lambda: path.with_name(f"{_prefix(path)}{token()}.tmp"))
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
            if os.name != "nt":  # while it is held: else it might be taken for a dead writer's
                os.replace(temporary, path)
        if os.name == "nt":  # where a file that is open can't be renamed
            os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def _prefix(path: Path) -> str:
    """How the temporary files of `path` begin: readable, and no other file's. A name may have as
    many bytes as a temporary one, so it is cut."""
    key = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    return f".{path.name[:40]}.{key}."


def leftovers(path: Path, *, remove: bool = False) -> list[Path]:
    """The temporary files that killed writers of `path` left; a living writer keeps its own."""
    prefix = _prefix(path)
    try:
        names = sorted(name for name in os.listdir(path.parent) if name.startswith(prefix))
    except OSError:
        return []
    strays = [path.with_name(name) for name in names if name.endswith(".tmp")]
    ground = ground_of(path.parent) if strays else None
    return [stray for stray in strays if ground and is_left(stray, ground, remove=remove)]


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files that killed writers of `path` left, as far as that is possible."""
    with suppress(OSError):
        leftovers(path, remove=True)


def make_folders(folder: Path) -> None:
    """Make a folder and its parents, where missing, such that a power cut does not lose them."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk, where the system can do so."""
    if os.name == "nt":
        return
    with suppress(OSError):  # a file system that knows no such thing, or a folder not readable
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Wait until all names in a folder, in those below it, and its own are on disk: once a folder,
    however many files were written there. The files themselves are not waited for."""
    for place, _, _ in os.walk(folder):
        sync_folder(Path(place))
    sync_folder(folder.parent)


def open_file(path: Path) -> BufferedReader:
    """An ordinary file, or one that a link leads to, opened for reading. A pipe or a device would
    wait, or go on, for ever.

    Raises:
        OSError: it is missing, can't be read, or is something else; `strerror` is a clause.
    """
    try:
        return open_plain(path, follow_links=True)
    except OSError:
        if path.is_dir():  # Windows says that it is forbidden
            raise IsADirectoryError(errno.EISDIR, "is a folder", str(path)) from None
        raise


def read_file(path: Path, most: int) -> bytes:
    """The content of an ordinary file of at most `most` bytes. Every file that somebody else may
    have put there is read by this: no content of it makes us wait or takes more memory.

    Raises:
        OSError: as `open_file`, or it is larger.
    """
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(size + 1) if size <= most else b""  # room for so many is made first
        if len(content) > size:  # somebody writes it, or the system does
            content += file.read(most + 1 - len(content))
    if size > most or len(content) > most:
        limit = f"{most >> 20} MiB" if most % (1 << 20) == 0 else human_size(most)
        raise OSError(errno.EFBIG, f"more than {limit}", str(path))
    return content


def read_head(path: Path, most: int) -> bytes:
    """A user's file, or one byte more than `most` of it.

    Raises:
        ValueError: it is not a file; the message is a clause.
        OSError: it can't be read.
    """
    try:
        with open_file(path) as file:
            return file.read(most + 1)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP) and path.is_symlink():
            raise ValueError("it is a link that leads nowhere") from None
        if error.errno in (errno.EINVAL, errno.EISDIR):
            raise ValueError("it is not a file") from None
        raise


def size_and_mtime(path: Path) -> tuple[int, int]:
    """Size and time of change in nanoseconds, links followed where they lead anywhere."""
    try:
        status = os.stat(path)
    except OSError:
        status = os.lstat(path)
    return status.st_size, status.st_mtime_ns


def size_of(path: Path) -> int | None:
    """Bytes of a file, or None if there is none: another process may have taken it since its name
    was listed."""
    try:
        return os.stat(path).st_size
    except OSError:
        return None


def write_atomic(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, whole or not at all."""
    with atomic_writer(path) as file:
        file.write(content)


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write `content` unless `path` holds it already; say whether anything was written.

    An unchanged file keeps its mtime, so what depends on it stays up to date.
    """
    with suppress(OSError):
        if read_file(path, len(content)) == content:
            return False
    write_atomic(path, content)
    return True


def first_of(lines: Sequence[str], most: int, whole: Path) -> tuple[str, ...]:
    """The first lines of a list, how many more there are, and the file that holds them all, which
    is written. A list that is short enough is told as it is, and has no such file."""
    more = len(lines) - most
    if more <= 0:
        with suppress(OSError):
            remove(whole)
        return tuple(lines)
    return (*lines[:most], f"and {more} more; all of them: {write_whole_list(lines, whole)}")


def write_whole_list(lines: Sequence[str], whole: Path) -> str:
    """Write the lines; the file's name, and why it can't be written, which hides nothing else."""
    try:
        write_atomic(whole, ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
    except OSError as error:
        return f"{whole.as_posix()} ({(error.strerror or 'it can not be written').lower()})"
    return whole.as_posix()


def sha256_of(path: Path, most: int = sys.maxsize) -> str:
    """The sha256 of a file of at most `most` bytes as 64 hexadecimal digits, read in blocks.

    Raises:
        OSError: the file can't be read, is larger, or is a pipe or a device, which may have no end.
    """
    digest, done = hashlib.sha256(), 0
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        while size <= most and (block := file.read(min(BLOCK, max(size - done, SMALL)))):
            digest.update(block)
            done += len(block)
            size = max(size, done)  # somebody may go on writing
    if size > most:
        raise OSError(errno.EFBIG, f"more than {human_size(most)}", str(path))
    return digest.hexdigest()


def sha256_or_nothing(path: Path, most: int = sys.maxsize) -> str:
    """The same; "" for a file that is missing, can't be read, or is larger."""
    try:
        return sha256_of(path, most)
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


def is_file(path: Path) -> bool:
    """Whether there is a file; no, if it lies where we may not look. `Path.is_file` raises then."""
    return os.path.isfile(path)  # noqa: PTH113


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


def free_space(folder: Path) -> int:
    """Bytes that may still be written to the file system that holds (or will hold) `folder`."""
    import shutil  # a slow import, and every doit loads this module

    return shutil.disk_usage(existing(folder)).free


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.exists()), folder)


def human_size(size: int) -> str:
    """A byte count as people say it, in decimal units as the zoo's page uses: 211.9 MB."""
    thousands = min(len(str(size)) - 1, 9) // 3
    number = f"{size / 1000**thousands:.1f}" if thousands else str(size)
    return f"{number} {('B', 'kB', 'MB', 'GB')[thousands]}"
