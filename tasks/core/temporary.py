"""Files that are being written, told from those that a dead process left.

Each writer has a file of its own, made anew under a name that nobody can foretell, so no two ever
write into one, and nothing that somebody planted there is followed or overwritten. The writer
holds a lock on it, which the operating system drops with the process, however that ends.

    .<file>.<digest of its name>.<machine>-<random>.tmp        see `files.atomic_writer`
    <network>-<key>.<machine>-<random>.part                    see `download.partial`

A free lock shows that the writer is dead only where it would be seen to be held: on the machine,
and since the boot, that the name tells, and on a file system that does not grant every lock. In
all other cases (another machine on a network share, no locks at all) a file counts as left when it
has not changed for `STILL_FRESH`. Process numbers tell nothing: two containers have the same ones.

What makes, opens or removes raises OSError where that can't be done.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from filelock import FileLock

if sys.platform != "win32":
    import fcntl

T = TypeVar("T")
LARGEST_SMALL = 1 << 16  # bytes
STILL_FRESH = 900.0  # seconds without a change; what a living process writes moves before that
SIGNED = re.compile(r"[.-]([0-9a-f]{8})-[0-9a-f]{16}(?:\.\w+|)$")
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
FOLLOWED = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
PLAIN = FOLLOWED | NO_LINK
HELD_BY_ANOTHER = (errno.EACCES, errno.EAGAIN)


@cache
def machine() -> str:
    """Eight digits that stand for this boot of this machine; all its containers have the same."""
    try:
        known = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    except OSError:
        import socket

        known = socket.gethostname().encode()
    return hashlib.sha256(known).hexdigest()[:8]


def token() -> str:
    """The part of a name that tells who writes: our machine, and what nobody can foretell."""
    return f"{machine()}-{os.urandom(8).hex()}"


def create(path: Path) -> int:
    """The descriptor of a new file, with the permissions that the umask leaves.

    Raises:
        FileExistsError: something is there already, be it a link that leads nowhere.
        OSError: the folder can't be written.
    """
    return os.open(path, NEW, 0o666)


def create_held(name: Callable[[], Path]) -> tuple[Path, int]:
    """A new file that is locked for as long as its descriptor is open. `name` is asked again in the
    rare case that somebody took the file for a dead process's before it was locked."""
    while True:
        path = name()
        descriptor = create(path)
        if _lock(descriptor) is not False and os.fstat(descriptor).st_nlink > 0:
            return path, descriptor
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()


def open_plain(path: Path, *, follow_links: bool = False) -> BufferedReader:
    """An ordinary file opened for reading: no pipe or device is waited for, which may go on for
    ever, nor is a link followed unless that is asked for.

    Raises:
        OSError: it is missing, can't be read, or is something else; `strerror` is a clause.
    """
    file = open(os.open(path, FOLLOWED if follow_links else PLAIN), "rb")  # noqa: SIM115
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, "not an ordinary file", str(path))


def read_small(path: Path, kind: type[T]) -> T | None:
    """The value in a small JSON file that somebody else may have put there; None if there is none
    that can be read. No link is followed."""
    try:
        with open_plain(path) as file:
            return msgspec.json.decode(file.read(LARGEST_SMALL), type=kind)
    except (OSError, ValueError):
        return None


def no_link(path: str, flags: int) -> int:
    """An `opener` for `open`: a link in the place of the file is not followed, nor is a pipe waited
    for; opening fails instead."""
    return os.open(path, flags | NO_LINK, 0o666)


def _lock(descriptor: int, *, shared: bool = False) -> bool | None:
    """Try to lock: whether it worked, or None where there are no locks. A shared lock may be had on
    a file that is open for reading only, and is enough to see that another holds it."""
    if sys.platform == "win32":  # a lock there would keep others from reading
        return None
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in HELD_BY_ANOTHER else None
    return True


def hold(descriptor: int) -> bool:
    """Lock a file for as long as it is open; false if another process holds it. Where there are no
    locks, nobody is seen to hold it."""
    return _lock(descriptor) is not False


def file_lock(path: Path, timeout: float = 0) -> FileLock:
    """A lock that ends with its process: never a file that stands for one, which a killed process
    would leave."""
    from filelock import FileLock  # takes long, and a bare doit needs none

    return FileLock(path, timeout=timeout, fallback_to_soft=False)


class Ground(msgspec.Struct, frozen=True):
    """What can be told of a folder by a file that is made there and removed at once.

    Attributes:
        locks: whether a lock is seen to be held.
        now: what time the file system makes it, which need not be ours.
        owner: whose files we make there; a file system may show others than it was given.
    """

    locks: bool
    now: float
    owner: int


def ground_of(folder: Path) -> Ground | None:
    """Find out; None if no file can be made there."""
    try:
        probe, descriptor = create_held(lambda: folder / f".probe.{token()}.tmp")
    except OSError:
        return None
    try:
        with open_plain(probe) as again:
            probe.unlink()
            locks = _lock(again.fileno(), shared=True) is False
        made = os.fstat(descriptor)
        return Ground(locks, made.st_mtime, made.st_uid)
    except OSError:
        return None
    finally:
        with suppress(OSError):
            probe.unlink()
        os.close(descriptor)


def may_believe_lock(path: Path, ground: Ground) -> bool:
    """Whether a free lock on what has this name shows that its writer is dead."""
    signed = SIGNED.search(path.name)
    return ground.locks and signed is not None and signed[1] == machine()


def is_left(path: Path, ground: Ground, *, remove: bool = False) -> bool:
    """Whether no living process writes this file any more.

    Args:
        remove: remove it if so, while it is locked: a writer that made it just now and did not
            lock it yet sees that it was taken.
    """
    try:
        file = open_plain(path)
    except OSError:  # gone, not a plain file, or another user's: not ours to remove
        return False
    with closing(file):
        if may_believe_lock(path, ground):
            left = _lock(file.fileno(), shared=True) is True
        else:
            left = ground.now - os.fstat(file.fileno()).st_mtime > STILL_FRESH
        if left and remove and os.name != "nt":
            path.unlink(missing_ok=True)
    if left and remove:  # there a file that is open stays
        path.unlink(missing_ok=True)
    return left


def is_own(path: Path) -> bool:
    """Whether a file is this user's, or the system's; no, if it is gone."""
    try:
        owner = os.lstat(path).st_uid
    except FileNotFoundError:
        return False
    if os.name == "nt" or owner in (0, os.geteuid()):
        return True
    ground = ground_of(path.parent)
    return ground is not None and owner == ground.owner
