"""What lies in the cache that nobody needs, and its removal.

Only files of ours count: by their place in the cache, by their name, and by being this user's. No
link is followed. What a running doit holds is left alone, and so is what is younger than a day.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from filelock import Timeout
from msgspec import Struct

from tasks.core.files import make_folders
from tasks.core.paths import Cache
from tasks.core.temporary import SIGNED, file_lock, ground_of, is_left
from tasks.pipeline import archive_cache
from tasks.pipeline.cache_users import User

DAY = 86_400.0  # seconds
Room = Literal["archives", "partial", "damaged", "refused", "pictures", "trainer", "wheels"]
PACKAGES = ("trainer", "wheels")  # rooms of folders: packages, and what they are installed from
STEM = r"[A-Za-z0-9][A-Za-z0-9._-]*-[0-9a-f]{12}"
ARCHIVE = re.compile(STEM + r"\.tar\.gz")
NAMES: dict[Room, re.Pattern[str]] = {
    "archives": ARCHIVE,
    "damaged": ARCHIVE,
    "refused": ARCHIVE,
    "partial": re.compile(STEM + r"\.[0-9a-f]{8}-[0-9a-f]{16}\.part"),
    "pictures": re.compile(r"[0-9a-f]{16}(\.[A-Za-z0-9]{1,8})?"),
    "trainer": re.compile(r"[0-9a-f]{12}-[a-z0-9]+-[a-z0-9]+(-[a-z0-9]+)?"),
    "wheels": re.compile(r"[0-9a-f]{12}(-[A-Za-z0-9._]+)+"),
}


class Piece(Struct, frozen=True, kw_only=True):
    """A file of the cache with what lies beside it, or a folder of packages.

    Attributes:
        size: bytes, on the whole.
        changed: when it was last written, in seconds since 1970.
        inode: tells it from another of this name.
        sha256: of an archive, as its record claims; "" if there is none.
    """

    room: Room
    path: Path
    size: int
    changed: float
    inode: int
    sha256: str = ""


def pieces(cache: Cache) -> Iterator[Piece]:
    """All that is ours in the cache, by room and name."""
    for room, pattern in NAMES.items():
        folder = cache.root / room
        if folder.is_symlink():
            continue
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in filter(pattern.fullmatch, names):
            with suppress(OSError):
                if (piece := _piece(cache, room, folder / name)) is not None:
                    yield piece


def _piece(cache: Cache, room: Room, path: Path) -> Piece | None:
    status = os.lstat(path)
    wanted = stat.S_ISDIR if room in PACKAGES else stat.S_ISREG
    if not wanted(status.st_mode) or (os.name != "nt" and status.st_uid != os.geteuid()):
        return None
    record = archive_cache.read_record(cache.record(path)) if room == "archives" else None
    return Piece(
        room=room,
        path=path,
        size=_size_of(path) if room in PACKAGES else status.st_size,
        changed=status.st_mtime,
        inode=status.st_ino,
        sha256=record.sha256 if record is not None else "",
    )


def _size_of(folder: Path) -> int:
    """Bytes of all files below a folder; no link is followed."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += os.lstat(os.path.join(place, name)).st_size
    return size


def is_needed(piece: Piece, users: Iterable[User]) -> bool:
    """Whether one of these workspaces needs it. A damaged copy is of no use to anybody; a refused
    one waits for its user's word, and a partial download to be gone on with."""
    name = piece.path.name
    match piece.room:
        case "archives":
            return any(piece.sha256 in user.digests or name in user.archives for user in users)
        case "refused":
            return any(name in user.archives for user in users)
        case "partial":
            network = _network_of(name)
            return any(network == _network_of(one) for user in users for one in user.archives)
        case "pictures":
            return any(name.startswith(user.pictures) for user in users)
        case "trainer" | "wheels":
            if SIGNED.search(name):  # made aside by a process that was killed
                return False
            return any(user.trainer and name.startswith(user.trainer) for user in users)
    return False


def _network_of(name: str) -> str:
    return re.sub(r"-[0-9a-f]{12}\..*", "", name)


def unneeded(
    every: Collection[Piece], users: Collection[User], now: float, days: float
) -> list[Piece]:
    """Those that no workspace needs, and that are as old as this or older, largest first."""
    old = [piece for piece in every if now - piece.changed >= max(days * DAY, DAY)]
    return sorted(
        (piece for piece in old if not is_needed(piece, users)), key=lambda one: -one.size
    )


def remove(cache: Cache, piece: Piece) -> str:
    """Remove a piece, unless it is in use or not what it was: then the answer is why it stays.

    Raises:
        OSError: it can't be removed.
    """
    archive = piece.path.name if piece.room != "partial" else f"{_stem(piece)}.tar.gz"
    lock = file_lock(cache.root / "locks" / f"{archive}.lock")
    make_folders(cache.root / "locks")
    try:
        with suppress(NotImplementedError):
            lock.acquire()
    except Timeout:
        return "a running doit holds it"
    try:
        return _remove_held(cache, piece)
    finally:
        lock.release()


def _stem(piece: Piece) -> str:
    return piece.path.name.partition(".")[0]


def _remove_held(cache: Cache, piece: Piece) -> str:
    try:
        status = os.lstat(piece.path)
    except FileNotFoundError:
        return "it is gone already"
    if (status.st_ino, status.st_mtime) != (piece.inode, piece.changed):
        return "it changed since it was looked at"
    if piece.room in PACKAGES:
        shutil.rmtree(piece.path)
        return ""
    if piece.room == "partial":
        ground = ground_of(piece.path.parent)
        if ground is None or not is_left(piece.path, ground):
            return "a running doit writes it"
    piece.path.unlink()
    with suppress(FileNotFoundError):
        cache.record(piece.path).unlink()
    return ""
