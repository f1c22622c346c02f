"""Whether what is to be written has room: bytes by file system, at the peak and at the end.

Pure: who asks gives what is free. One arithmetic for `doit plan`, for a download before its first
byte and for whatever else writes much.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from tasks.core.errors import DiskError
from tasks.core.files import existing, free_space, human_size

UNPACKED_RATIO = 1.2
"""What is in an archive takes up to this many times its size: float weights hardly compress, gzip
takes some 8 % off a checkpoint."""


class Writing(Struct, frozen=True):
    """Bytes that will be written below a folder: at the peak, and those that stay in the end."""

    folder: Path
    peak: int
    end: int


class Disk(Struct, frozen=True, kw_only=True):
    """What will be written to one file system.

    Attributes:
        folders: where to, each once.
        peak, end: bytes of all that is written there, as in `Writing`; the end may be below 0.
        free: bytes that are free now.
    """

    folders: tuple[Path, ...]
    peak: int
    end: int
    free: int

    @property
    def fits(self) -> bool:
        return self.peak <= self.free


def device_of(folder: Path) -> object:
    """What tells the file system that holds, or will hold, the folder."""
    return os.stat(existing(folder)).st_dev


def by_disk(
    writings: Iterable[Writing],
    free: Callable[[Path], int] = free_space,
    device: Callable[[Path], object] | None = None,
) -> tuple[Disk, ...]:
    """All that is to be written, added up by file system, in the order in which they come."""
    of_folder: dict[Path, list[Writing]] = {}
    for writing in writings:
        of_folder.setdefault(writing.folder, []).append(writing)
    found: dict[object, list[Writing]] = {}
    for folder, some in of_folder.items():
        found.setdefault((device or device_of)(folder), []).extend(some)
    return tuple(
        Disk(
            folders=tuple(dict.fromkeys(one.folder for one in some)),
            peak=sum(one.peak for one in some),
            end=sum(one.end for one in some),
            free=free(some[0].folder),
        )
        for some in found.values()
    )


def shortage(disk: Disk) -> str:
    """Why it does not fit, as a clause."""
    folders = " and ".join(map(str, disk.folders))
    need, free = human_size(disk.peak), human_size(disk.free)
    return f"{need} are needed, {free} are free on {folders}"


def way_out(disk: Disk, cache: Path, fewer: str = "") -> str:
    """What would make it fit. Another place for the cache helps only where the cache lies there.

    Args:
        fewer: what might be done less of.
    """
    elsewhere = "set TOD_CACHE to a folder elsewhere" if cache in disk.folders else ""
    *ways, last = filter(None, ("make room", elsewhere, fewer))
    return f"{', '.join(ways)}, or {last}" if ways else last


def must_fit(
    name: str, disks: Iterable[Disk], todo: str | Callable[[Disk], str], what: str = ""
) -> None:
    """Find out before anything is written; `what` says for what it is needed.

    Raises:
        DiskError: a file system has less free than the peak takes; `todo` says what to do.
    """
    for disk in disks:
        if not disk.fits:
            advice = todo if isinstance(todo, str) else todo(disk)
            raise DiskError(name, f"{what}{shortage(disk)}", advice)
