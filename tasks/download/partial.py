"""Partial files, which later runs and other processes may go on with.

Every writer has a file of its own, so no two ever mix bytes, whether locks work or not. To go on
with a partial of another (dead, or not) its bytes are copied as they are hashed, which resuming
must do anyway. A side-car beside each says which object the bytes are of; it is there before them.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

import msgspec

from tasks.download.answer import SideCar, if_range
from tasks.files import BLOCK, process_lives, remove

# A living writer's file grows, or its timeouts end it, long before this.
STILL_FRESH = 900.0


class Hasher(Protocol):
    """What hashlib and google_crc32c have in common."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


def hasher(kind: str) -> Hasher:
    """A hasher of this kind: `sha256`, `md5` or `crc32c`."""
    if kind == "crc32c":
        import google_crc32c

        checksum: Hasher = google_crc32c.Checksum()
        return checksum
    return hashlib.new(kind, usedforsecurity=kind == "sha256")


def address_key(address: str) -> str:
    """Twelve digits that stand for an address."""
    return hashlib.sha256(address.encode()).hexdigest()[:12]


def side_path(partial: Path) -> Path:
    return partial.with_name(partial.name + ".json")


def read_side_car(partial: Path) -> SideCar | None:
    """What lies beside a partial file, or None if nothing of use does."""
    try:
        return msgspec.json.decode(side_path(partial).read_bytes(), type=SideCar)
    except (OSError, ValueError):
        return None


class Draft:
    """The one file that this process writes for one address.

    Attributes:
        path: the file; its name is ours alone.
        size: bytes written and hashed so far.
    """

    def __init__(self, place: Path, address: str) -> None:
        """`place` is the name that all partials of this address share (`Cache.partial`)."""
        self.address = address
        token = f"{os.getpid()}-{secrets.token_hex(4)}"
        self.path = place.with_name(f"{place.stem}.{token}.part")
        self.size = 0
        self._found, self.known = best_partial(place, address)
        self._hashers: dict[str, Hasher] = {}
        self._file: IO[bytes] | None = None

    @property
    def resumable(self) -> int:
        """Bytes that a server may be asked to go on from; 0 if there is nothing to go on with."""
        if self._found is None or self.known is None or not if_range(self.known):
            return 0
        try:
            return self._found.stat().st_size
        except OSError:
            return 0

    def restart(self, known: SideCar, kinds: Iterable[str]) -> None:
        """Begin anew with an object that the server says is `known`."""
        self._open("wb", known, kinds)

    def resume(self, size: int, kinds: Iterable[str]) -> None:
        """Go on after the first `size` bytes of what was found, hashing them."""
        assert self._found is not None
        assert self.known is not None
        if self._found == self.path:
            self.close()
            self._begin_hashing(kinds)
            with open(self.path, "rb") as file:
                self._take(file, size, self._update)
            self._file = open(self.path, "r+b", buffering=0)  # noqa: SIM115
            self._file.seek(size)
            self._file.truncate()
            return
        with open(self._found, "rb") as file:
            self._open("wb", self.known, kinds)
            self._take(file, size, self.write)

    def _take(self, file: IO[bytes], size: int, take: Callable[[bytes], object]) -> None:
        while size > 0:
            block = file.read(min(BLOCK, size))
            if not block:
                raise OSError(None, "the partial file became shorter", str(self._found))
            take(block)
            size -= len(block)

    def _open(self, mode: str, known: SideCar, kinds: Iterable[str]) -> None:
        self.close()
        mine = msgspec.structs.replace(known, host=socket.gethostname(), pid=os.getpid())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._sign(mine)
        self._file = open(self.path, mode, buffering=0)  # noqa: SIM115
        self._begin_hashing(kinds)
        self._found, self.known = self.path, mine

    def _sign(self, known: SideCar) -> None:
        """Write the side-car. The name is ours alone, so a plain write will do: one that a kill
        tore is of no use, which costs a download and no more."""
        side_path(self.path).write_bytes(msgspec.json.encode(known))

    def _begin_hashing(self, kinds: Iterable[str]) -> None:
        self._hashers = {kind: hasher(kind) for kind in {"sha256", *kinds}}
        self.size = 0

    def _update(self, block: bytes) -> None:
        for each in self._hashers.values():
            each.update(block)
        self.size += len(block)

    def write(self, block: bytes) -> None:
        """Append and hash a block.

        Raises:
            OSError: the disk is full, or the like.
        """
        assert self._file is not None
        view = memoryview(block)
        while view:
            view = view[self._file.write(view) :]
        self._update(block)

    def digest(self, kind: str) -> bytes:
        return self._hashers[kind].digest()

    def finish(self) -> None:
        """Have the bytes on disk, and the file closed."""
        assert self._file is not None
        os.fsync(self._file.fileno())
        self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def leave(self) -> None:
        """Close the file; keep it, as nobody's, only if a later run can go on with it."""
        self.close()
        if self._found != self.path or self.known is None:
            return
        if not self.resumable:
            self.discard()
            return
        with suppress(OSError):
            self._sign(msgspec.structs.replace(self.known, pid=0))

    def discard(self) -> None:
        """Nothing that was found or written may be used any more."""
        self.close()
        remove(self.path)
        remove(side_path(self.path))
        self._found, self.known, self.size = None, None, 0


def best_partial(place: Path, address: str) -> tuple[Path | None, SideCar | None]:
    """The longest partial file of this address that can be gone on with."""
    best: tuple[int, Path | None, SideCar | None] = (0, None, None)
    for path in _partials(place.parent, f"{place.stem}."):
        known = read_side_car(path)
        with suppress(OSError):
            size = path.stat().st_size
            if known and known.url == address and if_range(known) and size > best[0]:
                best = (size, path, known)
    return best[1:]


def _partials(folder: Path, prefix: str, ends: tuple[str, ...] = (".part",)) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [folder / name for name in names if name.startswith(prefix) and name.endswith(ends)]


def is_alive(partial: Path, now: float | None = None) -> bool:
    """Whether another living process here, or a recent one of another machine, may write it.

    This process is never asked while it writes one of these itself. Its number on an older file is
    a dead process's: in a container each start gets the same.
    """
    known = read_side_car(partial)
    newest = partial if partial.exists() else side_path(partial)
    try:
        age = (time.time() if now is None else now) - newest.stat().st_mtime
    except OSError:
        return False
    if known is None or age > STILL_FRESH:
        return False
    if known.host != socket.gethostname():
        return known.pid > 0
    return known.pid != os.getpid() and process_lives(known.pid)


def remove_orphans(place: Path) -> None:
    """Remove the partials of an address, and their side-cars, that no living process writes."""
    for path in _partials(place.parent, f"{place.stem}.", (".part", ".part.json")):
        partial = path.with_suffix("") if path.suffix == ".json" else path
        if not is_alive(partial):
            with suppress(OSError):
                remove(partial)
                remove(side_path(partial))


def movement(folder: Path) -> object:
    """Something that changes while any partial in the folder grows, or one comes or goes."""
    sizes = []
    for path in _partials(folder, ""):
        with suppress(OSError):
            sizes.append((path.name, path.stat().st_size))
    return sizes
