"""From the blocks of a .tar.gz to the members of the tar in it, checked to the last byte.

    inflate ──> TarStream ──> iterate_members

tarfile reads the headers (ustar, GNU and pax dialects); the members' data are taken from the
stream directly, so nothing is buffered here.
"""

from __future__ import annotations

import re
import tarfile
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from tasks.archives.names import Kind, Names, unsafe
from tasks.core.errors import DamagedError, UnsafeArchiveError
from tasks.core.files import human_size

T = TypeVar("T")
INFLATED = 1 << 20  # the most bytes that are inflated at once
GZIP_WINDOW = 31  # zlib's code for: gzip header and trailer, largest window
BLOCK = tarfile.BLOCKSIZE
LONGEST_HEADER = 16 << 10  # a pax or long-name header; tarfile reads these whole
LONGEST_PADDING = 1 << 20  # zeros after the end mark; tar's usual blocking factor makes 10 kB
LATEST_MTIME = 2**31 - 1
SIZE, MTIME = slice(124, 136), slice(136, 148)  # the places of these numbers in a header

# What tarfile raises for headers that are not as they should be.
_HEADER_FAULTS = (tarfile.TarError, ValueError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold: `members`, and `unpacked` bytes."""

    members: int
    unpacked: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A member that is safe to unpack; `path` lies below the top folder ("" for the folder itself),
    `size` is in bytes, `mtime` in whole seconds."""

    path: str
    kind: Kind
    size: int
    mtime: int


_OTHER_FORMATS = (
    (b"PK\x03\x04", "is a zip file, not a .tar.gz"),
    (b"BZh", "is a .bz2 file, not a .tar.gz"),
    (b"\xfd7zXZ", "is an .xz file, not a .tar.gz"),
    (b"\x28\xb5\x2f\xfd", "is a .zst file, not a .tar.gz"),
    (b"version https://git-lfs", "is a git-lfs pointer, not the file that it stands for"),
)


def inflate(blocks: Iterator[bytes]) -> Generator[tuple[int, bytes], None, None]:
    """The inflated content in blocks of at most 1 MiB, each with the number of compressed bytes
    that it took. Some tools join gzip members silently, others stop after the first: two readings
    of one file are a way to smuggle, so a second member is refused.

    Raises:
        DamagedError: not gzip, cut short, a checksum that disagrees, bytes after its end.
        UnsafeArchiveError: several gzip members in one file.
    """
    engine, error = _new_engine()
    block = next(blocks, b"")
    if block[:2] != b"\x1f\x8b":
        raise DamagedError("archive", _what_it_is(block))
    try:
        while block and not engine.eof:
            took = len(block)
            while block and not engine.eof:
                data = engine.decompress(block, INFLATED)
                yield took, data
                took, block = 0, engine.unconsumed_tail
            block = block if engine.eof else next(blocks, b"")
        while not engine.eof and (data := engine.decompress(b"", INFLATED)):
            yield 0, data
    except error as fault:
        raise DamagedError("archive", f"does not inflate ({fault})") from None
    _must_end(engine, blocks)


def _new_engine() -> tuple[Any, type[Exception]]:
    """ISA-L inflates twice as fast as zlib; zlib does where isal has no wheel."""
    engines: Any = zlib
    with suppress(ImportError):
        from isal import isal_zlib as engines
    return engines.decompressobj(GZIP_WINDOW), engines.error


def _what_it_is(start: bytes) -> str:
    """What a file that is not gzip is, by its first bytes."""
    if not start:
        return "is empty"
    if start[257:262] == b"ustar":
        return "is a plain tar, not a .tar.gz"
    for magic, words in _OTHER_FORMATS:
        if start.startswith(magic):
            return words
    if start.lstrip()[:1] == b"<":
        return "is an HTML or XML page, not a .tar.gz"
    return "is not gzip"


def _must_end(engine: Any, blocks: Iterator[bytes]) -> None:
    if not engine.eof:
        raise DamagedError("archive", "ends too soon")
    rest = engine.unused_data or next(blocks, b"")
    if rest[:2] == b"\x1f\x8b":
        raise UnsafeArchiveError("archive", "holds more than one gzip member", "pack it anew")
    if rest:
        raise DamagedError("archive", "has bytes after the end of its gzip data")


def ahead(items: Generator[T, None, None], depth: int = 3) -> Generator[T, None, None]:
    """The same items, made in a thread that stays at most `depth` items ahead: reading, hashing,
    inflating and writing overlap, because hashlib, zlib and isal let go of the interpreter's lock.
    Close the generator when it is left early."""
    end: Any = object()
    thread = ThreadPoolExecutor(1)
    try:
        made = deque(thread.submit(next, items, end) for _ in range(depth))
        while (item := made.popleft().result()) is not end:
            made.append(thread.submit(next, items, end))
            yield item
    finally:
        thread.shutdown(cancel_futures=True)
        items.close()


class TarStream:
    """Inflated blocks as the forward-only file that tarfile's header reading needs."""

    def __init__(self, blocks: Iterator[tuple[int, bytes]], advance: Callable[[int], None]) -> None:
        self._blocks = blocks
        self._advance = advance
        self._block = memoryview(b"")
        self._position = 0
        self.last_header = b""

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        """Go forward."""
        for _ in self.data(position - self._position):
            pass

    def read(self, size: int) -> bytes:
        """Bytes of a header; fewer at the end of the stream."""
        if not 0 <= size <= LONGEST_HEADER:
            raise UnsafeArchiveError("archive", f"holds a header of {size} bytes")
        self.last_header = b"".join(self._pieces(size))
        return self.last_header

    def data(self, size: int) -> Iterator[memoryview]:
        """The next `size` bytes, piece by piece."""
        missing = size
        for piece in self._pieces(size):
            missing -= len(piece)
            yield piece
        if missing > 0:
            raise DamagedError("archive", "ends within a member")

    def finish(self) -> None:
        """Read what follows the end mark, which may only be zeros, to the gzip's checksum."""
        if self.last_header != bytes(BLOCK):
            raise DamagedError("archive", "has a broken member header, or no end mark")
        padding = 0
        for piece in self._pieces(None):
            padding += len(piece)
            if padding > LONGEST_PADDING or any(piece):
                raise UnsafeArchiveError("archive", "holds data after its end mark")

    def _pieces(self, size: int | None) -> Iterator[memoryview]:
        while size is None or size > 0:
            if not self._block and not self._next_block():
                return
            piece, self._block = self._block[:size], self._block[size:] if size else self._block[:0]
            self._position += len(piece)
            size = None if size is None else size - len(piece)
            yield piece

    def _next_block(self) -> bool:
        """Empty blocks occur: an inflater may swallow input without giving output."""
        for took, block in self._blocks:
            self._advance(took)
            if block:
                self._block = memoryview(block)
                return True
        return False


def iterate_members(stream: TarStream, limits: Limits, names: Names) -> Iterator[Entry]:
    """Every member, checked; its data is `stream.data(entry.size)` until the next is asked for.

    Limits are held against the headers, before the data they announce is inflated.

    Raises:
        DamagedError: not a tar, or a broken or cut one.
        UnsafeArchiveError: a member that must not be unpacked, or too many, or too large.
    """
    count = total = 0
    for member in _members(stream):
        count, total = count + 1, total + max(member.size, 0)
        _must_be_plain(member)
        if count > limits.members:
            raise UnsafeArchiveError("archive", f"holds more than {limits.members} members", _RAISE)
        if total > limits.unpacked:
            size = human_size(limits.unpacked)
            raise UnsafeArchiveError("archive", f"unpacks to more than {size}", _RAISE)
        kind: Kind = "folder" if member.isdir() else "file"
        yield Entry(names.admit(member.name, kind), kind, member.size, _mtime(member.mtime))
    stream.finish()


_RAISE = "max_members and max_unpacked in config/workspace.toml set the limits"


class _StrictHeader(tarfile.TarInfo):
    """A header whose size and mtime are written as tar writes numbers: octal digits, or base 256.
    `tarfile` takes all that `int` takes.

    Raises:
        tarfile.HeaderError: on reading one that is not.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        for field in (buf[SIZE], buf[MTIME]):
            text = bytes(field).partition(b"\0")[0]
            if field[0] not in (0x80, 0xFF) and not re.fullmatch(rb" *[0-7]* *", text):
                raise tarfile.HeaderError("a number is not written as tar writes them")
        return found


def _members(stream: TarStream) -> Iterator[tarfile.TarInfo]:
    try:
        # tarfile only ever calls read, seek and tell.
        tar = tarfile.TarFile(
            fileobj=stream,  # type: ignore[arg-type]
            mode="r",
            encoding="utf-8",
            tarinfo=_StrictHeader,
        )
        while (member := tar.next()) is not None:
            yield member
    except _HEADER_FAULTS as fault:
        words = str(fault) or type(fault).__name__
        raise DamagedError("archive", f"is not a tar, or a broken one ({words[:80]})") from None


def _must_be_plain(member: tarfile.TarInfo) -> None:
    if member.issym() or member.islnk():
        raise unsafe(member.name, "is a link")
    if member.type == tarfile.GNUTYPE_SPARSE or member.issparse():
        raise unsafe(member.name, "is a sparse file")
    if member.isdev():
        raise unsafe(member.name, "is a device or a pipe")
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE):
        raise unsafe(member.name, "is neither a plain file nor a folder")
    written = member.pax_headers.get("size", "0")
    is_plain = re.fullmatch("[0-9]+", written) is not None and member.size >= 0
    if not is_plain or (member.isdir() and member.size):
        raise unsafe(member.name, f"has an absurd size ({member.size})")


def _mtime(mtime: float) -> int:
    """Whole seconds that every file system can hold; absurd ones are clamped."""
    try:
        return min(max(int(mtime), 0), LATEST_MTIME)
    except (ValueError, OverflowError):
        return 0
