"""Partial files, which later runs and other processes may go on with.

Every writer has a file of its own (see `core.temporary`), so no two ever mix bytes, whether locks
work or not. To go on with a partial of another (dead, or not) its bytes are copied as they are
hashed, which resuming must do anyway. A side-car beside each says which object the bytes are of; it
is there before them. Only a partial of this user's is gone on with: whoever else can write to the
cache could leave any bytes under any validator there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from tasks.core.addresses import without_user
from tasks.core.files import BLOCK, remove
from tasks.core.temporary import (
    create,
    create_held,
    ground_of,
    is_left,
    is_own,
    open_plain,
    read_small,
    token,
)
from tasks.pipeline.reading import ReadAlong
from tasks.web.answer import SideCar, if_range


def hasher(kind: str) -> Any:
    """What hashes: `sha256`, `md5` or `crc32c`."""
    if kind == "crc32c":
        import google_crc32c

        return google_crc32c.Checksum()
    return hashlib.new(kind, usedforsecurity=kind == "sha256")


def address_key(address: str) -> str:
    """Twelve digits that stand for an address; its name and password do not count."""
    return hashlib.sha256(without_user(address).encode()).hexdigest()[:12]


def side_path(partial: Path) -> Path:
    return partial.with_name(partial.name + ".json")


def read_side_car(partial: Path) -> SideCar | None:
    """What lies beside a partial file, or None if nothing of use does."""
    return read_small(side_path(partial), SideCar)


class PartialFile:
    """The one file that this process writes for one address.

    Attributes:
        path: the file, once it is begun; its name is ours alone, and it is held while it is open.
        size: bytes written and hashed so far.
        resumed: how many of them were there before.
    """

    def __init__(self, place: Path, address: str, reading: ReadAlong | None = None) -> None:
        """`place` is the name that all partials of this address share (`Cache.partial`); `reading`
        gets all bytes as well."""
        self._reading = reading
        self.address = address
        self.path = self._place = place
        self.size = self.resumed = 0
        self._found, self.known = best_partial(place, address)
        self._hashers: dict[str, Any] = {}
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
        file = self._opened()
        file.seek(0)
        file.truncate()
        remove(side_path(self.path))
        with open(create(side_path(self.path)), "wb") as side_car:
            side_car.write(msgspec.json.encode(known))
        self._found, self.known = self.path, known
        self._begin_hashing(kinds)

    def resume(self, size: int, kinds: Iterable[str]) -> None:
        """Go on after the first `size` bytes of what was found, hashing them."""
        assert self._found is not None
        assert self.known is not None
        if self._found == self.path:
            file = self._opened()
            file.seek(0)
            self._begin_hashing(kinds)
            self._take(file, size, self._update)
            file.truncate()
        else:
            with open_plain(self._found) as found:
                self.restart(self.known, kinds)
                self._take(found, size, self.write)
        self.resumed = size

    def _opened(self) -> IO[bytes]:
        """Our file, which is made when it is first asked for."""
        if self._file is None:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            stem = self._place.stem
            self.path, descriptor = create_held(
                lambda: self._place.with_name(f"{stem}.{token()}.part")
            )
            self._file = open(descriptor, "r+b", buffering=0)  # noqa: SIM115
        return self._file

    def _take(self, file: IO[bytes], size: int, take: Callable[[bytes], object]) -> None:
        while size > 0:
            block = file.read(min(BLOCK, size))
            if not block:
                raise OSError(None, "the partial file became shorter", str(self._found))
            take(block)
            size -= len(block)

    def _begin_hashing(self, kinds: Iterable[str]) -> None:
        self._hashers = {kind: hasher(kind) for kind in {"sha256", *kinds}}
        self.size = self.resumed = 0
        if self._reading is not None:
            self._reading.begin(self.known.total if self.known is not None else None)

    def _update(self, block: bytes) -> None:
        for each in self._hashers.values():
            each.update(block)
        if self._reading is not None:
            self._reading.update(block)
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
        return bytes(self._hashers[kind].digest())

    def stop_reading(self) -> None:
        """The transfer broke: what was read so far goes, for it is read from the start again."""
        if self._reading is not None:
            self._reading.close()

    def finish(self) -> None:
        """Have the bytes on disk. The file is held until it is closed, after it got its name."""
        assert self._file is not None
        os.fsync(self._file.fileno())
        if os.name == "nt":  # where a file that is open can't be renamed
            self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def leave(self) -> None:
        """Close the file; keep it only if a later run can go on with it."""
        if self._file is not None and not (self._found == self.path and self.resumable):
            self.discard()
        self.close()

    def discard(self) -> None:
        """Nothing that was found or written may be used any more."""
        self.close()
        if self.path != self._place:
            remove(self.path)
            remove(side_path(self.path))
        self._found, self.known, self.size = None, None, 0


def best_partial(place: Path, address: str) -> tuple[Path | None, SideCar | None]:
    """The longest partial file of this address that can be gone on with."""
    best: tuple[int, Path | None, SideCar | None] = (0, None, None)
    for path in _partials(place.parent, f"{place.stem}."):
        known = read_side_car(path)
        with suppress(OSError), open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            fits = known and known.url == address and if_range(known) and size > best[0]
            if fits and is_own(path) and is_own(side_path(path)):
                best = (size, path, known)
    return best[1:]


def _partials(folder: Path, prefix: str, ends: tuple[str, ...] = (".part",)) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [folder / name for name in names if name.startswith(prefix) and name.endswith(ends)]


def remove_orphans(place: Path) -> None:
    """Remove the partials of an address, and their side-cars, that no living process writes."""
    found = _partials(place.parent, f"{place.stem}.", (".part", ".part.json"))
    ground = ground_of(place.parent) if found else None
    for path in found:
        with suppress(OSError):
            written = path.suffix == ".json" and path.with_suffix("").exists()
            if ground and not written and is_left(path, ground, remove=True):
                remove(side_path(path))


def movement(folder: Path) -> object:
    """Something that changes while any partial in the folder grows, or one comes or goes."""
    sizes = []
    for path in _partials(folder, ""):
        with suppress(OSError):
            sizes.append((path.name, path.stat().st_size))
    return sizes
